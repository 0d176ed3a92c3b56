/* command_rules.h - what Discord accepts as an application command.
 *
 * Internal to the routes: a refusal is answered through the call. */
#ifndef SIM_COMMAND_RULES_H
#define SIM_COMMAND_RULES_H

#include "call.h"

enum {
    COMMAND_CHAT = 1,
    COMMAND_USER = 2,
    COMMAND_MESSAGE = 3,
    COMMAND_ENTRY_POINT = 4,

    COMMAND_OPTIONS_MAX = 25,
    COMMAND_TEXT_MAX = 8000, /* characters of names, descriptions and values */

    OPTION_SUB_COMMAND = 1,
    OPTION_GROUP = 2,
    OPTION_STRING = 3,
    OPTION_INTEGER = 4,
    OPTION_BOOLEAN = 5,
    OPTION_USER = 6,
    OPTION_CHANNEL = 7,
    OPTION_ROLE = 8,
    OPTION_MENTIONABLE = 9,
    OPTION_NUMBER = 10,
    OPTION_ATTACHMENT = 11,
};

/* Checks a command of `type`; `prefix` is its place in the body ("", or "3.").
 * `is_change`: a PATCH, which may leave anything out. False: the error is answered. */
bool command_check(struct call *c, cordage_json command, int type, const char *prefix,
                   bool is_change);

#endif
