/* From the start of a bot to its end, all on the control loop.
 *
 * Start: ask Discord, check the budget, make the crew, let the shards go to the gate.
 *
 * End: every shard closes its session; the events that are queued are handled; requests
 * under way are answered; then nothing is accepted any more, what is still asked of us
 * ends with CORDAGE_ECLOSED, and when the last callback has returned the loops end. All
 * that waits has PATIENCE_MS together. After that what is queued is dropped, and only
 * what runs in a handler is waited for: nobody can take a thread out of it. */
#include <assert.h>
#include <signal.h>
#include <string.h>

#include "client.h"
#include "caching.h"
#include "fatal.h"
#include "keeper.h"
#include "loop_mark.h"
#include "notices.h"
#include "parcel.h"
#include "message.h"
#include "ticks.h"

enum { PATIENCE_MS = 10 * 1000, SIGNAL_ECHO_MS = 500 };

static void enter(cordage_client *c, enum client_phase phase)
{
    assert(phase > c->phase);
    pthread_mutex_lock(&c->lock);
    c->phase = phase;
    pthread_mutex_unlock(&c->lock);
}

/* What one worker of a fleet has learned of Discord is true for the others, too. */
static bool is_for_all(const cordage_error *error)
{
    return error->code == CORDAGE_EAUTH || error->code == CORDAGE_EFATAL ||
           error->code == CORDAGE_EBUDGET;
}

/* Why it ends, unless it was asked to. */
static void report(cordage_client *c)
{
    cordage_error error;

    pthread_mutex_lock(&c->lock);
    error = c->error;
    pthread_mutex_unlock(&c->lock);
    if (error.code) {
        log_line(&c->log, LOG_ERROR, "%s", error.message);
        client_tell(c, &error);
        if (c->worker && is_for_all(&error))
            worker_fatal(c->worker, &error);
    }
}

/* ---- The start -------------------------------------------------------------------- */

static struct shard_range range_of(const cordage_client *c, const struct gateway_bot *bot)
{
    const struct settings *s = &c->settings;
    uint32_t count = s->shards_auto ? bot->shards : s->shard_count;

    return (struct shard_range){
        .first = s->shard_first,
        .last = s->shard_last == CORDAGE_SHARD_LAST ? count - 1 : s->shard_last,
        .count = count,
    };
}

static int make_gate(cordage_client *c, const struct gateway_bot *bot,
                     cordage_error *error)
{
    const struct gate_books books = { &c->ledger, keeper_book, c };
    int err = gate_new(c->host, bot->max_concurrency, &books, &c->gate);

    if (err)
        return error_set(error, err, "The identify gate could not be made: %s.",
                         cordage_strerror(err));
    keeper_recall_identifies(c);
    ledger_limits(&c->ledger, bot->total, bot->remaining, bot->reset_after_ms,
                  c->host->wall(c->host));
    return gate_limits(c->gate, bot->max_concurrency);
}

/* Sessions of earlier processes are taken up; the other shards need an IDENTIFY each, and
 * what the ledger allows decides whether this start is possible at all. */
static int restore(cordage_client *c, cordage_error *error)
{
    uint64_t now = c->host->wall(c->host), allowed = ledger_allowed(&c->ledger, now);
    uint32_t needed = 0;
    int err = c->starts_empty ? 0 : keeper_restore(c, allowed, &needed, error);

    if (err)
        return err;
    return needed > allowed ? fatal_over_budget(needed, &c->ledger, now, error) : 0;
}

static void crew_is_up(cordage_client *c)
{
    c->shard_count = c->crew.range.count;
    pthread_mutex_lock(&c->lock);
    c->crew_up = true;
    c->has_crew = true;
    /* Since the shards were made another may have been asked for. */
    crew_new_presence(c);
    pthread_mutex_unlock(&c->lock);
    parcels_send_early(c);
}

void client_start(cordage_client *c, const struct gateway_bot *bot)
{
    struct shard_range range = range_of(c, bot);
    uint32_t n = shard_range_size(&range);
    cordage_error error;

    ledger_init(&c->ledger, range.count);
    if (shard_range_check(&range, &error) || make_gate(c, bot, &error) ||
        crew_make(c, &range, !c->starts_empty, &error) || restore(c, &error)) {
        client_fail(c, &error);
        return;
    }
    log_line(&c->log, LOG_INFO, "starting shards=%u-%u/%u loops=%u at_least_ms=%llu",
             range.first, range.last, range.count, c->crew.n_loops,
             (unsigned long long)shards_start_ms(n, bot->max_concurrency));
    enter(c, CLIENT_RUNNING);
    crew_is_up(c);
    caching_start(c);
    if (crew_start(c, &error))
        client_fail(c, &error);
}

/* None of the shards runs yet: the supervisor says which come here. */
void client_join(cordage_client *c, const struct link_welcome *welcome)
{
    struct shard_range range = { welcome->first, welcome->last, welcome->count };
    cordage_error error;
    int err;

    ledger_init(&c->ledger, range.count); /* never asked: the supervisor has it */
    err = shard_range_check(&range, &error);
    if (!err && (worker_gate_new(c->worker, &c->gate) || worker_join(c->worker, &range)))
        err = error_set(&error, CORDAGE_ENOMEM, "Out of memory.");
    if (err || crew_make(c, &range, false, &error)) {
        client_fail(c, &error);
        return;
    }
    log_line(&c->log, LOG_INFO, "worker=%u/%u generation=%u shards=%u-%u/%u loops=%u",
             c->settings.worker, welcome->workers, c->settings.generation, range.first,
             range.last, range.count, c->crew.n_loops);
    enter(c, CLIENT_RUNNING);
    crew_is_up(c);
    caching_start(c);
    if (crew_start(c, &error))
        client_fail(c, &error);
}

/* ---- The end ----------------------------------------------------------------------- */

static void run_end(struct mail *mail)
{
    cordage_client *c = CONTAINER_OF(mail, cordage_client, end_mail);

    c->host->disarm(c->host, &c->timer);
    loop_stop(c->control);
}

static void post_end(void *user)
{
    cordage_client *c = user;

    c->host->post(c->host, &c->end_mail);
}

/* All mail from before the end has run: no request can come after this. */
static void run_flush(struct mail *mail)
{
    cordage_client *c = CONTAINER_OF(mail, cordage_client, flush_mail);

    rest_free(c->rest);
    c->rest = NULL;
    lanes_when_idle(c->lanes, post_end, c);
}

static void end(cordage_client *c)
{
    if (c->phase != CLIENT_STOPPING)
        return;
    pthread_mutex_lock(&c->lock);
    c->phase = CLIENT_ENDING;
    c->crew_up = false;
    pthread_mutex_unlock(&c->lock);
    c->host->post(c->host, &c->flush_mail);
}

/* No handler runs: it is over, unless an answer is still to come. */
static void run_idle(struct mail *mail)
{
    cordage_client *c = CONTAINER_OF(mail, cordage_client, idle_mail);
    unsigned n_requests;

    c->settling = false;
    pthread_mutex_lock(&c->lock);
    n_requests = c->n_requests;
    pthread_mutex_unlock(&c->lock);
    if (n_requests == 0)
        end(c);
}

static void post_idle(void *user)
{
    cordage_client *c = user;

    c->host->post(c->host, &c->idle_mail);
}

/* Waits for the handlers, once no shard brings them any more. */
static void settle(cordage_client *c)
{
    if (c->phase != CLIENT_STOPPING || c->crew.n_busy > 0 || c->settling)
        return;
    if (c->impatient) {
        end(c);
        return;
    }
    c->settling = true;
    lanes_when_idle(c->lanes, post_idle, c);
}

void client_request_done(cordage_client *c)
{
    settle(c);
}

void client_loop_done(cordage_client *c)
{
    c->crew.n_busy--;
    settle(c);
}

static void on_patience_end(struct timer *t)
{
    cordage_client *c = CONTAINER_OF(t, cordage_client, timer);
    size_t n = crew_drop_events(&c->crew);

    log_line(
        &c->log, LOG_WARN,
        "stopping takes more than %d s: events_dropped=%zu; waiting for handlers that "
        "still run",
        PATIENCE_MS / 1000, n);
    c->impatient = true;
    if (c->crew.n_busy == 0)
        end(c);
}

void client_prepare(cordage_client *c)
{
    c->idle_mail.run = run_idle;
    c->flush_mail.run = run_flush;
    c->end_mail.run = run_end;
}

void client_begin_stop(cordage_client *c)
{
    if (c->phase >= CLIENT_STOPPING)
        return;
    report(c);
    c->stopping = true;
    enter(c, CLIENT_STOPPING);
    c->timer.fire = on_patience_end;
    c->host->arm(c->host, &c->timer, c->host->now(c->host) + PATIENCE_MS);
    shift_stop(c);
    ticks_stop(c);
    caching_stop(c);
    waits_close(&c->waits);
    gate_free(c->gate);
    c->gate = NULL;
    crew_stop(c);
    settle(c);
}

/* ---- Signals ------------------------------------------------------------------------
 */

static void on_signal(uv_signal_t *handle, int number)
{
    cordage_client *c = handle->data;
    uint64_t now = uv_now(handle->loop);

    if (!c->signalled) {
        log_line(&c->log, LOG_INFO, "signal %d: stopping", number);
        c->signalled = true;
        c->signalled_at = now;
        client_begin_stop(c);
        return;
    }
    /* The same wish by two ways: timeout(1) and service managers signal the process and
     * its group, and a program that runs this one passes its own signals on. */
    if (now - c->signalled_at < SIGNAL_ECHO_MS)
        return;
    /* Somebody means it: end at once, as without us. */
    uv_signal_stop(&c->signals[0]);
    uv_signal_stop(&c->signals[1]);
    raise(number);
}

static int open_signals(cordage_client *c, cordage_error *error)
{
    static const int numbers[] = { SIGINT, SIGTERM };

    if (!c->settings.handle_signals)
        return 0;
    for (size_t i = 0; i < 2; i++) {
        int err = uv_signal_init(loop_uv(c->control), &c->signals[i]);

        c->signals[i].data = c;
        if (!err)
            err = uv_signal_start(&c->signals[i], on_signal, numbers[i]);
        if (err)
            return error_set(error, CORDAGE_ESYSTEM, "Signals cannot be handled: %s.",
                             uv_strerror(err));
    }
    return 0;
}

static void close_signals(cordage_client *c)
{
    for (size_t i = 0; i < 2; i++)
        if (c->signals[i].loop)
            uv_close((uv_handle_t *)&c->signals[i], NULL);
}

/* ---- All of it ------------------------------------------------------------------------
 */

/* Takes the phase from NEW to ASKING: false if it was run before. */
static bool begin(cordage_client *c)
{
    bool is_new;

    pthread_mutex_lock(&c->lock);
    is_new = c->phase == CLIENT_NEW;
    if (is_new)
        c->phase = CLIENT_ASKING;
    pthread_mutex_unlock(&c->lock);
    return is_new;
}

static int make_rest(cordage_client *c, cordage_error *error)
{
    struct rest_options options = {
        .api = c->settings.api,
        .token = &c->settings.token,
        .http = { .ca_file = c->settings.ca_file, .proxy = c->settings.proxy },
    };

    return rest_new(c->control, &options, &c->rest, error);
}

static int make_lanes(cordage_client *c, cordage_error *error)
{
    unsigned n = c->settings.handler_threads;
    int err = lanes_new(n, (void **)c->parsers, &c->lanes);

    if (err)
        return error_set(error, err, "%u handler threads cannot be started: %s.", n,
                         cordage_strerror(err));
    lane_group_init(&c->own_lanes, c->lanes, UINT32_MAX);
    c->own_lanes.inline_context = c->parsers[n];
    return 0;
}

static void finish(cordage_client *c)
{
    pthread_mutex_lock(&c->lock);
    c->phase = CLIENT_ENDED;
    c->crew_up = false;
    pthread_mutex_unlock(&c->lock);
    close_signals(c);
    crew_end(c);
    worker_close(c->worker);
    ticks_release(c);
    parcels_drop_early(c);
    gate_free(c->gate);
    c->gate = NULL;
    ledger_release(&c->ledger);
    rest_free(c->rest);
    c->rest = NULL;
    lanes_end(c->lanes);
    waits_close(&c->waits); /* of a run that never began */
}

/* Whoever knows the shards is asked for them. */
static int ask(cordage_client *c, cordage_error *error)
{
    if (c->worker)
        return worker_open(c->worker, error);
    client_ask(c);
    return 0;
}

int cordage_client_run(cordage_client *c)
{
    cordage_error error;

    if (!begin(c)) {
        log_line(&c->log, LOG_ERROR, "a client runs once: make another one");
        return cordage_exit_status(CORDAGE_ESTATE);
    }
    loop_mark(true);
    if (keeper_open(c, &error) || make_lanes(c, &error) || make_rest(c, &error) ||
        open_signals(c, &error) || ask(c, &error)) {
        client_fail(c, &error);
        report(c);
    } else {
        loop_run(c->control);
    }
    finish(c);
    loop_mark(false);
    return cordage_exit_status(cordage_client_error(c)->code);
}
