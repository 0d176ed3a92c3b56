/* gather.h - questions that Discord answers by events, and the answers, gathered. Pure.
 *
 * Members come in chunks, sounds guild by guild, channel information in one piece, all of
 * it among the events of everything else. A gather is one such question to one shard, a
 * book holds the questions of a shard. Its owner, the shard's loop, sends what
 * gather_next yields, feeds events to gather_take, and picks up what is over.
 *
 *     WAITS --> LEAVES --> ASKED --> OVER
 *       ^                    |
 *       +--------------------+   RATE_LIMITED: when Discord says; without an answer in
 *                                time, or with a new session: once more
 *
 * LEAVES lasts until the shard's budget lets the question go, which only then is due an
 * answer. A RESUME changes nothing: what was missed is replayed. Each try has a nonce of
 * its own, so that late chunks of an earlier one can't mix with it.
 *
 * Discord lets a bot ask for all members of a guild once in 30 s; a second such question
 * waits here, without asking. Not locked; time is passed in. */
#ifndef CLIENT_GATHER_H
#define CLIENT_GATHER_H

#include "event.h"
#include "list.h"
#include "payload.h"
#include "rng.h"

enum {
    GATHER_TIMEOUT_MS = 30 * 1000, /* since the last piece, unless asked otherwise */
    GATHER_TRIES = 2,
    GATHER_LIMITED_MAX = 10, /* RATE_LIMITEDs that one question survives */
    GATHER_WHOLE_MS = 30 * 1000,
    GATHER_RECENT = 128, /* whole lists remembered: a connection sends 120 in a minute */
    /* Guilds in one request for sounds, so that it fits into a payload. */
    GATHER_GUILDS_MAX = 150
};

enum gather_kind {
    GATHER_MEMBERS, /* op 8 */
    GATHER_SOUNDS,  /* op 31 */
    GATHER_CHANNELS /* op 43 */
};

enum gather_state {
    GATHER_WAITS,  /* to be sent, not before `at` */
    GATHER_LEAVES, /* handed to the shard */
    GATHER_ASKED,  /* sent; a piece of the answer is due by `at` */
    GATHER_OVER    /* `err` says how */
};

struct gather {
    struct link link; /* on one of its book's lists, from gather_add until pop_over */
    /* The question: set by gather_init_*, then only read; but for `ids`. */
    enum gather_kind kind;
    uint64_t guild_id; /* MEMBERS, CHANNELS */
    char *query;       /* MEMBERS, owned; NULL: by ids */
    uint32_t limit;
    bool presences;
    bool piecewise; /* MEMBERS: chunks are not kept but handed on, one by one */
    uint64_t *ids;  /* owned. MEMBERS: users. SOUNDS: the guilds that have not answered */
    size_t n_ids;
    uint32_t timeout_ms;
    /* How it stands. */
    enum gather_state state;
    uint64_t at;
    uint64_t nonce; /* of this try; also its tag at the shard */
    unsigned tries, limited;
    int err;
    char why[160]; /* a sentence when err */
    /* The answer so far. */
    uint8_t *seen; /* a bit for each chunk; owned */
    uint32_t n_chunks, n_seen;
    uint64_t n_members;
    struct buf items; /* members, sounds or channels: JSON, separated by commas */
    struct buf presence_items, not_found;
};

/* All members of a guild that were asked for lately, and when they may be again. */
struct gather_recent {
    uint64_t guild_id;
    uint64_t again_at; /* UINT64_MAX: a question is on its way */
};

/* The questions of one shard. */
struct gather_book {
    struct link waiting; /* WAITS, in the order they came */
    struct link held;    /* WAITS, for their `at` */
    struct link asked;   /* LEAVES and ASKED */
    struct link over;
    unsigned n, n_leaving;        /* all that are not over; LEAVES */
    struct gather_recent *recent; /* NULL: none yet, or no memory */
    struct rng nonces;
};

/* An event that may be an answer. */
struct gather_event {
    cordage_event_type type;
    cordage_json d;
    struct str payload; /* the whole envelope */
};

/* Each fills a zeroed gather, to be released also on failure. CORDAGE_ENOMEM, or
 * CORDAGE_EINVAL: the question is longer than Discord takes. `f->nonce` is not used. */
int gather_init_members(struct gather *g, const struct members_fields *f);
int gather_init_sounds(struct gather *g, const uint64_t *guild_ids, size_t n);
int gather_init_channels(struct gather *g, uint64_t guild_id);
void gather_release(struct gather *g);
/* The payload of its present try, behind what `out` holds. CORDAGE_ENOMEM. */
int gather_write(const struct gather *g, struct buf *out);
/* Puts the answer behind what `out` holds, as JSON: MEMBERS an object, or nothing where
 * `err` is set; SOUNDS and CHANNELS the bodies of the events that came, separated by
 * commas. `g` gives up what it held. CORDAGE_ENOMEM. */
int gather_result(struct gather *g, struct buf *out);

void gather_book_init(struct gather_book *b, uint64_t seed);
/* When it is empty. */
void gather_book_release(struct gather_book *b);
/* Borrows `g` until gather_pop_over yields it. */
void gather_add(struct gather_book *b, struct gather *g);
/* One that may be sent now, and LEAVES; NULL: none. */
struct gather *gather_next(struct gather_book *b, uint64_t now);
/* The shard could not take it: it WAITS, for a moment or for good an error. */
void gather_hold(struct gather_book *b, struct gather *g, uint64_t until);
/* It fails, also when its answer has just come. */
void gather_fail(struct gather_book *b, struct gather *g, int err, const char *why);
/* What became of the one with this tag: it was sent, or the shard gave it up. */
void gather_sent(struct gather_book *b, uint64_t tag, bool sent, uint64_t now);
/* Whether an event of this type may be an answer to something in the book. */
bool gather_wants(const struct gather_book *b, cordage_event_type type);
/* Takes the event if it is an answer. Returns the piecewise one whose chunk this is, for
 * the first time; else NULL. */
struct gather *gather_take(struct gather_book *b, const struct gather_event *e,
                           uint64_t now);
/* READY: what was asked of the last session is asked again. */
void gather_new_session(struct gather_book *b);
/* gather_deadline has come. `hears`: events can come in; otherwise nothing is late. */
void gather_tick(struct gather_book *b, bool hears, uint64_t now);
uint64_t gather_deadline(const struct gather_book *b, uint64_t now);
/* All of them are over. */
void gather_end(struct gather_book *b, int err, const char *why);
struct gather *gather_pop_over(struct gather_book *b);

/* gather_answer.c, used by gather.c: */
enum gather_taken {
    GATHER_NOT_OURS, /* an answer to something else */
    GATHER_HEARD,    /* ours, but nothing new; or its `err` is set */
    GATHER_PIECE,    /* more is to come */
    GATHER_WHOLE     /* that was the last of it */
};
enum gather_taken gather_accept(struct gather *g, const struct gather_event *e);
/* Whether a `nonce` is that of its present try. */
bool gather_is_named(const struct gather *g, cordage_json nonce);
cordage_event_type gather_answer_type(const struct gather *g);
int gather_opcode(const struct gather *g);
/* Another try begins. */
void gather_forget_answer(struct gather *g);

#endif
