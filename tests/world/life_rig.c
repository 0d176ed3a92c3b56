#include "life_rig.h"

#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "judge.h"
#include "net.h"
#include "test.h"
#include "vchild.h"
#include "vdisk.h"
#include "vlink.h"

enum { GUILDS = 256, STEP_MS = 100, SETTLE_MS = 30 * 1000 };

static const uint64_t wall_ms = 1767225600000; /* 2026 */
static const char token[] =
    "MTIzNDU2Nzg5MDEyMzQ1Njc4.Gw0rLd.the-fleet-of-a-virtual-world";

/* ---- A test ---- */

void life_fail(const char *file, int line, const char *format, ...)
{
    va_list args;

    fprintf(stderr, "%s:%d: at %llu: ", file, line, (unsigned long long)machine_now());
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    _exit(1);
}

void life_try(void (*body)(void))
{
    pid_t pid = fork();
    int status;

    assert_true(pid >= 0);
    if (pid == 0) {
        signal(SIGSEGV, SIG_DFL); /* cmocka's would go on with the next test */
        body();
        _exit(0);
    }
    assert_true(waitpid(pid, &status, 0) == pid);
    assert_int_equal(status, 0);
}

/* ---- What the bots say -------------------------------------------------------------
 */

static struct {
    uint64_t ids[GUILDS], last[GUILDS];
    size_t n;
    uint64_t handled, doubled, lost;
} count;

static uint64_t *last_of(uint64_t guild)
{
    for (size_t i = 0; i < count.n; i++)
        if (count.ids[i] == guild)
            return &count.last[i];
    EXPECT(count.n < GUILDS);
    count.ids[count.n] = guild;
    return &count.last[count.n++];
}

static void handled(uint64_t guild, uint64_t n)
{
    uint64_t *last = last_of(guild);

    count.handled++;
    if (n <= *last) {
        count.doubled++;
        return;
    }
    if (*last) /* what was said before there was a session went to nobody */
        count.lost += n - *last - 1;
    *last = n;
}

/* In the judge's place. */

void judge_begun(struct vprocess *p, uint32_t shard, uint64_t guild, uint64_t n)
{
    (void)p;
    (void)shard;
    (void)guild;
    (void)n;
}

void judge_handled(struct vprocess *p, uint32_t shard, uint64_t guild, uint64_t n)
{
    (void)p;
    (void)shard;
    handled(guild, n);
}

void judge_queued(struct vprocess *p, uint32_t shard, uint64_t n)
{
    (void)p;
    (void)shard;
    (void)n;
}

void judge_remembers(uint32_t shard, uint64_t guild, struct str json)
{
    (void)shard;
    (void)guild;
    (void)json;
}

/* ---- The log ---- */

enum { LOG_MAX = 16 * 1024 * 1024 };
static struct buf said;

static void on_log(struct vprocess *p, const char *text)
{
    if (said.n < LOG_MAX)
        EXPECT(!buf_printf(&said, "%llu %s: %s\n", (unsigned long long)machine_now(),
                           p ? vprocess_name(p) : "?", text));
}

unsigned life_said(const char *words)
{
    const char *at = buf_zero_end(&said);
    unsigned n = 0;

    while (at && (at = strstr(at, words))) {
        at += strlen(words);
        n++;
    }
    return n;
}

/* ---- The rig ---------------------------------------------------------------------- */

static void disk_died(struct vprocess *p)
{
    vdisk_died(p);
}

static void *who(void)
{
    return vprocess_self();
}

static void start_discord(const struct world_plan *plan)
{
    struct sim_config config;
    struct routes_config routes;

    EXPECT(plan->guilds <= GUILDS);
    sim_config_default(&config);
    routes_config_default(&routes);
    config.seed = plan->seed + 1;
    config.guilds = plan->guilds;
    config.max_concurrency = plan->max_concurrency;
    config.session_limit = plan->session_limit;
    config.traffic = plan->traffic;
    config.live = plan->live;
    config.token = token;
    config.trim_acked = true;
    config.session_ttl_ms = LIFE_DAY; /* so that none may be lost */
    net_start(&config, &routes);
}

void life_start(struct life *l)
{
    char discord_token[128], state[64];
    const char *all[] = { discord_token, state, "CORDAGE_API=" NET_API,
                          "CORDAGE_LOG=debug", NULL };
    const struct vprogram program = {
        .name = "supervisor", .main = program_supervisor, .arg = &l->plan, .env = all
    };

    snprintf(discord_token, sizeof discord_token, "DISCORD_TOKEN=%s", token);
    snprintf(state, sizeof state, "CORDAGE_STATE_DIR=%s/state", VDISK_ROOT);
    l->supervisor = machine_start(&program);
}

void life_begin(struct life *l, const struct world_plan *plan)
{
    l->plan = *plan;
    memset(&count, 0, sizeof count);
    buf_clear(&said);
    machine_boot(plan->seed, wall_ms);
    vdisk_mount(who);
    machine_on_death(disk_died);
    vlink_open();
    program_begin();
    vchild_open(program_bot, &l->plan);
    machine_on_log(on_log);
    start_discord(plan);
    life_start(l);
}

void life_run(struct life *l, uint64_t ms)
{
    (void)l;
    machine_run(machine_now() + ms);
}

uint64_t life_run_up(struct life *l, uint64_t most)
{
    uint64_t from = machine_now();

    (void)l;
    while (!program_is_up() || !program_supervisor_is_up()) {
        if (machine_now() - from > most)
            life_fail(__FILE__, __LINE__, "not all shards are live after %llu ms",
                      (unsigned long long)(machine_now() - from));
        machine_run(machine_now() + STEP_MS);
    }
    return machine_now() - from;
}

int life_run_ended(struct life *l, struct vprocess *p, uint64_t most)
{
    uint64_t until = machine_now() + most;

    (void)l;
    while (vprocess_runs(p) && machine_now() < until)
        machine_run(machine_now() + STEP_MS);
    EXPECT(!vprocess_runs(p));
    return vprocess_status(p);
}

struct vprocess *life_find(const char *begin, size_t i)
{
    struct vprocess *p;

    for (size_t at = 0; (p = machine_process(at)); at++)
        if (strncmp(vprocess_name(p), begin, strlen(begin)) == 0 && i-- == 0)
            return p;
    return NULL;
}

uint64_t life_identifies(void)
{
    return sim_report(net_sim())->identifies;
}

uint64_t life_doubled(void)
{
    return count.doubled;
}

uint64_t life_handled(void)
{
    return count.handled;
}

/* Whatever was said in each guild has been handled. */
static void check_messages(void)
{
    const struct world *w = sim_world(net_sim());

    EXPECT_INT(count.lost, 0);
    for (uint32_t i = 0; i < w->n_guilds; i++)
        EXPECT_INT(*last_of(w->guilds[i].id), w->guilds[i].said);
}

static bool is_excused(enum sim_rule rule)
{
    return rule == RULE_RESUME_WRONG_URL || rule == RULE_IDENTIFY_TOO_EARLY ||
           rule == RULE_TOO_MANY_PRESENCES || rule == RULE_TOO_MANY_SENDS;
}

static void check_report(const struct life *l)
{
    const struct report *r = sim_report(net_sim());

    for (size_t i = 0; i < r->n_entries; i++) {
        const struct report_entry *e = &r->entries[i];

        if (!l->bad_weather || !is_excused(e->rule))
            life_fail(__FILE__, __LINE__, "%s of shard %u at %llu: %s",
                      sim_rule_name(e->rule), e->shard_id,
                      (unsigned long long)(e->wall_ms - wall_ms), e->detail);
    }
}

void life_end(struct life *l)
{
    sim_set_traffic(net_sim(), 0, 0, machine_now());
    life_run(l, SETTLE_MS);
    check_messages();
    check_report(l);
    net_stop();
    machine_halt();
    vlink_close();
    vchild_close();
    vdisk_unmount();
    buf_release(&said);
}
