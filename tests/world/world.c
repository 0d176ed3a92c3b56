/* A run: Discord, the disk, somebody who starts the bot again whenever it ends, what the
 * script does to it, and then quiet, in which all must come right by itself. */
#include "world.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "judge.h"
#include "machine.h"
#include "net.h"
#include "programs.h"
#include "vchild.h"
#include "vdisk.h"
#include "vlink.h"
#include "world_inner.h"

enum {
    LOOK_MS = 1 * SECOND,
    RESTART_MS = 2 * SECOND,     /* as a service manager is usually told */
    RESTART_MAX_MS = 5 * MINUTE, /* and what it comes to when that is no use */
    HEALTHY_MS = MINUTE,
    SETTLE_MS = 30 * MINUTE,
    AFTER_MS = 2 * MINUTE, /* a settled world stays so */
    REFUSED_MS = 5 * MINUTE,
    STATUS_REFUSED = 3, /* cordage_client_run */
};

static const char token[] = "MTIzNDU2Nzg5MDEyMzQ1Njc4.Gw0rLd.what-nobody-else-may-know";
static const uint64_t new_year = 1767225600000; /* 2026 */

struct run the_run;

/* ---- Whoever starts services ---------------------------------------------------------
 */

void run_start(void)
{
    static char discord_token[128];
    static const char *const env[] = { discord_token, "CORDAGE_API=" NET_API,
                                       "CORDAGE_STATE_DIR=" VDISK_ROOT "/state",
                                       "CORDAGE_LOG=debug", NULL };
    struct run *r = &the_run;
    bool fleet = r->plan.kind == WORLD_FLEET;

    snprintf(discord_token, sizeof discord_token, "DISCORD_TOKEN=%s", token);
    r->started_at = machine_now();
    r->main = machine_start(
        &(struct vprogram){ .name = fleet ? "supervisor" : "bot",
                            .main = fleet ? program_supervisor : program_bot,
                            .arg = &r->plan,
                            .env = env });
}

static void start_again(void *user)
{
    struct run *r = &the_run;

    (void)user;
    if (!r->is_refused && machine_now() >= r->boots_at && !vprocess_runs(r->main))
        run_start();
}

static void on_death(struct vprocess *p)
{
    struct run *r = &the_run;
    uint64_t wait = RESTART_MS;

    vdisk_died(p);
    judge_died(p);
    if (p != r->main)
        return;
    if (!vprocess_was_killed(p) && vprocess_status(p) == STATUS_REFUSED)
        r->is_refused = true;
    r->failures = machine_now() - r->started_at > HEALTHY_MS ? 0 : r->failures + 1;
    for (unsigned i = 1; i < r->failures && wait < RESTART_MAX_MS; i++)
        wait *= 2;
    machine_at(machine_now() + wait, start_again, NULL);
}

/* ---- Beginning ------------------------------------------------------------------------
 */

static void *who(void)
{
    return vprocess_self();
}

static void look(void *user)
{
    (void)user;
    judge_look();
    machine_at(machine_now() + LOOK_MS, look, NULL);
}

static void start_discord(const struct world_plan *plan)
{
    struct sim_config config;
    struct routes_config routes;

    sim_config_default(&config);
    routes_config_default(&routes);
    config.seed = plan->seed + 1;
    config.guilds = plan->guilds;
    config.max_concurrency = plan->max_concurrency;
    config.session_limit = plan->session_limit;
    config.traffic = plan->traffic;
    config.live = plan->live;
    config.token = token;
    config.trim_acked = plan->seed % 2;
    net_start(&config, &routes);
}

static void begin(const struct world_plan *plan)
{
    the_run = (struct run){ .plan = *plan };
    machine_boot(plan->seed, new_year);
    vdisk_mount(who);
    machine_on_death(on_death);
    if (plan->kind == WORLD_FLEET)
        vlink_open();
    program_begin();
    if (plan->kind == WORLD_FLEET)
        vchild_open(program_bot, &the_run.plan);
    start_discord(&the_run.plan);
    judge_begin(&the_run.plan);
    net_on(judge_net());
    machine_on_log(judge_logged);
    run_start();
    look(NULL);
}

/* ---- What comes then ------------------------------------------------------------------
 */

static void run_for(uint64_t ms)
{
    if (!judge_has_spoken())
        machine_run(machine_now() + ms);
}

static void follow(const struct world_script *s)
{
    uint64_t begun_at = machine_now();

    for (size_t i = 0; i < s->n && !judge_has_spoken(); i++) {
        if (s->steps[i].at >= s->plan.duration_ms)
            break;
        machine_run(begun_at + s->steps[i].at);
        if (!judge_has_spoken())
            act(&s->steps[i]);
    }
    if (!judge_has_spoken())
        machine_run(begun_at + s->plan.duration_ms);
}

static bool is_settled(enum promise *p, char *why, size_t size)
{
    if (!judge_is_settled(p, why, size))
        return false;
    if (program_is_up() &&
        (the_run.plan.kind != WORLD_FLEET || program_supervisor_is_up()))
        return true;
    *p = PROMISE_RECOVERS;
    snprintf(why, size, "the bot does not say that all its shards are live");
    return false;
}

/* From here on it must come right by itself, and stay so. */
static void settle(void)
{
    enum promise p = PROMISE_RECOVERS;
    char why[300] = "";
    bool settled = false;

    act_no_more();
    for (uint64_t ms = 0; ms < SETTLE_MS && !settled && !judge_has_spoken();
         ms += 5 * SECOND) {
        run_for(5 * SECOND);
        settled = is_settled(&p, why, sizeof why);
    }
    run_for(AFTER_MS);
    if (!judge_has_spoken() && !is_settled(&p, why, sizeof why) && !judge_is_starved())
        judge_accuse(p, "%d min after the last fault: %s", SETTLE_MS / MINUTE, why);
}

static void compare_caches(void)
{
    if (!the_run.plan.caches || judge_has_spoken() || judge_is_starved())
        return;
    program_ask_caches();
    judge_memories_end();
}

/* Now and then Discord has the last word. */
static void refuse(void)
{
    if (the_run.plan.seed / 2 % 4 || judge_has_spoken() || judge_is_starved() ||
        !act_refuse())
        return;
    run_for(REFUSED_MS);
    if (!judge_has_spoken() && (vprocess_runs(the_run.main) || net_connections()))
        judge_accuse(PROMISE_RECOVERS, "it was refused for good, and %s",
                     vprocess_runs(the_run.main) ? "runs on" : "still has connections");
}

void world_run(const struct world_script *s, struct world_verdict *v)
{
    begin(&s->plan);
    follow(s);
    if (!judge_has_spoken())
        settle();
    compare_caches();
    refuse();
    judge_end(v);
    v->kills = the_run.kills;
}
