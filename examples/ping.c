/* ping.c - a whole bot: it answers "!ping" with "Pong!".
 *
 *     DISCORD_TOKEN=... build/examples/ping [--shards N|auto]
 *
 * It runs as many shards as Discord recommends, in this process, until Ctrl-C. */
#include <cordage/cordage.h>

#include <stdio.h>
#include <string.h>

static void on_ready(cordage_client *c, const cordage_ready *ready, void *user)
{
    (void)c, (void)user;
    printf("shard %u/%u ready, %zu guilds\n", ready->shard_id, ready->shard_count,
           ready->n_guilds);
}

static void on_message(cordage_client *c, const cordage_message *m, void *user)
{
    (void)user;
    if (!m->author_is_bot && cordage_str_is(m->content, "!ping"))
        cordage_create_message(c, m->channel_id, "Pong!", NULL, NULL);
}

/* [--shards N|auto]; without it, as many as Discord recommends. */
static bool read_arguments(int argc, char **argv, uint32_t *shards)
{
    unsigned long n;
    char rest;

    if (argc == 1)
        return true;
    if (argc != 3 || strcmp(argv[1], "--shards") != 0)
        return false;
    if (strcmp(argv[2], "auto") == 0)
        return true;
    if (sscanf(argv[2], "%lu%c", &n, &rest) != 1 || n == 0 || n > UINT32_MAX)
        return false;
    *shards = (uint32_t)n;
    return true;
}

int main(int argc, char **argv)
{
    cordage_options options = CORDAGE_OPTIONS_INIT;
    cordage_error error;
    cordage_client *c;
    int status;

    if (!read_arguments(argc, argv, &options.shard_count)) {
        fprintf(stderr, "usage: %s [--shards N|auto]\n", argv[0]);
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0); /* each line at once, into files and pipes too */
    options.intents = CORDAGE_INTENT_GUILDS | CORDAGE_INTENT_GUILD_MESSAGES |
                      CORDAGE_INTENT_MESSAGE_CONTENT;
    if (cordage_client_new(&options, &c, &error) < 0)
        return cordage_error_print(&error, stderr);
    cordage_on_ready(c, on_ready, NULL);
    cordage_on_message_create(c, on_message, NULL);
    status = cordage_client_run(c);
    cordage_client_free(c);
    return status;
}
