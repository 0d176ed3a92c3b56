#include "memory_bot.h"

#include <stdlib.h>

#include "gateway.h"
#include "mem.h"
#include "test.h"

struct payload {
    struct link link;
    struct buf text;
};

/* ---- The wire: the model's side -----------------------------------------------------
 */

static void wire_send(void *user, struct str text)
{
    struct memory_bot *b = user;
    struct payload *p = mem_zero(sizeof *p);

    assert_non_null(p);
    CHECK_INT(buf_append_str(&p->text, text), 0);
    list_init(&p->link);
    list_insert(&b->inbox, &p->link);
}

static void wire_close(void *user, int code, const char *reason)
{
    struct memory_bot *b = user;

    (void)reason;
    b->closed_by_sim = true;
    b->close_code = code;
}

static void wire_reset(void *user)
{
    wire_close(user, 1006, "reset");
}

static void wire_freeze(void *user)
{
    wire_close(user, 1006, "half open");
}

static void wire_split(void *user, uint64_t seed, bool messages)
{
    (void)user;
    (void)seed;
    (void)messages;
}

static const struct sim_conn_ops wire_ops = {
    .send = wire_send,
    .close = wire_close,
    .reset = wire_reset,
    .freeze = wire_freeze,
    .split = wire_split,
};

static void empty_inbox(struct memory_bot *b)
{
    struct link *link;

    while ((link = list_pop(&b->inbox))) {
        struct payload *p = CONTAINER_OF(link, struct payload, link);

        buf_release(&p->text);
        free(p);
    }
}

/* The connection is no more, on both sides. */
static void hang_up(struct memory_bot *b, int code)
{
    if (b->conn)
        sim_disconnected(b->conn, code, b->now);
    b->conn = NULL;
    b->closed_by_sim = false;
    empty_inbox(b);
}

static void dial(struct memory_bot *b, const struct url *url)
{
    bool resume_door = url->port == 2;

    if (resume_door && !sim_resume_door_is_open(b->sim)) {
        session_closed(&b->session, 1006, b->now);
        return;
    }
    b->conn = sim_connect(b->sim, url->query, resume_door, &wire_ops, b, b->now);
    assert_non_null(b->conn);
    session_opened(&b->session, b->now);
}

/* ---- The cache -----------------------------------------------------------------------
 */

static uint64_t seconds(void *user)
{
    return ((struct memory_bot *)user)->now / 1000;
}

static void note_self(struct memory_bot *b, cordage_event_type type, cordage_json d)
{
    if (type == CORDAGE_EVENT_READY)
        json_id(json_get(json_get(d, "user"), "id"), &b->self);
    if (type == CORDAGE_EVENT_RESUMED)
        b->n_resumed++;
}

static void remember(struct memory_bot *b, const struct session_action *a,
                     struct str payload)
{
    cordage_event_type type = event_type_of(a->name);
    cordage_json d = a->d, root;

    b->n_events++;
    b->seen[type]++;
    if (type == CORDAGE_EVENT_READY)
        b->applied = 0;
    if (a->seq <= b->applied)
        return; /* the cache holds it already */
    if (json_is_absent(d)) {
        CHECK_INT(json_parse(b->parser, payload, &root), 0);
        d = json_get(root, "d");
    }
    note_self(b, type, d);
    if (cache_wants(b->cache, type))
        CHECK_INT(cache_apply(b->slice, type, d, b->self, NULL), 0);
    b->applied = a->seq;
}

/* ---- The session
 * ----------------------------------------------------------------------- */

static void drop_packed(struct memory_kept *kept)
{
    struct buf *packed;
    uint64_t id;
    size_t at = 0;

    while ((packed = map_next(&kept->packed, &at, &id))) {
        buf_release(packed);
        free(packed);
    }
    map_release(&kept->packed);
    buf_release(&kept->session_id);
    kept->valid = false;
}

static void grant_slot(struct memory_bot *b)
{
    if (!b->wants_slot || b->now < b->identify_at)
        return;
    b->wants_slot = false;
    session_identify(&b->session, b->now);
}

static void carry_out(struct memory_bot *b, const struct session_action *a,
                      struct str payload)
{
    switch (a->type) {
    case SESSION_WANT_DIAL:
        session_dial(&b->session, b->now);
        break;
    case SESSION_DIAL:
        dial(b, a->url);
        break;
    case SESSION_WANT_SLOT:
        b->wants_slot = true;
        grant_slot(b);
        break;
    case SESSION_DROP_SLOT:
        b->wants_slot = false;
        break;
    case SESSION_SEND:
        if (a->is_identify) {
            b->identify_at = b->now + 5300;
            b->n_identifies++;
        }
        sim_receive(b->conn, a->bytes, false, b->now);
        break;
    case SESSION_CLOSE:
        hang_up(b, a->code);
        break;
    case SESSION_DELIVER:
        remember(b, a, payload);
        break;
    case SESSION_LOST:
        drop_packed(&b->kept);
        b->n_lost++;
        break;
    case SESSION_GUILDS_IN:
    case SESSION_NEW_URL:
    case SESSION_GAVE_UP:
        break;
    case SESSION_REFUSED:
        fail_msg("refused with %d", a->code);
    }
}

static void pull(struct memory_bot *b, struct str payload)
{
    struct session_action a;

    while (session_next(&b->session, &a))
        carry_out(b, &a, payload);
}

static void feed_inbox(struct memory_bot *b)
{
    struct link *link;

    while ((link = list_pop(&b->inbox))) {
        struct payload *p = CONTAINER_OF(link, struct payload, link);
        struct buf text = p->text;

        free(p);
        if (b->conn) {
            session_feed(&b->session, buf_str(&text), b->now);
            pull(b, buf_str(&text));
        }
        buf_release(&text);
    }
}

static void begin_session(struct memory_bot *b)
{
    struct session_config config = {
        .shard_id = b->shard_id,
        .shard_count = b->shard_count,
        .intents = b->intents,
        .large_threshold = 250,
        .token = &b->token,
        .gateway_url = sim_gateway_url(b->sim),
        .query = "v=10&encoding=json",
        .has_store = true,
        .parser = b->parser,
        .seed = b->now,
    };

    CHECK_INT(session_init(&b->session, &config, b->now), 0);
}

/* ---- Snapshots
 * -------------------------------------------------------------------------- */

static void keep_packed(struct memory_kept *kept, uint64_t id, struct buf packed)
{
    struct buf *old = map_remove(&kept->packed, id);
    struct buf *kept_one;

    if (old) {
        buf_release(old);
        free(old);
    }
    if (packed.n == 0) {
        buf_release(&packed);
        return;
    }
    kept_one = mem_zero(sizeof *kept_one);
    assert_non_null(kept_one);
    *kept_one = packed;
    CHECK_INT(map_put(&kept->packed, id, kept_one), 0);
}

void memory_bot_snapshot(struct memory_bot *b)
{
    cordage_id id;
    struct buf packed = { 0 };
    int err = 0;

    b->snapshot_at = b->now + SNAPSHOT_MS;
    cache_expire(b->cache, 10000);
    if (b->session.kept.n_id == 0)
        return;
    while (cache_pack_next(b->slice, &id, &packed, &err)) {
        CHECK_INT(err, 0);
        keep_packed(&b->kept, id, packed);
        packed = (struct buf){ 0 };
    }
    buf_clear(&b->kept.session_id);
    CHECK_INT(buf_append(&b->kept.session_id, b->session.kept.id, b->session.kept.n_id),
              0);
    b->kept.seq = b->applied;
    b->kept.valid = true;
    session_set_safe(&b->session, b->applied);
}

static void restore_session(struct memory_bot *b)
{
    struct session_legacy legacy = {
        .id = buf_str(&b->kept.session_id),
        .resume_url = STR("wss://127.0.0.1:2"),
        .seq = b->kept.seq,
    };

    CHECK_INT(session_restore(&b->session, &legacy, b->now), 0);
    b->applied = b->kept.seq;
}

static void begin_life(struct memory_bot *b)
{
    struct buf *packed;
    uint64_t id;
    size_t at = 0;

    CHECK_INT(cache_new(b->policies, seconds, b, &b->cache), 0);
    CHECK_INT(cache_slice_new(b->cache, b->shard_id, b->shard_count, &b->slice), 0);
    begin_session(b);
    b->applied = 0;
    b->wants_slot = false;
    b->snapshot_at = b->now + SNAPSHOT_MS;
    if (!b->kept.valid)
        return;
    while ((packed = map_next(&b->kept.packed, &at, &id)))
        CHECK_INT(cache_unpack(b->slice, buf_str(packed)), 0);
    restore_session(b);
}

static void end_life(struct memory_bot *b)
{
    hang_up(b, 1006);
    session_release(&b->session);
    cache_slice_free(b->slice);
    cache_free(b->cache);
}

/* ---- From outside
 * ------------------------------------------------------------------------ */

void memory_bot_start(struct memory_bot *b, struct sim *sim,
                      const cordage_policy *policies, uint32_t shard_id,
                      uint32_t shard_count, uint64_t now)
{
    *b = (struct memory_bot){
        .sim = sim,
        .now = now,
        .policies = policies,
        .shard_id = shard_id,
        .shard_count = shard_count,
        .intents = GATEWAY_ALL_INTENTS,
    };
    list_init(&b->inbox);
    b->parser = json_parser_new();
    assert_non_null(b->parser);
    CHECK_INT(secret_set(&b->token, str_of(sim_token(sim))), 0);
    begin_life(b);
    pull(b, STR(""));
}

void memory_bot_release(struct memory_bot *b)
{
    end_life(b);
    drop_packed(&b->kept);
    secret_release(&b->token);
    json_parser_free(b->parser);
}

void memory_bot_kill(struct memory_bot *b)
{
    end_life(b);
    begin_life(b);
    pull(b, STR(""));
}

void memory_bot_turn(struct memory_bot *b, uint64_t now)
{
    b->now = now;
    feed_inbox(b);
    if (b->closed_by_sim) {
        int code = b->close_code;

        hang_up(b, code);
        session_closed(&b->session, code, b->now);
        pull(b, STR(""));
    }
    if (session_deadline(&b->session) <= now)
        session_tick(&b->session, now);
    grant_slot(b);
    pull(b, STR(""));
    if (now >= b->snapshot_at)
        memory_bot_snapshot(b);
}

uint64_t memory_bot_deadline(const struct memory_bot *b)
{
    uint64_t at = session_deadline(&b->session);

    if (!list_is_empty(&b->inbox) || b->closed_by_sim)
        return b->now;
    if (b->wants_slot && b->identify_at < at)
        at = b->identify_at;
    return b->snapshot_at < at ? b->snapshot_at : at;
}

bool memory_bot_is_live(const struct memory_bot *b)
{
    return b->session.state == SESSION_LIVE;
}
