/* An event's way to what it does. */
#include "apply_private.h"

#define KIND(name) (1u << CORDAGE_KIND_##name)

enum { PEOPLE = KIND(USERS) | KIND(MEMBERS) };

/* What an effect does, and which kinds it may change. */
static const struct {
    int (*run)(struct apply *a);
    unsigned kinds;
} effects[N_EFFECTS] = {
    [EFFECT_READY] = { apply_ready, KIND(GUILDS) | KIND(USERS) },
    [EFFECT_CHANNEL_PUT] = { apply_channel_put, KIND(CHANNELS) },
    [EFFECT_CHANNEL_REMOVE] = { apply_channel_remove, KIND(CHANNELS) | KIND(THREADS) |
                                                          KIND(VOICE_STATES) |
                                                          KIND(STAGE_INSTANCES) },
    [EFFECT_CHANNEL_PINS] = { apply_channel_pins, KIND(CHANNELS) | KIND(THREADS) },
    [EFFECT_THREAD_PUT] = { apply_thread_put, KIND(CHANNELS) | KIND(THREADS) },
    [EFFECT_THREAD_REMOVE] = { apply_thread_remove, KIND(THREADS) },
    [EFFECT_THREAD_LIST] = { apply_thread_list, KIND(THREADS) },
    [EFFECT_THREAD_MEMBER] = { apply_thread_member, KIND(THREADS) },
    [EFFECT_THREAD_MEMBERS] = { apply_thread_members,
                                KIND(THREADS) | KIND(PRESENCES) | PEOPLE },
    [EFFECT_GUILD_REPLACE] = { apply_guild_replace, ~0u },
    [EFFECT_GUILD_MERGE] = { apply_guild_merge, ~0u },
    [EFFECT_GUILD_REMOVE] = { apply_guild_remove, ~0u },
    [EFFECT_EMOJIS_REPLACE] = { apply_emojis_replace, KIND(EMOJIS) | KIND(USERS) },
    [EFFECT_STICKERS_REPLACE] = { apply_stickers_replace, KIND(STICKERS) | KIND(USERS) },
    [EFFECT_SOUND_PUT] = { apply_sound_put, KIND(SOUNDS) | KIND(USERS) },
    [EFFECT_SOUND_REMOVE] = { apply_sound_remove, KIND(SOUNDS) },
    [EFFECT_SOUNDS_PUT] = { apply_sounds_put, KIND(SOUNDS) | KIND(USERS) },
    [EFFECT_SOUNDS_REPLACE] = { apply_sounds_replace, KIND(SOUNDS) | KIND(USERS) },
    [EFFECT_MEMBER_ADD] = { apply_member_add, KIND(GUILDS) | PEOPLE },
    [EFFECT_MEMBER_MERGE] = { apply_member_merge, PEOPLE },
    [EFFECT_MEMBER_REMOVE] = { apply_member_remove, KIND(GUILDS) | KIND(PRESENCES) |
                                                        KIND(VOICE_STATES) | PEOPLE },
    [EFFECT_MEMBERS_PUT] = { apply_members_put, KIND(PRESENCES) | PEOPLE },
    [EFFECT_ROLE_PUT] = { apply_role_put, KIND(ROLES) },
    [EFFECT_ROLE_REMOVE] = { apply_role_remove, KIND(ROLES) | KIND(MEMBERS) |
                                                    KIND(EMOJIS) | KIND(CHANNELS) },
    [EFFECT_SCHEDULED_PUT] = { apply_scheduled_put,
                               KIND(SCHEDULED_EVENTS) | KIND(USERS) },
    [EFFECT_SCHEDULED_REMOVE] = { apply_scheduled_remove, KIND(SCHEDULED_EVENTS) },
    [EFFECT_SCHEDULED_USER] = { apply_scheduled_user, KIND(SCHEDULED_EVENTS) },
    [EFFECT_PEOPLE] = { apply_people, PEOPLE },
    [EFFECT_MESSAGE] = { apply_message, KIND(CHANNELS) | KIND(THREADS) | PEOPLE },
    [EFFECT_MESSAGE_GONE] = { apply_message_gone, KIND(THREADS) },
    [EFFECT_PRESENCE] = { apply_presence, KIND(PRESENCES) | KIND(USERS) },
    [EFFECT_STAGE_PUT] = { apply_stage_put, KIND(STAGE_INSTANCES) },
    [EFFECT_STAGE_REMOVE] = { apply_stage_remove, KIND(STAGE_INSTANCES) },
    [EFFECT_SELF] = { apply_self, KIND(USERS) },
    [EFFECT_VOICE_STATE] = { apply_voice_state, KIND(VOICE_STATES) | PEOPLE },
};

bool cache_wants(const struct cache *c, cordage_event_type type)
{
    return (effects[event_effect(type)].kinds & c->kept) != 0;
}

/* ---- What the effects have in common ---------------------------------------------- */

int apply_old(struct apply *a, cordage_kind kind, cordage_id id)
{
    struct buf *old = a->change ? a->change->old : NULL;
    struct json_writer w;
    struct str record;
    size_t start;
    int err, damaged;

    if (!old || !a->g || !keep_get(a->c, a->g, kind, id, &record))
        return 0;
    start = old->n;
    json_begin(&w, old);
    damaged = object_write(a->c, a->g, kind, id, record, true, &w);
    err = json_end(&w);
    if (damaged)
        old->n = start;
    return err;
}

int apply_put(struct apply *a, cordage_kind kind, cordage_json object)
{
    cordage_id id = object_id(kind, object);
    int err;

    if (!a->g)
        return 0;
    err = apply_old(a, kind, id);
    return err ? err : keep_replace(a->s, a->g, kind, id, object);
}

int apply_remove(struct apply *a, cordage_kind kind, cordage_id id)
{
    int err;

    if (!a->g)
        return 0;
    err = apply_old(a, kind, id);
    if (!err)
        keep_remove(a->c, a->g, kind, id);
    return err;
}

int apply_count(struct apply *a, cordage_kind kind, cordage_id id, unsigned field,
                int64_t more)
{
    struct str record;
    uint64_t n = 0;

    if (!a->g || !keep_get(a->c, a->g, kind, id, &record))
        return 0;
    record_number(object_schemas[kind], record, field, &n);
    if (more < 0 && n < (uint64_t)-more)
        n = 0;
    else
        n += (uint64_t)more;
    return keep_set(a->s, a->g, kind, id, field, &n);
}

/* ---- The event -------------------------------------------------------------------- */

/* Events on their way to a guild that the cache doesn't have. These make one, or end it.
 */
static bool is_about_guild(cordage_event_type type)
{
    return type == CORDAGE_EVENT_GUILD_CREATE || type == CORDAGE_EVENT_GUILD_DELETE;
}

static struct guild *find_guild(const struct apply *a)
{
    struct guild *g = guild_find(a->c, a->stripe, a->guild_id);

    /* Of a guild that has only ever been unavailable there is nothing to change. */
    if (g && !shelf_count(&g->shelves[CORDAGE_KIND_GUILDS]) && !is_about_guild(a->type))
        return NULL;
    return g;
}

/* A giant's leftovers go back. */
static void trim(struct buf *b)
{
    enum { ORDINARY = 1024 * 1024 };

    if (b->size > ORDINARY)
        buf_release(b);
}

int cache_apply(struct cache_slice *s, cordage_event_type type, cordage_json d,
                cordage_id self, struct cache_change *change)
{
    struct apply a = { .s = s, .c = s->cache, .type = type, .d = d, .self = self };
    int err;

    if (!cache_wants(s->cache, type))
        return 0;
    if (self)
        atomic_store(&a.c->self, self);
    a.change = change;
    a.guild_id = event_route_of(type, d).guild_id;
    if (a.guild_id) {
        a.stripe = guild_lock(a.c, a.guild_id);
        a.g = find_guild(&a);
    }
    err = effects[event_effect(type)].run(&a);
    if (a.stripe)
        guild_unlock(a.stripe);
    cache_evict(s);
    trim(&s->record);
    trim(&s->many);
    trim(&s->items);
    return err;
}
