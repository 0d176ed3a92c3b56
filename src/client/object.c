#include "object.h"

#include <stdatomic.h>

#include "event.h"
#include "mem.h"

struct object {
    atomic_uint refs;
    struct json_doc *docs[2]; /* NULL: none */
    max_align_t body[];       /* the public struct */
};

void *object_new(size_t size)
{
    struct object *o = mem_zero(sizeof *o + size);

    if (!o)
        return NULL;
    atomic_init(&o->refs, 1);
    return o->body;
}

static struct object *object_of(const void *body)
{
    return (struct object *)(void *)((char *)(uintptr_t)body -
                                     offsetof(struct object, body));
}

void cordage_unref(const void *object)
{
    struct object *o;

    if (!object)
        return;
    o = object_of(object);
    if (atomic_fetch_sub(&o->refs, 1) > 1)
        return;
    json_doc_free(o->docs[0]);
    json_doc_free(o->docs[1]);
    free(o);
}

const void *object_view(enum view view, struct str json)
{
    void *body = object_new(view_shape(view)->size);
    cordage_json value;

    if (!body)
        return NULL;
    if (json_doc_new(json, &object_of(body)->docs[0], &value) < 0) {
        cordage_unref(body);
        return NULL;
    }
    view_read(view, value, body);
    return body;
}

cordage_result *object_result(int err, long status, const char *message, struct str body)
{
    size_t n = strlen(message) + 1;
    cordage_result *r = object_new(sizeof *r + n);

    if (!r)
        return NULL;
    r->err = err;
    r->status = status;
    r->message = memcpy((char *)(r + 1), message, n);
    if (body.n &&
        json_doc_new(body, &object_of(r)->docs[0], &r->data) == CORDAGE_ENOMEM) {
        cordage_unref(r);
        return NULL;
    }
    return r;
}

/* ---- Events
 * ---------------------------------------------------------------------------- */

static int read_texts(cordage_event *event, const struct event_text *text)
{
    struct object *o = object_of(event);
    struct str name = { "", 0 };
    cordage_json root;
    int err = json_doc_new(text->payload, &o->docs[0], &root);

    if (!err && text->old.n)
        err = json_doc_new(text->old, &o->docs[1], &event->old);
    if (err)
        return err;
    event->data = json_get(root, "d");
    json_str(json_get(root, "t"), &name);
    event->name = (cordage_str){ name.p, name.n };
    return 0;
}

const cordage_event *cordage_event_ref(const cordage_event *event)
{
    cordage_event *copy;

    if (!event->origin) { /* it is an object already */
        atomic_fetch_add(&object_of(event)->refs, 1);
        return event;
    }
    copy = object_new(sizeof *copy);
    if (!copy)
        return NULL;
    *copy = *event;
    copy->origin = NULL;
    if (read_texts(copy, event->origin) < 0) {
        cordage_unref(copy);
        return NULL;
    }
    return copy;
}
