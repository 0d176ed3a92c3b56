#include "world.h"

#include <stdio.h>
#include <stdlib.h>

#include "error.h"
#include "mem.h"

/* Ids, in milliseconds since Discord's epoch: people of 2015, guilds of 2016 to 2021, the
 * bot of 2022. */
#define PEOPLE_FROM_MS 2600000000ULL
#define GUILDS_FROM_MS                                              \
    (2882880ULL * 10950) /* a multiple of GUILD_STEP_MS: early 2016 \
                          */
#define BOT_FROM_MS 222000000000ULL

enum {
    PEOPLE_STEP_MS = 7919,
    /* The least common multiple of 1 to 16, times four: two guilds whose milliseconds
     * agree modulo this agree modulo every small shard count. */
    GUILD_STEP_MS = 2882880,
    GUILD_STEPS = 60000,
    FEWEST_PEOPLE = 64,
    PEOPLE_PER_GUILD = 3, /* that its neighbour does not have */
    /* What belongs to a guild: its id is `part` milliseconds later, and `part` stands in
     * the id's last eight bits, which a guild's own id has zero. */
    PART_CHANNEL = 1,
    PART_ROLE = 64,
};
#define PART_STEP ((1ULL << 22) + 1)

uint64_t world_chance(const struct world *w, uint64_t id, uint32_t what)
{
    struct rng rng = rng_seeded(w->seed ^ (id * 0x2545f4914f6cdd1dULL) ^ what);

    rng_next(&rng);
    return rng_next(&rng);
}

/* A snowflake of `ms`, with a worker and process that differ from id to id. */
static uint64_t snowflake(uint64_t ms, uint64_t chance)
{
    return ms << 22 | (chance & 0x3fff) << 8;
}

static void make_guild(struct world *w, uint32_t index, uint32_t members)
{
    struct world_guild *g = &w->guilds[index];
    struct rng rng = rng_seeded(w->seed + 0x9e3779b97f4a7c15ULL * (index + 1));
    uint64_t ms = GUILDS_FROM_MS + GUILD_STEP_MS * rng_below(&rng, GUILD_STEPS) + index;

    *g = (struct world_guild){ .index = index };
    g->id = snowflake(ms, rng_next(&rng));
    g->n_text = 3 + (uint32_t)rng_below(&rng, 4);
    g->n_members = members ? members : 12 + (uint32_t)rng_below(&rng, 37);
}

int world_init(struct world *w, uint32_t n_guilds, uint32_t members, uint64_t seed)
{
    int err = CORDAGE_ENOMEM;

    *w = (struct world){ .seed = seed, .n_guilds = n_guilds };
    if (n_guilds > WORLD_GUILDS_MAX || members > WORLD_MEMBERS_MAX)
        return CORDAGE_ELIMIT;
    w->n_people = FEWEST_PEOPLE + members + PEOPLE_PER_GUILD * n_guilds;
    w->bot_id = snowflake(BOT_FROM_MS, seed * 0x9e3779b97f4a7c15ULL >> 40);
    w->guilds = calloc(n_guilds ? n_guilds : 1, sizeof *w->guilds);
    if (!w->guilds)
        goto fail;
    for (uint32_t i = 0; i < n_guilds; i++) {
        make_guild(w, i, members);
        err = map_put(&w->guild_by_id, w->guilds[i].id, &w->guilds[i]);
        if (err)
            goto fail;
    }
    return 0;
fail:
    world_release(w);
    return err;
}

void world_release(struct world *w)
{
    map_release(&w->guild_by_id);
    free(w->guilds);
    *w = (struct world){ 0 };
}

struct world_guild *world_find_guild(const struct world *w, uint64_t guild_id)
{
    return w->guild_by_id.n ? map_get(&w->guild_by_id, guild_id) : NULL;
}

uint32_t world_n_channels(const struct world_guild *g)
{
    return g->n_text + 2;
}

uint64_t world_channel_id(const struct world_guild *g, uint32_t index)
{
    return g->id + (PART_CHANNEL + index) * PART_STEP;
}

struct world_guild *world_find_channel(const struct world *w, uint64_t channel_id,
                                       uint32_t *index)
{
    uint64_t part = channel_id & 0xff;
    struct world_guild *g = world_find_guild(w, channel_id - part * PART_STEP);

    if (!g || part < PART_CHANNEL || part - PART_CHANNEL >= world_n_channels(g))
        return NULL;
    *index = (uint32_t)part - PART_CHANNEL;
    return g;
}

uint64_t world_role_id(const struct world_guild *g, uint32_t index)
{
    return index ? g->id + (PART_ROLE + index) * PART_STEP : g->id;
}

/* ---- People --------------------------------------------------------------------- */

static uint64_t person_id(const struct world *w, uint32_t number)
{
    uint64_t ms = PEOPLE_FROM_MS + (uint64_t)PEOPLE_STEP_MS * number;

    return snowflake(ms, world_chance(w, ms, 'p'));
}

static bool person_number(const struct world *w, uint64_t user_id, uint32_t *number)
{
    uint64_t ms = user_id >> 22, n;

    if (ms < PEOPLE_FROM_MS)
        return false;
    n = (ms - PEOPLE_FROM_MS) / PEOPLE_STEP_MS;
    if (n >= w->n_people || person_id(w, (uint32_t)n) != user_id)
        return false;
    *number = (uint32_t)n;
    return true;
}

/* Members 1, 2, 3… of a guild are neighbours in the row of people, which is a ring. */
static uint32_t first_person(const struct world *w, const struct world_guild *g)
{
    return (uint32_t)((uint64_t)g->index * PEOPLE_PER_GUILD % w->n_people);
}

struct world_member world_member(const struct world *w, const struct world_guild *g,
                                 uint32_t index)
{
    struct world_member m = { .user_id = w->bot_id, .index = index };

    if (index)
        m.user_id = person_id(w, (first_person(w, g) + index - 1) % w->n_people);
    return m;
}

bool world_find_member(const struct world *w, const struct world_guild *g,
                       uint64_t user_id, struct world_member *out)
{
    uint32_t number, index;

    if (user_id == w->bot_id) {
        *out = (struct world_member){ .user_id = user_id };
        return true;
    }
    if (!person_number(w, user_id, &number))
        return false;
    index = 1 + (number + w->n_people - first_person(w, g)) % w->n_people;
    if (index >= g->n_members)
        return false;
    *out = (struct world_member){ .user_id = user_id, .index = index };
    return true;
}

bool world_has_user(const struct world *w, uint64_t user_id)
{
    uint32_t number;

    return user_id == w->bot_id || person_number(w, user_id, &number);
}

bool world_is_online(const struct world *w, const struct world_member *m)
{
    return m->index == 0 || world_chance(w, m->user_id, 'o') % 3 != 0;
}

uint64_t world_snowflake(struct world *w, uint64_t wall_ms)
{
    uint64_t id = (wall_ms > WORLD_EPOCH_MS ? wall_ms - WORLD_EPOCH_MS : 0) << 22;

    if (id <= w->last_snowflake)
        id = w->last_snowflake + 1;
    w->last_snowflake = id;
    return id;
}
