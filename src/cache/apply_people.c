/* Members, users, presences, voice states: whoever stands in an event. */
#include "apply_private.h"

static const cordage_kind members = CORDAGE_KIND_MEMBERS,
                          presences = CORDAGE_KIND_PRESENCES,
                          voice_states = CORDAGE_KIND_VOICE_STATES;

/* ---- Found anywhere --------------------------------------------------------------- */

int people_user(struct apply *a, cordage_json user)
{
    bool changed = false;
    int err;

    if (json_is_absent(user))
        return 0;
    err = user_put(a->s, user, USER_MERGE, &changed);
    if (changed && a->g)
        guild_changed(a->g);
    return err;
}

int people_member(struct apply *a, cordage_id user_id, cordage_json member)
{
    cordage_json user;
    int err;

    if (json_is_absent(member))
        return 0;
    user = json_get(member, "user");
    err = people_user(a, user);
    if (!user_id)
        user_id = cordage_json_id(json_get(user, "id"));
    if (err || !a->g || cordage_json_type_of(member) != CORDAGE_JSON_OBJECT)
        return err;
    return keep_merge(a->s, a->g, members, user_id, member);
}

/* A list of users, each with its member, perhaps. */
static int people_list(struct apply *a, cordage_json users)
{
    struct json_iter it;
    int err = 0;

    for (bool more = json_first(users, &it); more && !err; more = json_next(&it)) {
        err = people_user(a, it.value);
        if (!err)
            err = people_member(a, cordage_json_id(json_get(it.value, "id")),
                                json_get(it.value, "member"));
    }
    return err;
}

/* Maps by id; the members in them have no user. */
static int people_resolved(struct apply *a, cordage_json resolved)
{
    struct json_iter it;
    int err = people_list(a, json_get(resolved, "users"));

    for (bool more = json_first(json_get(resolved, "members"), &it); more && !err;
         more = json_next(&it)) {
        uint64_t user_id = 0;

        if (str_u64(it.key, &user_id))
            err = people_member(a, user_id, it.value);
    }
    return err;
}

struct message people_read(cordage_json message)
{
#define PART(name)                                                  \
    {                                                               \
        { #name, sizeof #name - 1 }, offsetof(struct message, name) \
    }
    static const struct {
        struct str key;
        size_t offset;
    } parts[] = { PART(id),
                  PART(channel_id),
                  PART(thread),
                  PART(author),
                  PART(member),
                  PART(webhook_id),
                  PART(mentions),
                  PART(interaction),
                  PART(resolved),
                  PART(interaction_metadata),
                  PART(message_snapshots),
                  PART(referenced_message) };
#undef PART
    struct message m = { .id = { NULL, 0 } };
    struct json_iter it;

    for (bool more = json_first(message, &it); more; more = json_next(&it))
        for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
            cordage_json *part = (cordage_json *)((char *)&m + parts[i].offset);

            /* Of two with one key the first counts, as in json_get. */
            if (str_eq(it.key, parts[i].key) && json_is_absent(*part))
                *part = it.value;
        }
    return m;
}

/* The author of a webhook's message is no user. */
static int people_author(struct apply *a, const struct message *m)
{
    int err;

    if (cordage_json_id(m->webhook_id))
        return 0;
    err = people_user(a, m->author);
    return err ? err
               : people_member(a, cordage_json_id(json_get(m->author, "id")), m->member);
}

static int people_one_message(struct apply *a, const struct message *m)
{
    cordage_json user = json_get(m->interaction, "user");
    int err = people_author(a, m);

    if (!err)
        err = people_list(a, m->mentions);
    if (!err)
        err = people_user(a, user);
    if (!err)
        err = people_member(a, cordage_json_id(json_get(user, "id")),
                            json_get(m->interaction, "member"));
    if (!err)
        err = people_user(a, json_get(m->interaction_metadata, "user"));
    if (!err)
        err = people_user(a, json_get(m->interaction_metadata, "target_user"));
    return err ? err : people_resolved(a, m->resolved);
}

int people_message(struct apply *a, const struct message *m)
{
    struct message referenced;
    struct json_iter it;
    int err = people_one_message(a, m);

    if (!err && !json_is_absent(m->referenced_message)) {
        referenced = people_read(m->referenced_message);
        err = people_one_message(a, &referenced);
    }
    for (bool more = json_first(m->message_snapshots, &it); more && !err;
         more = json_next(&it))
        err = people_list(a, json_get(json_get(it.value, "message"), "mentions"));
    return err;
}

static int people_interaction(struct apply *a)
{
    cordage_json resolved = json_get(json_get(a->d, "data"), "resolved");
    struct message message;
    struct json_iter it;
    int err = people_user(a, json_get(a->d, "user"));

    if (!err)
        err = people_member(a, 0, json_get(a->d, "member"));
    if (!err)
        err = people_resolved(a, resolved);
    for (bool more = json_first(json_get(resolved, "messages"), &it); more && !err;
         more = json_next(&it)) {
        message = people_read(it.value);
        err = people_message(a, &message);
    }
    message = people_read(json_get(a->d, "message"));
    return err ? err : people_message(a, &message);
}

int apply_people(struct apply *a)
{
    struct message message;
    int err;

    switch (a->type) {
    case CORDAGE_EVENT_INTERACTION_CREATE:
        return people_interaction(a);
    case CORDAGE_EVENT_MESSAGE_UPDATE:
        message = people_read(a->d);
        err = people_message(a, &message);
        if (!err && cordage_json_type_of(message.thread) == CORDAGE_JSON_OBJECT)
            err = thread_put(a, message.thread);
        return err;
    default: /* reactions, typing: with the whole member, if with any */
        return people_member(a, apply_id(a, "user_id"), json_get(a->d, "member"));
    }
}

/* ---- Members ---------------------------------------------------------------------- */

static uint64_t time_of(const struct schema *schema, struct str record, unsigned field)
{
    uint64_t unix_ms = 0;

    record_number(schema, record, field, &unix_ms);
    return unix_ms;
}

/* Discord may send a GUILD_MEMBER_ADD again for somebody who is in already. Where the
 * cache knows the member, that is plain. Else `joined_at` tells: who joined before the
 * bot did was counted in GUILD_CREATE, and who joined well before the newest thing that
 * the shard has heard of doesn't join now. */
static int is_repeated(struct apply *a, bool *repeated)
{
    enum { SLACK_MS = 60000 };
    struct buf *member = &a->s->record;
    struct str guild = { "", 0 };
    uint64_t joined;
    int err;

    buf_clear(member);
    err = record_write(object_schemas[members], a->d, member);
    if (err)
        return err == CORDAGE_ENOMEM ? err : 0;
    keep_get(a->c, a->g, CORDAGE_KIND_GUILDS, a->guild_id, &guild);
    joined = time_of(object_schemas[members], buf_str(member), MEMBER_JOINED_AT);
    if (joined)
        *repeated =
            joined + SLACK_MS < a->s->newest_ms ||
            joined < time_of(object_schemas[CORDAGE_KIND_GUILDS], guild, GUILD_JOINED_AT);
    slice_heard(a->s, joined);
    return 0;
}

int apply_member_add(struct apply *a)
{
    cordage_id id = object_id(members, a->d);
    struct str record;
    bool known;
    int err;

    if (!a->g || !id)
        return people_user(a, json_get(a->d, "user"));
    known = keep_get(a->c, a->g, members, id, &record);
    err = known ? apply_old(a, members, id) : is_repeated(a, &known);
    if (!err)
        err = people_user(a, json_get(a->d, "user"));
    if (!err)
        err = keep_replace(a->s, a->g, members, id, a->d);
    if (err || known)
        return err;
    return apply_count(a, CORDAGE_KIND_GUILDS, a->guild_id, GUILD_MEMBER_COUNT, 1);
}

int apply_member_merge(struct apply *a)
{
    int err = apply_old(a, members, object_id(members, a->d));

    return err ? err : people_member(a, 0, a->d);
}

/* Who is no member is in none of the guild's voice channels, either. */
int apply_member_remove(struct apply *a)
{
    cordage_id id = object_id(members, a->d);
    int err;

    if (!a->g || !id)
        return 0;
    err = apply_remove(a, members, id);
    if (err)
        return err;
    keep_remove(a->c, a->g, presences, id);
    keep_remove(a->c, a->g, voice_states, id);
    return apply_count(a, CORDAGE_KIND_GUILDS, a->guild_id, GUILD_MEMBER_COUNT, -1);
}

int apply_members_put(struct apply *a)
{
    struct json_iter it;
    int err = 0;

    for (bool more = json_first(json_get(a->d, "members"), &it); more && !err;
         more = json_next(&it))
        err = people_member(a, 0, it.value);
    for (bool more = json_first(json_get(a->d, "presences"), &it); more && !err;
         more = json_next(&it))
        err = presence_put(a, it.value);
    return err;
}

/* ---- Presences, voice states, the bot itself -------------------------------------- */

/* Discord checks nothing in a presence's user but its id. It tells of a change to
 * somebody who is known, if it looks like a user; it makes nobody. */
static int presence_user(struct apply *a, cordage_json user)
{
    bool changed = false;
    int err;

    if (cordage_json_type_of(json_get(user, "username")) != CORDAGE_JSON_STRING)
        return 0;
    err = user_put(a->s, user, USER_IF_KNOWN, &changed);
    if (changed && a->g)
        guild_changed(a->g);
    return err;
}

int presence_put(struct apply *a, cordage_json presence)
{
    cordage_id id = object_id(presences, presence);
    cordage_str status = cordage_json_string(json_get(presence, "status"));
    int err = presence_user(a, json_get(presence, "user"));

    if (err || !a->g || !id)
        return err;
    if (cordage_str_is(status, "offline")) {
        keep_remove(a->c, a->g, presences, id);
        return 0;
    }
    return keep_merge(a->s, a->g, presences, id, presence);
}

int apply_presence(struct apply *a)
{
    int err = apply_old(a, presences, object_id(presences, a->d));

    return err ? err : presence_put(a, a->d);
}

int apply_voice_state(struct apply *a)
{
    cordage_id id = object_id(voice_states, a->d);
    int err = people_member(a, id, json_get(a->d, "member"));

    if (err)
        return err;
    if (!apply_id(a, "channel_id"))
        return apply_remove(a, voice_states, id);
    return apply_put(a, voice_states, a->d);
}

/* Snapshots have users with their guilds: one of the slice's that has this member is
 * packed again. Also if another shard's event has told the cache before, since each has
 * its own snapshot. */
static int pack_member(struct apply *a, cordage_id user_id)
{
    struct str record;
    bool found = false;
    int err = slice_ids(a->s, &a->s->many);

    for (size_t at = 0; !err && !found && at < a->s->many.n; at += sizeof(uint64_t)) {
        struct guild_stripe *stripe;
        struct guild *g;
        uint64_t id;

        memcpy(&id, a->s->many.p + at, sizeof id);
        stripe = guild_lock(a->c, id);
        g = map_get(&stripe->guilds, id);
        found =
            g && g->slice == a->s && shelf_get(&g->shelves[members], user_id, &record);
        if (found)
            guild_changed(g);
        guild_unlock(stripe);
    }
    return err;
}

int apply_self(struct apply *a)
{
    cordage_id id = apply_id(a, "id");
    struct buf *old = a->change ? a->change->old : NULL;
    bool changed;
    int err = 0;

    if (old && id)
        err = cache_read(a->c, CORDAGE_KIND_USERS, 0, id, old);
    if (err == CORDAGE_ENOMEM)
        return err;
    err = user_put(a->s, a->d, USER_REPLACE, &changed);
    return err ? err : pack_member(a, id);
}
