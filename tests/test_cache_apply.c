/* What each event does to the cache: events in, reads out. */
#include "cache_rig.h"

/* Guild 1 of ada (7) and bob (8), with one of everything. */
#define GUILD                                                                            \
    "{'id':'1','name':'Harbour','owner_id':'7','member_count':2,'large':false,"          \
    "'joined_at':'2026-01-02T03:04:05.000000+00:00','description':null,"                 \
    "'roles':[{'id':'1','name':'@everyone','permissions':'1024'},"                       \
    "{'id':'5','name':'crew','permissions':'8'}],"                                       \
    "'emojis':[{'id':'41','name':'anchor','roles':['5','6']},"                           \
    "{'id':'42','name':'x','roles':[]}],'stickers':[{'id':'45','name':'sail'}],"         \
    "'channels':[{'id':'11','type':0,'name':'quay','last_message_id':'100',"             \
    "'permission_overwrites':[{'id':'5','type':0,'allow':'1','deny':'2'}]},"             \
    "{'id':'12','type':2,'name':'Deck'},{'id':'13','type':13,'name':'Stage'},"           \
    "{'id':'15','type':15,'name':'forum'}],"                                             \
    "'threads':[{'id':'21','type':11,'parent_id':'11','name':'ropes','message_count':3," \
    "'total_message_sent':4,'member_count':2,'last_message_id':'110',"                   \
    "'thread_metadata':{'archived':false},"                                              \
    "'member':{'join_timestamp':'2026-01-02T03:04:05.000000+00:00','flags':1}},"         \
    "{'id':'25','type':11,'parent_id':'15','name':'post','message_count':3,"             \
    "'total_message_sent':3}],"                                                          \
    "'members':[{'user':{'id':'7','username':'ada','bot':false},'roles':['5','6'],"      \
    "'nick':'captain','deaf':false,'mute':false,'pending':false},"                       \
    "{'user':{'id':'8','username':'bob'},'roles':['5']}],"                               \
    "'presences':[{'user':{'id':'7'},'status':'idle','activities':[]}],"                 \
    "'voice_states':[{'user_id':'8','channel_id':'12','session_id':'x'}],"               \
    "'stage_instances':[{'id':'51','guild_id':'1','channel_id':'13','topic':'t'}],"      \
    "'guild_scheduled_events':[{'id':'55','guild_id':'1','name':'e','status':1}],"       \
    "'soundboard_sounds':[{'sound_id':'61','guild_id':'1','name':'horn'}]}"

static struct rig start(void)
{
    struct rig r = rig_new(NULL);

    rig_event(&r, CORDAGE_EVENT_GUILD_CREATE, GUILD);
    return r;
}

/* ---- Guild ------------------------------------------------------------------------ */

TEST(guild_update_merges_and_replaces_the_lists_it_brings)
{
    struct rig r = start();

    rig_event(&r, CORDAGE_EVENT_GUILD_UPDATE,
              "{'id':'1','name':'Port','description':'by the sea',"
              "'roles':[{'id':'1','name':'@everyone'}],'emojis':[]}");
    rig_old(&r, "{'id':'1','name':'Harbour','owner_id':'7','member_count':2,"
                "'large':false,'joined_at':'2026-01-02T03:04:05.000000+00:00',"
                "'description':null}");
    rig_expect(&r, CORDAGE_KIND_GUILDS, 0, 1,
               "{'id':'1','name':'Port','owner_id':'7','member_count':2,'large':false,"
               "'joined_at':'2026-01-02T03:04:05.000000+00:00',"
               "'description':'by the sea'}");
    rig_ids(&r, CORDAGE_KIND_ROLES, 1, "1");
    rig_ids(&r, CORDAGE_KIND_EMOJIS, 1, "");
    rig_ids(&r, CORDAGE_KIND_STICKERS, 1, "45"); /* not in it: they stay */
    rig_ids(&r, CORDAGE_KIND_CHANNELS, 1, "11 12 13 15");
    rig_ids(&r, CORDAGE_KIND_MEMBERS, 1, "7 8");
    rig_free(&r);
}

TEST(events_of_a_guild_that_is_not_there_leave_its_users_alone)
{
    struct rig r = rig_new(NULL);

    rig_event(&r, CORDAGE_EVENT_GUILD_UPDATE, "{'id':'1','name':'Port','roles':[]}");
    rig_event(&r, CORDAGE_EVENT_CHANNEL_CREATE, "{'id':'11','guild_id':'1','type':0}");
    rig_event(&r, CORDAGE_EVENT_GUILD_MEMBER_ADD,
              "{'guild_id':'1','user':{'id':'7','username':'ada'},'roles':[]}");
    rig_event(&r, CORDAGE_EVENT_GUILD_DELETE, "{'id':'1'}");
    rig_ids(&r, CORDAGE_KIND_GUILDS, 0, "");
    rig_ids(&r, CORDAGE_KIND_USERS, 0, "7");
    rig_free(&r);
}

TEST(emojis_and_stickers_come_as_whole_lists)
{
    struct rig r = start();

    rig_event(&r, CORDAGE_EVENT_GUILD_EMOJIS_UPDATE,
              "{'guild_id':'1','emojis':[{'id':'42','name':'y'},{'id':'43','name':'z',"
              "'user':{'id':'9','username':'eve'}}]}");
    rig_ids(&r, CORDAGE_KIND_EMOJIS, 1, "42 43");
    rig_expect(&r, CORDAGE_KIND_EMOJIS, 1, 42, "{'id':'42','guild_id':'1','name':'y'}");
    rig_expect(&r, CORDAGE_KIND_USERS, 0, 9, "{'id':'9','username':'eve'}");
    rig_event(&r, CORDAGE_EVENT_GUILD_STICKERS_UPDATE, "{'guild_id':'1','stickers':[]}");
    rig_ids(&r, CORDAGE_KIND_STICKERS, 1, "");
    rig_free(&r);
}

TEST(sounds_come_one_by_one_in_part_or_all)
{
    struct rig r = start();

    rig_event(&r, CORDAGE_EVENT_GUILD_SOUNDBOARD_SOUND_UPDATE,
              "{'guild_id':'1','sound_id':'61','name':'bell','volume':0.5}");
    rig_old(&r, "{'sound_id':'61','guild_id':'1','name':'horn'}");
    rig_event(&r, CORDAGE_EVENT_GUILD_SOUNDBOARD_SOUND_CREATE,
              "{'guild_id':'1','sound_id':'62','name':'gull'}");
    rig_old(&r, NULL);
    rig_event(&r, CORDAGE_EVENT_GUILD_SOUNDBOARD_SOUNDS_UPDATE,
              "{'guild_id':'1','soundboard_sounds':[{'sound_id':'63','name':'wave'}]}");
    rig_ids(&r, CORDAGE_KIND_SOUNDS, 1, "61 62 63");
    rig_expect(&r, CORDAGE_KIND_SOUNDS, 1, 61,
               "{'sound_id':'61','guild_id':'1','name':'bell','volume':0.5}");
    rig_event(&r, CORDAGE_EVENT_GUILD_SOUNDBOARD_SOUND_DELETE,
              "{'guild_id':'1','sound_id':'61'}");
    rig_ids(&r, CORDAGE_KIND_SOUNDS, 1, "62 63");
    rig_event(&r, CORDAGE_EVENT_SOUNDBOARD_SOUNDS,
              "{'guild_id':'1','soundboard_sounds':[{'sound_id':'64','name':'a'}]}");
    rig_ids(&r, CORDAGE_KIND_SOUNDS, 1, "64");
    rig_free(&r);
}

TEST(a_role_that_goes_is_taken_from_members_and_emojis)
{
    struct rig r = start();

    rig_event(&r, CORDAGE_EVENT_GUILD_ROLE_UPDATE,
              "{'guild_id':'1','role':{'id':'5','name':'mates'}}");
    rig_old(&r, "{'id':'5','guild_id':'1','name':'crew','permissions':'8'}");
    rig_event(&r, CORDAGE_EVENT_GUILD_ROLE_DELETE, "{'guild_id':'1','role_id':'5'}");
    rig_old(&r, "{'id':'5','guild_id':'1','name':'mates'}");
    rig_ids(&r, CORDAGE_KIND_ROLES, 1, "1");
    rig_expect(&r, CORDAGE_KIND_MEMBERS, 1, 8,
               "{'guild_id':'1','user':{'id':'8','username':'bob'},'roles':[]}");
    rig_expect(&r, CORDAGE_KIND_EMOJIS, 1, 41,
               "{'id':'41','guild_id':'1','name':'anchor','roles':['6']}");
    rig_event(&r, CORDAGE_EVENT_GUILD_ROLE_CREATE,
              "{'guild_id':'1','role':{'id':'9','name':'new'}}");
    rig_ids(&r, CORDAGE_KIND_ROLES, 1, "1 9");
    rig_free(&r);
}

TEST(a_scheduled_event_counts_its_users_and_goes_when_it_is_over)
{
    struct rig r = start();

    rig_event(&r, CORDAGE_EVENT_GUILD_SCHEDULED_EVENT_CREATE,
              "{'id':'56','guild_id':'1','name':'f','status':1,'user_count':2,"
              "'creator':{'id':'9','username':'eve'}}");
    rig_event(&r, CORDAGE_EVENT_GUILD_SCHEDULED_EVENT_USER_ADD,
              "{'guild_id':'1','guild_scheduled_event_id':'56','user_id':'7'}");
    rig_event(&r, CORDAGE_EVENT_GUILD_SCHEDULED_EVENT_USER_ADD,
              "{'guild_id':'1','guild_scheduled_event_id':'55','user_id':'7'}");
    rig_event(&r, CORDAGE_EVENT_GUILD_SCHEDULED_EVENT_UPDATE,
              "{'id':'56','guild_id':'1','name':'g','status':2}");
    rig_old(&r, "{'id':'56','guild_id':'1','name':'f','status':1,'user_count':3,"
                "'creator':{'id':'9','username':'eve'}}");
    rig_expect(&r, CORDAGE_KIND_SCHEDULED_EVENTS, 1, 56,
               "{'id':'56','guild_id':'1','name':'g','status':2,'user_count':3}");
    rig_expect(&r, CORDAGE_KIND_SCHEDULED_EVENTS, 1, 55,
               "{'id':'55','guild_id':'1','name':'e','status':1,'user_count':1}");
    rig_event(&r, CORDAGE_EVENT_GUILD_SCHEDULED_EVENT_USER_REMOVE,
              "{'guild_id':'1','guild_scheduled_event_id':'55','user_id':'7'}");
    rig_event(&r, CORDAGE_EVENT_GUILD_SCHEDULED_EVENT_USER_REMOVE,
              "{'guild_id':'1','guild_scheduled_event_id':'55','user_id':'8'}");
    rig_expect(&r, CORDAGE_KIND_SCHEDULED_EVENTS, 1, 55,
               "{'id':'55','guild_id':'1','name':'e','status':1,'user_count':0}");
    rig_event(&r, CORDAGE_EVENT_GUILD_SCHEDULED_EVENT_UPDATE,
              "{'id':'56','guild_id':'1','name':'g','status':3}");
    rig_ids(&r, CORDAGE_KIND_SCHEDULED_EVENTS, 1, "55");
    rig_event(&r, CORDAGE_EVENT_GUILD_SCHEDULED_EVENT_DELETE,
              "{'id':'55','guild_id':'1','status':1}");
    rig_ids(&r, CORDAGE_KIND_SCHEDULED_EVENTS, 1, "");
    rig_expect(&r, CORDAGE_KIND_USERS, 0, 9, "{'id':'9','username':'eve'}");
    rig_free(&r);
}

TEST(stages_come_and_go)
{
    struct rig r = start();

    rig_event(&r, CORDAGE_EVENT_STAGE_INSTANCE_UPDATE,
              "{'id':'51','guild_id':'1','channel_id':'13','topic':'u'}");
    rig_old(&r, "{'id':'51','guild_id':'1','channel_id':'13','topic':'t'}");
    rig_event(&r, CORDAGE_EVENT_STAGE_INSTANCE_CREATE,
              "{'id':'52','guild_id':'1','channel_id':'14','topic':'v'}");
    rig_event(&r, CORDAGE_EVENT_STAGE_INSTANCE_DELETE, "{'id':'51','guild_id':'1'}");
    rig_ids(&r, CORDAGE_KIND_STAGE_INSTANCES, 1, "52");
    rig_free(&r);
}

/* ---- Channels and threads --------------------------------------------------------- */

TEST(channel_update_replaces_but_keeps_the_last_message)
{
    struct rig r = start();

    rig_event(&r, CORDAGE_EVENT_CHANNEL_PINS_UPDATE,
              "{'guild_id':'1','channel_id':'11',"
              "'last_pin_timestamp':'2026-02-03T04:05:06+00:00'}");
    rig_event(&r, CORDAGE_EVENT_CHANNEL_UPDATE,
              "{'id':'11','guild_id':'1','type':0,'name':'pier'}");
    rig_old(&r,
            "{'id':'11','guild_id':'1','type':0,'name':'quay',"
            "'last_message_id':'100','last_pin_timestamp':'2026-02-03T04:05:06+00:00',"
            "'permission_overwrites':[{'id':'5','type':0,'allow':'1','deny':'2'}]}");
    rig_expect(&r, CORDAGE_KIND_CHANNELS, 1, 11,
               "{'id':'11','guild_id':'1','type':0,'name':'pier','last_message_id':'100',"
               "'last_pin_timestamp':'2026-02-03T04:05:06+00:00'}");
    rig_event(&r, CORDAGE_EVENT_CHANNEL_UPDATE,
              "{'id':'11','guild_id':'1','type':0,'last_message_id':null}");
    rig_event(&r, CORDAGE_EVENT_CHANNEL_PINS_UPDATE,
              "{'guild_id':'1','channel_id':'11'}");
    rig_expect(&r, CORDAGE_KIND_CHANNELS, 1, 11,
               "{'id':'11','guild_id':'1','type':0,'last_message_id':null}");
    rig_free(&r);
}

TEST(channel_delete_takes_its_threads_stages_and_voice_states)
{
    struct rig r = start();

    rig_event(&r, CORDAGE_EVENT_CHANNEL_DELETE, "{'id':'12','guild_id':'1','type':2}");
    rig_old(&r, "{'id':'12','guild_id':'1','type':2,'name':'Deck'}");
    rig_ids(&r, CORDAGE_KIND_VOICE_STATES, 1, "");
    rig_ids(&r, CORDAGE_KIND_THREADS, 1, "21 25");
    rig_event(&r, CORDAGE_EVENT_CHANNEL_DELETE, "{'id':'11','guild_id':'1','type':0}");
    rig_ids(&r, CORDAGE_KIND_THREADS, 1, "25");
    rig_ids(&r, CORDAGE_KIND_STAGE_INSTANCES, 1, "51");
    rig_event(&r, CORDAGE_EVENT_CHANNEL_DELETE, "{'id':'13','guild_id':'1','type':13}");
    rig_ids(&r, CORDAGE_KIND_STAGE_INSTANCES, 1, "");
    rig_ids(&r, CORDAGE_KIND_CHANNELS, 1, "15");
    rig_free(&r);
}

TEST(a_thread_lives_until_it_is_archived_or_deleted)
{
    struct rig r = start();

    rig_event(
        &r, CORDAGE_EVENT_THREAD_CREATE,
        "{'id':'2600','guild_id':'1','type':11,'parent_id':'15','newly_created':true,"
        "'thread_metadata':{'archived':false}}");
    rig_ids(&r, CORDAGE_KIND_THREADS, 1, "21 25 2600");
    /* A forum's last message is its last thread; another channel's isn't. */
    rig_expect(&r, CORDAGE_KIND_CHANNELS, 1, 15,
               "{'id':'15','guild_id':'1','type':15,'name':'forum',"
               "'last_message_id':'2600'}");
    rig_event(&r, CORDAGE_EVENT_THREAD_CREATE,
              "{'id':'2700','guild_id':'1','type':11,'parent_id':'12'}");
    rig_expect(&r, CORDAGE_KIND_CHANNELS, 1, 12,
               "{'id':'12','guild_id':'1','type':2,'name':'Deck'}");
    rig_event(&r, CORDAGE_EVENT_THREAD_UPDATE,
              "{'id':'2600','guild_id':'1','type':11,'parent_id':'15',"
              "'thread_metadata':{'archived':true}}");
    rig_old(&r, "{'id':'2600','guild_id':'1','type':11,'parent_id':'15',"
                "'thread_metadata':{'archived':false}}");
    rig_event(&r, CORDAGE_EVENT_THREAD_DELETE,
              "{'id':'25','guild_id':'1','type':11,'parent_id':'15'}");
    rig_ids(&r, CORDAGE_KIND_THREADS, 1, "21 2700");
    /* What is live in it, and the bot's own place, stay. */
    rig_event(&r, CORDAGE_EVENT_THREAD_UPDATE,
              "{'id':'21','guild_id':'1','type':11,'parent_id':'11','name':'knots'}");
    rig_expect(
        &r, CORDAGE_KIND_THREADS, 1, 21,
        "{'id':'21','guild_id':'1','type':11,'parent_id':'11','name':'knots',"
        "'last_message_id':'110',"
        "'member':{'join_timestamp':'2026-01-02T03:04:05.000000+00:00','flags':1}}");
    rig_free(&r);
}

TEST(thread_list_sync_replaces_what_the_bot_sees)
{
    struct rig r = start();

    rig_event(&r, CORDAGE_EVENT_THREAD_LIST_SYNC,
              "{'guild_id':'1','channel_ids':['11'],"
              "'threads':[{'id':'22','type':11,'parent_id':'11'},"
              "{'id':'23','type':11,'parent_id':'11',"
              "'thread_metadata':{'archived':true}}],"
              "'members':[{'id':'22','user_id':'900','flags':4}]}");
    rig_ids(&r, CORDAGE_KIND_THREADS, 1, "22 25");
    rig_expect(&r, CORDAGE_KIND_THREADS, 1, 22,
               "{'id':'22','guild_id':'1','type':11,'parent_id':'11',"
               "'member':{'flags':4}}"); /* as GUILD_CREATE has it */
    rig_event(&r, CORDAGE_EVENT_THREAD_LIST_SYNC,
              "{'guild_id':'1','threads':[{'id':'24','type':11}],'members':[]}");
    rig_ids(&r, CORDAGE_KIND_THREADS, 1, "24");
    CHECK_INT(cache_count(r.cache, CORDAGE_KIND_THREADS), 1);
    rig_free(&r);
}

TEST(thread_members_are_counted_and_the_bots_own_place_is_known)
{
    struct rig r = start();

    rig_event(
        &r, CORDAGE_EVENT_THREAD_MEMBERS_UPDATE,
        "{'id':'21','guild_id':'1','member_count':3,'removed_member_ids':['900','7'],"
        "'added_members':[{'id':'21','user_id':'9','flags':0,'member':"
        "{'user':{'id':'9','username':'eve'},'roles':['5']},"
        "'presence':{'user':{'id':'9'},'status':'dnd'}}]}");
    rig_expect(&r, CORDAGE_KIND_THREADS, 1, 21,
               "{'id':'21','guild_id':'1','type':11,'parent_id':'11','name':'ropes',"
               "'message_count':3,'total_message_sent':4,'member_count':3,"
               "'last_message_id':'110','thread_metadata':{'archived':false}}");
    rig_expect(&r, CORDAGE_KIND_MEMBERS, 1, 9,
               "{'guild_id':'1','user':{'id':'9','username':'eve'},'roles':['5']}");
    rig_expect(&r, CORDAGE_KIND_PRESENCES, 1, 9,
               "{'guild_id':'1','user':{'id':'9','username':'eve'},'status':'dnd'}");
    rig_event(&r, CORDAGE_EVENT_THREAD_MEMBERS_UPDATE,
              "{'id':'25','guild_id':'1','member_count':1,"
              "'added_members':[{'id':'25','user_id':'900','flags':2,'presence':null}]}");
    rig_expect(&r, CORDAGE_KIND_THREADS, 1, 25,
               "{'id':'25','guild_id':'1','type':11,'parent_id':'15','name':'post',"
               "'message_count':3,'total_message_sent':3,'member_count':1,"
               "'member':{'flags':2}}");
    rig_event(&r, CORDAGE_EVENT_THREAD_MEMBER_UPDATE,
              "{'id':'25','guild_id':'1','user_id':'900','flags':3}");
    rig_expect(&r, CORDAGE_KIND_THREADS, 1, 25,
               "{'id':'25','guild_id':'1','type':11,'parent_id':'15','name':'post',"
               "'message_count':3,'total_message_sent':3,'member_count':1,"
               "'member':{'flags':3}}");
    rig_free(&r);
}

/* ---- Messages --------------------------------------------------------------------- */

TEST(a_message_is_its_channels_last_and_brings_its_author)
{
    struct rig r = start();

    rig_event(&r, CORDAGE_EVENT_MESSAGE_CREATE,
              "{'id':'120','guild_id':'1','channel_id':'11',"
              "'author':{'id':'9','username':'eve'},'member':{'roles':['5'],'nick':'e'},"
              "'mentions':[{'id':'7','username':'ada2','member':{'roles':[]}}]}");
    rig_expect(&r, CORDAGE_KIND_CHANNELS, 1, 11,
               "{'id':'11','guild_id':'1','type':0,'name':'quay','last_message_id':'120',"
               "'permission_overwrites':[{'id':'5','type':0,'allow':'1','deny':'2'}]}");
    rig_expect(&r, CORDAGE_KIND_MEMBERS, 1, 9,
               "{'guild_id':'1','user':{'id':'9','username':'eve'},'roles':['5'],"
               "'nick':'e'}");
    /* What a mention leaves out stays. */
    rig_expect(&r, CORDAGE_KIND_MEMBERS, 1, 7,
               "{'guild_id':'1','user':{'id':'7','username':'ada2','bot':false},"
               "'roles':[],'nick':'captain','deaf':false,'mute':false,'pending':false}");
    /* An older one, brought again, is not the last. */
    rig_event(&r, CORDAGE_EVENT_MESSAGE_CREATE,
              "{'id':'119','guild_id':'1','channel_id':'11',"
              "'author':{'id':'9','username':'eve'}}");
    rig_expect(&r, CORDAGE_KIND_CHANNELS, 1, 11,
               "{'id':'11','guild_id':'1','type':0,'name':'quay','last_message_id':'120',"
               "'permission_overwrites':[{'id':'5','type':0,'allow':'1','deny':'2'}]}");
    rig_free(&r);
}

TEST(a_thread_counts_its_messages)
{
    static const char post[] =
        "{'id':'25','guild_id':'1','type':11,'parent_id':'15','name':'post',"
        "'message_count':%d,'total_message_sent':%d,'last_message_id':'%d'}";
    struct rig r = start();
    struct buf want = { 0 };

    rig_event(&r, CORDAGE_EVENT_MESSAGE_CREATE,
              "{'id':'25','guild_id':'1','channel_id':'25'}"); /* the post itself */
    rig_event(&r, CORDAGE_EVENT_MESSAGE_CREATE,
              "{'id':'130','guild_id':'1','channel_id':'25'}");
    rig_event(&r, CORDAGE_EVENT_MESSAGE_CREATE,
              "{'id':'131','guild_id':'1','channel_id':'25'}");
    rig_event(&r, CORDAGE_EVENT_MESSAGE_CREATE,
              "{'id':'131','guild_id':'1','channel_id':'25'}"); /* again */
    buf_printf(&want, post, 5, 5, 131);
    rig_expect(&r, CORDAGE_KIND_THREADS, 1, 25, want.p);
    rig_event(&r, CORDAGE_EVENT_MESSAGE_DELETE,
              "{'id':'130','guild_id':'1','channel_id':'25'}");
    buf_clear(&want);
    buf_printf(&want, post, 4, 5, 131);
    rig_expect(&r, CORDAGE_KIND_THREADS, 1, 25, want.p);
    rig_event(&r, CORDAGE_EVENT_MESSAGE_DELETE_BULK,
              "{'ids':['131','132','25'],'guild_id':'1','channel_id':'25'}");
    buf_clear(&want);
    buf_printf(&want, post, 2, 5, 131);
    rig_expect(&r, CORDAGE_KIND_THREADS, 1, 25, want.p);
    /* Outside forums a deleted message still counts. */
    rig_event(&r, CORDAGE_EVENT_MESSAGE_DELETE,
              "{'id':'105','guild_id':'1','channel_id':'21'}");
    rig_expect(
        &r, CORDAGE_KIND_THREADS, 1, 21,
        "{'id':'21','guild_id':'1','type':11,'parent_id':'11','name':'ropes',"
        "'message_count':3,'total_message_sent':4,'member_count':2,"
        "'last_message_id':'110','thread_metadata':{'archived':false},"
        "'member':{'join_timestamp':'2026-01-02T03:04:05.000000+00:00','flags':1}}");
    buf_release(&want);
    rig_free(&r);
}

TEST(everybody_in_a_message_is_known_but_a_webhook)
{
    struct rig r = start();

    rig_event(&r, CORDAGE_EVENT_MESSAGE_CREATE,
              "{'id':'140','guild_id':'1','channel_id':'11','webhook_id':'300',"
              "'author':{'id':'300','username':'hook'},"
              "'mentions':[{'id':'301','username':'a'}],"
              "'interaction':{'user':{'id':'302','username':'b'},'member':{'roles':[]}},"
              "'interaction_metadata':{'user':{'id':'303','username':'c'},"
              "'target_user':{'id':'304','username':'d'}},"
              "'referenced_message':{'author':{'id':'305','username':'e'},"
              "'mentions':[{'id':'306','username':'f'}]},"
              "'message_snapshots':[{'message':{'mentions':[{'id':'307',"
              "'username':'g'}]}}],"
              "'resolved':{'users':{'308':{'id':'308','username':'h'}},"
              "'members':{'308':{'roles':['5']}}},"
              "'thread':{'id':'140','type':11,'parent_id':'11'}}");
    rig_ids(&r, CORDAGE_KIND_USERS, 0, "7 8 301 302 303 304 305 306 307 308");
    rig_ids(&r, CORDAGE_KIND_MEMBERS, 1, "7 8 302 308");
    rig_ids(&r, CORDAGE_KIND_THREADS, 1, "21 25 140");
    rig_free(&r);
}

TEST(a_direct_message_brings_its_author)
{
    struct rig r = start();

    rig_event(&r, CORDAGE_EVENT_MESSAGE_CREATE,
              "{'id':'150','channel_id':'99','author':{'id':'310','username':'dm'}}");
    rig_expect(&r, CORDAGE_KIND_USERS, 0, 310, "{'id':'310','username':'dm'}");
    rig_event(&r, CORDAGE_EVENT_MESSAGE_UPDATE,
              "{'id':'150','channel_id':'99','author':{'id':'310','username':'dn'}}");
    rig_expect(&r, CORDAGE_KIND_USERS, 0, 310, "{'id':'310','username':'dn'}");
    rig_free(&r);
}

TEST(interactions_reactions_and_typing_bring_people)
{
    struct rig r = start();

    rig_event(&r, CORDAGE_EVENT_INTERACTION_CREATE,
              "{'id':'1','guild_id':'1','member':{'user':{'id':'320','username':'a'},"
              "'roles':[],'permissions':'8'},'data':{'resolved':{"
              "'users':{'321':{'id':'321','username':'b'}},"
              "'members':{'321':{'roles':['5']}},"
              "'messages':{'9':{'id':'9','author':{'id':'322','username':'c'}}}}},"
              "'message':{'id':'8','author':{'id':'323','username':'d'}}}");
    rig_event(&r, CORDAGE_EVENT_INTERACTION_CREATE,
              "{'id':'1','user':{'id':'324','username':'e'}}");
    rig_event(&r, CORDAGE_EVENT_MESSAGE_REACTION_ADD,
              "{'guild_id':'1','user_id':'325','member':{'user':{'id':'325',"
              "'username':'f'},'roles':[]}}");
    rig_event(&r, CORDAGE_EVENT_TYPING_START,
              "{'guild_id':'1','user_id':'326','member':{'user':{'id':'326',"
              "'username':'g'},'roles':[]}}");
    rig_ids(&r, CORDAGE_KIND_USERS, 0, "7 8 320 321 322 323 324 325 326");
    rig_ids(&r, CORDAGE_KIND_MEMBERS, 1, "7 8 320 321 325 326");
    rig_expect(&r, CORDAGE_KIND_MEMBERS, 1, 320,
               "{'guild_id':'1','user':{'id':'320','username':'a'},'roles':[]}");
    rig_free(&r);
}

/* ---- Members ---------------------------------------------------------------------- */

static void expect_count(struct rig *r, int n)
{
    struct buf out = { 0 };
    cordage_json d;

    CHECK_INT(cache_read(r->cache, CORDAGE_KIND_GUILDS, 0, 1, &out), 0);
    CHECK_INT(json_parse(r->parser, buf_str(&out), &d), 0);
    CHECK_INT(cordage_json_int(json_get(d, "member_count"), -1), n);
    buf_release(&out);
}

TEST(a_member_is_counted_when_it_comes_and_goes)
{
    struct rig r = start();
    static const char eve[] = "{'guild_id':'1','user':{'id':'9','username':'eve'},"
                              "'roles':[],'joined_at':'2026-05-05T05:05:05+00:00'}";

    rig_event(&r, CORDAGE_EVENT_GUILD_MEMBER_ADD, eve);
    rig_old(&r, NULL);
    expect_count(&r, 3);
    rig_event(&r, CORDAGE_EVENT_GUILD_MEMBER_ADD, eve); /* Discord may repeat it */
    rig_old(&r, eve);
    expect_count(&r, 3);
    rig_event(&r, CORDAGE_EVENT_PRESENCE_UPDATE,
              "{'guild_id':'1','user':{'id':'9'},'status':'online'}");
    rig_event(&r, CORDAGE_EVENT_GUILD_MEMBER_REMOVE,
              "{'guild_id':'1','user':{'id':'9','username':'eve'}}");
    rig_old(&r, eve);
    expect_count(&r, 2);
    rig_expect(&r, CORDAGE_KIND_MEMBERS, 1, 9, NULL);
    rig_expect(&r, CORDAGE_KIND_PRESENCES, 1, 9, NULL);
    rig_expect(&r, CORDAGE_KIND_USERS, 0, 9, NULL);
    rig_event(&r, CORDAGE_EVENT_GUILD_MEMBER_REMOVE,
              "{'guild_id':'1','user':{'id':'8','username':'bob'}}");
    rig_ids(&r, CORDAGE_KIND_VOICE_STATES, 1, "");
    rig_event(&r, CORDAGE_EVENT_GUILD_MEMBER_REMOVE,
              "{'guild_id':'1','user':{'id':'99'}}");
    rig_event(&r, CORDAGE_EVENT_GUILD_MEMBER_REMOVE,
              "{'guild_id':'1','user':{'id':'98'}}");
    expect_count(&r, 0); /* never below */
    rig_free(&r);
}

TEST(a_member_who_comes_again_is_a_new_one)
{
    struct rig r = start();

    rig_event(&r, CORDAGE_EVENT_GUILD_MEMBER_ADD,
              "{'guild_id':'1','user':{'id':'7','username':'ada'},'roles':[]}");
    rig_expect(&r, CORDAGE_KIND_MEMBERS, 1, 7,
               "{'guild_id':'1','user':{'id':'7','username':'ada','bot':false},"
               "'roles':[]}");
    rig_free(&r);
}

TEST(member_update_merges_the_member_and_its_user)
{
    struct rig r = start();

    rig_event(&r, CORDAGE_EVENT_GUILD_MEMBER_UPDATE,
              "{'guild_id':'1','user':{'id':'7','username':'eva'},'nick':null,"
              "'roles':['5']}");
    rig_old(&r, "{'guild_id':'1','user':{'id':'7','username':'ada','bot':false},"
                "'roles':['5','6'],'nick':'captain','deaf':false,'mute':false,"
                "'pending':false}");
    rig_expect(&r, CORDAGE_KIND_MEMBERS, 1, 7,
               "{'guild_id':'1','user':{'id':'7','username':'eva','bot':false},"
               "'roles':['5'],'nick':null,'deaf':false,'mute':false,'pending':false}");
    rig_free(&r);
}

TEST(a_chunk_brings_members_and_presences)
{
    struct rig r = start();

    rig_event(&r, CORDAGE_EVENT_GUILD_MEMBERS_CHUNK,
              "{'guild_id':'1','chunk_index':0,'members':["
              "{'user':{'id':'30','username':'x'},'roles':[]},"
              "{'user':{'id':'31','username':'y'},'roles':['5']}],"
              "'presences':[{'user':{'id':'31'},'status':'online'},"
              "{'user':{'id':'7'},'status':'offline'}]}");
    rig_ids(&r, CORDAGE_KIND_MEMBERS, 1, "7 8 30 31");
    rig_ids(&r, CORDAGE_KIND_PRESENCES, 1, "31");
    expect_count(&r, 2); /* they were counted before */
    rig_free(&r);
}

TEST(a_presence_lives_until_offline_and_makes_no_user)
{
    struct rig r = start();

    rig_event(&r, CORDAGE_EVENT_PRESENCE_UPDATE,
              "{'guild_id':'1','user':{'id':'7','username':'ADA','bot':'yes'},"
              "'status':'dnd'}");
    rig_old(&r, "{'guild_id':'1','user':{'id':'7','username':'ada','bot':false},"
                "'status':'idle','activities':[]}");
    rig_expect(&r, CORDAGE_KIND_PRESENCES, 1, 7,
               "{'guild_id':'1','user':{'id':'7','username':'ADA','bot':false},"
               "'status':'dnd','activities':[]}");
    rig_event(&r, CORDAGE_EVENT_PRESENCE_UPDATE,
              "{'guild_id':'1','user':{'id':'40','username':'who'},'status':'online'}");
    rig_expect(&r, CORDAGE_KIND_PRESENCES, 1, 40,
               "{'guild_id':'1','user':{'id':'40'},'status':'online'}");
    rig_expect(&r, CORDAGE_KIND_USERS, 0, 40, NULL);
    /* Nobody checks what stands in a presence's user. */
    rig_event(&r, CORDAGE_EVENT_PRESENCE_UPDATE,
              "{'guild_id':'1','user':{'id':'8','username':null},'status':'online'}");
    rig_expect(&r, CORDAGE_KIND_USERS, 0, 8, "{'id':'8','username':'bob'}");
    rig_event(&r, CORDAGE_EVENT_PRESENCE_UPDATE,
              "{'guild_id':'1','user':{'id':'40'},'status':'offline'}");
    rig_ids(&r, CORDAGE_KIND_PRESENCES, 1, "7 8");
    rig_free(&r);
}

TEST(a_voice_state_lives_until_its_user_leaves)
{
    struct rig r = start();

    rig_event(&r, CORDAGE_EVENT_VOICE_STATE_UPDATE,
              "{'guild_id':'1','user_id':'8','channel_id':'13','session_id':'y',"
              "'member':{'user':{'id':'8','username':'bob'},'roles':['5','6']}}");
    rig_old(&r, "{'guild_id':'1','user_id':'8','channel_id':'12','session_id':'x'}");
    rig_expect(&r, CORDAGE_KIND_VOICE_STATES, 1, 8,
               "{'guild_id':'1','user_id':'8','channel_id':'13','session_id':'y'}");
    rig_expect(&r, CORDAGE_KIND_MEMBERS, 1, 8,
               "{'guild_id':'1','user':{'id':'8','username':'bob'},'roles':['5','6']}");
    rig_event(&r, CORDAGE_EVENT_VOICE_STATE_UPDATE,
              "{'guild_id':'1','user_id':'8','channel_id':null,'session_id':'y'}");
    rig_old(&r, "{'guild_id':'1','user_id':'8','channel_id':'13','session_id':'y'}");
    rig_ids(&r, CORDAGE_KIND_VOICE_STATES, 1, "");
    rig_free(&r);
}

TEST(user_update_replaces_the_bots_own_user)
{
    struct rig r = start();

    rig_event(&r, CORDAGE_EVENT_READY,
              "{'user':{'id':'900','username':'me','bot':true,'email':null},"
              "'guilds':[{'id':'1','unavailable':true}]}");
    rig_event(&r, CORDAGE_EVENT_USER_UPDATE, "{'id':'900','username':'you'}");
    rig_old(&r, "{'id':'900','username':'me','bot':true,'email':null}");
    rig_expect(&r, CORDAGE_KIND_USERS, 0, 900, "{'id':'900','username':'you'}");
    rig_free(&r);
}

/* ---- Which events matter ---------------------------------------------------------- */

TEST(an_event_is_wanted_if_it_changes_what_is_kept)
{
    static const cordage_policy only_roles[CORDAGE_N_KINDS] = {
        [CORDAGE_KIND_GUILDS] = { CORDAGE_KEEP_FOREVER, 0 },
        [CORDAGE_KIND_ROLES] = { CORDAGE_KEEP_FOREVER, 0 },
    };
    cordage_policy policies[CORDAGE_N_KINDS];
    struct cache *c;

    for (unsigned kind = 0; kind < CORDAGE_N_KINDS; kind++)
        policies[kind] = only_roles[kind].keep ? only_roles[kind] : CORDAGE_NEVER;
    CHECK_INT(cache_new(policies, rig_seconds, NULL, &c), 0);
    CHECK(cache_is_on(c));
    CHECK(cache_wants(c, CORDAGE_EVENT_GUILD_CREATE));
    CHECK(cache_wants(c, CORDAGE_EVENT_GUILD_ROLE_UPDATE));
    CHECK(cache_wants(c, CORDAGE_EVENT_GUILD_MEMBER_ADD)); /* member_count */
    CHECK(!cache_wants(c, CORDAGE_EVENT_MESSAGE_CREATE));
    CHECK(!cache_wants(c, CORDAGE_EVENT_PRESENCE_UPDATE));
    CHECK(!cache_wants(c, CORDAGE_EVENT_CHANNEL_UPDATE));
    CHECK(!cache_wants(c, CORDAGE_EVENT_UNKNOWN));
    CHECK(!cache_wants(c, CORDAGE_EVENT_INVITE_CREATE));
    cache_free(c);

    /* Without guilds only users are left, and without those nothing. */
    policies[CORDAGE_KIND_GUILDS] = CORDAGE_NEVER;
    CHECK_INT(cache_new(policies, rig_seconds, NULL, &c), 0);
    CHECK(!cache_is_on(c));
    CHECK(!cache_wants(c, CORDAGE_EVENT_GUILD_CREATE));
    cache_free(c);
}

/* What makes no sense changes nothing, and no event brings the cache down. */
TEST(nonsense_is_passed_over)
{
    static const char *const nonsense[] = {
        "{}",
        "[]",
        "null",
        "{'guild_id':'1'}",
        "{'guild_id':'1','id':null,'user':7,'member':[],'members':{},'threads':'x'}",
        "{'guild_id':'1','id':'0','channel_id':'0','role_id':'0','user':{'id':'0'}}",
        "{'id':{},'guild_id':[]}",
        "{'guild_id':'1','id':'11','channel_ids':[null,{}],'role':null,'ids':[[]]}",
        "{'guild_id':'1','channel_id':{},'author':{'id':{}},'mentions':[null,7]}",
    };
    struct rig r = start();

    for (unsigned type = 0; type < CORDAGE_N_EVENTS; type++)
        for (size_t i = 0; i < sizeof nonsense / sizeof nonsense[0]; i++)
            rig_event(&r, type, nonsense[i]);
    rig_ids(&r, CORDAGE_KIND_GUILDS, 0, "1");
    rig_ids(&r, CORDAGE_KIND_MEMBERS, 1, "7 8");
    rig_free(&r);
}

RUN_TESTS(T(guild_update_merges_and_replaces_the_lists_it_brings),
          T(events_of_a_guild_that_is_not_there_leave_its_users_alone),
          T(emojis_and_stickers_come_as_whole_lists),
          T(sounds_come_one_by_one_in_part_or_all),
          T(a_role_that_goes_is_taken_from_members_and_emojis),
          T(a_scheduled_event_counts_its_users_and_goes_when_it_is_over),
          T(stages_come_and_go), T(channel_update_replaces_but_keeps_the_last_message),
          T(channel_delete_takes_its_threads_stages_and_voice_states),
          T(a_thread_lives_until_it_is_archived_or_deleted),
          T(thread_list_sync_replaces_what_the_bot_sees),
          T(thread_members_are_counted_and_the_bots_own_place_is_known),
          T(a_message_is_its_channels_last_and_brings_its_author),
          T(a_thread_counts_its_messages),
          T(everybody_in_a_message_is_known_but_a_webhook),
          T(a_direct_message_brings_its_author),
          T(interactions_reactions_and_typing_bring_people),
          T(a_member_is_counted_when_it_comes_and_goes),
          T(a_member_who_comes_again_is_a_new_one),
          T(member_update_merges_the_member_and_its_user),
          T(a_chunk_brings_members_and_presences),
          T(a_presence_lives_until_offline_and_makes_no_user),
          T(a_voice_state_lives_until_its_user_leaves),
          T(user_update_replaces_the_bots_own_user),
          T(an_event_is_wanted_if_it_changes_what_is_kept), T(nonsense_is_passed_over))
