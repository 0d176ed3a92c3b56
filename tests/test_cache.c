/* The cache as a whole: guilds come, are read, are replaced, go. What each event does is
 * in test_cache_apply.c. */
#include "cache_rig.h"
#include "guild_payload.h"
#include "json_same.h"
#include "objects.h"

/* Guild 1: two channels, a thread, two members, of whom one is in a voice channel. */
#define GUILD                                                                            \
    "{'id':'1','name':'Harbour','owner_id':'7','member_count':2,'unavailable':false,"    \
    "'joined_at':'2026-01-02T03:04:05.000000+00:00','large':false,"                      \
    "'roles':[{'id':'1','name':'@everyone','permissions':'1024'}],"                      \
    "'emojis':[{'id':'41','name':'anchor','roles':[]}],'stickers':[],"                   \
    "'channels':[{'id':'12','type':2,'name':'Deck'},{'id':'11','type':0,'name':'quay'}]" \
    ","                                                                                  \
    "'threads':[{'id':'21','type':11,'parent_id':'11','name':'ropes'}],"                 \
    "'members':[{'user':{'id':'7','username':'ada'},'roles':[],'nick':'captain'},"       \
    "{'user':{'id':'8','username':'bob'},'roles':[]}],"                                  \
    "'presences':[{'user':{'id':'7'},'status':'idle'}],"                                 \
    "'voice_states':[{'user_id':'8','channel_id':'12','session_id':'x'}],"               \
    "'stage_instances':[],'guild_scheduled_events':[],"                                  \
    "'soundboard_sounds':[{'sound_id':'61','guild_id':'1','name':'horn','volume':1}]}"

static struct rig rig_with_guild(void)
{
    struct rig r = rig_new(NULL);

    rig_event(&r, CORDAGE_EVENT_GUILD_CREATE, GUILD);
    return r;
}

TEST(an_empty_cache_has_nothing)
{
    struct rig r = rig_new(NULL);
    struct buf out = { 0 };
    size_t bytes[2];

    CHECK(cache_is_on(r.cache));
    rig_expect(&r, CORDAGE_KIND_GUILDS, 0, 1, NULL);
    rig_expect(&r, CORDAGE_KIND_CHANNELS, 1, 11, NULL);
    rig_expect(&r, CORDAGE_KIND_USERS, 0, 7, NULL);
    rig_expect(&r, (cordage_kind)CORDAGE_N_KINDS, 0, 7, NULL);
    rig_ids(&r, CORDAGE_KIND_GUILDS, 0, "");
    rig_ids(&r, CORDAGE_KIND_USERS, 0, "");
    CHECK_INT(cache_ids(r.cache, CORDAGE_KIND_ROLES, 1, &out), CORDAGE_ENOTFOUND);
    CHECK_INT(cache_write_guild(r.cache, 1, &out), CORDAGE_ENOTFOUND);
    CHECK_INT(cache_guild_count(r.cache, CORDAGE_KIND_ROLES, 1), 0);
    CHECK(!cache_guild_is_unavailable(r.cache, 1));
    cache_bytes(r.cache, bytes);
    CHECK_INT(bytes[0] + bytes[1], 0);
    CHECK_INT(out.n, 0);
    buf_release(&out);
    rig_free(&r);
}

TEST(each_object_of_a_guild_is_read_with_its_ids)
{
    struct rig r = rig_with_guild();

    rig_expect(&r, CORDAGE_KIND_GUILDS, 0, 1,
               "{'id':'1','name':'Harbour','owner_id':'7','member_count':2,"
               "'joined_at':'2026-01-02T03:04:05.000000+00:00','large':false}");
    rig_expect(&r, CORDAGE_KIND_CHANNELS, 1, 11,
               "{'id':'11','guild_id':'1','type':0,'name':'quay'}");
    rig_expect(&r, CORDAGE_KIND_THREADS, 1, 21,
               "{'id':'21','guild_id':'1','type':11,'parent_id':'11','name':'ropes'}");
    rig_expect(&r, CORDAGE_KIND_ROLES, 1, 1,
               "{'id':'1','guild_id':'1','name':'@everyone','permissions':'1024'}");
    rig_expect(&r, CORDAGE_KIND_MEMBERS, 1, 7,
               "{'user':{'id':'7','username':'ada'},'guild_id':'1','roles':[],"
               "'nick':'captain'}");
    rig_expect(&r, CORDAGE_KIND_PRESENCES, 1, 7,
               "{'user':{'id':'7','username':'ada'},'guild_id':'1','status':'idle'}");
    rig_expect(&r, CORDAGE_KIND_VOICE_STATES, 1, 8,
               "{'user_id':'8','guild_id':'1','channel_id':'12','session_id':'x'}");
    rig_expect(&r, CORDAGE_KIND_SOUNDS, 1, 61,
               "{'sound_id':'61','guild_id':'1','name':'horn','volume':1}");
    rig_expect(&r, CORDAGE_KIND_USERS, 0, 8, "{'id':'8','username':'bob'}");
    /* Only where it belongs. */
    rig_expect(&r, CORDAGE_KIND_CHANNELS, 1, 21, NULL);
    rig_expect(&r, CORDAGE_KIND_CHANNELS, 2, 11, NULL);
    rig_free(&r);
}

TEST(ids_come_in_order_and_are_counted)
{
    struct rig r = rig_with_guild();

    rig_event(&r, CORDAGE_EVENT_GUILD_CREATE,
              "{'id':'3','channels':[{'id':'31'}],'members':[{'user':{'id':'7'}}]}");
    rig_event(&r, CORDAGE_EVENT_GUILD_CREATE, "{'id':'2'}");
    rig_ids(&r, CORDAGE_KIND_GUILDS, 0, "1 2 3");
    rig_ids(&r, CORDAGE_KIND_CHANNELS, 1, "11 12");
    rig_ids(&r, CORDAGE_KIND_MEMBERS, 1, "7 8");
    rig_ids(&r, CORDAGE_KIND_CHANNELS, 2, "");
    rig_ids(&r, CORDAGE_KIND_USERS, 0, "7 8");
    CHECK_INT(cache_count(r.cache, CORDAGE_KIND_GUILDS), 3);
    CHECK_INT(cache_count(r.cache, CORDAGE_KIND_CHANNELS), 3);
    CHECK_INT(cache_count(r.cache, CORDAGE_KIND_MEMBERS), 3);
    CHECK_INT(cache_count(r.cache, CORDAGE_KIND_USERS), 2);
    rig_free(&r);
}

TEST(a_guild_is_given_back_as_it_came)
{
    struct rig r = rig_with_guild();
    struct buf out = { 0 };

    CHECK_INT(cache_write_guild(r.cache, 1, &out), 0);
    /* The lists are in the order of ids; a list that came empty is there. */
    rig_same(
        buf_str(&out),
        "{'id':'1','name':'Harbour','owner_id':'7','member_count':2,"
        "'unavailable':false,"
        "'joined_at':'2026-01-02T03:04:05.000000+00:00','large':false,"
        "'roles':[{'id':'1','name':'@everyone','permissions':'1024'}],"
        "'emojis':[{'id':'41','name':'anchor','roles':[]}],'stickers':[],"
        "'channels':[{'id':'11','type':0,'name':'quay'},"
        "{'id':'12','type':2,'name':'Deck'}],"
        "'threads':[{'id':'21','type':11,'parent_id':'11','name':'ropes'}],"
        "'members':[{'user':{'id':'7','username':'ada'},'roles':[],'nick':'captain'},"
        "{'user':{'id':'8','username':'bob'},'roles':[]}],"
        "'presences':[{'user':{'id':'7'},'status':'idle'}],"
        "'voice_states':[{'user_id':'8','channel_id':'12','session_id':'x'}],"
        "'stage_instances':[],'guild_scheduled_events':[],"
        "'soundboard_sounds':[{'sound_id':'61','guild_id':'1','name':'horn',"
        "'volume':1}]}");
    buf_release(&out);
    rig_free(&r);
}

TEST(a_second_guild_create_replaces_everything)
{
    struct rig r = rig_with_guild();

    rig_event(&r, CORDAGE_EVENT_GUILD_CREATE,
              "{'id':'1','name':'Port','member_count':1,"
              "'channels':[{'id':'11','type':0,'name':'pier'},{'id':'13','type':4}],"
              "'members':[{'user':{'id':'8','username':'bob'},'roles':['1']}]}");
    rig_expect(&r, CORDAGE_KIND_GUILDS, 0, 1,
               "{'id':'1','name':'Port','member_count':1}");
    rig_ids(&r, CORDAGE_KIND_CHANNELS, 1, "11 13");
    rig_ids(&r, CORDAGE_KIND_THREADS, 1, "");
    rig_ids(&r, CORDAGE_KIND_ROLES, 1, "");
    rig_ids(&r, CORDAGE_KIND_VOICE_STATES, 1, "");
    rig_ids(&r, CORDAGE_KIND_MEMBERS, 1, "8");
    rig_expect(&r, CORDAGE_KIND_CHANNELS, 1, 11,
               "{'id':'11','guild_id':'1','type':0,'name':'pier'}");
    /* Nobody refers to ada any more. */
    rig_ids(&r, CORDAGE_KIND_USERS, 0, "8");
    CHECK_INT(cache_count(r.cache, CORDAGE_KIND_ROLES), 0);
    rig_free(&r);
}

TEST(of_two_objects_with_one_id_the_last_counts_and_what_has_none_is_passed_over)
{
    struct rig r = rig_new(NULL);

    rig_event(&r, CORDAGE_EVENT_GUILD_CREATE,
              "{'id':'1','channels':[{'id':'5','name':'a'},{'name':'b'},7,null,"
              "{'id':'4'},{'id':'5','name':'c'}],'roles':{'id':'1'},'members':[{}]}");
    rig_ids(&r, CORDAGE_KIND_CHANNELS, 1, "4 5");
    rig_expect(&r, CORDAGE_KIND_CHANNELS, 1, 5, "{'id':'5','guild_id':'1','name':'c'}");
    rig_free(&r);
}

TEST(an_outage_keeps_what_there_was)
{
    struct rig r = rig_with_guild();
    struct buf out = { 0 };

    rig_event(&r, CORDAGE_EVENT_GUILD_DELETE, "{'id':'1','unavailable':true}");
    CHECK(cache_guild_is_unavailable(r.cache, 1));
    rig_ids(&r, CORDAGE_KIND_CHANNELS, 1, "11 12");
    rig_event(&r, CORDAGE_EVENT_GUILD_CREATE, "{'id':'1','unavailable':true}");
    rig_ids(&r, CORDAGE_KIND_CHANNELS, 1, "11 12");
    rig_expect(&r, CORDAGE_KIND_GUILDS, 0, 1,
               "{'id':'1','name':'Harbour','owner_id':'7','member_count':2,"
               "'joined_at':'2026-01-02T03:04:05.000000+00:00','large':false,"
               "'unavailable':true}");
    rig_event(&r, CORDAGE_EVENT_GUILD_CREATE, "{'id':'1'}");
    CHECK(!cache_guild_is_unavailable(r.cache, 1));
    rig_ids(&r, CORDAGE_KIND_CHANNELS, 1, "");

    /* One that was never there: just the mark, and events leave nothing in it. */
    rig_event(&r, CORDAGE_EVENT_GUILD_DELETE, "{'id':'2','unavailable':true}");
    rig_event(&r, CORDAGE_EVENT_CHANNEL_CREATE, "{'id':'9','guild_id':'2','type':0}");
    CHECK(cache_guild_is_unavailable(r.cache, 2));
    rig_expect(&r, CORDAGE_KIND_GUILDS, 0, 2, "{'id':'2','unavailable':true}");
    rig_expect(&r, CORDAGE_KIND_CHANNELS, 2, 9, NULL);
    CHECK_INT(cache_write_guild(r.cache, 2, &out), 0);
    rig_same(buf_str(&out), "{'id':'2','unavailable':true}");
    buf_release(&out);
    rig_free(&r);
}

TEST(a_guild_that_is_left_takes_everything_with_it)
{
    struct rig r = rig_with_guild();

    rig_event(&r, CORDAGE_EVENT_GUILD_CREATE,
              "{'id':'2','members':[{'user':{'id':'8','username':'bob'}}]}");
    rig_event(&r, CORDAGE_EVENT_GUILD_DELETE, "{'id':'1'}");
    rig_old(&r, "{'id':'1','name':'Harbour','owner_id':'7','member_count':2,"
                "'joined_at':'2026-01-02T03:04:05.000000+00:00','large':false}");
    rig_ids(&r, CORDAGE_KIND_GUILDS, 0, "2");
    rig_ids(&r, CORDAGE_KIND_USERS, 0, "8"); /* who is in the other guild, too */
    rig_event(&r, CORDAGE_EVENT_GUILD_DELETE, "{'id':'2'}");
    rig_ids(&r, CORDAGE_KIND_USERS, 0, "");
    for (unsigned kind = 0; kind < CORDAGE_N_KINDS; kind++)
        CHECK_INT(cache_count(r.cache, kind), 0);
    rig_free(&r);
}

TEST(a_new_session_drops_the_shards_guilds_that_it_does_not_list)
{
    struct rig r = rig_with_guild();
    struct cache_slice *other;
    struct buf text = rig_text("{'id':'4','channels':[{'id':'41'}]}");

    CHECK_INT(cache_slice_new(r.cache, 1, 2, &other), 0);
    CHECK_INT(rig_apply(&r, other, CORDAGE_EVENT_GUILD_CREATE, buf_str(&text)), 0);
    rig_event(&r, CORDAGE_EVENT_GUILD_CREATE, "{'id':'2'}");
    rig_event(&r, CORDAGE_EVENT_GUILD_CREATE, "{'id':'3'}");
    rig_event(&r, CORDAGE_EVENT_READY,
              "{'user':{'id':'900','username':'me','email':null},"
              "'guilds':[{'id':'2','unavailable':true},{'id':'5','unavailable':true}]}");
    rig_ids(&r, CORDAGE_KIND_GUILDS, 0, "2 4"); /* 4 is another shard's */
    rig_expect(&r, CORDAGE_KIND_USERS, 0, 900,
               "{'id':'900','username':'me','email':null}");
    /* A READY that makes no sense drops nothing. */
    rig_event(&r, CORDAGE_EVENT_READY, "{'guilds':7}");
    rig_ids(&r, CORDAGE_KIND_GUILDS, 0, "2 4");
    cache_slice_clear(other);
    rig_ids(&r, CORDAGE_KIND_GUILDS, 0, "2");
    cache_slice_free(other);
    buf_release(&text);
    rig_free(&r);
}

TEST(a_slice_takes_its_guilds_with_it)
{
    struct rig r = rig_with_guild();
    struct cache_slice *other;
    struct buf text = rig_text("{'id':'4','channels':[{'id':'41'}]}");

    CHECK_INT(cache_slice_new(r.cache, 1, 2, &other), 0);
    CHECK_INT(rig_apply(&r, other, CORDAGE_EVENT_GUILD_CREATE, buf_str(&text)), 0);
    cache_slice_free(other);
    rig_ids(&r, CORDAGE_KIND_GUILDS, 0, "1");
    /* A guild whose events come from another slice is that one's. */
    CHECK_INT(cache_slice_new(r.cache, 0, 2, &other), 0);
    buf_clear(&text);
    CHECK_INT(buf_append_z(&text, "{\"id\":\"1\"}"), 0);
    CHECK_INT(rig_apply(&r, other, CORDAGE_EVENT_GUILD_CREATE, buf_str(&text)), 0);
    cache_slice_clear(r.slice);
    rig_ids(&r, CORDAGE_KIND_GUILDS, 0, "1");
    cache_slice_free(other);
    rig_ids(&r, CORDAGE_KIND_GUILDS, 0, "");
    buf_release(&text);
    rig_free(&r);
}

/* ---- A guild of real size --------------------------------------------------------- */

static void check_object(struct rig *r, const struct guild_payload *p, cordage_kind kind,
                         unsigned n)
{
    struct json_parser *parser = json_parser_new();
    struct buf got = { 0 }, want = { 0 };
    cordage_id guild = guild_payload_id(p, CORDAGE_KIND_GUILDS, 0);
    cordage_json a, b, id;
    const struct schema *schema = object_schemas[kind];

    CHECK_INT(cache_read(r->cache, kind, guild, guild_payload_id(p, kind, n), &got), 0);
    if (kind == CORDAGE_KIND_GUILDS)
        CHECK_INT(guild_payload_write(p, &want), 0);
    else
        CHECK_INT(guild_payload_object(p, kind, n, 0, &want), 0);
    CHECK_INT(json_parse(r->parser, buf_str(&want), &a), 0);
    CHECK_INT(json_parse(parser, buf_str(&got), &b), 0);
    for (unsigned i = 0; i < schema->n; i++)
        if (!json_same_value(&schema->fields[i], json_get(a, schema->fields[i].key),
                             json_get(b, schema->fields[i].key)))
            fail_msg("%s of %s %u", schema->fields[i].key, schema->name, n);
    CHECK_INT(object_id(kind, b), guild_payload_id(p, kind, n));
    id = json_get(b, "guild_id");
    CHECK_INT(cordage_json_id(id), kind == CORDAGE_KIND_GUILDS ? 0 : guild);
    json_parser_free(parser);
    buf_release(&got);
    buf_release(&want);
}

TEST(every_object_of_a_large_guild_is_there_as_it_came)
{
    struct guild_payload p = GUILD_PAYLOAD_ALL;
    const unsigned n[CORDAGE_N_KINDS] = {
        [CORDAGE_KIND_CHANNELS] = p.channels,
        [CORDAGE_KIND_THREADS] = p.threads,
        [CORDAGE_KIND_ROLES] = p.roles,
        [CORDAGE_KIND_EMOJIS] = p.emojis,
        [CORDAGE_KIND_STICKERS] = p.stickers,
        [CORDAGE_KIND_MEMBERS] = p.members,
        [CORDAGE_KIND_PRESENCES] = p.presences,
        [CORDAGE_KIND_VOICE_STATES] = p.voice_states,
        [CORDAGE_KIND_STAGE_INSTANCES] = p.stage_instances,
        [CORDAGE_KIND_SCHEDULED_EVENTS] = p.scheduled_events,
        [CORDAGE_KIND_SOUNDS] = p.sounds,
    };
    struct rig r = rig_new(NULL);
    struct buf text = { 0 };

    CHECK_INT(guild_payload_write(&p, &text), 0);
    CHECK_INT(rig_apply(&r, r.slice, CORDAGE_EVENT_GUILD_CREATE, buf_str(&text)), 0);
    for (unsigned kind = 0; kind < CORDAGE_N_KINDS; kind++) {
        if (kind != CORDAGE_KIND_GUILDS && kind != CORDAGE_KIND_USERS)
            CHECK_INT(cache_count(r.cache, kind), n[kind]);
        for (unsigned i = 0; i < n[kind]; i++)
            check_object(&r, &p, kind, i);
    }
    check_object(&r, &p, CORDAGE_KIND_GUILDS, 0);
    buf_release(&text);
    rig_free(&r);
}

TEST(a_guild_of_57_kb_takes_at_most_12_kb)
{
    struct guild_payload p = GUILD_PAYLOAD_57K;
    struct rig r = rig_new(NULL);
    struct buf text = { 0 };
    size_t bytes[2];

    CHECK_INT(guild_payload_write(&p, &text), 0);
    CHECK(text.n > 55000 && text.n < 59000);
    CHECK_INT(rig_apply(&r, r.slice, CORDAGE_EVENT_GUILD_CREATE, buf_str(&text)), 0);
    cache_bytes(r.cache, bytes);
    printf("%zu bytes of JSON: %zu for the guild, %zu for its users\n", text.n, bytes[0],
           bytes[1]);
    CHECK(bytes[0] + bytes[1] <= 12 * 1024);
    buf_release(&text);
    rig_free(&r);
}

RUN_TESTS(T(an_empty_cache_has_nothing), T(each_object_of_a_guild_is_read_with_its_ids),
          T(ids_come_in_order_and_are_counted), T(a_guild_is_given_back_as_it_came),
          T(a_second_guild_create_replaces_everything),
          T(of_two_objects_with_one_id_the_last_counts_and_what_has_none_is_passed_over),
          T(an_outage_keeps_what_there_was),
          T(a_guild_that_is_left_takes_everything_with_it),
          T(a_new_session_drops_the_shards_guilds_that_it_does_not_list),
          T(a_slice_takes_its_guilds_with_it),
          T(every_object_of_a_large_guild_is_there_as_it_came),
          T(a_guild_of_57_kb_takes_at_most_12_kb))
