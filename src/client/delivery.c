/* An event that nobody wants ends at once: neither parsed nor copied. Otherwise it is
 * parsed on the loop, to know which lane it belongs to, copied, and parsed again by the
 * thread that runs its handlers: views cannot cross threads, and parsing is cheaper than
 * the copy of a parsed document would be. Where handlers run on the loop there is no
 * copy.
 *
 * READY, GUILD_CREATE and GUILD_DELETE are looked at in any case: who the bot is and
 * which guilds it knows must be right also for a handler that comes later. */
#include "delivery.h"

#include <string.h>

#include "client.h"
#include "event.h"
#include "views.h"

struct delivery {
    struct job job;
    struct crew_shard *shard;
    cordage_event_type kind;
    cordage_guild_why why;
    uint64_t sequence, replayed;
    struct str payload; /* behind this struct, or borrowed until the push returns */
};

/* ---- Running the handlers ----------------------------------------------------- */

/* What the handlers of one event are given. */
struct occasion {
    cordage_client *client;
    const struct delivery *delivery;
    cordage_event event;
    bool has_view; /* `view` is read: when the first handler wants it */
    union view_any view, old;
};

static void read_view(struct occasion *o)
{
    struct view_facts facts = { .self = o->client->user_id,
                                .why = o->delivery->why,
                                .replayed = o->delivery->replayed };

    if (!o->has_view)
        view_read_event(&o->event, &facts, &o->view, &o->old);
    o->has_view = true;
}

static void call_with_view(struct occasion *o, const struct handler *h)
{
    read_view(o);
    switch (view_of(o->event.type)) {
#define CALL(name)                                                       \
    case VIEW_##name:                                                    \
        ((cordage_##name##_fn)h->fn)(o->client, &o->view.name, h->user); \
        break;
        CORDAGE_VIEWS(CALL)
#undef CALL
    case N_VIEWS:
        break;
    }
}

static void call_handlers(struct occasion *o)
{
    struct handlers *handlers = &o->client->handlers;
    struct handler_set *set = handlers_hold(handlers);

    for (size_t i = 0; i < set->n; i++) {
        const struct handler *h = set->at[i];

        if (h->removed || (h->kind != HANDLER_ANY && h->kind != o->event.type))
            continue;
        if (h->is_plain)
            ((cordage_event_fn)h->fn)(o->client, &o->event, h->user);
        else
            call_with_view(o, h);
    }
    handlers_let_go(handlers, set);
}

static void report_unreadable(struct crew_shard *s, int err)
{
    log_line(&s->client->log, LOG_WARN, "shard=%u an event could not be read: %s", s->id,
             cordage_strerror(err));
}

static void run_delivery(struct job *job, void *parser)
{
    struct delivery *d = CONTAINER_OF(job, struct delivery, job);
    struct occasion o;
    cordage_json root;
    struct str name = { "", 0 };
    int err = json_parse(parser, d->payload, &root);

    if (err) {
        report_unreadable(d->shard, err);
        return;
    }
    o.client = d->shard->client;
    o.delivery = d;
    o.has_view = false;
    json_str(json_get(root, "t"), &name);
    o.event = (cordage_event){
        .type = d->kind,
        .name = { name.p, name.n },
        .data = json_get(root, "d"),
        .sequence = d->sequence,
        .shard_id = d->shard->id,
        .shard_count = o.client->crew.range.count,
    };
    o.event.guild_id = event_route_of(d->kind, o.event.data).guild_id;
    call_handlers(&o);
}

/* ---- Taking an event ----------------------------------------------------------- */

static void release_delivery(struct job *job)
{
    free(CONTAINER_OF(job, struct delivery, job));
}

static void keep_delivery(struct job *job)
{
    (void)job; /* it is on the stack of whoever pushed it */
}

static bool run_inline(struct crew_shard *s, const struct delivery *delivery)
{
    struct delivery d = *delivery;

    d.job.release = keep_delivery;
    return lanes_push(&s->lanes, &d.job);
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
    size_t n = delivery->payload.n;
    char *bytes = (char *)(d + 1);

    *d = *delivery;
    memcpy(bytes, delivery->payload.p, n);
    memset(bytes + n, 0, BUF_SLACK);
    d->payload.p = bytes;
    return crew_shard_add(s, &d->job);
}

/* Writes down what the client itself must know of an event. */
static void note_event(struct crew_shard *s, struct delivery *d, cordage_json data)
{
    unsigned long long nobody = 0;

    switch (d->kind) {
    case CORDAGE_EVENT_READY:
        atomic_compare_exchange_strong(&s->client->user_id, &nobody,
                                       cordage_json_id(
                                           json_get(json_get(data, "user"), "id")));
        guild_book_ready(&s->guilds, data);
        status_reported(&s->status);
        break;
    case CORDAGE_EVENT_GUILD_CREATE:
        d->why = guild_book_created(&s->guilds, data);
        break;
    case CORDAGE_EVENT_GUILD_DELETE:
        guild_book_deleted(&s->guilds, data);
        break;
    default:
        return;
    }
    crew_shard_note(s);
}

static bool is_noted(cordage_event_type kind)
{
    return kind == CORDAGE_EVENT_READY || kind == CORDAGE_EVENT_GUILD_CREATE ||
           kind == CORDAGE_EVENT_GUILD_DELETE;
}

/* Finds the event's `d`, if it is needed on the loop at all. */
static int find_body(struct crew_shard *s, const struct dispatch *event,
                     cordage_json *body)
{
    cordage_json root;
    int err;

    *body = event->body;
    if (!json_is_absent(*body))
        return 0;
    err = json_parse(s->loop->parser, event->payload, &root);
    if (!err)
        *body = json_get(root, "d");
    return err;
}

/* What can't be read never will be; what there was no memory for comes again. */
static void give_up(struct crew_shard *s, int err)
{
    report_unreadable(s, err);
    if (err == CORDAGE_ENOMEM)
        shard_undeliver(s->shard);
}

bool delivery_take(struct crew_shard *s, const struct dispatch *event)
{
    cordage_client *c = s->client;
    struct delivery d = { .shard = s,
                          .kind = event_type_of(event->name),
                          .sequence = event->seq,
                          .payload = event->payload };
    bool wanted = handlers_want(&c->handlers, d.kind) && !c->stopping;
    bool is_inline = c->settings.handler_threads == 0;
    struct delivery *copy = NULL;
    cordage_json body;
    int err = 0;

    if (d.kind == CORDAGE_EVENT_RESUMED)
        d.replayed = s->replayed;
    else
        s->replayed++;
    if (!wanted && !is_noted(d.kind))
        return true;
    d.job.run = run_delivery;
    d.job.release = release_delivery;
    d.job.barrier = d.kind == CORDAGE_EVENT_READY || d.kind == CORDAGE_EVENT_RESUMED;
    if (wanted && !is_inline && !(copy = reserve_copy(d.payload)))
        err = CORDAGE_ENOMEM;
    /* Handlers that run here and now need no lane. */
    if (!err && (!is_inline || is_noted(d.kind)))
        err = find_body(s, event, &body);
    if (err) {
        free(copy);
        give_up(s, err);
        return true;
    }
    if (!is_inline || is_noted(d.kind)) {
        d.job.key = event_route_of(d.kind, body).lane;
        note_event(s, &d, body);
    }
    if (!wanted)
        return true;
    return is_inline ? run_inline(s, &d) : push_copy(s, &d, copy);
}
