/* json_compare.h - whether two JSON values say the same.
 *
 * Keys in any order; lists of objects with an id (`id`, `sound_id`, `user_id`, `user.id`)
 * in any order, and so are lists of snowflakes; other lists in theirs. Numbers by value.
 */
#ifndef JSON_COMPARE_H
#define JSON_COMPARE_H

#include "json.h"

enum { JSON_COMPARE_WHERE = 256 };

/* Keys in `ignored` (NULL-terminated; may be NULL) count nowhere. False: `where` says
 * where they differ, as a path. */
bool json_compare(cordage_json a, cordage_json b, const char *const *ignored,
                  char where[JSON_COMPARE_WHERE]);
/* What tells an element of a list from its brothers; 0: nothing does. */
uint64_t json_identity(cordage_json object);

#endif
