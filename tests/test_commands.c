/* What a bot asks of Discord, against the offline one. */
#include "discord.h"

#include <stdatomic.h>

#include "json_write.h"

struct bot {
    struct discord *discord;
    cordage_client *client;
    unsigned n_chunks; /* events, on the guild's lane as the answers are */
    unsigned n_pieces, n_members, n_done;
    int err;
    char message[512];
    bool ordered; /* the answer came behind the events that brought it */
};

static cordage_id guild_of(struct bot *b, uint32_t i)
{
    return sim_world(b->discord->server.sim)->guilds[i].id;
}

static uint32_t members_of(struct bot *b, uint32_t i)
{
    return sim_world(b->discord->server.sim)->guilds[i].n_members;
}

/* Runs it on one shard until it stops itself. */
static void run_with(struct bot *b, const cordage_options *options,
                     void (*prepare)(struct bot *b))
{
    cordage_error error;

    if (cordage_client_new(options, &b->client, &error) < 0)
        fail_msg("%s", error.message);
    prepare(b);
    CHECK_INT(cordage_client_run(b->client), 0);
    cordage_client_free(b->client);
}

static void start_with_members(struct discord *d, uint32_t n_members)
{
    discord_init(d);
    d->options.sim.guilds = 2;
    d->options.sim.members = n_members;
    discord_start(d);
}

static cordage_options member_options(struct discord *d)
{
    cordage_options options = discord_options(d);

    options.shard_count = 1;
    options.intents |= CORDAGE_INTENT_GUILD_MEMBERS | CORDAGE_INTENT_GUILD_PRESENCES;
    return options;
}

static void finish(struct discord *d)
{
    discord_stop(d);
    discord_expect_no_broken_rules(d);
    discord_release(d);
}

/* ---- Members ------------------------------------------------------------------- */

static void count_chunks(cordage_client *c, const cordage_event *event, void *user)
{
    struct bot *b = user;

    (void)c;
    b->n_chunks += cordage_str_is(event->name, "GUILD_MEMBERS_CHUNK");
}

static void on_members(cordage_client *c, const cordage_result *result, void *user)
{
    struct bot *b = user;

    b->n_done++;
    b->err = result->err;
    snprintf(b->message, sizeof b->message, "%s", result->message);
    b->n_members =
        (unsigned)cordage_json_count(cordage_json_get(result->data, "members"));
    b->ordered = b->n_chunks == (b->n_members + 999) / 1000;
    cordage_client_stop(c);
}

static void ask_for_all(struct bot *b)
{
    cordage_members_request request = { .guild_id = guild_of(b, 1),
                                        .query = "",
                                        .presences = true };

    cordage_on_any(b->client, count_chunks, b);
    CHECK_INT(cordage_request_guild_members(b->client, &request, on_members, b), 0);
}

static void get_all(int handler_threads)
{
    struct discord d;
    struct bot b = { .discord = &d };
    cordage_options options;

    start_with_members(&d, 2500);
    options = member_options(&d);
    options.handler_threads = handler_threads;
    run_with(&b, &options, ask_for_all);
    CHECK_INT(b.err, 0);
    CHECK_INT(b.n_done, 1);
    CHECK_INT(b.n_members, members_of(&b, 1));
    CHECK(b.n_members > 1000);
    CHECK(b.ordered);
    finish(&d);
}

TEST(all_members_of_a_guild_come_together)
{
    get_all(2);
}

TEST(they_do_so_on_a_loop_as_well)
{
    get_all(0);
}

static void on_piece(cordage_client *c, const cordage_result *result, void *user)
{
    struct bot *b = user;

    (void)c;
    b->n_pieces++;
    b->n_members +=
        (unsigned)cordage_json_count(cordage_json_get(result->data, "members"));
}

static void on_pieces_done(cordage_client *c, const cordage_result *result, void *user)
{
    struct bot *b = user;

    b->err = result->err;
    b->n_done++;
    cordage_client_stop(c);
}

static void ask_piecewise(struct bot *b)
{
    cordage_members_request request = { .guild_id = guild_of(b, 1),
                                        .query = "",
                                        .each = on_piece };

    CHECK_INT(cordage_request_guild_members(b->client, &request, on_pieces_done, b), 0);
}

TEST(or_chunk_by_chunk)
{
    struct discord d;
    struct bot b = { .discord = &d };
    cordage_options options;

    start_with_members(&d, 2500);
    options = member_options(&d);
    run_with(&b, &options, ask_piecewise);
    CHECK_INT(b.err, 0);
    CHECK_INT(b.n_done, 1);
    CHECK_INT(b.n_members, members_of(&b, 1));
    CHECK_INT(b.n_pieces, (b.n_members + 999) / 1000);
    finish(&d);
}

static void on_second(cordage_client *c, const cordage_result *result, void *user)
{
    struct bot *b = user;

    b->err |= result->err;
    if (++b->n_done == 2)
        cordage_client_stop(c);
}

static void ask_twice(struct bot *b)
{
    cordage_members_request request = { .guild_id = guild_of(b, 0), .query = "" };

    CHECK_INT(cordage_request_guild_members(b->client, &request, on_second, b), 0);
    CHECK_INT(cordage_request_guild_members(b->client, &request, on_second, b), 0);
}

/* Three seconds of ours: the clocks run ten times as fast. */
TEST(a_second_list_of_a_guild_waits_and_breaks_no_rule)
{
    struct discord d;
    struct bot b = { .discord = &d };
    cordage_options options;

    start_with_members(&d, 10);
    options = member_options(&d);
    run_with(&b, &options, ask_twice);
    CHECK_INT(b.n_done, 2);
    CHECK_INT(b.err, 0);
    finish(&d);
}

/* A question before the crash, its answer after the RESUME. */
static void cut_and_ask(cordage_client *c, const cordage_ready *ready, void *user)
{
    struct bot *b = user;

    (void)c, (void)ready;
    ask_for_all(b);
    discord_fault(b->discord, "{\"kind\":\"reset\"}");
}

static void prepare_cut(struct bot *b)
{
    cordage_on_ready(b->client, cut_and_ask, b);
}

TEST(a_question_outlives_its_connection)
{
    struct discord d;
    struct bot b = { .discord = &d };
    cordage_options options;

    start_with_members(&d, 3500);
    options = member_options(&d);
    run_with(&b, &options, prepare_cut);
    CHECK_INT(b.err, 0);
    CHECK_INT(b.n_done, 1);
    CHECK_INT(b.n_members, members_of(&b, 1));
    finish(&d);
}

/* The first READY asks and ends the session; the answer comes on the next. */
static void ask_and_lose(cordage_client *c, const cordage_ready *ready, void *user)
{
    struct bot *b = user;

    (void)c, (void)ready;
    if (b->n_pieces++)
        return;
    discord_fault(b->discord, "{\"kind\":\"invalid_session\",\"resumable\":false}");
    ask_for_all(b);
}

static void prepare_loss(struct bot *b)
{
    cordage_on_ready(b->client, ask_and_lose, b);
}

TEST(a_question_outlives_its_session)
{
    struct discord d;
    struct bot b = { .discord = &d };
    cordage_options options;

    start_with_members(&d, 20);
    options = member_options(&d);
    run_with(&b, &options, prepare_loss);
    CHECK_INT(b.err, 0);
    CHECK_INT(b.n_done, 1);
    CHECK_INT(b.n_pieces, 2);
    CHECK_INT(b.n_members, members_of(&b, 1));
    /* The question may meet the session's end on its way, which Discord does not like. */
    discord_stop(&d);
    discord_release(&d);
}

/* A guild the bot is not in is never answered for. */
static void ask_and_stop(struct bot *b)
{
    cordage_members_request request = { .guild_id = 12345, .query = "a", .limit = 1 };

    CHECK_INT(cordage_request_guild_members(b->client, &request, on_members, b), 0);
    CHECK_INT(cordage_request_guild_members(b->client, &request, NULL, NULL), 0);
}

static void stop_on_tick(cordage_client *c, void *user)
{
    (void)user;
    cordage_client_stop(c);
}

static void prepare_stop(struct bot *b)
{
    ask_and_stop(b);
    cordage_every(b->client, 2000, stop_on_tick, b);
}

TEST(a_stop_ends_what_is_open)
{
    struct discord d;
    struct bot b = { .discord = &d };
    cordage_options options;

    start_with_members(&d, 10);
    options = member_options(&d);
    run_with(&b, &options, prepare_stop);
    CHECK_INT(b.n_done, 1);
    CHECK_INT(b.err, CORDAGE_ECLOSED);
    assert_string_equal(b.message, "The client has stopped.");
    discord_stop(&d);
    discord_release(&d);
}

TEST(what_is_asked_of_a_client_that_never_runs_is_answered)
{
    struct discord d;
    struct bot b = { .discord = &d };
    cordage_options options;
    cordage_error error;

    start_with_members(&d, 10);
    options = member_options(&d);
    CHECK_INT(cordage_client_new(&options, &b.client, &error), 0);
    ask_and_stop(&b);
    CHECK_INT(b.n_done, 0);
    cordage_client_free(b.client);
    CHECK_INT(b.n_done, 1);
    CHECK_INT(b.err, CORDAGE_ECLOSED);
    discord_stop(&d);
    discord_release(&d);
}

/* ---- Sounds and channel information ---------------------------------------------- */

static void on_sounds(cordage_client *c, const cordage_result *result, void *user)
{
    struct bot *b = user;

    b->err = result->err;
    snprintf(b->message, sizeof b->message, "%s", result->message);
    b->n_pieces = (unsigned)cordage_json_count(result->data);
    b->n_done++;
    if (b->n_done == 2)
        cordage_client_stop(c);
}

static void on_channels(cordage_client *c, const cordage_result *result, void *user)
{
    struct bot *b = user;

    b->ordered =
        result->err == 0 &&
        cordage_json_id(cordage_json_get(result->data, "guild_id")) == guild_of(b, 1) &&
        cordage_json_count(cordage_json_get(result->data, "channels")) > 0;
    b->n_done++;
    if (b->n_done == 2)
        cordage_client_stop(c);
}

/* When the last of four shards is ready; `strange`: also of a guild that is nobody's. */
static void ask_for_sounds(struct bot *b, cordage_client *c, bool strange)
{
    cordage_id ids[20];
    size_t n = 0;

    for (uint32_t i = 0; i < 8; i++) {
        ids[n++] = guild_of(b, i);
        ids[n++] = guild_of(b, i); /* once is enough */
    }
    if (strange)
        ids[n++] = 4567;
    CHECK_INT(cordage_request_soundboard_sounds(c, ids, n, on_sounds, b), 0);
    CHECK_INT(cordage_request_channel_info(c, guild_of(b, 1), on_channels, b), 0);
}

static void on_shard(cordage_client *c, const cordage_ready *ready, void *user)
{
    struct bot *b = user;

    (void)ready;
    /* Of the READYs that come last more than one may see that all are there. */
    if (cordage_guild_count(c).shards_reported == 4 && b->n_chunks++ == 0)
        ask_for_sounds(b, c, false);
}

static void on_shard_strange(cordage_client *c, const cordage_ready *ready, void *user)
{
    struct bot *b = user;

    (void)ready;
    /* Of the READYs that come last more than one may see that all are there. */
    if (cordage_guild_count(c).shards_reported == 4 && b->n_chunks++ == 0)
        ask_for_sounds(b, c, true);
}

static void run_sounds(struct bot *b, struct discord *d, cordage_ready_fn ready)
{
    cordage_options options;
    cordage_error error;

    discord_init(d);
    discord_start(d);
    options = discord_options(d);
    options.shard_count = 4;
    options.handler_threads = 1;
    CHECK_INT(cordage_client_new(&options, &b->client, &error), 0);
    cordage_on_ready(b->client, ready, b);
    CHECK_INT(cordage_client_run(b->client), 0);
    cordage_client_free(b->client);
}

TEST(sounds_of_guilds_on_many_shards_come_together)
{
    struct discord d;
    struct bot b = { .discord = &d };

    run_sounds(&b, &d, on_shard);
    CHECK_INT(b.err, 0);
    CHECK_INT(b.n_pieces, 8);
    CHECK(b.ordered);
    finish(&d);
}

TEST(a_guild_without_an_answer_is_named_and_the_others_are_there)
{
    struct discord d;
    struct bot b = { .discord = &d };

    run_sounds(&b, &d, on_shard_strange);
    CHECK_INT(b.err, CORDAGE_ETIMEOUT);
    CHECK_INT(b.n_pieces, 8);
    CHECK(strstr(b.message, " 4567"));
    discord_stop(&d);
    discord_release(&d);
}

/* ---- Voice ---------------------------------------------------------------------- */

static cordage_id voice_channel(struct bot *b, uint32_t i)
{
    const struct world_guild *g = &sim_world(b->discord->server.sim)->guilds[i];

    return world_channel_id(g, world_n_channels(g) - 1);
}

/* Joined once by command, and a second time because the session was lost. */
static void on_voice(cordage_client *c, const cordage_event *event, void *user)
{
    struct bot *b = user;

    if (!cordage_str_is(event->name, "VOICE_SERVER_UPDATE"))
        return;
    if (++b->n_pieces == 1)
        discord_fault(b->discord, "{\"kind\":\"invalid_session\",\"resumable\":false}");
    else
        cordage_client_stop(c);
}

static void join(struct bot *b)
{
    cordage_on_any(b->client, on_voice, b);
    CHECK_INT(cordage_update_voice_state(b->client, guild_of(b, 1), voice_channel(b, 1),
                                         false, true),
              0);
}

TEST(after_a_new_session_the_bot_joins_its_voice_channel_again)
{
    struct discord d;
    struct bot b = { .discord = &d };
    cordage_options options;

    start_with_members(&d, 10);
    options = member_options(&d);
    run_with(&b, &options, join);
    CHECK_INT(b.n_pieces, 2);
    finish(&d);
}

/* The bot's clock runs as fast as Discord's. */
static int set_speed(void **state)
{
    char speed[8];

    (void)state;
    snprintf(speed, sizeof speed, "%d", SPEED);
    return setenv("CORDAGE_TEST_SPEED", speed, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(all_members_of_a_guild_come_together),
        T(they_do_so_on_a_loop_as_well),
        T(or_chunk_by_chunk),
        T(a_second_list_of_a_guild_waits_and_breaks_no_rule),
        T(a_question_outlives_its_connection),
        T(a_question_outlives_its_session),
        T(a_stop_ends_what_is_open),
        T(what_is_asked_of_a_client_that_never_runs_is_answered),
        T(sounds_of_guilds_on_many_shards_come_together),
        T(a_guild_without_an_answer_is_named_and_the_others_are_there),
        T(after_a_new_session_the_bot_joins_its_voice_channel_again),
    };

    return cmocka_run_group_tests(tests, set_speed, NULL);
}
