#include "record_client.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "fatal.h"
#include "gate_local.h"
#include "gateway.h"
#include "mem.h"
#include "recording.h"
#include "shard.h"
#include "store.h"
#include "text.h"

enum { TICK_MS = 500 };

struct record_run {
    const struct record_wish *wish;
    struct record_tally *tally;
    struct log log;
    struct gateway_bot bot;
    struct tls_client *tls;
    struct loop *loop;
    struct host *host;
    struct shard_loop shared;
    struct shard *shard;
    struct ledger ledger;
    struct store *store; /* NULL: none is kept */
    struct gate *gate;
    struct gate_place place;
    struct recorder *recorder;
    struct timer tick;
    uv_signal_t signals[2];
    uint64_t began_at; /* the first event's */
    uint64_t stop_at;
    bool stopping;
    cordage_error error; /* why it ends; code 0: it was enough */
};

static int no_memory(cordage_error *error)
{
    return error_set(error, CORDAGE_ENOMEM, "Out of memory.");
}

static void stop(struct record_run *run)
{
    if (run->stopping)
        return;
    run->stopping = true;
    gate_cancel(run->gate, &run->place);
    /* Nobody will go on with this session. */
    shard_stop(run->shard, false);
}

/* ---- What the shard says ---------------------------------------------------------- */

/* From READY on; waiting for a turn to identify does not count. */
static void begin(struct record_run *run, uint64_t now)
{
    run->began_at = now;
    if (run->wish->ms)
        run->stop_at = now + run->wish->ms;
}

static bool deliver(void *user, struct shard *shard, const struct dispatch *event)
{
    struct record_run *run = user;
    struct record_tally *tally = run->tally;
    uint64_t now = run->host->now(run->host);
    int err;

    (void)shard;
    /* Said of a connection, not of the world: a replay has its own. */
    if (run->stopping || str_is(event->name, "RESUMED"))
        return true;
    if (tally->events == 0)
        begin(run, now);
    err = recorder_add(run->recorder, now - run->began_at, event->payload, &run->error);
    if (err == CORDAGE_EPARSE) {
        log_line(&run->log, LOG_WARN, "an event was left out: %s", run->error.message);
        run->error.code = 0;
        return true;
    }
    if (err) {
        stop(run);
        return true;
    }
    tally->events++;
    tally->bytes += event->payload.n;
    tally->ms = now - run->began_at;
    if (tally->events == run->wish->events)
        stop(run);
    return true;
}

static void want_dial(void *user, struct shard *shard, bool resuming)
{
    struct record_run *run = user;

    gate_ask(run->gate, &run->place, shard_id(shard), shard_count(shard), resuming);
}

static void want_slot(void *user, struct shard *shard)
{
    struct record_run *run = user;

    (void)shard;
    gate_ready(run->gate, &run->place);
}

static void drop_slot(void *user, struct shard *shard)
{
    struct record_run *run = user;

    (void)shard;
    gate_cancel(run->gate, &run->place);
}

static void identified(void *user, struct shard *shard)
{
    struct record_run *run = user;

    (void)shard;
    gate_sent(run->gate, &run->place);
}

static void dialled(void *user, struct shard *shard)
{
    struct record_run *run = user;

    (void)shard;
    gate_dialled(run->gate, &run->place);
}

static void may_dial(struct gate_place *place)
{
    struct record_run *run = CONTAINER_OF(place, struct record_run, place);

    if (!run->stopping)
        shard_dial(run->shard);
}

static void may_identify(struct gate_place *place)
{
    struct record_run *run = CONTAINER_OF(place, struct record_run, place);

    if (!run->stopping)
        shard_identify(run->shard);
}

static void on_state(void *user, struct shard *shard)
{
    struct record_run *run = user;
    struct shard_status now;

    shard_status(shard, &now);
    run->tally->identifies = now.stats.identifies;
    run->tally->resumed = now.stats.resumed;
    if (now.state == SESSION_LIVE)
        gate_proven(run->gate);
}

static void session_lost(void *user, struct shard *shard)
{
    struct record_run *run = user;

    (void)shard;
    run->tally->lost++;
    log_line(&run->log, LOG_WARN,
             "the session is lost and a new one begins: events may be missing");
}

static void nothing(void *user, struct shard *shard)
{
    (void)user;
    (void)shard;
}

static void refused(void *user, struct shard *shard, int code)
{
    struct record_run *run = user;
    struct fatal_facts facts = { .shard_id = run->wish->shard_id,
                                 .shard_count = run->wish->shard_count,
                                 .intents = run->wish->settings->intents,
                                 .recommended = run->bot.shards };

    (void)shard;
    fatal_close(code, &facts, &run->error);
    stop(run);
}

static void stopped(void *user, struct shard *shard)
{
    struct record_run *run = user;

    (void)shard;
    loop_stop(run->loop);
}

/* `new_url`: Discord has one default URL, and the session goes on trying it. */
static const struct shard_ops ops = {
    .deliver = deliver,
    .want_dial = want_dial,
    .want_slot = want_slot,
    .drop_slot = drop_slot,
    .identified = identified,
    .dialled = dialled,
    .state = on_state,
    .guilds_in = nothing,
    .session_lost = session_lost,
    .new_url = nothing,
    .refused = refused,
    .stopped = stopped,
};

/* ---- Time and signals ------------------------------------------------------------- */

static void show(struct record_run *run)
{
    char since[TEXT_DURATION];
    struct shard_status now;

    if (!run->wish->progress)
        return;
    shard_status(run->shard, &now);
    fprintf(stderr, "\r\033[K%s: %" PRIu64 " events in %s, %s", run->wish->path,
            run->tally->events, text_duration(run->tally->ms, since),
            now.state == SESSION_LIVE ? "live" : session_state_name(now.state));
}

static void on_tick(struct timer *t)
{
    struct record_run *run = CONTAINER_OF(t, struct record_run, tick);
    uint64_t now = run->host->now(run->host);

    show(run);
    if (run->tally->events && !run->stopping &&
        recorder_flush(run->recorder, now - run->began_at, &run->error))
        stop(run);
    if (now >= run->stop_at)
        stop(run);
    run->host->arm(run->host, t,
                   now + TICK_MS < run->stop_at || run->stopping ? now + TICK_MS
                                                                 : run->stop_at);
}

/* What was recorded is kept, whatever happened, and counts; a file with nothing in it is
 * not kept. */
static int seal(struct record_run *run, cordage_error *error)
{
    struct record_tally *tally = run->tally;
    int err;

    if (!run->recorder)
        return 0;
    err = recorder_end(run->recorder, error);
    recorder_written(run->recorder, &tally->events, &tally->ms);
    recorder_close(run->recorder, NULL);
    run->recorder = NULL;
    if (tally->events == 0)
        unlink(run->wish->path);
    return err;
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct record_run *run = handle->data;

    /* Again: Discord does not answer, and somebody has no patience. */
    if (run->stopping) {
        seal(run, NULL);
        _exit(128 + number);
    }
    stop(run);
}

static int watch_signals(struct record_run *run, cordage_error *error)
{
    static const int numbers[] = { SIGINT, SIGTERM };

    for (size_t i = 0; i < 2; i++) {
        int err = uv_signal_init(loop_uv(run->loop), &run->signals[i]);

        run->signals[i].data = run;
        if (!err)
            err = uv_signal_start(&run->signals[i], on_signal, numbers[i]);
        if (err)
            return error_set(error, CORDAGE_ESYSTEM, "Signals cannot be handled: %s.",
                             uv_strerror(err));
    }
    return 0;
}

/* ---- The budget -------------------------------------------------------------------- */

static void recall(void *user, uint64_t wall, uint32_t shard_id, uint32_t shard_count)
{
    struct record_run *run = user;

    (void)shard_count;
    (void)ledger_remember(&run->ledger, wall);
    gate_remember(run->gate, shard_id, wall);
}

static void book(void *user, uint32_t shard_id, uint32_t shard_count, uint64_t wall)
{
    struct record_run *run = user;

    if (run->store)
        (void)store_book_identify(run->store, wall, shard_id, shard_count);
}

/* The bot itself may run and have the directory's lock: its count is shared. */
static void open_store(struct record_run *run)
{
    cordage_error error;
    const char *dir = run->wish->settings->state_dir;

    if (dir && store_open(dir, STORE_SHARED, &run->log, &run->store, &error))
        log_line(&run->log, LOG_WARN, "%s; Discord's own count of IDENTIFYs is used",
                 error.message);
}

static int check_budget(struct record_run *run, cordage_error *error)
{
    const struct gate_books books = { &run->ledger, book, run };
    uint64_t wall = run->host->wall(run->host), allowed;

    ledger_init(&run->ledger, run->wish->shard_count);
    if (gate_new(run->host, run->bot.max_concurrency, &books, &run->gate))
        return no_memory(error);
    open_store(run);
    if (run->store)
        store_load_identifies(run->store,
                              wall > LEDGER_WINDOW_MS ? wall - LEDGER_WINDOW_MS : 0,
                              recall, run);
    ledger_limits(&run->ledger, run->bot.total, run->bot.remaining,
                  run->bot.reset_after_ms, wall);
    allowed = ledger_allowed(&run->ledger, wall);
    if (allowed == 0)
        return fatal_over_budget(1, &run->ledger, wall, error);
    fprintf(stderr,
            "cordage record: shard %u/%u takes one IDENTIFY of %" PRIu64
            " that may still be used (Discord: %u of %u are left)\n",
            run->wish->shard_id, run->wish->shard_count, allowed, run->bot.remaining,
            run->bot.total);
    return 0;
}

/* ---- From the start to the end ----------------------------------------------------- */

static int make_loop(struct record_run *run, cordage_error *error)
{
    const struct settings *s = run->wish->settings;
    struct loop_options options = { .log = run->log,
                                    .speed = s->speed,
                                    .proxy = s->proxy };
    int err = tls_client_new(s->ca_file, &run->tls, error);

    if (err)
        return err;
    options.tls = run->tls;
    err = loop_new(&options, &run->loop, error);
    if (err)
        return err;
    run->host = loop_host(run->loop);
    run->shared =
        (struct shard_loop){ run->host, json_parser_new(), inflate_scratch_new() };
    return run->shared.parser && run->shared.scratch ? 0 : no_memory(error);
}

static int make_shard(struct record_run *run, cordage_error *error)
{
    const struct record_wish *wish = run->wish;
    const char *name = compression_name(wish->settings->compression);
    char query[64];
    struct shard_config config = {
        .session = { .shard_id = wish->shard_id,
                     .shard_count = wish->shard_count,
                     .intents = wish->settings->intents,
                     .token = &wish->settings->token,
                     .gateway_url = run->bot.url,
                     .query = query },
        .compression = wish->settings->compression,
        .ops = &ops,
        .user = run,
    };
    int err;

    snprintf(query, sizeof query, "v=%d&encoding=json%s%s", GATEWAY_VERSION,
             name ? "&compress=" : "", name ? name : "");
    err = shard_new(&run->shared, &config, &run->shard);
    return err ? error_set(error, err, "The shard cannot be made: %s.",
                           cordage_strerror(err))
               : 0;
}

static int make_file(struct record_run *run, cordage_error *error)
{
    const struct recording_head head = { run->wish->shard_id, run->wish->shard_count,
                                         run->wish->settings->intents,
                                         run->host->wall(run->host) };

    return recorder_open(run->wish->path, &head, &run->recorder, error);
}

static void record(struct record_run *run)
{
    uint64_t now = run->host->now(run->host);

    run->place.may_dial = may_dial;
    run->place.may_identify = may_identify;
    run->tick.fire = on_tick;
    run->stop_at = UINT64_MAX;
    run->host->arm(run->host, &run->tick, now);
    shard_start(run->shard);
    loop_run(run->loop);
    show(run);
    if (run->wish->progress)
        fputc('\n', stderr);
    run->host->disarm(run->host, &run->tick);
}

static int close_file(struct record_run *run, cordage_error *error)
{
    bool is_new = run->recorder != NULL;
    cordage_error closing = { 0 };
    int err = seal(run, &closing);

    if (run->error.code)
        *error = run->error;
    else if (err)
        *error = closing;
    else if (is_new && run->tally->events == 0)
        error_set(error, CORDAGE_ENOTFOUND,
                  "nothing was recorded: it ended before the READY of shard %u/%u; no "
                  "file is left",
                  run->wish->shard_id, run->wish->shard_count);
    return error->code;
}

static void release(struct record_run *run)
{
    for (size_t i = 0; i < 2; i++)
        if (run->signals[i].loop)
            uv_close((uv_handle_t *)&run->signals[i], NULL);
    gate_free(run->gate);
    shard_free(run->shard);
    loop_free(run->loop);
    ledger_release(&run->ledger);
    store_close(run->store);
    json_parser_free(run->shared.parser);
    inflate_scratch_free(run->shared.scratch);
    tls_client_free(run->tls);
}

int record_client(const struct record_wish *wish, struct record_tally *tally,
                  cordage_error *error)
{
    const struct settings *s = wish->settings;
    struct record_run run = { .wish = wish,
                              .tally = tally,
                              .log = settings_log(wish->settings) };
    const struct rest_options rest = { .api = s->api,
                                       .token = &s->token,
                                       .http = { .ca_file = s->ca_file,
                                                 .proxy = s->proxy } };
    int err = gateway_bot_fetch(&rest, &run.bot, error);

    *tally = (struct record_tally){ 0 };
    if (err == CORDAGE_EAUTH)
        return fatal_unauthorized(error);
    if (err)
        return err;
    err = make_loop(&run, error);
    err = err ? err : make_shard(&run, error);
    err = err ? err : watch_signals(&run, error);
    err = err ? err : make_file(&run, error);
    err = err ? err : check_budget(&run, error);
    if (err)
        run.error = *error;
    else
        record(&run);
    *error = (cordage_error){ 0 };
    err = close_file(&run, error);
    release(&run);
    return err;
}
