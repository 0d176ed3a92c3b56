/* world.h - the guilds, channels and people of the simulated Discord.
 *
 * Made from a seed, the same each time, and cheap: a guild is a few words until
 * somebody asks for its JSON, so that thousands start at once. Names, topics and
 * the like follow from the ids and the seed (seed.h). A guild that was changed keeps
 * what it has become (changes.h); everything here answers from that, then.
 *
 * Ids look like Discord's. Guild number i is on shard i % n for every n up to 16
 * (and for 18, 20, 21, 22, 24, 26, 28, 30, 32, 64 and more), so that a few guilds
 * meet every shard. What belongs to a guild (channels, roles, emoji) has ids of
 * later milliseconds: taking a shard from a channel's id gives a wrong one, as it
 * does at Discord. People are in several guilds.
 *
 * Member 0 of every guild is the bot, member 1 its owner. Channel 0 is a category,
 * then come `n_text` text channels under it, and a voice channel; what else there is
 * stands behind them. These never go, whatever happens. Role 0 is @everyone (its id is
 * the guild's), role 1 the bot's own. Every fourth guild is rich, or all: channels of all
 * types, threads, stickers, sounds, a stage, events.
 *
 * There may be several bots. The first is member 0 of each guild; the others are in all
 * guilds, too, and stand behind the people, so that nothing else is another world for
 * them. They are numbered from 0. */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "json_write.h"
#include "map.h"
#include "rng.h"

enum {
    WORLD_GUILDS_MAX = 1000000,
    WORLD_MEMBERS_MAX = 10000,
    WORLD_TEXT_MAX = 6,
    WORLD_BOTS_MAX = 64, /* a set of them is one word */
    WORLD_RICH_EVERY = 4,
};
#define WORLD_EPOCH_MS 1420070400000ULL /* a snowflake's time counts from here */

/* What a guild has lists of. Presences go by the user: they are the same everywhere. */
enum world_list {
    LIST_CHANNELS,
    LIST_THREADS, /* the active ones */
    LIST_ROLES,
    LIST_EMOJIS,
    LIST_STICKERS,
    LIST_SOUNDS,
    LIST_MEMBERS, /* without `user` */
    LIST_VOICE,   /* by user id; without the bot's */
    LIST_STAGES,
    LIST_EVENTS,
    LIST_ARCHIVED,   /* threads that are not active: nobody is told of them */
    LIST_VOICE_INFO, /* by channel: status, voice_start_time */
    /* What only REST tells of; nobody begins with any. */
    LIST_WEBHOOKS, /* with `user` and `token` */
    LIST_INVITES,  /* with metadata; by an id of ours */
    LIST_BANS,     /* by user id */
    LIST_AUDIT,    /* what bots did; by the entry's id */
    WORLD_LISTS
};

enum channel_type {
    CHANNEL_TEXT = 0,
    CHANNEL_DM = 1,
    CHANNEL_VOICE = 2,
    CHANNEL_CATEGORY = 4,
    CHANNEL_ANNOUNCEMENT = 5,
    CHANNEL_ANNOUNCEMENT_THREAD = 10,
    CHANNEL_PUBLIC_THREAD = 11,
    CHANNEL_PRIVATE_THREAD = 12,
    CHANNEL_STAGE = 13,
    CHANNEL_FORUM = 15,
    CHANNEL_MEDIA = 16,
};

struct changes;

struct world_member {
    uint64_t user_id;
    uint32_t index; /* in its guild; 0: the bot */
};

struct world_guild {
    uint64_t id;
    uint64_t said;      /* the running number of its last traffic message */
    uint32_t index;     /* 0, 1, 2… */
    uint32_t n_members; /* with the bots */
    uint32_t n_text;    /* text channels: 3 to 6 */
    uint64_t last_messages[WORLD_TEXT_MAX]; /* of the text channels; 0: none */
    struct changes *changes;                /* owned; NULL: all is as the seed made it */
    bool is_rich;
    bool unavailable; /* in an outage */
    bool is_gone;     /* no bot is in it */
};

/* A bot in a guild. */
struct world_stay {
    uint64_t voice_channel;    /* where it is; 0: nowhere */
    uint64_t voice_session;    /* changes with every join */
    uint64_t members_again_at; /* when the whole list may be asked for again */
    uint64_t added_at;         /* when it was added again (Unix ms); 0: never */
    bool voice_mute, voice_deaf;
    bool is_gone; /* it is not in the guild */
};

/* A person who was changed. */
struct world_person {
    char *user;     /* the members of the user object; NULL: as the seed made them */
    char *presence; /* of the presence, without `user`; NULL: likewise */
    char username[64];
    bool is_online;
};

struct world {
    uint64_t seed;
    uint64_t bot_id;               /* of bot 0; its application has the same id */
    uint64_t bots[WORLD_BOTS_MAX]; /* the ids of all */
    uint32_t n_bots;               /* at least 1 */
    struct world_guild *guilds;    /* owned; by index */
    struct world_stay *stays;      /* owned; of each guild, of each bot: world_stay */
    uint32_t n_guilds;
    uint32_t n_people;
    struct map guild_by_id;
    struct map people;       /* user id -> struct world_person, owned */
    struct map new_channels; /* a later channel's or thread's id -> its guild */
    uint64_t last_snowflake;
    /* For the merging of JSON (changes.h). */
    struct json_parser *parsers[2];
    struct buf scratch[3];
};

/* `members` per guild, with the bot; 0: some dozens. CORDAGE_ENOMEM, CORDAGE_ELIMIT. */
int world_init(struct world *w, uint32_t n_guilds, uint32_t members, uint64_t seed);
void world_release(struct world *w);

/* Makes every guild rich. Before anything is read. */
void world_make_rich(struct world *w);
/* `n` bots more, in every guild. Before anything is read. CORDAGE_ENOMEM, CORDAGE_ELIMIT.
 */
int world_add_bots(struct world *w, uint32_t n);

/* Bot `bot` in this guild. */
static inline struct world_stay *world_stay(const struct world *w,
                                            const struct world_guild *g, uint32_t bot)
{
    return &w->stays[(size_t)g->index * w->n_bots + bot];
}
/* Which bot has this id; WORLD_BOTS_MAX: none. */
uint32_t world_find_bot(const struct world *w, uint64_t user_id);
static inline bool world_is_bot(const struct world *w, uint64_t user_id)
{
    return world_find_bot(w, user_id) != WORLD_BOTS_MAX;
}
/* NULL: no such guild, or no bot is in it. */
struct world_guild *world_find_guild(const struct world *w, uint64_t guild_id);
/* The guild of a channel and which of its channels it is; NULL: no such channel. */
struct world_guild *world_find_channel(const struct world *w, uint64_t channel_id,
                                       uint32_t *index);
/* The same for an active thread. */
struct world_guild *world_find_thread(const struct world *w, uint64_t thread_id,
                                      uint32_t *index);
/* The same for one that is archived. */
struct world_guild *world_find_archived(const struct world *w, uint64_t thread_id,
                                        uint32_t *index);
uint32_t world_n_channels(const struct world_guild *g);
uint64_t world_channel_id(const struct world_guild *g, uint32_t index);
enum channel_type world_channel_type(const struct world_guild *g, uint32_t index);
/* Of an active thread. */
enum channel_type world_thread_type(const struct world *w, const struct world_guild *g,
                                    uint64_t thread_id);
/* The guild's voice channel that always is there. */
static inline uint32_t world_voice_channel(const struct world_guild *g)
{
    return g->n_text + 1;
}
/* Whether it is one of the text channels that always are there. */
static inline bool world_channel_is_text(const struct world_guild *g, uint32_t index)
{
    return index >= 1 && index <= g->n_text;
}
uint64_t world_role_id(const struct world_guild *g, uint32_t index);
struct world_member world_member(const struct world *w, const struct world_guild *g,
                                 uint32_t index);
bool world_find_member(const struct world *w, const struct world_guild *g,
                       uint64_t user_id, struct world_member *out);
/* Whether anybody has this id: a bot, or a person. */
bool world_has_user(const struct world *w, uint64_t user_id);
/* Person `number` of n_people. */
uint64_t world_person_id(const struct world *w, uint32_t number);
/* The username, borrowed from `out`. */
struct str world_username(const struct world *w, uint64_t user_id, char out[64]);
bool world_is_online(const struct world *w, uint64_t user_id);
/* A new id, later than all before. */
uint64_t world_snowflake(struct world *w, uint64_t wall_ms);
/* A number that follows from the seed, `id` and `what` alone. */
uint64_t world_chance(const struct world *w, uint64_t id, uint32_t what);
/* Somebody said something there: channels and threads remember the last. CORDAGE_ENOMEM.
 */
int world_said(struct world *w, struct world_guild *g, uint64_t channel_id,
               uint64_t message_id);

/* ---- Lists ---------------------------------------------------------------------- */

uint32_t world_count(const struct world *w, const struct world_guild *g,
                     enum world_list list);
uint64_t world_id_at(const struct world *w, const struct world_guild *g,
                     enum world_list list, uint32_t index);
/* Which of the list it is; false: none. */
bool world_find(const struct world *w, const struct world_guild *g, enum world_list list,
                uint64_t id, uint32_t *index);
/* Writes the object's members, as GUILD_CREATE has them, into the object that is open. */
void world_put(const struct world *w, const struct world_guild *g, enum world_list list,
               uint32_t index, struct json_writer *j);
/* The whole object. */
void world_write(const struct world *w, const struct world_guild *g, enum world_list list,
                 uint32_t index, struct json_writer *j);
/* All of the list, as an array. */
void world_write_list(const struct world *w, const struct world_guild *g,
                      enum world_list list, struct json_writer *j);

/* ---- JSON of whole objects ------------------------------------------------------ */

/* Anybody, as others see them. */
void world_write_user(const struct world *w, uint64_t user_id, struct json_writer *j);
/* A bot as it sees itself: READY's `user`, /users/@me. */
void world_write_self(const struct world *w, uint32_t bot, struct json_writer *j);
void world_put_self(const struct world *w, uint32_t bot, struct json_writer *j);
/* One of a message's `mentions`: a user, on the gateway with `member`. */
void world_write_mention(const struct world *w, const struct world_guild *g,
                         const struct world_member *m, bool with_member,
                         struct json_writer *j);
/* `with_user` false as in MESSAGE_CREATE's `member`. */
void world_write_member(const struct world *w, const struct world_guild *g,
                        const struct world_member *m, bool with_user,
                        struct json_writer *j);
/* The member's members, with `user`, into the object that is open. */
void world_put_member(const struct world *w, const struct world_guild *g,
                      const struct world_member *m, bool with_user,
                      struct json_writer *j);
/* `with_guild` as in REST and in CHANNEL_UPDATE; without as in GUILD_CREATE. */
void world_write_channel(const struct world *w, const struct world_guild *g,
                         uint32_t index, bool with_guild, struct json_writer *j);
/* `{user, status, activities, client_status}`. */
void world_write_presence(const struct world *w, uint64_t user_id, struct json_writer *j);
/* Its members into the object that is open; `with_user`: with {id}. */
void world_put_presence(const struct world *w, uint64_t user_id, bool with_user,
                        struct json_writer *j);
/* A bot's voice state; `with_guild`: with guild_id and member, as VOICE_STATE_UPDATE. */
void world_write_bot_voice(const struct world *w, const struct world_guild *g,
                           uint32_t bot, bool with_guild, struct json_writer *j);
bool world_is_in_voice(const struct world *w, const struct world_guild *g,
                       uint64_t user_id);

/* What GUILD_CREATE says beyond the guild, for one session. */
struct world_create {
    uint32_t large_threshold;
    bool presences; /* it has the GUILD_PRESENCES intent: more members, and presences */
    bool joined;    /* the bot was added just now: without `unavailable` */
    bool all;       /* everybody and everything, whoever asks: the truth */
    uint32_t bot;   /* for whom */
};
/* The guild's own fields with roles, emojis and stickers, into the object that is open:
 * GUILD_UPDATE. */
void world_put_plain(const struct world *w, const struct world_guild *g,
                     struct json_writer *j);
/* The guild object: with `create` NULL as REST has it, else GUILD_CREATE's body. */
void world_put_guild(const struct world *w, const struct world_guild *g,
                     const struct world_create *create, struct json_writer *j);
void world_write_guild(const struct world *w, const struct world_guild *g,
                       const struct world_create *create, struct json_writer *j);

#endif
