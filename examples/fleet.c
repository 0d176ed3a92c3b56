/* fleet.c - a bot that runs alone or as the workers of a fleet, and doesn't care.
 *
 *     DISCORD_TOKEN=... build/examples/fleet
 *     DISCORD_TOKEN=... build/cordage run -- build/examples/fleet
 *
 * "!guilds" is answered with the guilds of all workers, "!announce WORDS" is heard by the
 * bot in every worker. */
#include <cordage/cordage.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void on_ready(cordage_client *c, const cordage_ready *ready, void *user)
{
    (void)user;
    printf("shard %u/%u ready, %zu guilds, in worker %u\n", ready->shard_id,
           ready->shard_count, ready->n_guilds, cordage_worker(c, NULL));
}

/* A total is whole when every shard of the fleet has said how many guilds it has. */
static void tell_guilds(cordage_client *c, cordage_id channel)
{
    cordage_guild_total total = cordage_guild_count(c);
    char text[128];

    snprintf(text, sizeof text, "%s%" PRIu64 " guilds, %u of %u shards have reported",
             total.shards_reported < total.shards ? "At least " : "", total.guilds,
             total.shards_reported, total.shards);
    cordage_create_message(c, channel, text, NULL, NULL);
}

static void announce(cordage_client *c, cordage_id channel, cordage_str words)
{
    int err = cordage_broadcast(c, words.p, words.n);

    if (err)
        cordage_create_message(c, channel, cordage_strerror(err), NULL, NULL);
}

static void on_message(cordage_client *c, const cordage_message *m, void *user)
{
    static const char command[] = "!announce ";
    size_t n = strlen(command);

    (void)user;
    if (cordage_str_is(m->content, "!guilds"))
        tell_guilds(c, m->channel_id);
    else if (m->content.n > n && memcmp(m->content.p, command, n) == 0)
        announce(c, m->channel_id, (cordage_str){ m->content.p + n, m->content.n - n });
}

static void on_broadcast(cordage_client *c, const cordage_broadcast_info *b, void *user)
{
    uint32_t count, worker = cordage_worker(c, &count);

    (void)user;
    printf("worker %u of %u hears from %u: %s\n", worker, count, b->from, b->message.p);
}

int main(void)
{
    cordage_options options = CORDAGE_OPTIONS_INIT;
    cordage_error error;
    cordage_client *c;
    int status;

    setvbuf(stdout, NULL, _IOLBF, 0);
    options.intents = CORDAGE_INTENT_GUILDS | CORDAGE_INTENT_GUILD_MESSAGES |
                      CORDAGE_INTENT_MESSAGE_CONTENT;
    if (cordage_client_new(&options, &c, &error) < 0)
        return cordage_error_print(&error, stderr);
    cordage_on_ready(c, on_ready, NULL);
    cordage_on_message_create(c, on_message, NULL);
    cordage_on_broadcast(c, on_broadcast, NULL);
    status = cordage_client_run(c);
    cordage_client_free(c);
    return status;
}
