/* How long a kind is kept: forever, never, the last few, for some seconds. */
#include "cache_rig.h"

#include "lru.h"

static struct rig rig_one(cordage_kind kind, cordage_policy policy)
{
    cordage_policy policies[CORDAGE_N_KINDS] = { { 0 } };

    policies[kind] = policy;
    return rig_new(policies);
}

static void member(struct rig *r, int guild, int user)
{
    struct buf d = { 0 };

    buf_printf(&d, "{'guild_id':'%d','user':{'id':'%d','username':'u%d'},'roles':['%d']}",
               guild, user, user, user);
    CHECK(buf_zero_end(&d) != NULL);
    rig_event(r, CORDAGE_EVENT_GUILD_MEMBER_UPDATE, d.p);
    buf_release(&d);
}

static void guild(struct rig *r, int id)
{
    struct buf d = { 0 };

    buf_printf(&d, "{'id':'%d','name':'g','member_count':1}", id);
    CHECK(buf_zero_end(&d) != NULL);
    rig_event(r, CORDAGE_EVENT_GUILD_CREATE, d.p);
    buf_release(&d);
}

static bool has(struct rig *r, cordage_kind kind, cordage_id guild_id, cordage_id id)
{
    struct buf out = { 0 };
    int err = cache_read(r->cache, kind, guild_id, id, &out);

    buf_release(&out);
    return err == 0;
}

/* ---- Never ------------------------------------------------------------------------ */

TEST(what_is_never_kept_is_not_there)
{
    struct rig r = rig_one(CORDAGE_KIND_CHANNELS, CORDAGE_NEVER);
    struct buf out = { 0 };

    rig_event(&r, CORDAGE_EVENT_GUILD_CREATE,
              "{'id':'1','channels':[{'id':'11'}],'roles':[{'id':'1'}]}");
    rig_event(&r, CORDAGE_EVENT_CHANNEL_CREATE, "{'id':'12','guild_id':'1'}");
    rig_ids(&r, CORDAGE_KIND_CHANNELS, 1, "");
    rig_ids(&r, CORDAGE_KIND_ROLES, 1, "1");
    CHECK_INT(cache_write_guild(r.cache, 1, &out), 0);
    CHECK(str_find(buf_str(&out), STR("\"channels\":[]")) != SIZE_MAX);
    buf_release(&out);
    rig_free(&r);
}

TEST(without_guilds_only_users_are_kept)
{
    struct rig r = rig_one(CORDAGE_KIND_GUILDS, CORDAGE_NEVER);

    rig_event(&r, CORDAGE_EVENT_GUILD_CREATE,
              "{'id':'1','channels':[{'id':'11'}],"
              "'members':[{'user':{'id':'7','username':'ada'}}]}");
    rig_event(&r, CORDAGE_EVENT_GUILD_DELETE, "{'id':'2','unavailable':true}");
    rig_event(&r, CORDAGE_EVENT_CHANNEL_CREATE, "{'id':'12','guild_id':'1'}");
    rig_ids(&r, CORDAGE_KIND_GUILDS, 0, "");
    CHECK(!cache_guild_is_unavailable(r.cache, 2));
    rig_ids(&r, CORDAGE_KIND_USERS, 0, "7");
    rig_free(&r);
}

TEST(without_users_members_have_their_ids)
{
    struct rig r = rig_one(CORDAGE_KIND_USERS, CORDAGE_NEVER);

    guild(&r, 1);
    member(&r, 1, 7);
    rig_expect(&r, CORDAGE_KIND_MEMBERS, 1, 7,
               "{'guild_id':'1','user':{'id':'7'},'roles':['7']}");
    rig_ids(&r, CORDAGE_KIND_USERS, 0, "");
    rig_free(&r);
}

TEST(where_members_are_not_kept_users_stay_and_joins_are_counted)
{
    struct rig r = rig_one(CORDAGE_KIND_MEMBERS, CORDAGE_NEVER);

    guild(&r, 1);
    rig_event(&r, CORDAGE_EVENT_GUILD_MEMBER_ADD,
              "{'guild_id':'1','user':{'id':'7','username':'ada'},'roles':[]}");
    rig_expect(&r, CORDAGE_KIND_GUILDS, 0, 1, "{'id':'1','name':'g','member_count':2}");
    rig_ids(&r, CORDAGE_KIND_USERS, 0, "7");
    rig_free(&r);
}

static void expect_members(struct rig *r, int n)
{
    struct buf want = { 0 };

    buf_printf(&want,
               "{'id':'1','name':'g','joined_at':'2026-01-01T00:00:00+00:00',"
               "'member_count':%d}",
               n);
    CHECK(buf_zero_end(&want) != NULL);
    rig_expect(r, CORDAGE_KIND_GUILDS, 0, 1, want.p);
    buf_release(&want);
}

TEST(who_joined_long_ago_is_not_counted_again)
{
    struct rig r = rig_one(CORDAGE_KIND_MEMBERS, CORDAGE_NEVER);

    rig_event(&r, CORDAGE_EVENT_GUILD_CREATE,
              "{'id':'1','name':'g','joined_at':'2026-01-01T00:00:00+00:00',"
              "'member_count':5}");
    /* Before the bot: one of the five. */
    rig_event(&r, CORDAGE_EVENT_GUILD_MEMBER_ADD,
              "{'guild_id':'1','user':{'id':'7'},"
              "'joined_at':'2025-12-31T23:59:59+00:00'}");
    expect_members(&r, 5);
    /* After it, and nothing says that it isn't now. */
    rig_event(&r, CORDAGE_EVENT_GUILD_MEMBER_ADD,
              "{'guild_id':'1','user':{'id':'8'},"
              "'joined_at':'2026-06-01T00:00:00+00:00'}");
    expect_members(&r, 6);
    /* Two that come at the same time may come the wrong way round. */
    rig_event(&r, CORDAGE_EVENT_GUILD_MEMBER_ADD,
              "{'guild_id':'1','user':{'id':'9'},"
              "'joined_at':'2026-05-31T23:59:58+00:00'}");
    expect_members(&r, 7);
    rig_event(&r, CORDAGE_EVENT_GUILD_MEMBER_ADD,
              "{'guild_id':'1','user':{'id':'10'},"
              "'joined_at':'2026-05-01T00:00:00+00:00'}");
    expect_members(&r, 7);
    /* A message tells the time, too: this one's is 2026-06-24. */
    rig_event(&r, CORDAGE_EVENT_MESSAGE_CREATE,
              "{'id':'1519250000000000000','guild_id':'1','channel_id':'2'}");
    rig_event(&r, CORDAGE_EVENT_GUILD_MEMBER_ADD,
              "{'guild_id':'1','user':{'id':'8'},"
              "'joined_at':'2026-06-01T00:00:00+00:00'}");
    expect_members(&r, 7);
    rig_free(&r);
}

/* ---- The last few ----------------------------------------------------------------- */

TEST(the_last_touched_stay_over_all_guilds)
{
    struct rig r = rig_one(CORDAGE_KIND_MEMBERS, CORDAGE_LRU(3));

    guild(&r, 1);
    guild(&r, 2);
    member(&r, 1, 7);
    member(&r, 1, 8);
    member(&r, 2, 7);
    CHECK_INT(cache_count(r.cache, CORDAGE_KIND_MEMBERS), 3);
    member(&r, 2, 9); /* too many: the oldest goes, though it is another guild's */
    CHECK(!has(&r, CORDAGE_KIND_MEMBERS, 1, 7));
    rig_ids(&r, CORDAGE_KIND_USERS, 0, "7 8 9"); /* 7 is a member of 2 */
    /* A write touches, also one that changes nothing; and so does a read. */
    member(&r, 1, 8);
    CHECK(has(&r, CORDAGE_KIND_MEMBERS, 2, 7));
    member(&r, 2, 10);
    rig_ids(&r, CORDAGE_KIND_MEMBERS, 1, "8");
    rig_ids(&r, CORDAGE_KIND_MEMBERS, 2, "7 10");
    rig_ids(&r, CORDAGE_KIND_USERS, 0, "7 8 10"); /* 9 went with its last member */
    CHECK_INT(cache_count(r.cache, CORDAGE_KIND_MEMBERS), 3);
    /* What goes otherwise makes room. */
    rig_event(&r, CORDAGE_EVENT_GUILD_DELETE, "{'id':'2'}");
    member(&r, 1, 11);
    member(&r, 1, 12);
    rig_ids(&r, CORDAGE_KIND_MEMBERS, 1, "8 11 12");
    rig_free(&r);
}

TEST(a_long_list_leaves_no_more_than_there_may_be)
{
    struct rig r = rig_one(CORDAGE_KIND_MEMBERS, CORDAGE_LRU(5));
    struct buf d = { 0 };

    buf_append_z(&d, "{'id':'1','members':[");
    for (int i = 1; i <= 300; i++)
        buf_printf(&d, "%s{'user':{'id':'%d','username':'u'},'roles':[]}",
                   i > 1 ? "," : "", i);
    buf_append_z(&d, "]}");
    CHECK(buf_zero_end(&d) != NULL);
    for (unsigned i = 0; i < 3; i++) {
        rig_event(&r, CORDAGE_EVENT_GUILD_CREATE, d.p);
        rig_ids(&r, CORDAGE_KIND_MEMBERS, 1, "296 297 298 299 300");
        rig_ids(&r, CORDAGE_KIND_USERS, 0, "296 297 298 299 300");
    }
    buf_release(&d);
    rig_free(&r);
}

TEST(a_user_that_is_too_many_is_still_its_members_id)
{
    struct rig r = rig_one(CORDAGE_KIND_USERS, CORDAGE_LRU(2));

    guild(&r, 1);
    member(&r, 1, 7);
    member(&r, 1, 8);
    member(&r, 1, 9);
    rig_ids(&r, CORDAGE_KIND_USERS, 0, "8 9");
    CHECK_INT(cache_count(r.cache, CORDAGE_KIND_USERS), 2);
    rig_expect(&r, CORDAGE_KIND_MEMBERS, 1, 7,
               "{'guild_id':'1','user':{'id':'7'},'roles':['7']}");
    member(&r, 1, 7); /* and comes back */
    rig_expect(&r, CORDAGE_KIND_USERS, 0, 7, "{'id':'7','username':'u7'}");
    rig_ids(&r, CORDAGE_KIND_USERS, 0, "7 9");
    /* Its reference was counted all the while. */
    rig_event(&r, CORDAGE_EVENT_GUILD_MEMBER_REMOVE,
              "{'guild_id':'1','user':{'id':'7'}}");
    rig_event(&r, CORDAGE_EVENT_GUILD_MEMBER_REMOVE,
              "{'guild_id':'1','user':{'id':'8'}}");
    rig_ids(&r, CORDAGE_KIND_USERS, 0, "9");
    rig_free(&r);
}

TEST(a_guild_that_is_too_many_goes_with_everything)
{
    struct rig r = rig_one(CORDAGE_KIND_GUILDS, CORDAGE_LRU(2));

    for (int i = 1; i <= 3; i++) {
        guild(&r, i);
        member(&r, i, 7 + i);
    }
    rig_ids(&r, CORDAGE_KIND_GUILDS, 0, "2 3");
    CHECK_INT(cache_count(r.cache, CORDAGE_KIND_MEMBERS), 2);
    CHECK_INT(cache_count(r.cache, CORDAGE_KIND_USERS), 2);
    rig_free(&r);
}

/* ---- For some seconds ------------------------------------------------------------- */

TEST(what_is_too_old_is_not_found_and_is_removed_later)
{
    struct rig r = rig_one(CORDAGE_KIND_MEMBERS, CORDAGE_TTL(60));

    *r.seconds = 1000;
    guild(&r, 1);
    member(&r, 1, 7);
    *r.seconds = 1030;
    member(&r, 1, 8);
    CHECK(has(&r, CORDAGE_KIND_MEMBERS, 1, 7)); /* a read doesn't make it younger */
    *r.seconds = 1059;
    CHECK(has(&r, CORDAGE_KIND_MEMBERS, 1, 7));
    *r.seconds = 1060;
    CHECK(!has(&r, CORDAGE_KIND_MEMBERS, 1, 7));
    CHECK(has(&r, CORDAGE_KIND_MEMBERS, 1, 8));
    CHECK_INT(cache_count(r.cache, CORDAGE_KIND_MEMBERS), 2);
    cache_expire(r.cache, 100);
    CHECK_INT(cache_count(r.cache, CORDAGE_KIND_MEMBERS), 1);
    rig_ids(&r, CORDAGE_KIND_USERS, 0, "8");
    rig_free(&r);
}

TEST(what_is_too_old_is_not_merged_with)
{
    struct rig r = rig_one(CORDAGE_KIND_MEMBERS, CORDAGE_TTL(60));

    guild(&r, 1);
    rig_event(&r, CORDAGE_EVENT_GUILD_MEMBER_UPDATE,
              "{'guild_id':'1','user':{'id':'7'},'nick':'old','roles':[]}");
    *r.seconds = 60;
    rig_event(&r, CORDAGE_EVENT_GUILD_MEMBER_UPDATE,
              "{'guild_id':'1','user':{'id':'7'},'roles':['5']}");
    rig_old(&r, NULL);
    rig_expect(&r, CORDAGE_KIND_MEMBERS, 1, 7,
               "{'guild_id':'1','user':{'id':'7'},'roles':['5']}");
    CHECK_INT(cache_count(r.cache, CORDAGE_KIND_MEMBERS), 1);
    rig_free(&r);
}

TEST(expiry_takes_a_few_at_a_time)
{
    struct rig r = rig_one(CORDAGE_KIND_USERS, CORDAGE_TTL(10));

    for (int i = 1; i <= 9; i++) {
        struct buf d = { 0 };

        buf_printf(&d, "{'id':'1','channel_id':'2','author':{'id':'%d'}}", i);
        CHECK(buf_zero_end(&d) != NULL);
        rig_event(&r, CORDAGE_EVENT_MESSAGE_CREATE, d.p);
        buf_release(&d);
    }
    CHECK_INT(cache_count(r.cache, CORDAGE_KIND_USERS), 9);
    *r.seconds = 10;
    rig_ids(&r, CORDAGE_KIND_USERS, 0, "");
    cache_expire(r.cache, 4);
    CHECK_INT(cache_count(r.cache, CORDAGE_KIND_USERS), 5);
    cache_expire(r.cache, 400);
    CHECK_INT(cache_count(r.cache, CORDAGE_KIND_USERS), 0);
    rig_free(&r);
}

TEST(a_guild_that_is_too_old_is_gone_with_everything)
{
    struct rig r = rig_one(CORDAGE_KIND_GUILDS, CORDAGE_TTL(10));

    guild(&r, 1);
    member(&r, 1, 7);
    *r.seconds = 10;
    CHECK(!has(&r, CORDAGE_KIND_GUILDS, 0, 1));
    CHECK(!has(&r, CORDAGE_KIND_MEMBERS, 1, 7));
    rig_ids(&r, CORDAGE_KIND_GUILDS, 0, "");
    member(&r, 1, 8); /* comes too late */
    cache_expire(r.cache, 100);
    CHECK_INT(cache_count(r.cache, CORDAGE_KIND_GUILDS), 0);
    CHECK_INT(cache_count(r.cache, CORDAGE_KIND_MEMBERS), 0);
    rig_free(&r);
}

/* ---- The order itself ------------------------------------------------------------- */

TEST(the_order_of_touches_is_kept_by_the_thousand)
{
    enum { N = 3000, KEEP = 1000 };
    struct lru l;
    struct lru_key key;
    bool full = false;

    lru_init(&l, CORDAGE_LRU(KEEP));
    for (uint64_t i = 1; i <= N; i++)
        CHECK_INT(lru_write(&l, (struct lru_key){ i % 7, i }, i, &full), 0);
    CHECK(full);
    for (uint64_t i = N - 10; i > N - 20; i--) {
        lru_forget(&l, (struct lru_key){ i % 7, i });
        CHECK(!lru_has(&l, (struct lru_key){ i % 7, i }));
    }
    lru_read(&l, (struct lru_key){ 1, 1 });
    for (uint64_t want = 2; lru_pop(&l, 0, &key); want++)
        CHECK_INT(key.id, want);
    CHECK_INT(l.n, KEEP);
    CHECK(lru_has(&l, (struct lru_key){ 1, 1 }));
    CHECK(!lru_has(&l, (struct lru_key){ 2, 1 }));
    CHECK(lru_bytes(&l) > 0);
    lru_release(&l);
}

TEST(what_was_written_after_the_clock_was_read_is_not_old)
{
    const struct lru_key key = { 1, 1 };
    struct lru_key old;
    bool full = false;
    struct lru l;

    lru_init(&l, (cordage_policy){ CORDAGE_KEEP_TTL, 10 });
    CHECK_INT(lru_write(&l, key, 101, &full), 0);
    CHECK(lru_is_fresh(&l, key, 100));
    CHECK(!lru_pop(&l, 100, &old));
    CHECK(lru_is_fresh(&l, key, 110));
    CHECK(lru_pop(&l, 111, &old));
    lru_release(&l);
}

RUN_TESTS(T(what_is_never_kept_is_not_there), T(without_guilds_only_users_are_kept),
          T(without_users_members_have_their_ids),
          T(where_members_are_not_kept_users_stay_and_joins_are_counted),
          T(who_joined_long_ago_is_not_counted_again),
          T(the_last_touched_stay_over_all_guilds),
          T(a_long_list_leaves_no_more_than_there_may_be),
          T(a_user_that_is_too_many_is_still_its_members_id),
          T(a_guild_that_is_too_many_goes_with_everything),
          T(what_is_too_old_is_not_found_and_is_removed_later),
          T(what_is_too_old_is_not_merged_with), T(expiry_takes_a_few_at_a_time),
          T(a_guild_that_is_too_old_is_gone_with_everything),
          T(the_order_of_touches_is_kept_by_the_thousand),
          T(what_was_written_after_the_clock_was_read_is_not_old))
