/* A member's standing, out of the cache that a GUILD_CREATE filled. */
#include "cache.h"
#include "permissions.h"

#include <inttypes.h>
#include <stdlib.h>

#include "json.h"
#include "permission_world.h"
#include "test.h"

/* Between the timeouts that are over (2020) and those that are not (2100). */
#define NOW_MS UINT64_C(1790000000000)

struct rig {
    struct cache *cache;
    struct cache_slice *slice;
    struct json_parser *parser;
    struct buf text;
    uint64_t *clock;
};

static uint64_t seconds(void *user)
{
    return *(uint64_t *)user;
}

static struct rig rig_with(cordage_kind kind, cordage_policy policy)
{
    cordage_policy policies[CORDAGE_N_KINDS];
    struct rig r = { .parser = json_parser_new(), .clock = calloc(1, sizeof *r.clock) };

    for (unsigned i = 0; i < CORDAGE_N_KINDS; i++)
        policies[i] = i == kind ? policy : CORDAGE_FOREVER;
    CHECK_INT(cache_new(policies, seconds, r.clock, &r.cache), 0);
    CHECK_INT(cache_slice_new(r.cache, 0, 1, &r.slice), 0);
    return r;
}

static struct rig rig(void)
{
    return rig_with(CORDAGE_N_KINDS, CORDAGE_FOREVER);
}

static void rig_release(struct rig *r)
{
    cache_slice_free(r->slice);
    cache_free(r->cache);
    json_parser_free(r->parser);
    buf_release(&r->text);
    free(r->clock);
}

static void apply(struct rig *r, cordage_event_type type, const char *d)
{
    struct cache_change change = { NULL };
    cordage_json json;

    if (d) {
        buf_clear(&r->text);
        CHECK_INT(buf_append_z(&r->text, d), 0);
    }
    CHECK_INT(json_parse(r->parser, buf_str(&r->text), &json), 0);
    CHECK_INT(cache_apply(r->slice, type, json, BOT, &change), 0);
}

/* ---- A world as Discord sends it ----------------------------------------------------
 */

static void put_overwrites(struct buf *b, const struct world *w)
{
    buf_append_z(b, "\"permission_overwrites\":[");
    for (unsigned i = 0; i < w->n_overwrites; i++)
        buf_printf(b,
                   "%s{\"id\":\"%" PRIu64 "\",\"type\":%d,\"allow\":\"%" PRIu64
                   "\",\"deny\":\"%" PRIu64 "\"}",
                   i ? "," : "", w->overwrites[i].id, w->overwrites[i].of_member,
                   w->overwrites[i].allow, w->overwrites[i].deny);
    buf_append_z(b, "]");
}

static void put_channels(struct buf *b, const struct world *w)
{
    bool thread = world_has_thread(w);

    buf_printf(b, "\"channels\":[{\"id\":\"%d\",\"type\":%d,", thread ? PARENT : CHANNEL,
               thread ? 0 : w->type);
    put_overwrites(b, w);
    buf_append_z(b, "}],\"threads\":[");
    if (thread)
        buf_printf(b,
                   "{\"id\":\"%d\",\"type\":%d,\"parent_id\":\"%d\",\"thread_metadata\":"
                   "{\"archived\":false}%s}",
                   CHANNEL, w->type, PARENT,
                   w->in_thread && w->user == BOT ? ",\"member\":{\"flags\":0}" : "");
    buf_append_z(b, "]");
}

static void put_people(struct buf *b, const struct world *w)
{
    bool first = true;

    buf_append_z(b, "\"roles\":[");
    for (unsigned i = 0; i < w->n_roles; i++)
        buf_printf(b,
                   "%s{\"id\":\"%" PRIu64 "\",\"name\":\"r\",\"permissions\":\"%" PRIu64
                   "\",\"position\":%" PRId64 "}",
                   i ? "," : "", w->roles[i].id, w->roles[i].permissions,
                   w->roles[i].position);
    buf_printf(b, "],\"members\":[{\"user\":{\"id\":\"%" PRIu64 "\"},\"roles\":[",
               w->user);
    for (unsigned i = 1; i < w->n_roles; i++)
        if (w->roles[i].held) {
            buf_printf(b, "%s\"%" PRIu64 "\"", first ? "" : ",", w->roles[i].id);
            first = false;
        }
    buf_printf(b,
               "],\"communication_disabled_until\":\"%s-01-01T00:00:00.000000+00:00\"}]",
               w->timed_out ? "2100" : "2020");
}

static void enter_world(struct rig *r, const struct world *w)
{
    buf_clear(&r->text);
    buf_printf(&r->text, "{\"id\":\"%d\",\"owner_id\":\"%d\",", GUILD, OWNER);
    put_channels(&r->text, w);
    buf_append_z(&r->text, ",");
    put_people(&r->text, w);
    CHECK_INT(buf_append_z(&r->text, "}"), 0);
    apply(r, CORDAGE_EVENT_GUILD_CREATE, NULL);
}

TEST(the_cache_gives_what_a_plain_count_gives)
{
    struct rng rng = rng_seeded(7);
    struct rig r = rig();

    for (unsigned i = 0; i < 3000; i++) {
        struct world w = world_random(&rng);
        struct cache_standing s;
        uint64_t got, want = compute_channel_permissions(&w);

        enter_world(&r, &w);
        CHECK_INT(cache_standing(r.cache, GUILD, w.user, CHANNEL, &s), 0);
        CHECK_INT(s.bot_in_thread, w.user == BOT && w.in_thread && world_has_thread(&w));
        s.member_of_thread = w.in_thread;
        got = permissions_of(&s, NOW_MS);
        if (got != want)
            fail_msg("world %u, type %d: %#" PRIx64 ", want %#" PRIx64, i, w.type, got,
                     want);
    }
    rig_release(&r);
}

/* ---- What is missing ------------------------------------------------------------------
 */

/* The owner, a member with the role 101 below 102, one who has both, one who has none. */
static const char guild[] =
    "{\"id\":\"1000\",\"owner_id\":\"1\",\"roles\":["
    "{\"id\":\"1000\",\"permissions\":\"1024\",\"position\":0},"
    "{\"id\":\"101\",\"permissions\":\"2\",\"position\":1},"
    "{\"id\":\"102\",\"permissions\":\"4\",\"position\":2}],"
    "\"channels\":[{\"id\":\"2000\",\"type\":0}],"
    "\"threads\":[{\"id\":\"2001\",\"type\":11,\"parent_id\":\"2000\"},"
    "{\"id\":\"2002\",\"type\":11,\"parent_id\":\"2009\"}],"
    "\"members\":[{\"user\":{\"id\":\"2\"},\"roles\":[\"101\"]},"
    "{\"user\":{\"id\":\"3\"},\"roles\":[\"102\",\"101\"]},"
    "{\"user\":{\"id\":\"4\"},\"roles\":[]},"
    "{\"user\":{\"id\":\"5\"},\"roles\":[\"109\",\"101\"]}]}";

static void expect_missing(struct rig *r, cordage_id user, cordage_id channel,
                           enum standing_missing what, cordage_id id)
{
    struct cache_standing s;

    CHECK_INT(cache_standing(r->cache, GUILD, user, channel, &s), CORDAGE_ENOTFOUND);
    CHECK_INT(s.missing, what);
    CHECK_INT(s.missing_id, id);
}

TEST(what_is_not_cached_is_named)
{
    struct rig r = rig();

    expect_missing(&r, 2, 0, MISSING_GUILD, GUILD);
    apply(&r, CORDAGE_EVENT_GUILD_CREATE, "{\"id\":\"1000\",\"unavailable\":true}");
    expect_missing(&r, 2, 0, MISSING_GUILD, GUILD);
    apply(&r, CORDAGE_EVENT_GUILD_CREATE, guild);
    expect_missing(&r, 77, 0, MISSING_MEMBER, 77);
    expect_missing(&r, 2, 2009, MISSING_CHANNEL, 2009);
    expect_missing(&r, 2, 2002, MISSING_PARENT, 2009);
    expect_missing(&r, 1, 2009, MISSING_CHANNEL, 2009); /* the owner's too */
    rig_release(&r);
}

TEST(without_roles_nobody_can_say)
{
    struct rig r = rig_with(CORDAGE_KIND_ROLES, CORDAGE_NEVER);

    apply(&r, CORDAGE_EVENT_GUILD_CREATE, guild);
    expect_missing(&r, 2, 0, MISSING_EVERYONE, GUILD);
    rig_release(&r);
}

TEST(a_role_that_is_gone_gives_nothing_where_all_are_kept)
{
    struct rig r = rig();
    struct cache_standing s;

    apply(&r, CORDAGE_EVENT_GUILD_CREATE, guild);
    CHECK_INT(cache_standing(r.cache, GUILD, 5, 0, &s), 0);
    CHECK_INT(s.roles, 2);
    rig_release(&r);
    r = rig_with(CORDAGE_KIND_ROLES, CORDAGE_LRU(100));
    apply(&r, CORDAGE_EVENT_GUILD_CREATE, guild);
    expect_missing(&r, 5, 0, MISSING_ROLE, 109);
    rig_release(&r);
}

TEST(the_owner_needs_no_member)
{
    struct rig r = rig();
    struct cache_standing s;

    apply(&r, CORDAGE_EVENT_GUILD_CREATE, guild);
    CHECK_INT(cache_standing(r.cache, GUILD, OWNER, 2001, &s), 0);
    CHECK(permissions_of(&s, NOW_MS) == CORDAGE_PERMISSIONS_ALL);
    rig_release(&r);
}

TEST(the_highest_role_is_the_one_that_ranks)
{
    struct rig r = rig();
    struct cache_standing low, high, none;
    struct standing_rank role;

    apply(&r, CORDAGE_EVENT_GUILD_CREATE, guild);
    CHECK_INT(cache_standing(r.cache, GUILD, 2, 0, &low), 0);
    CHECK_INT(cache_standing(r.cache, GUILD, 3, 0, &high), 0);
    CHECK_INT(cache_standing(r.cache, GUILD, 4, 0, &none), 0);
    CHECK_INT(low.top.role_id, 101);
    CHECK_INT(high.top.role_id, 102);
    CHECK_INT(none.top.role_id, GUILD);
    CHECK(permissions_outrank(&high, &low));
    CHECK(!permissions_outrank(&none, &low));
    CHECK_INT(cache_role_rank(r.cache, GUILD, 101, &role), 0);
    CHECK(permissions_outrank_role(&high, role));
    CHECK(!permissions_outrank_role(&low, role));
    CHECK_INT(cache_role_rank(r.cache, GUILD, 109, &role), CORDAGE_ENOTFOUND);
    CHECK_INT(cache_role_rank(r.cache, 9, 109, &role), CORDAGE_ENOTFOUND);
    rig_release(&r);
}

/* ---- The bot's own ------------------------------------------------------------------
 */

static void one_more_member(struct rig *r, cordage_id id)
{
    char d[128];

    snprintf(d, sizeof d,
             "{\"guild_id\":\"1000\",\"user\":{\"id\":\"%" PRIu64 "\"},\"roles\":[]}",
             id);
    apply(r, CORDAGE_EVENT_GUILD_MEMBER_ADD, d);
}

TEST(the_bots_own_member_is_always_there)
{
    struct rig r = rig_with(CORDAGE_KIND_MEMBERS, CORDAGE_LRU(2));
    struct cache_standing s;

    apply(&r, CORDAGE_EVENT_GUILD_CREATE, guild);
    for (cordage_id id = 50; id < 60; id++)
        one_more_member(&r, id);
    CHECK_INT(cache_standing(r.cache, GUILD, BOT, 0, &s), 0);
    CHECK_INT(s.roles, 2);
    expect_missing(&r, 50, 0, MISSING_MEMBER, 50);
    CHECK_INT(cache_standing(r.cache, GUILD, 59, 0, &s), 0);
    CHECK_INT(cache_guild_count(r.cache, CORDAGE_KIND_MEMBERS, GUILD), 3);
    rig_release(&r);
}

TEST(it_does_not_grow_old)
{
    struct rig r = rig_with(CORDAGE_KIND_MEMBERS, CORDAGE_TTL(10));
    struct cache_standing s;

    apply(&r, CORDAGE_EVENT_GUILD_CREATE, guild);
    *r.clock = 100;
    expect_missing(&r, 3, 0, MISSING_MEMBER, 3);
    CHECK_INT(cache_standing(r.cache, GUILD, BOT, 0, &s), 0);
    cache_expire(r.cache, 100);
    CHECK_INT(cache_standing(r.cache, GUILD, BOT, 0, &s), 0);
    CHECK_INT(cache_guild_count(r.cache, CORDAGE_KIND_MEMBERS, GUILD), 1);
    rig_release(&r);
}

RUN_TESTS(T(the_cache_gives_what_a_plain_count_gives), T(what_is_not_cached_is_named),
          T(without_roles_nobody_can_say),
          T(a_role_that_is_gone_gives_nothing_where_all_are_kept),
          T(the_owner_needs_no_member), T(the_highest_role_is_the_one_that_ranks),
          T(the_bots_own_member_is_always_there), T(it_does_not_grow_old))
