/* change_call.h - a REST request that changes the world. Internal to routes_change*.c. */
#ifndef SIM_CHANGE_CALL_H
#define SIM_CHANGE_CALL_H

#include "call.h"
#include "edit.h"

/* A field that a body may have: its JSON type, and whether it may be null. Tables end
 * with a NULL key. */
struct rule {
    const char *key;
    cordage_json_type type;
    bool nullable;
    size_t max; /* characters of a string; 0: any */
};

/* False, with the error answered, when a field is not what it should be. */
bool change_check(struct call *c, cordage_json body, const struct rule *rules);
/* Those of the fields that the body has. */
void change_put(struct edit *e, cordage_json body, const struct rule *rules);
void change_begin(struct call *c, struct edit *e);
/* Releases it. False, with the error answered, when there was no memory. */
bool change_done(struct call *c, struct edit *e);

#endif
