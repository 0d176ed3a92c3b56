/* guild_book.h - why a guild comes: listed in READY, back from an outage, or new; and
 * which ones are gone when a new session begins.
 *
 * GUILD_CREATE says the same in all three cases; which it is follows from what was known
 * of the guild before. One book a shard, 16 bytes or so a guild. Pure, not locked.
 * Without memory, and beyond LIMIT_GUILDS, a guild may be taken for one that was not
 * known: nothing worse. */
#ifndef CLIENT_GUILD_BOOK_H
#define CLIENT_GUILD_BOOK_H

#include "cordage/cordage.h"
#include "buf.h"
#include "guilds.h"
#include "map.h"
#include "store.h"

struct guild_book {
    struct map known; /* id -> one of three constants */
    struct buf gone;  /* cordage_id: known before READY, and not listed in it */
};

void guild_book_release(struct guild_book *b);
/* READY's `d`: a new list replaces the old one, and what it doesn't name is gone.
 * CORDAGE_ENOMEM leaves the book as it was. */
int guild_book_ready(struct guild_book *b, cordage_json d);
/* The next guild that is gone, until guild_book_drop_gone; false: none is left. */
bool guild_book_next_gone(struct guild_book *b, cordage_id *id);
void guild_book_drop_gone(struct guild_book *b);
/* GUILD_CREATE's `d`. */
cordage_guild_why guild_book_created(struct guild_book *b, cordage_json d);
/* GUILD_DELETE's `d`. */
void guild_book_deleted(struct guild_book *b, cordage_json d);

/* ---- For another process ---------------------------------------------------------- */

/* A guild as it is known from elsewhere. CORDAGE_ENOMEM. */
int guild_book_put(struct guild_book *b, cordage_id id, enum guild_state state);
void guild_book_remove(struct guild_book *b, cordage_id id);
/* Appends all of it, as store_session.guilds has it. CORDAGE_ENOMEM. */
int guild_book_write(const struct guild_book *b, struct buf *out);

#endif
