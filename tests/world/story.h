/* story.h - lives of a store on the disk, and what they were told.
 *
 * A life opens the store, looks whether all is there that lives before it were told, and
 * goes on: it books, saves, takes events, and writes down what succeeded. It may be
 * killed at any step of the disk (vdisk_rig.h); the next life looks again. */
#ifndef WORLD_STORY_H
#define WORLD_STORY_H

#include "progress.h"
#include "store.h"
#include "vdisk_rig.h"

#define STORY_DIR VDISK_ROOT "/bot"

enum { STORY_SHARDS = 2, STORY_GUILDS = 10, STORY_MAX = 4000 };

/* Of something that is saved again and again, with a higher number each time. */
struct saved {
    uint64_t told;  /* the last one that succeeded */
    uint64_t safe;  /* the last one that a loss of power must leave */
    uint64_t tried; /* the last one */
};

struct story {
    struct saved session, plan, snapshot;
    uint64_t last_event;        /* that was done */
    bool is_new_boot;           /* what is known of events counts no more */
    uint64_t booked[STORY_MAX]; /* when; of those that succeeded */
    size_t n_booked, n_there;   /* there: with those that failed and came all the same */
    uint64_t last_booking;      /* succeeded or not */
    bool after_power;           /* the power was lost since the last look */
    /* Somebody has broken a file, and what was told may be gone. */
    bool state_damaged, cache_damaged;
    unsigned rounds; /* of each life */
    /* What can fail may; then this is called, and it is tried again. NULL: nothing may.
     */
    void (*mend)(void);
    unsigned failures;
    char lines[16384]; /* what the logs heard */
};

struct life {
    struct story *story;
    struct log log;
    struct store *store;
    struct progress *progress;
};

void story_open(struct life *l, struct story *s, enum store_use use);
/* A life that died while a call failed may have changed something all the same: `exact`
 * says that this life has seen all, and what failed has no effect. */
void story_look(struct life *l, bool exact);
/* With a shard's events, too, if they were opened. */
void story_open_events(struct life *l);
void story_round(struct life *l);
void story_close(struct life *l);

/* The power fails, for good, while nobody lives. */
void story_lose_power(struct story *s, uint64_t chance);

/* For rig_live: a life alone, and a worker's, with `rounds` rounds. */
void story_live(void *story);
void story_work(void *story);

#endif
