/* One question, and what has come of its answer. */
#include <string.h>

#include "error.h"
#include "gateway.h"
#include "gather.h"
#include "json_text.h"
#include "json_write.h"
#include "limits.h"

/* ---- The question ------------------------------------------------------------ */

static int keep_ids(struct gather *g, const uint64_t *ids, size_t n)
{
    if (n == 0)
        return 0;
    g->ids = malloc(n * sizeof *ids);
    if (!g->ids)
        return CORDAGE_ENOMEM;
    memcpy(g->ids, ids, n * sizeof *ids);
    g->n_ids = n;
    return 0;
}

/* Whether Discord takes it: one that is too long would cost the connection. */
static int check(struct gather *g)
{
    struct buf payload = { 0 };
    int err;

    list_init(&g->link);
    g->nonce = UINT64_MAX; /* as long as any */
    g->timeout_ms = GATHER_TIMEOUT_MS;
    err = gather_write(g, &payload);
    buf_release(&payload);
    return err == CORDAGE_ELIMIT ? CORDAGE_EINVAL : err;
}

int gather_init_members(struct gather *g, const struct members_fields *f)
{
    g->kind = GATHER_MEMBERS;
    g->guild_id = f->guild_id;
    g->limit = f->limit;
    g->presences = f->presences;
    if (f->query && !(g->query = mem_copy(f->query, strlen(f->query))))
        return CORDAGE_ENOMEM;
    if (keep_ids(g, f->user_ids, f->query ? 0 : f->n_user_ids))
        return CORDAGE_ENOMEM;
    return check(g);
}

int gather_init_sounds(struct gather *g, const uint64_t *guild_ids, size_t n)
{
    g->kind = GATHER_SOUNDS;
    if (keep_ids(g, guild_ids, n))
        return CORDAGE_ENOMEM;
    return check(g);
}

int gather_init_channels(struct gather *g, uint64_t guild_id)
{
    g->kind = GATHER_CHANNELS;
    g->guild_id = guild_id;
    return check(g);
}

void gather_forget_answer(struct gather *g)
{
    free(g->seen);
    g->seen = NULL;
    g->n_chunks = g->n_seen = 0;
    g->n_members = 0;
    buf_release(&g->presence_items);
    buf_release(&g->not_found);
    /* Guilds whose sounds have come are not asked again. */
    if (g->kind != GATHER_SOUNDS)
        buf_release(&g->items);
}

void gather_release(struct gather *g)
{
    gather_forget_answer(g);
    buf_release(&g->items);
    free(g->query);
    free(g->ids);
    g->query = NULL;
    g->ids = NULL;
}

int gather_write(const struct gather *g, struct buf *out)
{
    struct members_fields fields = {
        .guild_id = g->guild_id,
        .query = g->query,
        .limit = g->limit,
        .presences = g->presences,
        .user_ids = g->ids,
        .n_user_ids = g->n_ids,
    };
    char nonce[24];

    switch (g->kind) {
    case GATHER_MEMBERS:
        snprintf(nonce, sizeof nonce, "%016llx", (unsigned long long)g->nonce);
        fields.nonce = nonce;
        return payload_request_members(out, &fields);
    case GATHER_SOUNDS:
        return payload_request_sounds(out, g->ids, g->n_ids);
    case GATHER_CHANNELS:
        return payload_request_channel_info(out, g->guild_id);
    }
    return CORDAGE_EINVAL;
}

bool gather_is_named(const struct gather *g, cordage_json nonce)
{
    char ours[24];
    struct str theirs;

    snprintf(ours, sizeof ours, "%016llx", (unsigned long long)g->nonce);
    return json_str(nonce, &theirs) && str_is(theirs, ours);
}

/* ---- The answer ------------------------------------------------------------------ */

static int fail(struct gather *g, int err, const char *why)
{
    g->err = err;
    snprintf(g->why, sizeof g->why, "%s", why);
    return err;
}

static int add_items(struct gather *g, struct buf *to, struct str items)
{
    int err = 0;

    if (items.n == 0)
        return 0;
    if (g->items.n + g->presence_items.n + g->not_found.n + items.n + 1 > LIMIT_GATHER)
        return fail(g, CORDAGE_ELIMIT,
                    "The answer is larger than 32 MiB: take the chunks as they come, "
                    "with `each` in the request.");
    if (to->n)
        err = buf_append_z(to, ",");
    if (!err)
        err = buf_append_str(to, items);
    return err ? fail(g, err, "There is no memory for the answer.") : 0;
}

static int add_array(struct gather *g, struct buf *to, struct str d, const char *key)
{
    return add_items(g, to, json_text_inside(json_text(d, key)));
}

/* Whether it is a chunk that has not been seen. */
static bool note_chunk(struct gather *g, cordage_json d)
{
    uint64_t index, count;
    uint8_t bit;

    if (!json_u64(json_get(d, "chunk_index"), &index) ||
        !json_u64(json_get(d, "chunk_count"), &count) || index >= count ||
        count > LIMIT_CHUNKS || (g->n_chunks && count != g->n_chunks))
        return false;
    if (!g->seen && !(g->seen = mem_zero(count / 8 + 1))) {
        fail(g, CORDAGE_ENOMEM, "There is no memory for the answer.");
        return false;
    }
    g->n_chunks = (uint32_t)count;
    bit = (uint8_t)(1u << (index % 8));
    if (g->seen[index / 8] & bit)
        return false;
    g->seen[index / 8] |= bit;
    g->n_seen++;
    return true;
}

static enum gather_taken take_chunk(struct gather *g, const struct gather_event *e)
{
    struct str d;

    if (!note_chunk(g, e->d))
        return GATHER_HEARD;
    g->n_members += json_count(json_get(e->d, "members"));
    d = json_text(e->payload, "d");
    if (!g->piecewise && (add_array(g, &g->items, d, "members") ||
                          add_array(g, &g->presence_items, d, "presences")))
        return GATHER_HEARD;
    if (add_array(g, &g->not_found, d, "not_found"))
        return GATHER_HEARD;
    return g->n_seen == g->n_chunks ? GATHER_WHOLE : GATHER_PIECE;
}

/* Whether a guild's sounds were still missing. */
static bool find_guild(struct gather *g, uint64_t guild_id)
{
    for (size_t i = 0; i < g->n_ids; i++)
        if (g->ids[i] == guild_id) {
            g->ids[i] = g->ids[--g->n_ids];
            return true;
        }
    return false;
}

/* The event's `d` is the answer, or one of a few. */
static enum gather_taken take_body(struct gather *g, const struct gather_event *e)
{
    uint64_t guild_id = 0;

    json_id(json_get(e->d, "guild_id"), &guild_id);
    if (g->kind == GATHER_SOUNDS ? !find_guild(g, guild_id) : guild_id != g->guild_id)
        return GATHER_NOT_OURS;
    if (add_items(g, &g->items, json_text(e->payload, "d")))
        return GATHER_HEARD;
    return g->n_ids ? GATHER_PIECE : GATHER_WHOLE;
}

cordage_event_type gather_answer_type(const struct gather *g)
{
    static const cordage_event_type types[] = {
        [GATHER_MEMBERS] = CORDAGE_EVENT_GUILD_MEMBERS_CHUNK,
        [GATHER_SOUNDS] = CORDAGE_EVENT_SOUNDBOARD_SOUNDS,
        [GATHER_CHANNELS] = CORDAGE_EVENT_CHANNEL_INFO,
    };

    return types[g->kind];
}

int gather_opcode(const struct gather *g)
{
    static const int opcodes[] = {
        [GATHER_MEMBERS] = OP_REQUEST_GUILD_MEMBERS,
        [GATHER_SOUNDS] = OP_REQUEST_SOUNDBOARD_SOUNDS,
        [GATHER_CHANNELS] = OP_REQUEST_CHANNEL_INFO,
    };

    return opcodes[g->kind];
}

enum gather_taken gather_accept(struct gather *g, const struct gather_event *e)
{
    if (gather_answer_type(g) != e->type)
        return GATHER_NOT_OURS;
    if (g->kind != GATHER_MEMBERS)
        return take_body(g, e);
    if (!gather_is_named(g, json_get(e->d, "nonce")))
        return GATHER_NOT_OURS;
    return take_chunk(g, e);
}

/* ---- The result -------------------------------------------------------------------- */

static void put_array(struct json_writer *w, const char *key, struct buf *items)
{
    json_key(w, key);
    json_open(w, '[');
    if (items->n)
        json_put_raw(w, buf_str(items));
    json_shut(w, ']');
    buf_release(items);
}

static int write_members(struct gather *g, struct buf *out)
{
    struct json_writer w;

    json_begin(&w, out);
    json_open(&w, '{');
    json_key(&w, "guild_id");
    json_put_id(&w, g->guild_id);
    if (!g->piecewise)
        put_array(&w, "members", &g->items);
    if (g->presences && !g->piecewise)
        put_array(&w, "presences", &g->presence_items);
    put_array(&w, "not_found", &g->not_found);
    json_shut(&w, '}');
    return json_end(&w);
}

int gather_result(struct gather *g, struct buf *out)
{
    int err = 0;

    if (g->kind == GATHER_MEMBERS)
        return g->err ? 0 : write_members(g, out);
    if (out->n && g->items.n)
        err = buf_append_z(out, ",");
    if (!err)
        err = buf_append_str(out, buf_str(&g->items));
    buf_release(&g->items);
    return err;
}
