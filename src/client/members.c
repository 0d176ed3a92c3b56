/* cordage_request_guild_members: checked here, asked by asks.c. */
#include <string.h>

#include "asks.h"

static bool is_askable(const cordage_members_request *r)
{
    if (!r->guild_id)
        return false;
    if (r->query)
        return r->n_user_ids == 0 && (r->limit > 0 || r->query[0] == '\0');
    return r->user_ids && r->n_user_ids > 0 && r->n_user_ids <= GATEWAY_MEMBERS_USER_IDS;
}

/* Discord would not even say no. */
static bool is_permitted(cordage_client *c, const cordage_members_request *r)
{
    bool all = r->query && r->limit == 0;

    if (!all || (c->settings.intents & CORDAGE_INTENT_GUILD_MEMBERS))
        return true;
    log_line(
        &c->log, LOG_ERROR,
        "guild=%llu all members can only be asked for with the GUILD_MEMBERS intent: "
        "set it in options.intents, and enable \"Server Members Intent\" in the "
        "developer portal",
        (unsigned long long)r->guild_id);
    return false;
}

int cordage_request_guild_members(cordage_client *c,
                                  const cordage_members_request *request,
                                  cordage_result_fn done, void *user)
{
    struct members_fields fields = {
        .guild_id = request->guild_id,
        .query = request->query,
        .limit = request->limit,
        .presences = request->presences,
        .user_ids = request->user_ids,
        .n_user_ids = request->n_user_ids,
    };
    struct ask *a;
    int err;

    if (!is_askable(request) || (request->each && done == cordage_await) ||
        !is_permitted(c, request))
        return answer_refuse(done, user, CORDAGE_EINVAL);
    a = mem_zero(sizeof *a);
    if (!a)
        return answer_refuse(done, user, CORDAGE_ENOMEM);
    ask_init(a, c, request->guild_id, done, user);
    err = gather_init_members(&a->gather, &fields);
    if (err) {
        ask_free(a);
        return answer_refuse(done, user, err);
    }
    if (request->timeout_ms)
        a->gather.timeout_ms = request->timeout_ms;
    a->each = request->each;
    a->gather.piecewise = request->each || !done;
    return ask_submit(a);
}
