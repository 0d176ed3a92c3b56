#include "sim_rig.h"

static size_t inflict(struct rig *r, const char *json)
{
    cordage_error error;
    size_t n = 99;

    if (sim_fault(r->sim, str_of(json), r->now, &n, &error) < 0)
        fail_msg("%s: %s", json, error.message);
    return n;
}

static void start(struct rig *r, struct client *c)
{
    struct sim_config config = rig_config();

    config.max_concurrency = 16;
    rig_start(r, &config);
    client_live(r, c, 1, 2, RIG_USUAL);
}

TEST(reconnect_asks_and_closes_after_five_seconds)
{
    struct rig r;
    struct client a, b;

    start(&r, &a);
    CHECK_INT(inflict(&r, "{\"kind\":\"reconnect\"}"), 1);
    client_gets_op(&a, 7);
    CHECK(json_is_null(a.d));
    rig_wait(&r, 4999);
    CHECK_INT(a.close_code, 0);
    rig_wait(&r, 1);
    CHECK_INT(a.close_code, 4000);
    client_resumes(&r, &b, &a, a.seq);
    client_gets(&b, "RESUMED");
    rig_is_clean(&r);
    client_release(&a);
    client_release(&b);
    rig_stop(&r);
}

TEST(a_resumable_invalid_session_goes_on_where_it_stands)
{
    struct rig r;
    struct client a;
    bool resumable = false;

    start(&r, &a);
    CHECK_INT(inflict(&r, "{\"kind\":\"invalid_session\",\"resumable\":true}"), 1);
    client_gets_op(&a, 9);
    CHECK(json_bool(a.d, &resumable) && resumable);
    CHECK_INT(a.close_code, 0);
    CHECK_INT(sim_dispatch(r.sim, "X", 0, &sim_world(r.sim)->guilds[1], STR("1"), r.now),
              0);
    CHECK(!client_has_more(&a));
    client_resume(&a, a.session_id, a.seq);
    client_gets(&a, "X");
    client_gets(&a, "RESUMED");
    client_release(&a);
    rig_stop(&r);
}

TEST(an_invalid_session_is_gone_and_its_resume_is_noted)
{
    struct rig r;
    struct client a, b, c;

    start(&r, &a);
    CHECK_INT(inflict(&r, "{\"kind\":\"invalid_session\",\"resumable\":false}"), 1);
    client_gets_op(&a, 9);
    client_gone(&a, 4000);
    r.now += 5000;
    client_ready(&r, &b, 1, 2, RIG_USUAL); /* what it should do */
    rig_is_clean(&r);
    client_resumes(&r, &c, &a, a.seq);
    client_gets_op(&c, 9);
    rig_broke(&r, RULE_RESUME_AFTER_INVALID);
    client_release(&a);
    client_release(&b);
    client_release(&c);
    rig_stop(&r);
}

TEST(close_closes_with_the_code_and_keeps_the_session)
{
    static const int codes[] = { 4000, 4009, 1000, 1001, 1012, 4900 };

    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        struct rig r;
        struct client a, b;
        char json[80];

        start(&r, &a);
        snprintf(json, sizeof json, "{\"kind\":\"close\",\"code\":%d,\"shard\":[1,2]}",
                 codes[i]);
        CHECK_INT(inflict(&r, json), 1);
        CHECK_INT(a.close_code, codes[i]);
        client_gone(&a, codes[i]); /* it echoes our code: that ends nothing */
        client_resumes(&r, &b, &a, a.seq);
        client_gets(&b, "RESUMED");
        rig_is_clean(&r);
        client_release(&a);
        client_release(&b);
        rig_stop(&r);
    }
}

TEST(after_a_fatal_close_the_same_identify_or_resume_is_noted)
{
    static const int codes[] = { 4004, 4010, 4011, 4012, 4013, 4014 };

    for (size_t i = 0; i < 2 * sizeof codes / sizeof *codes; i++) {
        struct rig r;
        struct client a, b;
        char json[80];

        start(&r, &a);
        snprintf(json, sizeof json, "{\"kind\":\"close\",\"code\":%d}", codes[i / 2]);
        CHECK_INT(inflict(&r, json), 1);
        CHECK_INT(a.close_code, codes[i / 2]);
        client_gone(&a, 1006);
        rig_is_clean(&r);
        r.now += 5000;
        if (i % 2) {
            client_connect(&r, &b);
            client_identify(&b, 1, 2, RIG_USUAL);
        } else {
            client_resumes(&r, &b, &a, a.seq);
            client_gets_op(&b, 9);
        }
        rig_broke(&r, RULE_CONNECTED_WHILE_FATAL);
        client_release(&a);
        client_release(&b);
        rig_stop(&r);
    }
}

TEST(reset_resets_and_the_session_lives_on)
{
    struct rig r;
    struct client a, b;

    start(&r, &a);
    CHECK_INT(inflict(&r, "{\"kind\":\"reset\",\"shard\":\"all\"}"), 1);
    CHECK_INT(a.close_code, -1);
    client_gone(&a, 1006);
    client_resumes(&r, &b, &a, a.seq);
    client_gets(&b, "RESUMED");
    client_release(&a);
    client_release(&b);
    rig_stop(&r);
}

TEST(acks_are_withheld_for_a_while_or_for_good)
{
    struct rig r;
    struct client a;

    start(&r, &a);
    CHECK_INT(inflict(&r, "{\"kind\":\"no_ack\",\"for_ms\":1000}"), 1);
    client_say(&a, "{\"op\":1,\"d\":1}");
    CHECK(!client_has_more(&a));
    rig_wait(&r, 1000);
    client_say(&a, "{\"op\":1,\"d\":1}");
    client_gets_op(&a, 11);
    inflict(&r, "{\"kind\":\"no_ack\"}");
    rig_wait(&r, 30000);
    client_say(&a, "{\"op\":1,\"d\":1}");
    rig_wait(&r, 60000); /* one was heard, and so the watchdog is content */
    CHECK(!client_has_more(&a));
    CHECK_INT(a.close_code, 0);
    rig_is_clean(&r);
    client_release(&a);
    rig_stop(&r);
}

static void say_x(struct rig *r, const char *d)
{
    CHECK_INT(sim_dispatch(r->sim, "X", 0, &sim_world(r->sim)->guilds[1], str_of(d),
                           r->now),
              0);
}

TEST(a_silent_connection_is_answered_and_brings_nothing_until_a_resume)
{
    struct rig r;
    struct client a, b;

    start(&r, &a);
    CHECK_INT(inflict(&r, "{\"kind\":\"silent\",\"shard\":[1,2]}"), 1);
    for (int i = 0; i < 20; i++) {
        say_x(&r, "1");
        client_say(&a, "{\"op\":1,\"d\":1}");
        client_gets_op(&a, 11);
        CHECK(!client_has_more(&a));
        rig_wait(&r, 30000);
    }
    CHECK_INT(a.close_code, 0);
    client_resumes(&r, &b, &a, a.seq);
    for (int i = 0; i < 20; i++)
        client_gets(&b, "X");
    client_gets(&b, "RESUMED");
    say_x(&r, "2"); /* the new connection isn't */
    client_gets(&b, "X");
    rig_is_clean(&r);
    client_release(&a);
    client_release(&b);
    rig_stop(&r);
}

TEST(a_silence_that_ends_by_itself_brings_what_was_kept)
{
    struct rig r;
    struct client a;

    start(&r, &a);
    inflict(&r, "{\"kind\":\"silent\",\"for_ms\":5000}");
    say_x(&r, "1");
    say_x(&r, "2");
    rig_wait(&r, 4999);
    CHECK(!client_has_more(&a));
    rig_wait(&r, 1);
    client_gets(&a, "X");
    client_gets(&a, "X");
    CHECK(!client_has_more(&a));
    say_x(&r, "3");
    client_gets(&a, "X");
    rig_is_clean(&r);
    client_release(&a);
    rig_stop(&r);
}

/* More than a slow reader may leave unread: here it is not the reader's fault. */
TEST(a_silent_connection_is_not_taken_for_a_slow_reader)
{
    static char d[1 << 20];
    struct rig r;
    struct client a;

    memset(d, 'x', sizeof d - 1);
    d[0] = d[sizeof d - 2] = '"';
    start(&r, &a);
    inflict(&r, "{\"kind\":\"silent\",\"for_ms\":5000}");
    for (size_t n = 0; n <= SIM_SLOW_READER; n += sizeof d)
        say_x(&r, d);
    CHECK_INT(a.close_code, 0);
    rig_wait(&r, 5000);
    say_x(&r, "1");
    client_gets(&a, "X");
    CHECK_INT(a.close_code, 0);
    rig_is_clean(&r);
    client_release(&a);
    rig_stop(&r);
}

TEST(a_half_open_connection_hears_and_says_nothing)
{
    struct rig r;
    struct client a, b;

    start(&r, &a);
    CHECK_INT(inflict(&r, "{\"kind\":\"half_open\"}"), 1);
    CHECK(a.frozen);
    CHECK_INT(sim_dispatch(r.sim, "X", 0, &sim_world(r.sim)->guilds[1], STR("1"), r.now),
              0);
    client_say(&a, "{\"op\":1,\"d\":null}");
    CHECK(!client_has_more(&a));
    rig_wait(&r, 40000);
    client_resumes(&r, &b, &a, a.seq); /* who noticed takes the session over */
    CHECK_INT(a.close_code, -1);
    client_gets(&b, "X");
    client_gets(&b, "RESUMED");
    rig_is_clean(&r);
    client_release(&a);
    client_release(&b);
    rig_stop(&r);
}

TEST(who_does_not_notice_a_half_open_connection_is_reset_without_a_rule)
{
    struct rig r;
    struct client a;

    start(&r, &a);
    inflict(&r, "{\"kind\":\"half_open\"}");
    rig_wait(&r, 62000);
    CHECK_INT(a.close_code, -1);
    rig_is_clean(&r);
    client_release(&a);
    rig_stop(&r);
}

TEST(split_and_heartbeat_reach_the_connection)
{
    struct rig r;
    struct client a;

    start(&r, &a);
    CHECK_INT(inflict(&r, "{\"kind\":\"split\"}"), 1);
    CHECK(a.split);
    CHECK_INT(inflict(&r, "{\"kind\":\"heartbeat\"}"), 1);
    client_gets_op(&a, 1);
    CHECK_INT(sim_report(r.sim)->faults, 2);
    client_release(&a);
    rig_stop(&r);
}

TEST(a_fault_meets_the_shard_it_names)
{
    struct rig r;
    struct client a, b, c;

    start(&r, &a);
    client_live(&r, &b, 0, 2, RIG_USUAL);
    client_connect(&r, &c); /* not identified: nobody's shard */
    CHECK_INT(inflict(&r, "{\"kind\":\"reconnect\",\"shard\":[0,2]}"), 1);
    CHECK(!client_has_more(&a));
    client_gets_op(&b, 7);
    CHECK_INT(inflict(&r, "{\"kind\":\"reconnect\",\"shard\":[0,3]}"), 0);
    CHECK_INT(inflict(&r, "{\"kind\":\"reconnect\",\"shard\":\"all\"}"), 2);
    client_release(&a);
    client_release(&b);
    client_release(&c);
    rig_stop(&r);
}

TEST(a_wrong_request_is_refused_with_the_field_and_what_it_may_be)
{
    static const char *const wrong[][2] = {
        { "", "JSON object" },
        { "[]", "JSON object" },
        { "{}", "\"kind\" must be reconnect, " },
        { "{\"kind\":\"meteor\"}", "half_open" },
        { "{\"kind\":\"close\",\"code\":999}", "\"code\"" },
        { "{\"kind\":\"close\",\"code\":1006}", "\"code\"" },
        { "{\"kind\":\"close\",\"code\":\"4000\"}", "\"code\"" },
        { "{\"kind\":\"reset\",\"shard\":7}", "\"shard\" must be" },
        { "{\"kind\":\"reset\",\"shard\":\"some\"}", "\"shard\" must be" },
        { "{\"kind\":\"reset\",\"shard\":[2,2]}", "\"shard\" must be" },
        { "{\"kind\":\"reset\",\"shards\":[0,2]}", "\"shards\" is no field" },
        { "{\"kind\":\"no_ack\",\"for_ms\":0}", "\"for_ms\"" },
        { "{\"kind\":\"invalid_session\",\"resumable\":1}", "\"resumable\"" },
        { "{\"kind\":\"split\",\"over\":\"walls\"}", "\"over\"" },
        { "{\"kind\":\"resume_door\",\"down\":\"yes\"}", "\"down\"" },
        { "{\"kind\":\"reset\",\"for_ms\":5}",
          "\"for_ms\" is no field of reset, which takes shard, bot$" },
        { "{\"kind\":\"late_ack\",\"of\":5}",
          "is no field of late_ack, which takes shard, bot, by_ms, for_ms$" },
        { "{\"kind\":\"rest_new_buckets\",\"of\":5}", "which takes none$" },
        { "{\"kind\":\"rest_slow\",\"by_ms\":60000}", "\"by_ms\" must be 0 to 30000$" },
        { "{\"kind\":\"late_ack\",\"by_ms\":99999999}", "must be 0 to 86400000$" },
        { "{\"kind\":\"reset\",\"bot_id\":\"1\"}", "must be a bot's id" },
    };
    struct rig r;
    struct client a;

    start(&r, &a);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        cordage_error error = { 0 };
        size_t n;

        CHECK_INT(sim_fault(r.sim, str_of(wrong[i][0]), r.now, &n, &error),
                  CORDAGE_EINVAL);
        strcat(error.message, "$"); /* its end */
        if (!strstr(error.message, wrong[i][1]))
            fail_msg("%s: %s", wrong[i][0], error.message);
    }
    CHECK_INT(a.close_code, 0);
    CHECK_INT(sim_report(r.sim)->faults, 0);
    client_release(&a);
    rig_stop(&r);
}

RUN_TESTS(T(reconnect_asks_and_closes_after_five_seconds),
          T(a_resumable_invalid_session_goes_on_where_it_stands),
          T(an_invalid_session_is_gone_and_its_resume_is_noted),
          T(close_closes_with_the_code_and_keeps_the_session),
          T(after_a_fatal_close_the_same_identify_or_resume_is_noted),
          T(reset_resets_and_the_session_lives_on),
          T(acks_are_withheld_for_a_while_or_for_good),
          T(a_silent_connection_is_answered_and_brings_nothing_until_a_resume),
          T(a_silence_that_ends_by_itself_brings_what_was_kept),
          T(a_silent_connection_is_not_taken_for_a_slow_reader),
          T(a_half_open_connection_hears_and_says_nothing),
          T(who_does_not_notice_a_half_open_connection_is_reset_without_a_rule),
          T(split_and_heartbeat_reach_the_connection),
          T(a_fault_meets_the_shard_it_names),
          T(a_wrong_request_is_refused_with_the_field_and_what_it_may_be))
