#include "outbox.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "limits.h"

struct outbox_item {
    struct link link; /* on outbox.commands while it waits; a presence is on no list */
    uint64_t give_up_at;
    size_t n;
    char bytes[];
};

static struct outbox_item *item_of(struct link *link)
{
    return CONTAINER_OF(link, struct outbox_item, link);
}

static struct outbox_item *first_command(const struct outbox *o)
{
    return list_is_empty(&o->commands) ? NULL : item_of(o->commands.next);
}

/* Takes `item`, a command or the presence, out of the outbox and frees it. */
static void discard(struct outbox *o, struct outbox_item *item)
{
    if (item == o->presence)
        o->presence = NULL;
    else
        list_remove(&item->link);
    o->n--;
    free(item);
}

void outbox_init(struct outbox *o)
{
    *o = (struct outbox){ 0 };
    list_init(&o->commands);
}

void outbox_release(struct outbox *o)
{
    if (!o->commands.next)
        return;
    while (!list_is_empty(&o->commands))
        discard(o, first_command(o));
    if (o->presence)
        discard(o, o->presence);
}

/* Drops all that has waited too long. O(n), but only needed when the outbox is full. */
static void drop_late(struct outbox *o, uint64_t now)
{
    struct link *at, *next;

    for (at = o->commands.next; at != &o->commands; at = next) {
        next = at->next;
        if (item_of(at)->give_up_at <= now)
            discard(o, item_of(at));
    }
}

int outbox_push(struct outbox *o, enum pace_kind kind, struct str payload,
                uint64_t give_up_at, uint64_t now)
{
    struct outbox_item *item;

    assert(kind == PACE_COMMAND || kind == PACE_PRESENCE);
    if (payload.n > LIMIT_COMMAND)
        return CORDAGE_ELIMIT;
    if (o->n >= LIMIT_OUTBOX)
        drop_late(o, now);
    if (o->n >= LIMIT_OUTBOX && !(kind == PACE_PRESENCE && o->presence))
        return CORDAGE_EFULL;
    item = malloc(sizeof *item + payload.n);
    if (!item)
        return CORDAGE_ENOMEM;
    item->give_up_at = give_up_at;
    item->n = payload.n;
    if (payload.n)
        memcpy(item->bytes, payload.p, payload.n);
    if (kind == PACE_COMMAND) {
        list_insert(&o->commands, &item->link);
    } else {
        if (o->presence)
            discard(o, o->presence);
        list_init(&item->link);
        o->presence = item;
    }
    o->n++;
    return 0;
}

/* Lets `item` go into `out` if it is in time and the budget allows. */
static bool let_go(struct outbox *o, struct outbox_item *item, enum pace_kind kind,
                   struct pace *pace, uint64_t now, struct buf *out)
{
    if (pace_free_at(pace, kind, now) > now)
        return false;
    buf_clear(out);
    if (buf_append(out, item->bytes, item->n))
        return false;
    pace_take(pace, kind, now);
    discard(o, item);
    return true;
}

bool outbox_next(struct outbox *o, struct pace *pace, uint64_t now, struct buf *out)
{
    struct outbox_item *item;

    while ((item = first_command(o)) && item->give_up_at <= now)
        discard(o, item);
    if (o->presence && o->presence->give_up_at <= now)
        discard(o, o->presence);
    if (item && let_go(o, item, PACE_COMMAND, pace, now, out))
        return true;
    return o->presence && let_go(o, o->presence, PACE_PRESENCE, pace, now, out);
}

uint64_t outbox_at(const struct outbox *o, const struct pace *pace, uint64_t now)
{
    uint64_t command_at =
        first_command(o) ? pace_free_at(pace, PACE_COMMAND, now) : UINT64_MAX;
    uint64_t presence_at =
        o->presence ? pace_free_at(pace, PACE_PRESENCE, now) : UINT64_MAX;

    return command_at < presence_at ? command_at : presence_at;
}
