/* permissions.h - Discord's rules of who may do what.
 *
 * Source: Discord, "Permissions": "Permission Hierarchy", "Permission Overwrites",
 * "Implicit Permissions", "Inherited Permissions (Threads)", "Permissions for Timed Out
 * Members". Pure. */
#ifndef CACHE_PERMISSIONS_H
#define CACHE_PERMISSIONS_H

#include <stdbool.h>

#include "cordage/permissions.h"

/* What is needed and was not cached. */
enum standing_missing {
    MISSING_NOTHING,
    MISSING_GUILD,
    MISSING_CHANNEL,
    MISSING_PARENT,   /* the channel that a thread belongs to */
    MISSING_EVERYONE, /* the @everyone role */
    MISSING_MEMBER,
    MISSING_ROLE /* one of the member's, or the one that was asked for */
};

struct standing_overwrite {
    uint64_t allow, deny;
};

/* A role's place in the order of roles. */
struct standing_rank {
    int64_t position;
    cordage_id role_id;
};

/* All that decides what a member may do, read out of the cache by cache_standing. */
struct cache_standing {
    cordage_id user_id, owner_id;
    uint64_t everyone;           /* permissions of the @everyone role */
    uint64_t roles;              /* of all the member's roles together */
    uint64_t timed_out_until_ms; /* since 1970; 0: never */
    struct standing_rank
        top; /* the member's highest role, @everyone if that is the only one */

    cordage_id
        channel_id; /* 0: the guild as a whole, and what follows counts for nothing */
    int64_t channel_type; /* of the thread itself, if it is one */
    /* The channel's overwrites, of a thread its parent's: for @everyone, for all the
     * member's roles together, for the member. */
    struct standing_overwrite for_everyone, for_roles, for_member;
    bool bot_in_thread;    /* the bot's own membership */
    bool member_of_thread; /* this member's, set by who knows it */

    enum standing_missing missing;
    cordage_id missing_id; /* its id */
};

/* The permissions, by all rules. `now_ms` is the wall clock, since 1970. */
uint64_t permissions_of(const struct cache_standing *standing, uint64_t now_ms);
/* Whether all but membership of a private thread is known to give VIEW_CHANNEL: then
 * `member_of_thread` decides. */
bool permissions_need_membership(const struct cache_standing *standing, uint64_t now_ms);
/* Whether `actor` stands above a role. */
bool permissions_outrank_role(const struct cache_standing *actor,
                              struct standing_rank role);
/* Whether `actor` stands above another member; never above oneself. */
bool permissions_outrank(const struct cache_standing *actor,
                         const struct cache_standing *target);
/* Whether the first role is higher: by position, and of equals the older. */
bool rank_is_above(struct standing_rank a, struct standing_rank b);

#endif
