#include "client.h"

#include <string.h>

#include "caching.h"
#include "commands.h"
#include "parcel.h"

/* ---- Mail ------------------------------------------------------------------
 */

int client_post(cordage_client *c, struct mail *mail)
{
    int err = 0;

    pthread_mutex_lock(&c->lock);
    if (c->phase >= CLIENT_ENDING)
        err = CORDAGE_ECLOSED;
    else
        c->host->post(c->host, mail);
    pthread_mutex_unlock(&c->lock);
    return err;
}

void client_push(cordage_client *c, struct job *job)
{
    if (c->lanes) { /* whose threads may have ended */
        lanes_push(&c->own_lanes, job);
        return;
    }
    job->run(job, c->parsers[c->settings.handler_threads]);
    job->release(job);
}

static void run_stop(struct mail *mail)
{
    client_begin_stop(CONTAINER_OF(mail, cordage_client, stop_mail));
}

/* With the lock held. */
static void post_stop(cordage_client *c)
{
    if (!c->stop_posted && c->phase < CLIENT_ENDING)
        c->host->post(c->host, &c->stop_mail);
    c->stop_posted = true;
}

void client_fail(cordage_client *c, const cordage_error *error)
{
    c->stopping = true;
    pthread_mutex_lock(&c->lock);
    /* What fails because the bot is being stopped is not why it ends. */
    if (!c->stop_posted)
        c->error = *error;
    post_stop(c);
    pthread_mutex_unlock(&c->lock);
}

void cordage_client_stop(cordage_client *c)
{
    c->stopping = true;
    pthread_mutex_lock(&c->lock);
    post_stop(c);
    pthread_mutex_unlock(&c->lock);
}

void cordage_client_end_sessions(cordage_client *c)
{
    c->ends_sessions = true;
}

/* ---- Made and freed -------------------------------------------------------------------
 */

/* One for each handler thread, and one for the control loop. */
static int make_parsers(cordage_client *c)
{
    unsigned n = c->settings.handler_threads + 1;

    c->parsers = mem_zero(n * sizeof(c->parsers[0]));
    for (unsigned i = 0; c->parsers && i < n; i++) {
        c->parsers[i] = json_parser_new();
        if (!c->parsers[i])
            return CORDAGE_ENOMEM;
    }
    return c->parsers ? 0 : CORDAGE_ENOMEM;
}

static int make_loop(cordage_client *c, cordage_error *error)
{
    struct loop_options options = { .log = c->log, .speed = c->settings.speed };
    int err = tls_client_new(c->settings.ca_file, &c->tls, error);

    if (!err)
        err = loop_new(&options, &c->control, error);
    if (err)
        return err;
    c->host = loop_host(c->control);
    c->nonces = rng_seeded(c->host->random(c->host));
    return 0;
}

static void prepare(cordage_client *c)
{
    pthread_mutex_init(&c->lock, NULL);
    list_init(&c->ticks);
    list_init(&c->early);
    waits_init(&c->waits);
    c->stop_mail.run = run_stop;
    c->log = settings_log(&c->settings);
    c->shard_count = c->settings.shard_count;
    client_prepare(c);
}

int cordage_client_new(const cordage_options *options, cordage_client **out,
                       cordage_error *error)
{
    cordage_client *c = mem_zero(sizeof *c);
    int err;

    *out = NULL;
    if (!c)
        return error_set(error, CORDAGE_ENOMEM, "Out of memory.");
    err = settings_from(options, &c->settings, error);
    if (err) {
        free(c);
        return err;
    }
    prepare(c);
    if (handlers_init(&c->handlers) || make_parsers(c) || caching_new(c) ||
        commands_first_presence(c))
        err = error_set(error, CORDAGE_ENOMEM, "Out of memory.");
    if (!err)
        err = make_loop(c, error);
    if (!err && c->settings.link)
        err = worker_new(c, &c->worker, error);
    if (err) {
        cordage_client_free(c);
        return err;
    }
    *out = c;
    return 0;
}

void cordage_client_free(cordage_client *c)
{
    if (!c)
        return;
    pthread_mutex_lock(&c->lock);
    c->phase = CLIENT_ENDED;
    pthread_mutex_unlock(&c->lock);
    /* What was asked of a client that never ran is answered here. */
    waits_close(&c->waits);
    loop_free(c->control);
    worker_free(c->worker);
    parcels_drop_early(c);
    crew_release(&c->crew);
    caching_free(c);
    lanes_free(c->lanes);
    tls_client_free(c->tls);
    waits_release(&c->waits);
    handlers_release(&c->handlers);
    for (unsigned i = 0; c->parsers && i <= c->settings.handler_threads; i++)
        json_parser_free(c->parsers[i]);
    free(c->parsers);
    buf_release(&c->presence);
    settings_release(&c->settings);
    pthread_mutex_destroy(&c->lock);
    free(c);
}

const cordage_error *cordage_client_error(const cordage_client *c)
{
    return &c->error;
}

/* ---- Handlers
 * -------------------------------------------------------------------------- */

static int on(cordage_client *c, const struct handler_plan *plan)
{
    return plan->fn ? handlers_add(&c->handlers, plan) : CORDAGE_EINVAL;
}

#define ON(NAME, name, view, intents, route, effect)                             \
    int cordage_on_##name(cordage_client *c, cordage_##view##_fn fn, void *user) \
    {                                                                            \
        return on(c, &(struct handler_plan){ .kind = CORDAGE_EVENT_##NAME,       \
                                             .fn = (handler_fn)fn,               \
                                             .user = user });                    \
    }
CORDAGE_EVENTS(ON)
#undef ON

int cordage_on(cordage_client *c, cordage_event_type type, cordage_event_fn fn,
               void *user)
{
    if (type >= CORDAGE_N_EVENTS)
        return CORDAGE_EINVAL;
    return on(c,
              &(struct handler_plan){
                  .kind = type, .is_plain = true, .fn = (handler_fn)fn, .user = user });
}

int cordage_on_any(cordage_client *c, cordage_event_fn fn, void *user)
{
    return on(c, &(struct handler_plan){ .kind = HANDLER_ANY,
                                         .is_plain = true,
                                         .fn = (handler_fn)fn,
                                         .user = user });
}

int cordage_on_session_lost(cordage_client *c, cordage_session_lost_fn fn, void *user)
{
    return on(c, &(struct handler_plan){
                     .kind = HANDLER_SESSION_LOST, .fn = (handler_fn)fn, .user = user });
}

int cordage_on_error(cordage_client *c, cordage_error_fn fn, void *user)
{
    return on(c, &(struct handler_plan){
                     .kind = HANDLER_ERROR, .fn = (handler_fn)fn, .user = user });
}

int cordage_on_broadcast(cordage_client *c, cordage_broadcast_fn fn, void *user)
{
    return on(c, &(struct handler_plan){
                     .kind = HANDLER_BROADCAST, .fn = (handler_fn)fn, .user = user });
}

int cordage_off(cordage_client *c, int id)
{
    return handlers_remove(&c->handlers, id);
}

/* ---- Shards
 * ------------------------------------------------------------------------------ */

cordage_id cordage_user_id(const cordage_client *c)
{
    return c->user_id;
}

cordage_id cordage_application_id(const cordage_client *c)
{
    return c->application_id;
}

uint32_t cordage_shard_count(const cordage_client *c)
{
    return c->shard_count;
}

uint32_t cordage_shard_for_guild(const cordage_client *c, cordage_id guild_id)
{
    uint32_t count = c->shard_count;

    return count ? shard_for_guild(guild_id, count) : 0;
}

/* Once the crew is there it stays until the client is freed. */
static const struct crew *crew_of(const cordage_client *c)
{
    return c->has_crew ? &c->crew : NULL;
}

int cordage_shard_status(const cordage_client *c, uint32_t id, cordage_shard_info *out)
{
    const struct crew *crew = crew_of(c);
    struct crew_shard *s = crew ? crew_find(crew, id) : NULL;

    if (!s)
        return CORDAGE_ENOTFOUND;
    crew_shard_read(s, out);
    return 0;
}

uint32_t cordage_worker(const cordage_client *c, uint32_t *count)
{
    if (count)
        *count = c->worker ? worker_count(c->worker) : 1;
    return c->settings.worker;
}

cordage_guild_total cordage_guild_count(const cordage_client *c)
{
    const struct crew *crew = crew_of(c);
    cordage_guild_total total = { .shards = c->shard_count };

    if (c->worker)
        return worker_totals(c->worker, c->shard_count);
    for (uint32_t i = 0; crew && i < crew->n_shards; i++) {
        cordage_shard_info info;

        if (crew_shard_read(&crew->shards[i], &info)) {
            total.guilds += info.guilds;
            total.shards_reported++;
        }
    }
    return total;
}
