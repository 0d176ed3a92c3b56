#include "crew.h"

#include <string.h>

#include "client.h"
#include "inflate.h"
#include "keeper.h"
#include "loop_mark.h"
#include "payload.h"

/* ---- A loop and its shards -------------------------------------------------------- */

/* Calls `each` for every shard of the loop that is on. */
static void each_shard(struct crew_loop *cl, void (*each)(struct crew_shard *s))
{
    struct crew *crew = &cl->client->crew;

    for (uint32_t i = cl->index; i < crew->n_shards; i += crew->n_loops)
        if (crew->shards[i].on)
            each(&crew->shards[i]);
}

void crew_shard_start(struct crew_shard *s)
{
    s->loop->n_running++;
    shard_start(s->shard);
}

static void stop_shard(struct crew_shard *s)
{
    shard_stop(s->shard, keeper_keeps_sessions(s->client->keeper));
}

static void set_url(struct crew_shard *s)
{
    int err = shard_set_gateway(s->shard, s->loop->url);

    if (err)
        log_line(&s->client->log, LOG_ERROR, "shard=%u no new gateway URL: %s", s->id,
                 cordage_strerror(err));
}

static void note_second(struct crew_shard *s)
{
    struct shard_status now;

    shard_status(s->shard, &now);
    rate_second(&s->status.rate, now.events);
    kept_second(s);
    crew_shard_note(s);
}

static void on_second(struct timer *t)
{
    struct crew_loop *cl = CONTAINER_OF(t, struct crew_loop, second);

    each_shard(cl, note_second);
    cl->host->arm(cl->host, t, cl->host->now(cl->host) + 1000);
}

/* Hands over the events of this turn: one lock and one waking for all of them. */
static void flush(struct crew_loop *cl)
{
    struct link *link;

    while ((link = list_pop(&cl->fresh)))
        lanes_flush(&CONTAINER_OF(link, struct crew_shard, fresh)->lanes);
}

static void on_turn_end(struct timer *t)
{
    flush(CONTAINER_OF(t, struct crew_loop, flush));
}

bool crew_shard_add(struct crew_shard *s, struct job *job)
{
    struct crew_loop *cl = s->loop;

    if (list_is_empty(&cl->fresh))
        cl->host->arm(cl->host, &cl->flush, cl->host->now(cl->host));
    if (list_is_empty(&s->fresh))
        list_insert(&cl->fresh, &s->fresh);
    return lanes_add(&s->lanes, job);
}

static void *run_loop(void *arg)
{
    struct crew_loop *cl = arg;

    loop_mark(true);
    each_shard(cl, crew_shard_start);
    cl->host->arm(cl->host, &cl->second, cl->host->now(cl->host) + 1000);
    loop_run(cl->loop);
    cl->host->disarm(cl->host, &cl->second);
    cl->host->disarm(cl->host, &cl->flush);
    return NULL;
}

/* ---- Its mail ---------------------------------------------------------------------- */

static void say_done(struct crew_loop *cl)
{
    if (cl->stopping && cl->n_running == 0)
        cl->client->host->post(cl->client->host, &cl->done_mail);
}

static void run_stop(struct mail *mail)
{
    struct crew_loop *cl = CONTAINER_OF(mail, struct crew_loop, stop_mail);
    uint32_t n = cl->n_running;

    cl->stopping = true;
    each_shard(cl, stop_shard);
    if (n == 0)
        say_done(cl);
}

static void run_url(struct mail *mail)
{
    struct crew_loop *cl = CONTAINER_OF(mail, struct crew_loop, url_mail);
    cordage_client *c = cl->client;

    pthread_mutex_lock(&c->lock);
    cl->url_posted = false;
    memcpy(cl->url, c->gateway_url, sizeof cl->url);
    pthread_mutex_unlock(&c->lock);
    each_shard(cl, set_url);
}

static void set_presence(struct crew_shard *s)
{
    struct str presence = buf_str(&s->loop->presence);
    struct buf payload = { 0 };
    int err = shard_set_presence(s->shard, presence);

    /* A session that has not begun shows it from its IDENTIFY on. One of an earlier
     * process shows what that one did. */
    bool sends = !err && s->identified && presence.n;

    if (sends)
        err = payload_presence(&payload, presence);
    if (sends && !err)
        err = shard_command(s->shard, PACE_PRESENCE, 0, buf_str(&payload));
    buf_release(&payload);
    if (err)
        log_line(&s->client->log, LOG_WARN, "shard=%u the presence stays as it was: %s",
                 s->id, cordage_strerror(err));
}

static void run_presence(struct mail *mail)
{
    struct crew_loop *cl = CONTAINER_OF(mail, struct crew_loop, presence_mail);
    cordage_client *c = cl->client;
    int err;

    pthread_mutex_lock(&c->lock);
    cl->presence_posted = false;
    buf_clear(&cl->presence);
    err = buf_append_str(&cl->presence, buf_str(&c->presence));
    pthread_mutex_unlock(&c->lock);
    if (err)
        log_line(&c->log, LOG_WARN, "the presence stays as it was: %s",
                 cordage_strerror(err));
    else
        each_shard(cl, set_presence);
}

/* On the control loop. */
static void run_done(struct mail *mail)
{
    client_loop_done(CONTAINER_OF(mail, struct crew_loop, done_mail)->client);
}

void crew_shard_flush(struct crew_shard *s)
{
    flush(s->loop);
}

void crew_shard_stopped(struct crew_shard *s)
{
    struct crew_loop *cl = s->loop;

    /* Before the control loop believes that no event can come any more. */
    flush(cl);
    cl->n_running--;
    say_done(cl);
}

/* ---- Making and starting ------------------------------------------------------------
 */

static int make_loop(struct crew_loop *cl, cordage_client *c, unsigned index,
                     cordage_error *error)
{
    struct loop_options options = { .tls = c->tls,
                                    .log = c->log,
                                    .speed = c->settings.speed,
                                    .proxy = c->settings.proxy };
    int err = loop_new(&options, &cl->loop, error);

    if (err)
        return err;
    cl->client = c;
    cl->index = index;
    cl->host = loop_host(cl->loop);
    cl->second.fire = on_second;
    cl->flush.fire = on_turn_end;
    list_init(&cl->fresh);
    cl->stop_mail.run = run_stop;
    cl->url_mail.run = run_url;
    cl->presence_mail.run = run_presence;
    cl->done_mail.run = run_done;
    cl->parser = json_parser_new();
    cl->inline_parser = json_parser_new();
    cl->shared = (struct shard_loop){ .host = cl->host,
                                      .parser = json_parser_new(),
                                      .scratch = inflate_scratch_new() };
    if (!cl->parser || !cl->inline_parser || !cl->shared.parser || !cl->shared.scratch)
        return error_set(error, CORDAGE_ENOMEM, "Out of memory.");
    return 0;
}

static int make_shard(struct crew_shard *s, bool on, cordage_error *error)
{
    int err = crew_shard_make_slice(s);

    if (!err && on)
        err = crew_shard_make(s);
    if (err)
        error_set(error, err, "Shard %u could not be made: %s.", s->id,
                  cordage_strerror(err));
    return err;
}

int crew_make(cordage_client *c, const struct shard_range *range, bool on,
              cordage_error *error)
{
    struct crew *crew = &c->crew;
    uint32_t n = shard_range_size(range);
    unsigned n_loops = c->settings.loop_threads < n ? c->settings.loop_threads : n;
    int err = 0;

    crew->range = *range;
    crew->loops = mem_zero(n_loops * sizeof crew->loops[0]);
    crew->shards = mem_zero(n * sizeof crew->shards[0]);
    if (!crew->loops || !crew->shards)
        return error_set(error, CORDAGE_ENOMEM, "Out of memory for %u shards.", n);
    while (crew->n_loops < n_loops && !err) {
        err = make_loop(&crew->loops[crew->n_loops], c, crew->n_loops, error);
        crew->n_loops++;
    }
    while (crew->n_shards < n && !err) {
        struct crew_shard *s = &crew->shards[crew->n_shards];

        crew_shard_init(s, c, range->first + crew->n_shards,
                        &crew->loops[crew->n_shards % n_loops]);
        crew->n_shards++;
        s->shift.state = on ? SHIFT_HERE : SHIFT_OFF;
        err = make_shard(s, on, error);
    }
    return err;
}

int crew_start(cordage_client *c, cordage_error *error)
{
    struct crew *crew = &c->crew;

    for (unsigned i = 0; i < crew->n_loops; i++) {
        struct crew_loop *cl = &crew->loops[i];
        int err = pthread_create(&cl->thread, NULL, run_loop, cl);

        if (err)
            return error_set(error, CORDAGE_ESYSTEM, "Cannot start a thread: %s.",
                             strerror(err));
        pthread_setname_np(cl->thread, "cordage-loop");
        cl->has_thread = true;
        crew->n_busy++;
    }
    return 0;
}

/* ---- While it runs -------------------------------------------------------------------
 */

struct crew_shard *crew_find(const struct crew *crew, uint32_t id)
{
    uint32_t i = id - crew->range.first;

    return id >= crew->range.first && i < crew->n_shards ? &crew->shards[i] : NULL;
}

void crew_new_url(cordage_client *c)
{
    for (unsigned i = 0; i < c->crew.n_loops; i++) {
        struct crew_loop *cl = &c->crew.loops[i];

        if (!cl->url_posted)
            cl->host->post(cl->host, &cl->url_mail);
        cl->url_posted = true;
    }
}

void crew_new_presence(cordage_client *c)
{
    for (unsigned i = 0; i < c->crew.n_loops; i++) {
        struct crew_loop *cl = &c->crew.loops[i];

        if (!cl->presence_posted)
            cl->host->post(cl->host, &cl->presence_mail);
        cl->presence_posted = true;
    }
}

size_t crew_drop_events(struct crew *crew)
{
    size_t n = 0;

    for (uint32_t i = 0; i < crew->n_shards; i++)
        n += lane_group_drop(&crew->shards[i].lanes);
    return n;
}

/* ---- The end --------------------------------------------------------------------------
 */

void crew_stop(cordage_client *c)
{
    for (unsigned i = 0; i < c->crew.n_loops; i++) {
        struct crew_loop *cl = &c->crew.loops[i];

        if (cl->has_thread)
            cl->host->post(cl->host, &cl->stop_mail);
    }
}

static void end_loop(struct crew_loop *cl)
{
    /* Mail that is still there runs now; it finds no shard any more. */
    loop_free(cl->loop);
    cl->loop = NULL;
    inflate_scratch_free(cl->shared.scratch);
    json_parser_free(cl->shared.parser);
    json_parser_free(cl->inline_parser);
    json_parser_free(cl->parser);
    buf_release(&cl->presence);
}

void crew_end(cordage_client *c)
{
    struct crew *crew = &c->crew;

    for (unsigned i = 0; i < crew->n_loops; i++) {
        struct crew_loop *cl = &crew->loops[i];

        if (!cl->has_thread)
            continue;
        loop_stop(cl->loop);
        pthread_join(cl->thread, NULL);
        cl->has_thread = false;
    }
    keeper_end(c);
    for (uint32_t i = 0; i < crew->n_shards; i++) {
        struct crew_shard *s = &crew->shards[i];

        status_stopped(&s->status);
        s->on = false;
        shard_free(s->shard);
        s->shard = NULL;
    }
    for (unsigned i = 0; i < crew->n_loops; i++)
        end_loop(&crew->loops[i]);
}

void crew_release(struct crew *crew)
{
    for (uint32_t i = 0; i < crew->n_shards; i++)
        crew_shard_release(&crew->shards[i]);
    free(crew->shards);
    free(crew->loops);
    *crew = (struct crew){ 0 };
}
