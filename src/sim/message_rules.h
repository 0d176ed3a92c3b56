/* message_rules.h - what Discord accepts as a message, and what it says of the rest.
 *
 * Internal to the routes: a refusal is answered through the call. */
#ifndef SIM_MESSAGE_RULES_H
#define SIM_MESSAGE_RULES_H

#include "call.h"

enum {
    MESSAGE_CONTENT_MAX = 2000, /* code points */
    MESSAGE_NONCE_MAX = 25,     /* code points */
    MESSAGE_EMBEDS_MAX = 10,
    MESSAGE_EMBED_SUM_MAX = 6000, /* code points of all embeds together */
    MESSAGE_ROWS_MAX = 5,         /* action rows */
    MESSAGE_PARTS_MAX = 40,       /* components in all, with IS_COMPONENTS_V2 */
    MESSAGE_STICKERS_MAX = 3,
};

/* How many code points a UTF-8 text has. */
size_t message_code_points(struct str s);
/* Checks the body of POST …/messages. False: the error is answered. */
bool message_check(struct call *c, cordage_json body);
/* The same of a PATCH, which may be empty. `was`: the flags that the message has. */
bool message_check_change(struct call *c, cordage_json body, uint64_t was);

#endif
