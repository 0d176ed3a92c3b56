/* memory.c - what the cache costs: bytes per object beside their JSON, the time to take
 * in many guilds, to snapshot them and to read them back, and what a message costs.
 *
 * Usage: memory [GUILDS [ROUNDS]]. No verdicts: the bound on a guild is a test's. */
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

static const cordage_policy forever[CORDAGE_N_KINDS] = {
#define FOREVER(NAME, name, policy) { CORDAGE_KEEP_FOREVER, 0 },
    CORDAGE_KINDS(FOREVER)
#undef FOREVER
};

static void begin(struct measure *m, const cordage_policy *policies)
{
    need(cache_new(policies, no_clock, NULL, &m->cache), "cache");
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

    begin(&m, forever);
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
        rows[i].bytes = buf_str(&packed); /* free_rows */
    }
}

static void free_rows(struct store_packed *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free((char *)(uintptr_t)rows[i].bytes.p);
    free(rows);
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
                                   .seq = 1,
                                   .whole = true };
    struct log nowhere = { 0 };
    struct store *store;
    struct measure second;
    cordage_error error;
    double start = wall_seconds(), packed;

    need(rows ? 0 : CORDAGE_ENOMEM, "rows");
    pack_all(m, rows, guilds);
    packed = wall_seconds() - start;
    if (store_open(dir, STORE_ALONE, &nowhere, &store, &error)) {
        cordage_error_print(&error, stderr);
        exit(1);
    }
    start = wall_seconds();
    need(store_snapshot_save(store, &head, rows, guilds), "saving");
    printf("  snapshot: %.3f s packing on the loop, %.3f s writing aside\n", packed,
           wall_seconds() - start);
    begin(&second, forever);
    start = wall_seconds();
    need(store_snapshot_load(store, &head, unpack_one, &second), "loading");
    printf("  reading it back: %.3f s\n", wall_seconds() - start);
    if (cache_count(second.cache, CORDAGE_KIND_GUILDS) != guilds)
        need(CORDAGE_ENOTFOUND, "guilds read back");
    end(&second);
    free_rows(rows, guilds);
    store_close(store);
}

static void time_all(unsigned guilds, const char *dir)
{
    struct guild_payload p = GUILD_PAYLOAD_57K;
    struct measure m;
    struct buf text = { 0 };
    double spent = 0;
    size_t bytes[2], json = 0;

    begin(&m, forever);
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

/* ---- Messages
 * --------------------------------------------------------------------------- */

enum { MESSAGE_GUILDS = 200, AUTHORS = 50, MESSAGES = MESSAGE_GUILDS * AUTHORS };

/* Each author's message: a text in `all`, with slack behind it. */
struct messages {
    struct buf all;
    size_t at[MESSAGES], n[MESSAGES];
    unsigned sent; /* rounds of all */
};

static const uint64_t FIRST_ID = 1000000000000000000;

/* A message is newer than those before it: the round is in its id's upper digits. */
static void renumber(char *message, unsigned round)
{
    char *digits = message + sizeof "{\"id\":\"" - 1;

    for (int i = 4; i > 0; i--, round /= 10)
        digits[i] = (char)('0' + round % 10);
}

/* A message has its member without the user in it. */
static void put_author(struct json_writer *w, const struct guild_payload *p, unsigned n)
{
    static const size_t before = sizeof "{\"user\":" - 1;
    struct buf user = { 0 }, member = { 0 };

    need(guild_payload_object(p, CORDAGE_KIND_USERS, n, 0, &user), "author");
    need(guild_payload_object(p, CORDAGE_KIND_MEMBERS, n, 0, &member), "member");
    json_key(w, "author");
    json_put_raw(w, buf_str(&user));
    member.p[before + user.n] = '{';
    json_key(w, "member");
    json_put_raw(w,
                 (struct str){ member.p + before + user.n, member.n - before - user.n });
    buf_release(&user);
    buf_release(&member);
}

static void put_fixed(struct json_writer *w, const char *members)
{
    /* Keys and values by turns, NUL after each, an empty one at the end. */
    while (*members) {
        const char *value = members + strlen(members) + 1;

        json_key(w, members);
        json_put_raw(w, str_of(value));
        members = value + strlen(value) + 1;
    }
}

static void put_message(struct json_writer *w, const struct guild_payload *p, unsigned n)
{
    json_open(w, '{');
    json_key(w, "id"); /* the first: renumber looks for it here */
    json_put_id(w, FIRST_ID + ((uint64_t)n << 22));
    put_fixed(w, "type\0"
                 "0\0tts\0false\0timestamp\0\"2026-02-27T23:56:48.287000+00:00\"\0"
                 "pinned\0false\0mentions\0[]\0mention_roles\0[]\0"
                 "mention_everyone\0false\0flags\0"
                 "0\0embeds\0[]\0edited_timestamp\0null\0"
                 "content\0\"please, who plays music tonight? hello again\"\0"
                 "components\0[]\0channel_type\0"
                 "0\0attachments\0[]\0");
    json_key(w, "channel_id");
    json_put_id(w, guild_payload_id(p, CORDAGE_KIND_CHANNELS, n % p->channels));
    put_author(w, p, n);
    json_key(w, "guild_id");
    json_put_id(w, guild_payload_id(p, CORDAGE_KIND_GUILDS, 0));
    json_shut(w, '}');
}

/* One from each guild by turns. */
static struct messages *write_messages(struct measure *m, struct guild_payload p)
{
    static struct messages made;
    struct buf text = { 0 };

    for (unsigned i = 0; i < MESSAGES; i++) {
        struct json_writer w;

        p.seed = 1000 + i % MESSAGE_GUILDS;
        if (i < MESSAGE_GUILDS) {
            buf_clear(&text);
            need(guild_payload_write(&p, &text), "payload");
            take_in(m, &text);
        }
        made.at[i] = made.all.n;
        json_begin(&w, &made.all);
        put_message(&w, &p, i / MESSAGE_GUILDS);
        need(json_end(&w), "message");
        made.n[i] = made.all.n - made.at[i];
    }
    need(buf_reserve(&made.all, BUF_SLACK), "messages");
    buf_release(&text);
    return &made;
}

static void one_round(struct measure *m, struct messages *of, bool apply)
{
    of->sent++;
    for (unsigned i = 0; i < MESSAGES; i++) {
        struct str text = { of->all.p + of->at[i], of->n[i] };
        cordage_json d;

        renumber(of->all.p + of->at[i], of->sent);
        need(json_parse(m->parser, text, &d), "JSON");
        if (apply)
            need(cache_apply(m->slice, CORDAGE_EVENT_MESSAGE_CREATE, d, 0, NULL),
                 "apply");
    }
}

/* CPU-microseconds a message, parsed and perhaps applied: of the fastest round, which
 * other programs disturbed the least. */
static double time_messages(struct measure *m, struct messages *of, unsigned rounds,
                            bool apply)
{
    double least = 0;

    for (unsigned i = 0; i < rounds; i++) {
        double start = cpu_seconds(), spent;

        one_round(m, of, apply);
        spent = cpu_seconds() - start;
        if (i == 0 || spent < least)
            least = spent;
    }
    return least * 1e6 / MESSAGES;
}

/* Policies as they are where nothing is set. */
static void time_message(unsigned rounds)
{
    static const cordage_policy ordinary[CORDAGE_N_KINDS] = {
#define ORDINARY(NAME, name, policy) policy,
        CORDAGE_KINDS(ORDINARY)
#undef ORDINARY
    };
    struct measure m;
    struct messages *messages;
    double parsed;

    begin(&m, ordinary);
    messages = write_messages(&m, GUILD_PAYLOAD_57K);
    one_round(&m, messages, true);
    parsed = time_messages(&m, messages, rounds, false);
    printf("a message: %.2f us parsing, %.2f us applied (%u authors, %zu bytes each, "
           "default policies)\n",
           parsed, time_messages(&m, messages, rounds, true) - parsed, MESSAGES,
           messages->all.n / MESSAGES);
    buf_release(&messages->all);
    end(&m);
}

int main(int argc, char **argv)
{
    unsigned guilds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 10000;
    unsigned rounds = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 30;
    struct tmpdir dir = tmpdir_new();

    weigh_all();
    time_message(rounds ? rounds : 1);
    time_all(guilds ? guilds : 1, dir.dir);
    tmpdir_free(&dir);
    return 0;
}
