/* object.h - what the library hands out to be kept: events, and copies out of the cache.
 *
 * A user has a pointer to the public struct; in front of it stands a count of those who
 * hold it, and the documents that its JSON values point into. cordage_unref gives it
 * back, whatever it is. [any thread] */
#ifndef CLIENT_OBJECT_H
#define CLIENT_OBJECT_H

#include "json.h"
#include "views.h"

/* `size` zeroed bytes that cordage_unref gives back; held once. NULL: out of memory. */
void *object_new(size_t size);
/* A typed view of `json`, held once. `json` has BUF_SLACK readable bytes behind it and is
 * borrowed for the call. NULL: out of memory, or no JSON. */
const void *object_view(enum view view, struct str json);

/* An answer, held once. `message` and `body` (JSON, with BUF_SLACK readable bytes behind
 * it, or empty) are borrowed for the call. A body that is no JSON counts as none. NULL:
 * out of memory. */
cordage_result *object_result(int err, long status, const char *message, struct str body);

/* What an event that is not an object yet was made from: its `origin`. */
struct event_text {
    struct str payload; /* the whole envelope, with BUF_SLACK bytes behind it */
    struct str old;     /* the old object, too; empty: there is none */
};

#endif
