/* sharding.c - everything that sharding asks of a bot, in one file to copy from.
 *
 *     DISCORD_TOKEN=... build/examples/sharding [--shards N|auto] [--health SECONDS]
 *                                               [--log messages]
 *     DISCORD_TOKEN=... build/examples/sharding --total-shards N --shard-start A
 *                                               --shard-end B [--health SECONDS]
 *
 * Without --shards, or with auto, Discord says how many there should be. The second form
 * runs the shards A to B of N; other processes run the others. With --log messages there
 * is a line for each, which `cordage sim check` and `cordage sim --scenario` understand.
 * In any channel:
 *
 *     !ping       Pong!
 *     !guilds     how many guilds the bot is in, over all shards
 *     !find NAME  asks for the guild's members with that name, on the guild's shard
 *     !join ID    joins the voice channel with this id, and !leave leaves it */
#include <cordage/cordage.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct bot {
    uint32_t shards;      /* CORDAGE_SHARDS_AUTO: ask Discord */
    uint32_t first, last; /* those that run here */
    uint32_t health_s;
    bool logs_messages;
};

/* ---- What the shards say ---------------------------------------------------------- */

static void on_ready(cordage_client *c, const cordage_ready *ready, void *user)
{
    char activity[64];

    (void)user;
    printf("shard %u/%u ready, %zu guilds\n", ready->shard_id, ready->shard_count,
           ready->n_guilds);
    /* Discord shows a presence per shard: this sets it on all of them. */
    snprintf(activity, sizeof activity, "with %u shard%s", ready->shard_count,
             ready->shard_count == 1 ? "" : "s");
    if (ready->shard_id == 0)
        cordage_update_presence(c, "online", 0, activity);
}

static void on_resumed(cordage_client *c, const cordage_resumed *resumed, void *user)
{
    (void)c, (void)user;
    printf("shard %u resumed, %" PRIu64 " events replayed\n", resumed->shard_id,
           resumed->replayed);
}

/* The answer to cordage_update_voice_state: from here a voice library takes over. */
static void on_voice_server(cordage_client *c, const cordage_voice_server *server,
                            void *user)
{
    (void)c, (void)user;
    printf("shard %u: voice server for guild %" PRIu64 "\n", server->event->shard_id,
           server->guild_id);
}

/* Once a minute: how every shard that runs here is. */
static void show_health(cordage_client *c, void *user)
{
    cordage_shard_info s;

    (void)user;
    for (uint32_t id = 0; id < cordage_shard_count(c); id++)
        if (cordage_shard_status(c, id, &s) == 0)
            printf("shard %u/%u %s: %zu guilds, latency %u ms, %.1f events/s, %" PRIu64
                   " resumes, %" PRIu64 " identifies, %u queued\n",
                   s.id, s.count, cordage_shard_state_name(s.state), s.guilds,
                   s.latency_ms, s.events_per_s, s.resumes, s.identifies, s.queued);
}

/* ---- What the users say ------------------------------------------------------------ */

static void say_guilds(cordage_client *c, cordage_id channel_id)
{
    cordage_guild_total total = cordage_guild_count(c);
    char text[160];
    int n =
        snprintf(text, sizeof text, "I'm in **%" PRIu64 "** guilds across **%u** shards.",
                 total.guilds, total.shards);

    /* While shards are still connecting the number is not the whole truth: say so. */
    if (total.shards_reported < total.shards)
        snprintf(text + n, sizeof text - (size_t)n, " (%u of them have reported so far)",
                 total.shards_reported);
    cordage_create_message(c, channel_id, text, NULL, NULL);
}

/* The answer to cordage_request_guild_members. */
static void on_members(cordage_client *c, const cordage_result *result, void *user)
{
    cordage_id guild_id = cordage_json_id(cordage_json_get(result->data, "guild_id"));

    (void)user;
    if (result->err)
        printf("no members: %s\n", result->message);
    else
        printf("shard %u: %zu members of guild %" PRIu64 "\n",
               cordage_shard_for_guild(c, guild_id),
               cordage_json_count(cordage_json_get(result->data, "members")), guild_id);
}

static void find_members(cordage_client *c, cordage_id guild_id, const char *name)
{
    cordage_members_request request = { .guild_id = guild_id,
                                        .query = name,
                                        .limit = 10 };

    if (cordage_request_guild_members(c, &request, on_members, NULL) == CORDAGE_ENOTFOUND)
        printf("guild %" PRIu64 " is on shard %u, which does not run here\n", guild_id,
               cordage_shard_for_guild(c, guild_id));
}

static void log_message(const cordage_message *m)
{
    printf("shard %u: message guild=%" PRIu64 " n=%.*s\n", m->event->shard_id,
           m->guild_id, (int)m->nonce.n, m->nonce.p);
}

static void on_message(cordage_client *c, const cordage_message *m, void *user)
{
    const struct bot *bot = user;
    char text[32] = "";

    if (bot->logs_messages && !m->author_is_bot && m->nonce.n)
        log_message(m);
    if (m->author_is_bot || m->content.n >= sizeof text)
        return;
    memcpy(text, m->content.p, m->content.n);
    if (strcmp(text, "!ping") == 0)
        cordage_create_message(c, m->channel_id, "Pong!", NULL, NULL);
    else if (strcmp(text, "!guilds") == 0)
        say_guilds(c, m->channel_id);
    else if (strncmp(text, "!find ", 6) == 0 && m->guild_id)
        find_members(c, m->guild_id, text + 6);
    else if (strncmp(text, "!join ", 6) == 0 && m->guild_id)
        cordage_update_voice_state(c, m->guild_id, strtoull(text + 6, NULL, 10), false,
                                   true);
    else if (strcmp(text, "!leave") == 0 && m->guild_id)
        cordage_update_voice_state(c, m->guild_id, 0, false, false);
}

/* ---- The start -------------------------------------------------------------------- */

/* How many shards Discord recommends, and how often the bot may still start today. */
static int show_gateway(const cordage_options *options, cordage_error *error)
{
    cordage_gateway_bot g;
    int err = cordage_get_gateway_bot(options, &g, error);

    if (err)
        return err;
    printf("gateway: %s\n"
           "recommended shards: %u\n"
           "session starts: %u of %u left, resets in %" PRIu64 " s, %u at a time\n",
           g.url, g.shards, g.remaining, g.total, g.reset_after_ms / 1000,
           g.max_concurrency);
    return 0;
}

/* A number from 0 to `most`. */
static bool read_number(const char *text, uint32_t most, uint32_t *out)
{
    unsigned long n;
    char rest;

    if (sscanf(text, "%lu%c", &n, &rest) != 1 || n > most)
        return false;
    *out = (uint32_t)n;
    return true;
}

static bool read_argument(struct bot *bot, const char *name, const char *value)
{
    if (strcmp(name, "--shards") == 0 && strcmp(value, "auto") == 0)
        return true;
    if (strcmp(name, "--shards") == 0 || strcmp(name, "--total-shards") == 0)
        return read_number(value, UINT32_MAX, &bot->shards) && bot->shards > 0;
    if (strcmp(name, "--shard-start") == 0)
        return read_number(value, UINT32_MAX - 1, &bot->first);
    if (strcmp(name, "--shard-end") == 0)
        return read_number(value, UINT32_MAX - 1, &bot->last);
    if (strcmp(name, "--health") == 0)
        return read_number(value, 86400, &bot->health_s) && bot->health_s > 0;
    bot->logs_messages = strcmp(name, "--log") == 0 && strcmp(value, "messages") == 0;
    return bot->logs_messages;
}

static bool read_arguments(struct bot *bot, int argc, char **argv)
{
    for (int i = 1; i < argc; i += 2)
        if (i + 1 == argc || !read_argument(bot, argv[i], argv[i + 1]))
            return false;
    return true;
}

int main(int argc, char **argv)
{
    struct bot bot = { CORDAGE_SHARDS_AUTO, 0, CORDAGE_SHARD_LAST, .health_s = 60 };
    cordage_options options = CORDAGE_OPTIONS_INIT;
    cordage_error error;
    cordage_client *c;
    int status;

    if (!read_arguments(&bot, argc, argv)) {
        fprintf(stderr,
                "usage: %s [--shards N|auto] [--health SECONDS] [--log messages]\n"
                "       %s --total-shards N --shard-start A --shard-end B\n",
                argv[0], argv[0]);
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    options.intents = CORDAGE_INTENT_GUILDS | CORDAGE_INTENT_GUILD_MESSAGES |
                      CORDAGE_INTENT_GUILD_VOICE_STATES | CORDAGE_INTENT_MESSAGE_CONTENT;
    options.shard_count = bot.shards;
    options.shard_first = bot.first;
    options.shard_last = bot.last;
    if ((bot.shards == CORDAGE_SHARDS_AUTO && show_gateway(&options, &error) < 0) ||
        cordage_client_new(&options, &c, &error) < 0)
        return cordage_error_print(&error, stderr);

    cordage_on_ready(c, on_ready, NULL);
    cordage_on_resumed(c, on_resumed, NULL);
    cordage_on_message_create(c, on_message, &bot);
    cordage_on_voice_server_update(c, on_voice_server, NULL);
    cordage_every(c, bot.health_s * 1000, show_health, NULL);
    status = cordage_client_run(c); /* until Ctrl-C, or until Discord refuses the bot */
    cordage_client_free(c);
    return status;
}
