/* The session and what it is made of, each allocation failing in turn. */
#include "alloc.h"

#include "identify.h"
#include "session.h"

struct rig {
    struct secret token;
    struct json_parser *parser;
    struct session s;
    unsigned n_delivered, n_closed;
};

/* Parser and token are there before memory becomes scarce. */
static struct session_config rig_begin(struct rig *r)
{
    unsigned long nth = alloc_fail_nth;

    alloc_fail_at(0);
    *r = (struct rig){ .parser = json_parser_new() };
    assert_non_null(r->parser);
    assert_int_equal(secret_set(&r->token, STR("t")), 0);
    alloc_fail_at(nth);
    return (struct session_config){
        .shard_count = 1,
        .intents = 1,
        .token = &r->token,
        .gateway_url = "wss://gateway.discord.gg",
        .query = "v=10",
        .parser = r->parser,
    };
}

static void rig_end(struct rig *r)
{
    session_release(&r->s);
    session_release(&r->s); /* what is released already is empty */
    secret_release(&r->token);
    json_parser_free(r->parser);
}

static void pull(struct rig *r)
{
    struct session_action a;

    while (session_next(&r->s, &a)) {
        r->n_delivered += a.type == SESSION_DELIVER;
        r->n_closed += a.type == SESSION_CLOSE;
    }
}

/* Feeds it with as many blanks behind the first brace. */
static int feed_padded(struct rig *r, const char *payload, size_t blanks)
{
    static char text[1024 * 1024];
    size_t n = strlen(payload);
    int err;

    assert_true(blanks + n + BUF_SLACK < sizeof text);
    text[0] = '{';
    memset(text + 1, ' ', blanks);
    memcpy(text + 1 + blanks, payload + 1, n - 1);
    err = session_feed(&r->s, (struct str){ text, blanks + n }, 100);
    pull(r);
    return err;
}

static int feed(struct rig *r, const char *payload)
{
    return feed_padded(r, payload, 0);
}

static int init(void *user)
{
    struct rig *r = user;
    struct session_config config = rig_begin(r);
    int err = session_init(&r->s, &config, 0);

    if (!err)
        CHECK_INT(r->s.state, SESSION_IDLE);
    rig_end(r);
    return err;
}

TEST(a_session_that_gets_no_memory_is_not_begun)
{
    struct rig r;

    CHECK(alloc_each(init, &r) >= 1);
}

static const char hello[] = "{\"op\":10,\"d\":{\"heartbeat_interval\":40000}}";
static const char ready[] =
    "{\"t\":\"READY\",\"s\":1,\"op\":0,\"d\":{\"session_id\":\"abc\","
    "\"guilds\":[{\"id\":\"1\"},{\"id\":\"2\"}]}}";
static const char event[] = "{\"t\":\"A\",\"s\":2,\"op\":0,\"d\":{\"id\":\"1\"}}";
static const char guild[] =
    "{\"t\":\"GUILD_CREATE\",\"s\":3,\"op\":0,\"d\":{\"id\":\"9\"}}";

/* To the point where IDENTIFY has left, with plenty of memory. */
static void identify(struct rig *r)
{
    unsigned long nth = alloc_fail_nth;
    struct session_config config;

    alloc_fail_at(0);
    config = rig_begin(r);
    assert_int_equal(session_init(&r->s, &config, 0), 0);
    pull(r);
    session_dial(&r->s, 1);
    session_opened(&r->s, 2);
    pull(r);
    assert_int_equal(feed(r, hello), 0);
    session_identify(&r->s, 3);
    pull(r);
    CHECK_INT(r->s.state, SESSION_IDENTIFY);
    alloc_fail_at(nth);
}

static int feed_ready(void *user)
{
    struct rig *r = user;
    int err;

    identify(r);
    err = feed(r, ready);
    /* Either the connection is given up, to come again, or READY was taken: then no more
     * than the count of guilds may be wrong. */
    if (r->n_closed)
        CHECK_INT(r->s.state, SESSION_IDLE);
    else
        CHECK_INT(r->n_delivered, 1);
    if (!err)
        CHECK_INT(guilds_count(&r->s.guilds), 2);
    rig_end(r);
    return err;
}

TEST(ready_without_memory_costs_the_connection_or_a_count)
{
    struct rig r;

    CHECK(alloc_each(feed_ready, &r) >= 1);
}

/* A giant, for which the parser must grow. */
static int feed_giant(void *user)
{
    struct rig *r = user;
    unsigned long nth = alloc_fail_nth;
    int err;

    alloc_fail_at(0);
    identify(r);
    assert_int_equal(feed(r, ready), 0);
    assert_int_equal(feed(r, event), 0);
    alloc_fail_at(nth);
    err = feed_padded(r, guild, 900 * 1000);
    if (err) {
        CHECK_INT(r->n_closed, 1);
        CHECK_INT(r->s.kept.seq, 2); /* not passed over: it will be replayed */
    } else {
        CHECK_INT(r->n_delivered, 3);
    }
    rig_end(r);
    return err;
}

TEST(an_event_that_cannot_be_read_for_want_of_memory_is_resumed_not_skipped)
{
    struct rig r;

    CHECK(alloc_each(feed_giant, &r) >= 1);
}

TEST(an_ordinary_event_needs_no_memory)
{
    struct rig r;

    alloc_fail_at(0);
    identify(&r);
    assert_int_equal(feed(&r, ready), 0);
    alloc_fail_at(0);
    CHECK_INT(feed(&r, event), 0);
    CHECK_INT(feed(&r, "{\"op\":11}"), 0);
    CHECK_INT(feed(&r, "{\"t\":null,\"s\":null,\"op\":1,\"d\":null}"), 0);
    session_tick(&r.s, 50000);
    pull(&r);
    session_closed(&r.s, 1006, 50001);
    session_tick(&r.s, 60000);
    session_dial(&r.s, 60000);
    session_opened(&r.s, 60000);
    pull(&r);
    CHECK_INT(feed(&r, hello), 0);
    CHECK_INT(r.s.state, SESSION_RESUME);
    CHECK_INT(alloc_count, 0);
    rig_end(&r);
}

static int command(void *user)
{
    struct rig *r = user;
    int err;

    identify(r);
    err = session_command(&r->s, PACE_COMMAND, 0, STR("{\"op\":4}"), 100);
    if (!err)
        err = session_command(&r->s, PACE_PRESENCE, 0, STR("{\"op\":3}"), 100);
    if (!err)
        err = session_set_presence(&r->s, STR("{\"status\":\"idle\"}"));
    if (!err) {
        CHECK_INT(r->s.outbox.n, 2);
        CHECK(r->s.presence.n > 0);
    }
    rig_end(r);
    return err;
}

TEST(a_command_without_memory_is_refused)
{
    struct rig r;

    CHECK(alloc_each(command, &r) >= 3);
}

static int queue(void *user)
{
    struct identify_ticket ticket = { 0 };
    struct identify_queue q;
    int err;

    (void)user;
    err = identify_init(&q, 4);
    if (!err) {
        identify_ask(&q, &ticket, 5, 8);
        err = identify_concurrency(&q, 16);
        CHECK_INT(q.max_concurrency, err ? 4 : 16);
        identify_ready(&q, &ticket);
        assert_ptr_equal(identify_next(&q, 0), &ticket);
    }
    identify_release(&q);
    return err;
}

TEST(an_identify_queue_that_cannot_be_rebuilt_stays_as_it_was)
{
    CHECK_INT(alloc_each(queue, NULL), 2);
}

RUN_TESTS(T(a_session_that_gets_no_memory_is_not_begun),
          T(ready_without_memory_costs_the_connection_or_a_count),
          T(an_event_that_cannot_be_read_for_want_of_memory_is_resumed_not_skipped),
          T(an_ordinary_event_needs_no_memory), T(a_command_without_memory_is_refused),
          T(an_identify_queue_that_cannot_be_rebuilt_stays_as_it_was))
