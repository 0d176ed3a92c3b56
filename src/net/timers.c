#include "timers.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "error.h"

enum { TIMERS_FIRST_SIZE = 256 };

int timers_init(struct timers *t)
{
    *t = (struct timers){ .size = TIMERS_FIRST_SIZE };
    t->heap = calloc(t->size, sizeof(struct timer *));
    return t->heap ? 0 : CORDAGE_ENOMEM;
}

void timers_release(struct timers *t)
{
    for (size_t i = 0; i < t->n; i++)
        t->heap[i]->place = 0;
    free(t->heap);
    *t = (struct timers){ 0 };
}

static bool is_sooner(const struct timer *a, const struct timer *b)
{
    return a->at < b->at || (a->at == b->at && a->order < b->order);
}

static void put(struct timers *t, size_t i, struct timer *timer)
{
    t->heap[i] = timer;
    timer->place = i + 1;
}

static void move_up(struct timers *t, size_t i)
{
    struct timer *timer = t->heap[i];

    for (; i > 0 && is_sooner(timer, t->heap[(i - 1) / 2]); i = (i - 1) / 2)
        put(t, i, t->heap[(i - 1) / 2]);
    put(t, i, timer);
}

static void move_down(struct timers *t, size_t i)
{
    struct timer *timer = t->heap[i];

    for (;;) {
        size_t child = 2 * i + 1;

        if (child + 1 < t->n && is_sooner(t->heap[child + 1], t->heap[child]))
            child++;
        if (child >= t->n || !is_sooner(t->heap[child], timer))
            break;
        put(t, i, t->heap[child]);
        i = child;
    }
    put(t, i, timer);
}

/* Doubles the heap when it is half full. Where that fails there is still room for as many
 * again, and each of them asks once more; only a process that gets no memory through all
 * of that has nowhere to put its heartbeat, and is better ended than silent. */
static void make_room(struct timers *t)
{
    struct timer **heap;

    if (t->n < t->size / 2)
        return;
    heap = realloc(t->heap, 2 * t->size * sizeof(struct timer *));
    if (heap) {
        t->heap = heap;
        t->size *= 2;
    } else if (t->n == t->size) {
        fputs("cordage: out of memory for timers\n", stderr);
        abort();
    }
}

void timers_arm(struct timers *t, struct timer *timer, uint64_t at)
{
    timers_disarm(t, timer);
    make_room(t);
    timer->at = at;
    timer->order = t->order++;
    put(t, t->n++, timer);
    move_up(t, t->n - 1);
}

void timers_disarm(struct timers *t, struct timer *timer)
{
    size_t i = timer->place - 1;
    struct timer *last;

    if (timer->place == 0)
        return;
    assert(i < t->n && t->heap[i] == timer);
    timer->place = 0;
    last = t->heap[--t->n];
    if (last == timer)
        return;
    put(t, i, last);
    move_up(t, i);
    move_down(t, last->place - 1);
}

uint64_t timers_next(const struct timers *t)
{
    return t->n ? t->heap[0]->at : UINT64_MAX;
}

void timers_fire(struct timers *t, uint64_t now)
{
    uint64_t armed_meanwhile = t->order;

    while (t->n && t->heap[0]->at <= now && t->heap[0]->order < armed_meanwhile) {
        struct timer *timer = t->heap[0];

        timers_disarm(t, timer);
        timer->fire(timer);
    }
}
