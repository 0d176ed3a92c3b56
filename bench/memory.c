/* memory.c - what the cache costs: bytes per object beside their JSON, the time to take
 * in many guilds, to snapshot them and to read them back.
 *
 * Usage: memory [GUILDS]. No verdicts: the bound on a guild is a test's. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cache.h"
#include "guild_payload.h"
#include "store.h"
#include "tmpdir.h"

struct measure {
    struct cache *cache;
    struct cache_slice *slice;
    struct json_parser *parser;
};

static void need(int err, const char *what)
{
    if (!err)
        return;
    fprintf(stderr, "memory: %s: %s\n", what, cordage_strerror(err));
    exit(1);
}

static double cpu_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double wall_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static uint64_t no_clock(void *user)
{
    (void)user;
    return 0;
}

static void begin(struct measure *m)
{
    static const cordage_policy forever[CORDAGE_N_KINDS] = {
#define FOREVER(NAME, name, policy) { CORDAGE_KEEP_FOREVER, 0 },
        CORDAGE_KINDS(FOREVER)
#undef FOREVER
    };

    need(cache_new(forever, no_clock, NULL, &m->cache), "cache");
    need(cache_slice_new(m->cache, 0, 1, &m->slice), "slice");
    m->parser = json_parser_new();
    need(m->parser ? 0 : CORDAGE_ENOMEM, "parser");
}

static void end(struct measure *m)
{
    cache_slice_free(m->slice);
    cache_free(m->cache);
    json_parser_free(m->parser);
}

static void take_in(struct measure *m, struct buf *text)
{
    cordage_json d;

    need(buf_reserve(text, BUF_SLACK), "text");
    need(json_parse(m->parser, buf_str(text), &d), "JSON");
    need(cache_apply(m->slice, CORDAGE_EVENT_GUILD_CREATE, d, 0, NULL), "apply");
}

/* ---- Bytes
 * ------------------------------------------------------------------------------ */

struct bytes {
    double cache, json;
};

/* Of a guild, and its users. */
static struct bytes weigh(const struct guild_payload *payload)
{
    struct measure m;
    struct buf text = { 0 };
    struct bytes weight;
    size_t bytes[2];

    begin(&m);
    need(guild_payload_write(payload, &text), "payload");
    take_in(&m, &text);
    cache_bytes(m.cache, bytes);
    weight = (struct bytes){ (double)(bytes[0] + bytes[1]), (double)text.n };
    end(&m);
    buf_release(&text);
    return weight;
}

/* What one more of a kind weighs: the difference between two guilds. */
static void weigh_kind(const char *name, struct guild_payload *payload, unsigned *count,
                       unsigned more)
{
    struct bytes few = weigh(payload), many;

    *count += more;
    many = weigh(payload);
    *count -= more;
    printf("  %-16s %8.0f %8.0f\n", name, (many.cache - few.cache) / more,
           (many.json - few.json) / more);
}

static void weigh_all(void)
{
    struct guild_payload p = GUILD_PAYLOAD_57K;
    struct bytes whole = weigh(&p);

    printf("bytes, index included       cache     JSON\n");
    printf("  %-16s %8.0f %8.0f\n", "the whole guild", whole.cache, whole.json);
    weigh_kind("channel", &p, &p.channels, 40);
    weigh_kind("thread", &p, &p.threads, 40);
    weigh_kind("role", &p, &p.roles, 25);
    weigh_kind("member and user", &p, &p.members, 100);
    weigh_kind("emoji", &p, &p.emojis, 40);
    weigh_kind("sticker", &p, &p.stickers, 40);
    weigh_kind("presence", &p, &p.presences, 30);
    weigh_kind("voice state", &p, &p.voice_states, 30);
    weigh_kind("scheduled event", &p, &p.scheduled_events, 40);
    weigh_kind("sound", &p, &p.sounds, 40);
}

/* ---- Time
 * ------------------------------------------------------------------------------- */

static void pack_all(struct measure *m, struct store_packed *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct buf packed = { 0 };
        int err = 0;

        if (!cache_pack_next(m->slice, &rows[i].guild_id, &packed, &err))
            need(CORDAGE_ENOTFOUND, "packing");
        need(err, "packing");
        rows[i].bytes = buf_str(&packed); /* freed with the process */
    }
}

static int unpack_one(void *user, uint64_t guild_id, struct str bytes)
{
    (void)guild_id;
    return cache_unpack(((struct measure *)user)->slice, bytes);
}

static void time_snapshot(struct measure *m, unsigned guilds, const char *dir)
{
    struct store_packed *rows = calloc(guilds, sizeof *rows);
    struct store_snapshot head = { .shard_count = 1,
                                   .format = CACHE_FORMAT,
                                   .policy_mark = cache_policy_mark(m->cache),
                                   .session_mark = 1,
                                   .seq = 1 };
    struct log nowhere = { 0 };
    struct store *store;
    struct measure second;
    cordage_error error;
    double start = wall_seconds(), packed;

    need(rows ? 0 : CORDAGE_ENOMEM, "rows");
    pack_all(m, rows, guilds);
    packed = wall_seconds() - start;
    if (store_open(dir, &nowhere, &store, &error)) {
        cordage_error_print(&error, stderr);
        exit(1);
    }
    start = wall_seconds();
    need(store_snapshot_save(store, &head, rows, guilds), "saving");
    printf("  snapshot: %.3f s packing on the loop, %.3f s writing aside\n", packed,
           wall_seconds() - start);
    begin(&second);
    start = wall_seconds();
    need(store_snapshot_load(store, &head, unpack_one, &second), "loading");
    printf("  reading it back: %.3f s\n", wall_seconds() - start);
    if (cache_count(second.cache, CORDAGE_KIND_GUILDS) != guilds)
        need(CORDAGE_ENOTFOUND, "guilds read back");
    end(&second);
    store_close(store);
}

static void time_all(unsigned guilds, const char *dir)
{
    struct guild_payload p = GUILD_PAYLOAD_57K;
    struct measure m;
    struct buf text = { 0 };
    double spent = 0;
    size_t bytes[2], json = 0;

    begin(&m);
    p.crowd = 1; /* people are in several guilds, as they are */
    for (unsigned i = 0; i < guilds; i++) {
        double start;

        p.seed = 1000 + i;
        buf_clear(&text);
        need(guild_payload_write(&p, &text), "payload");
        json += text.n;
        start = cpu_seconds();
        take_in(&m, &text);
        spent += cpu_seconds() - start;
    }
    cache_bytes(m.cache, bytes);
    printf("%u guilds, %.0f MB of JSON: taken in in %.2f CPU-seconds (%.0f us each, "
           "parsing included), %.1f MB of cache\n",
           guilds, (double)json / 1e6, spent, spent * 1e6 / guilds,
           (double)(bytes[0] + bytes[1]) / 1e6);
    time_snapshot(&m, guilds, dir);
    end(&m);
    buf_release(&text);
}

int main(int argc, char **argv)
{
    unsigned guilds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 10000;
    struct tmpdir dir = tmpdir_new();

    weigh_all();
    time_all(guilds ? guilds : 1, dir.dir);
    tmpdir_free(&dir);
    return 0;
}
