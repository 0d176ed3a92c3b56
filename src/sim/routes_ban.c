/* routes_ban.c - bans, one by one and many at once. */
#include "change_call.h"
#include "json_copy.h"
#include "rights.h"

enum { BANS_PER_PAGE = 1000, BULK_MAX = 200 };

static bool is_banned(struct call *c, uint64_t user_id)
{
    uint32_t index;

    return world_find(call_world(c), c->guild, LIST_BANS, user_id, &index);
}

/* Neither the owner nor a bot. */
static bool is_bannable(struct call *c, uint64_t user_id)
{
    struct world_member m;

    return world_has_user(call_world(c), user_id) &&
           !world_is_bot(call_world(c), user_id) &&
           !(world_find_member(call_world(c), c->guild, user_id, &m) && m.index == 1);
}

static void put_reason(struct call *c, struct edit *e)
{
    char reason[REASON_BYTES];

    if (c->request->reason.n &&
        call_percent_decode(c->request->reason, reason, sizeof reason))
        field_z(&e->j, "reason", reason);
    else
        field_null(&e->j, "reason");
}

static void tell(struct edit *e, const char *name, uint64_t user_id)
{
    edit_telling(e);
    json_key(&e->j, "user");
    world_write_user(e->world, user_id, &e->j);
    edit_told_with(e, name, INTENT_GUILD_MODERATION, RIGHT_BAN_MEMBERS);
}

/* Whoever is in goes. */
static void ban(struct call *c, struct edit *e, uint64_t user_id)
{
    struct world_member m;

    if (!e->err && world_find_member(e->world, e->g, user_id, &m))
        edit_remove_member(e, user_id);
    edit_begin(e);
    put_reason(c, e);
    json_key(&e->j, "user");
    world_write_user(e->world, user_id, &e->j);
    edit_put(e, LIST_BANS, user_id);
    tell(e, "GUILD_BAN_ADD", user_id);
    change_audit(c, e, AUDIT_BAN_ADD, user_id, NULL);
}

static void put_ban(struct call *c)
{
    struct edit e;

    if (!world_has_user(call_world(c), c->id)) {
        call_error(c, 404, 10013, "Unknown User");
        return;
    }
    if (!is_bannable(c, c->id)) {
        call_error(c, 403, 50013, "Missing Permissions");
        return;
    }
    if (is_banned(c, c->id)) {
        call_no_content(c);
        return;
    }
    change_begin(c, &e);
    ban(c, &e, c->id);
    if (change_done(c, &e))
        call_no_content(c);
}

static void delete_ban(struct call *c)
{
    struct edit e;

    if (!is_banned(c, c->id)) {
        call_error(c, 404, 10026, "Unknown Ban");
        return;
    }
    change_begin(c, &e);
    edit_remove(&e, LIST_BANS, c->id);
    tell(&e, "GUILD_BAN_REMOVE", c->id);
    change_audit(c, &e, AUDIT_BAN_REMOVE, c->id, NULL);
    if (change_done(c, &e))
        call_no_content(c);
}

static void get_ban(struct call *c)
{
    uint32_t index;

    if (world_find(call_world(c), c->guild, LIST_BANS, c->id, &index))
        world_write(call_world(c), c->guild, LIST_BANS, index, &c->out);
    else
        call_error(c, 404, 10026, "Unknown Ban");
}

/* By user id, ascending. */
static void get_bans(struct call *c)
{
    uint64_t limit = BANS_PER_PAGE, after = 0, before = UINT64_MAX;
    const struct world *w = call_world(c);
    uint32_t n = world_count(w, c->guild, LIST_BANS), index = 0;

    if (!call_query_number(c, "limit", 1, BANS_PER_PAGE, &limit) ||
        !call_query_number(c, "after", 0, UINT64_MAX, &after) ||
        !call_query_number(c, "before", 0, UINT64_MAX, &before))
        return;
    json_open(&c->out, '[');
    while (limit--) {
        uint64_t next = UINT64_MAX;

        for (uint32_t i = 0; i < n; i++) {
            uint64_t id = world_id_at(w, c->guild, LIST_BANS, i);

            if (id > after && id < before && id < next) {
                next = id;
                index = i;
            }
        }
        if (next == UINT64_MAX)
            break;
        world_write(w, c->guild, LIST_BANS, index, &c->out);
        after = next;
    }
    json_shut(&c->out, ']');
}

static bool read_users(struct call *c, cordage_json list, uint64_t *ids, size_t *n)
{
    struct json_iter it;

    *n = 0;
    if (json_count(list) < 1 || json_count(list) > BULK_MAX) {
        call_form_error(c, "user_ids", "BASE_TYPE_BAD_LENGTH",
                        "Must be between 1 and 200 in length.");
        return false;
    }
    for (bool more = json_first(list, &it); more; more = json_next(&it), ++*n) {
        if (json_id(it.value, &ids[*n]))
            continue;
        call_form_error(c, "user_ids", "NUMBER_TYPE_COERCE", "Value is not snowflake.");
        return false;
    }
    return true;
}

static void put_ids(struct call *c, const char *key, const uint64_t *ids, size_t n,
                    const bool *done, bool wanted)
{
    field_open(&c->out, key, '[');
    for (size_t i = 0; i < n; i++)
        if (done[i] == wanted)
            json_put_id(&c->out, ids[i]);
    json_shut(&c->out, ']');
}

static void bulk_ban(struct call *c)
{
    uint64_t ids[BULK_MAX];
    bool done[BULK_MAX] = { false };
    size_t n, n_done = 0;
    cordage_json body;
    struct edit e;

    if (!call_json(c, &body) || !read_users(c, json_get(body, "user_ids"), ids, &n))
        return;
    change_begin(c, &e);
    for (size_t i = 0; i < n; i++) {
        if (!is_bannable(c, ids[i]) || is_banned(c, ids[i]))
            continue;
        ban(c, &e, ids[i]);
        done[i] = true;
        n_done++;
    }
    if (!change_done(c, &e))
        return;
    if (!n_done) {
        call_error(c, 400, 500000, "Failed to ban users");
        return;
    }
    json_open(&c->out, '{');
    put_ids(c, "banned_users", ids, n, done, true);
    put_ids(c, "failed_users", ids, n, done, false);
    json_shut(&c->out, '}');
}

const struct route routes_ban[] = {
    { "GET", "guilds/{guild}/bans", get_bans, BUCKET_READ, .needs = RIGHT_BAN_MEMBERS },
    { "GET", "guilds/{guild}/bans/{id}", get_ban, BUCKET_READ,
      .needs = RIGHT_BAN_MEMBERS },
    { "PUT", "guilds/{guild}/bans/{id}", put_ban, BUCKET_READ,
      .needs = RIGHT_BAN_MEMBERS },
    { "DELETE", "guilds/{guild}/bans/{id}", delete_ban, BUCKET_READ,
      .needs = RIGHT_BAN_MEMBERS },
    { "POST", "guilds/{guild}/bulk-ban", bulk_ban, BUCKET_READ,
      .needs = RIGHT_BAN_MEMBERS | RIGHT_MANAGE_GUILD },
    { NULL },
};
