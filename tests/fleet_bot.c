/* The bot of fleet_program.h, thirty lines and its records. Only what a worker does is used:
 * how many shards there are and where its state is it doesn't know. */
#include "fleet_program.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cache.h"
#include "client.h"

enum { BOT_ARGUMENTS = 6 };

struct fleet_bot {
    int fd;
    const char *dir;
};

static void say(cordage_client *c, const struct fleet_bot *b, enum fleet_kind kind,
                uint32_t shard, uint64_t guild, uint64_t number)
{
    const struct fleet_record r = { kind,  cordage_worker(c, NULL),
                                    shard, (uint32_t)getpid(),
                                    guild, number };

    if (write(b->fd, &r, sizeof r) != sizeof r)
        _exit(99);
}

static void on_message(cordage_client *c, const cordage_message *m, void *user)
{
    uint64_t number = m->nonce.n ? strtoull(m->nonce.p, NULL, 10) : 0;

    if (number)
        say(c, user, FLEET_MESSAGE, m->event->shard_id, m->guild_id, number);
    else if (cordage_str_is(m->content, "!dump"))
        cordage_broadcast(c, "dump", 4);
}

static void on_ready(cordage_client *c, const cordage_ready *ready, void *user)
{
    say(c, user, FLEET_READY, ready->shard_id, 0, 0);
}

static void on_resumed(cordage_client *c, const cordage_resumed *resumed, void *user)
{
    say(c, user, FLEET_RESUMED, resumed->shard_id, 0, resumed->replayed);
}

static void on_lost(cordage_client *c, uint32_t shard_id, void *user)
{
    say(c, user, FLEET_LOST, shard_id, 0, 0);
}

static void dump_guild(struct cache *cache, uint64_t id, const char *dir)
{
    struct buf text = { 0 };
    char path[256];
    FILE *file;

    if (cache_write_guild(cache, id, &text))
        return;
    /* Two workers that both have it would be a mistake: the second one fails. */
    snprintf(path, sizeof path, "%s/dump/%llu", dir, (unsigned long long)id);
    file = fopen(path, "wx");
    if (!file || fwrite(text.p, 1, text.n, file) != text.n || fclose(file))
        _exit(98);
    buf_release(&text);
}

static void on_broadcast(cordage_client *c, const cordage_broadcast_info *broadcast,
                         void *user)
{
    struct fleet_bot *b = user;
    struct buf ids = { 0 };

    if (!cordage_str_is(broadcast->message, "dump"))
        return;
    if (cache_is_on(c->cache) && !cache_ids(c->cache, CORDAGE_KIND_GUILDS, 0, &ids))
        for (size_t i = 0; i < ids.n / sizeof(uint64_t); i++) {
            uint64_t id;

            memcpy(&id, ids.p + i * sizeof id, sizeof id);
            dump_guild(c->cache, id, b->dir);
        }
    buf_release(&ids);
    say(c, b, FLEET_DUMPED, 0, 0, 0);
}

bool fleet_is_bot(int argc, char **argv)
{
    if (argc < 2 || strcmp(argv[1], "--fleet-bot") != 0)
        return false;
    if (argc != BOT_ARGUMENTS)
        _exit(97);
    return true;
}

/* "--fleet-bot DIRECTORY all|nothing THREADS INTENTS" */
int fleet_bot(char **argv)
{
    struct fleet_bot bot = { .dir = argv[2] };
    cordage_options options = CORDAGE_OPTIONS_INIT;
    cordage_error error;
    cordage_client *c;
    char path[256];
    int status;

    snprintf(path, sizeof path, "%s/said", argv[2]);
    bot.fd = open(path, O_WRONLY | O_CLOEXEC);
    if (bot.fd < 0)
        _exit(96);
    options.intents = (uint32_t)strtoul(argv[5], NULL, 10);
    options.handler_threads = atoi(argv[4]);
    options.loop_threads = 1;
    /* Else a guild that grew comes without those who are offline after an outage. */
    options.large_threshold = 250;
    for (int i = 0; i < CORDAGE_N_KINDS; i++)
        options.cache[i] = strcmp(argv[3], "all") == 0 ? CORDAGE_FOREVER : CORDAGE_NEVER;
    if (cordage_client_new(&options, &c, &error) < 0)
        return cordage_error_print(&error, stderr);
    cordage_on_ready(c, on_ready, &bot);
    cordage_on_resumed(c, on_resumed, &bot);
    cordage_on_session_lost(c, on_lost, &bot);
    cordage_on_message_create(c, on_message, &bot);
    cordage_on_broadcast(c, on_broadcast, &bot);
    status = cordage_client_run(c);
    cordage_client_free(c);
    return status;
}
