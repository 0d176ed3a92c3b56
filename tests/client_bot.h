/* client_bot.h - a bot that counts, for the tests of the client against an offline
 * Discord.
 */
#ifndef CLIENT_BOT_H
#define CLIENT_BOT_H

#include <stdatomic.h>

#include "discord.h"

struct bot {
    struct discord *discord;
    cordage_client *client;
    atomic_uint ready, resumed, guilds, pongs, done_ok, done_failed, ticks, chunks, voice;
    atomic_uint wanted;      /* pongs after which it stops */
    atomic_ullong n_guilds;  /* by READY */
    atomic_ullong total;     /* by cordage_guild_count at the last READY */
    atomic_uint total_whole; /* whether all shards had reported then */
    atomic_uint deadlock;    /* what cordage_get_gateway_bot said to a handler */
    atomic_uint seen[8];     /* READYs by shard */
};

static inline void on_ready(cordage_client *c, const cordage_ready *ready, void *user)
{
    struct bot *b = user;
    cordage_guild_total total = cordage_guild_count(c);

    b->n_guilds += ready->n_guilds;
    b->seen[ready->shard_id % 8]++;
    if (++b->ready == ready->shard_count) {
        b->total = total.guilds;
        b->total_whole = total.shards_reported == total.shards;
    }
}

/* A bot on one shard that does what `prepare` says; returns its exit status. */
static inline int run_bot(struct bot *b, const cordage_options *options,
                          void (*prepare)(struct bot *b))
{
    cordage_error error;
    int status;

    if (cordage_client_new(options, &b->client, &error) < 0)
        fail_msg("%s", error.message);
    if (prepare)
        prepare(b);
    status = cordage_client_run(b->client);
    return status;
}

static inline void count_done(cordage_client *c, const cordage_result *result, void *user)
{
    struct bot *b = user;

    (void)c;
    if (result->err)
        b->done_failed++;
    else
        b->done_ok++;
}

static inline int set_speed(void **state)
{
    char speed[16];

    (void)state;
    snprintf(speed, sizeof speed, "%d", SPEED);
    return setenv("CORDAGE_TEST_SPEED", speed, 1);
}

/* A program of tests that run at the offline Discord's speed. */
#define RUN_CLIENT_TESTS(...)                                  \
    int main(void)                                             \
    {                                                          \
        const struct CMUnitTest tests[] = { __VA_ARGS__ };     \
        return cmocka_run_group_tests(tests, set_speed, NULL); \
    }

#endif
