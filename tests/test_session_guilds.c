#include "session_rig.h"

#include "captures.h"

enum { QUIET_MS = 5000 };

static struct rig *rig_loading(uint32_t intents)
{
    struct rig *r = rig_new(.intents = intents);

    rig_connect(r, false);
    rig_identify(r);
    CHECK_INT(rig_ready(r, 1, "[{\"id\":\"1\",\"unavailable\":true},{\"id\":\"2\"}]"), 0);
    expect_deliver(r, "READY", 1);
    return r;
}

static void guild(struct rig *r, const char *event, uint64_t seq, const char *d)
{
    CHECK_INT(rig_feedf(r, "{\"t\":\"%s\",\"s\":%llu,\"op\":0,\"d\":%s}", event,
                        (unsigned long long)seq, d),
              0);
    expect_deliver(r, event, seq);
}

static void skip_beats(struct rig *r)
{
    while (r->n && r->seen[r->first].type == SESSION_SEND) {
        expect_send(r, HEARTBEAT);
        rig_ack(r);
    }
}

TEST(when_the_last_guild_has_answered_that_is_said)
{
    struct rig *r = rig_loading(1);

    guild(r, "GUILD_CREATE", 2, "{\"id\":\"1\",\"unavailable\":false}");
    expect_nothing(r);
    guild(r, "GUILD_DELETE", 3, "{\"id\":\"2\",\"unavailable\":true}");
    expect(r, SESSION_GUILDS_IN);
    CHECK_INT(r->s.guilds.n_available, 1);
    guild(r, "GUILD_CREATE", 4, "{\"id\":\"3\"}"); /* joined: said once only */
    CHECK_INT(guilds_count(&r->s.guilds), 3);
    rig_free(r);
}

TEST(the_body_of_a_guild_is_parsed_once_and_handed_on)
{
    struct rig *r = rig_loading(1);

    CHECK_INT(rig_feed(r,
                       "{\"t\":\"GUILD_CREATE\",\"s\":2,\"op\":0,\"d\":{\"id\":\"1\"}}"),
              0);
    CHECK(rig_take(r, SESSION_DELIVER)->has_d);
    rig_free(r);
}

TEST(a_guild_without_an_id_is_delivered_and_not_counted)
{
    struct rig *r = rig_loading(1);

    guild(r, "GUILD_CREATE", 2, "{}");
    guild(r, "GUILD_DELETE", 3, "null");
    CHECK_INT(guilds_count(&r->s.guilds), 2);
    rig_free(r);
}

TEST(silence_after_the_last_guild_ends_the_loading)
{
    struct rig *r = rig_loading(1);

    rig_after(r, QUIET_MS - 1);
    skip_beats(r);
    guild(r, "GUILD_CREATE", 2, "{\"id\":\"1\"}");
    rig_after(r, QUIET_MS - 1);
    skip_beats(r);
    rig_event(r, "MESSAGE_CREATE", 3); /* tells nothing about guilds */
    expect_deliver(r, "MESSAGE_CREATE", 3);
    expect_nothing(r);
    rig_after(r, 1);
    expect(r, SESSION_GUILDS_IN);
    CHECK(!guilds_loading(&r->s.guilds));
    rig_free(r);
}

TEST(without_the_guilds_intent_none_will_come)
{
    struct rig *r = rig_loading(512);

    expect(r, SESSION_GUILDS_IN);
    CHECK_INT(guilds_count(&r->s.guilds), 2);
    rig_free(r);
}

TEST(silence_while_disconnected_or_paused_does_not_count)
{
    struct rig *r = rig_loading(1);

    session_paused(&r->s, true, r->now);
    rig_after(r, 10 * QUIET_MS);
    while (r->n)
        expect_send(r, HEARTBEAT);
    session_paused(&r->s, false, r->now);
    rig_pull(r);
    rig_after(r, QUIET_MS - 1);
    while (r->n)
        expect_send(r, HEARTBEAT);
    rig_closed(r, 1006);
    rig_resume(r);
    rig_after(r, 2 * QUIET_MS);
    skip_beats(r);
    expect_nothing(r);
    rig_event(r, "RESUMED", 2);
    expect_deliver(r, "RESUMED", 2);
    rig_after(r, QUIET_MS - 1);
    skip_beats(r);
    expect_nothing(r);
    rig_after(r, 1);
    expect(r, SESSION_GUILDS_IN);
    rig_free(r);
}

TEST(guilds_that_come_in_by_replay_count)
{
    struct rig *r = rig_loading(1);

    rig_closed(r, 1006);
    rig_resume(r);
    guild(r, "GUILD_CREATE", 2, "{\"id\":\"1\"}");
    guild(r, "GUILD_CREATE", 2 + 1, "{\"id\":\"2\"}");
    expect(r, SESSION_GUILDS_IN);
    rig_event(r, "RESUMED", 4);
    expect_deliver(r, "RESUMED", 4);
    rig_free(r);
}

/* The payloads of a captured array, one after the other. */
struct player {
    struct rig *rig;
    unsigned n_events;
};

static void play_one(struct player *p, struct str payload)
{
    struct buf text = { 0 };
    cordage_json d;
    struct envelope e;

    CHECK_INT(buf_append_str(&text, payload), 0);
    CHECK_INT(envelope_parse(p->rig->parser, buf_str(&text), &e, &d), 0);
    if (e.op == OP_DISPATCH && e.has_seq)
        p->rig->s.kept.seq = e.seq - 1; /* the captures are of many sessions */
    CHECK_INT(session_feed(&p->rig->s, buf_str(&text), p->rig->now), 0);
    p->n_events += e.op == OP_DISPATCH;
    rig_pull(p->rig);
    while (p->rig->n) {
        enum session_action_type type = p->rig->seen[p->rig->first].type;

        CHECK(type == SESSION_DELIVER || type == SESSION_GUILDS_IN);
        expect(p->rig, type);
    }
    buf_release(&text);
}

/* Cuts `[{…},{…}]` at the braces of its first level. */
static void play(struct str content, void *user)
{
    size_t depth = 0, from = 0;
    bool quoted = false;

    for (size_t i = 0; i < content.n; i++) {
        char c = content.p[i];

        if (quoted && c == '\\') {
            i++;
        } else if (c == '"') {
            quoted = !quoted;
        } else if (!quoted && c == '{') {
            if (depth++ == 0)
                from = i;
        } else if (!quoted && c == '}' && --depth == 0) {
            play_one(user, (struct str){ content.p + from, i + 1 - from });
        }
    }
}

TEST(real_traffic_makes_a_session_live_and_is_delivered)
{
    struct rig *r = rig_new();
    struct player p = { .rig = r };

    rig_connect(r, false);
    rig_identify(r);
    if (captures_each("gateway_ready", play, &p)) {
        expect_state(r, SESSION_LIVE);
        CHECK_STR(str_of(r->s.kept.resume_url.query), "v=10&encoding=json");
        CHECK_STR(str_of(r->s.kept.resume_url.host), "gateway.discord.gg");
        CHECK(guilds_loading(&r->s.guilds));
        CHECK(captures_each("gateway_", play, &p) >= 10);
        CHECK(p.n_events > 20);
        CHECK_INT(r->s.stats.unreadable, 0);
        CHECK(r->s.guilds.n_available > 0);
    }
    rig_free(r);
}

RUN_TESTS(T(when_the_last_guild_has_answered_that_is_said),
          T(the_body_of_a_guild_is_parsed_once_and_handed_on),
          T(a_guild_without_an_id_is_delivered_and_not_counted),
          T(silence_after_the_last_guild_ends_the_loading),
          T(without_the_guilds_intent_none_will_come),
          T(silence_while_disconnected_or_paused_does_not_count),
          T(guilds_that_come_in_by_replay_count),
          T(real_traffic_makes_a_session_live_and_is_delivered))
