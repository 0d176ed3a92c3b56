#include "replay_track.h"

#include <stdlib.h>

#include "envelope.h"
#include "json_text.h"

enum {
    FEED_MAX = 4096, /* in one turn */
    AHEAD_MAX = 2048 /* fed and not yet sent, where the reader is the clock */
};
#define WAIT_MAX (UINT64_C(1) << 53) /* ms; the clock still fits beside it */

/* ---- The recording ---------------------------------------------------------------- */

static void end(struct track *t)
{
    t->at_end = true;
    t->has_event = false;
}

/* The next event is at hand, or it is the end. */
static void look(struct track *t)
{
    struct envelope e;

    while (!t->has_event && !t->at_end) {
        int err = recording_next(t->file, &t->event, &t->error);

        if (err == CORDAGE_ENOTFOUND)
            t->error.code = 0;
        if (err) {
            end(t);
            return;
        }
        t->d = json_text(t->event.payload, "d");
        if (!envelope_peek(t->event.payload, &e) || !e.name.n || !t->d.n ||
            str_is(e.name, "RESUMED"))
            continue;
        buf_clear(&t->name);
        if (buf_append_str(&t->name, e.name) || !buf_zero_end(&t->name)) {
            error_set(&t->error, CORDAGE_ENOMEM, "Out of memory.");
            end(t);
            return;
        }
        t->has_event = true;
    }
}

static bool is_ready(const struct track *t)
{
    return t->has_event && str_is(buf_str(&t->name), "READY");
}

static void rewind_to_start(struct track *t)
{
    t->error = (cordage_error){ 0 };
    t->has_event = t->at_end = t->between = t->read_all = false;
    t->n = t->asked = 0;
    recording_rewind(t->file, &t->error);
    look(t);
}

static uint64_t read_bot_id(const struct track *t)
{
    uint64_t id = 0;
    struct str text = json_text(json_text(t->d, "user"), "id");

    if (is_ready(t) && text.n > 2)
        str_u64((struct str){ text.p + 1, text.n - 2 }, &id);
    return id;
}

int track_open(struct track *t, const char *path, cordage_error *error)
{
    int err;

    *t = (struct track){ .path = path };
    err = recording_open(path, &t->file, error);
    if (err)
        return err;
    t->head = *recording_head(t->file);
    look(t);
    t->bot_id = read_bot_id(t);
    return 0;
}

void track_release(struct track *t)
{
    recording_close(t->file);
    buf_release(&t->name);
}

/* ---- The client -------------------------------------------------------------------- */

struct str track_ready(struct track *t, uint64_t now)
{
    if (!t->between)
        rewind_to_start(t);
    t->between = false;
    t->n_begun++;
    t->base_at = now;
    t->base_ms = t->has_event ? t->event.ms : 0;
    if (t->n == 0)
        t->started_at = now;
    if (!is_ready(t))
        return STR("");
    t->has_event = false;
    t->n++;
    return t->d;
}

/* A file may name any time: one that never comes is as good as the end of days. */
static uint64_t due_at(const struct track *t, double speed)
{
    double since = (double)(t->event.ms - t->base_ms);

    if (speed <= 0)
        return 0;
    return t->base_at + (since / speed < WAIT_MAX ? (uint64_t)(since / speed) : WAIT_MAX);
}

/* With no clock but the reader's, what it has not taken yet is enough. */
static bool is_full(const struct track *t, struct sim *sim)
{
    struct sim_reader r;

    sim_read_reader(sim, t->head.shard_id, t->head.shard_count, &r);
    return !r.is_connected || r.sent + AHEAD_MAX < r.seq;
}

static void feed(struct track *t, struct sim *sim, uint64_t now)
{
    int err = sim_feed(sim, t->head.shard_id, t->head.shard_count, t->name.p, t->d, now);

    t->has_event = false;
    t->n++;
    t->ended_at = now;
    if (err == CORDAGE_ENOMEM) {
        error_set(&t->error, err, "Out of memory.");
        end(t);
    }
}

uint64_t track_tick(struct track *t, struct sim *sim, double speed, uint64_t now)
{
    struct sim_reader r;

    sim_read_reader(sim, t->head.shard_id, t->head.shard_count, &r);
    if (t->n_begun == 0 || t->between || !r.has_session)
        return UINT64_MAX;
    for (int i = 0; i < FEED_MAX; i++) {
        look(t);
        if (t->at_end)
            return UINT64_MAX;
        if (is_ready(t)) {
            t->between = true;
            sim_end_reader(sim, t->head.shard_id, t->head.shard_count);
            return UINT64_MAX;
        }
        if (due_at(t, speed) > now)
            return due_at(t, speed);
        if (speed <= 0 && is_full(t, sim))
            break;
        feed(t, sim, now);
    }
    return now;
}

bool track_was_read(struct track *t, struct sim *sim, bool ask)
{
    struct sim_reader r;

    if (t->read_all || !t->at_end)
        return t->read_all;
    sim_read_reader(sim, t->head.shard_id, t->head.shard_count, &r);
    /* A client that closed with 1000 wants no more. One that keeps its state names only
     * what it has kept; but it answers to op 1 after it has read what was sent before.
     * The first heartbeat may have been on its way. */
    t->read_all = !r.has_session || r.acked >= r.seq ||
                  (t->asked && r.sent == r.seq && r.heartbeats > t->asked);
    if (t->read_all || !ask || r.sent < r.seq)
        return t->read_all;
    if (!t->asked)
        t->asked = r.heartbeats + 1;
    sim_ask_reader(sim, t->head.shard_id, t->head.shard_count);
    return false;
}
