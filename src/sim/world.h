/* world.h - the guilds, channels and people of the simulated Discord.
 *
 * Made from a seed, the same each time, and cheap: a guild is a few words until
 * somebody asks for its JSON, so that thousands start at once. Names, topics and
 * the like follow from the ids and the seed.
 *
 * Ids look like Discord's. Guild number i is on shard i % n for every n up to 16
 * (and for 18, 20, 21, 22, 24, 26, 28, 30, 32, 64 and more), so that a few guilds
 * meet every shard. What belongs to a guild (channels, roles, emoji) has ids of
 * later milliseconds: taking a shard from a channel's id gives a wrong one, as it
 * does at Discord. People are in several guilds.
 *
 * Member 0 of every guild is the bot, member 1 its owner. Channel 0 is a category,
 * then come `n_text` text channels under it, and last a voice channel. Role 0 is
 * @everyone (its id is the guild's), role 1 the bot's own. */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "json_write.h"
#include "map.h"
#include "rng.h"

enum {
    WORLD_GUILDS_MAX = 1000000,
    WORLD_MEMBERS_MAX = 10000,
    WORLD_ROLES = 5,
};
#define WORLD_EPOCH_MS 1420070400000ULL /* a snowflake's time counts from here */

struct world_member {
    uint64_t user_id;
    uint32_t index; /* in its guild; 0: the bot */
};

struct world_guild {
    uint64_t id;
    uint64_t said;             /* the running number of its last traffic message */
    uint64_t voice_channel;    /* where the bot is; 0: nowhere */
    uint64_t voice_session;    /* changes with every join */
    uint64_t members_again_at; /* when the whole list may be asked for again */
    uint32_t index;            /* 0, 1, 2… */
    uint32_t n_members;        /* with the bot */
    uint32_t n_text;           /* text channels: 3 to 6 */
    bool voice_mute, voice_deaf;
    bool unavailable; /* in an outage */
};

struct world {
    uint64_t seed;
    uint64_t bot_id;            /* the application has the same id */
    struct world_guild *guilds; /* owned; by index */
    uint32_t n_guilds;
    uint32_t n_people;
    struct map guild_by_id;
    uint64_t last_snowflake;
};

/* `members` per guild, with the bot; 0: some dozens. CORDAGE_ENOMEM, CORDAGE_ELIMIT. */
int world_init(struct world *w, uint32_t n_guilds, uint32_t members, uint64_t seed);
void world_release(struct world *w);

/* NULL: no such guild. */
struct world_guild *world_find_guild(const struct world *w, uint64_t guild_id);
/* The guild of a channel and which of its channels it is; NULL: no such channel. */
struct world_guild *world_find_channel(const struct world *w, uint64_t channel_id,
                                       uint32_t *index);
/* How many channels: the category, the text channels, the voice channel. */
uint32_t world_n_channels(const struct world_guild *g);
uint64_t world_channel_id(const struct world_guild *g, uint32_t index);
static inline bool world_channel_is_text(const struct world_guild *g, uint32_t index)
{
    return index >= 1 && index <= g->n_text;
}
uint64_t world_role_id(const struct world_guild *g, uint32_t index);
struct world_member world_member(const struct world *w, const struct world_guild *g,
                                 uint32_t index);
bool world_find_member(const struct world *w, const struct world_guild *g,
                       uint64_t user_id, struct world_member *out);
/* Whether anybody has this id: the bot, or a person. */
bool world_has_user(const struct world *w, uint64_t user_id);
/* The username, borrowed from `out`. */
struct str world_username(const struct world *w, uint64_t user_id, char out[64]);
/* A new id, later than all before. */
uint64_t world_snowflake(struct world *w, uint64_t wall_ms);
/* A number that follows from the seed, `id` and `what` alone. */
uint64_t world_chance(const struct world *w, uint64_t id, uint32_t what);

/* ---- JSON of whole objects ------------------------------------------------------ */

/* Anybody, as others see them. */
void world_write_user(const struct world *w, uint64_t user_id, struct json_writer *j);
/* The bot as it sees itself: READY's `user`, /users/@me. */
void world_write_self(const struct world *w, struct json_writer *j);
/* One of a message's `mentions`: a user, on the gateway with `member`. */
void world_write_mention(const struct world *w, const struct world_guild *g,
                         const struct world_member *m, bool with_member,
                         struct json_writer *j);
/* `with_user` false as in MESSAGE_CREATE's `member`. */
void world_write_member(const struct world *w, const struct world_guild *g,
                        const struct world_member *m, bool with_user,
                        struct json_writer *j);
/* `with_guild` as in REST; without as in GUILD_CREATE. */
void world_write_channel(const struct world *w, const struct world_guild *g,
                         uint32_t index, bool with_guild, struct json_writer *j);
void world_write_role(const struct world *w, const struct world_guild *g, uint32_t index,
                      struct json_writer *j);
/* `{user, status, activities, client_status}`, for a member. */
void world_write_presence(const struct world *w, const struct world_member *m,
                          struct json_writer *j);
bool world_is_online(const struct world *w, const struct world_member *m);
/* The bot's voice state; `with_guild`: with guild_id and member, as VOICE_STATE_UPDATE.
 */
void world_write_bot_voice(const struct world *w, const struct world_guild *g,
                           bool with_guild, struct json_writer *j);

/* What GUILD_CREATE says beyond the guild, for one session. */
struct world_create {
    uint32_t large_threshold;
    bool presences; /* it has the GUILD_PRESENCES intent: more members, and presences */
};
/* The guild object: with `create` NULL as REST has it, else GUILD_CREATE's body. */
void world_write_guild(const struct world *w, const struct world_guild *g,
                       const struct world_create *create, struct json_writer *j);

#endif
