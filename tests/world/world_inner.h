/* world_inner.h - a run, as world.c and acts.c share it. */
#ifndef WORLD_WORLD_INNER_H
#define WORLD_WORLD_INNER_H

#include "world.h"

enum { SECOND = 1000, MINUTE = 60 * SECOND };

struct run {
    struct world_plan plan;
    struct vprocess *main; /* the bot, or the supervisor: the last that was started */
    uint64_t boots_at;     /* the machine has no power until then */
    uint64_t full_until, failing_until;
    uint64_t weather_until, down_until, slow_until;
    unsigned failures; /* starts in a row that ended soon */
    uint64_t started_at;
    bool is_refused; /* for good: nobody starts it again */
    uint64_t kills;
};
extern struct run the_run;

/* Whoever starts services starts ours, now. */
void run_start(void);
/* Does one thing to it. */
void act(const struct world_step *s);
/* What was done that lasts is over. */
void act_no_more(void);
/* Discord refuses the bot for good. False: no connection was there to tell it. */
bool act_refuse(void);

#endif
