/* change_rig.h - a bot that changes the world over REST, and hears of it.
 *
 * Its session has all intents, and follows the events: what it knows from them is held
 * against the truth. */
#ifndef CHANGE_RIG_H
#define CHANGE_RIG_H

#include "mirror_truth.h"
#include "routes_rig.h"

struct change_rig {
    struct rest rest;
    struct client client; /* has all intents */
    struct mirror mirror;
    struct world_guild *g;
};

static inline void start(struct change_rig *r)
{
    struct routes_config limits = { 0 };
    struct sim_config config = rig_config();

    rest_start_with(&r->rest, &config, &limits);
    r->g = &sim_world(r->rest.rig.sim)->guilds[0];
    mirror_init(&r->mirror);
    client_ready(&r->rest.rig, &r->client, 0, 1, 53608447);
    rig_wait(&r->rest.rig, 1000);
    while (client_next(&r->client))
        mirror_apply(&r->mirror, r->client.name, 0, r->client.d);
    mirror_check(&r->mirror, r->rest.rig.sim, r->g->id);
}

static inline void stop(struct change_rig *r)
{
    rig_is_clean(&r->rest.rig);
    client_release(&r->client);
    mirror_release(&r->mirror);
    rest_stop(&r->rest);
}

static inline int send(struct change_rig *r, const char *method, const char *target,
                       const char *body)
{
    struct sim_request request = rest_request(&r->rest, method, target);
    struct buf copy = { 0 };
    int status;

    CHECK_INT(buf_append_z(&copy, body), 0);
    request.body = buf_str(&copy);
    status = rest_send(&r->rest, &request);
    buf_release(&copy);
    return status;
}

/* Exactly this was told, and what the audit log has of it, and whoever heard it knows the
 * truth. */
static inline void told(struct change_rig *r, const char *name)
{
    client_gets(&r->client, name);
    mirror_apply(&r->mirror, name, sim_world(r->rest.rig.sim)->bot_id, r->client.d);
    if (client_has_more(&r->client))
        client_gets(&r->client, "GUILD_AUDIT_LOG_ENTRY_CREATE");
    CHECK(!client_has_more(&r->client));
    mirror_check(&r->mirror, r->rest.rig.sim, r->g->id);
}

/* "/api/v10/guilds/<id>", and behind it `part` with an id, twice; 0: without. */
static inline const char *in_guild(struct change_rig *r, const char *part, uint64_t id,
                                   const char *next, uint64_t next_id)
{
    static char path[256];
    int n = snprintf(path, sizeof path, "/api/v10/guilds/%llu%s",
                     (unsigned long long)r->g->id, part);

    if (id)
        n += snprintf(path + n, sizeof path - (size_t)n, "%llu%s", (unsigned long long)id,
                      next);
    if (next_id)
        snprintf(path + n, sizeof path - (size_t)n, "%llu", (unsigned long long)next_id);
    return path;
}

static inline const char *in_channel(uint64_t id, const char *rest)
{
    static char path[256];

    snprintf(path, sizeof path, "/api/v10/channels/%llu%s", (unsigned long long)id, rest);
    return path;
}

static inline uint64_t answered_id(struct change_rig *r)
{
    return mirror_id(r->rest.json, "id");
}

/* The value behind dots of the last event. */
static inline cordage_json event(struct change_rig *r, const char *path)
{
    return rest_at(r->client.d, path);
}

static inline struct str event_text(struct change_rig *r, const char *path)
{
    cordage_str s = cordage_json_string(event(r, path));

    return (struct str){ s.p ? s.p : "", s.n };
}

#endif
