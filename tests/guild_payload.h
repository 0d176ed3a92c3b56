/* guild_payload.h - a guild as Discord sends it, made from a seed.
 *
 * Names, topics, overwrites, hashes and activities have the lengths and the variety of
 * real ones, undocumented keys that the wire has (`version`…) included. The same numbers
 * give the same text, byte for byte. */
#ifndef GUILD_PAYLOAD_H
#define GUILD_PAYLOAD_H

#include "buf.h"
#include "cordage/cache.h"

struct guild_payload {
    uint64_t seed;
    /* Guilds with the same one have their users from one crowd; 0: each its own. */
    uint64_t crowd;
    /* How many of each. There is always a role, @everyone, whose id is the guild's. */
    unsigned channels, threads, roles, members, emojis, stickers, presences, voice_states,
        stage_instances, scheduled_events, sounds;
    /* Documented fields are now and then absent, null, or written in a way that is rare;
     * unknown keys are strewn in. All values have their documented types. */
    bool odd;
};

/* A GUILD_CREATE of about 57 KB. */
#define GUILD_PAYLOAD_57K                     \
    ((struct guild_payload){ .seed = 57,      \
                             .channels = 40,  \
                             .roles = 25,     \
                             .members = 50,   \
                             .emojis = 16,    \
                             .presences = 10, \
                             .voice_states = 3 })
/* Something of every kind. */
#define GUILD_PAYLOAD_ALL                           \
    ((struct guild_payload){ .seed = 1,             \
                             .channels = 12,        \
                             .threads = 4,          \
                             .roles = 6,            \
                             .members = 8,          \
                             .emojis = 4,           \
                             .stickers = 3,         \
                             .presences = 6,        \
                             .voice_states = 3,     \
                             .stage_instances = 1,  \
                             .scheduled_events = 3, \
                             .sounds = 3 })

/* The id of the guild's nth object of a kind; `n` is ignored for the guild itself. The
 * ids of users, members, presences and voice states are one and the same. */
cordage_id guild_payload_id(const struct guild_payload *p, cordage_kind kind, unsigned n);
/* Appends `d` of a GUILD_CREATE. CORDAGE_ENOMEM. */
int guild_payload_write(const struct guild_payload *p, struct buf *out);
/* Appends one object as the guild's list has it: the nth of its kind, USERS as a member's
 * `user`. `version` 0 is what guild_payload_write writes; others differ from it in their
 * content, as after an update. CORDAGE_ENOMEM. */
int guild_payload_object(const struct guild_payload *p, cordage_kind kind, unsigned n,
                         unsigned version, struct buf *out);

#endif
