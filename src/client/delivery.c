/* An event that nobody wants ends at once: neither parsed nor copied. Otherwise it is
 * parsed on the loop, to know which lane it belongs to, and what the cache keeps of it is
 * applied; for its handlers it is copied, and parsed again by the thread that runs them:
 * views cannot cross threads, and parsing is cheaper than the copy of a parsed document
 * would be. Where handlers run on the loop there is no copy and no second parse.
 *
 * READY, GUILD_CREATE and GUILD_DELETE are looked at in any case: who the bot is and
 * which guilds it knows must be right also for a handler that comes later. */
#include "delivery.h"

#include <inttypes.h>
#include <string.h>

#include "client.h"
#include "commands.h"
#include "notices.h"

static void release_delivery(struct job *job)
{
    struct delivery *d = CONTAINER_OF(job, struct delivery, job);

    buf_release(&d->old);
    free(d);
}

static void keep_delivery(struct job *job)
{
    (void)job; /* it is on the stack of whoever pushed it */
}

/* ---- Who wants it --------------------------------------------------------------------
 */

struct wants {
    bool handlers, waits, cache, client;
    bool commands;   /* what the bot asked for is answered by it */
    bool on_loop;    /* somebody must read it here */
    bool counts;     /* that it is done must be written down */
    bool is_fatal;   /* it has handlers, which bots don't survive: they are not called */
    bool is_suspect; /* its handlers ran when a bot died */
};

/* What the client itself must know of. */
static bool is_noted(cordage_event_type type)
{
    return type == CORDAGE_EVENT_READY || type == CORDAGE_EVENT_GUILD_CREATE ||
           type == CORDAGE_EVENT_GUILD_DELETE;
}

static bool is_inline(const struct crew_shard *s)
{
    return s->client->settings.handler_threads == 0;
}

/* After a restart events come again that have been handled, or that the cache has. What
 * comes while the bot stops is for the next process. READY begins a sequence of its own.
 */
static struct wants wants_of(const struct crew_shard *s, cordage_event_type type,
                             uint64_t seq)
{
    const cordage_client *c = s->client;
    bool begins = type == CORDAGE_EVENT_READY || seq == 0;
    bool stopping = c->stopping;
    bool is_news = !stopping && (begins || kept_is_news(&s->kept, seq));
    struct wants w = {
        .handlers = is_news && handlers_want(&c->handlers, type),
        .waits = is_news && waits_want(&c->waits, type),
        .cache = s->cache && cache_wants(c->cache, type) &&
                 (begins || kept_is_uncached(&s->kept, seq)),
        .client = is_noted(type),
        .commands = commands_want(s, type),
        .counts = is_news && !begins,
    };

    /* Its guild, for the log, is read here. */
    if (w.handlers && w.counts) {
        uint32_t deaths = kept_deaths(&s->kept, seq);

        w.is_fatal = deaths >= LIMIT_DEATHS;
        w.is_suspect = deaths > 0;
        w.handlers = !w.is_fatal;
    }
    /* Handlers that run here and now need no lane. */
    w.on_loop = w.is_fatal || w.waits || w.cache || w.client || w.commands ||
                (w.handlers && !is_inline(s));
    return w;
}

/* ---- Reading it on the loop
 * -------------------------------------------------------------
 */

/* Finds the event's `d`. */
static int find_body(struct crew_shard *s, const struct dispatch *event,
                     cordage_json *body)
{
    cordage_json root;
    int err;

    *body = event->body;
    if (!json_is_absent(*body))
        return 0;
    s->parsed++;
    err = json_parse(s->loop->parser, event->payload, &root);
    if (!err)
        *body = json_get(root, "d");
    return err;
}

/* Lets the cache have it; what there was before is kept if anybody can see it. */
static int apply(struct crew_shard *s, const struct wants *wants, struct delivery *d)
{
    struct cache_change change = { .old =
                                       wants->handlers || wants->waits ? &d->old : NULL };
    int err = 0;

    if (wants->cache)
        err = cache_apply(s->cache, d->type, d->body, s->client->user_id, &change);
    if (!err)
        d->text.old = buf_str(&d->old);
    return err;
}

/* Writes down what the client itself must know of an event. */
static void note_event(struct crew_shard *s, struct delivery *d)
{
    unsigned long long nobody = 0;
    cordage_json user = json_get(d->body, "user");

    switch (d->type) {
    case CORDAGE_EVENT_READY:
        atomic_compare_exchange_strong(&s->client->user_id, &nobody,
                                       cordage_json_id(json_get(user, "id")));
        s->client->application_id =
            cordage_json_id(json_get(json_get(d->body, "application"), "id"));
        kept_begin(s, d->sequence, d->body);
        status_reported(&s->status);
        break;
    case CORDAGE_EVENT_GUILD_CREATE:
        d->why = guild_book_created(&s->guilds, d->body);
        kept_guild(s, d->sequence, true, d->body);
        break;
    case CORDAGE_EVENT_GUILD_DELETE:
        guild_book_deleted(&s->guilds, d->body);
        kept_guild(s, d->sequence, false, d->body);
        break;
    default:
        return;
    }
    crew_shard_note(s);
}

static void match_waits(struct crew_shard *s, const struct dispatch *event,
                        const struct delivery *d, cordage_id guild_id)
{
    cordage_event e = {
        .type = d->type,
        .name = { event->name.p, event->name.n },
        .data = d->body,
        .sequence = d->sequence,
        .shard_id = s->id,
        .shard_count = s->client->crew.range.count,
        .guild_id = guild_id,
        .origin = &d->text,
    };

    waits_match(&s->client->waits, &e);
}

static void tell_fatal(struct crew_shard *s, const struct dispatch *event,
                       cordage_id guild_id)
{
    cordage_error error;

    error_set(&error, CORDAGE_ESTATE,
              "shard=%u seq=%" PRIu64 " event=%.*s guild=%llu its handlers were running "
              "when this bot died, three times in a row: it is passed over",
              s->id, event->seq, (int)(event->name.n < 64 ? event->name.n : 64),
              event->name.p, (unsigned long long)guild_id);
    log_line(&s->client->log, LOG_ERROR, "%s", error.message);
    client_tell(s->client, &error);
}

/* All that must be known of it here. */
static int read_on_loop(struct crew_shard *s, const struct dispatch *event,
                        const struct wants *wants, struct delivery *d)
{
    struct event_route route;
    int err = find_body(s, event, &d->body);

    if (!err)
        err = apply(s, wants, d);
    if (err)
        return err;
    route = event_route_of(d->type, d->body);
    d->job.key = route.lane;
    note_event(s, d);
    if (wants->waits)
        match_waits(s, event, d, route.guild_id);
    if (wants->is_fatal)
        tell_fatal(s, event, route.guild_id);
    return 0;
}

/* ---- To its handlers
 * ---------------------------------------------------------------------
 */

static bool run_inline(struct crew_shard *s, struct delivery *d)
{
    bool room;

    d->job.release = keep_delivery;
    room = lanes_push(&s->lanes, &d->job);
    loop_refresh(s->loop->loop);
    buf_release(&d->old);
    return room;
}

/* Room for a copy of an event, made before anything is noted of it. */
static struct delivery *reserve_copy(struct str payload)
{
    struct delivery *d;

    return malloc(sizeof *d + payload.n + BUF_SLACK);
}

static bool push_copy(struct crew_shard *s, const struct delivery *delivery,
                      struct delivery *d)
{
    size_t n = delivery->text.payload.n;
    char *bytes = (char *)(d + 1);

    *d = *delivery;
    d->body = (cordage_json){ NULL, 0 };
    memcpy(bytes, delivery->text.payload.p, n);
    memset(bytes + n, 0, BUF_SLACK);
    d->text.payload.p = bytes;
    return crew_shard_add(s, &d->job);
}

/* ---- All of it
 * ------------------------------------------------------------------------------
 */

/* On failure nothing has been noted of it, but for what the cache has taken, which taking
 * it again does not harm. */
static int take(struct crew_shard *s, const struct dispatch *event,
                const struct wants *wants, struct delivery *d, bool *room)
{
    bool copied = wants->handlers && !is_inline(s);
    struct delivery *copy = copied ? reserve_copy(event->payload) : NULL;
    int err = copied && !copy ? CORDAGE_ENOMEM : 0;

    if (!err && wants->on_loop)
        err = read_on_loop(s, event, wants, d);
    if (err != CORDAGE_ENOMEM && wants->counts) {
        if (!err && wants->handlers) {
            d->place = kept_take(&s->kept, d->sequence);
            d->progress = s->kept.progress;
            /* Alone: those that only ran beside the fatal one get their turn. */
            d->job.barrier |= wants->is_suspect;
        } else {
            kept_pass(&s->kept, d->sequence);
        }
    }
    if (err || !wants->handlers) {
        buf_release(&d->old);
        free(copy);
        return err;
    }
    *room = copied ? push_copy(s, d, copy) : run_inline(s, d);
    return 0;
}

static int take_if_wanted(struct crew_shard *s, const struct dispatch *event, bool *room)
{
    struct delivery d = { .shard = s,
                          .type = event_type_of(event->name),
                          .sequence = event->seq,
                          .place = KEPT_NOWHERE,
                          .text.payload = event->payload };
    struct wants wants = wants_of(s, d.type, d.sequence);
    int err;

    if (d.type == CORDAGE_EVENT_RESUMED)
        d.replayed = s->replayed;
    else if (d.sequence)
        s->replayed++;
    if (!wants.handlers && !wants.on_loop) {
        if (wants.counts)
            kept_pass(&s->kept, d.sequence);
        return 0;
    }
    d.job.run = delivery_run;
    d.job.release = release_delivery;
    d.job.barrier = d.type == CORDAGE_EVENT_READY || d.type == CORDAGE_EVENT_RESUMED;
    err = take(s, event, &wants, &d, room);
    /* Behind its handlers, so that an answer's callback comes last. */
    if (!err && wants.commands && !commands_take(s, d.type, d.body, event->payload))
        *room = false;
    return err;
}

/* Discord says nothing of a guild that was lost with its session: READY just doesn't list
 * it any more. So the GUILD_DELETE is ours, in front of that READY. */
static int take_gone(struct crew_shard *s, cordage_id id, bool *room)
{
    struct buf payload = { 0 };
    int err =
        buf_printf(&payload,
                   "{\"t\":\"GUILD_DELETE\",\"s\":0,\"op\":0,\"d\":{\"id\":\"%llu\"}}",
                   (unsigned long long)id);
    struct dispatch event = { .name = STR("GUILD_DELETE") };

    event.payload = buf_str(&payload);
    if (!err)
        err = take_if_wanted(s, &event, room);
    buf_release(&payload);
    return err;
}

static int take_ready(struct crew_shard *s, const struct dispatch *event, bool *room)
{
    cordage_json body;
    cordage_id id;
    int err = find_body(s, event, &body);

    if (!err)
        err = guild_book_ready(&s->guilds, body);
    while (!err && guild_book_next_gone(&s->guilds, &id)) {
        err = take_gone(s, id, room);
        if (!err)
            guild_book_drop_gone(&s->guilds);
    }
    return err ? err : take_if_wanted(s, event, room);
}

bool delivery_take(struct crew_shard *s, const struct dispatch *event)
{
    bool room = true;
    int err = str_eq(event->name, STR("READY")) ? take_ready(s, event, &room)
                                                : take_if_wanted(s, event, &room);

    if (!err)
        return room;
    /* What can't be read never will be; what there was no memory for comes again. */
    delivery_unreadable(s, err);
    if (err == CORDAGE_ENOMEM)
        shard_undeliver(s->shard);
    return true;
}
