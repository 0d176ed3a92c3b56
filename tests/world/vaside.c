/* What a fleet says to the system around it, and the machine has nobody to hear: the
 * FIFOs of its workers' output, its own output, the service manager; and what the kernel
 * counts of a process. Log lines are the machine's (machine_on_log). */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "notify.h"
#include "output.h"
#include "relay.h"
#include "worker_output.h"

/* Pointers to these are all that anybody has of them. */
static char one_relay, one_output, one_notify;

/* ---- relay.h ---- */

int relay_new(struct loop *loop, const char *path, const char *label, struct output *out,
              struct relay **r, cordage_error *error)
{
    (void)loop;
    (void)path;
    (void)label;
    (void)out;
    (void)error;
    *r = (struct relay *)&one_relay;
    return 0;
}

int relay_fd(const struct relay *r)
{
    (void)r;
    return -1;
}

void relay_flush(struct relay *r)
{
    (void)r;
}

void relay_free(struct relay *r, bool remove)
{
    (void)r;
    (void)remove;
}

/* ---- output.h ---- */

int output_new(struct loop *loop, int fd, struct output **out, cordage_error *error)
{
    (void)loop;
    (void)fd;
    (void)error;
    *out = (struct output *)&one_output;
    return 0;
}

bool output_is_terminal(const struct output *o)
{
    (void)o;
    return false;
}

void output_line(struct output *o, struct str prefix, struct str line)
{
    (void)o;
    (void)prefix;
    (void)line;
}

void output_add(struct output *o, struct str prefix, struct str line)
{
    output_line(o, prefix, line);
}

void output_push(struct output *o)
{
    (void)o;
}

void output_raw(struct output *o, struct str bytes)
{
    (void)o;
    (void)bytes;
}

bool output_is_full(const struct output *o)
{
    (void)o;
    return false;
}

void output_wait(struct output *o, struct output_waiter *w)
{
    (void)o;
    (void)w;
}

void output_free(struct output *o)
{
    (void)o;
}

/* ---- worker_output.h ---- */

int worker_output_new(const char *path, struct worker_output **out)
{
    (void)path;
    *out = NULL;
    return 0;
}

void worker_output_read_by(struct worker_output *o, pid_t pid)
{
    (void)o;
    (void)pid;
}

uint64_t worker_output_dropped(const struct worker_output *o)
{
    (void)o;
    return 0;
}

void worker_output_free(struct worker_output *o)
{
    (void)o;
}

/* ---- notify.h ---- */

int notify_new(struct loop *loop, const char *socket, const char *watchdog_usec,
               const char *watchdog_pid, struct notify **out)
{
    (void)loop;
    (void)socket;
    (void)watchdog_usec;
    (void)watchdog_pid;
    *out = (struct notify *)&one_notify;
    return 0;
}

void notify_state(struct notify *n, const char *state, const char *status)
{
    (void)n;
    (void)state;
    (void)status;
}

void notify_status(struct notify *n, const char *status)
{
    notify_state(n, NULL, status);
}

void notify_free(struct notify *n)
{
    (void)n;
}

/* ---- What the kernel counts: nothing that depends on the real machine ---- */

int __wrap_getrusage(int who, struct rusage *usage);
FILE *__real_fopen64(const char *path, const char *mode);
FILE *__wrap_fopen64(const char *path, const char *mode);
FILE *__wrap_fopen(const char *path, const char *mode)
    __attribute__((alias("__wrap_fopen64")));

int __wrap_getrusage(int who, struct rusage *usage)
{
    (void)who;
    memset(usage, 0, sizeof *usage);
    return 0;
}

FILE *__wrap_fopen64(const char *path, const char *mode)
{
    return strncmp(path, "/proc/", 6) == 0 ? NULL : __real_fopen64(path, mode);
}
