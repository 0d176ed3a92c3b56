/* The world changes: a follower of the events knows what the simulator says is true. */
#include "mirror_truth.h"

#include "world.h"

enum {
    RIG_ALL = (1 << 26) - 1 - (7 << 17) - (3 << 22), /* all intents that there are */
};

/* A client that follows. */
struct follower {
    struct client client;
    struct mirror mirror;
    size_t n; /* events */
};

static void follow(struct rig *r, struct follower *f, unsigned shard, unsigned count,
                   unsigned intents)
{
    f->n = 0;
    client_ready(r, &f->client, shard, count, intents);
    mirror_init(&f->mirror);
}

static void take_all(struct rig *r, struct follower *f)
{
    while (client_next(&f->client)) {
        f->n += f->client.op == 0;
        if (f->client.op == 0)
            mirror_apply(&f->mirror, f->client.name, sim_world(r->sim)->bot_id,
                         f->client.d);
    }
}

static void check_all(struct rig *r, struct follower *f)
{
    struct world *w = sim_world(r->sim);

    take_all(r, f);
    for (uint32_t i = 0; i < w->n_guilds; i++)
        if (!w->guilds[i].is_gone && !w->guilds[i].unavailable)
            mirror_check(&f->mirror, r->sim, w->guilds[i].id);
}

static void unfollow(struct follower *f)
{
    client_release(&f->client);
    mirror_release(&f->mirror);
}

TEST(a_guild_create_is_the_truth_when_everything_is_asked_for)
{
    struct sim_config config = rig_config();
    struct follower f;
    struct rig r;

    config.rich = true;
    rig_start(&r, &config);
    follow(&r, &f, 0, 1, RIG_ALL);
    rig_wait(&r, 1000);
    check_all(&r, &f);
    rig_is_clean(&r);
    unfollow(&f);
    rig_stop(&r);
}

TEST(whoever_follows_the_events_knows_the_truth)
{
    struct sim_config config = rig_config();
    struct follower f;
    struct rig r;

    config.guilds = 5;
    config.members = 40;
    config.seed = 3;
    rig_start(&r, &config);
    follow(&r, &f, 0, 1, RIG_ALL);
    rig_wait(&r, 1000);
    check_all(&r, &f);
    sim_live(r.sim, 20, UINT64_MAX, r.now);
    for (int i = 0; i < 60; i++) {
        rig_wait(&r, 1000);
        check_all(&r, &f);
    }
    CHECK(f.n > 1500);
    rig_is_clean(&r);
    unfollow(&f);
    rig_stop(&r);
}

TEST(the_world_changes_while_guilds_are_still_coming)
{
    struct sim_config config = rig_config();
    struct follower f;
    struct rig r;

    config.guilds = 30;
    config.guilds_per_s = 10;
    config.live = 100;
    config.traffic = 20;
    rig_start(&r, &config);
    rig_wait(&r, 5000);
    follow(&r, &f, 0, 1, RIG_ALL);
    for (int i = 0; i < 10; i++) {
        rig_wait(&r, 1000);
        take_all(&r, &f);
    }
    check_all(&r, &f);
    rig_is_clean(&r);
    unfollow(&f);
    rig_stop(&r);
}

TEST(the_same_seed_brings_the_same_changes)
{
    struct sim_config config = rig_config();
    struct buf first = { 0 };

    config.live = 50;
    for (int run = 0; run < 2; run++) {
        struct client c;
        struct rig r;
        size_t at = 0;

        rig_start(&r, &config);
        client_ready(&r, &c, 0, 1, RIG_ALL);
        rig_wait(&r, 10000);
        while (client_next(&c)) {
            struct str text = buf_str(&c.taken_text);

            if (run == 0) {
                CHECK_INT(buf_append_str(&first, text), 0);
            } else {
                CHECK(at + text.n <= first.n);
                CHECK(memcmp(first.p + at, text.p, text.n) == 0);
                at += text.n;
            }
        }
        CHECK(run == 0 ? first.n > 100000 : at == first.n);
        client_release(&c);
        rig_stop(&r);
    }
    buf_release(&first);
}

/* ---- Who is told of what -------------------------------------------------------- */

/* Which intents an event needs, any one of them; 0: none. As Discord lists them. */
static const struct need {
    const char *name;
    unsigned intents;
} needs[] = {
    { "GUILD_MEMBER_", 1u << 1 },
    { "GUILD_MEMBERS_CHUNK", 0 },
    { "GUILD_AUDIT_LOG_", 1u << 2 },
    { "GUILD_BAN_", 1u << 2 },
    { "GUILD_EMOJIS_", 1u << 3 },
    { "GUILD_STICKERS_", 1u << 3 },
    { "GUILD_SOUNDBOARD_", 1u << 3 },
    { "GUILD_INTEGRATIONS_", 1u << 4 },
    { "INTEGRATION_", 1u << 4 },
    { "WEBHOOKS_", 1u << 5 },
    { "INVITE_", 1u << 6 },
    { "VOICE_STATE_", 1u << 7 },
    { "PRESENCE_", 1u << 8 },
    { "MESSAGE_REACTION_", 1u << 10 },
    { "MESSAGE_POLL_", 1u << 24 },
    { "MESSAGE_", 1u << 9 },
    { "TYPING_", 1u << 11 },
    { "GUILD_SCHEDULED_", 1u << 16 },
    { "AUTO_MODERATION_RULE_", 1u << 20 },
    { "AUTO_MODERATION_ACTION_", 1u << 21 },
    { "GUILD_", 1u << 0 },
    { "CHANNEL_", 1u << 0 },
    { "THREAD_MEMBERS_", 1u << 0 | 1u << 1 },
    { "THREAD_", 1u << 0 },
    { "STAGE_", 1u << 0 },
    { "VOICE_CHANNEL_", 1u << 0 },
    { "ENTITLEMENT_", 0 },
    { "SUBSCRIPTION_", 0 },
    { "INTERACTION_", 0 },
    { "APPLICATION_COMMAND_", 0 },
    { "USER_", 0 },
    { "READY", 0 },
};

static unsigned need_of(const char *name)
{
    for (size_t i = 0; i < sizeof needs / sizeof *needs; i++)
        if (str_starts(str_of(name), str_of(needs[i].name)))
            return needs[i].intents;
    fail_msg("nobody knows which intent %s needs", name);
    return 0;
}

/* Of itself the bot hears without GUILD_MEMBERS: its member, its coming into threads. */
static bool is_about_self(struct rig *r, const struct client *c)
{
    uint64_t self = sim_world(r->sim)->bot_id, id = 0;
    cordage_json added = cordage_json_at(json_get(c->d, "added_members"), 0);
    cordage_json removed = cordage_json_at(json_get(c->d, "removed_member_ids"), 0);

    if (strcmp(c->name, "GUILD_MEMBER_UPDATE") == 0)
        return mirror_id(json_get(c->d, "user"), "id") == self;
    if (strcmp(c->name, "THREAD_MEMBERS_UPDATE") == 0)
        return mirror_id(added, "user_id") == self ||
               (json_id(removed, &id) && id == self);
    return false;
}

static void check_told(struct rig *r, unsigned intents)
{
    struct client c;
    size_t n = 0, of_self = 0;

    client_ready(r, &c, 0, 1, intents);
    rig_wait(r, 40000);
    while (client_next(&c)) {
        unsigned need = need_of(c.name);
        bool self = is_about_self(r, &c);

        n++;
        of_self += self;
        if (strcmp(c.name, "THREAD_MEMBERS_UPDATE") == 0 && !self)
            need = 1u << 1;
        if (need && !(intents & need) &&
            !(self && strcmp(c.name, "GUILD_MEMBER_UPDATE") == 0))
            fail_msg("%s came to intents %x", c.name, intents);
    }
    CHECK(n > 20 && of_self > 0);
    client_release(&c);
}

TEST(an_event_comes_only_to_those_with_its_intent)
{
    static const unsigned intents[] = {
        0, 1, 2, 1 | 128, 512 | 1, 8 | 256, 65536, 1 << 20
    };
    struct sim_config config = rig_config();
    struct rig r;

    config.live = 50;
    rig_start(&r, &config);
    for (size_t i = 0; i < sizeof intents / sizeof *intents; i++) {
        check_told(&r, intents[i]);
        rig_wait(&r, 10000);
    }
    rig_is_clean(&r);
    rig_stop(&r);
}

TEST(everything_that_can_happen_does)
{
    static const char *const names[] = {
        "CHANNEL_CREATE",
        "CHANNEL_UPDATE",
        "CHANNEL_DELETE",
        "CHANNEL_PINS_UPDATE",
        "VOICE_CHANNEL_STATUS_UPDATE",
        "VOICE_CHANNEL_START_TIME_UPDATE",
        "THREAD_CREATE",
        "THREAD_UPDATE",
        "THREAD_DELETE",
        "THREAD_LIST_SYNC",
        "THREAD_MEMBER_UPDATE",
        "THREAD_MEMBERS_UPDATE",
        "GUILD_CREATE",
        "GUILD_UPDATE",
        "GUILD_DELETE",
        "GUILD_AUDIT_LOG_ENTRY_CREATE",
        "GUILD_BAN_ADD",
        "GUILD_BAN_REMOVE",
        "GUILD_EMOJIS_UPDATE",
        "GUILD_STICKERS_UPDATE",
        "GUILD_SOUNDBOARD_SOUND_CREATE",
        "GUILD_SOUNDBOARD_SOUND_UPDATE",
        "GUILD_SOUNDBOARD_SOUND_DELETE",
        "GUILD_SOUNDBOARD_SOUNDS_UPDATE",
        "GUILD_INTEGRATIONS_UPDATE",
        "INTEGRATION_CREATE",
        "INTEGRATION_UPDATE",
        "INTEGRATION_DELETE",
        "GUILD_MEMBER_ADD",
        "GUILD_MEMBER_UPDATE",
        "GUILD_MEMBER_REMOVE",
        "GUILD_ROLE_CREATE",
        "GUILD_ROLE_UPDATE",
        "GUILD_ROLE_DELETE",
        "GUILD_SCHEDULED_EVENT_CREATE",
        "GUILD_SCHEDULED_EVENT_UPDATE",
        "GUILD_SCHEDULED_EVENT_DELETE",
        "GUILD_SCHEDULED_EVENT_USER_ADD",
        "GUILD_SCHEDULED_EVENT_USER_REMOVE",
        "INTERACTION_CREATE",
        "INVITE_CREATE",
        "INVITE_DELETE",
        "MESSAGE_CREATE",
        "MESSAGE_UPDATE",
        "MESSAGE_DELETE",
        "MESSAGE_DELETE_BULK",
        "MESSAGE_REACTION_ADD",
        "MESSAGE_REACTION_REMOVE",
        "MESSAGE_REACTION_REMOVE_ALL",
        "MESSAGE_REACTION_REMOVE_EMOJI",
        "MESSAGE_POLL_VOTE_ADD",
        "MESSAGE_POLL_VOTE_REMOVE",
        "PRESENCE_UPDATE",
        "STAGE_INSTANCE_CREATE",
        "STAGE_INSTANCE_UPDATE",
        "STAGE_INSTANCE_DELETE",
        "TYPING_START",
        "USER_UPDATE",
        "VOICE_STATE_UPDATE",
        "WEBHOOKS_UPDATE",
        "AUTO_MODERATION_RULE_CREATE",
        "AUTO_MODERATION_RULE_UPDATE",
        "AUTO_MODERATION_RULE_DELETE",
        "AUTO_MODERATION_ACTION_EXECUTION",
        "ENTITLEMENT_CREATE",
        "ENTITLEMENT_UPDATE",
        "ENTITLEMENT_DELETE",
        "SUBSCRIPTION_CREATE",
        "SUBSCRIPTION_UPDATE",
        "SUBSCRIPTION_DELETE",
        "APPLICATION_COMMAND_PERMISSIONS_UPDATE",
    };
    enum { N = sizeof names / sizeof *names };
    struct sim_config config = rig_config();
    size_t seen[N] = { 0 };
    struct client c;
    struct rig r;

    config.live = 120;
    config.members = 30;
    rig_start(&r, &config);
    client_ready(&r, &c, 0, 1, RIG_ALL);
    rig_wait(&r, 55000);
    while (client_next(&c))
        for (size_t i = 0; i < N; i++)
            seen[i] += strcmp(c.name, names[i]) == 0;
    for (size_t i = 0; i < N; i++)
        if (!seen[i])
            fail_msg("no %s in 55 seconds", names[i]);
    rig_is_clean(&r);
    client_release(&c);
    rig_stop(&r);
}

TEST(without_message_content_an_edit_shows_none)
{
    struct sim_config config = rig_config();
    struct client full, bare;
    struct str x = STR(""), y = STR("");
    struct rig r;
    size_t n = 0;

    config.live = 50;
    rig_start(&r, &config);
    client_live(&r, &full, 0, 1, RIG_USUAL);
    rig_wait(&r, 5000);
    client_live(&r, &bare, 0, 1, RIG_GUILDS | RIG_MESSAGES);
    client_count(&full, "");
    rig_wait(&r, 20000);
    while (client_next(&full)) {
        CHECK(client_next(&bare));
        CHECK(strcmp(bare.name, full.name) == 0);
        if (strcmp(full.name, "MESSAGE_UPDATE") != 0)
            continue;
        n++;
        CHECK(json_str(json_get(full.d, "content"), &x) && x.n > 0);
        CHECK(json_str(json_get(bare.d, "content"), &y) && y.n == 0);
        CHECK(json_is_absent(json_get(json_get(full.d, "member"), "user")));
    }
    CHECK(n > 5);
    client_release(&full);
    client_release(&bare);
    rig_stop(&r);
}

/* ---- Outages -------------------------------------------------------------------- */

static bool has_unavailable(struct client *c, bool value)
{
    bool given;

    return json_bool(json_get(c->d, "unavailable"), &given) && given == value;
}

TEST(after_an_outage_the_guild_is_what_it_has_become)
{
    struct sim_config config = rig_config();
    struct world_guild *g;
    struct follower f;
    struct rig r;

    config.guilds = 1;
    rig_start(&r, &config);
    g = &sim_world(r.sim)->guilds[0];
    follow(&r, &f, 0, 1, RIG_ALL);
    rig_wait(&r, 1000);
    check_all(&r, &f);
    sim_begin_outage(r.sim, g, r.now);
    client_gets(&f.client, "GUILD_DELETE");
    CHECK(has_unavailable(&f.client, true));
    sim_live(r.sim, 50, 200, r.now);
    rig_wait(&r, 10000);
    while (client_next(&f.client))
        CHECK(json_is_absent(json_get(f.client.d, "guild_id")) ||
              str_starts(str_of(f.client.name), STR("ENTITLEMENT")));
    sim_end_outage(r.sim, g, r.now);
    client_gets(&f.client, "GUILD_CREATE");
    CHECK(has_unavailable(&f.client, false));
    CHECK(mirror_id(f.client.d, "id") == g->id);
    mirror_apply(&f.mirror, "GUILD_CREATE", 0, f.client.d);
    check_all(&r, &f);
    rig_is_clean(&r);
    unfollow(&f);
    rig_stop(&r);
}

TEST(a_bot_that_was_kicked_has_no_such_guild_until_it_is_added)
{
    struct sim_config config = rig_config();
    struct json_writer w;
    struct buf text = { 0 };
    struct world_guild *g;
    struct client c, later;
    struct rig r;

    config.guilds = 3;
    rig_start(&r, &config);
    g = &sim_world(r.sim)->guilds[1];
    client_live(&r, &c, 0, 1, RIG_ALL);
    sim_kick_bot(r.sim, sim_app(r.sim, 0), g, r.now);
    client_gets(&c, "GUILD_DELETE");
    CHECK(mirror_id(c.d, "id") == g->id);
    CHECK(json_is_absent(json_get(c.d, "unavailable")));
    json_begin(&w, &text);
    CHECK_INT(sim_write_truth(r.sim, g->id, &w), CORDAGE_ENOTFOUND);
    CHECK_INT(json_end(&w), 0);
    rig_wait(&r, 6000);
    client_ready(&r, &later, 0, 1, RIG_ALL);
    CHECK_INT(json_count(json_get(later.d, "guilds")), 2);
    rig_wait(&r, 1000);
    CHECK_INT(client_count(&later, "GUILD_CREATE"), 2);
    client_say(&later,
               "{\"op\":8,\"d\":{\"guild_id\":\"%llu\",\"query\":\"\",\"limit\":0}}",
               (unsigned long long)g->id);
    CHECK(!client_has_more(&later));
    sim_add_bot(r.sim, sim_app(r.sim, 0), g, r.now);
    client_gets(&later, "GUILD_CREATE");
    CHECK(json_is_absent(json_get(later.d, "unavailable")));
    client_gets(&c, "GUILD_CREATE");
    CHECK(mirror_id(c.d, "id") == g->id);
    rig_is_clean(&r);
    buf_release(&text);
    client_release(&c);
    client_release(&later);
    rig_stop(&r);
}

TEST(a_guild_that_goes_while_it_is_waited_for_comes_as_what_it_is_then)
{
    struct sim_config config = rig_config();
    struct world_guild *guilds;
    struct client c;
    struct rig r;

    config.guilds = 4;
    config.guilds_per_s = 1;
    rig_start(&r, &config);
    guilds = sim_world(r.sim)->guilds;
    client_ready(&r, &c, 0, 1, RIG_GUILDS);
    rig_wait(&r, 10);
    client_gets(&c, "GUILD_CREATE");
    sim_begin_outage(r.sim, &guilds[1], r.now);
    sim_kick_bot(r.sim, sim_app(r.sim, 0), &guilds[2], r.now);
    client_gets(&c, "GUILD_DELETE"); /* known from READY, and gone */
    CHECK(mirror_id(c.d, "id") == guilds[2].id);
    CHECK(!client_has_more(&c));
    rig_wait(&r, 10000);
    client_gets(&c, "GUILD_DELETE");
    CHECK(mirror_id(c.d, "id") == guilds[1].id && has_unavailable(&c, true));
    client_gets(&c, "GUILD_CREATE");
    CHECK(mirror_id(c.d, "id") == guilds[3].id);
    CHECK(!client_has_more(&c));
    sim_end_outage(r.sim, &guilds[1], r.now);
    client_gets(&c, "GUILD_CREATE");
    CHECK(has_unavailable(&c, false));
    rig_is_clean(&r);
    client_release(&c);
    rig_stop(&r);
}

/* ---- What is asked for ---------------------------------------------------------- */

TEST(sounds_and_voice_channels_are_told_as_they_are)
{
    struct sim_config config = rig_config();
    struct world_guild *g;
    struct client c;
    struct rig r;

    config.guilds = 1;
    rig_start(&r, &config);
    g = &sim_world(r.sim)->guilds[0];
    sim_live(r.sim, 100, 2000, r.now);
    rig_wait(&r, 90000);
    if (g->is_gone || g->unavailable)
        fail_msg("choose another seed");
    client_live(&r, &c, 0, 1, RIG_GUILDS);
    client_say(&c, "{\"op\":31,\"d\":{\"guild_ids\":[\"%llu\"]}}",
               (unsigned long long)g->id);
    client_gets(&c, "SOUNDBOARD_SOUNDS");
    CHECK_INT(json_count(json_get(c.d, "soundboard_sounds")),
              world_count(sim_world(r.sim), g, LIST_SOUNDS));
    client_say(&c, "{\"op\":43,\"d\":{\"guild_id\":\"%llu\",\"fields\":[\"status\"]}}",
               (unsigned long long)g->id);
    client_gets(&c, "CHANNEL_INFO");
    CHECK(json_count(json_get(c.d, "channels")) >= 1);
    CHECK(!json_is_absent(
        json_get(cordage_json_at(json_get(c.d, "channels"), 0), "status")));
    CHECK(json_is_absent(
        json_get(cordage_json_at(json_get(c.d, "channels"), 0), "voice_start_time")));
    rig_is_clean(&r);
    client_release(&c);
    rig_stop(&r);
}

RUN_TESTS(T(a_guild_create_is_the_truth_when_everything_is_asked_for),
          T(whoever_follows_the_events_knows_the_truth),
          T(the_world_changes_while_guilds_are_still_coming),
          T(the_same_seed_brings_the_same_changes),
          T(an_event_comes_only_to_those_with_its_intent),
          T(everything_that_can_happen_does),
          T(without_message_content_an_edit_shows_none),
          T(after_an_outage_the_guild_is_what_it_has_become),
          T(a_bot_that_was_kicked_has_no_such_guild_until_it_is_added),
          T(a_guild_that_goes_while_it_is_waited_for_comes_as_what_it_is_then),
          T(sounds_and_voice_channels_are_told_as_they_are))
