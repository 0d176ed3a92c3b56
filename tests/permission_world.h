/* permission_world.h - a small guild of random rules, and Discord's own way to count
 * permissions in it, written down as the documentation has it: the "compute" functions of
 * "Permission Overwrites" and the paragraphs below them, over plain lists. It shares
 * nothing with the library but the names of the bits. */
#ifndef PERMISSION_WORLD_H
#define PERMISSION_WORLD_H

#include "permissions.h"
#include "rng.h"

#define P(NAME) CORDAGE_PERMISSION_##NAME

enum {
    GUILD = 1000,
    OWNER = 1,
    BOT = 2,
    MEMBER = 3,
    PARENT = 2000,
    CHANNEL = 2001,
    ROLES_MAX = 6
};

struct world_role {
    cordage_id id; /* [0] is @everyone: GUILD */
    uint64_t permissions;
    int64_t position;
    bool held; /* by the member */
};

struct world_overwrite {
    cordage_id id;
    bool of_member;
    uint64_t allow, deny;
};

struct world {
    cordage_id user; /* OWNER, BOT or MEMBER */
    struct world_role roles[ROLES_MAX];
    unsigned n_roles;
    struct world_overwrite overwrites[ROLES_MAX + 3];
    unsigned n_overwrites;
    int type; /* of CHANNEL; a thread's overwrites are PARENT's */
    bool in_thread, timed_out;
};

static inline bool world_has_thread(const struct world *w)
{
    return w->type == 10 || w->type == 11 || w->type == 12;
}

static inline uint64_t compute_base_permissions(const struct world *w)
{
    uint64_t permissions = w->roles[0].permissions;

    if (w->user == OWNER)
        return CORDAGE_PERMISSIONS_ALL;
    for (unsigned i = 1; i < w->n_roles; i++)
        if (w->roles[i].held)
            permissions |= w->roles[i].permissions;
    if (permissions & P(ADMINISTRATOR))
        return CORDAGE_PERMISSIONS_ALL;
    return permissions;
}

static inline const struct world_overwrite *
world_overwrite_of(const struct world *w, cordage_id id, bool of_member)
{
    for (unsigned i = 0; i < w->n_overwrites; i++)
        if (w->overwrites[i].id == id && w->overwrites[i].of_member == of_member)
            return &w->overwrites[i];
    return NULL;
}

static inline uint64_t compute_overwrites(uint64_t base, const struct world *w)
{
    const struct world_overwrite *o;
    uint64_t permissions = base, allow = 0, deny = 0;

    if (base & P(ADMINISTRATOR))
        return CORDAGE_PERMISSIONS_ALL;
    o = world_overwrite_of(w, GUILD, false);
    if (o) {
        permissions &= ~o->deny;
        permissions |= o->allow;
    }
    for (unsigned i = 1; i < w->n_roles; i++) {
        o = w->roles[i].held ? world_overwrite_of(w, w->roles[i].id, false) : NULL;
        if (o) {
            allow |= o->allow;
            deny |= o->deny;
        }
    }
    permissions &= ~deny;
    permissions |= allow;
    o = world_overwrite_of(w, w->user, true);
    if (o) {
        permissions &= ~o->deny;
        permissions |= o->allow;
    }
    return permissions;
}

/* "Implicit Permissions", "Permissions for Timed Out Members", "Inherited Permissions".
 */
static inline uint64_t compute_channel_permissions(const struct world *w)
{
    uint64_t base = compute_base_permissions(w), p = compute_overwrites(base, w);
    uint64_t may_send = P(SEND_MESSAGES);

    if (w->timed_out && w->user != OWNER && !(base & P(ADMINISTRATOR)))
        p &= P(VIEW_CHANNEL) | P(READ_MESSAGE_HISTORY);
    if (!(p & P(VIEW_CHANNEL)))
        return 0;
    if (w->type == 12 && !w->in_thread && !(p & P(MANAGE_THREADS)))
        return 0;
    if (world_has_thread(w))
        may_send = P(SEND_MESSAGES_IN_THREADS);
    if (p & may_send)
        p |= P(SEND_MESSAGES);
    else
        p &= ~(P(SEND_MESSAGES) | P(MENTION_EVERYONE) | P(SEND_TTS_MESSAGES) |
               P(ATTACH_FILES) | P(EMBED_LINKS));
    if ((w->type == 2 || w->type == 13) && !(p & P(CONNECT)))
        p &= ~(P(PRIORITY_SPEAKER) | P(STREAM) | P(SPEAK) | P(MUTE_MEMBERS) |
               P(DEAFEN_MEMBERS) | P(MOVE_MEMBERS) | P(USE_VAD) | P(REQUEST_TO_SPEAK) |
               P(USE_EMBEDDED_ACTIVITIES) | P(USE_SOUNDBOARD) | P(USE_EXTERNAL_SOUNDS) |
               P(SET_VOICE_CHANNEL_STATUS));
    return p;
}

/* Random bits of which most that other bits hang on are there now and then. */
static inline uint64_t world_bits(struct rng *rng, unsigned one_in)
{
    uint64_t bits = rng_next(rng) & rng_next(rng) & CORDAGE_PERMISSIONS_ALL;

    bits &= ~(uint64_t)P(ADMINISTRATOR);
    if (rng_below(rng, one_in) == 0)
        bits |= P(VIEW_CHANNEL) | P(SEND_MESSAGES) | P(CONNECT);
    return bits;
}

static inline struct world world_random(struct rng *rng)
{
    static const cordage_id users[] = { OWNER, BOT, MEMBER, MEMBER, MEMBER, MEMBER };
    static const int types[] = { 0, 2, 5, 10, 11, 12, 13, 15 };
    struct world w = { .user = users[rng_below(rng, 6)], .n_roles = 1 };

    w.type = types[rng_below(rng, sizeof types / sizeof *types)];
    w.in_thread = rng_below(rng, 2);
    w.timed_out = rng_below(rng, 5) == 0;
    w.roles[0] = (struct world_role){ GUILD, world_bits(rng, 2), 0, true };
    for (; w.n_roles < 1 + rng_below(rng, ROLES_MAX); w.n_roles++)
        w.roles[w.n_roles] =
            (struct world_role){ 100 + w.n_roles, world_bits(rng, 3),
                                 (int64_t)rng_below(rng, 4), rng_below(rng, 2) };
    if (rng_below(rng, 12) == 0)
        w.roles[rng_below(rng, w.n_roles)].permissions |= P(ADMINISTRATOR);
    for (unsigned i = 0; i < w.n_roles; i++)
        if (rng_below(rng, 2))
            w.overwrites[w.n_overwrites++] =
                (struct world_overwrite){ w.roles[i].id, false, world_bits(rng, 3),
                                          world_bits(rng, 5) };
    for (cordage_id user = OWNER; user <= MEMBER; user++)
        if (rng_below(rng, 2))
            w.overwrites[w.n_overwrites++] =
                (struct world_overwrite){ user, true, world_bits(rng, 4),
                                          world_bits(rng, 6) };
    return w;
}

#endif
