#include "fleet_program.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cordage/cordage.h"
#include "gateway.h"
#include "json.h"
#include "test.h"
#include "world_compare.h"

enum { ARGUMENTS = 48, FIFO_BYTES = 1024 * 1024, READ_RECORDS = 512 };

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    perror(what);
    exit(1);
}

static uint64_t real_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ---- The reader ------------------------------------------------------------------- */

static void take_number(struct fleet *f, uint64_t guild, uint64_t number)
{
    uint64_t *last = map_get(&f->numbers, guild);

    if (!last) {
        last = calloc(1, sizeof *last);
        must(last && !map_put(&f->numbers, guild, last), "memory");
    }
    f->messages++;
    if (number <= *last) {
        f->doubled++;
    } else {
        f->lost += number - *last - 1;
        *last = number;
    }
}

static void take_time(struct fleet *f, uint32_t shard, uint64_t now)
{
    uint64_t before = f->last_at[shard];

    if (before && now - before > f->gap[shard])
        f->gap[shard] = now - before;
    f->last_at[shard] = now;
}

static void take_record(struct fleet *f, const struct fleet_record *r, uint64_t now)
{
    must(r->shard < FLEET_SHARDS, "a record's shard");
    switch ((enum fleet_kind)r->kind) {
    case FLEET_MESSAGE:
        take_number(f, r->guild, r->number);
        take_time(f, r->shard, now);
        break;
    case FLEET_READY:
        f->ready++;
        break;
    case FLEET_RESUMED:
        f->resumed++;
        break;
    case FLEET_LOST:
        f->sessions_lost++;
        break;
    case FLEET_DUMPED:
        f->dumped++;
        break;
    }
}

static void *read_records(void *user)
{
    struct fleet_record records[READ_RECORDS];
    struct fleet *f = user;
    bool closing = false;

    while (!closing) {
        struct pollfd fd = { .fd = f->fd, .events = POLLIN };
        ssize_t n = poll(&fd, 1, 100) > 0 ? read(f->fd, records, sizeof records) : 0;
        uint64_t now = real_ms();

        must(n >= 0 && n % (ssize_t)sizeof records[0] == 0, "reading the bots' records");
        pthread_mutex_lock(&f->lock);
        for (size_t i = 0; i < (size_t)n / sizeof records[0]; i++)
            take_record(f, &records[i], now);
        closing = f->closing;
        pthread_cond_broadcast(&f->came);
        pthread_mutex_unlock(&f->lock);
    }
    return NULL;
}

/* What a wait looks at, in sum: while it grows there is hope. */
static uint64_t all_of(const struct fleet *f)
{
    return f->messages + f->ready + f->resumed + f->sessions_lost + f->dumped;
}

bool fleet_wait(struct fleet *f, bool (*holds)(struct fleet *f, void *user), void *user)
{
    uint64_t seen = 0, since = real_ms();
    bool held;

    pthread_mutex_lock(&f->lock);
    while (!(held = holds(f, user))) {
        if (all_of(f) != seen) {
            seen = all_of(f);
            since = real_ms();
        }
        if (real_ms() - since > FLEET_PATIENCE_S * 1000)
            break;
        pthread_cond_wait(&f->came, &f->lock); /* at least ten times a second */
    }
    pthread_mutex_unlock(&f->lock);
    return held;
}

struct sessions {
    uint64_t ready, resumed;
};

static bool has_sessions(struct fleet *f, void *user)
{
    const struct sessions *s = user;

    return f->ready >= s->ready && f->resumed >= s->resumed;
}

bool fleet_wait_sessions(struct fleet *f, uint64_t ready, uint64_t resumed)
{
    struct sessions s = { ready, resumed };

    return fleet_wait(f, has_sessions, &s);
}

/* ---- Programs ---------------------------------------------------------------------- */

static const char *program(void)
{
    const char *path = getenv("CORDAGE_PROGRAM");

    must(path != NULL, "CORDAGE_PROGRAM is not set: run this by `meson test`");
    return path;
}

/* All is made before the fork: other threads may hold malloc's lock in that moment. */
static pid_t spawn(char *const *argv, int out, int err)
{
    const char *path = program();
    pid_t pid = fork();

    must(pid >= 0, "fork");
    if (pid > 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGTERM); /* a test that fails leaves no fleet behind */
    if (out >= 0)
        dup2(out, STDOUT_FILENO);
    if (err >= 0)
        dup2(err, STDERR_FILENO);
    execv(path, argv);
    _exit(99);
}

static int wait_status(pid_t pid)
{
    int status;

    while (waitpid(pid, &status, 0) < 0)
        must(errno == EINTR, "waitpid");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void fleet_start(struct fleet *f, const struct fleet_options *options)
{
    char shards[16], workers[16], threads[16], intents[16], run[] = "run";
    char *argv[ARGUMENTS] = { (char *)(uintptr_t)program(), run };
    const char *const fixed[] = { "--state-dir", f->state, "--http",    "off",
                                  "--shards",    shards,   "--workers", workers };
    const char *const bot[] = {
        "--",    f->self, "--fleet-bot", f->dir, options->keeps ? "all" : "nothing",
        threads, intents
    };
    int log = open(f->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    int n = 2;

    f->options = *options;
    snprintf(shards, sizeof shards, "%u", options->shards);
    snprintf(workers, sizeof workers, "%u", options->workers);
    snprintf(threads, sizeof threads, "%u", options->threads ? options->threads : 2);
    snprintf(intents, sizeof intents, "%u",
             options->intents ? options->intents : (unsigned)GATEWAY_ALL_INTENTS);
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        argv[n++] = (char *)(uintptr_t)fixed[i];
    for (const char *const *more = options->more; more && *more; more++)
        argv[n++] = (char *)(uintptr_t)*more;
    for (size_t i = 0; i < sizeof bot / sizeof *bot; i++)
        argv[n++] = (char *)(uintptr_t)bot[i];
    f->supervisor = spawn(argv, log, log);
    close(log);
}

int fleet_wait_end(struct fleet *f)
{
    int status = wait_status(f->supervisor);

    f->supervisor = 0;
    return status;
}

int fleet_command(struct fleet *f, const char *const *args, char **out)
{
    char *argv[ARGUMENTS] = { (char *)(uintptr_t)program() };
    FILE *file = tmpfile();
    int n = 1, status;
    size_t size;

    must(file != NULL, "tmpfile");
    for (; *args; args++)
        argv[n++] = (char *)(uintptr_t)*args;
    argv[n++] = (char *)(uintptr_t) "--state-dir";
    argv[n++] = f->state;
    status = wait_status(spawn(argv, fileno(file), out ? -1 : fileno(file)));
    if (out) {
        size = (size_t)lseek(fileno(file), 0, SEEK_END);
        *out = calloc(1, size + BUF_SLACK);
        must(*out && pread(fileno(file), *out, size, 0) == (ssize_t)size, "an answer");
    }
    fclose(file);
    return status;
}

/* ---- Its status ---------------------------------------------------------------------
 */

struct status {
    struct json_parser *parser;
    char *text;
    cordage_json document;
};

static bool read_status(struct fleet *f, struct status *s)
{
    static const char *const args[] = { "status", "--json", NULL };
    struct str text;

    *s = (struct status){ .parser = json_parser_new() };
    if (fleet_command(f, args, &s->text))
        return false;
    text = (struct str){ s->text, strlen(s->text) };
    return json_parse(s->parser, text, &s->document) == 0;
}

static void free_status(struct status *s)
{
    json_parser_free(s->parser);
    free(s->text);
}

uint32_t fleet_ready_shards(struct fleet *f)
{
    struct status s;
    struct json_iter it;
    uint32_t n = 0;

    if (read_status(f, &s)) {
        cordage_json shards = json_get(s.document, "shards");

        for (bool more = json_first(shards, &it); more; more = json_next(&it)) {
            struct str state;

            n += json_str(json_get(it.value, "state"), &state) && str_is(state, "ready");
        }
    }
    free_status(&s);
    return n;
}

bool fleet_wait_all_ready(struct fleet *f)
{
    uint64_t until = real_ms() + FLEET_PATIENCE_S * 1000;

    while (fleet_ready_shards(f) < f->options.shards)
        if (real_ms() > until)
            return false;
    return true;
}

uint32_t fleet_pids(struct fleet *f, pid_t *pids, uint32_t most)
{
    struct status s;
    struct json_iter it;
    uint32_t n = 0;

    if (read_status(f, &s)) {
        cordage_json workers = json_get(s.document, "workers");

        for (bool more = json_first(workers, &it); more && n < most;
             more = json_next(&it)) {
            int64_t pid;

            if (json_i64(json_get(it.value, "pid"), &pid) && pid > 0)
                pids[n++] = (pid_t)pid;
        }
    }
    free_status(&s);
    return n;
}

/* ---- The world ------------------------------------------------------------------------
 */

struct talk {
    double messages, changes;
    uint64_t total;
};

static void begin_talk(struct sim *sim, uint64_t now, void *user)
{
    const struct talk *t = user;

    sim_set_traffic(sim, t->messages, t->total, now);
    sim_live(sim, t->changes, UINT64_MAX, now);
}

void fleet_talk(struct fleet *f, double messages_per_s, double changes_per_s)
{
    struct talk t = { messages_per_s, changes_per_s, UINT64_MAX };

    simrig_on_loop(f->sim, begin_talk, &t);
}

struct said {
    struct fleet *fleet;
    bool all; /* handled */
};

/* With the fleet's lock held, so that the two are asked in one order. */
static void compare_said(struct sim *sim, uint64_t now, void *user)
{
    struct world *w = sim_world(sim);
    struct said *said = user;

    (void)now;
    said->all = true;
    for (uint32_t i = 0; i < w->n_guilds; i++) {
        const struct world_guild *g = &w->guilds[i];
        uint64_t *last = map_get(&said->fleet->numbers, g->id);

        said->all = said->all && (g->said == 0 || (last && *last == g->said));
    }
}

static bool all_handled(struct fleet *f, void *user)
{
    struct said said = { .fleet = f };

    (void)user;
    simrig_on_loop(f->sim, compare_said, &said);
    return said.all;
}

static void last_words(struct sim *sim, uint64_t now, void *user)
{
    struct world *w = sim_world(sim);

    (void)user;
    for (uint32_t i = 0; i < w->n_guilds; i++)
        if (w->guilds[i].unavailable)
            sim_end_outage(sim, &w->guilds[i], now);
    sim_live(sim, 0, 0, now);
    sim_set_traffic(sim, 1000, w->n_guilds, now);
}

static void silence(struct sim *sim, uint64_t now, void *user)
{
    (void)user;
    sim_set_traffic(sim, 0, 0, now);
    sim_live(sim, 0, 0, now);
}

bool fleet_come_to_rest(struct fleet *f)
{
    simrig_on_loop(f->sim, silence, NULL);
    simrig_on_loop(f->sim, last_words, NULL);
    simrig_wait(f->sim, 3000); /* of its clock: they are said */
    return fleet_wait(f, all_handled, NULL);
}

/* ---- The caches
 * ------------------------------------------------------------------------ */

struct dump {
    struct fleet *fleet;
    struct world_compare compare;
    uint32_t n_guilds;
};

static void say_dump(struct sim *sim, uint64_t now, void *user)
{
    struct world *w = sim_world(sim);
    struct world_guild *g = w->guilds;
    struct sim_message m = { .content = STR("!dump") };
    struct world_member author;

    (void)user;
    while (g->is_gone || g->unavailable)
        g++;
    author = world_member(w, g, 1);
    m.guild = g;
    m.channel_id = world_channel_id(g, 1);
    m.author = &author;
    must(!sim_say(sim, &m, now, NULL, NULL), "asking for the dump");
}

static bool has_dumped(struct fleet *f, void *user)
{
    return f->dumped >= *(uint64_t *)user;
}

static void read_dump(const struct fleet *f, uint64_t guild, struct buf *out)
{
    char path[256], bytes[4096];
    size_t n;
    FILE *file;

    snprintf(path, sizeof path, "%s/dump/%llu", f->dir, (unsigned long long)guild);
    file = fopen(path, "r");
    if (!file)
        fail_msg("guild %llu is in no worker's cache", (unsigned long long)guild);
    while ((n = fread(bytes, 1, sizeof bytes, file)) > 0)
        must(!buf_append(out, bytes, n), "memory");
    fclose(file);
    must(!buf_reserve(out, BUF_SLACK), "memory");
    unlink(path);
}

struct truth {
    uint32_t index;
    uint64_t id;
    struct buf text; /* empty: the bot is not in it, or it is out */
};

static void write_truth(struct sim *sim, uint64_t now, void *user)
{
    struct truth *t = user;
    const struct world_guild *g = &sim_world(sim)->guilds[t->index];
    struct json_writer w;

    (void)now;
    t->id = g->id;
    json_begin(&w, &t->text);
    if (g->unavailable || sim_write_truth(sim, g->id, &w) || json_end(&w))
        buf_clear(&t->text);
}

static void read_world(struct sim *sim, uint64_t now, void *user)
{
    struct dump *d = user;

    (void)now;
    d->n_guilds = sim_world(sim)->n_guilds;
    d->compare.self = sim_world(sim)->bot_id;
}

static void compare_guild(struct dump *d, uint32_t index)
{
    struct truth truth = { .index = index };
    struct buf cached = { 0 };

    simrig_on_loop(d->fleet->sim, write_truth, &truth);
    if (truth.text.n) {
        must(!buf_reserve(&truth.text, BUF_SLACK), "memory");
        read_dump(d->fleet, truth.id, &cached);
        world_compare_guild(&d->compare, buf_str(&truth.text), buf_str(&cached));
    }
    buf_release(&truth.text);
    buf_release(&cached);
}

unsigned fleet_compare(struct fleet *f)
{
    static const cordage_policy forever[CORDAGE_N_KINDS] = {
#define FOREVER(NAME, name, policy) { CORDAGE_KEEP_FOREVER, 0 },
        CORDAGE_KINDS(FOREVER)
    };
    struct dump d = { .fleet = f, .compare.policies = forever };
    uint64_t dumps;
    char path[128];

    snprintf(path, sizeof path, "%s/dump", f->dir);
    must(mkdir(path, 0700) == 0 || errno == EEXIST, path);
    pthread_mutex_lock(&f->lock);
    dumps = f->dumped + f->options.workers;
    pthread_mutex_unlock(&f->lock);
    simrig_on_loop(f->sim, say_dump, NULL);
    CHECK(fleet_wait(f, has_dumped, &dumps));
    simrig_on_loop(f->sim, read_world, &d);
    world_compare_init(&d.compare);
    for (uint32_t i = 0; i < d.n_guilds; i++)
        compare_guild(&d, i);
    world_compare_release(&d.compare);
    return d.compare.n_objects;
}

/* ---- What is measured
 * ------------------------------------------------------------------ */

void fleet_gaps_begin(struct fleet *f)
{
    pthread_mutex_lock(&f->lock);
    memset(f->last_at, 0, sizeof f->last_at);
    memset(f->gap, 0, sizeof f->gap);
    pthread_mutex_unlock(&f->lock);
}

uint32_t fleet_gaps_end(struct fleet *f, uint64_t *gaps)
{
    uint32_t n = 0;

    pthread_mutex_lock(&f->lock);
    for (uint32_t i = 0; i < f->options.shards; i++)
        if (f->last_at[i])
            gaps[n++] = f->gap[i];
    pthread_mutex_unlock(&f->lock);
    return n;
}

static void read_numbers(struct sim *sim, uint64_t now, void *user)
{
    const struct report *report = sim_report(sim);
    const struct world *w = sim_world(sim);
    struct fleet_numbers *n = user;

    (void)now;
    *n = (struct fleet_numbers){ .identifies = report->identifies,
                                 .resumes = report->resumes,
                                 .resumed = report->resumed };
    for (uint32_t i = 0; i < w->n_guilds; i++)
        n->said += w->guilds[i].said;
}

struct fleet_numbers fleet_numbers(struct fleet *f)
{
    struct fleet_numbers n;

    simrig_on_loop(f->sim, read_numbers, &n);
    return n;
}

/* ---- Beginning and end
 * ------------------------------------------------------------------ */

void fleet_setup(struct fleet *f, const struct sim_config *config, double speed)
{
    char text[32];
    ssize_t n;

    *f = (struct fleet){ .speed = speed };
    f->sim = simrig_start(config, speed);
    snprintf(f->dir, sizeof f->dir, "/tmp/cordage-fleet-XXXXXX");
    must(mkdtemp(f->dir) != NULL, f->dir);
    snprintf(f->state, sizeof f->state, "%s/state", f->dir);
    snprintf(f->fifo, sizeof f->fifo, "%s/said", f->dir);
    snprintf(f->log, sizeof f->log, "%s/log", f->dir);
    n = readlink("/proc/self/exe", f->self, sizeof f->self - 1);
    must(n > 0, "/proc/self/exe");
    must(mkfifo(f->fifo, 0600) == 0, f->fifo);
    f->fd = open(f->fifo, O_RDWR | O_CLOEXEC | O_NONBLOCK);
    must(f->fd >= 0, f->fifo);
    fcntl(f->fd, F_SETPIPE_SZ, FIFO_BYTES);
    pthread_mutex_init(&f->lock, NULL);
    pthread_cond_init(&f->came, NULL);
    must(!pthread_create(&f->reader, NULL, read_records, f), "a thread");
    snprintf(text, sizeof text, "%g", speed);
    setenv("CORDAGE_TEST_SPEED", text, 1);
    setenv("DISCORD_TOKEN", simrig_token(f->sim), 1);
    setenv("CORDAGE_API", simrig_api(f->sim), 1);
    setenv("CORDAGE_CA_FILE", simrig_ca_file(f->sim), 1);
    unsetenv("CORDAGE_STATE_DIR");
}

static int remove_entry(const char *path, const struct stat *st, int type,
                        struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

/* What the fleet said goes to our output when something was wrong. */
static void show_log(const struct fleet *f)
{
    FILE *file = fopen(f->log, "r");
    char line[1024];

    while (file && fgets(line, sizeof line, file))
        fputs(line, stdout);
    if (file)
        fclose(file);
}

void fleet_teardown(struct fleet *f)
{
    pid_t pids[64];
    uint64_t *last;
    size_t at = 0;

    if (getenv("CORDAGE_FLEET_LOG"))
        show_log(f);
    if (f->supervisor) {
        uint32_t n = fleet_pids(f, pids, 64);

        kill(f->supervisor, SIGKILL);
        for (uint32_t i = 0; i < n; i++)
            kill(pids[i], SIGKILL);
        fleet_wait_end(f);
    }
    pthread_mutex_lock(&f->lock);
    f->closing = true;
    pthread_mutex_unlock(&f->lock);
    pthread_join(f->reader, NULL);
    simrig_stop(f->sim);
    close(f->fd);
    while ((last = map_next(&f->numbers, &at, NULL)))
        free(last);
    map_release(&f->numbers);
    pthread_cond_destroy(&f->came);
    pthread_mutex_destroy(&f->lock);
    nftw(f->dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}
