#include "test.h"

#include "error.h"
#include "gateway.h"
#include "json.h"
#include "limits.h"
#include "payload.h"

TEST(a_heartbeat_carries_the_sequence_or_null)
{
    struct buf out = { 0 };

    CHECK_INT(payload_heartbeat(&out, true, 18446744073709551615u), 0);
    CHECK_STR(buf_str(&out), "{\"op\":1,\"d\":18446744073709551615}");
    buf_clear(&out);
    CHECK_INT(payload_heartbeat(&out, false, 5), 0);
    CHECK_STR(buf_str(&out), "{\"op\":1,\"d\":null}");
    buf_release(&out);
}

TEST(an_identify_has_what_discord_wants)
{
    struct secret token = { 0 };
    struct buf out = { 0 };
    struct identify_fields f = {
        .token = &token, .shard_id = 3, .shard_count = 16, .intents = 33281
    };

    CHECK_INT(secret_set(&token, STR("abc.def")), 0);
    CHECK_INT(payload_identify(&out, &f), 0);
    CHECK_STR(buf_str(&out),
              "{\"op\":2,\"d\":{\"token\":\"abc.def\",\"properties\":{\"os\":\"linux\","
              "\"browser\":\"cordage\",\"device\":\"cordage\"},\"intents\":33281,"
              "\"shard\":[3,16]}}");
    buf_clear(&out);
    f.large_threshold = 250;
    f.presence = STR("{\"status\":\"idle\"}");
    CHECK_INT(payload_identify(&out, &f), 0);
    CHECK(str_ends(buf_str(&out), STR("\"shard\":[3,16],\"large_threshold\":250,"
                                      "\"presence\":{\"status\":\"idle\"}}}")));
    buf_wipe(&out);
    secret_release(&token);
}

TEST(the_tokens_prefix_is_dropped_once)
{
    struct secret token = { 0 };
    struct buf out = { 0 };

    CHECK_INT(secret_set(&token, STR("Bot abc")), 0);
    CHECK_INT(payload_resume(&out, &token, STR("sess\"ion"), 77), 0);
    CHECK_STR(
        buf_str(&out),
        "{\"op\":6,\"d\":{\"token\":\"abc\",\"session_id\":\"sess\\\"ion\",\"seq\":77}}");
    buf_wipe(&out);
    secret_release(&token);
}

TEST(the_buffer_does_not_move_once_the_token_is_in_it)
{
    char text[SECRET_MAX];
    struct secret token = { 0 };
    struct buf out = { 0 };
    char *p;

    memset(text, 'x', sizeof text);
    CHECK_INT(secret_set(&token, (struct str){ text, sizeof text }), 0);
    CHECK_INT(buf_reserve(&out, LIMIT_COMMAND), 0);
    p = out.p;
    CHECK_INT(payload_resume(&out, &token, STR("s"), 1), 0);
    CHECK(out.p == p);
    buf_wipe(&out);
    secret_release(&token);
}

TEST(a_voice_state_joins_or_leaves)
{
    struct buf out = { 0 };

    CHECK_INT(payload_voice_state(&out, 900000000000000001, 2, true, false), 0);
    CHECK_STR(buf_str(&out),
              "{\"op\":4,\"d\":{\"guild_id\":\"900000000000000001\","
              "\"channel_id\":\"2\",\"self_mute\":true,\"self_deaf\":false}}");
    buf_clear(&out);
    CHECK_INT(payload_voice_state(&out, 1, 0, false, true), 0);
    CHECK_STR(buf_str(&out), "{\"op\":4,\"d\":{\"guild_id\":\"1\",\"channel_id\":null,"
                             "\"self_mute\":false,\"self_deaf\":true}}");
    buf_release(&out);
}

TEST(a_presence_has_all_four_keys)
{
    struct buf object = { 0 }, out = { 0 };
    struct presence_fields none = { 0 };
    struct presence_fields f = { .status = "idle",
                                 .activity_type = 4,
                                 .activity_name = "Custom",
                                 .activity_state = "on \"watch\"",
                                 .activity_url = "https://twitch.tv/x",
                                 .since_ms = 1500000000000,
                                 .afk = true };

    CHECK_INT(payload_presence_object(&object, &none), 0);
    CHECK_STR(buf_str(&object),
              "{\"since\":null,\"activities\":[],\"status\":\"online\",\"afk\":false}");
    buf_clear(&object);
    CHECK_INT(payload_presence_object(&object, &f), 0);
    CHECK_STR(buf_str(&object),
              "{\"since\":1500000000000,\"activities\":[{\"name\":\"Custom\",\"type\":4,"
              "\"state\":\"on \\\"watch\\\"\",\"url\":\"https://twitch.tv/x\"}],"
              "\"status\":\"idle\",\"afk\":true}");
    CHECK_INT(payload_presence(&out, STR("{\"x\":1}")), 0);
    CHECK_STR(buf_str(&out), "{\"op\":3,\"d\":{\"x\":1}}");
    buf_release(&object);
    buf_release(&out);
}

TEST(members_are_asked_by_query_or_by_id)
{
    static const uint64_t ids[] = { 1, 18446744073709551615u };
    struct buf out = { 0 };
    struct members_fields f = { .guild_id = 7, .query = "", .limit = 0 };

    CHECK_INT(payload_request_members(&out, &f), 0);
    CHECK_STR(buf_str(&out),
              "{\"op\":8,\"d\":{\"guild_id\":\"7\",\"query\":\"\",\"limit\":0}}");
    buf_clear(&out);
    f = (struct members_fields){
        .guild_id = 7, .presences = true, .user_ids = ids, .n_user_ids = 2, .nonce = "abc"
    };
    CHECK_INT(payload_request_members(&out, &f), 0);
    CHECK_STR(buf_str(&out),
              "{\"op\":8,\"d\":{\"guild_id\":\"7\",\"user_ids\":[\"1\","
              "\"18446744073709551615\"],\"presences\":true,\"nonce\":\"abc\"}}");
    buf_release(&out);
}

TEST(a_hundred_of_the_longest_ids_fit_and_one_more_is_refused)
{
    uint64_t ids[GATEWAY_MEMBERS_USER_IDS + 1];
    struct buf out = { 0 };
    struct members_fields f = { .guild_id = UINT64_MAX,
                                .user_ids = ids,
                                .n_user_ids = GATEWAY_MEMBERS_USER_IDS,
                                .nonce = "12345678901234567890123456789012" };

    memset(ids, 0xff, sizeof ids);
    CHECK_INT(payload_request_members(&out, &f), 0);
    buf_clear(&out);
    f.n_user_ids++;
    CHECK_INT(payload_request_members(&out, &f), CORDAGE_EINVAL);
    f.n_user_ids = 1;
    f.nonce = "123456789012345678901234567890123";
    CHECK_INT(payload_request_members(&out, &f), CORDAGE_EINVAL);
    CHECK_INT(out.n, 0);
    buf_release(&out);
}

TEST(a_payload_ends_at_4096_bytes)
{
    static char text[LIMIT_COMMAND];
    const size_t around = sizeof "{\"op\":3,\"d\":}" - 1;
    struct buf out = { 0 };
    struct str raw = { text, LIMIT_COMMAND - around };

    memset(text, '1', sizeof text);
    CHECK_INT(buf_append_z(&out, "kept"), 0);
    CHECK_INT(payload_presence(&out, raw), 0);
    CHECK_INT(out.n, 4 + LIMIT_COMMAND);
    out.n = 4;
    raw.n++;
    CHECK_INT(payload_presence(&out, raw), CORDAGE_ELIMIT);
    CHECK_STR(buf_str(&out), "kept");
    buf_release(&out);
}

RUN_TESTS(T(a_heartbeat_carries_the_sequence_or_null),
          T(an_identify_has_what_discord_wants), T(the_tokens_prefix_is_dropped_once),
          T(the_buffer_does_not_move_once_the_token_is_in_it),
          T(a_voice_state_joins_or_leaves), T(a_presence_has_all_four_keys),
          T(members_are_asked_by_query_or_by_id),
          T(a_hundred_of_the_longest_ids_fit_and_one_more_is_refused),
          T(a_payload_ends_at_4096_bytes))
