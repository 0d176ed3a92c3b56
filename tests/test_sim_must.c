/* What the simulator must do on the gateway, number by number, in short; most of it has
 * tests of its own elsewhere. 1 HELLO, 2 the query, 3 what may not be sent, 4 IDENTIFY, 5
 * identify keys, 6 the budget, 7 READY and guilds, 8 routing, 9 numbers and RESUME, 10 the
 * resume URL, 11 closing, 12 heartbeats, 13 who sees what, 14 commands. */
#include "routes_rig.h"

/* ---- Large bots ----------------------------------------------------------------- */

static struct sim_config large_config(void)
{
    struct sim_config c = rig_config();

    c.guilds = 40;
    c.large_bot_guilds = 39;
    c.max_guilds_per_shard = 100;
    return c;
}

TEST(a_large_bot_has_a_multiple_of_16_shards)
{
    struct sim_config config = large_config();
    struct client c;
    struct rig r;

    rig_start(&r, &config);
    client_connect(&r, &c);
    client_identify(&c, 0, 8, RIG_USUAL);
    CHECK_INT(c.close_code, 4010);
    rig_broke(&r, RULE_SHARDS_NOT_MULTIPLE);
    client_release(&c);
    client_ready(&r, &c, 3, 32, RIG_USUAL);
    client_release(&c);
    rig_stop(&r);
}

TEST(gateway_bot_recommends_what_a_large_bot_may_have)
{
    struct sim_config config = large_config();
    struct sim_budget b;
    struct rig r;

    config.recommended_shards = 17;
    rig_start(&r, &config);
    sim_budget(r.sim, sim_app(r.sim, 0), r.now, &b);
    CHECK_INT(b.shards, 32);
    CHECK_INT(b.max_concurrency, 16);
    CHECK_INT(b.total, 2000);
    rig_stop(&r);
    config.shard_multiple = 5;
    config.max_concurrency = 7;
    config.session_limit = 9;
    rig_start(&r, &config);
    sim_budget(r.sim, sim_app(r.sim, 0), r.now, &b);
    CHECK_INT(b.shards, 20);
    CHECK_INT(b.max_concurrency, 7);
    CHECK_INT(b.total, 9);
    rig_stop(&r);
}

TEST(a_large_bots_keys_are_16)
{
    struct sim_config config = large_config();
    struct client clients[17];
    struct rig r;

    rig_start(&r, &config);
    for (unsigned i = 0; i < 16; i++)
        client_ready(&r, &clients[i], i, 32, RIG_GUILDS);
    rig_is_clean(&r);
    client_connect(&r, &clients[16]);
    client_identify(&clients[16], 16, 32, RIG_GUILDS);
    client_gets_op(&clients[16], 9);
    rig_broke(&r, RULE_IDENTIFY_TOO_EARLY);
    for (unsigned i = 0; i < 17; i++)
        client_release(&clients[i]);
    rig_stop(&r);
}

TEST(a_bot_that_is_not_large_has_any_count)
{
    struct sim_config config = large_config();
    struct client c;
    struct rig r;

    config.large_bot_guilds = 40;
    rig_start(&r, &config);
    client_ready(&r, &c, 1, 3, RIG_USUAL);
    rig_is_clean(&r);
    client_release(&c);
    rig_stop(&r);
}

/* Two bots; of the first [0,1] twice, [0,2], [1,2] and [2,3]; of the second [0,1]. */
TEST(must_8_several_counts_and_copies_at_once)
{
    static const struct {
        unsigned bot, shard, count;
    } sessions[] = { { 0, 0, 1 }, { 0, 0, 1 }, { 0, 0, 2 },
                     { 0, 1, 2 }, { 0, 2, 3 }, { 1, 0, 1 } };
    enum { N = sizeof sessions / sizeof *sessions };
    struct sim_config config = rig_config();
    struct client clients[N];
    struct world *w;
    struct rig r;

    config.bots = 2;
    config.guilds = 12;
    rig_start(&r, &config);
    w = sim_world(r.sim);
    for (unsigned i = 0; i < N; i++) {
        client_ready_as(&r, &clients[i], sessions[i].bot, sessions[i].shard,
                        sessions[i].count, RIG_USUAL);
        rig_wait(&r, 5000); /* the key's window */
    }
    for (unsigned i = 0; i < N; i++)
        client_count(&clients[i], "");
    for (uint32_t g = 0; g < w->n_guilds; g++) {
        CHECK_INT(sim_dispatch(r.sim, "X", 0, &w->guilds[g], STR("{}"), r.now), 0);
        for (unsigned i = 0; i < N; i++)
            CHECK_INT(client_count(&clients[i], "X"),
                      (w->guilds[g].id >> 22) % sessions[i].count == sessions[i].shard);
    }
    CHECK_INT(sim_dispatch(r.sim, "Y", 0, NULL, STR("{}"), r.now), 0);
    for (unsigned i = 0; i < N; i++)
        CHECK_INT(client_count(&clients[i], "Y"), sessions[i].shard == 0);
    rig_is_clean(&r);
    for (unsigned i = 0; i < N; i++)
        client_release(&clients[i]);
    rig_stop(&r);
}

/* ---- 1 to 14 -------------------------------------------------------------------- */

static void start(struct rig *r, struct client *c, unsigned intents)
{
    struct sim_config config = rig_config();

    config.max_concurrency = 16;
    rig_start(r, &config);
    client_live(r, c, 0, 1, intents);
}

static void stop(struct rig *r, struct client *c)
{
    client_release(c);
    rig_stop(r);
}

/* A new client says this first, and is closed with `code`. */
static void is_closed(struct rig *r, const char *payload, int code)
{
    struct client c;

    client_connect(r, &c);
    client_say(&c, "%s", payload);
    CHECK_INT(c.close_code, code);
    client_release(&c);
}

TEST(must_1_hello_comes_first_with_its_interval)
{
    struct sim_config config = rig_config();
    uint64_t interval;
    struct client c;
    struct rig r;

    CHECK_INT(config.heartbeat_ms, 41250);
    config.heartbeat_ms = 12345;
    rig_start(&r, &config);
    client_connect_to(&r, &c, RIG_QUERY, false);
    client_gets_op(&c, 10); /* which looks for t, s and d, too */
    CHECK(json_u64(json_get(c.d, "heartbeat_interval"), &interval) && interval == 12345);
    CHECK(json_is_null(json_get(c.root, "t")) && json_is_null(json_get(c.root, "s")));
    client_say(&c, "{\"op\":1,\"d\":null}");
    client_gets_op(&c, 11);
    CHECK(json_is_null(json_get(c.root, "t")) && json_is_null(json_get(c.root, "s")));
    stop(&r, &c);
}

TEST(must_2_the_query_says_version_encoding_and_compression)
{
    static const struct {
        const char *query;
        int code;
    } queries[] = { { "v=10&encoding=json&compress=zlib-stream", 0 },
                    { "v=9&compress=zstd-stream", 0 },
                    { "encoding=json", 4012 },
                    { "v=8&encoding=json", 4012 },
                    { "v=10&encoding=etf", 4002 },
                    { "v=10&encoding=json&compress=brotli", 4002 } };
    struct sim_config config = rig_config();
    struct client c;
    struct rig r;

    rig_start(&r, &config);
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) {
        client_connect_to(&r, &c, queries[i].query, false);
        CHECK_INT(c.close_code, queries[i].code);
        client_release(&c);
    }
    rig_stop(&r);
}

TEST(must_3_what_a_client_may_not_send)
{
    struct sim_config config = rig_config();
    char big[4200] = "{\"op\":1,\"d\":null,\"x\":\"";
    struct client c;
    struct rig r;

    rig_start(&r, &config);
    memset(big + strlen(big), 'x', 4100);
    is_closed(&r, big, 4002);
    is_closed(&r, "{]", 4002);
    is_closed(&r, "{\"op\":99,\"d\":{}}", 4001);
    is_closed(&r, "{\"op\":2,\"d\":7}", 4001);
    is_closed(&r, "{\"op\":3,\"d\":{}}", 4003);
    client_ready(&r, &c, 0, 1, RIG_USUAL);
    client_identify(&c, 0, 1, RIG_USUAL);
    CHECK_INT(c.close_code, 4005);
    client_release(&c);
    client_connect(&r, &c);
    for (int i = 0; i < 120; i++)
        client_say(&c, "{\"op\":1,\"d\":null}");
    CHECK_INT(c.close_code, 0);
    client_say(&c, "{\"op\":1,\"d\":null}");
    CHECK_INT(c.close_code, 4008);
    stop(&r, &c);
}

static void identify_with(struct rig *r, const char *token, unsigned intents,
                          const char *shard, int code)
{
    struct client c;

    client_connect(r, &c);
    client_say(&c,
               "{\"op\":2,\"d\":{\"token\":\"%s\",\"properties\":{},\"intents\":%u,"
               "\"shard\":%s}}",
               token, intents, shard);
    CHECK_INT(c.close_code, code);
    if (code == 9)
        client_gets_op(&c, 9);
    client_release(&c);
}

/* Each has all that is checked later wrong as well. */
TEST(must_4_identify_is_checked_in_order)
{
    struct sim_config config = rig_config();
    const char *token;
    struct client c;
    struct rig r;

    config.guilds = 30;
    config.max_guilds_per_shard = 20;
    config.session_limit = 1;
    config.allowed_intents = RIG_USUAL;
    rig_start(&r, &config);
    token = sim_token(r.sim);
    client_ready(&r, &c, 0, 2, RIG_USUAL); /* the budget is used, and the key */
    identify_with(&r, "wrong", 1u << 31, "[5,2]", 4004);
    identify_with(&r, token, 1u << 31 | RIG_PRESENCES, "[5,2]", 4013);
    identify_with(&r, token, RIG_PRESENCES, "[5,2]", 4014);
    identify_with(&r, token, RIG_USUAL, "[2,2]", 4010);
    identify_with(&r, token, RIG_USUAL, "[0,1]", 4011);
    CHECK(!report_has(sim_report(r.sim), RULE_BUDGET_EXCEEDED));
    identify_with(&r, token, RIG_USUAL, "[0,2]", 4004); /* the budget, not the key */
    CHECK(report_has(sim_report(r.sim), RULE_BUDGET_EXCEEDED));
    CHECK(!report_has(sim_report(r.sim), RULE_IDENTIFY_TOO_EARLY));
    stop(&r, &c);
}

TEST(must_5_a_key_is_held_for_five_seconds_from_what_was_accepted)
{
    struct sim_config config = rig_config();
    struct client a, b;
    struct rig r;

    config.max_concurrency = 2;
    rig_start(&r, &config);
    client_ready(&r, &a, 0, 8, RIG_USUAL);
    client_connect(&r, &b);
    rig_wait(&r, 4000);
    client_identify(&b, 6, 8, RIG_USUAL); /* of the same key; it holds nothing itself */
    client_gets_op(&b, 9);
    CHECK(json_bool(b.d, &(bool){ false }));
    rig_wait(&r, 999);
    client_identify(&b, 6, 8, RIG_USUAL);
    client_gets_op(&b, 9);
    rig_wait(&r, 1);
    client_identify(&b, 6, 8, RIG_USUAL);
    client_gets(&b, "READY");
    client_release(&a);
    stop(&r, &b);
}

/* As a bot sees it, by REST. */
TEST(must_6_the_budget_is_counted_ends_and_comes_back)
{
    struct sim_config config = rig_config();
    struct routes_config limits;
    struct client c;
    struct rest r;
    uint64_t left;

    routes_config_default(&limits);
    config.session_limit = 2;
    rest_start_with(&r, &config, &limits);
    for (unsigned used = 0; used < 2; used++) {
        client_ready(&r.rig, &c, 0, 1, RIG_USUAL);
        client_release(&c);
        CHECK_INT(rest_get(&r, "/api/v10/gateway/bot"), 200);
        CHECK(json_u64(json_get(json_get(r.json, "session_start_limit"), "remaining"),
                       &left));
        CHECK_INT(left, 1 - used);
        rig_wait(&r.rig, 5000);
    }
    rig_wait(&r.rig, 24ull * 3600 * 1000 - 10000);
    CHECK_INT(rest_get(&r, "/api/v10/gateway/bot"), 200);
    CHECK(
        json_u64(json_get(json_get(r.json, "session_start_limit"), "remaining"), &left));
    CHECK_INT(left, 2);
    for (int i = 0; i < 3; i++) {
        client_connect(&r.rig, &c);
        client_identify(&c, 0, 1, RIG_USUAL);
        CHECK_INT(c.close_code, i == 2 ? 4004 : 0);
        client_release(&c);
        rig_wait(&r.rig, 5000);
    }
    CHECK_INT(rest_get(&r, "/api/v10/gateway/bot"), 401);
    rest_stop(&r);
}

TEST(must_6_what_is_refused_may_cost_too)
{
    struct sim_config config = rig_config();
    struct sim_budget b;
    struct client c;
    struct rig r;

    for (int on_receipt = 0; on_receipt < 2; on_receipt++) {
        config.charge_on_receipt = on_receipt;
        rig_start(&r, &config);
        client_connect(&r, &c);
        client_identify(&c, 0, 1, RIG_USUAL);
        client_gets(&c, "READY");
        client_release(&c);
        client_connect(&r, &c);
        client_identify(&c, 0, 1, RIG_USUAL);
        client_gets_op(&c, 9); /* too early */
        sim_budget(r.sim, sim_app(r.sim, 0), r.now, &b);
        CHECK_INT(b.total - b.remaining, 1 + on_receipt);
        stop(&r, &c);
    }
}

TEST(must_7_guilds_come_paced_or_are_out)
{
    struct sim_config config = rig_config();
    struct client c;
    struct rig r;

    config.guilds = 10;
    config.guilds_per_s = 10;
    rig_start(&r, &config);
    sim_begin_outage(r.sim, &sim_world(r.sim)->guilds[0], r.now);
    client_ready(&r, &c, 0, 1, RIG_USUAL);
    CHECK_INT(json_count(json_get(c.d, "guilds")), 10);
    CHECK(cordage_json_true(json_get(cordage_json_at(json_get(c.d, "guilds"), 9),
                                     "unavailable"),
                            false));
    rig_wait(&r, 10);
    client_gets(&c, "GUILD_DELETE");
    CHECK(cordage_json_true(json_get(c.d, "unavailable"), false));
    CHECK(!client_has_more(&c));
    rig_wait(&r, 100);
    client_gets(&c, "GUILD_CREATE");
    CHECK(!cordage_json_true(json_get(c.d, "unavailable"), true));
    CHECK(!client_has_more(&c));
    rig_wait(&r, 1000);
    CHECK_INT(client_count(&c, "GUILD_CREATE"), 8);
    rig_is_clean(&r);
    stop(&r, &c);
}

TEST(must_7_events_may_come_before_their_guild)
{
    for (int early = 0; early < 2; early++) {
        struct sim_config config = rig_config();
        struct client c;
        struct rig r;

        config.early_events = early;
        config.guilds = 4;
        config.guilds_per_s = 1;
        rig_start(&r, &config);
        client_ready(&r, &c, 0, 1, RIG_USUAL);
        rig_wait(&r, 10);
        client_gets(&c, "GUILD_CREATE");
        CHECK_INT(sim_dispatch(r.sim, "X", 0, &sim_world(r.sim)->guilds[2], STR("1"),
                               r.now),
                  0);
        if (early)
            client_gets(&c, "X");
        CHECK(!client_has_more(&c));
        rig_wait(&r, 3000);
        CHECK_INT(client_count(&c, "X"), !early);
        stop(&r, &c);
    }
}

TEST(must_9_numbers_and_what_a_resume_needs)
{
    struct client c, again;
    struct rig r;
    uint64_t seq;

    start(&r, &c, RIG_USUAL);
    seq = c.seq;
    CHECK_INT(seq, 9); /* READY is 1, then 8 guilds */
    for (int i = 0; i < 3; i++)
        CHECK_INT(sim_dispatch(r.sim, "X", 0, NULL, STR("1"), r.now), 0);
    client_gone(&c, 4000);
    client_resumes(&r, &again, &c, seq + 1);
    client_gets(&again, "X");
    CHECK(again.seq == seq + 2);
    client_gets(&again, "X");
    client_gets(&again, "RESUMED");
    CHECK(again.seq == seq + 4);
    CHECK(cordage_json_type_of(again.d) == CORDAGE_JSON_OBJECT);
    client_release(&again);
    client_resumes(&r, &again, &c, seq + 100);
    CHECK_INT(again.close_code, 4007);
    client_release(&again);
    client_connect_to(&r, &again, RIG_QUERY, true);
    client_gets_op(&again, 10);
    client_resume(&again, "nobody's", 1);
    client_gets_op(&again, 9);
    client_release(&again);
    stop(&r, &c);
}

TEST(must_10_the_resume_url_is_another)
{
    struct client c;
    struct rig r;
    struct str url;

    start(&r, &c, RIG_USUAL);
    client_release(&c);
    rig_wait(&r, 5000);
    client_ready(&r, &c, 0, 1, RIG_USUAL);
    CHECK(json_str(json_get(c.d, "resume_gateway_url"), &url));
    CHECK(!str_is(url, sim_gateway_url(r.sim)));
    stop(&r, &c);
}

TEST(must_11_1000_ends_and_the_newer_connection_takes_over)
{
    static const int codes[] = { 1000, 1001, 4000, 4200, 1006, 3010 };
    struct client c, again;
    struct rig r;

    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        start(&r, &c, RIG_USUAL);
        client_gone(&c, codes[i]);
        client_resumes(&r, &again, &c, c.seq);
        if (codes[i] <= 1001)
            client_gets_op(&again, 9);
        else
            client_gets(&again, "RESUMED");
        client_release(&again);
        stop(&r, &c);
    }
    start(&r, &c, RIG_USUAL);
    client_resumes(&r, &again, &c, c.seq);
    client_gets(&again, "RESUMED");
    CHECK_INT(c.close_code, 4000);
    client_release(&again);
    stop(&r, &c);
}

TEST(must_12_who_does_not_beat_is_closed)
{
    struct sim_config config = rig_config();
    struct client c;
    struct rig r;

    CHECK_INT(config.watchdog_code, 4009);
    config.heartbeat_ms = 1000;
    for (int i = 0; i < 2; i++) {
        config.watchdog_code = i ? 1000 : 4009;
        rig_start(&r, &config);
        client_live(&r, &c, 0, 1, RIG_USUAL);
        client_say(&c, "{\"op\":1,\"d\":null}");
        client_gets_op(&c, 11);
        rig_wait(&r, 1499);
        CHECK_INT(c.close_code, 0);
        rig_wait(&r, 1);
        CHECK_INT(c.close_code, config.watchdog_code);
        stop(&r, &c);
    }
}

/* ---- 13: who sees what ---------------------------------------------------------- */

/* Changes what the bot may do: the permissions of its role. */
static void give_rights(struct rest *r, uint32_t guild, const char *permissions)
{
    struct world_guild *g = &sim_world(r->rig.sim)->guilds[guild];
    struct sim_request request;
    struct buf body = { 0 };
    char path[64];

    snprintf(path, sizeof path, "/roles/%llu", (unsigned long long)world_role_id(g, 1));
    request = rest_request(r, "PATCH", rest_guild(r, guild, path));
    CHECK_INT(buf_printf(&body, "{\"permissions\":\"%s\"}", permissions), 0);
    request.body = buf_str(&body);
    CHECK_INT(rest_send(r, &request), 200);
    buf_release(&body);
}

TEST(must_13_some_events_need_a_permission_too)
{
    static const struct {
        const char *prefix, *right;
    } gates[] = { { "GUILD_AUDIT_LOG_ENTRY_CREATE", "128" },
                  { "GUILD_BAN_", "4" },
                  { "INVITE_", "16" },
                  { "AUTO_MODERATION_", "32" } };
    enum {
        N = sizeof gates / sizeof *gates,
        ALL = (1 << 26) - 1 - (7 << 17) - (3 << 22)
    };

    for (unsigned given = 0; given <= N; given++) {
        struct sim_config config = rig_config();
        struct routes_config limits;
        size_t seen[N] = { 0 };
        struct client c;
        struct rest r;

        routes_config_default(&limits);
        config.guilds = 3; /* an outage or a kick is of one in four at most: none */
        rest_start_with(&r, &config, &limits);
        client_live(&r.rig, &c, 0, 1, ALL);
        for (uint32_t i = 0; i < 3; i++)
            give_rights(&r, i, given < N ? gates[given].right : "8");
        sim_live(r.rig.sim, 100, UINT64_MAX, r.rig.now);
        rig_wait(&r.rig, 30000);
        while (client_next(&c))
            for (unsigned i = 0; i < N; i++)
                seen[i] += strncmp(c.name, gates[i].prefix, strlen(gates[i].prefix)) == 0;
        for (unsigned i = 0; i < N; i++)
            CHECK_INT(seen[i] != 0, given == N || i == given || (i == 1 && given == 0));
        client_release(&c);
        rest_stop(&r);
    }
}

static bool reads_content(struct client *c)
{
    struct str content;

    client_gets(c, "MESSAGE_CREATE");
    CHECK(json_str(json_get(c->d, "content"), &content));
    return content.n != 0;
}

/* B replies to A. */
TEST(must_13_a_reply_mentions_whom_it_answers_unless_told_not_to)
{
    static const char *const pings[] = {
        "", ",\"allowed_mentions\":{\"parse\":[]}",
        ",\"allowed_mentions\":{\"replied_user\":true}"
    };
    struct sim_config config = rig_config();
    struct routes_config limits;
    struct client c;
    struct rest r;
    uint64_t id = 0;

    routes_config_default(&limits);
    config.bots = 2;
    rest_start_with(&r, &config, &limits);
    client_live(&r.rig, &c, 0, 1, RIG_GUILDS | RIG_MESSAGES);
    CHECK_INT(rest_post(&r, rest_channel(&r, 0, "/messages"), "{\"content\":\"hi\"}"),
              200);
    CHECK(json_id(json_get(r.json, "id"), &id));
    CHECK(reads_content(&c));
    snprintf(r.token, sizeof r.token, "Bot %s", sim_app(r.rig.sim, 1)->token);
    for (int i = 0; i < 3; i++) {
        char body[200];

        snprintf(body, sizeof body,
                 "{\"content\":\"ho\",\"message_reference\":{\"message_id\":\"%llu\"}%s}",
                 (unsigned long long)id, pings[i]);
        CHECK_INT(rest_post(&r, rest_channel(&r, 0, "/messages"), body), 200);
        CHECK_INT(reads_content(&c), i != 1);
    }
    client_release(&c);
    rest_stop(&r);
}

/* ---- 14: commands --------------------------------------------------------------- */

TEST(must_14_each_command_has_its_answer)
{
    struct client c;
    struct rig r;
    unsigned long long g, voice;

    start(&r, &c, RIG_USUAL | RIG_VOICE);
    g = sim_world(r.sim)->guilds[0].id;
    voice = world_channel_id(&sim_world(r.sim)->guilds[0],
                             world_voice_channel(&sim_world(r.sim)->guilds[0]));
    client_say(&c,
               "{\"op\":3,\"d\":{\"since\":null,\"activities\":[],\"status\":\"idle\","
               "\"afk\":false}}");
    CHECK(!client_has_more(&c));
    client_say(&c,
               "{\"op\":4,\"d\":{\"guild_id\":\"%llu\",\"channel_id\":\"%llu\","
               "\"self_mute\":false,\"self_deaf\":false}}",
               g, voice);
    client_gets(&c, "VOICE_STATE_UPDATE");
    client_gets(&c, "VOICE_SERVER_UPDATE");
    client_say(&c, "{\"op\":31,\"d\":{\"guild_ids\":[\"%llu\"]}}", g);
    client_gets(&c, "SOUNDBOARD_SOUNDS");
    client_say(&c, "{\"op\":43,\"d\":{\"guild_id\":\"%llu\",\"fields\":[\"status\"]}}",
               g);
    client_gets(&c, "CHANNEL_INFO");
    client_say(&c,
               "{\"op\":8,\"d\":{\"guild_id\":\"%llu\",\"query\":\"zzz\",\"limit\":5,"
               "\"nonce\":\"n\"}}",
               g);
    client_gets(&c, "GUILD_MEMBERS_CHUNK");
    CHECK_INT(json_count(json_get(c.d, "members")), 0);
    CHECK(cordage_json_int(json_get(c.d, "chunk_count"), 0) == 1);
    rig_is_clean(&r);
    stop(&r, &c);
}

/* Administrators may come in all the same. */
TEST(must_14_a_full_voice_channel_gives_no_answer)
{
    for (int may_move = 0; may_move < 2; may_move++) {
        struct sim_config config = rig_config();
        struct routes_config limits;
        struct world_guild *g;
        struct client a, b;
        uint64_t channel;
        struct rest r;

        routes_config_default(&limits);
        config.bots = 2;
        rest_start_with(&r, &config, &limits);
        g = &sim_world(r.rig.sim)->guilds[0];
        CHECK_INT(rest_post(&r, rest_guild(&r, 0, "/channels"),
                            "{\"name\":\"small\",\"type\":2,\"user_limit\":1}"),
                  201);
        CHECK(json_id(json_get(r.json, "id"), &channel));
        give_rights(&r, 0, may_move ? "17826816" : "1049600");
        client_ready_as(&r.rig, &a, 0, 0, 1, RIG_USUAL);
        client_ready_as(&r.rig, &b, 1, 0, 1, RIG_USUAL);
        rig_wait(&r.rig, 1000);
        for (int i = 0; i < 2; i++) {
            struct client *c = i ? &b : &a;

            client_count(c, "");
            client_say(c,
                       "{\"op\":4,\"d\":{\"guild_id\":\"%llu\",\"channel_id\":\"%llu\","
                       "\"self_mute\":false,\"self_deaf\":false}}",
                       (unsigned long long)g->id, (unsigned long long)channel);
            CHECK_INT(client_count(c, "VOICE_SERVER_UPDATE"), i == 0 || may_move);
        }
        client_release(&a);
        client_release(&b);
        rest_stop(&r);
    }
}

RUN_TESTS(T(a_large_bot_has_a_multiple_of_16_shards),
          T(gateway_bot_recommends_what_a_large_bot_may_have),
          T(a_large_bots_keys_are_16), T(a_bot_that_is_not_large_has_any_count),
          T(must_8_several_counts_and_copies_at_once),
          T(must_1_hello_comes_first_with_its_interval),
          T(must_2_the_query_says_version_encoding_and_compression),
          T(must_3_what_a_client_may_not_send), T(must_4_identify_is_checked_in_order),
          T(must_5_a_key_is_held_for_five_seconds_from_what_was_accepted),
          T(must_6_the_budget_is_counted_ends_and_comes_back),
          T(must_6_what_is_refused_may_cost_too), T(must_7_guilds_come_paced_or_are_out),
          T(must_7_events_may_come_before_their_guild),
          T(must_9_numbers_and_what_a_resume_needs), T(must_10_the_resume_url_is_another),
          T(must_11_1000_ends_and_the_newer_connection_takes_over),
          T(must_12_who_does_not_beat_is_closed),
          T(must_13_some_events_need_a_permission_too),
          T(must_13_a_reply_mentions_whom_it_answers_unless_told_not_to),
          T(must_14_each_command_has_its_answer),
          T(must_14_a_full_voice_channel_gives_no_answer))
