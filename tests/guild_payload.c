#include "guild_payload_private.h"

#include <stdio.h>

#include "error.h"

static uint64_t mix(uint64_t a, uint64_t b)
{
    struct rng r = rng_seeded(a * 0x2545f4914f6cdd1dULL + b);

    return rng_next(&r);
}

/* A snowflake of some moment between 2016 and 2025. */
cordage_id guild_payload_id(const struct guild_payload *p, cordage_kind kind, unsigned n)
{
    uint64_t seed = p->seed, ms;
    struct rng r;

    if (kind == CORDAGE_KIND_GUILDS || (kind == CORDAGE_KIND_ROLES && n == 0)) {
        kind = CORDAGE_KIND_GUILDS;
        n = 0;
    }
    if (kind == CORDAGE_KIND_MEMBERS || kind == CORDAGE_KIND_PRESENCES ||
        kind == CORDAGE_KIND_VOICE_STATES)
        kind = CORDAGE_KIND_USERS;
    if (kind == CORDAGE_KIND_USERS && p->crowd)
        seed = ~p->crowd;
    r = rng_seeded(mix(seed, (uint64_t)kind << 32 | n));
    ms = 31536000000 + rng_below(&r, 315360000000);
    return ms << 22 | (rng_next(&r) & 0x3fffff);
}

/* ---- Members of an object -------------------------------------------------------------
 */

static bool odd(struct maker *m, unsigned n)
{
    return m->p->odd && once_in(m, n);
}

bool begin(struct maker *m, const char *key)
{
    if (odd(m, 24))
        return false;
    if (odd(m, 40))
        put_noise(m);
    json_key(&m->w, key);
    if (!odd(m, 24))
        return true;
    json_put_null(&m->w);
    return false;
}

void put_text(struct maker *m, const char *key, const char *text)
{
    if (begin(m, key))
        json_put_z(&m->w, odd(m, 20) ? "" : text);
}

void put_number(struct maker *m, const char *key, int64_t n)
{
    if (!begin(m, key))
        return;
    if (odd(m, 20))
        n = INT64_MIN;
    if (odd(m, 10)) {
        char text[32];

        snprintf(text, sizeof text, "%lld.0", (long long)(n % 1000000));
        json_put_raw(&m->w, str_of(text));
        return;
    }
    json_put_i64(&m->w, n);
}

void put_flag(struct maker *m, const char *key, bool yes)
{
    if (begin(m, key))
        json_put_bool(&m->w, yes ^ odd(m, 10));
}

void put_null(struct maker *m, const char *key)
{
    json_key(&m->w, key);
    json_put_null(&m->w);
}

void put_bits(struct maker *m, const char *key, uint64_t bits)
{
    if (!begin(m, key))
        return;
    if (odd(m, 20))
        json_put_z(&m->w, "340282366920938463463374607431768211456");
    else
        json_put_id(&m->w, odd(m, 20) ? UINT64_MAX : bits);
}

void put_snowflake(struct maker *m, const char *key, uint64_t id)
{
    if (!begin(m, key))
        return;
    if (id == 0)
        json_put_null(&m->w);
    else if (odd(m, 10))
        json_put_u64(&m->w, id);
    else
        json_put_id(&m->w, id);
}

void put_hash(struct maker *m, const char *key, unsigned percent)
{
    char text[40];

    if (!begin(m, key))
        return;
    snprintf(text, sizeof text, "%s%016llx%016llx", once_in(m, 8) ? "a_" : "",
             (unsigned long long)rng_next(&m->rng),
             (unsigned long long)rng_next(&m->rng));
    if (odd(m, 15))
        snprintf(text, sizeof text, "%s", "not-a-hash");
    json_put_z(&m->w, between(m, 1, 100) <= percent ? text : NULL);
}

static void put_moment(struct maker *m, bool fraction)
{
    static const char *const strange[] = {
        "2024-02-29T23:59:59.999Z",         "2023-07-01T12:00:00.120+00:00",
        "2023-07-01T12:00:00.123456+00:00", "2023-07-01T12:00:00Z",
        "2013-07-01T12:00:00+00:00",        "2023-07-01T12:00:00.5+02:00",
        "2023-02-30T12:00:00+00:00",        "soon",
    };
    char text[64];
    int n;

    n = snprintf(text, sizeof text, "20%02u-%02u-%02uT%02u:%02u:%02u",
                 (unsigned)between(m, 16, 26), (unsigned)between(m, 1, 12),
                 (unsigned)between(m, 1, 28), (unsigned)between(m, 0, 23),
                 (unsigned)between(m, 0, 59), (unsigned)between(m, 0, 59));
    if (fraction)
        n += snprintf(text + n, sizeof text - (size_t)n, ".%03u000",
                      (unsigned)between(m, 0, 999));
    snprintf(text + n, sizeof text - (size_t)n, "+00:00");
    json_put_z(&m->w, odd(m, 5) ? PICK(m, strange) : text);
}

void put_time(struct maker *m, const char *key)
{
    if (begin(m, key))
        put_moment(m, true);
}

void put_plain_time(struct maker *m, const char *key)
{
    if (begin(m, key))
        put_moment(m, false);
}

void put_noise(struct maker *m)
{
    json_key(&m->w, "version");
    json_put_i64(&m->w, (int64_t)between(m, 1660000000000, 1772000000000));
}

void put_own_id(struct maker *m, const char *key, uint64_t id)
{
    json_key(&m->w, key);
    if (odd(m, 10))
        json_put_u64(&m->w, id);
    else
        json_put_id(&m->w, id);
}

void put_roles(struct maker *m, const char *key, unsigned most)
{
    unsigned n = (unsigned)between(m, 0, most), i;

    if (!begin(m, key))
        return;
    json_open(&m->w, '[');
    for (i = 0; i < n && m->p->roles > 1; i++)
        json_put_id(&m->w, guild_payload_id(m->p, CORDAGE_KIND_ROLES,
                                            (unsigned)between(m, 1, m->p->roles - 1)));
    json_shut(&m->w, ']');
}

/* ---- Words ----------------------------------------------------------------------------
 */

static const char *const vocabulary[] = {
    "the",    "harbour",  "rope",  "tide",   "for",      "questions", "about",  "knots",
    "and",    "weather",  "post",  "your",   "builds",   "here",      "please", "read",
    "pinned", "messages", "first", "no",     "spoilers", "share",     "photos", "of",
    "boats",  "anchors",  "to",    "chat",   "with",     "everyone",  "in",     "English",
    "only",   "links",    "are",   "posted", "by",       "bots",      "weekly", "voice",
    "events", "support",  "is",    "given",  "when",     "somebody",  "has",    "time",
    "a",      "new",      "sail",  "we",     "meet",     "on",        "Friday", "evening",
};

const char *sentence(struct maker *m, unsigned n, char *text, size_t size)
{
    size_t length = 0;
    unsigned i;

    for (i = 0; i < n && length < size; i++)
        length += (size_t)snprintf(text + length, size - length, "%s%s", i ? " " : "",
                                   PICK(m, vocabulary));
    return text;
}

const char *short_name(struct maker *m, const char *between_words, char *text,
                       size_t size)
{
    static const char *const words[] = {
        "general", "off",   "topic", "rules",   "news",  "bot",      "commands", "help",
        "memes",   "music", "art",   "gaming",  "voice", "lounge",   "staff",    "logs",
        "welcome", "intro", "dev",   "support", "trade", "market",   "raid",     "guild",
        "movie",   "night", "pets",  "food",    "study", "feedback", "ideas",    "polls",
    };

    if (once_in(m, 3))
        snprintf(text, size, "%s", PICK(m, words));
    else
        snprintf(text, size, "%s%s%s", PICK(m, words), between_words, PICK(m, words));
    return text;
}

/* ---- The whole ------------------------------------------------------------------------
 */

typedef void make_fn(struct maker *m, unsigned n);

static void make_nth_user(struct maker *m, unsigned n)
{
    make_user(m, guild_payload_id(m->p, CORDAGE_KIND_USERS, n));
}

static const struct list {
    const char *key;
    make_fn *make;
} lists[CORDAGE_N_KINDS] = {
    [CORDAGE_KIND_CHANNELS] = { "channels", make_channel },
    [CORDAGE_KIND_THREADS] = { "threads", make_thread },
    [CORDAGE_KIND_ROLES] = { "roles", make_role },
    [CORDAGE_KIND_EMOJIS] = { "emojis", make_emoji },
    [CORDAGE_KIND_STICKERS] = { "stickers", make_sticker },
    [CORDAGE_KIND_MEMBERS] = { "members", make_member },
    [CORDAGE_KIND_USERS] = { NULL, make_nth_user },
    [CORDAGE_KIND_PRESENCES] = { "presences", make_presence },
    [CORDAGE_KIND_VOICE_STATES] = { "voice_states", make_voice_state },
    [CORDAGE_KIND_STAGE_INSTANCES] = { "stage_instances", make_stage },
    [CORDAGE_KIND_SCHEDULED_EVENTS] = { "guild_scheduled_events", make_event },
    [CORDAGE_KIND_SOUNDS] = { "soundboard_sounds", make_sound },
};

static unsigned count_of(const struct guild_payload *p, unsigned kind)
{
    const unsigned counts[CORDAGE_N_KINDS] = {
        [CORDAGE_KIND_CHANNELS] = p->channels,
        [CORDAGE_KIND_THREADS] = p->threads,
        [CORDAGE_KIND_ROLES] = p->roles ? p->roles : 1,
        [CORDAGE_KIND_EMOJIS] = p->emojis,
        [CORDAGE_KIND_STICKERS] = p->stickers,
        [CORDAGE_KIND_MEMBERS] = p->members,
        [CORDAGE_KIND_PRESENCES] = p->presences,
        [CORDAGE_KIND_VOICE_STATES] = p->voice_states,
        [CORDAGE_KIND_STAGE_INSTANCES] = p->stage_instances,
        [CORDAGE_KIND_SCHEDULED_EVENTS] = p->scheduled_events,
        [CORDAGE_KIND_SOUNDS] = p->sounds,
    };

    return counts[kind];
}

static void make_nth(struct maker *m, unsigned kind, unsigned n, unsigned version)
{
    m->rng = rng_seeded(mix(m->p->seed + version, (uint64_t)(kind + 100) << 32 | n));
    lists[kind].make(m, n);
}

static void make_lists(struct maker *m)
{
    unsigned kind, n;

    for (kind = 0; kind < CORDAGE_N_KINDS; kind++) {
        if (!lists[kind].key)
            continue;
        json_key(&m->w, lists[kind].key);
        json_open(&m->w, '[');
        for (n = 0; n < count_of(m->p, kind); n++)
            make_nth(m, kind, n, 0);
        json_shut(&m->w, ']');
    }
}

int guild_payload_write(const struct guild_payload *p, struct buf *out)
{
    struct maker m = { .p = p, .rng = rng_seeded(mix(p->seed, 99)) };

    json_begin(&m.w, out);
    json_open(&m.w, '{');
    make_guild(&m);
    make_lists(&m);
    json_shut(&m.w, '}');
    return json_end(&m.w);
}

int guild_payload_object(const struct guild_payload *p, cordage_kind kind, unsigned n,
                         unsigned version, struct buf *out)
{
    struct maker m = { .p = p };

    if (!lists[kind].make)
        return CORDAGE_EINVAL;
    json_begin(&m.w, out);
    make_nth(&m, kind, n, version);
    return json_end(&m.w);
}
