/* The guild's own fields, its roles, emoji, stickers and sounds. */
#include <stdio.h>

#include "edit.h"
#include "isotime.h"

enum { LAST_SEED_ROLE = 1, ROLES_MAX = 30, EXPRESSIONS_MAX = 12 };

/* ---- The guild ------------------------------------------------------------------ */

static void put_hash(struct edit *e, const char *key)
{
    char hash[40];

    if (life_once_in(e, 3)) {
        field_null(&e->j, key);
        return;
    }
    snprintf(hash, sizeof hash, "%s%016llx%016llx", life_once_in(e, 4) ? "a_" : "",
             (unsigned long long)rng_next(&e->sim->life.rng),
             (unsigned long long)rng_next(&e->sim->life.rng));
    field_z(&e->j, key, hash);
}

bool life_change_guild(struct edit *e)
{
    char name[64];

    edit_begin(e);
    switch (life_below(e, 5)) {
    case 0:
        life_name(e, name, sizeof name);
        field_z(&e->j, "name", name);
        break;
    case 1:
        put_hash(e, "icon");
        put_hash(e, "banner");
        break;
    case 2:
        field_u64(&e->j, "verification_level", life_below(e, 5));
        field_u64(&e->j, "afk_timeout", 60);
        break;
    case 3:
        field_z(&e->j, "description", life_once_in(e, 2) ? "\"new\" words ✨" : NULL);
        field_u64(&e->j, "premium_subscription_count", life_below(e, 30));
        break;
    default:
        field_open(&e->j, "features", '[');
        json_put_z(&e->j, "COMMUNITY");
        if (life_once_in(e, 2))
            json_put_z(&e->j, "INVITES_DISABLED");
        json_shut(&e->j, ']');
        field_u64(&e->j, "system_channel_flags", life_below(e, 64));
    }
    edit_merge_guild(e);
    edit_begin(e);
    world_put_plain(e->world, e->g, &e->j);
    edit_told(e, "GUILD_UPDATE", INTENT_GUILDS);
    return true;
}

/* ---- Roles ---------------------------------------------------------------------- */

void edit_tell_role(struct edit *e, const char *name, uint64_t id)
{
    uint32_t index;

    if (!edit_find(e, LIST_ROLES, id, &index))
        return;
    edit_telling(e);
    json_key(&e->j, "role");
    world_write(e->world, e->g, LIST_ROLES, index, &e->j);
    edit_told(e, name, INTENT_GUILDS);
}

static void put_color(struct edit *e)
{
    uint64_t color = life_below(e, 1 << 24);

    field_u64(&e->j, "color", color);
    field_open(&e->j, "colors", '{');
    field_u64(&e->j, "primary_color", color);
    if (life_once_in(e, 4))
        field_u64(&e->j, "secondary_color", life_below(e, 1 << 24));
    else
        field_null(&e->j, "secondary_color");
    field_null(&e->j, "tertiary_color");
    json_shut(&e->j, '}');
}

static void put_permissions(struct edit *e)
{
    char text[24];

    snprintf(text, sizeof text, "%llu",
             (unsigned long long)(rng_next(&e->sim->life.rng) & 0x1fffffffffffff &
                                  ~8ULL));
    field_z(&e->j, "permissions", text);
}

bool life_create_role(struct edit *e)
{
    uint32_t n = world_count(e->world, e->g, LIST_ROLES);
    uint64_t id = edit_new_id(e);
    char name[64];

    if (n >= ROLES_MAX)
        return false;
    life_name(e, name, sizeof name);
    edit_begin(e);
    field_id(&e->j, "id", id);
    field_z(&e->j, "name", name);
    put_color(e);
    field_bool(&e->j, "hoist", life_once_in(e, 2));
    field_null(&e->j, "icon");
    field_z(&e->j, "unicode_emoji", life_once_in(e, 3) ? "🦀" : NULL);
    field_u64(&e->j, "position", n);
    put_permissions(e);
    field_bool(&e->j, "managed", false);
    field_bool(&e->j, "mentionable", life_once_in(e, 2));
    field_u64(&e->j, "flags", 0);
    edit_put(e, LIST_ROLES, id);
    edit_tell_role(e, "GUILD_ROLE_CREATE", id);
    return true;
}

bool life_change_role(struct edit *e)
{
    char name[64];
    uint64_t id;

    if (!life_pick(e, LIST_ROLES, life_once_in(e, 4) ? 0 : 2, &id))
        return false;
    life_name(e, name, sizeof name);
    edit_begin(e);
    if (id != e->g->id && life_once_in(e, 2))
        field_z(&e->j, "name", name);
    else if (life_once_in(e, 2))
        put_color(e);
    else if (id != world_role_id(e->g, 1))
        put_permissions(e); /* the bot stays an administrator */
    else
        field_bool(&e->j, "hoist", life_once_in(e, 2));
    edit_merge(e, LIST_ROLES, id);
    edit_tell_role(e, "GUILD_ROLE_UPDATE", id);
    return true;
}

/* Writes `roles` of an object without one of them; false: it isn't among them. */
static bool put_roles_without(struct edit *e, enum world_list list, uint64_t id,
                              uint64_t role)
{
    cordage_json object;
    struct json_iter it;
    uint64_t given;
    bool found = false;

    if (!edit_read(e, list, id, &object))
        return false;
    edit_begin(e);
    field_open(&e->j, "roles", '[');
    for (bool more = json_first(json_get(object, "roles"), &it); more;
         more = json_next(&it)) {
        if (!json_id(it.value, &given))
            continue;
        found |= given == role;
        if (given != role)
            json_put_id(&e->j, given);
    }
    json_shut(&e->j, ']');
    return found;
}

/* Nobody is told that the role went from its members and emoji. */
static void strip_role(struct edit *e, enum world_list list, uint64_t role)
{
    for (uint32_t i = 0; !e->err && i < world_count(e->world, e->g, list); i++) {
        uint64_t id = world_id_at(e->world, e->g, list, i);

        if (put_roles_without(e, list, id, role))
            edit_merge(e, list, id);
    }
}

void edit_delete_role(struct edit *e, uint64_t id)
{
    edit_remove(e, LIST_ROLES, id);
    strip_role(e, LIST_MEMBERS, id);
    strip_role(e, LIST_EMOJIS, id);
    edit_telling(e);
    field_id(&e->j, "role_id", id);
    edit_told(e, "GUILD_ROLE_DELETE", INTENT_GUILDS);
}

bool life_delete_role(struct edit *e)
{
    uint64_t id;

    if (world_count(e->world, e->g, LIST_ROLES) < 5 ||
        !life_pick(e, LIST_ROLES, LAST_SEED_ROLE + 1, &id))
        return false;
    edit_delete_role(e, id);
    return true;
}

/* ---- Emoji, stickers, sounds ---------------------------------------------------- */

/* Whether there are so many that one goes, or so few that one comes: 0 changes one. */
static int more_or_less(struct edit *e, enum world_list list)
{
    uint32_t n = world_count(e->world, e->g, list);

    if (n == 0)
        return 1;
    if (n >= EXPRESSIONS_MAX)
        return -1;
    return (int)life_below(e, 3) - 1;
}

static void new_emoji(struct edit *e, const char *name)
{
    uint64_t id = edit_new_id(e), role;

    edit_begin(e);
    field_id(&e->j, "id", id);
    field_z(&e->j, "name", name);
    field_open(&e->j, "roles", '[');
    if (life_once_in(e, 3) && life_pick(e, LIST_ROLES, 2, &role))
        json_put_id(&e->j, role);
    json_shut(&e->j, ']');
    field_bool(&e->j, "require_colons", true);
    field_bool(&e->j, "managed", false);
    field_bool(&e->j, "animated", life_once_in(e, 3));
    field_bool(&e->j, "available", true);
    edit_put(e, LIST_EMOJIS, id);
}

bool life_change_emojis(struct edit *e)
{
    int which = more_or_less(e, LIST_EMOJIS);
    char name[64];
    uint64_t id;

    snprintf(name, sizeof name, "emoji_%u", (unsigned)life_below(e, 1000));
    if (which > 0) {
        new_emoji(e, name);
    } else if (!life_pick(e, LIST_EMOJIS, 0, &id)) {
        return false;
    } else if (which < 0) {
        edit_remove(e, LIST_EMOJIS, id);
    } else {
        edit_begin(e);
        field_z(&e->j, "name", name);
        edit_merge(e, LIST_EMOJIS, id);
    }
    edit_tell_list(e, "GUILD_EMOJIS_UPDATE", INTENT_GUILD_EXPRESSIONS, "emojis",
                   LIST_EMOJIS);
    return true;
}

static void new_sticker(struct edit *e, const char *name)
{
    uint64_t id = edit_new_id(e);

    edit_begin(e);
    field_id(&e->j, "id", id);
    field_z(&e->j, "name", name);
    field_z(&e->j, "description", life_once_in(e, 2) ? "stuck" : NULL);
    field_z(&e->j, "tags", "ship");
    field_u64(&e->j, "type", 2);
    field_u64(&e->j, "format_type", 1 + life_below(e, 4));
    field_id(&e->j, "guild_id", e->g->id);
    field_bool(&e->j, "available", true);
    edit_put(e, LIST_STICKERS, id);
}

bool life_change_stickers(struct edit *e)
{
    int which = more_or_less(e, LIST_STICKERS);
    char name[64];
    uint64_t id;

    life_name(e, name, sizeof name);
    if (which > 0) {
        new_sticker(e, name);
    } else if (!life_pick(e, LIST_STICKERS, 0, &id)) {
        return false;
    } else if (which < 0) {
        edit_remove(e, LIST_STICKERS, id);
    } else {
        edit_begin(e);
        field_z(&e->j, "name", name);
        edit_merge(e, LIST_STICKERS, id);
    }
    edit_tell_list(e, "GUILD_STICKERS_UPDATE", INTENT_GUILD_EXPRESSIONS, "stickers",
                   LIST_STICKERS);
    return true;
}

static uint64_t new_sound(struct edit *e, const char *name)
{
    uint64_t id = edit_new_id(e);

    edit_begin(e);
    field_id(&e->j, "sound_id", id);
    field_z(&e->j, "name", name);
    json_key(&e->j, "volume");
    json_put_double(&e->j, (double)life_below(e, 5) / 4);
    field_null(&e->j, "emoji_id");
    field_z(&e->j, "emoji_name", "🔔");
    field_id(&e->j, "guild_id", e->g->id);
    field_bool(&e->j, "available", true);
    edit_put(e, LIST_SOUNDS, id);
    return id;
}

/* Several at a time are told of in one event, which lists them all. */
static void change_all_sounds(struct edit *e)
{
    for (uint32_t i = 0; !e->err && i < world_count(e->world, e->g, LIST_SOUNDS); i++) {
        edit_begin(e);
        field_bool(&e->j, "available", life_once_in(e, 2));
        edit_merge(e, LIST_SOUNDS, world_id_at(e->world, e->g, LIST_SOUNDS, i));
    }
    edit_tell_list(e, "GUILD_SOUNDBOARD_SOUNDS_UPDATE", INTENT_GUILD_EXPRESSIONS,
                   "soundboard_sounds", LIST_SOUNDS);
}

bool life_change_sounds(struct edit *e)
{
    int which = more_or_less(e, LIST_SOUNDS);
    char name[64];
    uint64_t id;

    life_name(e, name, sizeof name);
    if (which > 0) {
        id = new_sound(e, name);
        edit_tell_object(e, "GUILD_SOUNDBOARD_SOUND_CREATE", INTENT_GUILD_EXPRESSIONS,
                         LIST_SOUNDS, id);
    } else if (!life_pick(e, LIST_SOUNDS, 0, &id)) {
        return false;
    } else if (which < 0) {
        edit_remove(e, LIST_SOUNDS, id);
        edit_telling(e);
        field_id(&e->j, "sound_id", id);
        edit_told(e, "GUILD_SOUNDBOARD_SOUND_DELETE", INTENT_GUILD_EXPRESSIONS);
    } else if (life_once_in(e, 3)) {
        change_all_sounds(e);
    } else {
        edit_begin(e);
        field_z(&e->j, "name", name);
        edit_merge(e, LIST_SOUNDS, id);
        edit_tell_object(e, "GUILD_SOUNDBOARD_SOUND_UPDATE", INTENT_GUILD_EXPRESSIONS,
                         LIST_SOUNDS, id);
    }
    return true;
}
