/* What a bot asks of its cache: copies, ids, counts, permissions. */
#include "cordage/cordage.h"

#include <string.h>

#include "cache.h"
#include "client.h"
#include "json.h"
#include "test.h"

struct rig {
    cordage_client *client;
    struct cache_slice *slice;
    struct json_parser *parser;
};

/* The owner (1), the bot (2) with the role 101, a member (3) with 102 above it. The
 * thread 2002 is a private one that the bot is in, 2003 one that it isn't. */
static const char guild[] =
    "{\"id\":\"1000\",\"name\":\"Lighthouse\",\"owner_id\":\"1\",\"member_count\":3,"
    "\"roles\":[{\"id\":\"1000\",\"permissions\":\"1024\",\"position\":0},"
    "{\"id\":\"101\",\"permissions\":\"2\",\"position\":1},"
    "{\"id\":\"102\",\"permissions\":\"4\",\"position\":2}],"
    "\"channels\":[{\"id\":\"2000\",\"type\":0,\"name\":\"general\"},"
    "{\"id\":\"2001\",\"type\":2,\"name\":\"voice\"}],"
    "\"threads\":[{\"id\":\"2002\",\"type\":12,\"name\":\"in\",\"parent_id\":\"2000\","
    "\"member\":{\"flags\":0}},"
    "{\"id\":\"2003\",\"type\":12,\"name\":\"out\",\"parent_id\":\"2000\"}],"
    "\"members\":[{\"user\":{\"id\":\"2\",\"username\":\"bot\"},\"roles\":[\"101\"]},"
    "{\"user\":{\"id\":\"3\",\"username\":\"keeper\"},\"nick\":\"Kit\","
    "\"roles\":[\"102\"]}],"
    "\"voice_states\":[{\"user_id\":\"3\",\"channel_id\":\"2001\",\"self_mute\":true}]}";

static struct rig rig(void)
{
    cordage_options options = CORDAGE_OPTIONS_INIT;
    struct cache_change change = { NULL };
    struct rig r = { .parser = json_parser_new() };
    struct buf text = { 0 };
    cordage_error error;
    cordage_json d;

    options.token = "MQ.made.up";
    options.intents = CORDAGE_INTENT_GUILDS;
    options.state_dir = "";
    if (cordage_client_new(&options, &r.client, &error) < 0)
        fail_msg("%s", error.message);
    r.client->user_id = 2;
    CHECK_INT(cache_slice_new(r.client->cache, 0, 1, &r.slice), 0);
    CHECK_INT(buf_append_z(&text, guild), 0);
    CHECK_INT(json_parse(r.parser, buf_str(&text), &d), 0);
    CHECK_INT(cache_apply(r.slice, CORDAGE_EVENT_GUILD_CREATE, d, 2, &change), 0);
    buf_release(&text);
    return r;
}

static void rig_release(struct rig *r)
{
    cache_slice_free(r->slice);
    cordage_client_free(r->client);
    json_parser_free(r->parser);
}

TEST(a_copy_has_what_the_cache_has)
{
    struct rig r = rig();
    const cordage_guild *g = cordage_cached_guild(r.client, 1000);
    const cordage_channel *channel = cordage_cached_channel(r.client, 1000, 2000);
    const cordage_channel *thread = cordage_cached_thread(r.client, 1000, 2002);
    const cordage_member *member = cordage_cached_member(r.client, 1000, 3);
    const cordage_voice_state *voice = cordage_cached_voice_state(r.client, 1000, 3);
    const cordage_role *role = cordage_cached_role(r.client, 1000, 102);
    const cordage_user *user = cordage_cached_user(r.client, 3);

    CHECK(g && cordage_str_is(g->name, "Lighthouse") && g->owner_id == 1);
    CHECK(channel && cordage_str_is(channel->name, "general"));
    CHECK_INT(channel->guild_id, 1000);
    CHECK(thread && thread->parent_id == 2000 && thread->type == 12);
    CHECK(member && cordage_str_is(member->nick, "Kit") && member->user_id == 3);
    CHECK(cordage_str_is(member->username, "keeper"));
    CHECK(voice && voice->channel_id == 2001 && voice->self_mute);
    CHECK(role && role->permissions == 4 && role->position == 2);
    CHECK(user && cordage_str_is(user->username, "keeper"));
    CHECK(!g->event && !g->old && !member->event && !member->old);
    /* It stays when the cache forgets. */
    cache_slice_clear(r.slice);
    CHECK(!cordage_cached_guild(r.client, 1000));
    CHECK(cordage_str_is(member->nick, "Kit"));
    cordage_unref(g);
    cordage_unref(channel);
    cordage_unref(thread);
    cordage_unref(member);
    cordage_unref(voice);
    cordage_unref(role);
    cordage_unref(user);
    rig_release(&r);
}

TEST(what_is_not_cached_is_null)
{
    struct rig r = rig();

    CHECK(!cordage_cached_guild(r.client, 1001));
    CHECK(!cordage_cached_guild(r.client, 0));
    CHECK(!cordage_cached_channel(r.client, 1000, 2002)); /* a thread is no channel */
    CHECK(!cordage_cached_channel(r.client, 1001, 2000)); /* another guild's */
    CHECK(!cordage_cached_member(r.client, 1000, 4));
    CHECK(!cordage_cached_emoji(r.client, 1000, 1)); /* of a kind that is not kept */
    CHECK(!cordage_cached_whole_guild(r.client, 1001));
    CHECK(!cordage_cached_ids(r.client, CORDAGE_KIND_CHANNELS, 1001));
    CHECK(!cordage_cached_ids(r.client, CORDAGE_N_KINDS, 1000));
    CHECK_INT(cordage_cached_count(r.client, CORDAGE_N_KINDS, 0), 0);
    cordage_unref(NULL);
    rig_release(&r);
}

TEST(a_whole_guild_has_its_lists)
{
    struct rig r = rig();
    const cordage_guild *g = cordage_cached_whole_guild(r.client, 1000);

    assert_non_null(g);
    CHECK_INT(cordage_json_count(g->channels), 2);
    CHECK_INT(cordage_json_count(g->threads), 2);
    CHECK_INT(cordage_json_count(g->roles), 3);
    CHECK_INT(cordage_json_count(g->members), 2);
    CHECK_INT(g->member_count, 3);
    cordage_unref(g);
    rig_release(&r);
}

TEST(ids_and_counts_are_those_of_the_guild_or_of_all)
{
    struct rig r = rig();
    const cordage_ids *ids = cordage_cached_ids(r.client, CORDAGE_KIND_CHANNELS, 1000);
    const cordage_ids *guilds = cordage_cached_ids(r.client, CORDAGE_KIND_GUILDS, 0);
    const cordage_ids *none = cordage_cached_ids(r.client, CORDAGE_KIND_EMOJIS, 1000);

    CHECK(ids && ids->n == 2 && ids->at[0] == 2000 && ids->at[1] == 2001);
    CHECK(guilds && guilds->n == 1 && guilds->at[0] == 1000);
    CHECK(none && none->n == 0);
    CHECK_INT(cordage_cached_count(r.client, CORDAGE_KIND_ROLES, 1000), 3);
    CHECK_INT(cordage_cached_count(r.client, CORDAGE_KIND_GUILDS, 0), 1);
    cordage_unref(ids);
    cordage_unref(guilds);
    cordage_unref(none);
    rig_release(&r);
}

/* ---- Permissions ----------------------------------------------------------------------
 */

static int ask(struct rig *r, cordage_id user, cordage_id channel, uint64_t *out,
               cordage_error *error)
{
    return cordage_permissions(r->client, 1000, user, channel, out, error);
}

TEST(permissions_come_from_the_cache)
{
    struct rig r = rig();
    uint64_t p = 77;

    CHECK_INT(ask(&r, 1, 2000, &p, NULL), 0);
    CHECK(p == CORDAGE_PERMISSIONS_ALL);
    CHECK_INT(ask(&r, 2, 0, &p, NULL), 0);
    CHECK(p == (CORDAGE_PERMISSION_VIEW_CHANNEL | CORDAGE_PERMISSION_KICK_MEMBERS));
    CHECK_INT(ask(&r, 2, 2002, &p, NULL), 0); /* it is in that thread */
    CHECK(p & CORDAGE_PERMISSION_VIEW_CHANNEL);
    CHECK_INT(ask(&r, 2, 2003, &p, NULL), 0);
    CHECK(p == 0);
    rig_release(&r);
}

TEST(what_permissions_lack_is_said)
{
    struct rig r = rig();
    cordage_error error;
    uint64_t p = 77;

    CHECK_INT(ask(&r, 4, 0, &p, &error), CORDAGE_ENOTFOUND);
    CHECK(p == 0 && strstr(error.message, "Member 4 of guild 1000"));
    CHECK_INT(ask(&r, 3, 2009, &p, &error), CORDAGE_ENOTFOUND);
    CHECK(strstr(error.message, "Channel 2009 of guild 1000"));
    /* Who else is in a private thread the cache doesn't know. */
    CHECK_INT(ask(&r, 3, 2002, &p, &error), CORDAGE_ENOTFOUND);
    CHECK(strstr(error.message, "private thread 2002"));
    CHECK_INT(cordage_permissions(r.client, 9, 3, 0, &p, &error), CORDAGE_ENOTFOUND);
    CHECK(strstr(error.message, "Guild 9"));
    CHECK_INT(cordage_permissions(r.client, 0, 3, 0, &p, &error), CORDAGE_EINVAL);
    rig_release(&r);
}

TEST(who_acts_on_whom_comes_from_the_cache)
{
    struct rig r = rig();
    cordage_error error;
    bool can = true;

    CHECK_INT(cordage_can_act_on(r.client, 1000, 2, 3, &can, NULL), 0);
    CHECK(!can);
    CHECK_INT(cordage_can_act_on(r.client, 1000, 3, 2, &can, NULL), 0);
    CHECK(can);
    CHECK_INT(cordage_can_act_on(r.client, 1000, 3, 101, &can, NULL), 0); /* a role */
    CHECK(can);
    CHECK_INT(cordage_can_act_on(r.client, 1000, 3, 102, &can, NULL), 0);
    CHECK(!can);
    CHECK_INT(cordage_can_act_on(r.client, 1000, 3, 1, &can, NULL), 0); /* the owner */
    CHECK(!can);
    CHECK_INT(cordage_can_act_on(r.client, 1000, 3, 4, &can, &error), CORDAGE_ENOTFOUND);
    CHECK(!can && strstr(error.message, "Member 4"));
    CHECK_INT(cordage_can_act_on(r.client, 1000, 3, 0, &can, &error), CORDAGE_EINVAL);
    rig_release(&r);
}

RUN_TESTS(T(a_copy_has_what_the_cache_has), T(what_is_not_cached_is_null),
          T(a_whole_guild_has_its_lists),
          T(ids_and_counts_are_those_of_the_guild_or_of_all),
          T(permissions_come_from_the_cache), T(what_permissions_lack_is_said),
          T(who_acts_on_whom_comes_from_the_cache))
