/* commands.h - the commands that applications have registered, everywhere or in a guild.
 *
 * Kept as JSON text, in the order they came. Pure. */
#ifndef SIM_COMMANDS_H
#define SIM_COMMANDS_H

#include "buf.h"
#include "list.h"

struct command {
    struct link link; /* in commands.in_order while it lives */
    uint64_t id, application_id;
    uint64_t guild_id; /* 0: everywhere */
    int type;
    char *name; /* owned */
    char *text; /* owned: JSON as REST answers it, BUF_SLACK bytes behind it readable */
    size_t n;
};

struct commands {
    struct link in_order;
};

void app_commands_init(struct commands *all);
void app_commands_release(struct commands *all);
/* What NULL begins with, and `c` goes on with: of this application and scope; NULL: none
 * (more). */
struct command *app_commands_next(const struct commands *all, uint64_t application_id,
                                  uint64_t guild_id, const struct command *c);
struct command *app_commands_find(const struct commands *all, uint64_t application_id,
                                  uint64_t guild_id, uint64_t id);
struct command *app_commands_named(const struct commands *all, uint64_t application_id,
                                   uint64_t guild_id, int type, struct str name);
size_t app_commands_count(const struct commands *all, uint64_t application_id,
                          uint64_t guild_id, int type);
/* Copies what `what` has; it comes in the place of the one with the same id, or behind
 * all. NULL without memory. */
struct command *app_commands_put(struct commands *all, const struct command *what,
                                 struct str name, struct str text);
void app_commands_remove(struct command *c);

#endif
