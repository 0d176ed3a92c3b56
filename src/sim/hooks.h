/* hooks.h - the routes below /webhooks/{id}/{token}: of webhooks, and, where the id is an
 * application's, of interactions. Internal to routes_webhook.c and routes_interaction.c.
 */
#ifndef SIM_HOOKS_H
#define SIM_HOOKS_H

#include "call.h"

enum hook_action {
    HOOK_EXECUTE,
    HOOK_GET_MESSAGE,
    HOOK_PATCH_MESSAGE,
    HOOK_DELETE_MESSAGE,
};

/* `message_id` 0: @original. */
void hook_interaction(struct call *c, enum hook_action action, uint64_t message_id);

#endif
