/* A real bot in virtual time. */
#include "world_rig.h"

#include <signal.h>

#include "net.h"
#include "programs.h"
#include "test.h"
#include "vdisk.h"

static struct world_plan plan = { .seed = 1,
                                  .shards = 4,
                                  .guilds = 40,
                                  .handlers = 2,
                                  .compression = COMPRESS_ZLIB,
                                  .caches = true };

static void *owner(void)
{
    return vprocess_self();
}

static void on_death(struct vprocess *p)
{
    vdisk_died(p);
}

static void start_discord(double traffic)
{
    struct sim_config config;
    struct routes_config routes;

    sim_config_default(&config);
    routes_config_default(&routes);
    config.guilds = plan.guilds;
    config.traffic = traffic;
    vdisk_mount(owner);
    machine_on_death(on_death);
    program_begin();
    net_start(&config, &routes);
}

static struct vprocess *start_bot(void)
{
    static const char *const env[] = { "CORDAGE_STATE_DIR=" VDISK_ROOT "/bot", NULL };

    return machine_start(&(struct vprogram){
        .name = "bot", .main = program_bot, .arg = &plan, .env = env });
}

static void write_report(struct outcome *o)
{
    struct buf text = { 0 };
    struct json_writer w;

    json_begin(&w, &text);
    sim_write_report(net_sim(), &w, false, machine_now());
    json_end(&w);
    snprintf(o->text, sizeof o->text, "%.*s", STR_FMT(buf_str(&text)));
    o->hash = net_hash();
    o->handled = quiet_handled;
    o->n = sim_report(net_sim())->n_broken;
    o->identifies = sim_report(net_sim())->identifies;
    o->resumes = sim_report(net_sim())->resumed;
    buf_release(&text);
}

static void live_an_hour(struct outcome *o)
{
    struct vprocess *bot;
    uint64_t at = 0;

    start_discord(0.5);
    bot = start_bot();
    for (int i = 0; i < 60; i++) {
        machine_run(at += 60 * 1000);
        if (i % 3 == 1)
            net_cut(NULL, machine_random());
        if (i % 10 == 5)
            net_freeze(NULL, machine_random());
        if (i % 15 == 7) {
            vprocess_signal(bot, SIGTERM);
            machine_run(at += 15 * 1000);
            if (vprocess_runs(bot) || vprocess_status(bot))
                abort();
            bot = start_bot();
        }
    }
    machine_run(at += 300 * 1000);
    if (!program_is_up())
        abort();
    write_report(o);
}

TEST(a_bot_of_4_shards_lives_an_hour)
{
    struct outcome o;

    outcome_of(live_an_hour, 1, &o);
    CHECK_INT(o.status, 0);
    if (o.n)
        fail_msg("broken rules: %s", o.text);
    CHECK(o.handled > 1000);
    /* What was cut, frozen or halted has resumed. */
    CHECK_INT(o.identifies, 4);
    CHECK(o.resumes > 30);
}

static void be_killed_often(struct outcome *o)
{
    struct vprocess *bot;
    uint64_t at = 0;

    start_discord(0.5);
    bot = start_bot();
    machine_run(at += 180 * 1000);
    for (int i = 0; i < 40; i++) {
        machine_run(at += 1 + machine_random() % 60000);
        vprocess_signal(bot, i % 3 ? SIGKILL : SIGSTOP);
        machine_run(at += machine_random() % 20000);
        vprocess_signal(bot, SIGCONT);
        if (!vprocess_runs(bot))
            bot = start_bot();
    }
    machine_run(at += 300 * 1000);
    if (!program_is_up())
        abort();
    write_report(o);
}

TEST(a_bot_that_is_killed_resumes)
{
    for (uint64_t seed = 1; seed < 6; seed++) {
        struct outcome o;

        outcome_of(be_killed_often, seed, &o);
        CHECK_INT(o.status, 0);
        if (o.n)
            fail_msg("seed %llu, broken rules: %s", (unsigned long long)seed, o.text);
        CHECK_INT(o.identifies, 4);
        CHECK(o.resumes > 100);
    }
}

TEST(the_same_seed_is_the_same_run)
{
    struct outcome a, b, c;

    outcome_of(live_an_hour, 7, &a);
    outcome_of(live_an_hour, 7, &b);
    outcome_of(live_an_hour, 8, &c);
    CHECK_INT(a.status, 0);
    CHECK(a.hash == b.hash && a.handled == b.handled);
    CHECK(a.hash != c.hash);
}

/* Who couldn't reach the resume URL tries the other; and what was sent apart may come
 * together. */
static uint64_t count_unexcused(const struct report *r)
{
    uint64_t n = 0;

    for (size_t i = 0; i < r->n_entries; i++)
        n += r->entries[i].rule != RULE_RESUME_WRONG_URL &&
             r->entries[i].rule != RULE_IDENTIFY_TOO_EARLY &&
             r->entries[i].rule != RULE_TOO_MANY_PRESENCES;
    return n;
}

static void live_in_bad_weather(struct outcome *o)
{
    static const struct net_weather weathers[] = {
        { .latency_min = 50, .latency_max = 2500, .rest_max = 4000, .chunk_max = 97 },
        { .latency_max = 40, .dial_fails = 0.5, .rest_max = 100, .rest_fails = 0.5 },
        { .latency_max = 40, .rest_max = 100, .down = true },
        { .latency_min = 5, .latency_max = 60, .rest_min = 20, .rest_max = 300 },
    };
    struct vprocess *bot;
    uint64_t at = 0;

    start_discord(0.5);
    bot = start_bot();
    for (int i = 0; i < 24; i++) {
        machine_run(at += 1 + machine_random() % 240000);
        net_set_weather(&weathers[i % 4]);
        if (i % 3 == 0)
            net_cut(NULL, machine_random());
        if (i % 5 == 0 && !vprocess_runs(bot))
            bot = start_bot();
    }
    machine_run(at += 600 * 1000);
    if (!program_is_up() || net_connections() != plan.shards)
        abort();
    write_report(o);
    o->n = count_unexcused(sim_report(net_sim()));
}

TEST(a_bot_lives_in_bad_weather)
{
    for (uint64_t seed = 1; seed < 6; seed++) {
        struct outcome o;

        outcome_of(live_in_bad_weather, seed, &o);
        CHECK_INT(o.status, 0);
        if (o.n)
            fail_msg("seed %llu, broken rules: %s", (unsigned long long)seed, o.text);
        CHECK(o.handled > 1000 && o.resumes > 4);
    }
}

RUN_TESTS(T(a_bot_of_4_shards_lives_an_hour), T(the_same_seed_is_the_same_run),
          T(a_bot_that_is_killed_resumes), T(a_bot_lives_in_bad_weather))
