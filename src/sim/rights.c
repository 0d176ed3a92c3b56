#include "rights.h"

#include <stdlib.h>

#include "changes.h"
#include "error.h"

enum { ROLES_MAX = 250 };

/* One whose rights are counted. */
struct counting {
    struct world *w;
    struct world_guild *g;
    uint64_t user_id;
    uint64_t roles[ROLES_MAX + 1]; /* @everyone first */
    size_t n_roles;
};

static uint64_t bits(cordage_json text)
{
    struct str digits;
    uint64_t value = 0;

    if (json_str(text, &digits))
        str_u64(digits, &value);
    return value;
}

static int find_roles(struct counting *k)
{
    cordage_json member;
    struct json_iter it;
    int err = changes_read(k->w, k->g, LIST_MEMBERS, k->user_id, &member);

    if (err)
        return err;
    k->roles[k->n_roles++] = k->g->id;
    for (bool more = json_first(json_get(member, "roles"), &it);
         more && k->n_roles <= ROLES_MAX; more = json_next(&it))
        k->n_roles += json_id(it.value, &k->roles[k->n_roles]);
    return 0;
}

static int add_roles(struct counting *k, uint64_t *out)
{
    for (size_t i = 0; i < k->n_roles; i++) {
        cordage_json role;
        int err = changes_read(k->w, k->g, LIST_ROLES, k->roles[i], &role);

        if (err == CORDAGE_ENOMEM)
            return err;
        if (!err)
            *out |= bits(json_get(role, "permissions"));
    }
    return 0;
}

static bool has_role(const struct counting *k, uint64_t id)
{
    for (size_t i = 1; i < k->n_roles; i++)
        if (k->roles[i] == id)
            return true;
    return false;
}

/* @everyone's overwrite, then those of the roles together, then the member's own. */
static uint64_t overwritten(const struct counting *k, cordage_json overwrites,
                            uint64_t rights)
{
    uint64_t allow[3] = { 0 }, deny[3] = { 0 }, id;
    struct json_iter it;

    for (bool more = json_first(overwrites, &it); more; more = json_next(&it)) {
        int which;

        if (!json_id(json_get(it.value, "id"), &id))
            continue;
        which = id == k->g->id ? 0 : has_role(k, id) ? 1 : id == k->user_id ? 2 : -1;
        if (which < 0)
            continue;
        allow[which] |= bits(json_get(it.value, "allow"));
        deny[which] |= bits(json_get(it.value, "deny"));
    }
    for (int i = 0; i < 3; i++)
        rights = (rights & ~deny[i]) | allow[i];
    return rights;
}

static int in_channel(struct counting *k, uint64_t channel_id, uint64_t *rights)
{
    cordage_json channel;
    uint64_t parent = 0;
    int err = changes_read(k->w, k->g, LIST_CHANNELS, channel_id, &channel);

    if (err == CORDAGE_ENOTFOUND) {
        err = changes_read(k->w, k->g, LIST_THREADS, channel_id, &channel);
        if (!err && json_id(json_get(channel, "parent_id"), &parent))
            err = changes_read(k->w, k->g, LIST_CHANNELS, parent, &channel);
    }
    if (err)
        return err == CORDAGE_ENOTFOUND ? 0 : err;
    *rights = overwritten(k, json_get(channel, "permission_overwrites"), *rights);
    if (!(*rights & RIGHT_VIEW_CHANNEL))
        *rights = 0;
    return 0;
}

int rights_count(struct world *w, struct world_guild *g, uint64_t user_id,
                 uint64_t channel_id, uint64_t *out)
{
    struct counting k = { .w = w, .g = g, .user_id = user_id };
    struct world_member m;
    int err;

    *out = 0;
    if (!world_find_member(w, g, user_id, &m))
        return 0;
    /* As the seed makes it, the bot is an administrator. */
    *out = RIGHTS_ALL;
    if (m.index == 1 || (m.index == 0 && !g->changes))
        return 0;
    *out = 0;
    err = find_roles(&k);
    if (!err)
        err = add_roles(&k, out);
    if (err)
        return err == CORDAGE_ENOTFOUND ? 0 : err;
    if (*out & RIGHT_ADMINISTRATOR)
        *out = RIGHTS_ALL;
    else if (channel_id)
        err = in_channel(&k, channel_id, out);
    return err;
}
