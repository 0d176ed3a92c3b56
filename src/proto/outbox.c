#include "outbox.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "limits.h"

struct outbox_item {
    struct link link; /* on one of the outbox's lists; a presence is on none */
    struct outbox_label label;
    uint64_t give_up_at;
    size_t n;
    char bytes[];
};

static struct outbox_item *item_of(struct link *link)
{
    return CONTAINER_OF(link, struct outbox_item, link);
}

static struct outbox_item *first_of(const struct link *list)
{
    return list_is_empty(list) ? NULL : item_of(list->next);
}

static struct outbox_item *first_command(const struct outbox *o)
{
    struct outbox_item *voice = first_of(&o->voice);

    return voice ? voice : first_of(&o->commands);
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
    list_init(&o->voice);
    list_init(&o->commands);
    list_init(&o->late);
}

void outbox_release(struct outbox *o)
{
    struct link *link;

    if (!o->commands.next)
        return;
    list_join(&o->commands, &o->voice);
    list_join(&o->commands, &o->late);
    while ((link = list_pop(&o->commands)))
        free(item_of(link));
    free(o->presence);
    *o = (struct outbox){ 0 };
}

/* ---- Deadlines ----------------------------------------------------------------- */

static void drop(struct outbox *o, struct outbox_item *item)
{
    list_remove(&item->link);
    list_insert(&o->late, &item->link);
    o->n--;
}

static void drop_first(struct outbox *o, struct link *list, uint64_t now)
{
    struct outbox_item *item;

    while ((item = first_of(list)) && item->give_up_at <= now)
        drop(o, item);
}

static void drop_all(struct outbox *o, struct link *list, uint64_t now)
{
    struct link *at, *next;

    for (at = list->next; at != list; at = next) {
        next = at->next;
        if (item_of(at)->give_up_at <= now)
            drop(o, item_of(at));
    }
}

/* Drops all that has waited too long. O(n), but only needed when the outbox is full. */
static void make_room(struct outbox *o, uint64_t now)
{
    drop_all(o, &o->voice, now);
    drop_all(o, &o->commands, now);
}

bool outbox_late(struct outbox *o, uint64_t now, struct outbox_label *label)
{
    struct outbox_item *item;

    drop_first(o, &o->voice, now);
    drop_first(o, &o->commands, now);
    item = first_of(&o->late);
    if (!item)
        return false;
    *label = item->label;
    list_remove(&item->link);
    free(item);
    return true;
}

uint64_t outbox_late_at(const struct outbox *o)
{
    const struct outbox_item *voice = first_of(&o->voice);
    const struct outbox_item *command = first_of(&o->commands);
    uint64_t at = voice ? voice->give_up_at : UINT64_MAX;

    return command && command->give_up_at < at ? command->give_up_at : at;
}

/* ---- In and out ---------------------------------------------------------------- */

static void add(struct outbox *o, struct outbox_item *item)
{
    if (item->label.kind == PACE_PRESENCE) {
        if (o->presence)
            discard(o, o->presence);
        list_init(&item->link);
        o->presence = item;
    } else {
        list_insert(item->label.kind == PACE_VOICE ? &o->voice : &o->commands,
                    &item->link);
    }
    o->n++;
}

int outbox_push(struct outbox *o, enum pace_kind kind, uint64_t tag, struct str payload,
                uint64_t give_up_at, uint64_t now)
{
    struct outbox_item *item;

    assert(kind == PACE_COMMAND || kind == PACE_VOICE || kind == PACE_PRESENCE);
    if (payload.n > LIMIT_COMMAND)
        return CORDAGE_ELIMIT;
    if (o->n >= LIMIT_OUTBOX)
        make_room(o, now);
    if (o->n >= LIMIT_OUTBOX && !(kind == PACE_PRESENCE && o->presence))
        return CORDAGE_EFULL;
    item = malloc(sizeof *item + payload.n);
    if (!item)
        return CORDAGE_ENOMEM;
    item->label = (struct outbox_label){ kind, tag };
    item->give_up_at = give_up_at;
    item->n = payload.n;
    if (payload.n)
        memcpy(item->bytes, payload.p, payload.n);
    add(o, item);
    return 0;
}

/* Lets `item` go into `out` if the budget allows. */
static bool let_go(struct outbox *o, struct outbox_item *item, struct pace *pace,
                   uint64_t now, struct buf *out, struct outbox_label *label)
{
    if (pace_free_at(pace, item->label.kind, now) > now)
        return false;
    buf_clear(out);
    if (buf_append(out, item->bytes, item->n))
        return false;
    pace_take(pace, item->label.kind, now);
    if (label)
        *label = item->label;
    discard(o, item);
    return true;
}

bool outbox_next(struct outbox *o, struct pace *pace, uint64_t now, struct buf *out,
                 struct outbox_label *label)
{
    struct outbox_item *item;

    drop_first(o, &o->voice, now);
    drop_first(o, &o->commands, now);
    if (o->presence && o->presence->give_up_at <= now)
        discard(o, o->presence);
    item = first_command(o);
    if (item && let_go(o, item, pace, now, out, label))
        return true;
    return o->presence && let_go(o, o->presence, pace, now, out, label);
}

uint64_t outbox_at(const struct outbox *o, const struct pace *pace, uint64_t now)
{
    uint64_t command_at =
        first_command(o) ? pace_free_at(pace, PACE_COMMAND, now) : UINT64_MAX;
    uint64_t presence_at =
        o->presence ? pace_free_at(pace, PACE_PRESENCE, now) : UINT64_MAX;

    return command_at < presence_at ? command_at : presence_at;
}
