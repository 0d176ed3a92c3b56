/* interaction_data.h - the `data` of an interaction, from what a control request asks
 * for. Internal to routes_interact.c. */
#ifndef SIM_INTERACTION_DATA_H
#define SIM_INTERACTION_DATA_H

#include "call.h"

/* What is put into a command's data. */
struct command_call {
    const struct command *command;
    cordage_json options; /* {name: value}, a sub-command's value being such an object */
    struct str focused;   /* the option that is being typed, for autocomplete, or empty */
    uint64_t target_id;   /* the user or message that a menu command was used on */
};
/* Writes the object. False, with the error answered. */
bool data_put_command(struct call *c, const struct command_call *what, struct buf *out);

/* The component of this custom_id somewhere in `components`; absent: there is none. */
cordage_json data_find_component(cordage_json components, struct str custom_id);
/* A component that somebody used; `values`: of a select. */
bool data_put_component(struct call *c, cordage_json component, cordage_json values,
                        struct buf *out);
/* A modal that somebody sent off: `modal` as the bot gave it, `values` {custom_id:
 * value}. */
bool data_put_modal(struct call *c, cordage_json modal, cordage_json values,
                    struct buf *out);

#endif
