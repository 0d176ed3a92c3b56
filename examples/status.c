/* status.c - how every shard is, as a table.
 *
 *     DISCORD_TOKEN=... build/examples/status [SECONDS] */
#include <cordage/cordage.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static void show_shard(const cordage_shard_info *s)
{
    printf("%4u/%u  %-11s %5zu guilds  %4u ms  %7.1f events/s  %" PRIu64 " resumes",
           s->id, s->count, cordage_shard_state_name(s->state), s->guilds, s->latency_ms,
           s->events_per_s, s->resumes);
    if (s->loading)
        printf("  loading");
    if (s->guilds_available < s->guilds && !s->loading)
        printf("  %zu in an outage", s->guilds - s->guilds_available);
    if (s->paused)
        printf("  paused: %u events wait for handlers", s->queued);
    if (s->close_code)
        printf("  last closed with %d", s->close_code);
    printf("\n");
}

/* A total is whole when every shard has said how many guilds it has. */
static void show_total(cordage_client *c)
{
    cordage_guild_total total = cordage_guild_count(c);

    if (total.shards_reported < total.shards)
        printf("at least ");
    printf("%" PRIu64 " guilds, %u of %u shards have reported\n", total.guilds,
           total.shards_reported, total.shards);
}

static void show_all(cordage_client *c, void *user)
{
    cordage_shard_info s;

    (void)user;
    for (uint32_t id = 0; id < cordage_shard_count(c); id++)
        if (cordage_shard_status(c, id, &s) == 0) /* else it runs in another process */
            show_shard(&s);
    show_total(c);
}

int main(int argc, char **argv)
{
    cordage_options options = CORDAGE_OPTIONS_INIT;
    uint32_t seconds = argc > 1 ? (uint32_t)atoi(argv[1]) : 10;
    cordage_error error;
    cordage_client *c;
    int status;

    if (seconds < 1 || seconds > 3600) {
        fprintf(stderr, "usage: %s [SECONDS, 1 to 3600]\n", argv[0]);
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    options.intents = CORDAGE_INTENT_GUILDS | CORDAGE_INTENT_GUILD_MESSAGES;
    if (cordage_client_new(&options, &c, &error) < 0)
        return cordage_error_print(&error, stderr);
    cordage_every(c, seconds * 1000, show_all, NULL);
    status = cordage_client_run(c);
    cordage_client_free(c);
    return status;
}
