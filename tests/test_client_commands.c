/* Whole bots against the offline Discord: what they ask of it, and the answers. */
#include "client_bot.h"

#include "json_write.h"

/* ---- While it runs
 * ----------------------------------------------------------------------- */

static void cut_on_ready(cordage_client *c, const cordage_ready *ready, void *user)
{
    struct bot *b = user;

    (void)c, (void)ready;
    discord_fault(b->discord, "{\"kind\":\"reset\"}");
    discord_say(b->discord, 0, "said while away");
}

static void on_resumed(cordage_client *c, const cordage_resumed *resumed, void *user)
{
    struct bot *b = user;

    b->resumed += 1 + (unsigned)resumed->replayed;
    cordage_client_stop(c);
}

static void prepare_cut(struct bot *b)
{
    cordage_on_ready(b->client, cut_on_ready, b);
    cordage_on_resumed(b->client, on_resumed, b);
}

TEST(a_lost_connection_is_resumed_and_what_was_missed_is_replayed)
{
    struct discord d;
    struct bot b = { .discord = &d };
    cordage_options options;
    cordage_shard_info info;

    discord_init(&d);
    discord_start(&d);
    options = discord_options(&d);
    CHECK_INT(run_bot(&b, &options, prepare_cut), 0);
    CHECK(b.resumed >= 2);
    CHECK_INT(cordage_shard_status(b.client, 0, &info), 0);
    CHECK_INT(info.identifies, 1);
    CHECK_INT(info.resumes, 1);
    CHECK_INT(info.close_code, 1006);
    cordage_client_free(b.client);
    discord_stop(&d);
    CHECK_INT(sim_report(d.server.sim)->resumed, 1);
    discord_expect_no_broken_rules(&d);
    discord_release(&d);
}

/* Commands of every kind, and what comes back. */
static void on_event(cordage_client *c, const cordage_event *event, void *user)
{
    struct bot *b = user;

    if (cordage_str_is(event->name, "GUILD_MEMBERS_CHUNK")) {
        b->chunks += event->shard_id == cordage_shard_for_guild(c, event->guild_id);
    }
    if (cordage_str_is(event->name, "VOICE_STATE_UPDATE"))
        b->voice += event->shard_id == cordage_shard_for_guild(c, event->guild_id);
    if (b->chunks == 8 && b->voice == 8)
        cordage_client_stop(c);
}

static void prepare_commands(struct bot *b)
{
    struct world *world = sim_world(b->discord->server.sim);

    cordage_on_any(b->client, on_event, b);
    /* Before the start, and so before it is known which shard has which guild. */
    for (uint32_t i = 0; i < world->n_guilds; i++) {
        const struct world_guild *g = &world->guilds[i];
        cordage_members_request request = { .guild_id = g->id, .query = "a", .limit = 5 };

        CHECK_INT(cordage_request_guild_members(b->client, &request, NULL, NULL), 0);
        CHECK_INT(cordage_update_voice_state(b->client, g->id,
                                             world_channel_id(g, world_n_channels(g) - 1),
                                             false, true),
                  0);
    }
    CHECK_INT(cordage_update_presence(b->client, "dnd", 3, "ropes"), 0);
}

TEST(commands_reach_the_shard_that_has_the_guild)
{
    struct discord d;
    struct bot b = { .discord = &d };
    cordage_options options;

    discord_init(&d);
    d.options.sim.recommended_shards = 4;
    discord_start(&d);
    options = discord_options(&d);
    CHECK_INT(run_bot(&b, &options, prepare_commands), 0);
    CHECK_INT(b.chunks, 8);
    CHECK_INT(b.voice, 8);
    cordage_client_free(b.client);
    discord_stop(&d);
    discord_expect_no_broken_rules(&d);
    discord_release(&d);
}

/* The shards are made, and nothing of theirs runs yet. */
static void while_it_starts(cordage_log_level level, const char *line, void *user)
{
    struct bot *b = user;
    struct world *world = sim_world(b->discord->server.sim);

    (void)level;
    if (str_starts(str_of(line), STR("gateway url="))) /* early: before there are any */
        CHECK_INT(cordage_update_voice_state(
                      b->client, world->guilds[0].id,
                      world_channel_id(&world->guilds[0],
                                       world_n_channels(&world->guilds[0]) - 1),
                      false, false),
                  0);
    if (str_starts(str_of(line), STR("starting shards=")))
        CHECK_INT(cordage_update_presence(b->client, "idle", 3, "the start"), 0);
}

static void look_for_presence(struct discord *d, uint64_t now, void *user)
{
    struct bot *b = user;
    struct buf out = { 0 };
    struct json_writer w;

    json_begin(&w, &out);
    sim_write_report(d->server.sim, &w, false, now);
    CHECK_INT(json_end(&w), 0);
    b->done_ok += str_find(buf_str(&out), STR("\"the start\"")) != SIZE_MAX;
    buf_release(&out);
}

static void stop_on_voice(cordage_client *c, const cordage_event *event, void *user)
{
    struct bot *b = user;

    if (!cordage_str_is(event->name, "VOICE_STATE_UPDATE"))
        return;
    discord_do(b->discord, look_for_presence, b);
    cordage_client_stop(c);
}

static void prepare_while_it_starts(struct bot *b)
{
    cordage_on_any(b->client, stop_on_voice, b);
}

TEST(a_presence_asked_for_while_the_shards_are_made_is_shown)
{
    struct discord d;
    struct bot b = { .discord = &d };
    cordage_options options;

    discord_init(&d);
    discord_start(&d);
    options = discord_options(&d);
    options.shard_count = 1;
    options.log = while_it_starts;
    options.log_user = &b;
    options.log_level = CORDAGE_LOG_INFO;
    CHECK_INT(run_bot(&b, &options, prepare_while_it_starts), 0);
    cordage_client_free(b.client);
    discord_stop(&d);
    CHECK_INT(b.done_ok, 1);
    discord_expect_no_broken_rules(&d);
    discord_release(&d);
}

/* How often `text` stands in Discord's report of its sessions. */
struct sought {
    const char *text;
    unsigned n;
};

static void seek_now(struct discord *d, uint64_t now, void *user)
{
    struct sought *sought = user;
    struct str text = str_of(sought->text), rest;
    struct buf report = { 0 };
    struct json_writer w;
    size_t at;

    json_begin(&w, &report);
    sim_write_report(d->server.sim, &w, false, now);
    json_end(&w);
    rest = buf_str(&report);
    for (sought->n = 0; (at = str_find(rest, text)) != SIZE_MAX; sought->n++)
        rest = (struct str){ rest.p + at + text.n, rest.n - at - text.n };
    buf_release(&report);
}

static unsigned seek(struct discord *d, const char *text)
{
    struct sought sought = { .text = text };

    discord_do(d, seek_now, &sought);
    return sought.n;
}

/* Every shard shows the first presence, then every shard shows the second. */
static void change_presence(cordage_client *c, void *user)
{
    struct bot *b = user;

    if (b->ready < 4)
        return;
    if (b->voice == 0 && seek(b->discord, "the first") == 4)
        b->voice += cordage_update_presence(c, "idle", 3, "the second") == 0;
    if (b->voice == 1 && seek(b->discord, "the second") == 4) {
        b->chunks = seek(b->discord, "the first");
        cordage_client_stop(c);
    }
}

static void prepare_presence(struct bot *b)
{
    cordage_on_ready(b->client, on_ready, b);
    cordage_every(b->client, 100, change_presence, b);
}

TEST(every_shard_shows_the_newest_presence)
{
    struct discord d;
    struct bot b = { .discord = &d };
    cordage_options options;

    discord_init(&d);
    discord_start(&d);
    options = discord_options(&d);
    options.shard_count = 4;
    options.activity = "the first";
    CHECK_INT(run_bot(&b, &options, prepare_presence), 0);
    CHECK_INT(b.voice, 1);
    CHECK_INT(b.chunks, 0);
    cordage_client_free(b.client);
    discord_stop(&d);
    discord_expect_no_broken_rules(&d);
    discord_release(&d);
}

static void on_tick(cordage_client *c, void *user)
{
    struct bot *b = user;

    if (++b->ticks == 3)
        cordage_client_stop(c);
}

static void prepare_ticks(struct bot *b)
{
    CHECK_INT(cordage_every(b->client, 0, on_tick, b), CORDAGE_EINVAL);
    CHECK(cordage_every(b->client, 200, on_tick, b) > 0);
    cordage_off(b->client, cordage_every(b->client, 100, on_tick, b));
}

TEST(ticks_come_again_and_again)
{
    struct discord d;
    struct bot b = { .discord = &d };
    cordage_options options;

    discord_init(&d);
    discord_start(&d);
    options = discord_options(&d);
    CHECK_INT(run_bot(&b, &options, prepare_ticks), 0);
    CHECK_INT(b.ticks, 3);
    cordage_client_free(b.client);
    discord_stop(&d);
    discord_release(&d);
}

static void ask_and_stop(cordage_client *c, const cordage_ready *ready, void *user)
{
    struct bot *b = user;
    cordage_options options = discord_options(b->discord);
    cordage_gateway_bot gateway;
    cordage_error error;

    (void)ready;
    b->deadlock =
        cordage_get_gateway_bot(&options, &gateway, &error) == CORDAGE_EDEADLOCK;
    cordage_client_stop(c);
}

static void prepare_ask(struct bot *b)
{
    cordage_on_ready(b->client, ask_and_stop, b);
}

TEST(a_call_that_waits_is_refused_on_a_loop_and_served_on_a_handlers_thread)
{
    for (int threads = 0; threads < 2; threads++) {
        struct discord d;
        struct bot b = { .discord = &d };
        cordage_options options;

        discord_init(&d);
        discord_start(&d);
        options = discord_options(&d);
        options.handler_threads = threads;
        CHECK_INT(run_bot(&b, &options, prepare_ask), 0);
        CHECK_INT(b.deadlock, threads == 0);
        cordage_client_free(b.client);
        discord_stop(&d);
        discord_release(&d);
    }
}

/* ---- Answers
 * --------------------------------------------------------------------------------- */

static void send_and_stop(cordage_client *c, const cordage_ready *ready, void *user)
{
    struct bot *b = user;
    struct world *world = sim_world(b->discord->server.sim);
    cordage_id channel = world_channel_id(&world->guilds[0], 1);

    (void)ready;
    for (int i = 0; i < 3; i++)
        b->wanted += cordage_create_message(c, channel, "last words", count_done, b) == 0;
    cordage_client_stop(c);
}

static void prepare_last_words(struct bot *b)
{
    cordage_on_ready(b->client, send_and_stop, b);
}

TEST(what_a_handler_said_before_the_stop_is_still_sent)
{
    struct discord d;
    struct bot b = { .discord = &d };
    cordage_options options;

    discord_init(&d);
    discord_start(&d);
    options = discord_options(&d);
    CHECK_INT(run_bot(&b, &options, prepare_last_words), 0);
    CHECK_INT(b.wanted, 3);
    CHECK_INT(b.done_ok, 3);
    CHECK_INT(cordage_create_message(b.client, 5, "too late", count_done, &b),
              CORDAGE_ECLOSED);
    CHECK_INT(cordage_update_voice_state(b.client, 5, 0, false, false), CORDAGE_ECLOSED);
    cordage_client_free(b.client);
    CHECK_INT(b.done_ok + b.done_failed, 3);
    discord_stop(&d);
    CHECK_INT(sim_report(d.server.sim)->messages_created, 3);
    discord_expect_no_broken_rules(&d);
    discord_release(&d);
}

TEST(a_message_that_discord_would_refuse_is_not_sent)
{
    cordage_options options = CORDAGE_OPTIONS_INIT;
    char text[2002];
    cordage_client *c;
    cordage_error error;

    options.token = "a.b.c";
    CHECK_INT(cordage_client_new(&options, &c, &error), 0);
    memset(text, 'x', sizeof text);
    text[2001] = '\0';
    CHECK_INT(cordage_create_message(c, 1, text, NULL, NULL), CORDAGE_EINVAL);
    CHECK_INT(cordage_create_message(c, 1, "", NULL, NULL), CORDAGE_EINVAL);
    CHECK_INT(cordage_create_message(c, 1, NULL, NULL, NULL), CORDAGE_EINVAL);
    CHECK_INT(cordage_create_message(c, 0, "x", NULL, NULL), CORDAGE_EINVAL);
    text[2000] = '\0';
    CHECK_INT(cordage_create_message(c, 1, text, NULL, NULL), 0);
    /* Characters count, not bytes. */
    for (size_t i = 0; i < 1000; i++)
        memcpy(text + 2 * i, "\xc3\xa4", 2);
    CHECK_INT(cordage_create_message(c, 1, text, NULL, NULL), 0);
    cordage_client_free(c);
}

TEST(commands_that_make_no_sense_are_refused)
{
    char text[4100];
    cordage_options options = CORDAGE_OPTIONS_INIT;
    cordage_members_request none = { .guild_id = 1 };
    cordage_members_request all_of_ann = { .guild_id = 1, .query = "ann" };
    cordage_members_request both = {
        .guild_id = 1, .query = "", .user_ids = (cordage_id[]){ 1 }, .n_user_ids = 1
    };
    cordage_members_request no_guild = { .query = "" };
    cordage_members_request all = { .guild_id = 1u << 22, .query = "" };
    cordage_members_request long_query = { .guild_id = 1, .query = text, .limit = 1 };
    cordage_client *c;
    cordage_error error;

    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    options.token = "a.b.c";
    options.shard_count = 2;
    options.shard_first = 1;
    CHECK_INT(cordage_client_new(&options, &c, &error), 0);
    CHECK_INT(cordage_request_guild_members(c, &none, NULL, NULL), CORDAGE_EINVAL);
    CHECK_INT(cordage_request_guild_members(c, &all_of_ann, NULL, NULL), CORDAGE_EINVAL);
    CHECK_INT(cordage_request_guild_members(c, &both, NULL, NULL), CORDAGE_EINVAL);
    CHECK_INT(cordage_request_guild_members(c, &no_guild, NULL, NULL), CORDAGE_EINVAL);
    CHECK_INT(cordage_request_guild_members(c, &long_query, NULL, NULL), CORDAGE_EINVAL);
    /* Without the intent it would never be answered. */
    CHECK_INT(cordage_request_guild_members(c, &all, NULL, NULL), CORDAGE_EINVAL);
    CHECK_INT(cordage_update_voice_state(c, 0, 1, false, false), CORDAGE_EINVAL);
    CHECK_INT(cordage_update_presence(c, "busy", 0, NULL), CORDAGE_EINVAL);
    CHECK_INT(cordage_update_presence(c, "idle", 6, "x"), CORDAGE_EINVAL);
    CHECK_INT(cordage_update_presence(c, NULL, -1, "x"), CORDAGE_EINVAL);
    /* Guild 1 << 22 is on shard 1 of 2, guild 0 << 22 | 1 on shard 0, which is elsewhere.
     */
    CHECK_INT(cordage_shard_for_guild(c, 1u << 22), 1);
    CHECK_INT(cordage_update_voice_state(c, 1, 1, false, false), CORDAGE_ENOTFOUND);
    CHECK_INT(cordage_update_voice_state(c, 1u << 22, 1, false, false), 0);
    for (int i = 1; i < LIMIT_OUTBOX; i++)
        CHECK_INT(cordage_update_voice_state(c, 1u << 22, 1, false, false), 0);
    CHECK_INT(cordage_update_voice_state(c, 1u << 22, 1, false, false), CORDAGE_EFULL);
    cordage_client_free(c);
}

RUN_CLIENT_TESTS(
    T(a_lost_connection_is_resumed_and_what_was_missed_is_replayed),
    T(commands_reach_the_shard_that_has_the_guild),
    T(a_presence_asked_for_while_the_shards_are_made_is_shown),
    T(every_shard_shows_the_newest_presence), T(ticks_come_again_and_again),
    T(a_call_that_waits_is_refused_on_a_loop_and_served_on_a_handlers_thread),
    T(what_a_handler_said_before_the_stop_is_still_sent),
    T(a_message_that_discord_would_refuse_is_not_sent),
    T(commands_that_make_no_sense_are_refused))
