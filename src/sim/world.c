#include "world.h"

#include <stdio.h>
#include <stdlib.h>

#include "changes.h"
#include "error.h"
#include "field.h"
#include "json.h"
#include "mem.h"
#include "seed.h"

/* Ids, in milliseconds since Discord's epoch: people of 2015, guilds of 2016 to 2021, the
 * bot of 2022. */
#define PEOPLE_FROM_MS 2600000000ULL
#define GUILDS_FROM_MS                                              \
    (2882880ULL * 10950) /* a multiple of GUILD_STEP_MS: early 2016 \
                          */
#define BOT_FROM_MS 222000000000ULL
#define BOT_STEP_MS 86400000ULL

enum {
    PEOPLE_STEP_MS = 7919,
    /* The least common multiple of 1 to 16, times four: two guilds whose milliseconds
     * agree modulo this agree modulo every small shard count. */
    GUILD_STEP_MS = 2882880,
    GUILD_STEPS = 60000,
    FEWEST_PEOPLE = 64,
    PEOPLE_PER_GUILD = 3, /* that its neighbour does not have */
};

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
    g->is_rich = index % WORLD_RICH_EVERY == 0;
}

int world_init(struct world *w, uint32_t n_guilds, uint32_t members, uint64_t seed)
{
    int err = CORDAGE_ENOMEM;

    *w = (struct world){ .seed = seed, .n_guilds = n_guilds, .n_bots = 1 };
    if (n_guilds > WORLD_GUILDS_MAX || members > WORLD_MEMBERS_MAX)
        return CORDAGE_ELIMIT;
    w->n_people = FEWEST_PEOPLE + members + PEOPLE_PER_GUILD * n_guilds;
    w->bot_id = snowflake(BOT_FROM_MS, seed * 0x9e3779b97f4a7c15ULL >> 40);
    w->bots[0] = w->bot_id;
    w->guilds = calloc(n_guilds ? n_guilds : 1, sizeof *w->guilds);
    w->stays = calloc(n_guilds ? n_guilds : 1, sizeof *w->stays);
    if (!w->guilds || !w->stays)
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

static void free_person(struct world_person *p)
{
    free(p->user);
    free(p->presence);
    free(p);
}

void world_release(struct world *w)
{
    struct world_person *p;
    size_t at = 0;

    while ((p = map_next(&w->people, &at, NULL)))
        free_person(p);
    for (uint32_t i = 0; w->guilds && i < w->n_guilds; i++)
        changes_free(w->guilds[i].changes);
    for (size_t i = 0; i < sizeof w->scratch / sizeof *w->scratch; i++)
        buf_release(&w->scratch[i]);
    json_parser_free(w->parsers[0]);
    json_parser_free(w->parsers[1]);
    map_release(&w->people);
    map_release(&w->new_channels);
    map_release(&w->guild_by_id);
    free(w->guilds);
    free(w->stays);
    *w = (struct world){ 0 };
}

void world_make_rich(struct world *w)
{
    for (uint32_t i = 0; i < w->n_guilds; i++)
        w->guilds[i].is_rich = true;
}

int world_add_bots(struct world *w, uint32_t n)
{
    struct world_stay *stays;

    if (n > WORLD_BOTS_MAX - w->n_bots)
        return CORDAGE_ELIMIT;
    stays =
        calloc((size_t)(w->n_guilds ? w->n_guilds : 1) * (w->n_bots + n), sizeof *stays);
    if (!stays)
        return CORDAGE_ENOMEM;
    free(w->stays);
    w->stays = stays;
    for (uint32_t i = 0; i < w->n_guilds; i++)
        w->guilds[i].n_members += n;
    for (; n; n--, w->n_bots++)
        w->bots[w->n_bots] = snowflake(BOT_FROM_MS + w->n_bots * BOT_STEP_MS,
                                       world_chance(w, w->bot_id + w->n_bots, 'b'));
    return 0;
}

uint32_t world_find_bot(const struct world *w, uint64_t user_id)
{
    for (uint32_t i = 0; i < w->n_bots; i++)
        if (w->bots[i] == user_id)
            return i;
    return WORLD_BOTS_MAX;
}

struct world_guild *world_find_guild(const struct world *w, uint64_t guild_id)
{
    struct world_guild *g = w->guild_by_id.n ? map_get(&w->guild_by_id, guild_id) : NULL;

    return g && !g->is_gone ? g : NULL;
}

/* ---- Lists ---------------------------------------------------------------------- */

uint32_t world_count(const struct world *w, const struct world_guild *g,
                     enum world_list list)
{
    return g->changes ? g->changes->lists[list].n : seed_count(w, g, list);
}

uint64_t world_id_at(const struct world *w, const struct world_guild *g,
                     enum world_list list, uint32_t index)
{
    return g->changes ? g->changes->lists[list].entries[index].id
                      : seed_id(w, g, list, index);
}

bool world_find(const struct world *w, const struct world_guild *g, enum world_list list,
                uint64_t id, uint32_t *index)
{
    uint32_t n = world_count(w, g, list);

    for (uint32_t i = 0; i < n; i++) {
        if (world_id_at(w, g, list, i) == id) {
            *index = i;
            return true;
        }
    }
    return false;
}

void world_put(const struct world *w, const struct world_guild *g, enum world_list list,
               uint32_t index, struct json_writer *j)
{
    const struct change_entry *e =
        g->changes ? &g->changes->lists[list].entries[index] : NULL;

    if (e && e->text)
        field_members(j, (struct str){ e->text, e->n });
    else if (e)
        seed_put_member(w, g, e->id, j); /* only members are left to the seed */
    else
        seed_put(w, g, list, index, j);
}

void world_write(const struct world *w, const struct world_guild *g, enum world_list list,
                 uint32_t index, struct json_writer *j)
{
    json_open(j, '{');
    world_put(w, g, list, index, j);
    json_shut(j, '}');
}

void world_write_list(const struct world *w, const struct world_guild *g,
                      enum world_list list, struct json_writer *j)
{
    uint32_t n = world_count(w, g, list);

    json_open(j, '[');
    for (uint32_t i = 0; i < n; i++)
        world_write(w, g, list, i, j);
    json_shut(j, ']');
}

/* ---- Channels and roles --------------------------------------------------------- */

uint32_t world_n_channels(const struct world_guild *g)
{
    return g->changes ? g->changes->lists[LIST_CHANNELS].n : seed_n_channels(g);
}

uint64_t world_channel_id(const struct world_guild *g, uint32_t index)
{
    return g->changes ? g->changes->lists[LIST_CHANNELS].entries[index].id
                      : seed_part(g, PART_CHANNEL + index);
}

enum channel_type world_channel_type(const struct world_guild *g, uint32_t index)
{
    return g->changes
               ? (enum channel_type)g->changes->lists[LIST_CHANNELS].entries[index].type
               : seed_channel_type(g, index);
}

enum channel_type world_thread_type(const struct world *w, const struct world_guild *g,
                                    uint64_t thread_id)
{
    uint32_t index;

    if (!world_find(w, g, LIST_THREADS, thread_id, &index))
        return CHANNEL_PUBLIC_THREAD;
    return g->changes
               ? (enum channel_type)g->changes->lists[LIST_THREADS].entries[index].type
               : seed_thread_type(index);
}

static struct world_guild *find_part(const struct world *w, enum world_list list,
                                     uint64_t id, uint32_t *index)
{
    struct world_guild *g = w->new_channels.n ? map_get(&w->new_channels, id) : NULL;

    if (!g)
        g = world_find_guild(w, id - (id & 0xff) * PART_STEP);
    return g && !g->is_gone && world_find(w, g, list, id, index) ? g : NULL;
}

struct world_guild *world_find_channel(const struct world *w, uint64_t channel_id,
                                       uint32_t *index)
{
    return find_part(w, LIST_CHANNELS, channel_id, index);
}

struct world_guild *world_find_thread(const struct world *w, uint64_t thread_id,
                                      uint32_t *index)
{
    return find_part(w, LIST_THREADS, thread_id, index);
}

struct world_guild *world_find_archived(const struct world *w, uint64_t thread_id,
                                        uint32_t *index)
{
    return find_part(w, LIST_ARCHIVED, thread_id, index);
}

uint64_t world_role_id(const struct world_guild *g, uint32_t index)
{
    if (g->changes)
        return g->changes->lists[LIST_ROLES].entries[index].id;
    return index ? seed_part(g, PART_ROLE + index) : g->id;
}

/* ---- People --------------------------------------------------------------------- */

uint64_t world_person_id(const struct world *w, uint32_t number)
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
    if (n >= w->n_people || world_person_id(w, (uint32_t)n) != user_id)
        return false;
    *number = (uint32_t)n;
    return true;
}

/* Members 1, 2, 3… of a guild are neighbours in the row of people, which is a ring. */
static uint32_t first_person(const struct world *w, const struct world_guild *g)
{
    return (uint32_t)((uint64_t)g->index * PEOPLE_PER_GUILD % w->n_people);
}

uint64_t seed_member_id(const struct world *w, const struct world_guild *g,
                        uint32_t index)
{
    uint32_t n_people = g->n_members - (w->n_bots - 1); /* and the first bot */

    if (index == 0)
        return w->bot_id;
    if (index >= n_people && 1 + index - n_people < w->n_bots)
        return w->bots[1 + index - n_people];
    return world_person_id(w, (first_person(w, g) + index - 1) % w->n_people);
}

struct world_member world_member(const struct world *w, const struct world_guild *g,
                                 uint32_t index)
{
    return (struct world_member){ .user_id = world_id_at(w, g, LIST_MEMBERS, index),
                                  .index = index };
}

bool world_find_member(const struct world *w, const struct world_guild *g,
                       uint64_t user_id, struct world_member *out)
{
    uint32_t number, n_people = g->n_members - (w->n_bots - 1), index = 0;
    uint32_t bot = world_find_bot(w, user_id);

    if (bot == WORLD_BOTS_MAX && !person_number(w, user_id, &number))
        return false;
    if (g->changes) {
        if (!world_find(w, g, LIST_MEMBERS, user_id, &index))
            return false;
    } else if (bot == WORLD_BOTS_MAX) {
        index = 1 + (number + w->n_people - first_person(w, g)) % w->n_people;
        if (index >= n_people)
            return false;
    } else if (bot) {
        index = n_people + bot - 1;
    }
    *out = (struct world_member){ .user_id = user_id, .index = index };
    return true;
}

bool world_has_user(const struct world *w, uint64_t user_id)
{
    uint32_t number;

    return world_is_bot(w, user_id) || person_number(w, user_id, &number);
}

static const struct world_person *person(const struct world *w, uint64_t user_id)
{
    return w->people.n ? map_get(&w->people, user_id) : NULL;
}

struct str world_username(const struct world *w, uint64_t user_id, char out[64])
{
    const struct world_person *p = person(w, user_id);

    if (!p || !p->user)
        return seed_username(w, user_id, out);
    memcpy(out, p->username, sizeof p->username);
    return str_of(out);
}

bool world_is_online(const struct world *w, uint64_t user_id)
{
    const struct world_person *p = person(w, user_id);

    return p && p->presence ? p->is_online : seed_is_online(w, user_id);
}

uint64_t world_snowflake(struct world *w, uint64_t wall_ms)
{
    uint64_t id = (wall_ms > WORLD_EPOCH_MS ? wall_ms - WORLD_EPOCH_MS : 0) << 22;

    if (id <= w->last_snowflake)
        id = w->last_snowflake + 1;
    w->last_snowflake = id;
    return id;
}
