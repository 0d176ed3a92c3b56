/* The file as a whole. */
#include <stdlib.h>

#include "limits.h"
#include "mem.h"
#include "scenario_model.h"

/* The simulator's settings of both parts, so that one table can name them. */
struct settings {
    struct sim_config sim;
    struct routes_config routes;
};

#define SIM(member)    offsetof(struct settings, sim.member)
#define ROUTES(member) offsetof(struct settings, routes.member)

static const struct read_key world_keys[] = {
    { "bots", READ_U32, SIM(bots), 1, WORLD_BOTS_MAX },
    { "guilds", READ_U32, SIM(guilds), 0, WORLD_GUILDS_MAX },
    { "members", READ_U32, SIM(members), 0, WORLD_MEMBERS_MAX },
    { "rich", READ_BOOL, SIM(rich) },
    { "live", READ_REAL, SIM(live), 0, 100000 },
    { NULL },
};

static const struct read_key limit_keys[] = {
    { "recommended_shards", READ_U32, SIM(recommended_shards), 0, LIMIT_SHARDS },
    { "max_concurrency", READ_U32, SIM(max_concurrency), 1, 1024 },
    { "session_limit", READ_U32, SIM(session_limit), 0, 1000000 },
    { "heartbeat", READ_TIME32, SIM(heartbeat_ms), 100, 3600000 },
    { "hello_delay", READ_TIME32, SIM(hello_delay_ms), 0, 3600000 },
    { "guilds_per_s", READ_U32, SIM(guilds_per_s), 1, 1000000 },
    { "max_guilds_per_shard", READ_U32, SIM(max_guilds_per_shard), 1, WORLD_GUILDS_MAX },
    { "large_bot", READ_U32, SIM(large_bot_guilds), 1, WORLD_GUILDS_MAX },
    { "shard_multiple", READ_U32, SIM(shard_multiple), 1, LIMIT_SHARDS },
    { "charge_on_receipt", READ_BOOL, SIM(charge_on_receipt) },
    { "intents", READ_U32, SIM(allowed_intents), 0, UINT32_MAX },
    { "session_ttl", READ_TIME32, SIM(session_ttl_ms), 1000, 24 * 3600000 },
    { "session_buffer", READ_U32, SIM(session_buffer), 1, 10000000 },
    { "trim_acked", READ_BOOL, SIM(trim_acked) },
    { "message_limit", READ_U32, ROUTES(message_limit), 0, UINT32_MAX },
    { "global_limit", READ_U32, ROUTES(global_limit), 0, UINT32_MAX },
    { NULL },
};

/* ---- Reading ------------------------------------------------------------------------
 */

static int read_begin(const struct reader *r, const struct node *v, enum begin *out)
{
    static const char *const words[] = { "all ready", "first ready", "at once" };

    for (size_t i = 0; v->kind == TREE_VALUE && i < 3; i++)
        if (strcmp(v->text, words[i]) == 0) {
            *out = (enum begin)i;
            return 0;
        }
    return read_refuse(r, v->line,
                       "begin takes `all ready`, `first ready` or `at once`%s%.40s%s",
                       v->kind == TREE_VALUE ? ", not '" : "",
                       v->kind == TREE_VALUE ? v->text : "",
                       v->kind == TREE_VALUE ? "'" : "");
}

/* A simulator where nobody is, to ask about faults. */
static int make_judge(const struct reader *r, struct sim **out)
{
    struct sim_config config;

    sim_config_default(&config);
    config.guilds = 1;
    config.members = 2;
    return sim_new(&config, 0, 0, out, r->error);
}

static int read_faults(const struct reader *r, const struct node *v, uint64_t guilds,
                       struct scenario *s)
{
    struct sim *judge = NULL;
    int err = read_expect_kind(r, v, TREE_LIST, "`- {at: 2m, do: reset}`");

    if (!err && v->n > SCENARIO_FAULTS_MAX)
        err = read_refuse(r, v->line, "there are at most %d lines of faults",
                          SCENARIO_FAULTS_MAX);
    if (err)
        return err;
    s->faults = calloc(v->n + 1, sizeof *s->faults);
    if (!s->faults)
        return error_set(r->error, CORDAGE_ENOMEM, "%s",
                         cordage_strerror(CORDAGE_ENOMEM));
    err = make_judge(r, &judge);
    for (const struct node *n = v->first; n && !err; n = n->next) {
        struct fault_line *f = &s->faults[s->n_faults++];

        err = fault_read(r, n, judge, guilds, f);
        if (!err)
            err = when_check_end(r, f, s->duration);
    }
    sim_free(judge);
    return err;
}

/* The top of the file. */
struct top {
    const char *title;
    uint64_t seed, duration, settle, begin_within;
    const struct node *begin, *world, *limits, *traffic, *faults, *expect;
};

static int read_top(const struct reader *r, const struct node *tree, struct top *out)
{
    static const struct read_key keys[] = {
        { "title", READ_TEXT, offsetof(struct top, title) },
        { "seed", READ_U64, offsetof(struct top, seed), 0, 0x1p64 },
        { "duration", READ_TIME, offsetof(struct top, duration), 1000 },
        { "settle", READ_TIME, offsetof(struct top, settle), 0, 3600000 },
        { "begin", READ_NODE, offsetof(struct top, begin) },
        { "begin_within", READ_TIME, offsetof(struct top, begin_within), 1000 },
        { "world", READ_NODE, offsetof(struct top, world) },
        { "limits", READ_NODE, offsetof(struct top, limits) },
        { "traffic", READ_NODE, offsetof(struct top, traffic) },
        { "faults", READ_NODE, offsetof(struct top, faults) },
        { "expect", READ_NODE, offsetof(struct top, expect) },
        { NULL },
    };
    int err;

    *out = (struct top){ .seed = 1, .settle = 10000, .begin_within = 10 * 60000 };
    err = read_map(r, "a scenario", tree, keys, out);
    if (err)
        return err;
    if (!out->duration)
        return read_refuse(r, 1, "a scenario says how long it lasts: `duration: 10m`");
    if (!out->expect || out->expect->n == 0)
        return read_refuse(r, out->expect ? out->expect->line : 1,
                           "a scenario says what it expects: `expect:` and below it "
                           "`lost_messages: 0`");
    return 0;
}

/* Unless the file says how many there are, the command line does. */
static uint64_t guilds_of(const struct scenario *s, const struct settings *settings)
{
    return s->world && tree_get(s->world, "guilds") ? settings->sim.guilds : UINT64_MAX;
}

static int read_all(const struct reader *r, struct scenario *s)
{
    struct settings settings = { 0 };
    struct top top;
    int err = read_top(r, s->tree, &top);

    if (err)
        return err;
    s->title = top.title ? top.title : s->name;
    s->seed = top.seed;
    s->duration = top.duration;
    s->settle = top.settle;
    s->begin_within = top.begin_within;
    s->world = top.world;
    s->limits = top.limits;
    err = top.begin ? read_begin(r, top.begin, &s->begin) : 0;
    if (!err)
        err = read_map(r, "world", s->world, world_keys, &settings);
    if (!err)
        err = read_map(r, "limits", s->limits, limit_keys, &settings);
    if (!err)
        err = traffic_read(r, top.traffic, s->duration, &s->traffic);
    if (!err && top.faults)
        err = read_faults(r, top.faults, guilds_of(s, &settings), s);
    if (!err)
        err = expectations_read(r, top.expect, &s->expect);
    return err;
}

int scenario_read(const char *name, struct str text, struct scenario **out,
                  cordage_error *error)
{
    struct reader r = { name, error };
    struct scenario *s = mem_zero(sizeof *s);
    int err = CORDAGE_ENOMEM;

    *out = NULL;
    if (s)
        s->name = mem_copy(name, strlen(name));
    if (!s || !s->name)
        error_set(error, err, "%s", cordage_strerror(err));
    else
        err = tree_read(name, text, &s->tree, error);
    if (!err)
        err = read_all(&r, s);
    if (err)
        scenario_free(s);
    else
        *out = s;
    return err;
}

void scenario_free(struct scenario *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->n_faults; i++)
        fault_release(&s->faults[i]);
    free(s->faults);
    traffic_release(&s->traffic);
    tree_free(s->tree);
    free(s->name);
    free(s);
}

/* ---- Views --------------------------------------------------------------------------
 */

const char *scenario_title(const struct scenario *s)
{
    return s->title;
}

void scenario_seed(struct scenario *s, uint64_t seed)
{
    s->seed = seed;
}

uint64_t scenario_duration(const struct scenario *s)
{
    return s->duration;
}

bool scenario_wants_log(const struct scenario *s)
{
    for (size_t i = 0; i < s->expect.n; i++)
        if (s->expect.list[i].kind <= EXPECT_SEEN)
            return true;
    return false;
}

void scenario_configure(const struct scenario *s, struct sim_config *sim,
                        struct routes_config *routes)
{
    struct settings settings = { *sim, *routes };
    cordage_error error;
    struct reader r = { s->name, &error };

    /* Both were read before, without a mistake. */
    (void)read_map(&r, "world", s->world, world_keys, &settings);
    (void)read_map(&r, "limits", s->limits, limit_keys, &settings);
    *sim = settings.sim;
    *routes = settings.routes;
    sim->seed = s->seed;
    sim->traffic = 0; /* until it begins */
}
