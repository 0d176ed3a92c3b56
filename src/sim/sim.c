#include "sim_model.h"

#include <stdio.h>
#include <stdlib.h>

#include "field.h"
#include "limits.h"
#include "mem.h"
#include "shards.h"

void sim_config_default(struct sim_config *c)
{
    *c = (struct sim_config){
        .bots = 1,
        .guilds = 8,
        .max_concurrency = SIM_DEFAULT_CONCURRENCY,
        .session_limit = SIM_DEFAULT_SESSION_LIMIT,
        .large_bot_guilds = 150000,
        .shard_multiple = 16,
        .heartbeat_ms = 41250,
        .seed = 1,
        .allowed_intents = GATEWAY_ALL_INTENTS,
        .max_guilds_per_shard = 2500,
        .session_ttl_ms = 180000,
        .session_buffer = 100000,
        .buffer_bytes = 512u * 1024 * 1024,
        .guilds_per_s = 500,
        .watchdog_code = CLOSE_SESSION_TIMED_OUT,
    };
}

static int check_config(const struct sim_config *c, cordage_error *error)
{
    if (c->bots == 0 || c->bots > WORLD_BOTS_MAX)
        return error_set(error, CORDAGE_EINVAL, "bots must be 1 to %d", WORLD_BOTS_MAX);
    if (c->guilds > WORLD_GUILDS_MAX)
        return error_set(error, CORDAGE_EINVAL, "guilds must be 0 to %d",
                         WORLD_GUILDS_MAX);
    if (c->members == 1 || c->members > WORLD_MEMBERS_MAX)
        return error_set(error, CORDAGE_EINVAL, "members must be 0 or 2 to %d",
                         WORLD_MEMBERS_MAX);
    if (c->max_concurrency == 0 || c->max_concurrency > LIMIT_SHARDS)
        return error_set(error, CORDAGE_EINVAL, "max_concurrency must be 1 to %d",
                         LIMIT_SHARDS);
    if (c->shard_multiple == 0 || c->shard_multiple > LIMIT_SHARDS)
        return error_set(error, CORDAGE_EINVAL, "shard_multiple must be 1 to %d",
                         LIMIT_SHARDS);
    if (c->heartbeat_ms < 10)
        return error_set(error, CORDAGE_EINVAL, "heartbeat_ms must be at least 10");
    if (c->session_buffer == 0 || c->guilds_per_s == 0 || c->max_guilds_per_shard == 0)
        return error_set(error, CORDAGE_EINVAL,
                         "session_buffer, guilds_per_s and max_guilds_per_shard must be "
                         "at least 1");
    if (!(c->traffic >= 0 && c->traffic <= 1e6))
        return error_set(error, CORDAGE_EINVAL, "traffic must be 0 to 1000000 a second");
    if (!(c->live >= 0 && c->live <= 1e5))
        return error_set(error, CORDAGE_EINVAL, "live must be 0 to 100000 a second");
    return 0;
}

/* ---- Making and unmaking -------------------------------------------------------- */

static int copy_text(char **to, const char *from)
{
    char *copy = from ? mem_copy(from, strlen(from)) : NULL;

    if (from && !copy)
        return CORDAGE_ENOMEM;
    free(*to);
    *to = copy;
    return 0;
}

int sim_set_urls(struct sim *s, const char *gateway_url, const char *resume_url)
{
    if (copy_text(&s->gateway_url, gateway_url) < 0 ||
        copy_text(&s->resume_url, resume_url) < 0)
        return CORDAGE_ENOMEM;
    s->config.gateway_url = s->gateway_url;
    s->config.resume_url = s->resume_url;
    return 0;
}

static int fill(struct sim *s)
{
    const struct sim_config *c = &s->config;
    int err = world_init(&s->world, c->guilds, c->members, c->seed);

    if (!err && c->bot_id)
        s->world.bot_id = s->world.bots[0] = c->bot_id;
    if (!err && c->bots > 1)
        err = world_add_bots(&s->world, c->bots - 1);
    if (!err)
        err = sim_apps_init(s);
    if (err)
        return err;
    s->config.token = NULL; /* it may be reset, and is not ours to keep */
    if (c->rich)
        world_make_rich(&s->world);
    s->parser = json_parser_new();
    s->memories = calloc(SIM_MEMORIES, sizeof *s->memories);
    if (!s->parser || !s->memories)
        return CORDAGE_ENOMEM;
    return sim_set_urls(s, c->gateway_url, c->resume_url);
}

int sim_new(const struct sim_config *config, uint64_t now, uint64_t wall_ms,
            struct sim **out, cordage_error *error)
{
    struct sim *s;
    int err = check_config(config, error);

    *out = NULL;
    if (err)
        return err;
    s = mem_zero(sizeof *s);
    if (!s)
        return error_set(error, CORDAGE_ENOMEM, "out of memory");
    s->config = *config;
    s->started_at = now;
    sim_set_traffic(s, config->traffic, UINT64_MAX, now);
    sim_live(s, config->live, UINT64_MAX, now);
    s->life.rng = rng_seeded(config->seed ^ 0x6c696665);
    s->started_wall = wall_ms;
    s->wake_at = NEVER;
    s->rng = rng_seeded(config->seed ^ 0x73696d);
    list_init(&s->conns);
    list_init(&s->sessions);
    interactions_init(&s->interactions);
    err = fill(s);
    if (err) {
        sim_free(s);
        return error_set(error, err, "%s", cordage_strerror(err));
    }
    *out = s;
    return 0;
}

static void free_conns(struct sim *s)
{
    struct link *l;

    while ((l = list_pop(&s->conns)))
        free(CONTAINER_OF(l, struct sim_conn, link));
}

static void free_routes(struct sim *s)
{
    size_t at = 0;
    void *route;

    while ((route = map_next(&s->routes, &at, NULL)))
        free(route);
    map_release(&s->routes);
    free(s->counts);
}

void sim_free(struct sim *s)
{
    if (!s)
        return;
    while (!list_is_empty(&s->sessions))
        sim_session_end(CONTAINER_OF(s->sessions.next, struct sim_session, link),
                        SIM_END_LOST);
    free_conns(s);
    free_routes(s);
    sim_apps_release(s);
    life_release(&s->life);
    interactions_release(&s->interactions);
    world_release(&s->world);
    report_release(&s->report);
    json_parser_free(s->parser);
    json_parser_free(s->reshaper);
    buf_release(&s->shaped);
    buf_release(&s->in);
    buf_release(&s->out);
    buf_release(&s->body);
    free(s->memories);
    free(s->chats);
    free(s->gateway_url);
    free(s->resume_url);
    free(s);
}

/* ---- Memories ------------------------------------------------------------------- */

void sim_remember(struct sim *s, const struct sim_memory *m)
{
    s->memories[s->n_memories++ % SIM_MEMORIES] = *m;
}

/* The newest first. */
static const struct sim_memory *memory(const struct sim *s, size_t age)
{
    size_t kept = s->n_memories < SIM_MEMORIES ? s->n_memories : SIM_MEMORIES;

    return age < kept ? &s->memories[(s->n_memories - 1 - age) % SIM_MEMORIES] : NULL;
}

const struct sim_memory *sim_recall_session(const struct sim *s, struct str id)
{
    const struct sim_memory *m;

    for (size_t age = 0; id.n && (m = memory(s, age)); age++)
        if (str_is(id, m->session_id))
            return m;
    return NULL;
}

const struct sim_memory *sim_recall_fatal(const struct sim *s, uint64_t fingerprint)
{
    const struct sim_memory *m;

    for (size_t age = 0; (m = memory(s, age)); age++)
        if (m->why == SIM_END_FATAL && m->fingerprint == fingerprint)
            return m;
    return NULL;
}

/* ---- Time ----------------------------------------------------------------------- */

static void look_around(struct sim *s, uint64_t now)
{
    struct link *l, *next;

    s->wake_at = NEVER;
    for (l = s->conns.next; l != &s->conns; l = l->next)
        sim_conn_tick(CONTAINER_OF(l, struct sim_conn, link), now);
    for (l = s->sessions.next; l != &s->sessions; l = next) {
        next = l->next;
        sim_session_tick(CONTAINER_OF(l, struct sim_session, link), now);
    }
    for (l = s->sessions.next; l != &s->sessions; l = l->next)
        sim_wake(s, sim_session_deadline(CONTAINER_OF(l, struct sim_session, link)));
}

void sim_tick(struct sim *s, uint64_t now)
{
    sim_life_tick(s, now);
    sim_traffic_tick(s, now);
    if (now >= s->wake_at)
        look_around(s, now);
}

uint64_t sim_deadline(const struct sim *s)
{
    uint64_t traffic = sim_traffic_deadline(s), life = sim_life_deadline(s);
    uint64_t at = traffic < s->wake_at ? traffic : s->wake_at;

    return life < at ? life : at;
}

/* ---- Views ---------------------------------------------------------------------- */

const struct sim_config *sim_config(const struct sim *s)
{
    return &s->config;
}

struct world *sim_world(struct sim *s)
{
    return &s->world;
}

struct report *sim_report(struct sim *s)
{
    return &s->report;
}

const char *sim_gateway_url(const struct sim *s)
{
    return s->gateway_url ? s->gateway_url : "";
}

bool sim_resume_door_is_open(const struct sim *s)
{
    return !s->resume_is_down;
}

bool sim_gateway_is_up(const struct sim *s, uint64_t now)
{
    return now >= s->gateway_down_until;
}

struct sim_rest_faults *sim_rest_faults(struct sim *s)
{
    return &s->rest_faults;
}

int sim_rest_status(const struct sim *s, uint64_t now)
{
    return now < s->rest_down_until ? s->rest_status : 0;
}

uint32_t sim_rest_delay(const struct sim *s, uint64_t now)
{
    return now < s->rest_slow_until ? s->rest_slow_ms : 0;
}

uint64_t sim_wall(const struct sim *s, uint64_t now)
{
    return s->started_wall + (now - s->started_at);
}

void sim_broke(struct sim *s, const struct sim_app *app, enum sim_rule rule, uint64_t now,
               const char *detail)
{
    report_break(&s->report, rule, sim_wall(s, now), app ? app->id : 0, REPORT_NO_SHARD,
                 0, detail);
}

static const char *state_of(const struct sim_session *ss)
{
    if (!ss->conn)
        return "lost";
    if (ss->next_guild < ss->sim->world.n_guilds && ss->n_created < ss->n_guilds)
        return "loading";
    return ss->sent < ss->seq ? "behind" : "live";
}

void sim_each_session(const struct sim *s,
                      void (*each)(void *user, const struct sim_session_info *info),
                      void *user, uint64_t now)
{
    for (struct link *l = s->sessions.next; l != &s->sessions; l = l->next) {
        const struct sim_session *ss = CONTAINER_OF(l, struct sim_session, link);
        const struct sim_conn *c = ss->conn;
        struct sim_session_info info = {
            .bot = ss->app->index,
            .shard_id = ss->wants.shard_id,
            .shard_count = ss->wants.shard_count,
            .is_connected = c && !c->has_ended,
        };

        info.is_live = info.is_connected && !sim_session_is_loading(ss) &&
                       !c->is_frozen && now >= c->silent_until;
        each(user, &info);
    }
}

static void write_session(const struct sim_session *ss, struct json_writer *w)
{
    json_open(w, '{');
    field_z(w, "session_id", ss->id);
    field_id(w, "bot", ss->app->id);
    field_open(w, "shard", '[');
    json_put_u64(w, ss->wants.shard_id);
    json_put_u64(w, ss->wants.shard_count);
    json_shut(w, ']');
    field_z(w, "state", state_of(ss));
    field_u64(w, "seq", ss->seq);
    field_u64(w, "sent", ss->sent);
    field_u64(w, "guilds", ss->n_guilds);
    field_u64(w, "guilds_created", ss->n_created);
    field_u64(w, "intents", ss->wants.intents);
    field_open(w, "presence", '{');
    field_z(w, "status", ss->status);
    field_z(w, "activity", ss->activity);
    json_shut(w, '}');
    json_shut(w, '}');
}

void sim_write_report(struct sim *s, struct json_writer *w, bool with_traffic,
                      uint64_t now)
{
    json_open(w, '{');
    report_write(&s->report, w);
    field_u64(w, "uptime_ms", now - s->started_at);
    field_u64(w, "guilds", s->world.n_guilds);
    field_u64(w, "changes", s->life.n_done);
    field_u64(w, "sessions", s->n_sessions);
    sim_blast_write(s, w);
    field_open(w, "session_list", '[');
    for (struct link *l = s->sessions.next; l != &s->sessions; l = l->next)
        write_session(CONTAINER_OF(l, struct sim_session, link), w);
    json_shut(w, ']');
    if (with_traffic) {
        field_open(w, "traffic", '{');
        for (uint32_t i = 0; i < s->world.n_guilds; i++) {
            char id[24];

            snprintf(id, sizeof id, "%llu", (unsigned long long)s->world.guilds[i].id);
            field_u64(w, id, s->world.guilds[i].said);
        }
        json_shut(w, '}');
    }
    json_shut(w, '}');
}
