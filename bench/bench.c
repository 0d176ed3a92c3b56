/* bench.c - events per CPU-second and memory per shard, side by side in one run.
 *
 * A server process sends traffic made in advance as fast as it is read. Each figure
 * is taken in a process of its own: a bare loop, the same with stock zlib, then the
 * library: without a cache, a handler for the events or none; with one, as it is by
 * default, and with a handler and every kind kept. No GUILD_CREATE comes, so of a message
 * the cache takes the users; what it costs in a guild that is cached, memory.c measures.
 * What a start costs isn't in it: 50 ms and more, most of it to read the system's
 * certificates, for ourselves and once more for libcurl.
 * Ratios count; the absolute figures are this machine's.
 *
 * Usage: bench [EVENTS [ROUNDS [SHARDS]]] */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bare.h"
#include "blaster.h"
#include "cordage/cordage.h"
#include "simrig.h"

enum { MAX_SHARDS = 1024, MAX_ROUNDS = 9, COMPRESSIONS = 3, SIZES = 3 };

/* A REST side, and a token for it. */
struct door {
    char api[64], token[256], ca_file[512];
};

/* What the measured processes must know. */
struct place {
    unsigned port;    /* of the blaster */
    struct door busy; /* REST that points there */
    /* A simulator for each idle bot: one that comes within 5 s of another's IDENTIFY must
     * wait, and would be measured waiting. */
    struct door idle[COMPRESSIONS * SIZES];
};

/* ---- The server process ------------------------------------------------------- */

static void point_at_blaster(struct sim *sim, uint64_t now, void *user)
{
    char url[64];

    (void)now;
    snprintf(url, sizeof url, "wss://127.0.0.1:%u", *(unsigned *)user);
    sim_set_urls(sim, url, url);
}

static struct simrig *open_door(const struct sim_config *config, struct door *door)
{
    struct simrig *rig = simrig_start(config, 1);

    snprintf(door->api, sizeof door->api, "%s", simrig_api(rig));
    snprintf(door->token, sizeof door->token, "%s", simrig_token(rig));
    snprintf(door->ca_file, sizeof door->ca_file, "%s", simrig_ca_file(rig));
    return rig;
}

static void wait_for_the_end(void)
{
    sigset_t stop;
    int number;

    sigemptyset(&stop);
    sigaddset(&stop, SIGUSR1);
    sigwait(&stop, &number);
}

static void serve(size_t events, uint32_t shards, int out)
{
    static struct stream streams[COMPRESSIONS];
    static struct place place;
    struct simrig *busy, *idle[COMPRESSIONS * SIZES];
    struct sim_config config;
    struct blaster *blaster;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGPIPE, SIG_IGN);
    for (int c = COMPRESS_NONE; c <= COMPRESS_ZSTD; c++)
        if (stream_make(&streams[c], (enum compression)c, events))
            _exit(1);
    sim_config_default(&config);
    busy = open_door(&config, &place.busy);
    blaster = blaster_start(simrig_cert_file(busy), simrig_key_file(busy), streams);
    if (!blaster)
        _exit(1);
    place.port = blaster_port(blaster);
    simrig_on_loop(busy, point_at_blaster, &place.port);
    config.guilds = shards;
    config.max_concurrency = shards;
    for (int i = 0; i < COMPRESSIONS * SIZES; i++)
        idle[i] = open_door(&config, &place.idle[i]);
    printf("%zu events of %zu bytes on average\n\n", events,
           streams[0].payload_bytes / (events + 3));
    fflush(stdout);
    if (write(out, &place, sizeof place) != (ssize_t)sizeof place)
        _exit(1);
    wait_for_the_end();
    for (int i = 0; i < COMPRESSIONS * SIZES; i++)
        simrig_stop(idle[i]);
    simrig_stop(busy);
    _exit(0);
}

/* ---- Measurements, each in a child -------------------------------------------- */

static double cpu_seconds(void)
{
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

struct run {
    const struct place *place;
    const struct door *door; /* library */
    enum compression compression;
    size_t events;
    bool handler;      /* library: handle the messages */
    cordage_keep keep; /* library: every kind, CORDAGE_KEEP_DEFAULT each its own way */
    bool stock;        /* bare: plain zlib */
    uint32_t shards;   /* idle memory */
    /* while it runs */
    double cpu;
    uint64_t handled;
    uint32_t ready;
    pthread_mutex_t lock;
};

static void on_message(cordage_client *c, const cordage_message *m, void *user)
{
    struct run *run = user;

    (void)c;
    pthread_mutex_lock(&run->lock);
    run->handled += m->content.n != 0;
    pthread_mutex_unlock(&run->lock);
}

static void on_end(cordage_client *c, const cordage_guild *guild, void *user)
{
    struct run *run = user;

    (void)guild;
    run->cpu = cpu_seconds() - run->cpu;
    cordage_client_stop(c);
}

static void on_start(cordage_client *c, const cordage_ready *ready, void *user)
{
    struct run *run = user;

    (void)c;
    (void)ready;
    run->cpu = cpu_seconds();
}

static const cordage_compression public_name[] = { CORDAGE_COMPRESS_NONE,
                                                   CORDAGE_COMPRESS_ZLIB,
                                                   CORDAGE_COMPRESS_ZSTD };

static cordage_client *client_for(const struct run *run)
{
    cordage_options options = CORDAGE_OPTIONS_INIT;
    cordage_client *c;
    cordage_error error;

    options.token = run->door->token;
    options.api = run->door->api;
    options.ca_file = run->door->ca_file;
    options.intents = CORDAGE_INTENT_GUILDS | CORDAGE_INTENT_GUILD_MESSAGES;
    options.shard_count = run->shards;
    options.state_dir = "";
    /* So that on_start is called before the next event is read. */
    options.handler_threads = run->handler ? -1 : 0;
    options.compression = public_name[run->compression];
    for (int kind = 0; kind < CORDAGE_N_KINDS; kind++)
        options.cache[kind].keep = run->keep;
    if (cordage_client_new(&options, &c, &error) < 0) {
        cordage_error_print(&error, stderr);
        _exit(1);
    }
    return c;
}

static double library_run(struct run *run)
{
    cordage_client *c = client_for(run);

    cordage_on_ready(c, on_start, run);
    cordage_on_guild_update(c, on_end, run);
    if (run->handler)
        cordage_on_message_create(c, on_message, run);
    if (cordage_client_run(c) != 0)
        return -1;
    cordage_client_free(c);
    return run->cpu;
}

static double bare(struct run *run)
{
    return bare_run(run->place->port, run->compression, run->stock, run->events);
}

/* Resident bytes, not counting what is shared with others. */
static double resident(void)
{
    FILE *f = fopen("/proc/self/smaps_rollup", "r");
    char line[256];
    double kb = 0, one;

    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "Private_Clean: %lf", &one) == 1 ||
            sscanf(line, "Private_Dirty: %lf", &one) == 1)
            kb += one;
    if (f)
        fclose(f);
    return kb * 1024;
}

static void on_idle_ready(cordage_client *c, const cordage_ready *ready, void *user)
{
    struct run *run = user;
    bool all;

    (void)ready;
    pthread_mutex_lock(&run->lock);
    all = ++run->ready == run->shards;
    pthread_mutex_unlock(&run->lock);
    if (all) {
        run->cpu = resident();
        cordage_client_stop(c);
    }
}

static double idle_run(struct run *run)
{
    cordage_client *c = client_for(run);

    cordage_on_ready(c, on_idle_ready, run);
    if (cordage_client_run(c) != 0)
        return -1;
    cordage_client_free(c);
    return run->cpu;
}

/* Runs it in a child. */
static double apart(double (*measure)(struct run *run), const struct run *template)
{
    double result = -1;
    int ends[2];
    pid_t pid;

    if (pipe(ends))
        return -1;
    pid = fork();
    if (pid == 0) {
        struct run run = *template;
        pthread_mutex_init(&run.lock, NULL);
        result = measure(&run);
        _exit(write(ends[1], &result, sizeof result) != (ssize_t)sizeof result);
    }
    close(ends[1]);
    if (read(ends[0], &result, sizeof result) != (ssize_t)sizeof result)
        result = -1;
    close(ends[0]);
    waitpid(pid, NULL, 0);
    return result;
}

/* ---- The tables ---------------------------------------------------------------- */

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static const char *const names[] = { "none", "zlib-stream", "zstd-stream" };

enum { BARE, STOCK, ENVELOPE, HANDLER, CACHE, FULL, KINDS };

static const struct column {
    const char *name;
    int width;
    bool of_bare; /* its share of the bare loop is shown */
    double (*measure)(struct run *run);
    bool stock, handler;
    cordage_keep keep;
} columns[KINDS] = {
    [BARE] = { "bare loop", 10, true, bare },
    [STOCK] = { "stock zlib", 12, false, bare, .stock = true },
    /* With a cache messages are parsed and applied, handler or not. */
    [ENVELOPE] = { "envelope only", 14, true, library_run, .keep = CORDAGE_KEEP_NEVER },
    [HANDLER] = { "with handler", 14, true, library_run, .handler = true,
                  .keep = CORDAGE_KEEP_NEVER },
    [CACHE] = { "default cache", 14, true, library_run, .keep = CORDAGE_KEEP_DEFAULT },
    [FULL] = { "handler, full cache", 20, true, library_run, .handler = true,
               .keep = CORDAGE_KEEP_FOREVER },
};

/* In thousands; "-" where nothing was measured. */
static void print_rate(int width, double rate)
{
    if (rate > 0)
        printf(" %*.0fk", width - 1, rate / 1e3);
    else
        printf(" %*s", width, "-");
}

/* One column in one round. */
static double take(const struct column *column, struct run run)
{
    run.stock = column->stock;
    run.handler = column->handler;
    run.keep = column->keep;
    if (run.stock && run.compression != COMPRESS_ZLIB)
        return -1;
    return apart(column->measure, &run);
}

static void speed_of(const struct run *run, int rounds)
{
    double cpu[KINDS][MAX_ROUNDS], rate[KINDS];

    /* Interleaved, so that a slow moment of the machine meets all alike. */
    for (int i = 0; i < rounds; i++)
        for (int k = 0; k < KINDS; k++)
            cpu[k][i] = take(&columns[k], *run);
    printf("%-12s", names[run->compression]);
    for (int k = 0; k < KINDS; k++) {
        double median;

        qsort(cpu[k], (size_t)rounds, sizeof cpu[k][0], ascending);
        median = cpu[k][rounds / 2];
        rate[k] = median > 0 ? (double)run->events / median : 0;
        print_rate(columns[k].width, rate[k]);
    }
    printf("\n%-12s", "  of bare");
    for (int k = 0; k < KINDS; k++)
        if (columns[k].of_bare)
            printf(" %*.0f%%", columns[k].width - 1, 100 * rate[k] / rate[BARE]);
        else
            printf(" %*s", columns[k].width, "");
    putchar('\n');
    fflush(stdout);
}

static void speed(const struct place *place, size_t events, int rounds)
{
    printf("events per CPU-second from READY to the last event, one busy connection "
           "over TLS "
           "(median of %d)\n",
           rounds);
    printf("%-12s", "");
    for (int k = 0; k < KINDS; k++)
        printf(" %*s", columns[k].width, columns[k].name);
    putchar('\n');
    for (int c = COMPRESS_NONE; c <= COMPRESS_ZSTD; c++) {
        struct run run = { .place = place,
                           .door = &place->busy,
                           .compression = (enum compression)c,
                           .events = events,
                           .shards = 1 };

        speed_of(&run, rounds);
    }
}

static void memory(const struct place *place, uint32_t shards)
{
    const uint32_t counts[] = { 1, shards / 4, shards };
    double first = 0;

    printf("\nprivate memory of an idle bot, one guild a shard at most\n");
    printf("%-8s %12s %12s %18s\n", "", "shards", "all", "per further shard");
    for (int c = COMPRESS_NONE; c <= COMPRESS_ZSTD; c++)
        for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
            struct run run = { .place = place,
                               .door = &place->idle[(size_t)c * SIZES + i],
                               .compression = (enum compression)c,
                               .shards = counts[i] };
            double bytes = apart(idle_run, &run);

            if (i == 0)
                first = bytes;
            printf("%-12s %8u %9.1f MB", names[c], counts[i], bytes / 1e6);
            if (i > 0)
                printf(" %14.1f KB", (bytes - first) / (counts[i] - 1) / 1e3);
            putchar('\n');
            fflush(stdout);
        }
}

int main(int argc, char **argv)
{
    size_t events = argc > 1 ? strtoul(argv[1], NULL, 10) : 100000;
    int rounds = argc > 2 ? atoi(argv[2]) : 3;
    uint32_t shards = argc > 3 ? (uint32_t)atoi(argv[3]) : 256;
    struct place place;
    sigset_t stop;
    int ends[2];
    pid_t server;

    if (events < 1 || rounds < 1 || rounds > MAX_ROUNDS || shards < 8 ||
        shards > MAX_SHARDS) {
        fprintf(stderr, "usage: bench [EVENTS [ROUNDS up to %d [SHARDS, 8 to %d]]]\n",
                MAX_ROUNDS, MAX_SHARDS);
        return 2;
    }
    /* Waited for by the server, in every thread of it. */
    sigemptyset(&stop);
    sigaddset(&stop, SIGUSR1);
    sigprocmask(SIG_BLOCK, &stop, NULL);
    if (pipe(ends))
        return 1;
    server = fork();
    if (server == 0)
        serve(events, shards, ends[1]);
    close(ends[1]);
    if (read(ends[0], &place, sizeof place) != (ssize_t)sizeof place)
        return 1;
    speed(&place, events, rounds);
    memory(&place, shards);
    kill(server, SIGUSR1);
    waitpid(server, NULL, 0);
    return 0;
}
