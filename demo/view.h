/* view.h - the demo on a terminal: a panel that is redrawn; elsewhere: plain lines. */
#ifndef DEMO_VIEW_H
#define DEMO_VIEW_H

#include <cordage/cordage.h>
#include <pthread.h>

enum { VIEW_SHARDS = 4, VIEW_LINES = 12 };

struct view {
    pthread_mutex_t lock;
    bool live;                   /* a terminal: redraw; else print each line once */
    char lines[VIEW_LINES][160]; /* the newest is last */
    unsigned n_lines, drawn;
    double started_at;
};

struct view_counts {
    uint64_t pings, answered, messages;
    uint64_t answered_by_shard[VIEW_SHARDS];
    const char *phase;
};

void view_init(struct view *v);
/* Something happened: one line. [any thread] */
void view_say(struct view *v, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Draws the panel anew; nothing where there is no terminal. */
void view_draw(struct view *v, const cordage_client *c, const struct view_counts *counts);

#endif
