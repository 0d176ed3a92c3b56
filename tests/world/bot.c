#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cache.h"
#include "client.h"
#include "judge.h"
#include "machine_inner.h"
#include "net_inner.h"
#include "programs.h"

/* What intents there are: the bot asks for all. */
enum { ALL_INTENTS = 0x0331ffff };

/* A bot that runs: on its own stack. */
struct bot {
    struct link link;
    struct vprocess *process;
    const struct world_plan *plan;
    cordage_client *client;
};

static struct bots {
    struct link list; /* those whose process has ended are dropped when they are met */
    bool is_used;
    uint32_t slow_ms;
} bots;

static struct link *all(void)
{
    if (!bots.is_used)
        list_init(&bots.list);
    bots.is_used = true;
    return &bots.list;
}

void program_set_slow(uint32_t ms)
{
    bots.slow_ms = ms;
}

/* ---- Handlers ---------------------------------------------------------------------- */

/* It asks for somebody, leaves its voice channel, says how it is: what goes over the
 * gateway, as much as there are messages. */
static void answer(cordage_client *c, const cordage_message *m, uint64_t number)
{
    const cordage_members_request request = { .guild_id = m->guild_id,
                                              .query = "a",
                                              .limit = 1 };
    cordage_shard_info info;

    if (number % 4 == 1)
        (void)cordage_request_guild_members(c, &request, NULL, NULL);
    if (number % 4 == 2)
        (void)cordage_update_voice_state(c, m->guild_id, 0, false, false);
    if (number % 16 == 3)
        (void)cordage_update_presence(c, "idle", 0, "in a world");
    if (number % 8 == 4 && cordage_shard_status(c, m->event->shard_id, &info) == 0)
        judge_queued(vprocess_self(), info.id, info.queued);
}

static void on_message(cordage_client *c, const cordage_message *m, void *user)
{
    uint64_t number = m->nonce.n ? strtoull(m->nonce.p, NULL, 10) : 0;
    struct bot *b = user;

    if (!number)
        return;
    judge_begun(b->process, m->event->shard_id, m->guild_id, number);
    if (bots.slow_ms)
        vprocess_sleep(bots.slow_ms);
    answer(c, m, number);
    judge_handled(b->process, m->event->shard_id, m->guild_id, number);
}

static void on_log(cordage_log_level level, const char *line, void *user)
{
    char text[1200];

    (void)user;
    snprintf(text, sizeof text, "%s %s", log_level_name((enum log_level)level), line);
    vprocess_log(text);
}

/* ---- The program ------------------------------------------------------------------- */

static cordage_compression compression_of(const struct world_plan *plan)
{
    switch ((enum compression)plan->compression) {
    case COMPRESS_ZLIB:
        return CORDAGE_COMPRESS_ZLIB;
    case COMPRESS_ZSTD:
        return CORDAGE_COMPRESS_ZSTD;
    case COMPRESS_NONE:
        break;
    }
    return CORDAGE_COMPRESS_NONE;
}

static void fill_options(const struct world_plan *plan, cordage_options *o)
{
    o->intents = ALL_INTENTS;
    if (!getenv("CORDAGE_LINK") && !getenv("DISCORD_TOKEN"))
        o->token = sim_token(net_sim());
    if (!getenv("CORDAGE_API"))
        o->api = NET_API;
    o->shard_count = plan->shards;
    o->event_queue = WORLD_EVENT_QUEUE;
    o->loop_threads = 1 + plan->seed % 2;
    o->handler_threads = (int)plan->handlers;
    o->compression = compression_of(plan);
    /* Else a guild that grew comes without those who are offline after an outage. */
    o->large_threshold = 250;
    o->log = on_log;
    o->log_level = CORDAGE_LOG_DEBUG;
    for (int i = 0; i < CORDAGE_N_KINDS; i++)
        o->cache[i] = plan->caches ? CORDAGE_FOREVER : CORDAGE_NEVER;
}

int program_bot(void *plan)
{
    struct bot bot = { .process = vprocess_self(), .plan = plan };
    cordage_options options = CORDAGE_OPTIONS_INIT;
    cordage_error error;
    int status;

    fill_options(plan, &options);
    if (cordage_client_new(&options, &bot.client, &error) < 0) {
        vprocess_log(error.message);
        return cordage_exit_status(error.code);
    }
    list_init(&bot.link);
    list_insert(all(), &bot.link);
    cordage_on_message_create(bot.client, on_message, &bot);
    status = cordage_client_run(bot.client);
    list_remove(&bot.link);
    cordage_client_free(bot.client);
    return status;
}

/* ---- Looking at those that run ------------------------------------------------------
 */

/* A process that has ended has no stack any more. */
static void on_death(struct vprocess *p)
{
    struct link *at, *next;

    for (at = all()->next; at != all(); at = next) {
        next = at->next;
        if (CONTAINER_OF(at, struct bot, link)->process == p)
            list_remove(at);
    }
}

void program_begin(void)
{
    bots = (struct bots){ 0 };
    machine_on_death(on_death);
}

static uint32_t count_live(const struct bot *b)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < b->plan->shards; i++) {
        cordage_shard_info info;

        if (cordage_shard_status(b->client, i, &info) == 0 &&
            info.state == CORDAGE_SHARD_READY && !info.loading)
            n++;
    }
    return n;
}

/* Who is stopped may have stopped with a lock in hand. */
static bool can_be_asked(const struct bot *b)
{
    return vprocess_runs(b->process) && !b->process->is_stopped;
}

bool program_is_up(void)
{
    struct link *at;
    uint32_t live = 0, wanted = 1;

    for (at = all()->next; at != all(); at = at->next) {
        struct bot *b = CONTAINER_OF(at, struct bot, link);

        wanted = b->plan->shards;
        if (can_be_asked(b))
            live += count_live(b);
    }
    return live == wanted;
}

static void ask_cache(struct bot *b)
{
    struct cache *cache = b->client->cache;
    struct buf ids = { 0 }, text = { 0 };

    if (!cache_is_on(cache) || cache_ids(cache, CORDAGE_KIND_GUILDS, 0, &ids))
        return;
    for (size_t i = 0; i < ids.n / sizeof(uint64_t); i++) {
        uint64_t id;

        memcpy(&id, ids.p + i * sizeof id, sizeof id);
        buf_clear(&text);
        if (cache_write_guild(cache, id, &text) == 0)
            judge_remembers(cordage_shard_for_guild(b->client, id), id, buf_str(&text));
    }
    buf_release(&text);
    buf_release(&ids);
}

void program_ask_caches(void)
{
    struct link *at;

    for (at = all()->next; at != all(); at = at->next)
        if (can_be_asked(CONTAINER_OF(at, struct bot, link)))
            ask_cache(CONTAINER_OF(at, struct bot, link));
}
