/* What it costs to relay workers' output: bench_relay [MEGABYTES] [WORKERS].
 *
 * Workers write lines of 100 bytes as fast as they can; the other end of our output reads
 * as fast as it can. Figures, no verdicts. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "relay.h"

enum { LINE = 100, MAX_WORKERS = 64, LOOK_MS = 1 };

struct bench {
    struct loop *loop;
    struct output *out;
    struct relay *relays[MAX_WORKERS];
    pid_t workers[MAX_WORKERS];
    unsigned n_workers;
    struct timer look;
    double last_turn_ms, longest_ms;
};

static double now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double cpu_ms(void)
{
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e3 +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e3;
}

static void on_look(struct timer *t)
{
    struct bench *b = CONTAINER_OF(t, struct bench, look);
    struct host *h = loop_host(b->loop);
    double now = now_ms();
    unsigned running = 0;

    if (now - b->last_turn_ms > b->longest_ms)
        b->longest_ms = now - b->last_turn_ms;
    b->last_turn_ms = now;
    for (unsigned i = 0; i < b->n_workers; i++) {
        if (b->workers[i] && waitpid(b->workers[i], NULL, WNOHANG) == b->workers[i])
            b->workers[i] = 0;
        running += b->workers[i] != 0;
    }
    if (!running)
        loop_stop(b->loop);
    else
        h->arm(h, t, h->now(h) + LOOK_MS);
}

static void be_worker(int fd, size_t bytes)
{
    static char lines[100 * LINE];

    memset(lines, 'x', sizeof lines);
    for (size_t i = LINE - 1; i < sizeof lines; i += LINE)
        lines[i] = '\n';
    for (size_t n = 0; n < bytes; n += sizeof lines)
        if (write(fd, lines, sizeof lines) < 0)
            _exit(1);
    _exit(0);
}

static pid_t start_reader(const int fds[2])
{
    static char bytes[1024 * 1024];
    pid_t pid = fork();

    if (pid == 0)
        close(fds[1]);
    while (pid == 0)
        if (read(fds[0], bytes, sizeof bytes) <= 0)
            _exit(0);
    close(fds[0]);
    return pid;
}

static int start_worker(struct bench *b, const char *dir, size_t bytes)
{
    char path[300], label[16];
    cordage_error error;
    unsigned i = b->n_workers;

    snprintf(label, sizeof label, "%u", i);
    snprintf(path, sizeof path, "%s/out-%u", dir, i);
    if (relay_new(b->loop, path, label, b->out, &b->relays[i], &error))
        return cordage_error_print(&error, stderr);
    b->workers[i] = fork();
    if (b->workers[i] == 0)
        be_worker(relay_fd(b->relays[i]), bytes);
    b->n_workers++;
    return 0;
}

int main(int argc, char **argv)
{
    unsigned megabytes = argc > 1 ? (unsigned)atoi(argv[1]) : 500;
    unsigned workers = argc > 2 ? (unsigned)atoi(argv[2]) : 4;
    char dir[] = "/tmp/cordage-bench-XXXXXX";
    struct loop_options options = { .speed = 1 };
    struct bench b = { .look.fire = on_look };
    double began, cpu, ms;
    pid_t reader;
    int fds[2], failed = 0;

    signal(SIGPIPE, SIG_IGN);
    if (!workers || workers > MAX_WORKERS || !mkdtemp(dir) || pipe2(fds, O_CLOEXEC))
        return 2;
    reader = start_reader(fds);
    if (loop_new(&options, &b.loop, NULL) || output_new(b.loop, fds[1], &b.out, NULL))
        return 1;
    for (unsigned i = 0; i < workers && !failed; i++)
        failed = start_worker(&b, dir, (size_t)megabytes * 1000000 / workers);
    began = b.last_turn_ms = now_ms();
    cpu = cpu_ms();
    loop_host(b.loop)->arm(loop_host(b.loop), &b.look, 0);
    loop_run(b.loop);
    for (unsigned i = 0; i < b.n_workers; i++)
        relay_free(b.relays[i], true);
    ms = now_ms() - began;
    cpu = cpu_ms() - cpu;
    printf("relay: %u MB of %d-byte lines from %u workers in %.2f s: %.0f MB/s, %.0f "
           "lines/s; %.2f ms of CPU a MB; longest turn %.1f ms\n",
           megabytes, LINE, workers, ms / 1e3, megabytes / (ms / 1e3),
           megabytes * 1e6 / LINE / (ms / 1e3), cpu / megabytes, b.longest_ms);
    output_free(b.out);
    loop_free(b.loop);
    close(fds[1]);
    waitpid(reader, NULL, 0);
    rmdir(dir);
    return failed;
}
