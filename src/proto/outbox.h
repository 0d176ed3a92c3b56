/* outbox.h - commands that wait for a shard's send budget, in order.
 *
 * Commands are sent only while the session is live; they survive a reconnect. Voice
 * states, for which somebody waits in a channel, go before the others. A command may
 * carry a deadline after which it is dropped rather than sent late; its owner is told by
 * the tag it gave. Presence updates obey a bound of their own and neither overtake nor
 * hold up the rest. Only the newest of them waits: it says all that the older would. */
#ifndef PROTO_OUTBOX_H
#define PROTO_OUTBOX_H

#include "buf.h"
#include "list.h"
#include "pace.h"

struct outbox_item;

/* What is known of a command from outside. */
struct outbox_label {
    enum pace_kind kind;
    uint64_t tag; /* the owner's; it means nothing here */
};

struct outbox {
    struct link voice, commands;
    struct link late; /* dropped, and outbox_late has not told it; not in `n` */
    struct outbox_item *presence; /* owned; NULL: none waits */
    size_t n;                     /* all that wait, at most LIMIT_OUTBOX */
};

void outbox_init(struct outbox *o);
/* Accepts a zeroed one. */
void outbox_release(struct outbox *o);
/* Copies the payload. CORDAGE_EFULL, CORDAGE_ENOMEM, and CORDAGE_ELIMIT for more than
 * Discord takes (LIMIT_COMMAND). `kind` is PACE_COMMAND, PACE_VOICE or PACE_PRESENCE.
 * What is past its deadline at `now` makes room first. `give_up_at` UINT64_MAX: never. */
int outbox_push(struct outbox *o, enum pace_kind kind, uint64_t tag, struct str payload,
                uint64_t give_up_at, uint64_t now);
/* The next command that `pace` lets go at `now`, with its slot taken: true, and `*out`,
 * which the caller owns, holds the payload and nothing else; `*label` (may be NULL) says
 * which it was. Drops what is past its deadline. Without memory for `*out`, false, and
 * the command waits. */
bool outbox_next(struct outbox *o, struct pace *pace, uint64_t now, struct buf *out,
                 struct outbox_label *label);
/* One more command that was dropped, or is past its deadline at `now`; false: none. Of
 * presences nothing is told. */
bool outbox_late(struct outbox *o, uint64_t now, struct outbox_label *label);
/* When outbox_late is worth asking; UINT64_MAX: when nothing waits. */
uint64_t outbox_late_at(const struct outbox *o);
/* When outbox_next is worth calling again; UINT64_MAX when nothing waits. */
uint64_t outbox_at(const struct outbox *o, const struct pace *pace, uint64_t now);

#endif
