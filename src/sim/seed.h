/* seed.h - the world as the seed made it, before anything changed.
 *
 * Everything follows from the seed and the ids. Objects are written as GUILD_CREATE has
 * them, member by member into an object that is open. Internal to world*.c. */
#ifndef SIM_SEED_H
#define SIM_SEED_H

#include "world.h"

enum {
    /* What belongs to a guild: its id is `part` milliseconds later, and `part` stands in
     * the id's last eight bits, which a guild's own id has zero. */
    PART_CHANNEL = 1,
    PART_ROLE = 64,
    PART_EMOJI = 96,
    PART_STICKER = 128,
    PART_SOUND = 144,
    PART_TAG = 160,
    PART_THREAD = 176,
    PART_STAGE = 192,
    PART_EVENT = 200,
};
#define PART_STEP ((1ULL << 22) + 1)

static inline uint64_t seed_part(const struct world_guild *g, uint32_t part)
{
    return g->id + part * PART_STEP;
}

/* One of a table, as `id` and `what` say. */
#define PICK(w, table, id, what) \
    ((table)[world_chance(w, id, what) % (sizeof(table) / sizeof *(table))])

uint32_t seed_count(const struct world *w, const struct world_guild *g,
                    enum world_list list);
uint64_t seed_id(const struct world *w, const struct world_guild *g, enum world_list list,
                 uint32_t index);
void seed_put(const struct world *w, const struct world_guild *g, enum world_list list,
              uint32_t index, struct json_writer *j);
/* A guild's own fields, without any list but `features`. */
void seed_put_guild(const struct world *w, const struct world_guild *g,
                    struct json_writer *j);
enum channel_type seed_channel_type(const struct world_guild *g, uint32_t index);

/* seed_people.c */
struct str seed_username(const struct world *w, uint64_t user_id, char out[64]);
void seed_put_user(const struct world *w, uint64_t user_id, struct json_writer *j);
/* Whether the member has a nickname or a role, which large guilds tell. */
bool seed_member_stands_out(const struct world *w, const struct world_guild *g,
                            uint64_t user_id);
void seed_put_member(const struct world *w, const struct world_guild *g, uint64_t user_id,
                     struct json_writer *j);
bool seed_is_online(const struct world *w, uint64_t user_id);
/* Without `user`. */
void seed_put_presence(const struct world *w, uint64_t user_id, struct json_writer *j);
uint32_t seed_n_voice(const struct world *w, const struct world_guild *g);
/* Those in voice are members 2, 3… */
void seed_put_voice(const struct world *w, const struct world_guild *g, uint32_t index,
                    struct json_writer *j);
uint64_t seed_member_id(const struct world *w, const struct world_guild *g,
                        uint32_t index);

/* seed_channels.c */
uint32_t seed_n_channels(const struct world_guild *g);
void seed_put_channel(const struct world *w, const struct world_guild *g, uint32_t index,
                      struct json_writer *j);
enum channel_type seed_thread_type(uint32_t index);
uint32_t seed_n_threads(const struct world_guild *g);
void seed_put_thread(const struct world *w, const struct world_guild *g, uint32_t index,
                     struct json_writer *j);
void seed_put_stage(const struct world_guild *g, struct json_writer *j);
void seed_put_event(const struct world *w, const struct world_guild *g, uint32_t index,
                    struct json_writer *j);

/* A joining, within two years of the guild's beginning. */
uint64_t seed_joined_ms(const struct world *w, const struct world_guild *g,
                        uint64_t user_id);
/* A hash of an image of `id`, or null. */
void seed_put_hash(const struct world *w, const char *key, uint64_t id, uint32_t what,
                   struct json_writer *j);

#endif
