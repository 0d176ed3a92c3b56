/* Op 8, Request Guild Members (R14): everybody, a prefix of names, or some ids. */
#include "sim_model.h"

#include <stdlib.h>
#include <string.h>

#include "field.h"

enum { CHUNK = 1000, CAP = 100 };

struct request {
    struct world_guild *guild;
    struct world_stay *stay;
    bool by_query, presences;
    struct str query, nonce; /* empty nonce: none */
    uint64_t limit;
    cordage_json user_ids;
};

/* What was found: indexes of members, and the ids of nobody. */
struct found {
    uint32_t *members; /* owned */
    size_t n;
    uint64_t strangers[CAP];
    size_t n_strangers;
};

/* NULL, or what is wrong with the body. */
static const char *read_request(struct sim_conn *c, cordage_json d, struct request *r,
                                uint64_t now)
{
    cordage_json limit = json_get(d, "limit");

    r->user_ids = json_get(d, "user_ids");
    r->by_query = json_is_absent(r->user_ids) || json_is_null(r->user_ids);
    json_bool(json_get(d, "presences"), &r->presences);
    json_str(json_get(d, "nonce"), &r->nonce);
    if (r->nonce.n > GATEWAY_NONCE_MAX) {
        sim_conn_broke(c, RULE_NONCE_TOO_LONG, now, "%zu bytes", r->nonce.n);
        r->nonce.n = 0;
    }
    if (!r->by_query)
        return NULL;
    if (!json_str(json_get(d, "query"), &r->query))
        return "a member request needs query or user_ids";
    if (!json_u64(limit, &r->limit))
        return "a member request with query needs limit";
    if (r->limit == 0 && r->query.n)
        return "limit 0 goes with an empty query only";
    return NULL;
}

/* ---- Finding -------------------------------------------------------------------- */

static void find_all(const struct request *r, struct found *f)
{
    for (uint32_t i = 0; i < r->guild->n_members; i++)
        f->members[f->n++] = i;
}

static void find_by_name(const struct world *w, const struct request *r, struct found *f)
{
    uint64_t limit = r->limit < CAP ? r->limit : CAP;

    for (uint32_t i = 0; i < r->guild->n_members && f->n < limit; i++) {
        struct world_member m = world_member(w, r->guild, i);
        char text[64];
        struct str name = world_username(w, m.user_id, text);

        name.n = name.n < r->query.n ? name.n : r->query.n;
        if (str_eq_nocase(name, r->query))
            f->members[f->n++] = i;
    }
}

static void find_one(const struct world *w, const struct request *r, cordage_json id,
                     struct found *f)
{
    struct world_member m;
    uint64_t user_id = 0;

    json_id(id, &user_id);
    if (!world_find_member(w, r->guild, user_id, &m)) {
        f->strangers[f->n_strangers++] = user_id;
        return;
    }
    for (size_t i = 0; i < f->n; i++)
        if (f->members[i] == m.index)
            return; /* named twice */
    f->members[f->n++] = m.index;
}

static void find_by_id(struct sim_conn *c, const struct request *r, struct found *f,
                       uint64_t now)
{
    const struct world *w = &c->sim->world;
    struct json_iter it;
    size_t n = 0;

    if (cordage_json_type_of(r->user_ids) != CORDAGE_JSON_ARRAY) {
        find_one(w, r, r->user_ids, f);
        return;
    }
    for (bool more = json_first(r->user_ids, &it); more; more = json_next(&it)) {
        if (n++ == CAP) {
            sim_conn_broke(c, RULE_MEMBERS_OVER_CAP, now, "%zu user_ids",
                           json_count(r->user_ids));
            return;
        }
        find_one(w, r, it.value, f);
    }
}

/* ---- Answering ------------------------------------------------------------------ */

static void write_strangers(const struct found *f, struct json_writer *w)
{
    field_open(w, "not_found", '[');
    for (size_t i = 0; i < f->n_strangers; i++) {
        /* What isn't the size of a snowflake comes back as a number, as at Discord. */
        if (f->strangers[i] >> 40)
            json_put_id(w, f->strangers[i]);
        else
            json_put_u64(w, f->strangers[i]);
    }
    json_shut(w, ']');
}

static void write_chunk(const struct world *world, const struct request *r,
                        const struct found *f, size_t chunk, struct json_writer *w)
{
    size_t from = chunk * CHUNK, to = from + CHUNK < f->n ? from + CHUNK : f->n;

    json_open(w, '{');
    field_id(w, "guild_id", r->guild->id);
    field_open(w, "members", '[');
    for (size_t i = from; i < to; i++) {
        struct world_member m = world_member(world, r->guild, f->members[i]);

        world_write_member(world, r->guild, &m, true, w);
    }
    json_shut(w, ']');
    field_u64(w, "chunk_index", chunk);
    field_u64(w, "chunk_count", f->n ? (f->n + CHUNK - 1) / CHUNK : 1);
    if (!r->by_query)
        write_strangers(f, w);
    if (r->presences) {
        field_open(w, "presences", '[');
        for (size_t i = from; i < to; i++) {
            struct world_member m = world_member(world, r->guild, f->members[i]);

            if (world_is_online(world, m.user_id))
                world_write_presence(world, m.user_id, w);
        }
        json_shut(w, ']');
    }
    if (r->nonce.n)
        field_str(w, "nonce", r->nonce);
    json_shut(w, '}');
}

/* False: the session is gone, or there is no memory. */
static bool send_chunk(struct sim_conn *c, const struct request *r, const struct found *f,
                       size_t chunk, uint64_t now)
{
    struct sim *s = c->sim;
    struct json_writer w;
    struct sim_event *e;
    bool done;

    buf_clear(&s->body);
    json_begin(&w, &s->body);
    write_chunk(&s->world, r, f, chunk, &w);
    if (json_end(&w) < 0)
        return false;
    e = sim_event_new(s, "GUILD_MEMBERS_CHUNK", buf_str(&s->body));
    done = e && sim_session_push(c->session, e, now) && c->session;
    sim_event_unref(s, e);
    return done;
}

static void send_rate_limited(struct sim_conn *c, const struct request *r, uint64_t now)
{
    struct sim *s = c->sim;
    struct json_writer w;
    struct sim_event *e;

    buf_clear(&s->body);
    json_begin(&w, &s->body);
    json_open(&w, '{');
    field_u64(&w, "opcode", OP_REQUEST_GUILD_MEMBERS);
    json_key(&w, "retry_after");
    json_put_double(&w, (double)(r->stay->members_again_at - now) / 1000);
    field_open(&w, "meta", '{');
    field_id(&w, "guild_id", r->guild->id);
    if (r->nonce.n)
        field_str(&w, "nonce", r->nonce);
    json_shut(&w, '}');
    json_shut(&w, '}');
    if (json_end(&w) < 0)
        return;
    e = sim_event_new(s, "RATE_LIMITED", buf_str(&s->body));
    if (e)
        sim_session_push(c->session, e, now);
    sim_event_unref(s, e);
}

/* The whole list has two rules of its own. Without the intent there is no answer at all:
 * clients know it as "members didn't arrive in time". */
static bool may_have_all(struct sim_conn *c, struct request *r, uint64_t now)
{
    if (!(c->session->wants.intents & INTENT_GUILD_MEMBERS))
        return sim_conn_broke(c, RULE_MEMBERS_WITHOUT_INTENT, now, "guild %llu",
                              (unsigned long long)r->guild->id);
    if (now < r->stay->members_again_at) {
        send_rate_limited(c, r, now);
        return false;
    }
    r->stay->members_again_at = now + SIM_MEMBERS_WINDOW_MS;
    return true;
}

void sim_on_request_members(struct sim_conn *c, cordage_json d, uint64_t now)
{
    struct request r = { 0 };
    struct found f = { 0 };
    const char *wrong = read_request(c, d, &r, now);
    bool all = r.by_query && r.query.n == 0 && r.limit == 0;

    if (wrong) {
        sim_conn_bad_body(c, now, wrong);
        return;
    }
    r.guild = sim_command_guild(c, json_get(d, "guild_id"), now);
    if (r.guild)
        r.stay = world_stay(&c->sim->world, r.guild, c->session->app->index);
    if (!r.guild || (all && !may_have_all(c, &r, now)))
        return;
    r.presences &= (c->session->wants.intents & INTENT_GUILD_PRESENCES) != 0;
    f.members = malloc((r.guild->n_members + CAP) * sizeof *f.members);
    if (!f.members)
        return; /* the answer is lost, as it may be at Discord */
    if (all)
        find_all(&r, &f);
    else if (r.by_query)
        find_by_name(&c->sim->world, &r, &f);
    else
        find_by_id(c, &r, &f, now);
    for (size_t chunk = 0; chunk == 0 || chunk * CHUNK < f.n; chunk++)
        if (!send_chunk(c, &r, &f, chunk, now))
            break;
    free(f.members);
}
