#include "gather.h"

#include <math.h>
#include <string.h>

#include "error.h"
#include "gateway.h"
#include "limits.h"

enum {
    LIMITED_MARGIN_MS = 100, /* our clock and Discord's don't tick alike */
    WHOLE_MARGIN_MS = 1000,  /* it counts when a question arrives, not when it leaves */
    LIMITED_MIN_MS = 1000,
    LIMITED_LONGEST_MS = 600 * 1000
};

static struct gather *gather_of(struct link *link)
{
    return CONTAINER_OF(link, struct gather, link);
}

static void move(struct gather *g, enum gather_state state, struct link *to)
{
    g->state = state;
    list_remove(&g->link);
    list_insert(to, &g->link);
}

static void leaves_no_more(struct gather_book *b, const struct gather *g)
{
    if (g->state == GATHER_LEAVES)
        b->n_leaving--;
}

static void wait_until(struct gather_book *b, struct gather *g, uint64_t at)
{
    leaves_no_more(b, g);
    g->at = at;
    move(g, GATHER_WAITS, at ? &b->held : &b->waiting);
}

static void end(struct gather_book *b, struct gather *g, int err, const char *why)
{
    if (!g->err) {
        g->err = err;
        snprintf(g->why, sizeof g->why, "%s", why);
    }
    if (g->state == GATHER_OVER)
        return;
    leaves_no_more(b, g);
    b->n--;
    move(g, GATHER_OVER, &b->over);
}

/* ---- All members of a guild ------------------------------------------------------ */

static bool is_whole_list(const struct gather *g)
{
    return g->kind == GATHER_MEMBERS && g->query && !*g->query && g->limit == 0;
}

/* The place of `guild_id`, else that of the one which may be asked again first. NULL
 * without memory: then RATE_LIMITED will say it. */
static struct gather_recent *recent_place(struct gather_book *b, uint64_t guild_id)
{
    struct gather_recent *oldest;

    if (!b->recent)
        b->recent = calloc(GATHER_RECENT, sizeof *b->recent);
    oldest = b->recent;
    for (size_t i = 0; b->recent && i < GATHER_RECENT; i++) {
        if (b->recent[i].guild_id == guild_id)
            return &b->recent[i];
        if (b->recent[i].again_at < oldest->again_at)
            oldest = &b->recent[i];
    }
    return oldest;
}

static uint64_t may_ask_at(const struct gather_book *b, const struct gather *g)
{
    for (size_t i = 0; is_whole_list(g) && b->recent && i < GATHER_RECENT; i++)
        if (b->recent[i].guild_id == g->guild_id)
            return b->recent[i].again_at;
    return 0;
}

/* Writes it down, and lets those know that wait for it. */
static void may_ask_again(struct gather_book *b, const struct gather *g, uint64_t at)
{
    struct gather_recent *place;
    struct link *link;

    if (!is_whole_list(g) || !(place = recent_place(b, g->guild_id)))
        return;
    *place = (struct gather_recent){ g->guild_id, at };
    for (link = b->held.next; link != &b->held; link = link->next) {
        struct gather *other = gather_of(link);

        if (other->at == UINT64_MAX && other->guild_id == g->guild_id)
            other->at = at;
    }
}

/* ---- On the way ------------------------------------------------------------------- */

void gather_book_init(struct gather_book *b, uint64_t seed)
{
    *b = (struct gather_book){ .nonces = rng_seeded(seed) };
    list_init(&b->waiting);
    list_init(&b->held);
    list_init(&b->asked);
    list_init(&b->over);
}

void gather_book_release(struct gather_book *b)
{
    free(b->recent);
    b->recent = NULL;
}

void gather_add(struct gather_book *b, struct gather *g)
{
    b->n++;
    g->state = GATHER_WAITS;
    list_insert(&b->waiting, &g->link);
}

/* Those whose time has come wait with the others, before them. */
static void unhold(struct gather_book *b, uint64_t now)
{
    struct link *link, *next;

    for (link = b->held.next; link != &b->held; link = next) {
        struct gather *g = gather_of(link);

        next = link->next;
        if (g->at <= now)
            move(g, GATHER_WAITS, b->waiting.next);
    }
}

struct gather *gather_next(struct gather_book *b, uint64_t now)
{
    unhold(b, now);
    while (b->n_leaving < LIMIT_GATHERS_LEAVING && !list_is_empty(&b->waiting)) {
        struct gather *g = gather_of(b->waiting.next);
        uint64_t at = may_ask_at(b, g);

        if (at > now) {
            wait_until(b, g, at);
            continue;
        }
        do
            g->nonce = rng_next(&b->nonces);
        while (!g->nonce);
        b->n_leaving++;
        g->at = UINT64_MAX;
        move(g, GATHER_LEAVES, &b->asked);
        may_ask_again(b, g, UINT64_MAX);
        return g;
    }
    return NULL;
}

void gather_hold(struct gather_book *b, struct gather *g, uint64_t until)
{
    may_ask_again(b, g, until);
    wait_until(b, g, until);
}

void gather_fail(struct gather_book *b, struct gather *g, int err, const char *why)
{
    if (g->state == GATHER_LEAVES)
        may_ask_again(b, g, 0);
    end(b, g, err, why);
}

static struct gather *find_leaving(struct gather_book *b, uint64_t tag)
{
    for (struct link *link = b->asked.next; link != &b->asked; link = link->next)
        if (gather_of(link)->nonce == tag && gather_of(link)->state == GATHER_LEAVES)
            return gather_of(link);
    return NULL;
}

void gather_sent(struct gather_book *b, uint64_t tag, bool sent, uint64_t now)
{
    struct gather *g = find_leaving(b, tag);

    if (!g)
        return;
    if (!sent) {
        gather_fail(b, g, CORDAGE_ETIMEOUT,
                    "It could not be asked: the shard was not ready for 10 minutes.");
        return;
    }
    leaves_no_more(b, g);
    g->state = GATHER_ASKED;
    g->at = now + g->timeout_ms;
    g->tries++;
    may_ask_again(b, g, now + GATHER_WHOLE_MS + WHOLE_MARGIN_MS);
}

static void try_again(struct gather_book *b, struct gather *g, const char *why)
{
    if (g->tries >= GATHER_TRIES) {
        end(b, g, CORDAGE_ETIMEOUT, why);
        return;
    }
    gather_forget_answer(g);
    wait_until(b, g, 0);
}

/* ---- Answers ------------------------------------------------------------------------
 */

bool gather_wants(const struct gather_book *b, cordage_event_type type)
{
    return !list_is_empty(&b->asked) &&
           (type == CORDAGE_EVENT_GUILD_MEMBERS_CHUNK ||
            type == CORDAGE_EVENT_SOUNDBOARD_SOUNDS ||
            type == CORDAGE_EVENT_CHANNEL_INFO || type == CORDAGE_EVENT_RATE_LIMITED);
}

/* Discord names the nonce where there was one, else the guild. */
static bool is_limited(const struct gather *g, cordage_json d)
{
    cordage_json meta = json_get(d, "meta"), nonce = json_get(meta, "nonce");
    uint64_t opcode = 0, guild_id = 0;

    if (g->state != GATHER_ASKED || !json_u64(json_get(d, "opcode"), &opcode) ||
        (int)opcode != gather_opcode(g))
        return false;
    if (!json_is_absent(nonce))
        return gather_is_named(g, nonce);
    return !json_id(json_get(meta, "guild_id"), &guild_id) || guild_id == g->guild_id ||
           g->kind == GATHER_SOUNDS;
}

static uint64_t wait_of(cordage_json d)
{
    double s = 0;

    if (!json_double(json_get(d, "retry_after"), &s) || !isfinite(s))
        s = GATHER_WHOLE_MS / 1000.0;
    if (s * 1000 < LIMITED_MIN_MS)
        return LIMITED_MIN_MS;
    if (s * 1000 > LIMITED_LONGEST_MS)
        return LIMITED_LONGEST_MS;
    return (uint64_t)(s * 1000) + LIMITED_MARGIN_MS;
}

static void take_limited(struct gather_book *b, cordage_json d, uint64_t now)
{
    struct link *link, *next;

    for (link = b->asked.next; link != &b->asked; link = next) {
        struct gather *g = gather_of(link);
        uint64_t at = now + wait_of(d);

        next = link->next;
        if (!is_limited(g, d))
            continue;
        g->tries--; /* it has not been tried at all */
        may_ask_again(b, g, at);
        if (++g->limited > GATHER_LIMITED_MAX)
            end(b, g, CORDAGE_ETIMEOUT,
                "Discord has put it off (RATE_LIMITED) 10 times.");
        else
            wait_until(b, g, at);
    }
}

struct gather *gather_take(struct gather_book *b, const struct gather_event *e,
                           uint64_t now)
{
    enum gather_taken taken = GATHER_NOT_OURS;
    struct gather *g = NULL;

    if (e->type == CORDAGE_EVENT_RATE_LIMITED) {
        take_limited(b, e->d, now);
        return NULL;
    }
    for (struct link *link = b->asked.next; link != &b->asked; link = link->next) {
        g = gather_of(link);
        taken = g->state == GATHER_ASKED ? gather_accept(g, e) : GATHER_NOT_OURS;
        if (taken != GATHER_NOT_OURS)
            break;
    }
    if (taken == GATHER_NOT_OURS)
        return NULL;
    g->at = now + g->timeout_ms;
    if (g->err || taken == GATHER_WHOLE)
        end(b, g, 0, "");
    return g->piecewise && taken != GATHER_HEARD ? g : NULL;
}

/* ---- What goes wrong ------------------------------------------------------------------
 */

void gather_new_session(struct gather_book *b)
{
    struct link *link, *next;

    for (link = b->asked.next; link != &b->asked; link = next) {
        next = link->next;
        if (gather_of(link)->state == GATHER_ASKED)
            try_again(b, gather_of(link),
                      "The session was lost before the answer had come, twice.");
    }
}

static const char *what_is_missing(const struct gather *g, char *text, size_t size)
{
    int n;

    if (g->kind == GATHER_MEMBERS && g->n_seen)
        snprintf(text, size, "Only %u of %u chunks came.", g->n_seen, g->n_chunks);
    else if (g->kind == GATHER_SOUNDS) {
        n = snprintf(text, size,
                     "No answer for %zu guilds that the bot may not be in:", g->n_ids);
        for (size_t i = 0; i < g->n_ids && (size_t)n + 24 < size; i++)
            n += snprintf(text + n, size - (size_t)n, " %llu",
                          (unsigned long long)g->ids[i]);
    } else
        snprintf(text, size, "Discord has not answered, asked %u times.", g->tries);
    return text;
}

void gather_tick(struct gather_book *b, bool hears, uint64_t now)
{
    struct link *link, *next;
    char why[sizeof((struct gather *)0)->why];

    for (link = b->asked.next; link != &b->asked; link = next) {
        struct gather *g = gather_of(link);

        next = link->next;
        if (g->state != GATHER_ASKED || g->at > now)
            continue;
        if (hears)
            try_again(b, g, what_is_missing(g, why, sizeof why));
        else
            g->at = now + g->timeout_ms;
    }
}

static uint64_t earliest(const struct link *list, uint64_t at)
{
    for (const struct link *link = list->next; link != list; link = link->next) {
        const struct gather *g = CONTAINER_OF(link, struct gather, link);

        at = g->at < at ? g->at : at;
    }
    return at;
}

uint64_t gather_deadline(const struct gather_book *b, uint64_t now)
{
    if (!list_is_empty(&b->waiting) && b->n_leaving < LIMIT_GATHERS_LEAVING)
        return now;
    return earliest(&b->asked, earliest(&b->held, UINT64_MAX));
}

void gather_end(struct gather_book *b, int err, const char *why)
{
    list_join(&b->asked, &b->held);
    list_join(&b->asked, &b->waiting);
    while (!list_is_empty(&b->asked))
        end(b, gather_of(b->asked.next), err, why);
}

struct gather *gather_pop_over(struct gather_book *b)
{
    struct link *link = list_pop(&b->over);

    return link ? gather_of(link) : NULL;
}
