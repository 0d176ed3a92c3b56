#include "payload.h"

#include "error.h"
#include "gateway.h"
#include "json_write.h"
#include "limits.h"

/* Opens `{"op":…,"d":`. Room is made at once for the longest payload there may be, so
 * that growth never leaves a copy of the token in freed memory. */
static void begin(struct json_writer *w, struct buf *out, enum gateway_op op)
{
    json_begin(w, out);
    w->err = buf_reserve(out, LIMIT_COMMAND);
    json_open(w, '{');
    json_key(w, "op");
    json_put_u64(w, op);
    json_key(w, "d");
}

static int finish(struct json_writer *w)
{
    json_shut(w, '}');
    if (!w->err && w->out->n - w->start > LIMIT_COMMAND)
        w->err = CORDAGE_ELIMIT;
    return json_end(w);
}

int payload_heartbeat(struct buf *out, bool has_seq, uint64_t seq)
{
    struct json_writer w;

    begin(&w, out, OP_HEARTBEAT);
    if (has_seq)
        json_put_u64(&w, seq);
    else
        json_put_null(&w);
    return finish(&w);
}

/* Discord wants it without the prefix that REST needs; a token kept in a variable often
 * has it. */
static void put_token(struct json_writer *w, const struct secret *token)
{
    struct str raw = secret_reveal(token);

    if (str_starts(raw, STR("Bot "))) {
        raw.p += 4;
        raw.n -= 4;
    }
    json_key(w, "token");
    json_put_str(w, raw);
}

static void put_properties(struct json_writer *w)
{
    json_key(w, "properties");
    json_open(w, '{');
    json_key(w, "os");
    json_put_z(w, "linux");
    json_key(w, "browser");
    json_put_z(w, "cordage");
    json_key(w, "device");
    json_put_z(w, "cordage");
    json_shut(w, '}');
}

int payload_identify(struct buf *out, const struct identify_fields *f)
{
    struct json_writer w;

    begin(&w, out, OP_IDENTIFY);
    json_open(&w, '{');
    put_token(&w, f->token);
    put_properties(&w);
    json_key(&w, "intents");
    json_put_u64(&w, f->intents);
    json_key(&w, "shard");
    json_open(&w, '[');
    json_put_u64(&w, f->shard_id);
    json_put_u64(&w, f->shard_count);
    json_shut(&w, ']');
    if (f->large_threshold) {
        json_key(&w, "large_threshold");
        json_put_u64(&w, f->large_threshold);
    }
    if (f->presence.n) {
        json_key(&w, "presence");
        json_put_raw(&w, f->presence);
    }
    json_shut(&w, '}');
    return finish(&w);
}

int payload_resume(struct buf *out, const struct secret *token, struct str session_id,
                   uint64_t seq)
{
    struct json_writer w;

    begin(&w, out, OP_RESUME);
    json_open(&w, '{');
    put_token(&w, token);
    json_key(&w, "session_id");
    json_put_str(&w, session_id);
    json_key(&w, "seq");
    json_put_u64(&w, seq);
    json_shut(&w, '}');
    return finish(&w);
}

int payload_voice_state(struct buf *out, uint64_t guild_id, uint64_t channel_id,
                        bool mute, bool deaf)
{
    struct json_writer w;

    begin(&w, out, OP_VOICE_STATE_UPDATE);
    json_open(&w, '{');
    json_key(&w, "guild_id");
    json_put_id(&w, guild_id);
    json_key(&w, "channel_id");
    if (channel_id)
        json_put_id(&w, channel_id);
    else
        json_put_null(&w);
    json_key(&w, "self_mute");
    json_put_bool(&w, mute);
    json_key(&w, "self_deaf");
    json_put_bool(&w, deaf);
    json_shut(&w, '}');
    return finish(&w);
}

static void put_activity(struct json_writer *w, const struct presence_fields *f)
{
    json_open(w, '{');
    json_key(w, "name");
    json_put_z(w, f->activity_name);
    json_key(w, "type");
    json_put_i64(w, f->activity_type);
    if (f->activity_state) {
        json_key(w, "state");
        json_put_z(w, f->activity_state);
    }
    if (f->activity_url) {
        json_key(w, "url");
        json_put_z(w, f->activity_url);
    }
    json_shut(w, '}');
}

int payload_presence_object(struct buf *out, const struct presence_fields *f)
{
    struct json_writer w;

    json_begin(&w, out);
    json_open(&w, '{');
    json_key(&w, "since");
    if (f->since_ms)
        json_put_u64(&w, f->since_ms);
    else
        json_put_null(&w);
    json_key(&w, "activities");
    json_open(&w, '[');
    if (f->activity_name)
        put_activity(&w, f);
    json_shut(&w, ']');
    json_key(&w, "status");
    json_put_z(&w, f->status ? f->status : "online");
    json_key(&w, "afk");
    json_put_bool(&w, f->afk);
    return finish(&w);
}

int payload_presence(struct buf *out, struct str presence_object)
{
    struct json_writer w;

    begin(&w, out, OP_PRESENCE_UPDATE);
    json_put_raw(&w, presence_object);
    return finish(&w);
}

static void put_ids(struct json_writer *w, const char *key, const uint64_t *ids, size_t n)
{
    json_key(w, key);
    json_open(w, '[');
    for (size_t i = 0; i < n; i++)
        json_put_id(w, ids[i]);
    json_shut(w, ']');
}

int payload_request_members(struct buf *out, const struct members_fields *f)
{
    struct json_writer w;

    if (f->n_user_ids > GATEWAY_MEMBERS_USER_IDS)
        return CORDAGE_EINVAL;
    if (f->nonce && strlen(f->nonce) > GATEWAY_NONCE_MAX)
        return CORDAGE_EINVAL;
    begin(&w, out, OP_REQUEST_GUILD_MEMBERS);
    json_open(&w, '{');
    json_key(&w, "guild_id");
    json_put_id(&w, f->guild_id);
    if (f->query) {
        json_key(&w, "query");
        json_put_z(&w, f->query);
        json_key(&w, "limit");
        json_put_u64(&w, f->limit);
    } else {
        put_ids(&w, "user_ids", f->user_ids, f->n_user_ids);
    }
    if (f->presences) {
        json_key(&w, "presences");
        json_put_bool(&w, true);
    }
    if (f->nonce) {
        json_key(&w, "nonce");
        json_put_z(&w, f->nonce);
    }
    json_shut(&w, '}');
    return finish(&w);
}

int payload_request_sounds(struct buf *out, const uint64_t *guild_ids, size_t n)
{
    struct json_writer w;

    begin(&w, out, OP_REQUEST_SOUNDBOARD_SOUNDS);
    json_open(&w, '{');
    put_ids(&w, "guild_ids", guild_ids, n);
    json_shut(&w, '}');
    return finish(&w);
}

int payload_request_channel_info(struct buf *out, uint64_t guild_id)
{
    struct json_writer w;

    begin(&w, out, OP_REQUEST_CHANNEL_INFO);
    json_open(&w, '{');
    json_key(&w, "guild_id");
    json_put_id(&w, guild_id);
    json_key(&w, "fields");
    json_open(&w, '[');
    json_put_z(&w, "status");
    json_put_z(&w, "voice_start_time");
    json_shut(&w, ']');
    json_shut(&w, '}');
    return finish(&w);
}
