#include "sim_rig.h"

#include "shards.h"

/* ---- Kept rules: the report stays empty ------------------------------------------ */

TEST(hello_comes_first_with_the_interval)
{
    struct sim_config config = rig_config();
    struct rig r;
    struct client c;
    uint64_t interval = 0;

    config.heartbeat_ms = 12345;
    rig_start(&r, &config);
    client_connect(&r, &c);
    CHECK(json_u64(json_get(c.d, "heartbeat_interval"), &interval));
    CHECK_INT(interval, 12345);
    CHECK(json_is_null(json_get(c.root, "t")) && json_is_null(json_get(c.root, "s")));
    CHECK(!client_has_more(&c));
    rig_is_clean(&r);
    client_release(&c);
    rig_stop(&r);
}

TEST(identify_gives_ready_and_then_every_guild_of_the_shard)
{
    struct sim_config config = rig_config();
    struct rig r;
    struct client c;
    struct json_iter it;
    uint64_t id = 0, n = 0;
    bool unavailable = false;

    rig_start(&r, &config);
    client_ready(&r, &c, 1, 4, RIG_USUAL);
    CHECK_INT(c.seq, 1);
    CHECK_INT(json_count(json_get(c.d, "guilds")), 2);
    for (bool more = json_first(json_get(c.d, "guilds"), &it); more;
         more = json_next(&it)) {
        CHECK(json_id(json_get(it.value, "id"), &id));
        CHECK_INT(shard_for_guild(id, 4), 1);
        CHECK(json_bool(json_get(it.value, "unavailable"), &unavailable) && unavailable);
    }
    CHECK(json_u64(cordage_json_at(json_get(c.d, "shard"), 0), &n) && n == 1);
    CHECK(json_u64(cordage_json_at(json_get(c.d, "shard"), 1), &n) && n == 4);
    CHECK(cordage_str_is(cordage_json_string(json_get(c.d, "resume_gateway_url")),
                         "wss://127.0.0.1:2"));
    CHECK_INT(json_count(json_get(c.d, "private_channels")), 0);
    CHECK(!json_is_absent(json_get(json_get(c.d, "application"), "flags")));
    CHECK(!json_is_absent(json_get(c.d, "_trace")));
    rig_wait(&r, 100);
    client_gets(&c, "GUILD_CREATE");
    CHECK_INT(c.seq, 2);
    CHECK(json_bool(json_get(c.d, "unavailable"), &unavailable) && !unavailable);
    client_gets(&c, "GUILD_CREATE");
    CHECK_INT(c.seq, 3);
    CHECK(!client_has_more(&c));
    rig_is_clean(&r);
    client_release(&c);
    rig_stop(&r);
}

TEST(without_a_shard_ready_names_none_and_has_every_guild)
{
    struct sim_config config = rig_config();
    struct rig r;
    struct client c;

    rig_start(&r, &config);
    client_connect(&r, &c);
    client_say(&c,
               "{\"op\":2,\"d\":{\"token\":\"Bot %s\",\"properties\":{\"os\":\"linux\"},"
               "\"intents\":1}}",
               sim_token(r.sim));
    client_gets(&c, "READY");
    CHECK(json_is_absent(json_get(c.d, "shard")));
    CHECK_INT(json_count(json_get(c.d, "guilds")), 8);
    rig_is_clean(&r);
    client_release(&c);
    rig_stop(&r);
}

TEST(guilds_come_at_their_pace)
{
    struct sim_config config = rig_config();
    struct rig r;
    struct client c;

    config.guilds = 100;
    config.guilds_per_s = 50;
    rig_start(&r, &config);
    client_ready(&r, &c, 0, 1, RIG_GUILDS);
    rig_wait(&r, 1000);
    CHECK_INT(client_count(&c, "GUILD_CREATE"), 51);
    rig_wait(&r, 1000);
    CHECK_INT(client_count(&c, "GUILD_CREATE"), 49);
    rig_is_clean(&r);
    client_release(&c);
    rig_stop(&r);
}

TEST(without_the_guilds_intent_no_guild_comes)
{
    struct sim_config config = rig_config();
    struct rig r;
    struct client c;

    config.traffic = 10;
    rig_start(&r, &config);
    client_ready(&r, &c, 0, 1, RIG_MESSAGES);
    rig_wait(&r, 2000);
    client_gets(&c, "MESSAGE_CREATE");
    CHECK_INT(client_count(&c, "GUILD_CREATE"), 0);
    client_release(&c);
    rig_stop(&r);
}

TEST(a_guild_in_an_outage_answers_with_guild_delete)
{
    struct sim_config config = rig_config();
    struct rig r;
    struct client c;
    bool unavailable = false;

    config.guilds = 1;
    rig_start(&r, &config);
    sim_world(r.sim)->guilds[0].unavailable = true;
    client_ready(&r, &c, 0, 1, RIG_GUILDS);
    rig_wait(&r, 100);
    client_gets(&c, "GUILD_DELETE");
    CHECK(json_bool(json_get(c.d, "unavailable"), &unavailable) && unavailable);
    client_release(&c);
    rig_stop(&r);
}

TEST(heartbeats_are_acknowledged_also_before_identify)
{
    struct sim_config config = rig_config();
    struct rig r;
    struct client c;

    rig_start(&r, &config);
    client_connect(&r, &c);
    client_say(&c, "{\"op\":1,\"d\":null}");
    client_gets_op(&c, 11);
    client_identify(&c, 0, 1, RIG_USUAL);
    client_gets(&c, "READY");
    for (int i = 0; i < 5; i++) {
        rig_wait(&r, 41250);
        while (client_next(&c))
            ;
        client_say(&c, "{\"op\":1,\"d\":%llu}", (unsigned long long)c.seq);
        client_gets_op(&c, 11);
    }
    CHECK_INT(c.close_code, 0);
    rig_is_clean(&r);
    client_release(&c);
    rig_stop(&r);
}

TEST(keys_free_up_after_five_seconds_and_are_counted_apart)
{
    struct sim_config config = rig_config();
    struct client c[3];
    struct rig r;

    config.max_concurrency = 2;
    rig_start(&r, &config);
    client_ready(&r, &c[0], 0, 4, RIG_USUAL);
    client_ready(&r, &c[1], 1, 4, RIG_USUAL); /* another key */
    r.now += 5000;
    client_ready(&r, &c[2], 2, 4, RIG_USUAL);
    rig_is_clean(&r);
    for (int i = 0; i < 3; i++)
        client_release(&c[i]);
    rig_stop(&r);
}

TEST(presence_voice_sounds_and_channel_info_are_answered)
{
    struct sim_config config = rig_config();
    struct rig r;
    struct client c;
    struct world_guild *g;
    uint64_t id = 0;

    config.guilds = 1;
    rig_start(&r, &config);
    g = &sim_world(r.sim)->guilds[0];
    client_live(&r, &c, 0, 1, RIG_USUAL | RIG_VOICE);
    client_say(&c, "{\"op\":3,\"d\":{\"since\":null,\"activities\":[{\"name\":\"chess\","
                   "\"type\":0}],\"status\":\"idle\",\"afk\":false}}");
    CHECK(!client_has_more(&c));
    client_say(&c,
               "{\"op\":4,\"d\":{\"guild_id\":\"%llu\",\"channel_id\":\"%llu\","
               "\"self_mute\":true,\"self_deaf\":false}}",
               (unsigned long long)g->id,
               (unsigned long long)world_channel_id(g, g->n_text + 1));
    client_gets(&c, "VOICE_STATE_UPDATE");
    CHECK(json_id(json_get(c.d, "user_id"), &id) && id == sim_world(r.sim)->bot_id);
    CHECK(json_id(json_get(c.d, "guild_id"), &id) && id == g->id);
    client_gets(&c, "VOICE_SERVER_UPDATE");
    CHECK(json_id(json_get(c.d, "guild_id"), &id) && id == g->id);
    client_say(&c,
               "{\"op\":4,\"d\":{\"guild_id\":\"%llu\",\"channel_id\":null,"
               "\"self_mute\":false,\"self_deaf\":false}}",
               (unsigned long long)g->id);
    client_gets(&c, "VOICE_STATE_UPDATE");
    CHECK(json_is_null(json_get(c.d, "channel_id")));
    CHECK(!client_has_more(&c));
    client_say(&c, "{\"op\":31,\"d\":{\"guild_ids\":[\"%llu\"]}}",
               (unsigned long long)g->id);
    client_gets(&c, "SOUNDBOARD_SOUNDS");
    client_say(&c, "{\"op\":43,\"d\":{\"guild_id\":\"%llu\",\"fields\":[\"status\"]}}",
               (unsigned long long)g->id);
    client_gets(&c, "CHANNEL_INFO");
    rig_is_clean(&r);
    client_release(&c);
    rig_stop(&r);
}

TEST(a_text_channel_cannot_be_joined_and_gets_no_answer)
{
    struct sim_config config = rig_config();
    struct rig r;
    struct client c;
    struct world_guild *g;

    config.guilds = 1;
    rig_start(&r, &config);
    g = &sim_world(r.sim)->guilds[0];
    client_live(&r, &c, 0, 1, RIG_USUAL | RIG_VOICE);
    client_say(&c,
               "{\"op\":4,\"d\":{\"guild_id\":\"%llu\",\"channel_id\":\"%llu\","
               "\"self_mute\":true,\"self_deaf\":false}}",
               (unsigned long long)g->id, (unsigned long long)world_channel_id(g, 1));
    CHECK(!client_has_more(&c));
    CHECK_INT(c.close_code, 0);
    client_release(&c);
    rig_stop(&r);
}

TEST(an_identify_may_carry_a_presence_and_ask_for_payload_compression)
{
    struct sim_config config = rig_config();
    struct rig r;
    struct client c, z;
    struct buf b = { 0 };
    struct json_writer w;

    config.max_concurrency = 2;
    rig_start(&r, &config);
    client_connect(&r, &c);
    client_say(
        &c,
        "{\"op\":2,\"d\":{\"token\":\"%s\",\"properties\":{},\"intents\":1,"
        "\"compress\":true,\"presence\":{\"status\":\"dnd\",\"activities\":[{\"name\":"
        "\"go\",\"type\":3}],\"afk\":false,\"since\":null}}}",
        sim_token(r.sim));
    CHECK(sim_conn_deflates(c.conn));
    json_begin(&w, &b);
    sim_write_report(r.sim, &w, false, r.now);
    CHECK_INT(json_end(&w), 0);
    CHECK(str_find(buf_str(&b), STR("{\"status\":\"dnd\",\"activity\":\"go\"}")) !=
          SIZE_MAX);
    client_connect_to(&r, &z, RIG_QUERY "&compress=zlib-stream", false);
    client_say(&z,
               "{\"op\":2,\"d\":{\"token\":\"%s\",\"properties\":{},\"intents\":1,"
               "\"compress\":true,\"shard\":[1,2]}}",
               sim_token(r.sim));
    CHECK(!sim_conn_deflates(z.conn));
    rig_is_clean(&r);
    client_release(&c);
    client_release(&z);
    buf_release(&b);
    rig_stop(&r);
}

TEST(events_of_a_guild_go_to_its_shard_of_every_count_and_to_copies)
{
    struct sim_config config = rig_config();
    struct client c[4];
    struct rig r;
    struct world_guild *g;

    config.max_concurrency = 64;
    rig_start(&r, &config);
    client_live(&r, &c[0], 1, 4, RIG_USUAL);
    client_live(&r, &c[1], 2, 4, RIG_USUAL);
    client_live(&r, &c[2], 0, 1, RIG_USUAL);
    r.now += 5000;
    client_live(&r, &c[3], 1, 4, RIG_USUAL); /* a copy of the first */
    g = &sim_world(r.sim)->guilds[5];        /* shard 1 of 4 */
    CHECK_INT(sim_dispatch(r.sim, "TYPING_START", 0, g, STR("{}"), r.now), 0);
    CHECK_INT(client_count(&c[0], "TYPING_START"), 1);
    CHECK_INT(client_count(&c[1], "TYPING_START"), 0);
    CHECK_INT(client_count(&c[2], "TYPING_START"), 1);
    CHECK_INT(client_count(&c[3], "TYPING_START"), 1);
    CHECK_INT(sim_dispatch(r.sim, "ENTITLEMENT_CREATE", 0, NULL, STR("{}"), r.now), 0);
    CHECK_INT(client_count(&c[0], "ENTITLEMENT_CREATE"), 0);
    CHECK_INT(client_count(&c[2], "ENTITLEMENT_CREATE"), 1);
    rig_is_clean(&r);
    for (int i = 0; i < 4; i++)
        client_release(&c[i]);
    rig_stop(&r);
}

/* ---- The query ------------------------------------------------------------------- */

static void check_query(const char *query, int code, enum sim_rule rule)
{
    struct sim_config config = rig_config();
    struct rig r;
    struct client c;

    rig_start(&r, &config);
    client_connect_to(&r, &c, query, false);
    CHECK_INT(c.close_code, code);
    CHECK(!client_has_more(&c));
    rig_broke(&r, rule);
    client_release(&c);
    rig_stop(&r);
}

TEST(a_bad_version_is_closed_with_4012)
{
    check_query("", 4012, RULE_BAD_VERSION);
    check_query("encoding=json", 4012, RULE_BAD_VERSION);
    check_query("v=5&encoding=json", 4012, RULE_BAD_VERSION);
    check_query("v=100&encoding=json", 4012, RULE_BAD_VERSION);
    check_query("vv=10&encoding=json", 4012, RULE_BAD_VERSION);
}

TEST(what_is_not_simulated_is_refused_and_said)
{
    check_query("v=10&encoding=etf", 4002, RULE_BAD_ENCODING);
    check_query("v=10&encoding=json&compress=brotli", 4002, RULE_BAD_ENCODING);
}

TEST(the_query_chooses_the_compression)
{
    CHECK_INT(sim_query_compression("v=10&encoding=json"), COMPRESS_NONE);
    CHECK_INT(sim_query_compression("v=10&compress=zlib-stream&x=1"), COMPRESS_ZLIB);
    CHECK_INT(sim_query_compression("compress=zstd-stream"), COMPRESS_ZSTD);
}

/* ---- Broken rules ------------------------------------------------------------------ */

/* A client that is not authenticated says `text`: closed with `code`, `rule` noted. */
static void check_closes(const char *text, int code, enum sim_rule rule)
{
    struct sim_config config = rig_config();
    struct rig r;
    struct client c;

    rig_start(&r, &config);
    client_connect(&r, &c);
    client_say(&c, "%s", text);
    if (c.close_code != code)
        fail_msg("%s: closed with %d, want %d", text, c.close_code, code);
    rig_broke(&r, rule);
    client_release(&c);
    rig_stop(&r);
}

TEST(malformed_payloads_are_closed_with_4002)
{
    check_closes("", 4002, RULE_NOT_JSON);
    check_closes("{\"op\":1", 4002, RULE_NOT_JSON);
    check_closes("[1]", 4002, RULE_NOT_JSON);
    check_closes("{\"op\":1,\"d\":\"\xff\"}", 4002, RULE_NOT_JSON);
}

TEST(a_binary_message_is_closed_with_4002)
{
    struct sim_config config = rig_config();
    struct rig r;
    struct client c;

    rig_start(&r, &config);
    client_connect(&r, &c);
    sim_receive(c.conn, STR("{\"op\":1,\"d\":null}"), true, r.now);
    CHECK_INT(c.close_code, 4002);
    rig_broke(&r, RULE_NOT_JSON);
    client_release(&c);
    rig_stop(&r);
}

TEST(a_payload_may_have_4096_bytes_and_no_more)
{
    struct sim_config config = rig_config();
    struct rig r;
    struct client c;
    static char text[5000];

    memset(text, ' ', sizeof text);
    memcpy(text, "{\"op\":1,\"d\":null}", 17);
    rig_start(&r, &config);
    client_connect(&r, &c);
    sim_receive(c.conn, (struct str){ text, 4096 }, false, r.now);
    client_gets_op(&c, 11);
    rig_is_clean(&r);
    sim_receive(c.conn, (struct str){ text, 4097 }, false, r.now);
    CHECK_INT(c.close_code, 4002);
    rig_broke(&r, RULE_PAYLOAD_TOO_LARGE);
    client_release(&c);
    rig_stop(&r);
}

TEST(unknown_opcodes_are_closed_with_4001)
{
    check_closes("{\"op\":99,\"d\":{}}", 4001, RULE_UNKNOWN_OPCODE);
    check_closes("{\"op\":0,\"d\":{}}", 4001, RULE_UNKNOWN_OPCODE);
    check_closes("{\"op\":\"1\",\"d\":null}", 4001, RULE_UNKNOWN_OPCODE);
    check_closes("{\"d\":null}", 4001, RULE_UNKNOWN_OPCODE);
}

TEST(wrong_bodies_are_closed_with_4001)
{
    check_closes("{\"op\":1,\"d\":\"x\"}", 4001, RULE_BAD_BODY);
    check_closes("{\"op\":2,\"d\":[]}", 4001, RULE_BAD_BODY);
    check_closes("{\"op\":2,\"d\":{}}", 4001, RULE_BAD_BODY);
    check_closes("{\"op\":2,\"d\":{\"token\":\"x\",\"properties\":{}}}", 4001,
                 RULE_BAD_BODY);
    check_closes("{\"op\":2,\"d\":{\"token\":\"x\",\"properties\":{},\"intents\":1,"
                 "\"large_threshold\":5}}",
                 4001, RULE_BAD_BODY);
    check_closes("{\"op\":6,\"d\":{\"token\":\"x\"}}", 4001, RULE_BAD_BODY);
}

TEST(commands_before_identify_are_closed_with_4003)
{
    check_closes("{\"op\":3,\"d\":{}}", 4003, RULE_NOT_AUTHENTICATED);
    check_closes("{\"op\":4,\"d\":{}}", 4003, RULE_NOT_AUTHENTICATED);
    check_closes("{\"op\":8,\"d\":{}}", 4003, RULE_NOT_AUTHENTICATED);
}

TEST(a_second_identify_is_closed_with_4005_and_the_session_lives)
{
    struct sim_config config = rig_config();
    struct rig r;
    struct client c, again;

    rig_start(&r, &config);
    client_live(&r, &c, 0, 1, RIG_USUAL);
    client_identify(&c, 0, 1, RIG_USUAL);
    CHECK_INT(c.close_code, 4005);
    rig_broke(&r, RULE_ALREADY_AUTHENTICATED);
    client_resumes(&r, &again, &c, c.seq);
    client_gets(&again, "RESUMED");
    client_release(&c);
    client_release(&again);
    rig_stop(&r);
}

/* A first IDENTIFY with these is closed with `code`. */
static void check_refused(const struct sim_config *config, const char *fields, int code,
                          enum sim_rule rule)
{
    struct rig r;
    struct client c;

    rig_start(&r, config);
    client_connect(&r, &c);
    client_say(&c, "{\"op\":2,\"d\":{\"properties\":{},%s}}", fields);
    if (c.close_code != code)
        fail_msg("%s: closed with %d, want %d", fields, c.close_code, code);
    rig_broke(&r, rule);
    CHECK_INT(sim_report(r.sim)->ready, 0);
    client_release(&c);
    rig_stop(&r);
}

TEST(identify_is_checked_in_order_token_intents_shard_guilds)
{
    struct sim_config config = rig_config();

    config.token = "right";
    config.max_guilds_per_shard = 3;
    config.allowed_intents = 1 | 512;
    check_refused(&config, "\"token\":\"wrong\",\"intents\":131072,\"shard\":[9,1]", 4004,
                  RULE_BAD_TOKEN);
    check_refused(&config, "\"token\":\"right\",\"intents\":131072,\"shard\":[9,1]", 4013,
                  RULE_BAD_INTENTS);
    check_refused(&config, "\"token\":\"right\",\"intents\":4294967297,\"shard\":[9,1]",
                  4013, RULE_BAD_INTENTS);
    check_refused(&config, "\"token\":\"right\",\"intents\":2,\"shard\":[9,1]", 4014,
                  RULE_BAD_INTENTS);
    check_refused(&config, "\"token\":\"right\",\"intents\":513,\"shard\":[1,1]", 4010,
                  RULE_BAD_SHARD);
    check_refused(&config, "\"token\":\"right\",\"intents\":513,\"shard\":[0,0]", 4010,
                  RULE_BAD_SHARD);
    check_refused(&config, "\"token\":\"right\",\"intents\":513,\"shard\":[-1,2]", 4010,
                  RULE_BAD_SHARD);
    check_refused(&config, "\"token\":\"right\",\"intents\":513,\"shard\":\"0\"", 4010,
                  RULE_BAD_SHARD);
    check_refused(&config, "\"token\":\"right\",\"intents\":513,\"shard\":[0,4000000000]",
                  4010, RULE_BAD_SHARD);
    check_refused(&config, "\"token\":\"right\",\"intents\":513,\"shard\":[0,2]", 4011,
                  RULE_SHARDING_REQUIRED);
}

TEST(a_second_identify_on_a_key_within_5_s_gets_op_9)
{
    struct sim_config config = rig_config();
    struct rig r;
    struct client a, b;
    bool resumable = true;

    rig_start(&r, &config);
    client_ready(&r, &a, 0, 2, RIG_USUAL);
    client_connect(&r, &b);
    r.now += 4999;
    client_identify(&b, 1, 2, RIG_USUAL);
    client_gets_op(&b, 9);
    CHECK(json_bool(b.d, &resumable) && !resumable);
    CHECK_INT(b.close_code, 0);
    rig_broke(&r, RULE_IDENTIFY_TOO_EARLY);
    /* The refused one holds nothing, and may come again where it stands. */
    r.now += 1;
    client_identify(&b, 1, 2, RIG_USUAL);
    client_gets(&b, "READY");
    CHECK_INT(rig_broken(&r), 1);
    client_release(&a);
    client_release(&b);
    rig_stop(&r);
}

TEST(the_budget_goes_down_with_ready_and_comes_back_after_a_day)
{
    struct sim_config config = rig_config();
    struct rig r;
    struct client c;
    struct sim_budget b;

    config.session_limit = 3;
    config.recommended_shards = 7;
    rig_start(&r, &config);
    sim_budget(r.sim, sim_app(r.sim, 0), r.now, &b);
    CHECK(b.total == 3 && b.remaining == 3 && b.reset_after_ms == 0 && b.shards == 7);
    client_ready(&r, &c, 0, 1, RIG_USUAL);
    r.now += 1000;
    sim_budget(r.sim, sim_app(r.sim, 0), r.now, &b);
    CHECK_INT(b.remaining, 2);
    CHECK_INT(b.reset_after_ms, 24 * 3600 * 1000 - 1000);
    r.now += 24 * 3600 * 1000 - 1000;
    sim_budget(r.sim, sim_app(r.sim, 0), r.now, &b);
    CHECK(b.remaining == 3 && b.reset_after_ms == 0);
    client_release(&c);
    rig_stop(&r);
}

TEST(an_identify_over_budget_ends_all_sessions_and_the_token)
{
    struct sim_config config = rig_config();
    struct rig r;
    struct client a, b, d;
    char old[200];

    config.session_limit = 1;
    config.max_concurrency = 2;
    rig_start(&r, &config);
    snprintf(old, sizeof old, "%s", sim_token(r.sim));
    client_live(&r, &a, 0, 2, RIG_USUAL);
    client_connect(&r, &b);
    client_identify(&b, 1, 2, RIG_USUAL);
    CHECK_INT(a.close_code, 4004);
    CHECK_INT(b.close_code, 4004);
    rig_broke(&r, RULE_BUDGET_EXCEEDED);
    CHECK(!sim_app_of_token(r.sim, str_of(old)));
    CHECK(sim_app_of_token(r.sim, str_of(sim_token(r.sim))));
    /* Who comes back with the old token all the same has not understood. */
    client_connect(&r, &d);
    client_say(&d,
               "{\"op\":2,\"d\":{\"token\":\"%s\",\"properties\":{},\"intents\":%d,"
               "\"shard\":[0,2]}}",
               old, RIG_USUAL);
    CHECK_INT(d.close_code, 4004);
    CHECK(report_has(sim_report(r.sim), RULE_CONNECTED_WHILE_FATAL));
    CHECK(report_has(sim_report(r.sim), RULE_BAD_TOKEN));
    client_release(&a);
    client_release(&b);
    client_release(&d);
    rig_stop(&r);
}

TEST(the_same_identify_after_a_fatal_close_is_noted_and_another_is_not)
{
    struct sim_config config = rig_config();
    struct rig r;
    struct client c[3];

    config.allowed_intents = 513;
    rig_start(&r, &config);
    client_connect(&r, &c[0]);
    client_identify(&c[0], 0, 1, RIG_MEMBERS | RIG_GUILDS);
    CHECK_INT(c[0].close_code, 4014);
    client_connect(&r, &c[1]);
    client_identify(&c[1], 0, 1, RIG_GUILDS); /* mended */
    client_gets(&c[1], "READY");
    rig_broke(&r, RULE_BAD_INTENTS);
    client_connect(&r, &c[2]);
    client_identify(&c[2], 0, 1, RIG_MEMBERS | RIG_GUILDS);
    CHECK(report_has(sim_report(r.sim), RULE_CONNECTED_WHILE_FATAL));
    for (int i = 0; i < 3; i++)
        client_release(&c[i]);
    rig_stop(&r);
}

TEST(an_identify_on_the_resume_door_is_granted_and_noted)
{
    struct sim_config config = rig_config();
    struct rig r;
    struct client c;

    rig_start(&r, &config);
    client_connect_to(&r, &c, RIG_QUERY, true);
    client_gets_op(&c, 10);
    client_identify(&c, 0, 1, RIG_USUAL);
    client_gets(&c, "READY");
    rig_broke(&r, RULE_IDENTIFY_ON_RESUME_URL);
    client_release(&c);
    rig_stop(&r);
}

TEST(payload_121_within_60_s_is_closed_with_4008)
{
    struct sim_config config = rig_config();
    struct rig r;
    struct client c;

    rig_start(&r, &config);
    client_connect(&r, &c);
    for (int i = 0; i < 120; i++)
        client_say(&c, "{\"op\":1,\"d\":null}");
    r.now += 60000;
    for (int i = 0; i < 120; i++)
        client_say(&c, "{\"op\":1,\"d\":null}");
    CHECK_INT(c.close_code, 0);
    rig_is_clean(&r);
    r.now += 59999;
    client_say(&c, "{\"op\":1,\"d\":null}");
    CHECK_INT(c.close_code, 4008);
    rig_broke(&r, RULE_TOO_MANY_SENDS);
    client_release(&c);
    rig_stop(&r);
}

TEST(a_sixth_presence_within_20_s_is_noted_and_dropped)
{
    struct sim_config config = rig_config();
    struct rig r;
    struct client c;

    rig_start(&r, &config);
    client_live(&r, &c, 0, 1, RIG_USUAL);
    for (int i = 0; i < 6; i++) {
        CHECK_INT(rig_broken(&r), 0);
        client_say(&c, "{\"op\":3,\"d\":{\"since\":null,\"activities\":[],\"status\":"
                       "\"online\",\"afk\":false}}");
    }
    rig_broke(&r, RULE_TOO_MANY_PRESENCES);
    CHECK_INT(c.close_code, 0);
    r.now += 20000;
    client_say(&c, "{\"op\":3,\"d\":{\"since\":null,\"activities\":[],\"status\":"
                   "\"online\",\"afk\":false}}");
    CHECK_INT(rig_broken(&r), 1);
    client_release(&c);
    rig_stop(&r);
}

TEST(bad_presences_and_voice_states_are_closed_with_4001)
{
    static const char *const bad[] = {
        "3,\"d\":{\"activities\":[],\"afk\":false}",
        "3,\"d\":{\"activities\":[],\"status\":\"away\",\"afk\":false}",
        "3,\"d\":{\"activities\":{},\"status\":\"online\",\"afk\":false}",
        "3,\"d\":{\"activities\":[{\"name\":\"x\"}],\"status\":\"online\"}",
        "3,\"d\":{\"activities\":[{\"name\":\"x\",\"type\":6}],\"status\":\"idle\"}",
        "3,\"d\":{\"since\":\"x\",\"activities\":[],\"status\":\"online\"}",
        "4,\"d\":{\"guild_id\":\"1\",\"channel_id\":null,\"self_mute\":true}",
        "4,\"d\":{\"guild_id\":\"1\",\"self_mute\":true,\"self_deaf\":true}",
    };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct sim_config config = rig_config();
        struct rig r;
        struct client c;

        rig_start(&r, &config);
        client_live(&r, &c, 0, 1, RIG_USUAL);
        client_say(&c, "{\"op\":%s}", bad[i]);
        if (c.close_code != 4001)
            fail_msg("%s: closed with %d", bad[i], c.close_code);
        rig_broke(&r, RULE_BAD_BODY);
        client_release(&c);
        rig_stop(&r);
    }
}

TEST(a_command_for_another_shards_guild_is_noted_and_not_answered)
{
    struct sim_config config = rig_config();
    struct rig r;
    struct client c;

    rig_start(&r, &config);
    client_live(&r, &c, 0, 4, RIG_USUAL | RIG_VOICE);
    client_say(&c,
               "{\"op\":4,\"d\":{\"guild_id\":\"%llu\",\"channel_id\":null,"
               "\"self_mute\":true,\"self_deaf\":false}}",
               (unsigned long long)sim_world(r.sim)->guilds[1].id);
    CHECK(!client_has_more(&c));
    rig_broke(&r, RULE_WRONG_SHARD);
    client_release(&c);
    rig_stop(&r);
}

TEST(silence_for_one_and_a_half_intervals_is_closed_with_4009)
{
    struct sim_config config = rig_config();
    struct rig r;
    struct client c, again;

    config.heartbeat_ms = 10000;
    rig_start(&r, &config);
    client_ready(&r, &c, 0, 1, RIG_USUAL);
    rig_wait(&r, 14999);
    CHECK_INT(c.close_code, 0);
    rig_wait(&r, 1);
    CHECK_INT(c.close_code, 4009);
    rig_broke(&r, RULE_HEARTBEAT_MISSED);
    while (client_next(&c))
        ;
    client_resumes(&r, &again, &c, c.seq); /* the session can go on */
    client_gets(&again, "RESUMED");
    client_release(&c);
    client_release(&again);
    rig_stop(&r);
}

TEST(a_heartbeat_before_hello_is_noted)
{
    struct sim_config config = rig_config();
    struct rig r;
    struct client c;

    config.hello_delay_ms = 100;
    rig_start(&r, &config);
    client_connect_to(&r, &c, RIG_QUERY, false);
    CHECK(!client_has_more(&c));
    client_say(&c, "{\"op\":1,\"d\":null}");
    rig_broke(&r, RULE_HEARTBEAT_BEFORE_HELLO);
    client_gets_op(&c, 11);
    rig_wait(&r, 100);
    client_gets_op(&c, 10);
    client_release(&c);
    rig_stop(&r);
}

TEST(a_heartbeat_ahead_of_what_was_sent_is_noted)
{
    struct sim_config config = rig_config();
    struct rig r;
    struct client c;

    rig_start(&r, &config);
    client_live(&r, &c, 0, 1, RIG_USUAL);
    client_say(&c, "{\"op\":1,\"d\":%llu}", (unsigned long long)c.seq + 1);
    rig_broke(&r, RULE_SEQ_AHEAD);
    client_gets_op(&c, 11);
    client_release(&c);
    rig_stop(&r);
}

/* ---- The report ------------------------------------------------------------------- */

TEST(the_report_is_json_with_what_was_counted)
{
    struct sim_config config = rig_config();
    struct json_parser *p = json_parser_new();
    struct buf b = { 0 };
    struct json_writer w;
    struct rig r;
    struct client c;
    cordage_json root, rule;
    uint64_t n = 0;

    config.traffic = 10;
    rig_start(&r, &config);
    client_live(&r, &c, 1, 2, RIG_USUAL);
    client_identify(&c, 1, 2, RIG_USUAL); /* 4005 */
    json_begin(&w, &b);
    sim_write_report(r.sim, &w, true, r.now);
    CHECK_INT(json_end(&w), 0);
    CHECK_INT(json_parse(p, buf_str(&b), &root), 0);
    CHECK(json_u64(json_get(root, "identifies"), &n) && n == 2);
    CHECK(json_u64(json_get(root, "resumes"), &n) && n == 0);
    CHECK(json_u64(json_get(root, "sessions"), &n) && n == 1);
    CHECK(json_u64(json_get(root, "dispatched"), &n) && n == c.seq);
    CHECK(json_u64(json_get(root, "messages_created"), &n) && n == 10);
    CHECK_INT(json_count(json_get(root, "traffic")), 8);
    CHECK_INT(json_count(json_get(root, "session_list")), 1);
    CHECK_INT(json_count(json_get(root, "rules_broken")), 1);
    rule = cordage_json_at(json_get(root, "rules_broken"), 0);
    CHECK(cordage_str_is(cordage_json_string(json_get(rule, "rule")),
                         "ALREADY_AUTHENTICATED"));
    CHECK(json_u64(cordage_json_at(json_get(rule, "shard"), 1), &n) && n == 2);
    CHECK(cordage_str_is(cordage_json_string(json_get(rule, "time")),
                         "2026-01-01T00:00:01.000000+00:00"));
    CHECK(str_find(buf_str(&b), str_of(sim_token(r.sim))) == SIZE_MAX);
    client_release(&c);
    json_parser_free(p);
    buf_release(&b);
    rig_stop(&r);
}

TEST(a_bad_configuration_is_refused_with_a_sentence)
{
    struct sim_config config = rig_config();
    struct sim *s;
    cordage_error error;

    config.max_concurrency = 0;
    CHECK_INT(sim_new(&config, 0, 0, &s, &error), CORDAGE_EINVAL);
    assert_non_null(strstr(error.message, "max_concurrency"));
    assert_null(s);
    config = rig_config();
    config.members = 1;
    CHECK_INT(sim_new(&config, 0, 0, &s, &error), CORDAGE_EINVAL);
    config = rig_config();
    config.traffic = -1;
    CHECK_INT(sim_new(&config, 0, 0, &s, &error), CORDAGE_EINVAL);
}

RUN_TESTS(
    T(hello_comes_first_with_the_interval),
    T(identify_gives_ready_and_then_every_guild_of_the_shard),
    T(without_a_shard_ready_names_none_and_has_every_guild), T(guilds_come_at_their_pace),
    T(without_the_guilds_intent_no_guild_comes),
    T(a_guild_in_an_outage_answers_with_guild_delete),
    T(heartbeats_are_acknowledged_also_before_identify),
    T(keys_free_up_after_five_seconds_and_are_counted_apart),
    T(presence_voice_sounds_and_channel_info_are_answered),
    T(a_text_channel_cannot_be_joined_and_gets_no_answer),
    T(an_identify_may_carry_a_presence_and_ask_for_payload_compression),
    T(events_of_a_guild_go_to_its_shard_of_every_count_and_to_copies),
    T(a_bad_version_is_closed_with_4012), T(what_is_not_simulated_is_refused_and_said),
    T(the_query_chooses_the_compression), T(malformed_payloads_are_closed_with_4002),
    T(a_binary_message_is_closed_with_4002), T(a_payload_may_have_4096_bytes_and_no_more),
    T(unknown_opcodes_are_closed_with_4001), T(wrong_bodies_are_closed_with_4001),
    T(commands_before_identify_are_closed_with_4003),
    T(a_second_identify_is_closed_with_4005_and_the_session_lives),
    T(identify_is_checked_in_order_token_intents_shard_guilds),
    T(a_second_identify_on_a_key_within_5_s_gets_op_9),
    T(the_budget_goes_down_with_ready_and_comes_back_after_a_day),
    T(an_identify_over_budget_ends_all_sessions_and_the_token),
    T(the_same_identify_after_a_fatal_close_is_noted_and_another_is_not),
    T(an_identify_on_the_resume_door_is_granted_and_noted),
    T(payload_121_within_60_s_is_closed_with_4008),
    T(a_sixth_presence_within_20_s_is_noted_and_dropped),
    T(bad_presences_and_voice_states_are_closed_with_4001),
    T(a_command_for_another_shards_guild_is_noted_and_not_answered),
    T(silence_for_one_and_a_half_intervals_is_closed_with_4009),
    T(a_heartbeat_before_hello_is_noted), T(a_heartbeat_ahead_of_what_was_sent_is_noted),
    T(the_report_is_json_with_what_was_counted),
    T(a_bad_configuration_is_refused_with_a_sentence))
