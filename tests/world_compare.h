/* world_compare.h - a cache held against the world that a simulator has made.
 *
 * Both sides are a guild as GUILD_CREATE would bring it: the truth by sim_write_truth,
 * the cache's by cache_write_guild. A difference is told with its place, and fails the
 * test unless somebody else wants to hear of it. */
#ifndef WORLD_COMPARE_H
#define WORLD_COMPARE_H

#include "cordage/cache.h"
#include "json.h"

struct world_compare {
    const cordage_policy *policies;    /* of each kind */
    uint64_t self;                     /* the bot's user, of which READY says more */
    bool counts_may_differ;            /* member_count: see test_memory.c */
    uint64_t n_events;                 /* for the message */
    void (*differs)(const char *what); /* NULL: the test fails */
    /* Ours. */
    struct json_parser *truth_parser, *cached_parser;
    uint64_t guild_id;
    unsigned n_objects; /* compared up to now */
};

void world_compare_init(struct world_compare *c);
void world_compare_release(struct world_compare *c);
/* Both texts have BUF_SLACK readable bytes behind them. */
void world_compare_guild(struct world_compare *c, struct str truth, struct str cached);

#endif
