/* IDENTIFY and RESUME: who gets a session, and who gets it back.
 *
 * The checks of an IDENTIFY come in Discord's order: token, intents, shard, guild count,
 * budget, identify key (R4). Only what passes them all is charged, and only that holds
 * its key for 5 s. */
#include "sim_model.h"

#include "limits.h"
#include "shards.h"

static uint64_t mix(uint64_t hash, const void *bytes, size_t n)
{
    for (const unsigned char *p = bytes; n--; p++)
        hash = (hash ^ *p) * 0x100000001b3ULL; /* FNV-1a */
    return hash;
}

static uint64_t fingerprint(const struct sim_identify *id)
{
    uint64_t hash = mix(0xcbf29ce484222325ULL, id->token.p, id->token.n);

    hash = mix(hash, &id->intents, sizeof id->intents);
    hash = mix(hash, &id->shard_id, sizeof id->shard_id);
    hash = mix(hash, &id->shard_count, sizeof id->shard_count);
    return hash ? hash : 1;
}

/* ---- Reading it ----------------------------------------------------------------- */

/* What stands there and isn't two numbers within reason is a shard out of range: R4 has a
 * code for that. */
static void read_shard(cordage_json v, struct sim_identify *id)
{
    uint64_t shard = 0, count = 0;

    if (json_is_absent(v) || json_is_null(v)) {
        id->shard_count = 1;
        return;
    }
    id->has_shard = true;
    if (json_count(v) != 2 || !json_u64(cordage_json_at(v, 0), &shard) ||
        !json_u64(cordage_json_at(v, 1), &count) || shard > UINT32_MAX ||
        count > LIMIT_SHARDS)
        return;
    id->shard_id = (uint32_t)shard;
    id->shard_count = (uint32_t)count;
}

/* NULL, or what is wrong with the body. */
static const char *read_identify(cordage_json d, struct sim_identify *id)
{
    cordage_json threshold = json_get(d, "large_threshold");
    cordage_json compress = json_get(d, "compress");
    uint64_t intents, large = 50;

    *id = (struct sim_identify){ 0 };
    if (!json_str(json_get(d, "token"), &id->token))
        return "IDENTIFY without a token";
    if (cordage_json_type_of(json_get(d, "properties")) != CORDAGE_JSON_OBJECT)
        return "IDENTIFY without properties";
    if (!json_u64(json_get(d, "intents"), &intents))
        return "IDENTIFY without intents";
    if (!json_is_absent(threshold) && !json_is_null(threshold) &&
        (!json_u64(threshold, &large) || large < 50 || large > 250))
        return "large_threshold is not 50 to 250";
    if (!json_is_absent(compress) && !json_is_null(compress) &&
        !json_bool(compress, &id->compress))
        return "compress is not a bool";
    /* A bit that doesn't fit stays a bit that is undefined. */
    id->intents = intents > UINT32_MAX ? UINT32_MAX : (uint32_t)intents;
    id->large_threshold = (uint32_t)large;
    read_shard(json_get(d, "shard"), id);
    id->fingerprint = fingerprint(id);
    return NULL;
}

/* ---- The checks, in order ------------------------------------------------------- */

static bool refuse(struct sim_conn *c, int code, uint64_t now)
{
    sim_conn_close(c, code, NULL, now);
    return false;
}

static bool check_token(struct sim_conn *c, struct sim_identify *id, uint64_t now)
{
    id->app = sim_app_of_token(c->sim, id->token);
    c->app = id->app;
    if (id->app)
        return true;
    sim_conn_broke(c, RULE_BAD_TOKEN, now, "IDENTIFY");
    return refuse(c, CLOSE_AUTHENTICATION_FAILED, now);
}

static bool check_intents(struct sim_conn *c, const struct sim_identify *id, uint64_t now)
{
    uint32_t allowed = id->app->allowed_intents;

    if (id->intents & ~(uint32_t)GATEWAY_ALL_INTENTS) {
        sim_conn_broke(c, RULE_BAD_INTENTS, now, "undefined: %u",
                       id->intents & ~(uint32_t)GATEWAY_ALL_INTENTS);
        return refuse(c, CLOSE_INVALID_INTENTS, now);
    }
    if (id->intents & ~allowed) {
        sim_conn_broke(c, RULE_BAD_INTENTS, now, "disallowed: %u",
                       id->intents & ~allowed);
        return refuse(c, CLOSE_DISALLOWED_INTENTS, now);
    }
    return true;
}

static uint32_t count_guilds(const struct sim *s, const struct sim_identify *id)
{
    const struct world *w = &s->world;
    uint32_t n = 0;

    for (uint32_t i = 0; i < w->n_guilds; i++)
        n += shard_for_guild(w->guilds[i].id, id->shard_count) == id->shard_id &&
             sim_app_is_in(s, id->app, &w->guilds[i]);
    return n;
}

static bool check_shard(struct sim_conn *c, const struct sim_identify *id, uint64_t now)
{
    uint32_t n;

    if (id->shard_id >= id->shard_count) {
        sim_conn_broke(c, RULE_BAD_SHARD, now, "shard [%u,%u]", id->shard_id,
                       id->shard_count);
        return refuse(c, CLOSE_INVALID_SHARD, now);
    }
    if (id->app->is_large && id->shard_count % c->sim->config.shard_multiple) {
        sim_conn_broke(c, RULE_SHARDS_NOT_MULTIPLE, now, "%u shards, no multiple of %u",
                       id->shard_count, c->sim->config.shard_multiple);
        return refuse(c, CLOSE_INVALID_SHARD, now);
    }
    if (c->sim->source &&
        !c->sim->source->knows(c->sim->source->user, id->shard_id, id->shard_count))
        return refuse(c, CLOSE_INVALID_SHARD, now);
    n = count_guilds(c->sim, id);
    if (n > c->sim->config.max_guilds_per_shard) {
        sim_conn_broke(c, RULE_SHARDING_REQUIRED, now, "%u guilds, at most %u", n,
                       c->sim->config.max_guilds_per_shard);
        return refuse(c, CLOSE_SHARDING_REQUIRED, now);
    }
    return true;
}

static bool check_budget(struct sim_conn *c, const struct sim_identify *id, uint64_t now)
{
    if (sim_has_budget(c->sim, id->app, now))
        return true;
    sim_conn_broke(c, RULE_BUDGET_EXCEEDED, now, "all %u of the day are used",
                   id->app->identifies_used);
    sim_reset_token(c->sim, id->app, now);
    return refuse(c, CLOSE_AUTHENTICATION_FAILED, now);
}

static bool check_key(struct sim_conn *c, const struct sim_identify *id, uint64_t now)
{
    uint32_t key = id->shard_id % id->app->max_concurrency;
    uint64_t free_at = id->app->key_free_at[key];

    if (now < id->app->key_stolen_until[key]) {
        sim_conn_send(c, OP_INVALID_SESSION, "false");
        return false;
    }
    if (now >= free_at) {
        id->app->key_free_at[key] = now + SIM_IDENTIFY_WINDOW_MS;
        return true;
    }
    sim_conn_broke(c, RULE_IDENTIFY_TOO_EARLY, now, "key %u, %llu ms too early", key,
                   (unsigned long long)(free_at - now));
    sim_conn_send(c, OP_INVALID_SESSION, "false");
    return false;
}

/* Whoever was refused for good may come again with something changed: another token,
 * other intents, another shard. The same again is what a fatal code forbids. */
static void note_fatal(struct sim_conn *c, const struct sim_memory *m, uint64_t now)
{
    if (m && m->why == SIM_END_FATAL)
        sim_conn_broke(c, RULE_CONNECTED_WHILE_FATAL, now,
                       "nothing has changed since the close");
}

/* A fault: turned away, though nothing is wrong. */
static bool is_turned_away(struct sim_conn *c, uint64_t *left, int code, bool resumable,
                           uint64_t now)
{
    if (!*left)
        return false;
    (*left)--;
    if (code)
        sim_conn_close(c, code, NULL, now);
    else
        sim_conn_send(c, OP_INVALID_SESSION, resumable ? "true" : "false");
    return true;
}

static bool already_has_session(struct sim_conn *c, const char *what, uint64_t now)
{
    if (!c->session)
        return false;
    sim_conn_broke(c, RULE_ALREADY_AUTHENTICATED, now, "%s", what);
    sim_conn_close(c, CLOSE_ALREADY_AUTHENTICATED, NULL, now);
    return true;
}

void sim_on_identify(struct sim_conn *c, cordage_json d, uint64_t now)
{
    struct sim *s = c->sim;
    struct sim_identify id;
    cordage_json presence;
    const char *wrong;

    s->report.identifies++;
    if (already_has_session(c, "IDENTIFY", now))
        return;
    wrong = read_identify(d, &id);
    if (wrong) {
        sim_conn_bad_body(c, now, wrong);
        return;
    }
    c->shard_id = id.shard_id;
    c->shard_count = id.shard_count;
    c->fingerprint = id.fingerprint;
    note_fatal(c, sim_recall_fatal(s, id.fingerprint), now);
    if (c->resume_door)
        sim_conn_broke(c, RULE_IDENTIFY_ON_RESUME_URL, now, "IDENTIFY");
    if (!check_token(c, &id, now) || !check_intents(c, &id, now) ||
        !check_shard(c, &id, now) || !check_budget(c, &id, now))
        return;
    if (s->config.charge_on_receipt)
        sim_charge_identify(s, id.app, now);
    if (!check_key(c, &id, now) ||
        is_turned_away(c, &s->refusals.identifies, s->refusals.identify_code,
                       s->refusals.identify_resumable, now))
        return;
    c->deflates = id.compress && c->compression == COMPRESS_NONE;
    if (!sim_session_new(c, &id, now)) {
        sim_conn_close(c, CLOSE_UNKNOWN_ERROR, "out of memory", now);
        return;
    }
    s->report.ready++;
    if (!s->config.charge_on_receipt)
        sim_charge_identify(s, id.app, now);
    presence = json_get(d, "presence");
    if (c->session && !json_is_absent(presence) && !json_is_null(presence))
        sim_on_presence(c, presence, now);
}

/* ---- RESUME --------------------------------------------------------------------- */

/* No such session, or its connection must not have it. */
static void refuse_resume(struct sim_conn *c, struct str session_id, uint64_t now)
{
    const struct sim_memory *m = sim_recall_session(c->sim, session_id);

    note_fatal(c, m, now);
    if (m && m->why == SIM_END_CLIENT)
        sim_conn_broke(c, RULE_RESUME_AFTER_NORMAL_CLOSE, now, "session %s",
                       m->session_id);
    if (m && m->why == SIM_END_INVALID)
        sim_conn_broke(c, RULE_RESUME_AFTER_INVALID, now, "session %s", m->session_id);
    sim_conn_send(c, OP_INVALID_SESSION, "false");
}

static bool check_seq(struct sim_conn *c, struct sim_session *ss, uint64_t seq,
                      uint64_t now)
{
    if (seq > ss->seq) {
        sim_conn_broke(c, RULE_SEQ_AHEAD, now, "RESUME with %llu after %llu",
                       (unsigned long long)seq, (unsigned long long)ss->seq);
        return refuse(c, CLOSE_INVALID_SEQ, now);
    }
    if (sim_session_can_replay(ss, seq))
        return true;
    if (ss->conn)
        sim_conn_close(ss->conn, CLOSE_UNKNOWN_ERROR, "the session ended", now);
    sim_session_end(ss, SIM_END_INVALID);
    sim_conn_send(c, OP_INVALID_SESSION, "false");
    return false;
}

bool sim_has_resume_url(const struct sim *s)
{
    return s->gateway_url && s->resume_url &&
           strcmp(s->gateway_url, s->resume_url) != 0 && !s->resume_is_down;
}

/* The gateway was away after its connection went: who could not reach the resume URL then
 * may try the other one. */
static bool was_away(const struct sim_session *ss)
{
    uint64_t lost_at = ss->expires_at - ss->sim->config.session_ttl_ms;

    return !ss->conn && lost_at <= ss->sim->gateway_down_until &&
           ss->sim->gateway_down_until;
}

static void note_wrong_door(struct sim_conn *c, const struct sim_session *ss,
                            uint64_t now)
{
    if (!c->resume_door && sim_has_resume_url(c->sim) && !was_away(ss))
        sim_conn_broke(c, RULE_RESUME_WRONG_URL, now, "session %s", ss->id);
    if (c->version != ss->version || c->compression != ss->compression)
        sim_conn_broke(c, RULE_RESUME_OTHER_QUERY, now,
                       "v=%d compress=%d, was v=%d compress=%d", c->version,
                       (int)c->compression, ss->version, (int)ss->compression);
}

/* R11: the newer connection has the session, the older one is closed. */
static void take_over(struct sim_session *ss, uint64_t now)
{
    struct sim_conn *old = ss->conn;

    if (!old)
        return;
    if (old->is_frozen)
        sim_conn_reset(old, now);
    else
        sim_conn_close(old, CLOSE_UNKNOWN_ERROR, "resumed by another connection", now);
}

void sim_on_resume(struct sim_conn *c, cordage_json d, uint64_t now)
{
    struct sim *s = c->sim;
    struct str token, session_id;
    struct sim_session *ss;
    struct sim_app *app;
    uint64_t seq;

    s->report.resumes++;
    if (already_has_session(c, "RESUME", now))
        return;
    if (!json_str(json_get(d, "token"), &token) ||
        !json_str(json_get(d, "session_id"), &session_id) ||
        !json_u64(json_get(d, "seq"), &seq)) {
        sim_conn_bad_body(c, now, "RESUME without token, session_id or seq");
        return;
    }
    app = sim_app_of_token(s, token);
    c->app = app;
    ss = sim_session_find(s, session_id);
    if (ss && app && ss->app != app)
        ss = NULL; /* another bot's is none */
    if (ss) {
        c->shard_id = ss->wants.shard_id;
        c->shard_count = ss->wants.shard_count;
    }
    if (!app) {
        note_fatal(c, sim_recall_session(s, session_id), now);
        sim_conn_broke(c, RULE_BAD_TOKEN, now, "RESUME");
        sim_conn_close(c, CLOSE_AUTHENTICATION_FAILED, NULL, now);
        return;
    }
    if (!ss) {
        refuse_resume(c, session_id, now);
        return;
    }
    if (is_turned_away(c, &s->refusals.resumes, s->refusals.resume_code, false, now))
        return;
    /* Only now: a wrong token's 4004 says nothing against the one that identified. */
    c->fingerprint = ss->wants.fingerprint;
    if (!check_seq(c, ss, seq, now))
        return;
    note_wrong_door(c, ss, now);
    take_over(ss, now);
    s->report.resumed++;
    sim_session_resume(ss, c, seq, now);
}
