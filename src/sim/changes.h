/* changes.h - what has become of a guild that was changed.
 *
 * At its first change a guild's objects are written down, one by one, as the seed made
 * them (but for members, which the seed goes on answering for until they change). From
 * then on they are what the guild is: GUILD_CREATE, REST and every event read them. An
 * object is the JSON text of its members, without braces, as GUILD_CREATE has it; what an
 * event says of it is the same text, so that whoever followed all events has the same.
 *
 * People are the same in all their guilds: their names and presences are kept once. */
#ifndef SIM_CHANGES_H
#define SIM_CHANGES_H

#include "json.h"
#include "world.h"

struct change_entry {
    uint64_t id;
    char *text;      /* owned; NULL: a member as the seed made it */
    uint32_t n;      /* bytes of it */
    uint32_t type;   /* its `type`, where it has one */
    uint64_t parent; /* its parent_id, else its channel_id; 0: none */
};

struct change_list {
    struct change_entry *entries; /* owned; in the order they came */
    uint32_t n, size;
};

struct changes {
    struct change_list lists[WORLD_LISTS];
    char *guild; /* owned: the guild's own fields */
};

/* From now on `g` has changes. CORDAGE_ENOMEM. */
int changes_begin(struct world *w, struct world_guild *g);
/* NULL is fine. */
void changes_free(struct changes *c);

/* All below begin the guild's changes where there are none yet, but for _find, which
 * needs them. `object` and `update` are JSON objects in a struct buf that isn't one of
 * world->scratch. CORDAGE_ENOMEM (nothing has changed then), CORDAGE_EPARSE. */

/* NULL: there is none. Borrowed until the list's next change. */
struct change_entry *changes_find(const struct world_guild *g, enum world_list list,
                                  uint64_t id);
/* Puts an object at its list's end, or in the place of the one with this id. */
int changes_put(struct world *w, struct world_guild *g, enum world_list list, uint64_t id,
                struct str object);
/* Members of `update` replace those of the object with this id, or come behind them.
 * CORDAGE_ENOTFOUND. */
int changes_merge(struct world *w, struct world_guild *g, enum world_list list,
                  uint64_t id, struct str update);
/* The same with the guild's own fields. */
int changes_merge_guild(struct world *w, struct world_guild *g, struct str update);
/* A new member of whom nothing is known but what the seed says. */
int changes_add_member(struct world *w, struct world_guild *g, uint64_t user_id);
/* Takes it off; fine if it isn't there. The guild has changes. */
void changes_remove(struct world *w, struct world_guild *g, enum world_list list,
                    uint64_t id);
/* The same, for all of which `parent` says so. */
void changes_remove_below(struct world *w, struct world_guild *g, enum world_list list,
                          uint64_t parent);
/* Parses an object: *out lives until the next call of any function here. CORDAGE_ENOMEM,
 * CORDAGE_ENOTFOUND. */
int changes_read(struct world *w, struct world_guild *g, enum world_list list,
                 uint64_t id, cordage_json *out);

/* A person's user object, or the bot's: members of `update` replace. */
int changes_merge_user(struct world *w, uint64_t user_id, struct str update);
/* The presence, an object without `user`, instead of the one before. */
int changes_put_presence(struct world *w, uint64_t user_id, struct str presence);

#endif
