/* What a shard asks for, and what becomes of it: its events go to their lanes, its
 * questions to the gate, its state to whoever reads it. All on the shard's loop but where
 * said. */
#include "client.h"
#include "commands.h"
#include "delivery.h"
#include "fatal.h"
#include "store.h"

#include <stdio.h>

static struct log *log_of(struct crew_shard *s)
{
    return &s->client->log;
}

static uint64_t session_mark(const struct session_kept *kept)
{
    return kept->n_id ? store_mark((struct str){ kept->id, kept->n_id }) : 0;
}

void crew_shard_note(struct crew_shard *s)
{
    struct host *host = s->loop->host;
    struct shard_status now;

    shard_status(s->shard, &now);
    status_note(&s->status, &now, host->now(host));
    if (s->client->worker)
        status_set_session(&s->status, session_mark(shard_kept(s->shard)));
    pthread_mutex_lock(&s->lock);
    s->in_outbox = now.commands;
    pthread_mutex_unlock(&s->lock);
}

bool crew_shard_read(struct crew_shard *s, cordage_shard_info *out)
{
    bool reported = status_read(&s->status, out);

    out->queued = lane_group_waiting(&s->lanes);
    return reported;
}

/* ---- Events --------------------------------------------------------------------- */

static bool deliver(void *user, struct shard *shard, const struct dispatch *event)
{
    (void)shard;
    return delivery_take(user, event);
}

static void run_go_on(struct mail *mail)
{
    struct crew_shard *s = CONTAINER_OF(mail, struct crew_shard, go_on_mail);

    pthread_mutex_lock(&s->lock);
    s->go_on_posted = false;
    pthread_mutex_unlock(&s->lock);
    if (s->on && !s->client->stopping) {
        shard_go_on(s->shard);
        crew_shard_note(s);
    }
}

/* On a handler's thread, with the executor's lock held. The share may fill up and be half
 * done again before the first mail is read. */
static void half_done(struct lane_group *g)
{
    struct crew_shard *s = CONTAINER_OF(g, struct crew_shard, lanes);

    pthread_mutex_lock(&s->lock);
    if (!s->go_on_posted)
        s->loop->host->post(s->loop->host, &s->go_on_mail);
    s->go_on_posted = true;
    pthread_mutex_unlock(&s->lock);
}

/* ---- The gate ------------------------------------------------------------------- */

static void want_dial(void *user, struct shard *shard, bool resuming)
{
    struct crew_shard *s = user;

    (void)shard;
    pass_want_dial(&s->pass, resuming);
}

static void want_slot(void *user, struct shard *shard)
{
    struct crew_shard *s = user;

    (void)shard;
    pass_want_slot(&s->pass);
}

static void drop_slot(void *user, struct shard *shard)
{
    struct crew_shard *s = user;

    (void)shard;
    pass_drop(&s->pass);
}

static void identified(void *user, struct shard *shard)
{
    struct crew_shard *s = user;

    (void)shard;
    s->identified = true;
    pass_identified(&s->pass);
}

static void dialled(void *user, struct shard *shard)
{
    struct crew_shard *s = user;

    (void)shard;
    pass_dialled(&s->pass);
}

/* Once Discord has refused one shard, no other may try its luck. */
static void may_dial(struct pass *pass)
{
    struct crew_shard *s = CONTAINER_OF(pass, struct crew_shard, pass);

    if (s->on && !s->client->stopping)
        shard_dial(s->shard);
}

static void may_identify(struct pass *pass)
{
    struct crew_shard *s = CONTAINER_OF(pass, struct crew_shard, pass);

    if (s->on && !s->client->stopping)
        shard_identify(s->shard);
}

/* ---- The supervisor's verdict ---------------------------------------------------- */

static void run_kick(struct mail *mail)
{
    struct crew_shard *s = CONTAINER_OF(mail, struct crew_shard, kick_mail);
    bool identify;

    pthread_mutex_lock(&s->lock);
    s->kick_posted = false;
    identify = s->kick_identify;
    s->kick_identify = false;
    pthread_mutex_unlock(&s->lock);
    if (s->on && !s->client->stopping)
        shard_kick(s->shard, identify);
}

void crew_shard_kick(struct crew_shard *s, bool identify)
{
    pthread_mutex_lock(&s->lock);
    if (!s->kick_posted)
        s->loop->host->post(s->loop->host, &s->kick_mail);
    s->kick_posted = true;
    s->kick_identify = s->kick_identify || identify;
    pthread_mutex_unlock(&s->lock);
}

/* ---- Its state ------------------------------------------------------------------ */

static void on_state(void *user, struct shard *shard)
{
    struct crew_shard *s = user;
    struct shard_status now;

    shard_status(shard, &now);
    if (now.state == SESSION_RESUME)
        s->replayed = 0;
    if (now.state == SESSION_LIVE)
        pass_live(&s->pass);
    crew_shard_note(s);
}

static void guilds_in(void *user, struct shard *shard)
{
    struct crew_shard *s = user;
    struct shard_status now;

    shard_status(shard, &now);
    log_line(log_of(s), LOG_INFO, "shard=%u all guilds are in: guilds=%zu available=%zu",
             s->id, now.guilds, now.guilds_available);
    kept_guilds_in(s);
    crew_shard_note(s);
}

static void call_lost(const struct handler *handler, void *user)
{
    struct crew_shard *s = user;

    ((cordage_session_lost_fn)handler->fn)(s->client, s->id, handler->user);
}

static void run_lost(struct job *job, void *context)
{
    struct crew_shard *s = CONTAINER_OF(job, struct crew_shard, lost_job);

    (void)context;
    if (!s->client->stopping)
        handlers_each(&s->client->handlers, HANDLER_SESSION_LOST, call_lost, s);
}

static void release_lost(struct job *job)
{
    CONTAINER_OF(job, struct crew_shard, lost_job)->lost_queued = false;
}

static void session_lost(void *user, struct shard *shard)
{
    struct crew_shard *s = user;

    (void)shard;
    log_line(log_of(s), LOG_WARN,
             "shard=%u the session is lost and a new one begins: events may be missing",
             s->id);
    /* One that is lost before the last loss was told: it is told, then. */
    if (!handlers_has(&s->client->handlers, HANDLER_SESSION_LOST) ||
        atomic_exchange(&s->lost_queued, true))
        return;
    crew_shard_add(s, &s->lost_job);
}

static void new_url(void *user, struct shard *shard)
{
    struct crew_shard *s = user;

    (void)shard;
    client_want_url(s->client);
}

static void refused(void *user, struct shard *shard, int code)
{
    struct crew_shard *s = user;
    struct fatal_facts facts = {
        .shard_id = s->id,
        .shard_count = s->client->crew.range.count,
        .intents = s->client->settings.intents,
        .recommended = s->client->recommended,
    };
    cordage_error error;

    (void)shard;
    fatal_close(code, &facts, &error);
    client_fail(s->client, &error);
}

static void command(void *user, struct shard *shard, const struct outbox_label *label,
                    bool sent)
{
    (void)shard;
    commands_sent(user, label, sent);
}

static void stopped(void *user, struct shard *shard)
{
    struct crew_shard *s = user;

    (void)shard;
    commands_end(s);
    crew_shard_note(s);
    crew_shard_stopped(s);
    if (s->leaves)
        shift_hung_up(s);
}

/* ---- Making it ------------------------------------------------------------------- */

static const struct shard_ops ops = {
    .deliver = deliver,
    .want_dial = want_dial,
    .want_slot = want_slot,
    .drop_slot = drop_slot,
    .identified = identified,
    .dialled = dialled,
    .state = on_state,
    .guilds_in = guilds_in,
    .session_lost = session_lost,
    .new_url = new_url,
    .refused = refused,
    .command = command,
    .stopped = stopped,
};

static void make_pass(struct crew_shard *s)
{
    cordage_client *c = s->client;

    pass_init(&s->pass);
    s->pass.home = s->loop->host;
    s->pass.control = c->host;
    s->pass.gate = &c->gate;
    s->pass.shard_id = s->id;
    s->pass.shard_count = c->crew.range.count;
    s->pass.may_dial = may_dial;
    s->pass.may_identify = may_identify;
}

void crew_shard_init(struct crew_shard *s, cordage_client *c, uint32_t id,
                     struct crew_loop *loop)
{
    s->client = c;
    s->id = id;
    s->loop = loop;
    pthread_mutex_init(&s->lock, NULL);
    list_init(&s->fresh);
    list_init(&s->go_on_mail.link);
    s->go_on_mail.run = run_go_on;
    list_init(&s->kick_mail.link);
    s->kick_mail.run = run_kick;
    /* After all events of the old session, before those of the new one. */
    s->lost_job =
        (struct job){ .run = run_lost, .release = release_lost, .barrier = true };
    status_init(&s->status, id, c->crew.range.count);
    commands_init(s);
    make_pass(s);
    kept_init(&s->kept);
    shift_init(&s->shift);
    lane_group_init(&s->lanes, c->lanes, c->settings.event_queue);
    s->lanes.half_done = half_done;
    s->lanes.inline_context = s->loop->inline_parser;
}

void crew_shard_release(struct crew_shard *s)
{
    commands_release(s);
    guild_book_release(&s->guilds);
    shift_release(&s->shift);
    kept_release(&s->kept);
    cache_slice_free(s->cache);
    pass_release(&s->pass);
    status_release(&s->status);
    pthread_mutex_destroy(&s->lock);
}

int crew_shard_make_slice(struct crew_shard *s)
{
    struct cache *cache = s->client->cache;

    return cache_is_on(cache)
               ? cache_slice_new(cache, s->id, s->client->crew.range.count, &s->cache)
               : 0;
}

/* What the client knows and any thread may change. */
static int make_locked(struct crew_shard *s, struct shard_config *config)
{
    cordage_client *c = s->client;
    int err;

    pthread_mutex_lock(&c->lock);
    config->session.gateway_url = c->gateway_url;
    err = shard_new(&s->loop->shared, config, &s->shard);
    if (!err)
        err = shard_set_presence(s->shard, buf_str(&c->presence));
    pthread_mutex_unlock(&c->lock);
    return err;
}

int crew_shard_make(struct crew_shard *s)
{
    const struct settings *settings = &s->client->settings;
    const char *name = compression_name(settings->compression);
    char query[64];
    int err;
    struct shard_config config = {
        .session = { .shard_id = s->id,
                     .shard_count = s->client->crew.range.count,
                     .intents = settings->intents,
                     .large_threshold = settings->large_threshold,
                     .token = &settings->token,
                     .query = query,
                     .has_store = s->client->keeper != NULL },
        .compression = settings->compression,
        .ops = &ops,
        .user = s,
    };

    snprintf(query, sizeof query, "v=%d&encoding=json%s%s", GATEWAY_VERSION,
             name ? "&compress=" : "", name ? name : "");
    err = make_locked(s, &config);
    s->on = !err;
    return err;
}

void crew_shard_unmake(struct crew_shard *s)
{
    s->on = s->leaves = s->identified = false;
    shard_free(s->shard);
    s->shard = NULL;
    s->replayed = 0;
    guild_book_release(&s->guilds);
    kept_rest(&s->kept);
    commands_rest(s);
    status_rest(&s->status);
    pthread_mutex_lock(&s->lock);
    s->in_outbox = 0;
    pthread_mutex_unlock(&s->lock);
}
