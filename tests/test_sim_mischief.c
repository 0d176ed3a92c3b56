/* Faults of the stream, of the way in, and of what a bot has left. */
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
    client_live(r, c, 0, 1, RIG_USUAL);
}

static void stop(struct rig *r, struct client *c)
{
    rig_is_clean(r);
    client_release(c);
    rig_stop(r);
}

/* Something for the client: event X, with this body. */
static void happen(struct rig *r, const char *d)
{
    CHECK_INT(sim_dispatch(r->sim, "X", 0, &sim_world(r->sim)->guilds[0], str_of(d),
                           r->now),
              0);
}

/* ---- Events --------------------------------------------------------------------- */

TEST(duplicates_come_twice_with_the_same_number)
{
    struct client c;
    struct rig r;
    uint64_t seq;

    start(&r, &c);
    CHECK_INT(inflict(&r, "{\"kind\":\"duplicate\",\"count\":2}"), 1);
    for (int i = 0; i < 3; i++)
        happen(&r, "1");
    for (int i = 0; i < 2; i++) {
        client_gets(&c, "X");
        seq = c.seq;
        client_gets(&c, "X");
        CHECK(c.seq == seq);
    }
    client_gets(&c, "X");
    CHECK(c.seq == seq + 1);
    CHECK(!client_has_more(&c));
    stop(&r, &c);
}

TEST(a_dropped_event_leaves_a_gap_and_comes_with_a_resume)
{
    struct client c, again;
    struct rig r;
    uint64_t seq;

    start(&r, &c);
    seq = c.seq;
    inflict(&r, "{\"kind\":\"drop\"}");
    happen(&r, "1");
    happen(&r, "2");
    client_gets(&c, "X");
    CHECK(c.seq == seq + 2);
    CHECK(!client_has_more(&c));
    client_gone(&c, 4000);
    client_resumes(&r, &again, &c, seq);
    client_gets(&again, "X");
    CHECK(again.seq == seq + 1);
    client_release(&again);
    stop(&r, &c);
}

TEST(a_lost_event_leaves_no_gap)
{
    struct client c;
    struct rig r;
    uint64_t seq;

    start(&r, &c);
    seq = c.seq;
    inflict(&r, "{\"kind\":\"drop\",\"gap\":false,\"count\":3}");
    for (int i = 0; i < 4; i++)
        happen(&r, i == 3 ? "\"the fourth\"" : "1");
    client_gets(&c, "X");
    CHECK(c.seq == seq + 1);
    CHECK(cordage_json_type_of(c.d) == CORDAGE_JSON_STRING);
    stop(&r, &c);
}

TEST(ids_may_be_numbers)
{
    struct client c;
    struct rig r;
    struct str text;
    uint64_t id;

    start(&r, &c);
    inflict(&r, "{\"kind\":\"integer_ids\"}");
    happen(&r, "{\"id\":\"1100000000000000001\",\"roles\":[\"1100000000000000002\"],"
               "\"nonce\":\"17\"}");
    client_gets(&c, "X");
    CHECK(json_u64(json_get(c.d, "id"), &id) && id == 1100000000000000001);
    CHECK(json_u64(cordage_json_at(json_get(c.d, "roles"), 0), &id));
    CHECK(json_str(json_get(c.d, "nonce"), &text));
    happen(&r, "{\"id\":\"1100000000000000001\"}");
    client_gets(&c, "X");
    CHECK(json_str(json_get(c.d, "id"), &text)); /* one was asked for */
    stop(&r, &c);
}

TEST(optional_keys_may_be_missing_and_unknown_ones_there)
{
    struct client c;
    struct rig r;

    start(&r, &c);
    inflict(&r, "{\"kind\":\"missing_keys\",\"count\":1}");
    inflict(&r, "{\"kind\":\"unknown_keys\",\"count\":1}");
    happen(&r, "{\"id\":\"1\",\"member\":{\"nick\":null},\"author\":{\"banner\":1}}");
    client_gets(&c, "X");
    CHECK(json_is_absent(json_get(c.d, "member")));
    CHECK(json_is_absent(json_get(json_get(c.d, "author"), "banner")));
    CHECK_INT(json_count(json_get(json_get(c.d, "author"), "new_since_2027")), 1);
    CHECK_INT(json_count(json_get(c.root, "new_since_2027")), 1);
    CHECK(!json_is_absent(json_get(c.d, "id")));
    stop(&r, &c);
}

TEST(what_nobody_knows_yet)
{
    struct client c;
    struct rig r;

    start(&r, &c);
    inflict(&r, "{\"kind\":\"unknown_op\"}");
    client_gets_op(&c, 77);
    inflict(&r, "{\"kind\":\"unknown_event\"}");
    client_gets(&c, "HARBOUR_MASTER_UPDATE");
    inflict(&r, "{\"kind\":\"array\"}");
    client_gets(&c, "PRESENCES_REPLACE");
    CHECK(cordage_json_type_of(c.d) == CORDAGE_JSON_ARRAY);
    stop(&r, &c);
}

TEST(a_giant_guild_has_five_megabytes)
{
    struct client c;
    struct rig r;

    start(&r, &c);
    inflict(&r, "{\"kind\":\"giant_guild\"}");
    client_gets(&c, "GUILD_CREATE");
    CHECK(c.taken_text.n > 5u * 1024 * 1024 && c.taken_text.n < 6u * 1024 * 1024);
    CHECK(json_count(json_get(c.d, "channels")) > 3);
    inflict(&r, "{\"kind\":\"giant_guild\",\"bytes\":20000}");
    client_gets(&c, "GUILD_CREATE");
    CHECK(c.taken_text.n < 100000);
    stop(&r, &c);
}

/* ---- The way in ----------------------------------------------------------------- */

TEST(op_7_may_come_before_hello)
{
    struct client c;
    struct rig r;

    start(&r, &c);
    client_release(&c);
    CHECK_INT(inflict(&r, "{\"kind\":\"reconnect_first\",\"count\":1}"), 0);
    client_connect_to(&r, &c, RIG_QUERY, false);
    client_gets_op(&c, 7);
    CHECK(!client_has_more(&c));
    rig_wait(&r, 5000);
    CHECK_INT(c.close_code, 4000);
    client_release(&c);
    client_connect(&r, &c); /* HELLO */
    stop(&r, &c);
}

TEST(an_identify_may_be_turned_away)
{
    struct sim_config config = rig_config();
    struct client c;
    struct rig r;
    bool resumable = false;

    config.max_concurrency = 16;
    rig_start(&r, &config);
    inflict(&r, "{\"kind\":\"refuse_identify\",\"resumable\":true}");
    client_connect(&r, &c);
    client_identify(&c, 0, 3, RIG_USUAL);
    client_gets_op(&c, 9);
    CHECK(json_bool(c.d, &resumable) && resumable);
    client_identify(&c, 1, 3, RIG_USUAL);
    client_gets(&c, "READY");
    client_release(&c);
    inflict(&r, "{\"kind\":\"refuse_identify\",\"code\":4000}");
    client_connect(&r, &c);
    client_identify(&c, 2, 3, RIG_USUAL);
    CHECK_INT(c.close_code, 4000);
    stop(&r, &c);
}

TEST(a_resume_may_be_turned_away)
{
    struct client c, again;
    struct rig r;
    bool resumable = true;

    start(&r, &c);
    client_gone(&c, 4000);
    inflict(&r, "{\"kind\":\"refuse_resume\"}");
    client_resumes(&r, &again, &c, c.seq);
    client_gets_op(&again, 9);
    CHECK(json_bool(again.d, &resumable) && !resumable);
    client_release(&again);
    stop(&r, &c);
}

TEST(ready_may_be_late)
{
    struct client c;
    struct rig r;

    start(&r, &c);
    client_release(&c);
    rig_wait(&r, 5000);
    inflict(&r, "{\"kind\":\"ready_delay\",\"by_ms\":3000}");
    client_connect(&r, &c);
    client_identify(&c, 0, 1, RIG_USUAL);
    rig_wait(&r, 2999);
    CHECK(!client_has_more(&c));
    client_say(&c, "{\"op\":1,\"d\":null}");
    client_gets_op(&c, 11);
    rig_wait(&r, 20);
    client_gets(&c, "READY");
    stop(&r, &c);
}

TEST(a_stolen_key_is_nobodys_fault)
{
    struct sim_config config = rig_config();
    struct client c;
    struct rig r;

    config.max_concurrency = 2;
    rig_start(&r, &config);
    inflict(&r, "{\"kind\":\"key_stolen\",\"key\":1}");
    client_connect(&r, &c);
    client_identify(&c, 1, 4, RIG_USUAL);
    client_gets_op(&c, 9);
    client_identify(&c, 2, 4, RIG_USUAL); /* key 0 */
    client_gets(&c, "READY");
    client_release(&c);
    rig_wait(&r, 5000);
    inflict(&r, "{\"kind\":\"key_stolen\"}");
    rig_wait(&r, 4999);
    client_connect(&r, &c);
    client_identify(&c, 2, 4, RIG_USUAL);
    client_gets_op(&c, 9);
    rig_wait(&r, 1);
    client_identify(&c, 2, 4, RIG_USUAL);
    client_gets(&c, "READY");
    stop(&r, &c);
}

TEST(whoever_resumes_on_the_wrong_url_may_be_sent_away)
{
    struct client c, again;
    struct rig r;

    start(&r, &c);
    inflict(&r, "{\"kind\":\"wrong_url\",\"by_ms\":500}");
    client_gone(&c, 4000);
    client_connect(&r, &again);
    client_resume(&again, c.session_id, c.seq);
    client_gets(&again, "RESUMED");
    rig_wait(&r, 499);
    CHECK_INT(again.close_code, 0);
    rig_wait(&r, 1);
    CHECK_INT(again.close_code, 4000);
    rig_broke(&r, RULE_RESUME_WRONG_URL);
    client_release(&again);
    client_resumes(&r, &again, &c, c.seq); /* the right one stays */
    rig_wait(&r, 1000);
    CHECK_INT(again.close_code, 0);
    client_release(&again);
    client_release(&c);
    rig_stop(&r);
}

/* ---- Heartbeats ----------------------------------------------------------------- */

TEST(acks_may_be_late)
{
    struct client c;
    struct rig r;

    start(&r, &c);
    inflict(&r, "{\"kind\":\"late_ack\",\"by_ms\":700,\"for_ms\":2000}");
    client_say(&c, "{\"op\":1,\"d\":null}");
    rig_wait(&r, 100);
    client_say(&c, "{\"op\":1,\"d\":null}");
    rig_wait(&r, 599);
    CHECK(!client_has_more(&c));
    rig_wait(&r, 1);
    client_gets_op(&c, 11);
    CHECK(!client_has_more(&c));
    rig_wait(&r, 100);
    client_gets_op(&c, 11);
    rig_wait(&r, 2000);
    client_say(&c, "{\"op\":1,\"d\":null}");
    client_gets_op(&c, 11);
    stop(&r, &c);
}

TEST(a_flood_of_late_acks_is_bounded)
{
    struct client c;
    struct rig r;

    start(&r, &c);
    inflict(&r, "{\"kind\":\"late_ack\",\"by_ms\":10000}");
    for (int i = 0; i < 100; i++)
        client_say(&c, "{\"op\":1,\"d\":null}");
    rig_wait(&r, 10000);
    for (int i = 0; i < 100; i++)
        client_gets_op(&c, 11);
    CHECK(!client_has_more(&c));
    stop(&r, &c);
}

TEST(the_watchdogs_code_may_be_another)
{
    struct client c, again;
    struct rig r;

    start(&r, &c);
    inflict(&r, "{\"kind\":\"watchdog\",\"code\":1000}");
    rig_wait(&r, 62000);
    CHECK_INT(c.close_code, 1000);
    rig_broke(&r, RULE_HEARTBEAT_MISSED);
    client_gone(&c, 1000 == c.close_code ? 1006 : 0);
    client_resumes(&r, &again, &c, c.seq);
    client_gets(&again, "RESUMED");
    client_release(&again);
    client_release(&c);
    rig_stop(&r);
}

/* ---- Tokens and budgets --------------------------------------------------------- */

TEST(a_token_is_reset_and_the_other_bots_is_not)
{
    struct sim_config config = rig_config();
    struct client a, b;
    struct rig r;
    char fault[100];

    config.bots = 2;
    rig_start(&r, &config);
    client_ready_as(&r, &a, 0, 0, 1, RIG_USUAL);
    client_ready_as(&r, &b, 1, 0, 1, RIG_USUAL);
    snprintf(fault, sizeof fault, "{\"kind\":\"token_reset\",\"bot\":\"%llu\"}",
             (unsigned long long)sim_app(r.sim, 1)->id);
    inflict(&r, fault);
    CHECK_INT(a.close_code, 0);
    CHECK_INT(b.close_code, 4004);
    client_release(&a);
    client_release(&b);
    rig_is_clean(&r);
    rig_stop(&r);
}

TEST(the_budget_may_be_cut)
{
    struct sim_budget b;
    struct client c;
    struct rig r;

    start(&r, &c);
    inflict(&r, "{\"kind\":\"budget\",\"remaining\":3}");
    sim_budget(r.sim, sim_app(r.sim, 0), r.now, &b);
    CHECK_INT(b.remaining, 3);
    CHECK(b.reset_after_ms > 0);
    stop(&r, &c);
}

TEST(a_fault_may_be_one_bots_alone)
{
    struct sim_config config = rig_config();
    struct client a, b;
    struct rig r;
    char fault[100];

    config.bots = 2;
    rig_start(&r, &config);
    client_ready_as(&r, &a, 0, 0, 1, RIG_USUAL);
    client_ready_as(&r, &b, 1, 0, 1, RIG_USUAL);
    snprintf(fault, sizeof fault, "{\"kind\":\"reset\",\"bot\":\"%llu\"}",
             (unsigned long long)sim_app(r.sim, 1)->id);
    CHECK_INT(inflict(&r, fault), 1);
    CHECK_INT(a.close_code, 0);
    CHECK_INT(b.close_code, -1);
    client_release(&a);
    client_release(&b);
    rig_stop(&r);
}

TEST(after_an_outage_either_url_will_do)
{
    struct rig r;
    struct client a, b, c;
    struct sim_config config = rig_config();

    rig_start(&r, &config);
    client_live(&r, &a, 0, 1, RIG_USUAL);
    inflict(&r, "{\"kind\":\"gateway_down\",\"for_ms\":10000}");
    CHECK_INT(a.close_code, -1);
    client_gone(&a, 1006);
    CHECK(!sim_gateway_is_up(r.sim, r.now));
    rig_wait(&r, 10000);
    CHECK(sim_gateway_is_up(r.sim, r.now));
    client_connect(&r, &b);
    client_resume(&b, a.session_id, a.seq);
    client_gets(&b, "RESUMED");
    rig_is_clean(&r);
    rig_wait(&r, 1);
    client_gone(&b, 1006);
    client_connect(&r, &c); /* but not for ever */
    client_resume(&c, a.session_id, b.seq);
    rig_broke(&r, RULE_RESUME_WRONG_URL);
    client_release(&a);
    client_release(&b);
    client_release(&c);
    rig_stop(&r);
}

RUN_TESTS(T(duplicates_come_twice_with_the_same_number),
          T(a_dropped_event_leaves_a_gap_and_comes_with_a_resume),
          T(a_lost_event_leaves_no_gap), T(ids_may_be_numbers),
          T(optional_keys_may_be_missing_and_unknown_ones_there),
          T(what_nobody_knows_yet), T(a_giant_guild_has_five_megabytes),
          T(op_7_may_come_before_hello), T(an_identify_may_be_turned_away),
          T(a_resume_may_be_turned_away), T(ready_may_be_late),
          T(a_stolen_key_is_nobodys_fault),
          T(whoever_resumes_on_the_wrong_url_may_be_sent_away), T(acks_may_be_late),
          T(a_flood_of_late_acks_is_bounded), T(the_watchdogs_code_may_be_another),
          T(a_token_is_reset_and_the_other_bots_is_not), T(the_budget_may_be_cut),
          T(a_fault_may_be_one_bots_alone), T(after_an_outage_either_url_will_do))
