/* Sessions whose events come from a source, in virtual time. */
#include "replay.h"

#include "sim_rig.h"

#define READY_BODY                                                              \
    "{\"v\":10,\"user\":{\"id\":\"77\",\"n\":1e2},\"session_id\":\"recorded\"," \
    "\"resume_gateway_url\":\"wss://gateway.invalid\",\"guilds\":[{\"id\":\"5\"}]}"

static struct str body;
static unsigned n_asked;

static bool knows(void *user, uint32_t shard_id, uint32_t shard_count)
{
    (void)user;
    return shard_id == 1 && shard_count == 2;
}

static struct str ready(void *user, uint32_t shard_id, uint32_t shard_count)
{
    CHECK(knows(user, shard_id, shard_count));
    n_asked++;
    return body;
}

static const struct sim_source source = { NULL, knows, ready };

static void start(struct rig *r)
{
    struct sim_config config = rig_config();

    config.guilds = 0;
    config.bot_id = 77;
    rig_start(r, &config);
    sim_set_source(r->sim, &source);
    body = STR(READY_BODY);
    n_asked = 0;
}

static void feed(struct rig *r, const char *name, const char *d)
{
    CHECK_INT(sim_feed(r->sim, 1, 2, name, str_of(d), r->now), 0);
}

static struct sim_reader reader(struct rig *r)
{
    struct sim_reader out;

    sim_read_reader(r->sim, 1, 2, &out);
    return out;
}

TEST(ready_is_the_recorded_one_with_a_session_of_its_own)
{
    struct client c;
    struct rig r;
    struct str text;
    uint64_t id;

    start(&r);
    client_ready(&r, &c, 1, 2, RIG_USUAL);
    CHECK_INT(strlen(c.session_id), 32);
    CHECK(json_str(json_get(c.d, "resume_gateway_url"), &text));
    CHECK_STR(text, "wss://127.0.0.1:2");
    CHECK(json_id(json_get(json_get(c.d, "user"), "id"), &id));
    CHECK_INT(id, 77);
    CHECK(str_find(buf_str(&c.taken_text), STR("\"n\":1e2}")) != SIZE_MAX);
    CHECK_INT(sim_app(r.sim, 0)->id, 77);
    CHECK(!client_has_more(&c));
    CHECK_INT(reader(&r).seq, 1);
    rig_is_clean(&r);
    client_release(&c);
    rig_stop(&r);
}

TEST(events_come_numbered_and_as_they_were)
{
    struct client c;
    struct rig r;

    start(&r);
    client_ready(&r, &c, 1, 2, RIG_USUAL);
    feed(&r, "MESSAGE_CREATE", "{\"a\": 1.50,\"b\":\"\\u00e9\"}");
    feed(&r, "NEW_THING", "[]");
    client_gets(&c, "MESSAGE_CREATE");
    CHECK_INT(c.seq, 2);
    CHECK(str_find(buf_str(&c.taken_text), STR("{\"a\": 1.50,\"b\":\"\\u00e9\"}")) !=
          SIZE_MAX);
    client_gets(&c, "NEW_THING");
    CHECK_INT(c.seq, 3);
    client_release(&c);
    rig_stop(&r);
}

TEST(a_shard_that_was_not_recorded_is_refused)
{
    struct client c;
    struct rig r;

    start(&r);
    client_connect(&r, &c);
    client_identify(&c, 0, 2, RIG_USUAL);
    CHECK_INT(c.close_code, 4010);
    CHECK_INT(n_asked, 0);
    CHECK(!reader(&r).has_session);
    CHECK_INT(sim_feed(r.sim, 1, 2, "X", STR("{}"), r.now), CORDAGE_ENOTFOUND);
    client_release(&c);
    rig_stop(&r);
}

TEST(a_resume_in_the_middle_brings_what_was_missed)
{
    struct client c, again;
    struct rig r;

    start(&r);
    client_ready(&r, &c, 1, 2, RIG_USUAL);
    feed(&r, "A", "{}");
    client_gone(&c, 1006);
    CHECK(reader(&r).has_session && !reader(&r).is_connected);
    feed(&r, "B", "{}");
    feed(&r, "C", "{}");

    client_connect_to(&r, &again, RIG_QUERY, true);
    client_gets_op(&again, 10);
    client_resume(&again, c.session_id, 2);
    client_gets(&again, "B");
    client_gets(&again, "C");
    CHECK_INT(again.seq, 4);
    client_gets(&again, "RESUMED");
    feed(&r, "D", "{}");
    client_gets(&again, "D");
    CHECK_INT(n_asked, 1);
    rig_is_clean(&r);
    client_release(&c);
    client_release(&again);
    rig_stop(&r);
}

TEST(what_was_read_a_heartbeat_says)
{
    struct client c;
    struct rig r;

    start(&r);
    client_ready(&r, &c, 1, 2, RIG_USUAL);
    feed(&r, "A", "{}");
    CHECK_INT(reader(&r).acked, 0);
    CHECK_INT(reader(&r).sent, 2);
    client_gets(&c, "A");
    sim_ask_reader(r.sim, 1, 2);
    client_gets_op(&c, 1);
    client_say(&c, "{\"op\":1,\"d\":2}");
    client_gets_op(&c, 11);
    CHECK_INT(reader(&r).acked, 2);
    client_release(&c);
    rig_stop(&r);
}

TEST(a_session_that_was_lost_when_it_was_recorded_is_lost)
{
    struct client c;
    struct rig r;

    start(&r);
    client_ready(&r, &c, 1, 2, RIG_USUAL);
    sim_end_reader(r.sim, 1, 2);
    client_gets_op(&c, 9);
    CHECK(!reader(&r).has_session);
    rig_wait(&r, 6000);
    body = STR(""); /* nothing was recorded of it: the world's */
    client_identify(&c, 1, 2, RIG_USUAL);
    client_gets(&c, "READY");
    CHECK_INT(c.seq, 1);
    CHECK_INT(n_asked, 2);
    client_release(&c);
    rig_stop(&r);
}

TEST(commands_about_its_guilds_break_no_rule)
{
    struct client c;
    struct rig r;

    start(&r);
    client_ready(&r, &c, 1, 2, RIG_USUAL | RIG_MEMBERS);
    client_say(&c, "{\"op\":8,\"d\":{\"guild_id\":\"5\",\"query\":\"\",\"limit\":0}}");
    CHECK(!client_has_more(&c));
    rig_is_clean(&r);
    client_release(&c);
    rig_stop(&r);
}

RUN_TESTS(T(ready_is_the_recorded_one_with_a_session_of_its_own),
          T(events_come_numbered_and_as_they_were),
          T(a_shard_that_was_not_recorded_is_refused),
          T(a_resume_in_the_middle_brings_what_was_missed),
          T(what_was_read_a_heartbeat_says),
          T(a_session_that_was_lost_when_it_was_recorded_is_lost),
          T(commands_about_its_guilds_break_no_rule))
