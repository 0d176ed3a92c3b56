/* What a member may do, asked from outside: the cache's answer, or the sentence that says
 * what of it is missing. */
#include <inttypes.h>

#include "cache.h"
#include "client.h"
#include "error.h"
#include "permissions.h"

#define OF_GUILD " of guild %" PRIu64

static int not_cached(const struct cache_standing *s, cordage_id guild_id,
                      cordage_error *error)
{
    cordage_id id = s->missing_id;

    switch (s->missing) {
    case MISSING_CHANNEL:
        return error_set(error, CORDAGE_ENOTFOUND,
                         "Channel %" PRIu64 OF_GUILD " is not cached: it does not exist, "
                         "it is a thread that is archived or that the bot can't see, or "
                         "options.cache keeps no channels or threads.",
                         id, guild_id);
    case MISSING_PARENT:
        return error_set(error, CORDAGE_ENOTFOUND,
                         "Channel %" PRIu64 OF_GUILD ", which the thread belongs to, is "
                         "not cached: options.cache must keep channels.",
                         id, guild_id);
    case MISSING_EVERYONE:
    case MISSING_ROLE:
        return error_set(error, CORDAGE_ENOTFOUND,
                         "Role %" PRIu64 OF_GUILD " is not cached: options.cache must "
                         "keep roles.",
                         id, guild_id);
    case MISSING_MEMBER:
        return error_set(error, CORDAGE_ENOTFOUND,
                         "Member %" PRIu64 OF_GUILD " is not cached: ask for them with "
                         "cordage_request_guild_members, or keep more members "
                         "(options.cache).",
                         id, guild_id);
    default:
        return error_set(error, CORDAGE_ENOTFOUND,
                         "Guild %" PRIu64 " is not cached: the bot is not in it, its "
                         "shard does not run here, it has not come in yet, or it is in "
                         "an outage.",
                         guild_id);
    }
}

static int no_id(cordage_error *error)
{
    return error_set(error, CORDAGE_EINVAL,
                     "An id is 0: a guild and a user are needed. Direct messages have no "
                     "permissions.");
}

/* The bot's own place in a thread is known. */
static bool knows_membership(const cordage_client *c, struct cache_standing *s)
{
    if (s->user_id != c->user_id)
        return false;
    s->member_of_thread = s->bot_in_thread;
    return true;
}

int cordage_permissions(cordage_client *c, cordage_id guild_id, cordage_id user_id,
                        cordage_id channel_id, uint64_t *out, cordage_error *error)
{
    uint64_t now = c->host->wall(c->host);
    struct cache_standing s;

    *out = 0;
    if (!guild_id || !user_id)
        return no_id(error);
    if (cache_standing(c->cache, guild_id, user_id, channel_id, &s) < 0)
        return not_cached(&s, guild_id, error);
    if (!knows_membership(c, &s) && permissions_need_membership(&s, now))
        return error_set(error, CORDAGE_ENOTFOUND,
                         "Who is in the private thread %" PRIu64 OF_GUILD " is not "
                         "cached: ask Discord (GET /channels/%" PRIu64
                         "/thread-members/%" PRIu64 ").",
                         channel_id, guild_id, channel_id, user_id);
    *out = permissions_of(&s, now);
    return 0;
}

int cordage_can_act_on(cordage_client *c, cordage_id guild_id, cordage_id actor_id,
                       cordage_id target_id, bool *out, cordage_error *error)
{
    struct cache_standing actor, target;
    struct standing_rank role;

    *out = false;
    if (!guild_id || !actor_id || !target_id)
        return no_id(error);
    if (cache_standing(c->cache, guild_id, actor_id, 0, &actor) < 0)
        return not_cached(&actor, guild_id, error);
    if (cache_role_rank(c->cache, guild_id, target_id, &role) == 0) {
        *out = permissions_outrank_role(&actor, role);
        return 0;
    }
    if (cache_standing(c->cache, guild_id, target_id, 0, &target) < 0)
        return not_cached(&target, guild_id, error);
    *out = permissions_outrank(&actor, &target);
    return 0;
}
