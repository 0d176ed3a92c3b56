/* json_copy.h - a parsed value, written again. */
#ifndef SIM_JSON_COPY_H
#define SIM_JSON_COPY_H

#include "json.h"
#include "json_write.h"

/* Deeper than JSON_COPY_DEPTH it writes null: nothing that Discord knows is. Absent is
 * null, too. */
enum { JSON_COPY_DEPTH = 64 };
void json_copy(struct json_writer *w, cordage_json v);

#endif
