/* Each way is a chain of mails. Coming:
 *
 *     shift_take -> load (keeper) -> begin (the shard's loop) -> arrive (control)
 *
 * and leaving:
 *
 *     shift_give -> close (the shard's loop) -> closed, drained (control)
 *     -> save (keeper) -> rest (the shard's loop) -> gone (control)
 *
 * From `close` on the session changes no more, and nobody waits for the connection to
 * end, which takes as long as the peer likes; only the shard's memory does.
 *
 * Without a keeper its steps are passed over. While the client stops no step leads to
 * another: a shard that was on its way is put down, one that has closed is saved by the
 * end, with all others. */
#include "shift.h"

#include <inttypes.h>

#include "client.h"
#include "commands.h"
#include "keeper.h"

static struct crew_shard *shard_of(struct mail *step)
{
    return CONTAINER_OF(step, struct crew_shard, shift.step);
}

/* ---- From thread to thread -------------------------------------------------------- */

static void to_keeper(struct crew_shard *s, void (*run)(struct mail *mail))
{
    s->shift.step.run = run;
    keeper_post(s->client->keeper, &s->shift.step);
}

static void to_loop(struct crew_shard *s, void (*run)(struct mail *mail))
{
    s->shift.step.run = run;
    s->loop->host->post(s->loop->host, &s->shift.step);
}

static void to_control(struct crew_shard *s, void (*run)(struct mail *mail))
{
    s->shift.step.run = run;
    s->client->host->post(s->client->host, &s->shift.step);
}

static bool is_running(const struct crew_shard *s)
{
    return s->client->phase == CLIENT_RUNNING;
}

/* ---- Coming -------------------------------------------------------------------------
 */

static void begin_give(struct crew_shard *s);

static void run_arrive(struct mail *mail)
{
    struct crew_shard *s = shard_of(mail);
    struct shift *f = &s->shift;
    bool gives_next = f->gives_next;

    f->gives_next = false;
    f->state = f->how.err ? SHIFT_OFF : SHIFT_HERE;
    if (!is_running(s))
        return;
    f->taken(s->client, s->id, &f->how);
    if (gives_next && f->state == SHIFT_HERE)
        begin_give(s);
    else if (gives_next)
        f->given(s->client, s->id, &(struct shift_given){ 0 });
}

static int make(struct crew_shard *s)
{
    struct shift *f = &s->shift;
    int err = s->loop->stopping ? CORDAGE_ECLOSED : crew_shard_make(s);

    if (err)
        return err;
    f->how.resumes = f->heritage && heritage_pass_on(f->heritage, s);
    f->how.cached = f->how.resumes && !s->kept.incomplete;
    if (!f->how.resumes && s->cache)
        cache_slice_clear(s->cache);
    return 0;
}

static void run_begin(struct mail *mail)
{
    struct crew_shard *s = shard_of(mail);
    struct shift *f = &s->shift;

    if (!f->how.err)
        f->how.err = make(s);
    heritage_free(f->heritage);
    f->heritage = NULL;
    if (f->how.err) {
        crew_shard_unmake(s);
        if (s->cache)
            cache_slice_clear(s->cache);
    }
    /* First, so that it is told before the shard asks for anything. */
    to_control(s, run_arrive);
    if (s->on)
        crew_shard_start(s);
}

static void run_load(struct mail *mail)
{
    struct crew_shard *s = shard_of(mail);
    struct shift *f = &s->shift;

    f->how.err = keeper_take(s->client->keeper, s, f->identifies, &f->heritage);
    to_loop(s, run_begin);
}

static void begin_take(struct crew_shard *s)
{
    struct shift *f = &s->shift;

    f->state = SHIFT_COMING;
    f->how = (struct shift_taken){ 0 };
    if (s->client->keeper)
        to_keeper(s, run_load);
    else
        to_loop(s, run_begin);
}

void shift_take(cordage_client *c, uint32_t shard_id, uint32_t identifies,
                shift_taken_fn taken)
{
    struct crew_shard *s = c->has_crew ? crew_find(&c->crew, shard_id) : NULL;
    struct shift_taken how = { .err = CORDAGE_ENOTFOUND };

    if (c->phase >= CLIENT_STOPPING)
        return;
    if (s &&
        (s->shift.state == SHIFT_OFF || (s->shift.was_given && !s->shift.takes_next))) {
        s->shift.identifies = identifies;
        s->shift.taken = taken;
        if (s->shift.state == SHIFT_OFF)
            begin_take(s);
        else
            s->shift.takes_next = true;
        return;
    }
    if (s)
        how.err = CORDAGE_ESTATE;
    taken(c, shard_id, &how);
}

/* ---- Leaving: the end here ------------------------------------------------------------
 */

static void run_gone(struct mail *mail)
{
    struct crew_shard *s = shard_of(mail);
    struct shift *f = &s->shift;
    bool takes_next = f->takes_next;

    f->state = SHIFT_OFF;
    f->takes_next = f->was_given = false;
    if (takes_next && is_running(s))
        begin_take(s);
}

static void rest(struct crew_shard *s)
{
    s->shift.rests = s->shift.hung_up = false;
    crew_shard_unmake(s);
    to_control(s, run_gone);
}

static void run_rest(struct mail *mail)
{
    struct crew_shard *s = shard_of(mail);

    s->shift.rests = true;
    if (s->shift.hung_up)
        rest(s);
}

void shift_hung_up(struct crew_shard *s)
{
    s->shift.hung_up = true;
    if (s->shift.rests)
        rest(s);
}

static void run_given(struct mail *mail)
{
    struct crew_shard *s = CONTAINER_OF(mail, struct crew_shard, shift.given_mail);
    cordage_client *c = s->client;
    struct shift *f = &s->shift;

    log_line(&c->log, LOG_INFO, "shard=%u is handed over: open=%u running=%u ms=%" PRIu64,
             s->id, f->left.open, f->left.running, c->host->now(c->host) - f->began_at);
    f->was_given = true;
    if (is_running(s))
        f->given(c, s->id, &f->left);
}

/* Whoever takes the shard need not wait until its memory is given back here. */
static void run_save(struct mail *mail)
{
    struct crew_shard *s = shard_of(mail);
    cordage_client *c = s->client;

    keeper_hand_over(c->keeper, s, &s->shift.left);
    c->host->post(c->host, &s->shift.given_mail);
    if (s->cache)
        cache_slice_clear(s->cache);
    to_loop(s, run_rest);
}

static void run_rest_unsaved(struct mail *mail)
{
    struct crew_shard *s = shard_of(mail);
    cordage_client *c = s->client;

    s->shift.left.running = lane_group_waiting(&s->lanes);
    s->shift.left.open = s->shift.left.running;
    c->host->post(c->host, &s->shift.given_mail);
    if (s->cache)
        cache_slice_clear(s->cache);
    run_rest(mail);
}

/* ---- Leaving: until nothing moves any more --------------------------------------------
 */

static void go_on(struct crew_shard *s)
{
    struct shift *f = &s->shift;

    if (f->state != SHIFT_CLOSING || !f->closed || !f->drained || !is_running(s))
        return;
    f->state = SHIFT_LEAVING;
    if (s->client->keeper)
        to_keeper(s, run_save);
    else
        to_loop(s, run_rest_unsaved);
}

static void set_drained(struct crew_shard *s)
{
    struct host *host = s->client->host;

    host->disarm(host, &s->shift.patience);
    s->shift.drained = true;
    go_on(s);
}

static void run_drained(struct mail *mail)
{
    struct crew_shard *s = CONTAINER_OF(mail, struct crew_shard, shift.drained_mail);

    if (s->shift.state == SHIFT_CLOSING && !s->shift.drained)
        set_drained(s);
}

/* On a handler's thread, with the executor's lock held. */
static void post_drained(struct lane_group *g)
{
    struct crew_shard *s = CONTAINER_OF(g, struct crew_shard, lanes);

    s->client->host->post(s->client->host, &s->shift.drained_mail);
}

static void on_patience_end(struct timer *t)
{
    struct crew_shard *s = CONTAINER_OF(t, struct crew_shard, shift.patience);
    size_t n = lane_group_drop(&s->lanes);

    log_line(&s->client->log, LOG_WARN,
             "shard=%u handing over takes more than %u ms: events_left_over=%zu", s->id,
             s->shift.patience_ms, n);
    set_drained(s);
}

static void run_closed(struct mail *mail)
{
    struct crew_shard *s = shard_of(mail);
    struct shift *f = &s->shift;
    struct host *host = s->client->host;

    f->closed = true;
    if (lane_group_when_done(&s->lanes, post_drained))
        set_drained(s);
    else
        host->arm(host, &f->patience, f->began_at + f->patience_ms);
}

static void run_close(struct mail *mail)
{
    struct crew_shard *s = shard_of(mail);

    if (s->loop->stopping)
        return; /* it ends with all others */
    s->leaves = true;
    commands_end(s);
    shard_stop(s->shard, true);
    crew_shard_flush(s);
    s->on = false;
    status_rest(&s->status); /* another process counts its guilds from now on */
    to_control(s, run_closed);
}

static void begin_give(struct crew_shard *s)
{
    struct shift *f = &s->shift;

    f->state = SHIFT_CLOSING;
    f->closed = f->drained = false;
    f->began_at = s->client->host->now(s->client->host);
    to_loop(s, run_close);
}

void shift_give(cordage_client *c, uint32_t shard_id, uint32_t patience_ms,
                shift_given_fn given)
{
    struct crew_shard *s = c->has_crew ? crew_find(&c->crew, shard_id) : NULL;

    if (c->phase >= CLIENT_STOPPING)
        return;
    if (!s || s->shift.state == SHIFT_OFF ||
        (s->shift.was_given && !s->shift.takes_next)) {
        given(c, shard_id, &(struct shift_given){ 0 });
        return;
    }
    if (s->shift.state == SHIFT_CLOSING ||
        (s->shift.state == SHIFT_LEAVING && !s->shift.takes_next))
        return;
    s->shift.patience_ms = patience_ms;
    s->shift.given = given;
    if (s->shift.state == SHIFT_HERE)
        begin_give(s);
    else
        s->shift.gives_next = true;
}

/* ---- All of them ----------------------------------------------------------------------
 */

uint32_t shift_held(const cordage_client *c)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < c->crew.n_shards; i++)
        n += c->crew.shards[i].shift.state != SHIFT_OFF;
    return n;
}

void shift_stop(cordage_client *c)
{
    for (uint32_t i = 0; i < c->crew.n_shards; i++)
        c->host->disarm(c->host, &c->crew.shards[i].shift.patience);
}

void shift_init(struct shift *f)
{
    *f = (struct shift){ .state = SHIFT_OFF };
    list_init(&f->step.link);
    list_init(&f->drained_mail.link);
    list_init(&f->given_mail.link);
    f->drained_mail.run = run_drained;
    f->given_mail.run = run_given;
    f->patience.fire = on_patience_end;
}

void shift_release(struct shift *f)
{
    heritage_free(f->heritage);
    f->heritage = NULL;
}
