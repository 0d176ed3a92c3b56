/* outbox.h - commands that wait for a shard's send budget, in order.
 *
 * Commands are sent only while the session is live; they survive a reconnect. A
 * command may carry a deadline after which it is dropped rather than sent late.
 * Presence updates obey a bound of their own and neither overtake nor hold up
 * the rest. Only the newest of them waits: it says all that the older would. */
#ifndef PROTO_OUTBOX_H
#define PROTO_OUTBOX_H

#include "buf.h"
#include "list.h"
#include "pace.h"

struct outbox_item;

struct outbox {
    struct link commands;
    struct outbox_item *presence; /* owned; NULL: none waits */
    size_t n;                     /* both together, at most LIMIT_OUTBOX */
};

void outbox_init(struct outbox *o);
/* Accepts a zeroed one. */
void outbox_release(struct outbox *o);
/* Copies the payload. CORDAGE_EFULL, CORDAGE_ENOMEM, and CORDAGE_ELIMIT for more than
 * Discord takes (LIMIT_COMMAND). `kind` is PACE_COMMAND or PACE_PRESENCE. What is past
 * its deadline at `now` makes room first. `give_up_at` UINT64_MAX: never. */
int outbox_push(struct outbox *o, enum pace_kind kind, struct str payload,
                uint64_t give_up_at, uint64_t now);
/* The next command that `pace` lets go at `now`, with its slot taken: true, and `*out`,
 * which the caller owns, holds the payload and nothing else. Drops what is past its
 * deadline. Without memory for `*out`, false, and the command waits. */
bool outbox_next(struct outbox *o, struct pace *pace, uint64_t now, struct buf *out);
/* When outbox_next is worth calling again; UINT64_MAX when nothing waits. */
uint64_t outbox_at(const struct outbox *o, const struct pace *pace, uint64_t now);

#endif
