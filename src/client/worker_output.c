#include "worker_output.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cordage/error.h"
#include "mem.h"

enum { LOOK_MS = 20, PIECE = 16 * 1024 };

struct worker_output {
    pthread_t thread;
    int fifo; /* for reading, without waiting */
    int wake; /* an eventfd */
    int capacity;
    atomic_ullong dropped;
    pthread_mutex_t lock; /* of what follows */
    pid_t reader;         /* 0: nobody */
    bool ending;
};

/* Half of it goes when three quarters are full, so that this is seldom. */
static void make_room(struct worker_output *o)
{
    char piece[PIECE];
    int waiting = 0, gone = 0;

    if (ioctl(o->fifo, FIONREAD, &waiting) < 0 || waiting < o->capacity / 4 * 3)
        return;
    while (gone < o->capacity / 2) {
        ssize_t n = read(o->fifo, piece, sizeof piece);

        if (n <= 0)
            break;
        gone += (int)n;
    }
    o->dropped += (unsigned)gone;
}

/* Until the reader is another. A pidfd becomes readable when its process has ended. */
static bool watch(struct worker_output *o, pid_t reader)
{
    struct pollfd fds[2] = { { .fd = o->wake, .events = POLLIN }, { .events = POLLIN } };
    bool ending, alone;
    uint64_t woken;

    fds[1].fd = reader ? pidfd_open(reader, 0) : -1;
    alone = fds[1].fd < 0;
    do {
        if (alone)
            make_room(o);
        poll(fds, alone ? 1 : 2, alone ? LOOK_MS : -1);
        alone = alone || fds[1].revents;
    } while (!(fds[0].revents & POLLIN));
    (void)!read(o->wake, &woken, sizeof woken);
    if (fds[1].fd >= 0)
        close(fds[1].fd);
    pthread_mutex_lock(&o->lock);
    ending = o->ending;
    pthread_mutex_unlock(&o->lock);
    return !ending;
}

static void *run(void *user)
{
    struct worker_output *o = user;
    pid_t reader;

    do {
        pthread_mutex_lock(&o->lock);
        reader = o->reader;
        pthread_mutex_unlock(&o->lock);
    } while (watch(o, reader));
    return NULL;
}

static void set(struct worker_output *o, pid_t reader, bool ending)
{
    const uint64_t one = 1;

    pthread_mutex_lock(&o->lock);
    o->reader = reader;
    o->ending = ending;
    pthread_mutex_unlock(&o->lock);
    (void)!write(o->wake, &one, sizeof one);
}

void worker_output_read_by(struct worker_output *o, pid_t pid)
{
    set(o, pid, false);
}

uint64_t worker_output_dropped(const struct worker_output *o)
{
    return o->dropped;
}

static bool is_ours(const char *path)
{
    struct stat out, fifo;

    return fstat(STDOUT_FILENO, &out) == 0 && S_ISFIFO(out.st_mode) &&
           stat(path, &fifo) == 0 && out.st_dev == fifo.st_dev &&
           out.st_ino == fifo.st_ino;
}

static void release(struct worker_output *o)
{
    if (o->fifo >= 0)
        close(o->fifo);
    if (o->wake >= 0)
        close(o->wake);
    pthread_mutex_destroy(&o->lock);
    free(o);
}

int worker_output_new(const char *path, struct worker_output **out)
{
    struct worker_output *o;

    *out = NULL;
    if (!is_ours(path))
        return 0;
    setvbuf(stdout, NULL, _IOLBF, 0);
    o = mem_zero(sizeof *o);
    if (!o)
        return CORDAGE_ENOMEM;
    pthread_mutex_init(&o->lock, NULL);
    o->fifo = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    o->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    o->capacity = o->fifo >= 0 ? fcntl(o->fifo, F_GETPIPE_SZ) : 0;
    o->reader = getppid();
    if (o->fifo < 0 || o->wake < 0 || pthread_create(&o->thread, NULL, run, o)) {
        release(o);
        return CORDAGE_ESYSTEM;
    }
    pthread_setname_np(o->thread, "cordage-output");
    *out = o;
    return 0;
}

void worker_output_free(struct worker_output *o)
{
    if (!o)
        return;
    set(o, 0, true);
    pthread_join(o->thread, NULL);
    release(o);
}
