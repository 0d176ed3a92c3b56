/* guild_payload_private.h - what the files that make a guild's payload share. */
#ifndef GUILD_PAYLOAD_PRIVATE_H
#define GUILD_PAYLOAD_PRIVATE_H

#include "guild_payload.h"
#include "json_write.h"
#include "rng.h"

struct maker {
    const struct guild_payload *p;
    struct json_writer w;
    struct rng rng; /* seeded anew for each object, so that it doesn't depend on others */
};

/* True once in `n` times. */
static inline bool once_in(struct maker *m, unsigned n)
{
    return rng_below(&m->rng, n) == 0;
}

static inline uint64_t between(struct maker *m, uint64_t low, uint64_t high)
{
    return low + rng_below(&m->rng, high - low + 1);
}

#define PICK(m, words) ((words)[rng_below(&(m)->rng, sizeof(words) / sizeof *(words))])

/* Each writes a member of the object that is open. `odd` ones may leave it away, write
 * null, or write the value in another of the documented ways. */
bool begin(struct maker *m, const char *key); /* false: it is done already */
void put_text(struct maker *m, const char *key, const char *text);
void put_number(struct maker *m, const char *key, int64_t n);
void put_flag(struct maker *m, const char *key, bool yes);
void put_null(struct maker *m, const char *key);
void put_bits(struct maker *m, const char *key, uint64_t bits);
/* 0: null. */
void put_snowflake(struct maker *m, const char *key, uint64_t id);
/* Null but `percent` of the times. */
void put_hash(struct maker *m, const char *key, unsigned percent);
void put_time(struct maker *m, const char *key);       /* with microseconds, as most */
void put_plain_time(struct maker *m, const char *key); /* whole seconds */
/* What Discord sends and does not document. */
void put_noise(struct maker *m);
/* The id, always there. */
void put_own_id(struct maker *m, const char *key, uint64_t id);
/* Some of the guild's roles. */
void put_roles(struct maker *m, const char *key, unsigned most);

/* Words in a row, `n` of them, in a buffer of the caller. */
const char *sentence(struct maker *m, unsigned n, char *text, size_t size);
/* A word or two, as people name channels and emojis, with `between` in the middle. */
const char *short_name(struct maker *m, const char *between, char *text, size_t size);

/* One object each, opened and shut. */
void make_channel(struct maker *m, unsigned n);
void make_thread(struct maker *m, unsigned n);
void make_role(struct maker *m, unsigned n);
void make_emoji(struct maker *m, unsigned n);
void make_sticker(struct maker *m, unsigned n);
void make_sound(struct maker *m, unsigned n);
void make_stage(struct maker *m, unsigned n);
void make_event(struct maker *m, unsigned n);
void make_user(struct maker *m, uint64_t id);
void make_member(struct maker *m, unsigned n);
void make_presence(struct maker *m, unsigned n);
void make_voice_state(struct maker *m, unsigned n);
/* The guild's own fields, into the object that is open. */
void make_guild(struct maker *m);

#endif
