/* What can be done to a run. Each act makes of its two numbers what there is. */
#include <signal.h>
#include <stdio.h>

#include "judge.h"
#include "machine.h"
#include "net.h"
#include "programs.h"
#include "sim_model.h"
#include "vdisk.h"
#include "world_inner.h"

enum {
    GRACE_MS = 3 * MINUTE, /* what was cut off is found within that */
    SLOW_MS = MINUTE,
    FAILING_MS = 10 * MINUTE,
    NO_PROGRAM_MS = 5 * MINUTE,
    DOOR_MS = 10 * MINUTE,
    BURST_PER_S = 500,
};

/* ---- Later --------------------------------------------------------------------------
 */

static void later(uint64_t ms, void (*what)(void *user))
{
    machine_at(machine_now() + ms, what, NULL);
}

/* ---- The network --------------------------------------------------------------------
 */

static const struct net_weather weathers[] = {
    { .latency_min = 20, .latency_max = 60, .rest_min = 50, .rest_max = 200 },
    { .latency_min = 100, .latency_max = 400, .rest_min = 200, .rest_max = 1000 },
    { .latency_min = 50,
      .latency_max = 2500,
      .rest_min = 100,
      .rest_max = 4000,
      .dial_fails = 0.05,
      .rest_fails = 0.05,
      .chunk_max = 1400 },
    { .latency_min = 20,
      .latency_max = 300,
      .rest_min = 50,
      .rest_max = 500,
      .dial_fails = 0.3,
      .rest_fails = 0.3 },
    { .latency_min = 5,
      .latency_max = 30,
      .rest_min = 10,
      .rest_max = 50,
      .chunk_max = 97 },
};

static void set_weather(size_t i)
{
    struct net_weather w = weathers[i % (sizeof weathers / sizeof *weathers)];

    w.down = machine_now() < the_run.down_until;
    net_set_weather(&w);
}

static size_t weather;

static void end_weather(void *user)
{
    (void)user;
    if (machine_now() < the_run.weather_until)
        return;
    weather = 0;
    set_weather(weather);
}

static void act_weather(const struct world_step *s)
{
    weather = s->arg;
    the_run.weather_until = machine_now() + (1 + s->who % 30) * (uint64_t)MINUTE;
    set_weather(weather);
    machine_at(the_run.weather_until, end_weather, NULL);
}

static void end_outage(void *user)
{
    (void)user;
    if (machine_now() >= the_run.down_until)
        set_weather(weather);
}

static void act_outage(const struct world_step *s)
{
    uint64_t until = machine_now() + s->arg;

    if (until > the_run.down_until)
        the_run.down_until = until;
    judge_suspended(the_run.down_until + GRACE_MS);
    set_weather(weather);
    machine_at(the_run.down_until, end_outage, NULL);
}

/* ---- Processes ----------------------------------------------------------------------
 */

/* 0: the one that the machine starts; k: another. NULL: there is none. */
static struct vprocess *pick(uint32_t who)
{
    size_t n = 0;

    if (who == 0)
        return the_run.main;
    while (machine_process(n))
        n++;
    return n ? machine_process(who % n) : NULL;
}

static void act_kill(const struct world_step *s)
{
    struct vprocess *p = pick(s->who);

    if (!p || !vprocess_runs(p))
        return;
    the_run.kills++;
    vprocess_signal(p, SIGKILL);
}

static void act_stop(void)
{
    if (the_run.main)
        vprocess_signal(the_run.main, SIGTERM);
}

static void go_on(void *user)
{
    struct vprocess *p = vprocess_of_pid((int)(intptr_t)user);

    if (p && vprocess_runs(p))
        vprocess_signal(p, SIGCONT);
}

static void suspend(struct vprocess *p, uint64_t ms)
{
    vprocess_signal(p, SIGSTOP);
    machine_at(machine_now() + ms, go_on, (void *)(intptr_t)vprocess_pid(p));
}

static void act_suspend(const struct world_step *s)
{
    struct vprocess *p;

    judge_suspended(machine_now() + s->arg + GRACE_MS);
    if (s->who % 4) {
        p = pick(s->who % 8);
        if (p && vprocess_runs(p))
            suspend(p, s->arg);
        return;
    }
    for (size_t i = 0; (p = machine_process(i)); i++)
        suspend(p, s->arg);
}

static void boot(void *user)
{
    (void)user;
    if (!vprocess_runs(the_run.main))
        run_start();
}

/* Nobody is told that the connections are gone. */
static void act_power(const struct world_step *s)
{
    struct vprocess *p;

    judge_suspended(machine_now() + GRACE_MS);
    judge_power_fails();
    the_run.boots_at = machine_now() + 20 * SECOND + s->who * (uint64_t)100;
    while (net_freeze(NULL, 0))
        ;
    while ((p = machine_process(0))) {
        the_run.kills++;
        vprocess_signal(p, SIGKILL);
    }
    vdisk_lose_power(s->arg);
    machine_at(the_run.boots_at, boot, NULL);
}

/* ---- The disk -----------------------------------------------------------------------
 */

static void end_disk(void *user)
{
    uint64_t now = machine_now();

    (void)user;
    if (now >= the_run.full_until)
        vdisk_set_limit(UINT64_MAX);
    if (now >= the_run.failing_until)
        vdisk_fail(0, 0);
    if (now >= the_run.full_until && now >= the_run.failing_until)
        judge_disk_fails(false);
}

static void act_full(const struct world_step *s)
{
    judge_disk_fails(true);
    vdisk_set_limit(vdisk_used() + s->who * 64);
    the_run.full_until = machine_now() + s->arg;
    machine_at(the_run.full_until, end_disk, NULL);
}

static void act_eio(const struct world_step *s)
{
    judge_disk_fails(true);
    vdisk_fail(s->who % 50, 1 + (unsigned)(s->arg % 20));
    the_run.failing_until = machine_now() + FAILING_MS;
    machine_at(the_run.failing_until, end_disk, NULL);
}

/* ---- Discord ------------------------------------------------------------------------
 */

/* Without the braces and the shard. */
static const char *const faults[] = {
    "\"kind\":\"reconnect\"",
    "\"kind\":\"invalid_session\",\"resumable\":true",
    "\"kind\":\"invalid_session\",\"resumable\":false",
    "\"kind\":\"close\",\"code\":4000",
    "\"kind\":\"close\",\"code\":4009",
    "\"kind\":\"close\",\"code\":1000",
    "\"kind\":\"close\",\"code\":1001",
    "\"kind\":\"close\",\"code\":4008",
    "\"kind\":\"close\",\"code\":4005",
    "\"kind\":\"close\",\"code\":4003", /* the session is given up */
    "\"kind\":\"close\",\"code\":4007", /* likewise */
    "\"kind\":\"reset\"",
    "\"kind\":\"no_ack\",\"for_ms\":100000",
    "\"kind\":\"silent\",\"for_ms\":1200000",
    "\"kind\":\"half_open\"",
    "\"kind\":\"split\"",
    "\"kind\":\"heartbeat\"",
};
enum {
    FAULTS = sizeof faults / sizeof *faults,
    GIVEN_UP_FIRST = 9,
    SILENT = 13,
    HALF_OPEN = 14
};

static size_t inflict(const char *json)
{
    cordage_error error;
    size_t n = 0;

    if (sim_fault(net_sim(), str_of(json), machine_now(), &n, &error))
        judge_accuse(PROMISE_NO_RULE, "%s: %s", json, error.message);
    return n;
}

static void open_door(void *user)
{
    (void)user;
    inflict("{\"kind\":\"resume_door\",\"down\":false}");
}

static void shut_door(void)
{
    inflict("{\"kind\":\"resume_door\",\"down\":true}");
    later(DOOR_MS, open_door);
}

static void tell_judge(uint32_t fault, uint32_t shard)
{
    if (fault == HALF_OPEN) /* nobody hears what it is told */
        judge_suspended(machine_now() + GRACE_MS);
    if (fault == SILENT)
        judge_silences(shard);
    if (fault == GIVEN_UP_FIRST || fault == GIVEN_UP_FIRST + 1)
        judge_forgets(shard);
}

static void act_fault(const struct world_step *s)
{
    uint32_t fault = s->who % (FAULTS + 1), n = the_run.plan.shards;
    uint32_t shard = (uint32_t)(s->arg % (n + 1));
    char json[200], which[40] = "\"all\"";

    if (fault == FAULTS) {
        shut_door();
        return;
    }
    if (shard < n)
        snprintf(which, sizeof which, "[%u,%u]", shard, n);
    snprintf(json, sizeof json, "{%s,\"shard\":%s}", faults[fault], which);
    for (uint32_t i = 0; i < n; i++)
        if (shard == n || shard == i)
            tell_judge(fault, i);
    inflict(json);
}

bool act_refuse(void)
{
    static const int codes[] = { 4004, 4010, 4011, 4013, 4014 };
    const struct world_plan *p = &the_run.plan;
    char json[200];

    snprintf(json, sizeof json, "{\"kind\":\"close\",\"code\":%d,\"shard\":[%u,%u]}",
             codes[p->seed % 5], (uint32_t)(p->seed / 5 % p->shards), p->shards);
    judge_refused();
    return inflict(json) == 1;
}

static void act_guild(const struct world_step *s)
{
    struct sim *sim = net_sim();
    struct world *w = sim_world(sim);
    uint64_t now = machine_now();

    if (!w->n_guilds)
        return;
    switch (s->arg % 4) {
    case 0:
        sim_begin_outage(sim, &w->guilds[s->who % w->n_guilds], now);
        break;
    case 1:
        sim_end_outage(sim, &w->guilds[s->who % w->n_guilds], now);
        break;
    case 2:
        sim_kick_bot(sim, sim_app(sim, 0), &w->guilds[s->who % w->n_guilds], now);
        break;
    default:
        sim_add_bot(sim, sim_app(sim, 0), &w->guilds[s->who % w->n_guilds], now);
    }
}

static void end_burst(void *user)
{
    (void)user;
    sim_set_traffic(net_sim(), the_run.plan.traffic, UINT64_MAX, machine_now());
}

static void act_burst(const struct world_step *s)
{
    sim_set_traffic(net_sim(), BURST_PER_S, s->arg, machine_now());
    later(s->arg * SECOND / BURST_PER_S + SECOND, end_burst);
}

/* Another program of the same bot has used them up. What is left is more than the
 * reserve: nobody can know of it before asking again. */
static void act_budget(const struct world_step *s)
{
    struct sim *sim = net_sim();
    struct sim_app *app = sim_app(sim, 0);
    struct sim_budget b;
    uint32_t left;

    sim_budget(sim, app, machine_now(), &b);
    left = b.total / 10 + the_run.plan.shards + (uint32_t)(s->arg % 100);
    if (left >= b.remaining)
        return;
    judge_budget_shrinks();
    app->identifies_used = b.total - left;
    if (app->budget_resets_at == NEVER)
        app->budget_resets_at = machine_now() + SIM_BUDGET_WINDOW_MS;
}

/* ---- The bot ------------------------------------------------------------------------
 */

static void end_slow(void *user)
{
    (void)user;
    if (machine_now() >= the_run.slow_until)
        program_set_slow(0);
}

/* Handlers on the loops hold up the loops: so documented. */
static void act_slow(const struct world_step *s)
{
    program_set_slow(the_run.plan.handlers ? (uint32_t)s->arg : (uint32_t)(s->arg % 10));
    the_run.slow_until = machine_now() + SLOW_MS;
    machine_at(the_run.slow_until, end_slow, NULL);
}

static void restore_program(void *user)
{
    (void)user;
    program_replace(false);
}

static void act_roll(const struct world_step *s)
{
    if (the_run.plan.kind != WORLD_FLEET)
        return;
    if (s->who % 4 == 1) {
        program_replace(true);
        later(NO_PROGRAM_MS, restore_program);
    }
    program_roll();
}

static void act_clock(const struct world_step *s)
{
    judge_clock_jumps();
    machine_jump_wall((int64_t)s->arg - ((int64_t)1 << 31));
}

/* ---- Each ---------------------------------------------------------------------------
 */

void act(const struct world_step *s)
{
    judge_disturbs();
    switch (s->act) {
    case ACT_CUT:
        net_cut(NULL, s->arg);
        break;
    case ACT_FREEZE:
        judge_suspended(machine_now() + GRACE_MS);
        net_freeze(NULL, s->arg);
        break;
    case ACT_WEATHER:
        act_weather(s);
        break;
    case ACT_OUTAGE:
        act_outage(s);
        break;
    case ACT_FAULT:
        act_fault(s);
        break;
    case ACT_GUILD:
        act_guild(s);
        break;
    case ACT_BURST:
        act_burst(s);
        break;
    case ACT_SLOW:
        act_slow(s);
        break;
    case ACT_KILL:
        act_kill(s);
        break;
    case ACT_STOP:
        act_stop();
        break;
    case ACT_SUSPEND:
        act_suspend(s);
        break;
    case ACT_POWER:
        act_power(s);
        break;
    case ACT_FULL:
        act_full(s);
        break;
    case ACT_EIO:
        act_eio(s);
        break;
    case ACT_CLOCK:
        act_clock(s);
        break;
    case ACT_ROLL:
        act_roll(s);
        break;
    case ACT_BUDGET:
        act_budget(s);
        break;
    case WORLD_N_ACTS:
        break;
    }
}

/* A connection that Discord only pretends to serve would stay so for long. */
static void end_pretence(void)
{
    struct sim *s = net_sim();

    for (struct link *l = s->conns.next; l != &s->conns; l = l->next) {
        struct sim_conn *c = CONTAINER_OF(l, struct sim_conn, link);

        c->silent_until = c->no_ack_until = 0;
        sim_wake(s, machine_now());
    }
}

void act_no_more(void)
{
    struct run *r = &the_run;
    struct sim *s = net_sim();
    struct vprocess *p;
    struct world *w = sim_world(s);

    r->weather_until = r->down_until = r->full_until = r->failing_until = 0;
    end_weather(NULL);
    end_disk(NULL);
    program_set_slow(0);
    if (r->plan.kind == WORLD_FLEET)
        program_replace(false);
    open_door(NULL);
    end_pretence();
    for (size_t i = 0; (p = machine_process(i)); i++)
        vprocess_signal(p, SIGCONT);
    for (uint32_t i = 0; i < w->n_guilds; i++)
        sim_end_outage(s, &w->guilds[i], machine_now());
    sim_set_traffic(s, 0, 0, machine_now());
    sim_live(s, 0, 0, machine_now());
}
