/* Running the handlers of an event. It is parsed once for all of them, and its view is
 * read when the first one wants it. */
#include "client.h"
#include "delivery.h"
#include "notices.h"

struct occasion {
    cordage_client *client;
    const struct delivery *delivery;
    cordage_event event;
    bool has_view;
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

void delivery_unreadable(struct crew_shard *s, int err)
{
    client_warn(s->client, err, "shard=%u an event could not be read: %s", s->id,
                cordage_strerror(err));
}

static int parse(const struct delivery *d, void *parser, cordage_event *event)
{
    struct str name = event_name(d->type);
    cordage_json root;
    int err;

    event->data = d->body;
    if (json_is_absent(d->body) || d->type == CORDAGE_EVENT_UNKNOWN) {
        d->shard->parsed++;
        err = json_parse(parser, d->text.payload, &root);
        if (err)
            return err;
        event->data = json_get(root, "d");
        json_str(json_get(root, "t"), &name);
    }
    event->name = (cordage_str){ name.p, name.n };
    /* Without it the event is what it would be if nothing had been cached. */
    if (d->text.old.n)
        json_parse_beside(parser, d->text.old, &event->old);
    return 0;
}

static void begin(const struct delivery *d)
{
    if (d->progress)
        progress_begin_event(d->progress, d->place);
}

static void done(const struct delivery *d)
{
    if (d->progress)
        progress_done(d->progress, d->place);
}

void delivery_run(struct job *job, void *parser)
{
    struct delivery *d = CONTAINER_OF(job, struct delivery, job);
    struct occasion o;
    int err;

    o.client = d->shard->client;
    o.delivery = d;
    o.has_view = false;
    o.event = (cordage_event){
        .type = d->type,
        .sequence = d->sequence,
        .shard_id = d->shard->id,
        .shard_count = o.client->crew.range.count,
        .origin = &d->text,
    };
    err = parse(d, parser, &o.event);
    if (err) {
        delivery_unreadable(d->shard, err);
        done(d);
        return;
    }
    o.event.guild_id = event_route_of(d->type, o.event.data).guild_id;
    begin(d);
    call_handlers(&o);
    done(d);
}
