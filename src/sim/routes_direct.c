/* routes_direct.c - channels between a bot and a person. */
#include <stdlib.h>

#include "call_message.h"
#include "direct.h"
#include "field.h"

enum { DIRECTS_MAX = 10000 };

struct direct *direct_open(struct routes *r, const struct sim_app *app, uint64_t user_id,
                           uint64_t now)
{
    struct direct *bigger, *d;

    for (size_t i = 0; i < r->n_directs; i++)
        if (r->directs[i].user_id == user_id && r->directs[i].app == app)
            return &r->directs[i];
    if (r->n_directs == DIRECTS_MAX)
        return NULL;
    if ((r->n_directs & (r->n_directs - 1)) == 0) {
        size_t size = r->n_directs ? r->n_directs * 2 : 1;

        bigger = realloc(r->directs, size * sizeof *bigger);
        if (!bigger)
            return NULL;
        r->directs = bigger;
    }
    d = &r->directs[r->n_directs++];
    *d = (struct direct){ .id = world_snowflake(sim_world(r->sim), sim_wall(r->sim, now)),
                          .user_id = user_id,
                          .app = app };
    return d;
}

/* Opens it, or answers with the one that is open. */
static void post_direct(struct call *c)
{
    const struct direct *d;
    cordage_json body;
    uint64_t user_id;

    if (!call_json(c, &body))
        return;
    if (!json_id(json_get(body, "recipient_id"), &user_id)) {
        call_form_error(c, "recipient_id", "BASE_TYPE_REQUIRED",
                        "This field is required");
        return;
    }
    if (!world_has_user(call_world(c), user_id)) {
        call_error(c, 404, 10013, "Unknown User");
        return;
    }
    if (user_id == call_bot_id(c)) {
        call_error(c, 400, 50007, "Cannot send messages to this user");
        return;
    }
    d = direct_open(c->routes, call_app(c), user_id, c->now);
    if (d)
        call_put_direct(c, d);
    else
        call_out_of_memory(c);
}

/* Bots are not told what channels they have. */
static void get_directs(struct call *c)
{
    json_open(&c->out, '[');
    json_shut(&c->out, ']');
}

const struct route routes_direct[] = {
    { "POST", "users/@me/channels", post_direct, BUCKET_READ },
    { "GET", "users/@me/channels", get_directs, BUCKET_READ },
    { NULL },
};
