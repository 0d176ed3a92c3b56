/* world.h - the guilds, channels and people of the simulated Discord.
 *
 * Made from a seed, the same each time, and cheap: a guild is a few words until
 * somebody asks for its JSON, so that thousands start at once. Names, topics and
 * the like follow from the id and the seed. Member 0 of every guild is the bot. */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "json_write.h"
#include "map.h"
#include "rng.h"

struct world_member {
    uint64_t user_id;
    uint32_t index; /* in its guild; 0: the bot */
};

struct world_guild {
    uint64_t id;
    uint32_t index;          /* 0, 1, 2… */
    uint32_t n_channels;     /* text channels, then one voice channel, under one category */
    uint32_t n_members;      /* with the bot */
    uint64_t said;           /* the running number of its last traffic message */
    uint64_t voice_channel;  /* where the bot is; 0: nowhere */
    bool unavailable;
};

struct world {
    uint64_t seed;
    uint64_t bot_id, application_id;
    struct world_guild *guilds; /* owned */
    uint32_t n_guilds;
    struct map guild_by_id, guild_by_channel;
    struct rng rng;
    uint64_t last_snowflake;
};

int world_init(struct world *w, uint32_t n_guilds, uint64_t seed, uint64_t wall_ms);
void world_release(struct world *w);
struct world_guild *world_find_guild(const struct world *w, uint64_t guild_id);
struct world_guild *world_guild_of_channel(const struct world *w, uint64_t channel_id);
uint64_t world_channel_id(const struct world_guild *g, uint32_t index);
struct world_member world_member(const struct world *w, const struct world_guild *g,
                                 uint32_t index);
bool world_find_member(const struct world *w, const struct world_guild *g, uint64_t user_id,
                       struct world_member *out);
/* A new id, later than all before. */
uint64_t world_snowflake(struct world *w, uint64_t wall_ms);

/* JSON of whole objects. */
void world_write_bot_user(const struct world *w, struct json_writer *j, bool private_fields);
void world_write_user(const struct world *w, const struct world_guild *g,
                      const struct world_member *m, struct json_writer *j);
void world_write_member(const struct world *w, const struct world_guild *g,
                        const struct world_member *m, bool with_user, struct json_writer *j);
void world_write_channel(const struct world *w, const struct world_guild *g, uint32_t index,
                         bool with_guild_id, struct json_writer *j);
/* The guild object; with `create`, what GUILD_CREATE has besides. */
void world_write_guild(const struct world *w, const struct world_guild *g, bool create,
                       bool all_members, struct json_writer *j);

#endif
