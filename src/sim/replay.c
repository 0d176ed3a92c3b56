#include "replay.h"

#include "field.h"
#include "json_copy.h"
#include "json_text.h"
#include "sim_model.h"

void sim_set_source(struct sim *s, const struct sim_source *source)
{
    s->source = source;
}

/* A session that has a connection before one that was left behind. */
static struct sim_session *find(struct sim *s, uint32_t shard_id, uint32_t shard_count)
{
    struct sim_session *found = NULL;

    for (struct link *l = s->sessions.next; l != &s->sessions; l = l->next) {
        struct sim_session *ss = CONTAINER_OF(l, struct sim_session, link);

        if (ss->wants.shard_id == shard_id && ss->wants.shard_count == shard_count &&
            (!found || ss->conn || !found->conn))
            found = ss;
    }
    return found;
}

void sim_read_reader(struct sim *s, uint32_t shard_id, uint32_t shard_count,
                     struct sim_reader *out)
{
    const struct sim_session *ss = find(s, shard_id, shard_count);

    *out = (struct sim_reader){ 0 };
    if (!ss)
        return;
    out->has_session = true;
    out->is_connected = ss->conn != NULL;
    out->seq = ss->seq;
    out->sent = ss->sent;
    out->acked = ss->acked;
    out->heartbeats = ss->heartbeats;
}

int sim_feed(struct sim *s, uint32_t shard_id, uint32_t shard_count, const char *name,
             struct str d, uint64_t now)
{
    struct sim_session *ss = find(s, shard_id, shard_count);
    struct sim_event *e;
    bool lives;

    if (!ss)
        return CORDAGE_ENOTFOUND;
    e = sim_event_new(s, name, d);
    if (!e)
        return CORDAGE_ENOMEM;
    lives = sim_session_push(ss, e, now);
    sim_event_unref(s, e);
    return lives ? 0 : CORDAGE_ENOMEM;
}

void sim_ask_reader(struct sim *s, uint32_t shard_id, uint32_t shard_count)
{
    struct sim_session *ss = find(s, shard_id, shard_count);

    if (ss && ss->conn)
        sim_conn_send(ss->conn, OP_HEARTBEAT, "null");
}

void sim_end_reader(struct sim *s, uint32_t shard_id, uint32_t shard_count)
{
    struct sim_session *ss = find(s, shard_id, shard_count);
    struct sim_conn *c = ss ? ss->conn : NULL;

    if (!ss)
        return;
    sim_session_end(ss, SIM_END_LOST);
    if (c)
        sim_conn_send(c, OP_INVALID_SESSION, "false");
}

/* ---- READY ----------------------------------------------------------------------- */

/* A member as it stands in the recording. A name with escapes is not looked up. */
static void put_member(struct json_writer *w, struct str body, const struct json_iter *it)
{
    char key[64];
    struct str text = { "", 0 };

    json_key_str(w, it->key);
    if (it->key.n < sizeof key) {
        memcpy(key, it->key.p, it->key.n);
        key[it->key.n] = '\0';
        text = json_text(body, key);
    }
    if (text.n)
        json_put_raw(w, text);
    else
        json_copy(w, it->value);
}

int sim_write_recorded_ready(struct sim_session *ss, struct str body,
                             struct json_writer *w)
{
    const struct sim *s = ss->sim;
    struct json_doc *doc;
    struct json_iter it;
    cordage_json root;
    int err = json_doc_new(body, &doc, &root);

    if (err)
        return err;
    ss->n_guilds = ss->n_created = (uint32_t)json_count(json_get(root, "guilds"));
    json_open(w, '{');
    for (bool more = json_first(root, &it); more; more = json_next(&it))
        if (str_is(it.key, "session_id"))
            field_z(w, "session_id", ss->id);
        else if (str_is(it.key, "resume_gateway_url"))
            field_z(w, "resume_gateway_url", s->resume_url ? s->resume_url : "");
        else
            put_member(w, body, &it);
    json_shut(w, '}');
    json_doc_free(doc);
    return 0;
}
