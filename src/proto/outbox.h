/* outbox.h - commands that wait for a shard's send budget, in order.
 *
 * Commands are sent only while the session is live; they survive a reconnect. A
 * command may carry a deadline after which it is dropped rather than sent late.
 * Presence updates obey a bound of their own, but do not overtake or hold up the
 * rest: order is kept among the presences and among the others. */
#ifndef PROTO_OUTBOX_H
#define PROTO_OUTBOX_H

#include "buf.h"
#include "list.h"
#include "pace.h"

struct outbox {
    struct link commands, presences;
    size_t n; /* at most LIMIT_OUTBOX */
};

void outbox_init(struct outbox *o);
void outbox_release(struct outbox *o);
/* Copies the payload. CORDAGE_EFULL, CORDAGE_ENOMEM. `give_up_at` UINT64_MAX: never. */
int outbox_push(struct outbox *o, enum pace_kind kind, struct str payload,
                uint64_t give_up_at);
/* The next command that `pace` lets go at `now`, with its slot taken: true, and `*out` has
 * the payload (the caller releases it). Drops what is past its deadline. */
bool outbox_next(struct outbox *o, struct pace *pace, uint64_t now, struct buf *out);
/* When outbox_next is worth calling again; UINT64_MAX when nothing waits. */
uint64_t outbox_at(const struct outbox *o, const struct pace *pace, uint64_t now);

#endif
