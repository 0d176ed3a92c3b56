/* Guilds and what stands in them: roles, emojis, stickers, sounds, scheduled events,
 * stages. */
#include "apply_private.h"

#include <stdlib.h>

/* ---- READY ------------------------------------------------------------------------ */

static int list_guilds(cordage_json guilds, struct map *listed)
{
    struct json_iter it;
    int err = 0;

    for (bool more = json_first(guilds, &it); more && !err; more = json_next(&it)) {
        cordage_id id = cordage_json_id(json_get(it.value, "id"));

        if (id)
            err = map_put(listed, id, listed);
    }
    return err;
}

/* What a new session doesn't list the bot has lost while it was away. */
static int drop_unlisted(struct apply *a, cordage_json guilds)
{
    struct map listed = { 0 };
    int err = list_guilds(guilds, &listed);

    if (!err)
        err = slice_ids(a->s, &a->s->many);
    for (size_t at = 0; !err && at < a->s->many.n; at += sizeof(uint64_t)) {
        struct guild_stripe *stripe;
        struct guild *g;
        uint64_t id;

        memcpy(&id, a->s->many.p + at, sizeof id);
        if (map_get(&listed, id))
            continue;
        stripe = guild_lock(a->c, id);
        g = map_get(&stripe->guilds, id);
        if (g && g->slice == a->s)
            guild_drop(a->c, stripe, g);
        guild_unlock(stripe);
    }
    map_release(&listed);
    return err;
}

int apply_ready(struct apply *a)
{
    cordage_json guilds = json_get(a->d, "guilds");
    int err = people_user(a, json_get(a->d, "user"));

    if (err || cordage_json_type_of(guilds) != CORDAGE_JSON_ARRAY)
        return err;
    return drop_unlisted(a, guilds);
}

/* ---- The guild -------------------------------------------------------------------- */

/* The users and members that stand in the objects of a list. */
static int people_of_list(struct apply *a, cordage_kind kind, cordage_json list)
{
    struct json_iter it;
    int err = 0;

    for (bool more = json_first(list, &it); more && !err; more = json_next(&it))
        switch (kind) {
        case CORDAGE_KIND_VOICE_STATES:
            err =
                people_member(a, object_id(kind, it.value), json_get(it.value, "member"));
            break;
        case CORDAGE_KIND_SCHEDULED_EVENTS:
            err = people_user(a, json_get(it.value, "creator"));
            break;
        case CORDAGE_KIND_MEMBERS:
        case CORDAGE_KIND_EMOJIS:
        case CORDAGE_KIND_STICKERS:
        case CORDAGE_KIND_SOUNDS:
            err = people_user(a, json_get(it.value, "user"));
            break;
        default:
            break;
        }
    return err;
}

static bool has_people(cordage_kind kind)
{
    return kind == CORDAGE_KIND_VOICE_STATES || kind == CORDAGE_KIND_SCHEDULED_EVENTS ||
           kind == CORDAGE_KIND_MEMBERS || kind == CORDAGE_KIND_EMOJIS ||
           kind == CORDAGE_KIND_STICKERS || kind == CORDAGE_KIND_SOUNDS;
}

/* Replaces a list; before it the users in it, so that its members find theirs. */
static int replace_list(struct apply *a, cordage_kind kind, cordage_json list)
{
    int err = 0;

    if (has_people(kind) && kind != CORDAGE_KIND_VOICE_STATES)
        err = people_of_list(a, kind, list);
    if (!err && a->g)
        err = keep_fill(a->s, a->g, kind, list);
    if (!err && kind == CORDAGE_KIND_VOICE_STATES)
        err =
            people_of_list(a, kind, list); /* members are put one by one: after theirs */
    return err;
}

static int replace_lists(struct apply *a)
{
    int err = 0;

    for (unsigned kind = 0; kind < CORDAGE_N_KINDS && !err; kind++)
        if (object_list_key(kind))
            err = replace_list(a, kind, json_get(a->d, object_list_key(kind)));
    return err;
}

int apply_guild_replace(struct apply *a)
{
    bool unavailable = cordage_json_true(json_get(a->d, "unavailable"), false);
    int err = 0;

    if (cache_keeps(a->c, CORDAGE_KIND_GUILDS) && a->guild_id) {
        a->g = guild_make(a->s, a->stripe, a->guild_id);
        if (!a->g)
            return CORDAGE_ENOMEM;
        a->g->unavailable = unavailable;
        guild_changed(a->g);
    }
    if (unavailable)
        return 0;
    if (a->g)
        err = keep_replace(a->s, a->g, CORDAGE_KIND_GUILDS, a->guild_id, a->d);
    if (err && !shelf_count(&a->g->shelves[CORDAGE_KIND_GUILDS])) {
        guild_drop(a->c, a->stripe, a->g);
        return err;
    }
    return err ? err : replace_lists(a);
}

int apply_guild_merge(struct apply *a)
{
    static const cordage_kind lists[] = { CORDAGE_KIND_ROLES, CORDAGE_KIND_EMOJIS,
                                          CORDAGE_KIND_STICKERS };
    int err = apply_old(a, CORDAGE_KIND_GUILDS, a->guild_id);

    if (!err && a->g)
        err = keep_merge(a->s, a->g, CORDAGE_KIND_GUILDS, a->guild_id, a->d);
    for (size_t i = 0; i < sizeof lists / sizeof lists[0] && !err; i++) {
        cordage_json list = json_get(a->d, object_list_key(lists[i]));

        if (cordage_json_type_of(list) == CORDAGE_JSON_ARRAY)
            err = replace_list(a, lists[i], list);
    }
    return err;
}

int apply_guild_remove(struct apply *a)
{
    int err;

    if (cordage_json_true(json_get(a->d, "unavailable"), false)) {
        if (!cache_keeps(a->c, CORDAGE_KIND_GUILDS) || !a->guild_id)
            return 0;
        err = apply_old(a, CORDAGE_KIND_GUILDS, a->guild_id);
        a->g = err ? NULL : guild_make(a->s, a->stripe, a->guild_id);
        if (!a->g)
            return CORDAGE_ENOMEM;
        a->g->unavailable = true;
        guild_changed(a->g);
        return 0;
    }
    err = apply_old(a, CORDAGE_KIND_GUILDS, a->guild_id);
    if (!err && a->g)
        guild_drop(a->c, a->stripe, a->g);
    return err;
}

/* ---- Emojis, stickers, sounds ----------------------------------------------------- */

int apply_emojis_replace(struct apply *a)
{
    return replace_list(a, CORDAGE_KIND_EMOJIS, json_get(a->d, "emojis"));
}

int apply_stickers_replace(struct apply *a)
{
    return replace_list(a, CORDAGE_KIND_STICKERS, json_get(a->d, "stickers"));
}

int apply_sounds_replace(struct apply *a)
{
    return replace_list(a, CORDAGE_KIND_SOUNDS, json_get(a->d, "soundboard_sounds"));
}

int apply_sound_put(struct apply *a)
{
    int err = apply_put(a, CORDAGE_KIND_SOUNDS, a->d);

    return err ? err : people_user(a, json_get(a->d, "user"));
}

int apply_sound_remove(struct apply *a)
{
    return apply_remove(a, CORDAGE_KIND_SOUNDS, apply_id(a, "sound_id"));
}

/* Those that are not listed stay: Discord doesn't say that they are all. */
int apply_sounds_put(struct apply *a)
{
    const cordage_kind kind = CORDAGE_KIND_SOUNDS;
    cordage_json list = json_get(a->d, "soundboard_sounds");
    struct json_iter it;
    int err = people_of_list(a, kind, list);

    if (!a->g)
        return err;
    for (bool more = json_first(list, &it); more && !err; more = json_next(&it))
        err = keep_replace(a->s, a->g, kind, object_id(kind, it.value), it.value);
    return err;
}

/* ---- Roles ------------------------------------------------------------------------ */

int apply_role_put(struct apply *a)
{
    return apply_put(a, CORDAGE_KIND_ROLES, json_get(a->d, "role"));
}

/* Takes `id` out of every record's list. */
static int strip_role(struct apply *a, cordage_kind kind, unsigned field, uint64_t role)
{
    const struct schema *schema = object_schemas[kind];
    struct str record;
    uint64_t id = 0;
    int err = 0;

    while (!err && shelf_next(&a->g->shelves[kind], id, &id, &record)) {
        if (!record_has_id(schema, record, field, role))
            continue;
        buf_clear(&a->s->record);
        err = record_drop_id(schema, record, field, role, &a->s->record);
        if (!err)
            err = keep_rewrite(a->g, kind, id, buf_str(&a->s->record));
    }
    return err == CORDAGE_ENOMEM ? err : 0;
}

/* No other event says that its members don't have it any more. Overwrites that name it
 * stay in the channels, as they may at Discord: they apply to nobody. */
int apply_role_remove(struct apply *a)
{
    cordage_id role = apply_id(a, "role_id");
    int err = 0;

    if (!a->g || !role)
        return 0;
    err = strip_role(a, CORDAGE_KIND_MEMBERS, MEMBER_ROLES, role);
    if (!err)
        err = strip_role(a, CORDAGE_KIND_EMOJIS, EMOJI_ROLES, role);
    return err ? err : apply_remove(a, CORDAGE_KIND_ROLES, role);
}

/* ---- Scheduled events, stages ----------------------------------------------------- */

int apply_scheduled_put(struct apply *a)
{
    enum { COMPLETED = 3, CANCELED = 4 };
    static const unsigned keeps[] = { SCHEDULED_USER_COUNT };
    const cordage_kind kind = CORDAGE_KIND_SCHEDULED_EVENTS;
    cordage_id id = object_id(kind, a->d);
    int64_t status = cordage_json_int(json_get(a->d, "status"), 0);
    int err = people_user(a, json_get(a->d, "creator"));

    if (err || !a->g)
        return err;
    if (status == COMPLETED || status == CANCELED)
        return apply_remove(a, kind, id);
    err = apply_old(a, kind, id);
    return err ? err : keep_update(a->s, a->g, kind, id, a->d, keeps, 1);
}

int apply_scheduled_remove(struct apply *a)
{
    return apply_remove(a, CORDAGE_KIND_SCHEDULED_EVENTS, apply_id(a, "id"));
}

int apply_scheduled_user(struct apply *a)
{
    bool came = a->type == CORDAGE_EVENT_GUILD_SCHEDULED_EVENT_USER_ADD;

    return apply_count(a, CORDAGE_KIND_SCHEDULED_EVENTS,
                       apply_id(a, "guild_scheduled_event_id"), SCHEDULED_USER_COUNT,
                       came ? 1 : -1);
}

int apply_stage_put(struct apply *a)
{
    return apply_put(a, CORDAGE_KIND_STAGE_INSTANCES, a->d);
}

int apply_stage_remove(struct apply *a)
{
    return apply_remove(a, CORDAGE_KIND_STAGE_INSTANCES, apply_id(a, "id"));
}
