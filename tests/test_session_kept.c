/* A session that a process leaves to the next one. */
#include "session_rig.h"

static const struct session_legacy legacy = {
    .id = { "abc", 3 },
    .resume_url = { "wss://resume.discord.gg", 23 },
    .seq = 40,
};

/* As a shard does it: the fresh start that session_init asks for has not been pulled. */
static struct rig *rig_restored(const struct session_legacy *from)
{
    struct rig *r = rig_new(.has_store = true);

    expect_want_dial(r, false);
    CHECK_INT(session_restore(&r->s, from, r->now), 0);
    rig_pull(r);
    return r;
}

TEST(a_restored_session_resumes_where_the_last_process_was)
{
    struct rig *r = rig_restored(&legacy);

    expect_want_dial(r, true);
    rig_dial(r);
    expect_dial(r, RESUME_URL);
    rig_opened(r);
    rig_hello(r);
    expect_send(r, "{\"op\":6,\"d\":{\"token\":\"s3cret-t0ken\",\"session_id\":\"abc\","
                   "\"seq\":40}}");
    rig_event(r, "A", 40); /* was done */
    expect_nothing(r);
    rig_event(r, "A", 41);
    expect_deliver(r, "A", 41);
    rig_event(r, "RESUMED", 42);
    expect_deliver(r, "RESUMED", 42);
    expect_state(r, SESSION_LIVE);
    rig_free(r);
}

TEST(a_question_that_nobody_pulled_is_replaced)
{
    struct secret token = { 0 };
    struct session_config config = { .query = "v=10&encoding=json",
                                     .gateway_url = "wss://gateway.discord.gg",
                                     .shard_count = 1,
                                     .token = &token };
    struct session_action a;
    struct session s;

    CHECK_INT(secret_set(&token, STR("t")), 0);
    CHECK_INT(session_init(&s, &config, 0), 0);
    CHECK_INT(session_restore(&s, &legacy, 0), 0);
    CHECK(session_next(&s, &a));
    CHECK_INT(a.type, SESSION_WANT_DIAL);
    CHECK(a.resuming);
    CHECK(!session_next(&s, &a));
    session_release(&s);
    secret_release(&token);
}

TEST(a_resume_url_of_no_use_leaves_the_default_one)
{
    static const char *const urls[] = { "", "nonsense", "https://resume.discord.gg",
                                        "ws://resume.discord.gg", "wss://evil.example" };

    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        struct session_legacy from = legacy;
        struct rig *r;

        from.resume_url = str_of(urls[i]);
        r = rig_restored(&from);
        expect_want_dial(r, true);
        rig_dial(r);
        expect_dial(r, DEFAULT_URL);
        rig_free(r);
    }
}

TEST(what_is_no_session_is_refused_and_changes_nothing)
{
    char id[LIMIT_SESSION_ID + 1];
    struct session_legacy from = legacy;
    struct rig *r = rig_new();

    from.id = STR("");
    CHECK_INT(session_restore(&r->s, &from, r->now), CORDAGE_EINVAL);
    memset(id, 'a', sizeof id);
    from.id = (struct str){ id, sizeof id };
    CHECK_INT(session_restore(&r->s, &from, r->now), CORDAGE_EINVAL);
    rig_become_live(r, 1);
    CHECK_INT(session_restore(&r->s, &legacy, r->now), CORDAGE_ESTATE);
    rig_free(r);
}

TEST(an_id_that_no_payload_can_hold_becomes_a_fresh_start)
{
    char id[LIMIT_SESSION_ID];
    struct session_legacy from = legacy;
    struct rig *r;

    memset(id, '\xff', sizeof id); /* no UTF-8 */
    from.id = (struct str){ id, sizeof id };
    r = rig_restored(&from);
    rig_connect(r, true);
    rig_hello(r);
    if (r->seen[r->first].type == SESSION_SEND) {
        /* It could be written: then Discord says what it thinks of it. */
        expect_send(r, RESUME);
        CHECK_INT(rig_feed(r, "{\"t\":null,\"s\":null,\"op\":9,\"d\":false}"), 0);
    }
    expect_close(r, 4000);
    expect(r, SESSION_LOST);
    rig_become_live(r, 1);
    rig_free(r);
}

TEST(a_session_that_is_refused_becomes_a_fresh_start)
{
    struct rig *r = rig_restored(&legacy);

    rig_connect(r, true);
    rig_hello(r);
    expect_send(r, RESUME);
    CHECK_INT(rig_feed(r, "{\"t\":null,\"s\":null,\"op\":9,\"d\":false}"), 0);
    expect_close(r, 4000);
    expect(r, SESSION_LOST);
    rig_become_live(r, 1);
    rig_free(r);
}

TEST(its_guilds_are_known_before_any_comes)
{
    struct rig *r = rig_restored(&legacy);

    CHECK_INT(session_restore_guild(&r->s, 1, GUILD_AVAILABLE), 0);
    CHECK_INT(session_restore_guild(&r->s, 2, GUILD_UNAVAILABLE), 0);
    CHECK_INT(guilds_count(&r->s.guilds), 2);
    CHECK_INT(r->s.guilds.n_available, 1);
    CHECK(!guilds_loading(&r->s.guilds));
    rig_connect(r, true);
    rig_hello(r);
    expect_send(r, RESUME);
    rig_event(r, "RESUMED", 41);
    expect_deliver(r, "RESUMED", 41);
    expect_nothing(r);
    rig_free(r);
}

TEST(loading_that_the_last_process_began_is_ended_by_this_one)
{
    struct rig *r = rig_restored(&legacy);

    CHECK_INT(session_restore_guild(&r->s, 1, GUILD_WAITING), 0);
    CHECK_INT(session_restore_guild(&r->s, 2, GUILD_AVAILABLE), 0);
    CHECK(guilds_loading(&r->s.guilds));
    rig_connect(r, true);
    rig_hello(r);
    expect_send(r, RESUME);
    CHECK_INT(rig_feed(r,
                       "{\"t\":\"GUILD_CREATE\",\"s\":41,\"op\":0,\"d\":{\"id\":\"1\"}}"),
              0);
    expect_deliver(r, "GUILD_CREATE", 41);
    expect(r, SESSION_GUILDS_IN);
    CHECK_INT(r->s.guilds.n_available, 2);
    rig_free(r);
}

TEST(with_a_store_a_heartbeat_says_what_the_store_could_resume_from)
{
    struct rig *r = rig_new(.has_store = true);

    rig_become_live(r, 5);
    rig_event(r, "A", 90);
    expect_deliver(r, "A", 90);
    rig_wait(r);
    expect_send(r, "{\"op\":1,\"d\":5}");
    rig_ack(r);
    session_set_safe(&r->s, 70);
    session_set_safe(&r->s, 60); /* an older message */
    rig_wait(r);
    expect_send(r, "{\"op\":1,\"d\":70}");
    rig_ack(r);
    session_set_safe(&r->s, 1000); /* cannot be: what came is what counts */
    rig_wait(r);
    expect_send(r, "{\"op\":1,\"d\":90}");
    rig_ack(r);
    rig_free(r);
}

TEST(without_a_store_it_says_what_came)
{
    struct rig *r = rig_live();

    session_set_safe(&r->s, 1);
    rig_event(r, "A", 90);
    expect_deliver(r, "A", 90);
    rig_wait(r);
    expect_send(r, "{\"op\":1,\"d\":90}");
    rig_free(r);
}

TEST(a_new_session_begins_with_its_own_sequence)
{
    struct rig *r = rig_restored(&legacy);

    session_set_safe(&r->s, 41);
    rig_connect(r, true);
    rig_hello(r);
    expect_send(r, RESUME);
    CHECK_INT(rig_feed(r, "{\"t\":null,\"s\":null,\"op\":9,\"d\":false}"), 0);
    expect_close(r, 4000);
    expect(r, SESSION_LOST);
    session_set_safe(&r->s, 4711); /* there is no session */
    rig_become_live(r, 1);
    rig_event(r, "A", 3);
    expect_deliver(r, "A", 3);
    rig_wait(r);
    expect_send(r, "{\"op\":1,\"d\":1}");
    rig_free(r);
}

RUN_TESTS(T(a_restored_session_resumes_where_the_last_process_was),
          T(a_question_that_nobody_pulled_is_replaced),
          T(a_resume_url_of_no_use_leaves_the_default_one),
          T(what_is_no_session_is_refused_and_changes_nothing),
          T(an_id_that_no_payload_can_hold_becomes_a_fresh_start),
          T(a_session_that_is_refused_becomes_a_fresh_start),
          T(its_guilds_are_known_before_any_comes),
          T(loading_that_the_last_process_began_is_ended_by_this_one),
          T(with_a_store_a_heartbeat_says_what_the_store_could_resume_from),
          T(without_a_store_it_says_what_came),
          T(a_new_session_begins_with_its_own_sequence))
