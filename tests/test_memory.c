/* An hour of a simulated world that changes at random, and a bot that remembers it: what
 * it remembers is what the world is, under every policy, across resumes, outages, new
 * sessions, and kills. CORDAGE_TEST_SEED adds a seed to the fixed ones. */
#include "memory_bot.h"

#include <stdlib.h>

#include "mem.h"
#include "rng.h"
#include "test.h"
#include "world_compare.h"

enum { GUILDS = 12, HOUR_MS = 60 * 60 * 1000, CHANGES_PER_S = 10 };

static const cordage_policy all_forever[CORDAGE_N_KINDS] = {
#define FOREVER(NAME, name, policy) { CORDAGE_KEEP_FOREVER, 0 },
    CORDAGE_KINDS(FOREVER)
};
static const cordage_policy all_never[CORDAGE_N_KINDS] = {
#define NEVER(NAME, name, policy) { CORDAGE_KEEP_NEVER, 0 },
    CORDAGE_KINDS(NEVER)
};
static const cordage_policy small_lru[CORDAGE_N_KINDS] = {
#define LRU(NAME, name, policy) { CORDAGE_KEEP_LRU, 40 },
    CORDAGE_KINDS(LRU) /* the guilds are fewer than that */
};
static const cordage_policy short_ttl[CORDAGE_N_KINDS] = {
#define TTL(NAME, name, policy) { CORDAGE_KEEP_TTL, 120 },
    CORDAGE_KINDS(TTL)
};
static const cordage_policy usual[CORDAGE_N_KINDS] = {
    [CORDAGE_KIND_GUILDS] = { CORDAGE_KEEP_FOREVER, 0 },
    [CORDAGE_KIND_CHANNELS] = { CORDAGE_KEEP_FOREVER, 0 },
    [CORDAGE_KIND_THREADS] = { CORDAGE_KEEP_FOREVER, 0 },
    [CORDAGE_KIND_ROLES] = { CORDAGE_KEEP_FOREVER, 0 },
    [CORDAGE_KIND_EMOJIS] = { CORDAGE_KEEP_NEVER, 0 },
    [CORDAGE_KIND_STICKERS] = { CORDAGE_KEEP_NEVER, 0 },
    [CORDAGE_KIND_MEMBERS] = { CORDAGE_KEEP_LRU, 10000 },
    [CORDAGE_KIND_USERS] = { CORDAGE_KEEP_LRU, 10000 },
    [CORDAGE_KIND_PRESENCES] = { CORDAGE_KEEP_NEVER, 0 },
    [CORDAGE_KIND_VOICE_STATES] = { CORDAGE_KEEP_FOREVER, 0 },
    [CORDAGE_KIND_STAGE_INSTANCES] = { CORDAGE_KEEP_NEVER, 0 },
    [CORDAGE_KIND_SCHEDULED_EVENTS] = { CORDAGE_KEEP_NEVER, 0 },
    [CORDAGE_KIND_SOUNDS] = { CORDAGE_KEEP_NEVER, 0 },
};

/* ---- Comparing -----------------------------------------------------------------------
 */

static void check_guild(struct world_compare *c, struct memory_bot *bot,
                        uint64_t guild_id, struct str truth)
{
    struct buf cached = { 0 };
    int err;

    if (bot->policies[CORDAGE_KIND_GUILDS].keep == CORDAGE_KEEP_NEVER) {
        CHECK_INT(cache_count(bot->cache, CORDAGE_KIND_GUILDS), 0);
        return;
    }
    err = cache_write_guild(bot->cache, guild_id, &cached);
    if (err == CORDAGE_ENOTFOUND &&
        bot->policies[CORDAGE_KIND_GUILDS].keep == CORDAGE_KEEP_TTL)
        return; /* nothing has happened in it for too long */
    CHECK_INT(err, 0);
    CHECK_INT(buf_reserve(&cached, BUF_SLACK), 0);
    world_compare_guild(c, truth, buf_str(&cached));
    buf_release(&cached);
}

/* ---- The hour
 * --------------------------------------------------------------------------- */

struct hour {
    struct sim *sim;
    uint64_t now;
    struct memory_bot bot;
    struct rng rng;
    unsigned n_faults, n_kills, n_compared;
    unsigned n_objects;
};

/* Lets time pass until `until`, in the steps that the model and the bot ask for. */
static void pass_time(struct hour *h, uint64_t until)
{
    for (;;) {
        uint64_t at = sim_deadline(h->sim), bot_at = memory_bot_deadline(&h->bot);

        at = bot_at < at ? bot_at : at;
        if (at > until)
            break;
        h->now = at > h->now ? at : h->now;
        sim_tick(h->sim, h->now);
        memory_bot_turn(&h->bot, h->now);
    }
    h->now = until;
}

static void fault(struct hour *h, const char *json)
{
    cordage_error error;
    size_t n;

    if (sim_fault(h->sim, str_of(json), h->now, &n, &error))
        fail_msg("%s", error.message);
    h->n_faults++;
}

static void something_breaks(struct hour *h)
{
    static const char *const faults[] = {
        "{\"kind\":\"reset\"}",
        "{\"kind\":\"reconnect\"}",
        "{\"kind\":\"close\",\"code\":4000}",
        "{\"kind\":\"close\",\"code\":4009}",
        "{\"kind\":\"close\",\"code\":1001}",
        "{\"kind\":\"half_open\"}",
        "{\"kind\":\"no_ack\",\"for_ms\":100000}",
        "{\"kind\":\"invalid_session\",\"resumable\":true}",
        "{\"kind\":\"invalid_session\",\"resumable\":false}",
    };
    enum { FAULTS = sizeof faults / sizeof *faults };
    uint64_t which = rng_below(&h->rng, FAULTS + 3);

    if (which < FAULTS) {
        fault(h, faults[which]);
    } else {
        memory_bot_kill(&h->bot);
        h->n_kills++;
    }
}

/* Nothing happens any more, and everything that happened has arrived. */
static void come_to_rest(struct hour *h)
{
    sim_live(h->sim, 0, 0, h->now);
    for (int i = 0; i < 200; i++) {
        pass_time(h, h->now + 1000);
        if (memory_bot_is_live(&h->bot) && !guilds_loading(&h->bot.session.guilds) &&
            i > 5)
            return;
    }
    fail_msg("the bot is not live again after 200 s");
}

/* The bot's own member stays in every guild, whatever the policy. */
static uint64_t most_of(const struct hour *h, int kind)
{
    return h->bot.policies[kind].n + (kind == CORDAGE_KIND_MEMBERS ? GUILDS : 0);
}

static void compare_all(struct hour *h)
{
    /* A join that Discord tells again of a member who was forgotten counts twice. */
    bool forgets = h->bot.policies != usual &&
                   h->bot.policies[CORDAGE_KIND_MEMBERS].keep != CORDAGE_KEEP_FOREVER;
    struct world_compare c = { .policies = h->bot.policies,
                               .self = h->bot.self,
                               .n_events = h->bot.n_events,
                               .counts_may_differ = forgets };
    struct world *world = sim_world(h->sim);
    uint64_t there = 0;

    world_compare_init(&c);
    for (uint32_t i = 0; i < world->n_guilds; i++) {
        const struct world_guild *g = &world->guilds[i];
        struct buf text = { 0 };
        struct json_writer w;

        json_begin(&w, &text);
        if (sim_write_truth(h->sim, g->id, &w) == 0) {
            CHECK_INT(json_end(&w), 0);
            there++;
            CHECK_INT(buf_reserve(&text, BUF_SLACK), 0);
            if (!g->unavailable)
                check_guild(&c, &h->bot, g->id, buf_str(&text));
        }
        buf_release(&text);
    }
    if (h->bot.policies[CORDAGE_KIND_GUILDS].keep == CORDAGE_KEEP_FOREVER)
        CHECK_INT(cache_count(h->bot.cache, CORDAGE_KIND_GUILDS), there);
    for (int kind = 0; kind < CORDAGE_N_KINDS; kind++)
        if (h->bot.policies[kind].keep == CORDAGE_KEEP_LRU &&
            cache_count(h->bot.cache, (cordage_kind)kind) > most_of(h, kind))
            fail_msg("%llu objects of kind %d",
                     (unsigned long long)cache_count(h->bot.cache, (cordage_kind)kind),
                     kind);
    h->n_compared++;
    h->n_objects += c.n_objects;
    world_compare_release(&c);
}

/* Ten minutes of changes, in which things break; then both are compared. */
static void ten_minutes(struct hour *h)
{
    uint64_t end = h->now + HOUR_MS / 6;

    sim_live(h->sim, CHANGES_PER_S, UINT64_MAX, h->now);
    while (h->now < end) {
        pass_time(h, h->now + 20000 + rng_below(&h->rng, 100000));
        something_breaks(h);
    }
    come_to_rest(h);
    compare_all(h);
}

/* Everything that changes a cache has happened; but for the answers to questions that
 * nobody asks here. */
static void check_seen(const struct memory_bot *b)
{
    for (unsigned type = 1; type < CORDAGE_N_EVENTS; type++) {
        struct str name = event_name((cordage_event_type)type);

        if (event_effect((cordage_event_type)type) == EFFECT_NONE || b->seen[type] ||
            type == CORDAGE_EVENT_GUILD_MEMBERS_CHUNK ||
            type == CORDAGE_EVENT_SOUNDBOARD_SOUNDS)
            continue;
        fail_msg("no %.*s in an hour", STR_FMT(name));
    }
}

static void live_an_hour(const cordage_policy *policies, uint64_t seed, const char *name)
{
    struct hour h = { .now = 1000000, .rng = rng_seeded(seed) };
    struct sim_config config;
    cordage_error error;

    sim_config_default(&config);
    config.guilds = GUILDS;
    config.seed = seed;
    config.session_limit = 100000;
    config.trim_acked = true;
    CHECK_INT(sim_new(&config, h.now, 1767225600000ULL, &h.sim, &error), 0);
    CHECK_INT(sim_set_urls(h.sim, "wss://127.0.0.1:1", "wss://127.0.0.1:2"), 0);
    memory_bot_start(&h.bot, h.sim, policies, 0, 1, h.now);
    pass_time(&h, h.now + 10000);
    compare_all(&h);
    for (int i = 0; i < 6; i++)
        ten_minutes(&h);
    printf(
        "%s, seed %llu: %llu events, %u faults, %u kills, %llu IDENTIFYs, %llu resumed; "
        "compared %u times, %u objects\n",
        name, (unsigned long long)seed, (unsigned long long)h.bot.n_events, h.n_faults,
        h.n_kills, (unsigned long long)h.bot.n_identifies,
        (unsigned long long)h.bot.n_resumed, h.n_compared, h.n_objects);
    check_seen(&h.bot);
    CHECK(h.bot.n_resumed > 0 && h.n_kills > 0 && h.bot.n_identifies > 1);
    if (sim_report(h.sim)->n_broken)
        fail_msg("rule broken: %s (%s)",
                 sim_rule_name(sim_report(h.sim)->entries[0].rule),
                 sim_report(h.sim)->entries[0].detail);
    memory_bot_release(&h.bot);
    sim_free(h.sim);
}

static uint64_t fresh_seed(void)
{
    const char *seed = getenv("CORDAGE_TEST_SEED");

    return seed ? strtoull(seed, NULL, 10) : 0;
}

static void live_hours(const cordage_policy *policies, const char *name)
{
    live_an_hour(policies, 1, name);
    if (fresh_seed())
        live_an_hour(policies, fresh_seed(), name);
}

TEST(what_is_kept_forever_is_the_world)
{
    live_hours(all_forever, "forever");
}

TEST(the_usual_policies_keep_the_truth)
{
    live_hours(usual, "usual");
}

TEST(what_was_touched_last_is_true)
{
    live_hours(small_lru, "LRU");
}

TEST(what_is_young_is_true)
{
    live_hours(short_ttl, "TTL");
}

TEST(nothing_kept_is_nothing_wrong)
{
    live_hours(all_never, "never");
}

RUN_TESTS(T(what_is_kept_forever_is_the_world), T(the_usual_policies_keep_the_truth),
          T(what_was_touched_last_is_true), T(what_is_young_is_true),
          T(nothing_kept_is_nothing_wrong))
