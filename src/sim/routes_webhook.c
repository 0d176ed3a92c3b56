/* routes_webhook.c - webhooks, and what is said by their tokens. */
#include "call_message.h"
#include "hooks.h"

static void act(struct call *c, enum hook_action action)
{
    if (sim_app_of_id(c->routes->sim, c->hook_id))
        hook_interaction(c, action, c->id);
    else
        call_error(c, 404, 10015, "Unknown Webhook");
}

static void execute(struct call *c)
{
    act(c, HOOK_EXECUTE);
}

static void get_message(struct call *c)
{
    act(c, HOOK_GET_MESSAGE);
}

static void patch_message(struct call *c)
{
    act(c, HOOK_PATCH_MESSAGE);
}

static void delete_message(struct call *c)
{
    act(c, HOOK_DELETE_MESSAGE);
}

#define BY_TOKEN "webhooks/{hook}/{text}"

const struct route routes_webhook[] = {
    { "POST", BY_TOKEN, execute, BUCKET_WEBHOOK, .open = true },
    { "GET", BY_TOKEN "/messages/@original", get_message, BUCKET_WEBHOOK, .open = true },
    { "PATCH", BY_TOKEN "/messages/@original", patch_message, BUCKET_WEBHOOK,
      .open = true },
    { "DELETE", BY_TOKEN "/messages/@original", delete_message, BUCKET_WEBHOOK,
      .open = true },
    { "GET", BY_TOKEN "/messages/{id}", get_message, BUCKET_WEBHOOK, .open = true },
    { "PATCH", BY_TOKEN "/messages/{id}", patch_message, BUCKET_WEBHOOK, .open = true },
    { "DELETE", BY_TOKEN "/messages/{id}", delete_message, BUCKET_WEBHOOK, .open = true },
    { NULL },
};
