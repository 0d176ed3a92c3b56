/* timestamp.h - the times that Discord writes: ISO 8601, as text. Pure. */
#ifndef PROTO_TIMESTAMP_H
#define PROTO_TIMESTAMP_H

#include "str.h"

/* "2026-08-05T19:28:40.512000+00:00" in Unix milliseconds, what is finer cut off. A
 * fraction may be missing; so may the offset, or be a Z, and then it is UTC. False, and
 * *out is left alone, for anything else. */
bool timestamp_parse(struct str text, int64_t *out);

#endif
