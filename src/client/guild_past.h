/* guild_past.h - the guilds of a session as they were when all events up to some sequence
 * were done.
 *
 * The loop is ahead of the handlers. What is stored must not be: else a guild whose
 * GUILD_CREATE comes again would not be told as joined. So the changes that are not done
 * yet wait here. One a shard, on its loop; not locked. */
#ifndef CLIENT_GUILD_PAST_H
#define CLIENT_GUILD_PAST_H

#include "buf.h"
#include "guild_book.h"

struct guild_past {
    struct guild_book book; /* all changes up to the last guild_past_advance */
    struct buf changes;     /* the later ones, oldest first */
    bool broken;            /* there was no memory for one: it is of no use any more */
};

void guild_past_release(struct guild_past *p);
/* READY's `d`, of which all is done: another session's. */
void guild_past_ready(struct guild_past *p, cordage_json d);
/* A guild of a restored session. */
void guild_past_put(struct guild_past *p, cordage_id id, enum guild_state state);
/* GUILD_CREATE's (`created`) or GUILD_DELETE's `d`, the event with this sequence. */
void guild_past_note(struct guild_past *p, uint64_t seq, bool created, cordage_json d);
/* All events up to `seq` are done. */
void guild_past_advance(struct guild_past *p, uint64_t seq);

#endif
