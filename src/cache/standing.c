/* What a member's permissions follow from, read out of the records of one guild. */
#include "cache_private.h"
#include "permissions.h"

/* One look at a guild, whose stripe is locked. */
struct look {
    struct cache *c;
    struct guild *g;
    struct str member; /* its record; empty: none, and so no roles */
    struct cache_standing *out;
};

static int missing(struct cache_standing *s, enum standing_missing what, cordage_id id)
{
    s->missing = what;
    s->missing_id = id;
    return CORDAGE_ENOTFOUND;
}

static uint64_t number(const struct schema *schema, struct str record, unsigned field)
{
    uint64_t value = 0;

    record_number(schema, record, field, &value);
    return value;
}

/* ---- Roles ------------------------------------------------------------------------ */

static bool role_of(struct cache *c, const struct guild *g, cordage_id id,
                    uint64_t *permissions, struct standing_rank *rank)
{
    const struct schema *schema = object_schemas[CORDAGE_KIND_ROLES];
    struct str record;

    if (!keep_get(c, g, CORDAGE_KIND_ROLES, id, &record))
        return false;
    *permissions = number(schema, record, ROLE_PERMISSIONS);
    rank->position = (int64_t)number(schema, record, ROLE_POSITION);
    rank->role_id = id;
    return true;
}

/* Where roles are kept forever, one that isn't there has been deleted: the member's list
 * is older than that. */
static bool may_be_deleted(const struct cache *c)
{
    return c->policies[CORDAGE_KIND_ROLES].keep == CORDAGE_KEEP_FOREVER;
}

static int look_at_roles(struct look *l)
{
    const struct schema *schema = object_schemas[CORDAGE_KIND_MEMBERS];
    struct standing_rank rank;
    uint64_t id, permissions;
    size_t at = 0;

    if (!role_of(l->c, l->g, l->g->id, &l->out->everyone, &l->out->top))
        return missing(l->out, MISSING_EVERYONE, l->g->id);
    while (record_next_id(schema, l->member, MEMBER_ROLES, &at, &id)) {
        if (!role_of(l->c, l->g, id, &permissions, &rank)) {
            if (may_be_deleted(l->c))
                continue;
            return missing(l->out, MISSING_ROLE, id);
        }
        l->out->roles |= permissions;
        if (rank_is_above(rank, l->out->top))
            l->out->top = rank;
    }
    return 0;
}

/* The owner needs no roles, and so no member. */
static int look_at_member(struct look *l)
{
    const struct schema *schema = object_schemas[CORDAGE_KIND_MEMBERS];
    cordage_id user = l->out->user_id;
    int64_t timeout;

    if (keep_get(l->c, l->g, CORDAGE_KIND_MEMBERS, user, &l->member)) {
        lru_read(&l->c->lrus[CORDAGE_KIND_MEMBERS], (struct lru_key){ l->g->id, user });
        timeout = (int64_t)number(schema, l->member, MEMBER_TIMEOUT);
        l->out->timed_out_until_ms = timeout > 0 ? (uint64_t)timeout : 0;
    } else if (user != l->out->owner_id) {
        return missing(l->out, MISSING_MEMBER, user);
    }
    return look_at_roles(l);
}

/* ---- Channels --------------------------------------------------------------------- */

static void add_overwrite(struct look *l, struct str overwrite)
{
    enum { OF_ROLE, OF_MEMBER }; /* Source: Discord, "Overwrite Object" */
    const struct schema *schema = &overwrite_schema;
    uint64_t id = number(schema, overwrite, OVERWRITE_ID);
    struct standing_overwrite *into = NULL;

    if (number(schema, overwrite, OVERWRITE_TYPE) == OF_MEMBER)
        into = id == l->out->user_id ? &l->out->for_member : NULL;
    else if (id == l->g->id)
        into = &l->out->for_everyone;
    else if (record_has_id(object_schemas[CORDAGE_KIND_MEMBERS], l->member, MEMBER_ROLES,
                           id))
        into = &l->out->for_roles;
    if (!into)
        return;
    into->allow |= number(schema, overwrite, OVERWRITE_ALLOW);
    into->deny |= number(schema, overwrite, OVERWRITE_DENY);
}

static int look_at_channel(struct look *l)
{
    const struct schema *schema = object_schemas[CORDAGE_KIND_CHANNELS];
    cordage_id id = l->out->channel_id;
    struct str channel, overwrite;
    size_t at = 0;

    if (keep_get(l->c, l->g, CORDAGE_KIND_CHANNELS, id, &channel)) {
        l->out->channel_type = (int64_t)number(schema, channel, CHANNEL_TYPE);
    } else if (keep_get(l->c, l->g, CORDAGE_KIND_THREADS, id, &channel)) {
        l->out->channel_type = (int64_t)number(schema, channel, CHANNEL_TYPE);
        l->out->bot_in_thread =
            record_state(schema, channel, CHANNEL_MEMBER) == FIELD_VALUE;
        id = number(schema, channel, CHANNEL_PARENT_ID);
        if (!keep_get(l->c, l->g, CORDAGE_KIND_CHANNELS, id, &channel))
            return missing(l->out, MISSING_PARENT, id);
    } else {
        return missing(l->out, MISSING_CHANNEL, id);
    }
    while (record_next_object(schema, channel, CHANNEL_OVERWRITES, &at, &overwrite))
        add_overwrite(l, overwrite);
    return 0;
}

/* ---- Both -------------------------------------------------------------------------- */

/* A guild in an outage from the start has no record: nothing is known of it. */
static int look_at_guild(struct look *l, cordage_id guild_id)
{
    struct str record;
    int err;

    if (!l->g || !shelf_get(&l->g->shelves[CORDAGE_KIND_GUILDS], guild_id, &record))
        return missing(l->out, MISSING_GUILD, guild_id);
    l->out->owner_id =
        number(object_schemas[CORDAGE_KIND_GUILDS], record, GUILD_OWNER_ID);
    err = look_at_member(l);
    return err || !l->out->channel_id ? err : look_at_channel(l);
}

int cache_standing(struct cache *c, cordage_id guild_id, cordage_id user_id,
                   cordage_id channel_id, struct cache_standing *out)
{
    struct guild_stripe *stripe = guild_lock(c, guild_id);
    struct look l = { .c = c, .g = guild_find(c, stripe, guild_id), .out = out };
    int err;

    *out = (struct cache_standing){ .user_id = user_id, .channel_id = channel_id };
    err = look_at_guild(&l, guild_id);
    guild_unlock(stripe);
    return err;
}

int cache_role_rank(struct cache *c, cordage_id guild_id, cordage_id role_id,
                    struct standing_rank *out)
{
    struct guild_stripe *stripe = guild_lock(c, guild_id);
    struct guild *g = guild_find(c, stripe, guild_id);
    uint64_t permissions;
    bool found = g && role_of(c, g, role_id, &permissions, out);

    guild_unlock(stripe);
    return found ? 0 : CORDAGE_ENOTFOUND;
}
