#include "sim_rig.h"

static void start(struct rig *r, struct client *c, uint32_t members, unsigned intents)
{
    struct sim_config config = rig_config();

    config.guilds = 2;
    config.members = members;
    rig_start(r, &config);
    client_live(r, c, 0, 1, intents);
}

static void end(struct rig *r, struct client *c)
{
    client_release(c);
    rig_stop(r);
}

static const struct world_guild *guild(struct rig *r)
{
    return &sim_world(r->sim)->guilds[0];
}

static void ask(struct client *c, const char *fields)
{
    client_say(c, "{\"op\":8,\"d\":{\"guild_id\":\"%llu\",%s}}",
               (unsigned long long)guild(c->rig)->id, fields);
}

/* The next payload is a chunk: how many members, and that its numbers are these. */
static size_t chunk(struct client *c, uint64_t index, uint64_t count)
{
    uint64_t i = 99, n = 99;

    client_gets(c, "GUILD_MEMBERS_CHUNK");
    CHECK(json_u64(json_get(c->d, "chunk_index"), &i));
    CHECK(json_u64(json_get(c->d, "chunk_count"), &n));
    CHECK_INT(i, index);
    CHECK_INT(n, count);
    return json_count(json_get(c->d, "members"));
}

TEST(the_whole_list_comes_in_chunks_of_a_thousand)
{
    struct rig r;
    struct client c;

    start(&r, &c, 2500, RIG_USUAL | RIG_MEMBERS);
    ask(&c, "\"query\":\"\",\"limit\":0,\"nonce\":\"abc\"");
    CHECK_INT(chunk(&c, 0, 3), 1000);
    CHECK(cordage_str_is(cordage_json_string(json_get(c.d, "nonce")), "abc"));
    CHECK_INT(chunk(&c, 1, 3), 1000);
    CHECK_INT(chunk(&c, 2, 3), 500);
    CHECK(json_is_absent(json_get(c.d, "presences")));
    CHECK(!client_has_more(&c));
    rig_is_clean(&r);
    end(&r, &c);
}

TEST(the_whole_list_again_within_30_s_is_rate_limited)
{
    struct rig r;
    struct client c;
    double after = 0;
    uint64_t opcode = 0, id = 0;

    start(&r, &c, 0, RIG_USUAL | RIG_MEMBERS);
    ask(&c, "\"query\":\"\",\"limit\":0");
    chunk(&c, 0, 1);
    r.now += 10000;
    ask(&c, "\"query\":\"\",\"limit\":0,\"nonce\":\"n\"");
    client_gets(&c, "RATE_LIMITED");
    CHECK(json_u64(json_get(c.d, "opcode"), &opcode) && opcode == 8);
    CHECK(json_double(json_get(c.d, "retry_after"), &after) && after == 20.0);
    CHECK(json_id(json_get(json_get(c.d, "meta"), "guild_id"), &id) &&
          id == guild(&r)->id);
    CHECK(cordage_str_is(cordage_json_string(json_get(json_get(c.d, "meta"), "nonce")),
                         "n"));
    r.now += 20000;
    ask(&c, "\"query\":\"\",\"limit\":0");
    chunk(&c, 0, 1);
    rig_is_clean(&r);
    end(&r, &c);
}

TEST(without_the_intent_the_whole_list_has_no_answer)
{
    struct rig r;
    struct client c;

    start(&r, &c, 0, RIG_USUAL);
    ask(&c, "\"query\":\"\",\"limit\":0");
    CHECK(!client_has_more(&c));
    CHECK_INT(c.close_code, 0);
    rig_broke(&r, RULE_MEMBERS_WITHOUT_INTENT);
    end(&r, &c);
}

TEST(a_prefix_finds_at_most_a_hundred_by_name)
{
    struct rig r;
    struct client c;
    struct json_iter it;
    size_t n;

    start(&r, &c, 5000, RIG_USUAL);
    ask(&c, "\"query\":\"KELP\",\"limit\":1000");
    n = chunk(&c, 0, 1);
    CHECK_INT(n, 100);
    for (bool more = json_first(json_get(c.d, "members"), &it); more;
         more = json_next(&it)) {
        cordage_json user = json_get(it.value, "user");
        struct str name = { "", 0 };

        CHECK(json_str(json_get(user, "username"), &name));
        CHECK(str_starts(name, STR("kelp")));
    }
    ask(&c, "\"query\":\"kelp\",\"limit\":3");
    CHECK_INT(chunk(&c, 0, 1), 3);
    ask(&c, "\"query\":\"\",\"limit\":7");
    CHECK_INT(chunk(&c, 0, 1), 7);
    rig_is_clean(&r);
    end(&r, &c);
}

TEST(nobody_found_is_one_empty_chunk)
{
    struct rig r;
    struct client c;

    start(&r, &c, 0, RIG_USUAL);
    ask(&c, "\"query\":\"zzzz\",\"limit\":10");
    CHECK_INT(chunk(&c, 0, 1), 0);
    CHECK(!client_has_more(&c));
    end(&r, &c);
}

TEST(ids_find_members_and_name_the_strangers)
{
    struct rig r;
    struct client c;
    char fields[200];
    uint64_t id = 0, n = 0;
    cordage_json strangers;

    start(&r, &c, 0, RIG_USUAL);
    id = world_member(sim_world(r.sim), guild(&r), 3).user_id;
    snprintf(
        fields, sizeof fields,
        "\"user_ids\":[\"%llu\",\"123123\",\"%llu\",\"999999999999999999\"],\"limit\":0",
        (unsigned long long)id, (unsigned long long)id);
    ask(&c, fields);
    CHECK_INT(chunk(&c, 0, 1), 1);
    strangers = json_get(c.d, "not_found");
    CHECK_INT(json_count(strangers), 2);
    CHECK(json_u64(cordage_json_at(strangers, 0), &n) && n == 123123); /* as a number */
    CHECK_INT(cordage_json_type_of(cordage_json_at(strangers, 1)), CORDAGE_JSON_STRING);
    snprintf(fields, sizeof fields, "\"user_ids\":\"%llu\"", (unsigned long long)id);
    ask(&c, fields);
    CHECK_INT(chunk(&c, 0, 1), 1);
    rig_is_clean(&r);
    end(&r, &c);
}

TEST(more_than_a_hundred_ids_are_cut_and_noted)
{
    struct rig r;
    struct client c;
    struct buf b = { 0 };

    start(&r, &c, 200, RIG_USUAL);
    CHECK_INT(buf_append_z(&b, "\"user_ids\":["), 0);
    for (uint32_t i = 0; i < 101; i++)
        CHECK_INT(buf_printf(&b, "%s\"%llu\"", i ? "," : "",
                             (unsigned long long)world_member(sim_world(r.sim), guild(&r),
                                                              i)
                                 .user_id),
                  0);
    CHECK_INT(buf_append_z(&b, "]"), 0);
    ask(&c, buf_zero_end(&b));
    CHECK_INT(chunk(&c, 0, 1), 100);
    rig_broke(&r, RULE_MEMBERS_OVER_CAP);
    buf_release(&b);
    end(&r, &c);
}

TEST(presences_come_only_with_their_intent)
{
    struct rig r;
    struct client c;

    start(&r, &c, 0, RIG_USUAL | RIG_MEMBERS | RIG_PRESENCES);
    ask(&c, "\"query\":\"\",\"limit\":0,\"presences\":true");
    chunk(&c, 0, 1);
    CHECK(json_count(json_get(c.d, "presences")) > 3);
    end(&r, &c);
    start(&r, &c, 0, RIG_USUAL | RIG_MEMBERS);
    ask(&c, "\"query\":\"\",\"limit\":0,\"presences\":true");
    chunk(&c, 0, 1);
    CHECK(json_is_absent(json_get(c.d, "presences")));
    end(&r, &c);
}

TEST(a_nonce_over_32_bytes_is_ignored_and_noted)
{
    struct rig r;
    struct client c;

    start(&r, &c, 0, RIG_USUAL);
    ask(&c, "\"query\":\"\",\"limit\":1,\"nonce\":\"12345678901234567890123456789012\"");
    chunk(&c, 0, 1);
    CHECK(!json_is_absent(json_get(c.d, "nonce")));
    rig_is_clean(&r);
    ask(&c, "\"query\":\"\",\"limit\":1,\"nonce\":\"123456789012345678901234567890123\"");
    chunk(&c, 0, 1);
    CHECK(json_is_absent(json_get(c.d, "nonce")));
    rig_broke(&r, RULE_NONCE_TOO_LONG);
    end(&r, &c);
}

TEST(wrong_requests_are_closed_with_4001)
{
    static const char *const wrong[] = { "\"limit\":0", "\"query\":\"\"",
                                         "\"query\":\"a\",\"limit\":0",
                                         "\"query\":5,\"limit\":0",
                                         "\"query\":\"\",\"limit\":-1" };

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct rig r;
        struct client c;

        start(&r, &c, 0, RIG_USUAL | RIG_MEMBERS);
        ask(&c, wrong[i]);
        CHECK_INT(c.close_code, 4001);
        rig_broke(&r, RULE_BAD_BODY);
        end(&r, &c);
    }
}

TEST(an_unknown_guild_is_noted_and_not_answered)
{
    struct rig r;
    struct client c;

    start(&r, &c, 0, RIG_USUAL | RIG_MEMBERS);
    client_say(&c, "{\"op\":8,\"d\":{\"guild_id\":\"5\",\"query\":\"\",\"limit\":0}}");
    CHECK(!client_has_more(&c));
    rig_broke(&r, RULE_WRONG_SHARD);
    end(&r, &c);
}

RUN_TESTS(T(the_whole_list_comes_in_chunks_of_a_thousand),
          T(the_whole_list_again_within_30_s_is_rate_limited),
          T(without_the_intent_the_whole_list_has_no_answer),
          T(a_prefix_finds_at_most_a_hundred_by_name), T(nobody_found_is_one_empty_chunk),
          T(ids_find_members_and_name_the_strangers),
          T(more_than_a_hundred_ids_are_cut_and_noted),
          T(presences_come_only_with_their_intent),
          T(a_nonce_over_32_bytes_is_ignored_and_noted),
          T(wrong_requests_are_closed_with_4001),
          T(an_unknown_guild_is_noted_and_not_answered))
