#include "sim_rig.h"

/* What a client has seen of each guild: the next number it expects. */
struct seen {
    uint64_t next[64];
    size_t n, pings, guilds;
};

/* Takes all messages; each guild's numbers must go up by one from wherever they began. */
static void take_messages(struct client *c, struct seen *s)
{
    const struct world *w = sim_world(c->rig->sim);

    while (client_next(c)) {
        struct str content, nonce;
        uint64_t guild_id = 0, number = 0;
        char want[40];
        const struct world_guild *g;

        if (strcmp(c->name, "MESSAGE_CREATE") != 0)
            continue;
        CHECK(json_id(json_get(c->d, "guild_id"), &guild_id));
        CHECK(json_str(json_get(c->d, "content"), &content));
        CHECK(json_str(json_get(c->d, "nonce"), &nonce) && str_u64(nonce, &number));
        g = world_find_guild(w, guild_id);
        assert_non_null(g);
        if (s->next[g->index])
            CHECK_INT(number, s->next[g->index]);
        s->next[g->index] = number + 1;
        s->n++;
        snprintf(want, sizeof want, "#%llu ", (unsigned long long)number);
        if (str_is(content, "!ping"))
            s->pings++;
        else if (str_is(content, "!guilds"))
            s->guilds++;
        else if (content.n)
            CHECK(str_starts(content, str_of(want)));
    }
}

TEST(messages_come_at_their_rate_each_guilds_numbered_from_one)
{
    struct sim_config config = rig_config();
    struct rig r;
    struct client c;
    struct seen s = { 0 };

    config.traffic = 100;
    rig_start(&r, &config);
    client_ready(&r, &c, 0, 1, RIG_USUAL);
    rig_wait(&r, 10000);
    take_messages(&c, &s);
    CHECK_INT(s.n, 1000);
    CHECK_INT(sim_report(r.sim)->messages_created, 1000);
    for (int i = 0; i < 8; i++) {
        CHECK_INT(s.next[i], 126);
        CHECK_INT(sim_world(r.sim)->guilds[i].said, 125);
    }
    CHECK(s.pings >= 40 && s.pings <= 70);
    CHECK(s.guilds >= 10 && s.guilds <= 30);
    rig_is_clean(&r);
    client_release(&c);
    rig_stop(&r);
}

TEST(a_guilds_first_message_is_a_ping)
{
    struct sim_config config = rig_config();
    struct rig r;
    struct client c;
    struct seen s = { 0 };

    config.traffic = 8;
    rig_start(&r, &config);
    client_ready(&r, &c, 0, 1, RIG_USUAL);
    rig_wait(&r, 1000);
    take_messages(&c, &s);
    CHECK_INT(s.n, 8);
    CHECK_INT(s.pings, 8);
    client_release(&c);
    rig_stop(&r);
}

TEST(what_is_said_before_a_guild_is_created_comes_right_behind_it)
{
    struct sim_config config = rig_config();
    struct rig r;
    struct client c;
    bool created[64] = { 0 };
    struct seen s = { 0 };

    config.guilds = 20;
    config.guilds_per_s = 5;
    config.traffic = 200;
    rig_start(&r, &config);
    client_ready(&r, &c, 0, 1, RIG_USUAL);
    rig_wait(&r, 10000);
    for (size_t at = c.taken; at < c.n; at++) {
        struct client peek = c;
        uint64_t id = 0;
        const struct world_guild *g;
        bool is_create =
            str_starts(buf_str(&c.payloads[at]), STR("{\"t\":\"GUILD_CREATE\""));

        CHECK_INT(json_parse(peek.parser, buf_str(&c.payloads[at]), &peek.root), 0);
        CHECK(json_id(json_get(json_get(peek.root, "d"), is_create ? "id" : "guild_id"),
                      &id));
        g = world_find_guild(sim_world(r.sim), id);
        CHECK(is_create != created[g->index]);
        created[g->index] |= is_create;
    }
    take_messages(&c, &s);
    CHECK_INT(s.n, 2000);
    for (int i = 0; i < 20; i++)
        CHECK_INT(s.next[i], 101); /* from 1, none missing */
    client_release(&c);
    rig_stop(&r);
}

TEST(shards_share_the_traffic_without_a_gap_or_a_double)
{
    struct sim_config config = rig_config();
    struct client c[4];
    struct seen s = { 0 };
    struct rig r;

    config.max_concurrency = 4;
    config.traffic = 400;
    rig_start(&r, &config);
    for (unsigned i = 0; i < 4; i++)
        client_ready(&r, &c[i], i, 4, RIG_USUAL);
    rig_wait(&r, 5000);
    for (int i = 0; i < 4; i++) {
        size_t before = s.n;

        take_messages(&c[i], &s);
        CHECK_INT(s.n - before, 500);
        client_release(&c[i]);
    }
    rig_is_clean(&r);
    rig_stop(&r);
}

TEST(content_is_shown_with_the_intent_and_to_whom_it_concerns)
{
    struct sim_config config = rig_config();
    struct client full, bare;
    struct world_guild *g;
    struct world_member author;
    char text[64];
    struct sim_message m = { .content = STR("secret"),
                             .embeds = STR("[{\"title\":\"x\"}]") };
    struct rig r;

    config.max_concurrency = 2;
    config.guilds = 2;
    rig_start(&r, &config);
    client_live(&r, &full, 0, 1, RIG_USUAL);
    client_connect(&r, &bare);
    r.now += 5000;
    client_identify(&bare, 0, 1, RIG_GUILDS | RIG_MESSAGES);
    rig_wait(&r, 1000);
    client_count(&bare, "");
    g = &sim_world(r.sim)->guilds[0];
    author = world_member(sim_world(r.sim), g, 4);
    m.guild = g;
    m.channel_id = world_channel_id(g, 1);
    m.author = &author;
    CHECK_INT(sim_say(r.sim, &m, r.now, NULL, NULL), 0);
    client_gets(&full, "MESSAGE_CREATE");
    CHECK(cordage_str_is(cordage_json_string(json_get(full.d, "content")), "secret"));
    CHECK_INT(json_count(json_get(full.d, "embeds")), 1);
    client_gets(&bare, "MESSAGE_CREATE");
    CHECK(cordage_str_is(cordage_json_string(json_get(bare.d, "content")), ""));
    CHECK_INT(json_count(json_get(bare.d, "embeds")), 0);
    /* The bot's own, and what mentions it, are shown to it all the same. */
    m.author = NULL;
    CHECK_INT(sim_say(r.sim, &m, r.now, NULL, NULL), 0);
    client_gets(&bare, "MESSAGE_CREATE");
    CHECK(cordage_str_is(cordage_json_string(json_get(bare.d, "content")), "secret"));
    m.author = &author;
    snprintf(text, sizeof text, "hey <@!%llu>!",
             (unsigned long long)sim_world(r.sim)->bot_id);
    m.content = str_of(text);
    CHECK_INT(sim_say(r.sim, &m, r.now, NULL, NULL), 0);
    client_gets(&bare, "MESSAGE_CREATE");
    CHECK(cordage_str_is(cordage_json_string(json_get(bare.d, "content")), text));
    CHECK_INT(json_count(json_get(bare.d, "mentions")), 1);
    rig_is_clean(&r);
    client_release(&full);
    client_release(&bare);
    rig_stop(&r);
}

TEST(a_message_without_its_intent_does_not_come)
{
    struct sim_config config = rig_config();
    struct rig r;
    struct client c;

    config.traffic = 10;
    rig_start(&r, &config);
    client_ready(&r, &c, 0, 1, RIG_GUILDS | RIG_CONTENT);
    rig_wait(&r, 2000);
    CHECK_INT(client_count(&c, "MESSAGE_CREATE"), 0);
    client_release(&c);
    rig_stop(&r);
}

TEST(the_rest_answer_is_the_message_without_what_only_the_gateway_says)
{
    struct sim_config config = rig_config();
    struct rig r;
    struct client c;
    struct buf body = { 0 };
    struct world_guild *g;
    struct sim_message m = { .content = STR("hi \"there\""), .nonce = STR("42") };
    uint64_t id = 0, got = 0;
    cordage_json root;

    rig_start(&r, &config);
    client_live(&r, &c, 0, 1, RIG_USUAL);
    g = &sim_world(r.sim)->guilds[0];
    m.guild = g;
    m.channel_id = world_channel_id(g, 1);
    CHECK_INT(sim_say(r.sim, &m, r.now, &body, &id), 0);
    CHECK_INT(json_parse(c.parser, buf_str(&body), &root), 0);
    CHECK(json_id(json_get(root, "id"), &got) && got == id);
    CHECK(cordage_str_is(cordage_json_string(json_get(root, "content")), "hi \"there\""));
    CHECK(json_is_absent(json_get(root, "guild_id")) &&
          json_is_absent(json_get(root, "member")));
    CHECK(json_id(json_get(json_get(root, "author"), "id"), &got) &&
          got == sim_world(r.sim)->bot_id);
    client_gets(&c, "MESSAGE_CREATE");
    CHECK(json_id(json_get(c.d, "id"), &got) && got == id);
    CHECK(json_id(json_get(c.d, "guild_id"), &got) && got == g->id);
    CHECK(!json_is_absent(json_get(c.d, "member")));
    CHECK(json_u64(json_get(c.d, "nonce"), &got) && got == 42);
    buf_release(&body);
    client_release(&c);
    rig_stop(&r);
}

TEST(one_tick_never_makes_more_than_a_batch)
{
    struct sim_config config = rig_config();
    struct rig r;

    config.traffic = 100000;
    rig_start(&r, &config);
    r.now += 1000;
    sim_tick(r.sim, r.now);
    CHECK(sim_report(r.sim)->messages_created <= 1000);
    CHECK(sim_deadline(r.sim) <= r.now); /* there is more to do at once */
    rig_wait(&r, 0);
    CHECK_INT(sim_report(r.sim)->messages_created, 100000);
    rig_stop(&r);
}

TEST(after_a_long_sleep_only_the_last_minute_is_caught_up)
{
    struct sim_config config = rig_config();
    struct rig r;

    config.traffic = 10;
    rig_start(&r, &config);
    rig_wait(&r, 1000);
    CHECK_INT(sim_report(r.sim)->messages_created, 10);
    r.now += 3600 * 1000;
    rig_wait(&r, 0);
    CHECK(sim_report(r.sim)->messages_created >= 600 &&
          sim_report(r.sim)->messages_created <= 620);
    rig_stop(&r);
}

TEST(five_thousand_guilds_are_no_work_until_asked_for)
{
    struct sim_config config = rig_config();
    struct client c[16];
    struct rig r;
    size_t n = 0;

    config.guilds = 5000;
    config.max_concurrency = 16;
    config.guilds_per_s = 100000;
    rig_start(&r, &config);
    for (unsigned i = 0; i < 16; i++) {
        client_ready(&r, &c[i], i, 16, RIG_USUAL);
        n += json_count(json_get(c[i].d, "guilds"));
    }
    CHECK_INT(n, 5000);
    rig_wait(&r, 1000);
    n = 0;
    for (int i = 0; i < 16; i++) {
        n += client_count(&c[i], "GUILD_CREATE");
        client_release(&c[i]);
    }
    CHECK_INT(n, 5000);
    rig_is_clean(&r);
    rig_stop(&r);
}

RUN_TESTS(T(messages_come_at_their_rate_each_guilds_numbered_from_one),
          T(a_guilds_first_message_is_a_ping),
          T(what_is_said_before_a_guild_is_created_comes_right_behind_it),
          T(shards_share_the_traffic_without_a_gap_or_a_double),
          T(content_is_shown_with_the_intent_and_to_whom_it_concerns),
          T(a_message_without_its_intent_does_not_come),
          T(the_rest_answer_is_the_message_without_what_only_the_gateway_says),
          T(one_tick_never_makes_more_than_a_batch),
          T(after_a_long_sleep_only_the_last_minute_is_caught_up),
          T(five_thousand_guilds_are_no_work_until_asked_for))
