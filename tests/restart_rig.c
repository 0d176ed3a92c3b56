#include "restart_rig.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATIENCE_MS = 60 * 1000, BOT_ARGUMENTS = 8, FATAL_SHARDS = 16 };

/* ---- The bot -------------------------------------------------------------------------
 */

static void say(const char *what, uint64_t a, uint64_t b)
{
    char line[96];
    int n = snprintf(line, sizeof line, "%s %llu %llu\n", what, (unsigned long long)a,
                     (unsigned long long)b);

    if (write(STDOUT_FILENO, line, (size_t)n) != n)
        _exit(99);
}

/* The message that the bot doesn't survive; number 0: none. */
struct fatal {
    unsigned long long guild, number;
    uint32_t shards;
    atomic_uint begun[FATAL_SHARDS]; /* handlers, of each shard */
};

/* It leaves the others some time to begin: whether one did is said. */
static void die(struct fatal *fatal, atomic_uint *begun)
{
    unsigned before = atomic_load(begun);

    usleep(20 * 1000);
    if (atomic_load(begun) != before)
        say("beside", fatal->guild, fatal->number);
    abort();
}

static void on_message(cordage_client *c, const cordage_message *m, void *user)
{
    struct fatal *fatal = user;
    atomic_uint *begun =
        &fatal->begun[(m->guild_id >> 22) % fatal->shards % FATAL_SHARDS];
    uint64_t number = m->nonce.n ? strtoull(m->nonce.p, NULL, 10) : 0;

    (void)c;
    if (number == 0)
        return;
    atomic_fetch_add(begun, 1);
    if (m->guild_id == fatal->guild && number == fatal->number)
        die(fatal, begun);
    say("message", m->guild_id, number);
}

static void on_error(cordage_client *c, const cordage_error *error, void *user)
{
    const struct fatal *fatal = user;
    char expected[64];

    (void)c;
    snprintf(expected, sizeof expected, " event=MESSAGE_CREATE guild=%llu ",
             fatal->guild);
    if (strstr(error->message, expected) && strstr(error->message, "passed over"))
        say("passed", fatal->guild, fatal->number);
}

static void on_ready(cordage_client *c, const cordage_ready *ready, void *user)
{
    (void)c;
    (void)user;
    say("ready", ready->shard_id, ready->n_guilds);
}

static void on_resumed(cordage_client *c, const cordage_resumed *resumed, void *user)
{
    (void)c;
    (void)user;
    say("resumed", resumed->shard_id, resumed->replayed);
}

bool restart_is_bot(int argc, char **argv)
{
    if (argc < 2 || strcmp(argv[1], "--bot") != 0)
        return false;
    if (argc != BOT_ARGUMENTS)
        _exit(97);
    return true;
}

int restart_bot(char **argv)
{
    struct fatal fatal = { .guild = strtoull(argv[6], NULL, 10),
                           .number = strtoull(argv[7], NULL, 10),
                           .shards = (uint32_t)strtoul(argv[3], NULL, 10) };
    cordage_options options = CORDAGE_OPTIONS_INIT;
    struct rlimit no_core = { 0 };
    cordage_error error;
    cordage_client *c;
    int status;

    setrlimit(RLIMIT_CORE, &no_core);
    options.intents = CORDAGE_INTENT_GUILDS | CORDAGE_INTENT_GUILD_MESSAGES |
                      CORDAGE_INTENT_MESSAGE_CONTENT;
    options.shard_count = fatal.shards;
    options.state_dir = argv[2];
    options.activity = "with matches"; /* said again by each life */
    options.handler_threads = atoi(argv[5]);
    for (int i = 0; i < CORDAGE_N_KINDS; i++)
        options.cache[i] = strcmp(argv[4], "all") == 0 ? CORDAGE_FOREVER : CORDAGE_NEVER;
    if (cordage_client_new(&options, &c, &error) < 0)
        return cordage_error_print(&error, stderr);
    cordage_on_ready(c, on_ready, NULL);
    cordage_on_resumed(c, on_resumed, NULL);
    cordage_on_message_create(c, on_message, &fatal);
    cordage_on_error(c, on_error, &fatal);
    status = cordage_client_run(c);
    cordage_client_free(c);
    return status;
}

/* ---- Its lives ------------------------------------------------------------------------
 */

void restart_start(struct restart_rig *r)
{
    char self[512], shards[16], threads[16], guild[32], number[32], flag[] = "--bot";
    char *argv[] = { self,    flag,  r->state, shards, (char *)(uintptr_t)r->keep,
                     threads, guild, number,   NULL };
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    int ends[2];

    self[n > 0 ? n : 0] = '\0';
    snprintf(shards, sizeof shards, "%u", r->shards);
    snprintf(threads, sizeof threads, "%u", r->threads);
    snprintf(guild, sizeof guild, "%llu", (unsigned long long)r->fatal_guild);
    snprintf(number, sizeof number, "%llu", (unsigned long long)r->fatal_number);
    setenv("DISCORD_TOKEN", simrig_token(r->sim), 1);
    setenv("CORDAGE_API", simrig_api(r->sim), 1);
    setenv("CORDAGE_CA_FILE", simrig_ca_file(r->sim), 1);
    /* All is made before the fork: the simulator's thread may hold a lock of malloc's in
     * that moment, and then the child would wait for it for ever. */
    if (pipe2(ends, O_CLOEXEC) < 0 || (r->pid = fork()) < 0) {
        perror("restart_rig");
        exit(1);
    }
    if (r->pid == 0) {
        dup2(ends[1], STDOUT_FILENO);
        execv(self, argv);
        _exit(99);
    }
    close(ends[1]);
    r->said = fdopen(ends[0], "r");
    setvbuf(r->said, NULL, _IONBF, 0); /* so that poll sees what is there */
}

static void take_message(struct restart_rig *r, uint64_t guild, uint64_t number)
{
    uint64_t *last = map_get(&r->numbers, guild);

    if (!last) {
        last = calloc(1, sizeof *last);
        map_put(&r->numbers, guild, last);
    }
    r->messages++;
    if (number <= *last) {
        r->doubled++;
    } else {
        r->lost += number - *last - 1;
        *last = number;
    }
}

/* False: the bot has ended. */
static bool take_line(struct restart_rig *r)
{
    unsigned long long a, b;
    char line[128], what[16];

    if (!fgets(line, sizeof line, r->said))
        return false;
    if (sscanf(line, "%15s %llu %llu", what, &a, &b) != 3)
        return true; /* it was killed in the middle */
    r->ready += strcmp(what, "ready") == 0;
    r->resumed += strcmp(what, "resumed") == 0;
    r->beside += strcmp(what, "beside") == 0;
    r->passed_over += strcmp(what, "passed") == 0;
    if (strcmp(what, "message") == 0)
        take_message(r, a, b);
    return true;
}

bool restart_wait(struct restart_rig *r, unsigned ready, unsigned resumed,
                  uint64_t messages)
{
    struct pollfd fd = { .fd = fileno(r->said), .events = POLLIN };

    while (r->ready < ready || r->resumed < resumed || r->messages < messages) {
        if (poll(&fd, 1, PATIENCE_MS) <= 0 || !take_line(r)) {
            printf("waited for %u ready, %u resumed, %llu messages; have %u, %u, %llu\n",
                   ready, resumed, (unsigned long long)messages, r->ready, r->resumed,
                   (unsigned long long)r->messages);
            return false;
        }
    }
    return true;
}

int restart_end(struct restart_rig *r, int number)
{
    int status;

    kill(r->pid, number);
    while (take_line(r)) {
    }
    waitpid(r->pid, &status, 0);
    fclose(r->said);
    r->pid = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* ---- The world around it
 * ----------------------------------------------------------------
 */

void restart_setup(struct restart_rig *r, const struct sim_config *config, double speed)
{
    *r = (struct restart_rig){ .keep = "nothing", .shards = 4, .threads = 2 };
    r->sim = simrig_start(config, speed);
    snprintf(r->state, sizeof r->state, "/tmp/cordage-restart-XXXXXX");
    if (!mkdtemp(r->state)) {
        perror("restart_rig");
        exit(1);
    }
}

static int remove_entry(const char *path, const struct stat *st, int type,
                        struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

void restart_teardown(struct restart_rig *r)
{
    uint64_t *last;
    size_t at = 0;

    if (r->pid)
        restart_end(r, SIGKILL);
    simrig_stop(r->sim);
    nftw(r->state, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    while ((last = map_next(&r->numbers, &at, NULL)))
        free(last);
    map_release(&r->numbers);
}

struct talk {
    double rate;
    uint64_t total;
};

static void begin_talk(struct sim *sim, uint64_t now, void *user)
{
    const struct talk *talk = user;

    sim_set_traffic(sim, talk->rate, talk->total, now);
}

void restart_talk(struct restart_rig *r, double rate, uint64_t total)
{
    struct talk talk = { rate, total };

    simrig_on_loop(r->sim, begin_talk, &talk);
}

static void read_identifies(struct sim *sim, uint64_t now, void *user)
{
    (void)now;
    *(uint64_t *)user = sim_report(sim)->identifies;
}

uint64_t restart_identifies(struct restart_rig *r)
{
    uint64_t n;

    simrig_on_loop(r->sim, read_identifies, &n);
    return n;
}
