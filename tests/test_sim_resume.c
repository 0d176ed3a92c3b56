#include "sim_rig.h"

static void typing(struct rig *r, int n)
{
    for (int i = 0; i < n; i++)
        CHECK_INT(sim_dispatch(r->sim, "TYPING_START", 0, &sim_world(r->sim)->guilds[0],
                               STR("{\"x\":1}"), r->now),
                  0);
}

/* One guild, one session, seq as `c.seq`. */
static void start(struct rig *r, struct client *c, struct sim_config *config)
{
    config->guilds = 1;
    rig_start(r, config);
    client_live(r, c, 0, 1, RIG_USUAL);
    CHECK_INT(c->seq, 2);
}

static void end(struct rig *r, struct client *a, struct client *b)
{
    client_release(a);
    if (b)
        client_release(b);
    rig_stop(r);
}

static bool gets_op_9(struct client *c)
{
    bool resumable = true;

    client_gets_op(c, 9);
    CHECK(json_bool(c->d, &resumable));
    return resumable;
}

TEST(what_was_missed_comes_again_with_its_numbers_and_then_resumed)
{
    struct sim_config config = rig_config();
    struct rig r;
    struct client a, b;

    start(&r, &a, &config);
    typing(&r, 3); /* 3, 4, 5; the client took none of them in */
    client_gone(&a, 1006);
    typing(&r, 2); /* 6, 7 while it is away */
    client_resumes(&r, &b, &a, 4);
    for (uint64_t seq = 5; seq <= 7; seq++) {
        client_gets(&b, "TYPING_START");
        CHECK_INT(b.seq, seq);
    }
    client_gets(&b, "RESUMED");
    CHECK_INT(b.seq, 8);
    CHECK_INT(cordage_json_type_of(b.d), CORDAGE_JSON_OBJECT);
    typing(&r, 1);
    client_gets(&b, "TYPING_START");
    CHECK_INT(b.seq, 9);
    CHECK(!client_has_more(&b));
    rig_is_clean(&r);
    CHECK_INT(sim_report(r.sim)->identifies, 1);
    CHECK_INT(sim_report(r.sim)->resumed, 1);
    end(&r, &a, &b);
}

TEST(an_old_resumed_is_not_replayed)
{
    struct sim_config config = rig_config();
    struct rig r;
    struct client a, b, c;

    start(&r, &a, &config);
    client_gone(&a, 1006);
    client_resumes(&r, &b, &a, 2);
    client_gets(&b, "RESUMED"); /* 3 */
    typing(&r, 1);              /* 4 */
    client_gone(&b, 4000);
    client_resumes(&r, &c, &a, 2);
    client_gets(&c, "TYPING_START");
    CHECK_INT(c.seq, 4);
    client_gets(&c, "RESUMED");
    CHECK_INT(c.seq, 5);
    client_release(&c);
    end(&r, &a, &b);
}

TEST(guilds_go_on_coming_while_the_client_is_away)
{
    struct sim_config config = rig_config();
    struct rig r;
    struct client a, b;

    config.guilds = 20;
    config.guilds_per_s = 10;
    rig_start(&r, &config);
    client_ready(&r, &a, 0, 1, RIG_USUAL);
    client_gone(&a, 1006);
    rig_wait(&r, 10000);
    client_resumes(&r, &b, &a, 1);
    CHECK_INT(client_count(&b, "GUILD_CREATE"), 20);
    CHECK_INT(b.seq, 22);
    end(&r, &a, &b);
}

TEST(a_long_replay_goes_out_as_the_connection_takes_it)
{
    struct sim_config config = rig_config();
    struct rig r;
    struct client a, b;

    start(&r, &a, &config);
    client_gone(&a, 1006);
    typing(&r, 5000);
    client_connect_to(&r, &b, RIG_QUERY, true);
    client_gets_op(&b, 10);
    b.backlog = SIM_BACKLOG;
    client_resume(&b, a.session_id, 2);
    CHECK(!client_has_more(&b));
    typing(&r, 1);
    b.backlog = 0;
    sim_writable(b.conn, r.now);
    CHECK(client_has_more(&b));
    rig_wait(&r, 1000);
    CHECK_INT(client_count(&b, "TYPING_START"), 5001);
    CHECK_INT(b.seq, 5004);
    end(&r, &a, &b);
}

TEST(a_wrong_token_is_closed_with_4004)
{
    struct sim_config config = rig_config();
    struct rig r;
    struct client a, b;

    start(&r, &a, &config);
    client_gone(&a, 1006);
    client_connect_to(&r, &b, RIG_QUERY, true);
    client_say(&b, "{\"op\":6,\"d\":{\"token\":\"no\",\"session_id\":\"%s\",\"seq\":2}}",
               a.session_id);
    CHECK_INT(b.close_code, 4004);
    rig_broke(&r, RULE_BAD_TOKEN);
    end(&r, &a, &b);
}

TEST(after_a_wrong_token_the_right_one_breaks_no_further_rule)
{
    struct sim_config config = rig_config();
    struct rig r;
    struct client a, b, c;

    start(&r, &a, &config);
    client_gone(&a, 1006);
    client_connect_to(&r, &b, RIG_QUERY, true);
    client_say(&b, "{\"op\":6,\"d\":{\"token\":\"no\",\"session_id\":\"%s\",\"seq\":2}}",
               a.session_id);
    CHECK_INT(b.close_code, 4004);
    client_gone(&b, 4004);
    client_release(&b);
    rig_wait(&r, 6000);
    client_connect(&r, &c);
    client_identify(&c, 0, 1, 1);
    client_gets(&c, "READY");
    rig_broke(&r, RULE_BAD_TOKEN);
    end(&r, &a, &c);
}

TEST(an_unknown_session_gets_op_9_and_breaks_no_rule)
{
    struct sim_config config = rig_config();
    struct rig r;
    struct client a;

    rig_start(&r, &config);
    client_connect_to(&r, &a, RIG_QUERY, true);
    client_gets_op(&a, 10);
    client_resume(&a, "nobody", 5);
    CHECK(!gets_op_9(&a));
    CHECK_INT(a.close_code, 0);
    rig_is_clean(&r);
    end(&r, &a, NULL);
}

TEST(a_session_expires_after_its_ttl)
{
    struct sim_config config = rig_config();
    struct rig r;
    struct client a, b, c;

    start(&r, &a, &config);
    client_gone(&a, 1006);
    rig_wait(&r, 179999);
    client_resumes(&r, &b, &a, 2);
    client_gets(&b, "RESUMED");
    client_gone(&b, 4000);
    rig_wait(&r, 180000);
    client_resumes(&r, &c, &a, 3);
    CHECK(!gets_op_9(&c));
    rig_is_clean(&r);
    client_release(&c);
    end(&r, &a, &b);
}

TEST(a_sequence_ahead_is_closed_with_4007)
{
    struct sim_config config = rig_config();
    struct rig r;
    struct client a, b;

    start(&r, &a, &config);
    client_gone(&a, 1006);
    client_resumes(&r, &b, &a, 3);
    CHECK_INT(b.close_code, 4007);
    rig_broke(&r, RULE_SEQ_AHEAD);
    end(&r, &a, &b);
}

TEST(a_sequence_that_is_forgotten_gets_op_9)
{
    struct sim_config config = rig_config();
    struct rig r;
    struct client a, b, c;

    config.session_buffer = 10;
    start(&r, &a, &config);
    client_gone(&a, 1006);
    typing(&r, 20); /* up to 22: 13 is the oldest kept */
    client_resumes(&r, &b, &a, 12);
    client_gets(&b, "TYPING_START");
    CHECK_INT(b.seq, 13);
    client_gone(&b, 4000);
    client_resumes(&r, &c, &a, 11);
    CHECK(!gets_op_9(&c));
    rig_is_clean(&r);
    client_release(&c);
    end(&r, &a, &b);
}

TEST(sessions_forget_early_when_all_of_them_keep_too_much)
{
    struct sim_config config = rig_config();
    struct rig r;
    struct client a, b;

    config.buffer_bytes = 64 * 1024;
    start(&r, &a, &config);
    client_gone(&a, 1006);
    typing(&r, 5000);
    client_resumes(&r, &b, &a, 2);
    CHECK(!gets_op_9(&b));
    end(&r, &a, &b);
}

TEST(acknowledged_events_are_forgotten_only_when_told_to_trim)
{
    for (int trim = 0; trim <= 1; trim++) {
        struct sim_config config = rig_config();
        struct rig r;
        struct client a, b, c;

        config.trim_acked = trim;
        start(&r, &a, &config);
        typing(&r, 3); /* 5 */
        client_say(&a, "{\"op\":1,\"d\":4}");
        client_gone(&a, 1006);
        client_resumes(&r, &b, &a, 4);
        CHECK_INT(client_count(&b, "RESUMED"), 1);
        client_gone(&b, 1006);
        client_resumes(&r, &c, &a, 3);
        if (trim)
            CHECK(!gets_op_9(&c));
        else
            client_gets(&c, "TYPING_START");
        rig_is_clean(&r);
        client_release(&c);
        end(&r, &a, &b);
    }
}

TEST(a_client_that_closes_with_1000_or_1001_has_no_session_any_more)
{
    for (int code = 1000; code <= 1001; code++) {
        struct sim_config config = rig_config();
        struct rig r;
        struct client a, b;

        start(&r, &a, &config);
        client_gone(&a, code);
        rig_is_clean(&r); /* it may end its session */
        client_resumes(&r, &b, &a, 2);
        CHECK(!gets_op_9(&b));
        rig_broke(&r, RULE_RESUME_AFTER_NORMAL_CLOSE);
        end(&r, &a, &b);
    }
}

TEST(any_other_close_keeps_the_session)
{
    static const int codes[] = { 1005, 1006, 3010, 4000, 4200, 4900 };

    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        struct sim_config config = rig_config();
        struct rig r;
        struct client a, b;

        start(&r, &a, &config);
        client_gone(&a, codes[i]);
        client_resumes(&r, &b, &a, 2);
        client_gets(&b, "RESUMED");
        rig_is_clean(&r);
        end(&r, &a, &b);
    }
}

TEST(a_resume_on_the_default_url_works_and_is_noted)
{
    struct sim_config config = rig_config();
    struct rig r;
    struct client a, b;

    start(&r, &a, &config);
    client_gone(&a, 1006);
    client_connect(&r, &b);
    client_resume(&b, a.session_id, 2);
    client_gets(&b, "RESUMED");
    rig_broke(&r, RULE_RESUME_WRONG_URL);
    end(&r, &a, &b);
}

TEST(a_resume_on_the_default_url_is_right_while_the_resume_url_is_down)
{
    struct sim_config config = rig_config();
    struct rig r;
    struct client a, b;
    cordage_error error;
    size_t n;

    start(&r, &a, &config);
    client_gone(&a, 1006);
    CHECK_INT(sim_fault(r.sim, STR("{\"kind\":\"resume_door\"}"), r.now, &n, &error), 0);
    CHECK(!sim_resume_door_is_open(r.sim));
    client_connect(&r, &b);
    client_resume(&b, a.session_id, 2);
    client_gets(&b, "RESUMED");
    rig_is_clean(&r);
    CHECK_INT(sim_fault(r.sim, STR("{\"kind\":\"resume_door\",\"down\":false}"), r.now,
                        &n, &error),
              0);
    CHECK(sim_resume_door_is_open(r.sim));
    end(&r, &a, &b);
}

TEST(a_resume_with_another_query_is_noted)
{
    static const char *const other[] = { "v=9&encoding=json",
                                         RIG_QUERY "&compress=zlib-stream" };

    for (int i = 0; i < 2; i++) {
        struct sim_config config = rig_config();
        struct rig r;
        struct client a, b;

        start(&r, &a, &config);
        client_gone(&a, 1006);
        client_connect_to(&r, &b, other[i], true);
        client_gets_op(&b, 10);
        client_resume(&b, a.session_id, 2);
        client_gets(&b, "RESUMED");
        rig_broke(&r, RULE_RESUME_OTHER_QUERY);
        end(&r, &a, &b);
    }
}

TEST(a_newer_connection_takes_the_session_over)
{
    struct sim_config config = rig_config();
    struct rig r;
    struct client a, b;

    start(&r, &a, &config);
    client_resumes(&r, &b, &a, 2);
    CHECK_INT(a.close_code, 4000);
    client_gets(&b, "RESUMED");
    client_gone(&a, 1000); /* the older one's close says nothing about the session */
    typing(&r, 1);
    client_gets(&b, "TYPING_START");
    rig_is_clean(&r);
    end(&r, &a, &b);
}

TEST(a_connection_that_has_a_session_cannot_resume_another)
{
    struct sim_config config = rig_config();
    struct rig r;
    struct client a;

    start(&r, &a, &config);
    client_resume(&a, a.session_id, 2);
    CHECK_INT(a.close_code, 4005);
    rig_broke(&r, RULE_ALREADY_AUTHENTICATED);
    end(&r, &a, NULL);
}

TEST(a_slow_reader_is_closed_and_can_resume)
{
    struct sim_config config = rig_config();
    struct rig r;
    struct client a, b;
    struct buf big = { 0 };

    start(&r, &a, &config);
    a.backlog = SIM_BACKLOG;
    CHECK_INT(buf_reserve(&big, 1024 * 1024), 0);
    memset(big.p, 'x', 1024 * 1024);
    big.p[0] = big.p[1024 * 1024 - 1] = '"';
    big.n = 1024 * 1024;
    for (int i = 0; i < 63; i++)
        CHECK_INT(sim_dispatch(r.sim, "X", 0, NULL, buf_str(&big), r.now), 0);
    CHECK_INT(a.close_code, 0);
    for (int i = 0; i < 2; i++)
        CHECK_INT(sim_dispatch(r.sim, "X", 0, NULL, buf_str(&big), r.now), 0);
    CHECK_INT(a.close_code, 4000);
    CHECK(!client_has_more(&a));
    client_resumes(&r, &b, &a, 2);
    rig_wait(&r, 100);
    CHECK_INT(client_count(&b, "X"), 65);
    rig_is_clean(&r);
    buf_release(&big);
    end(&r, &a, &b);
}

RUN_TESTS(T(what_was_missed_comes_again_with_its_numbers_and_then_resumed),
          T(an_old_resumed_is_not_replayed),
          T(guilds_go_on_coming_while_the_client_is_away),
          T(a_long_replay_goes_out_as_the_connection_takes_it),
          T(a_wrong_token_is_closed_with_4004),
          T(after_a_wrong_token_the_right_one_breaks_no_further_rule),
          T(an_unknown_session_gets_op_9_and_breaks_no_rule),
          T(a_session_expires_after_its_ttl), T(a_sequence_ahead_is_closed_with_4007),
          T(a_sequence_that_is_forgotten_gets_op_9),
          T(sessions_forget_early_when_all_of_them_keep_too_much),
          T(acknowledged_events_are_forgotten_only_when_told_to_trim),
          T(a_client_that_closes_with_1000_or_1001_has_no_session_any_more),
          T(any_other_close_keeps_the_session),
          T(a_resume_on_the_default_url_works_and_is_noted),
          T(a_resume_on_the_default_url_is_right_while_the_resume_url_is_down),
          T(a_resume_with_another_query_is_noted),
          T(a_newer_connection_takes_the_session_over),
          T(a_connection_that_has_a_session_cannot_resume_another),
          T(a_slow_reader_is_closed_and_can_resume))
