/* status_table.h - what `cordage status` shows: the supervisor's document as lines of
 * text.
 *
 * First the totals, with what they lack to be complete; then the workers; then a row per
 * shard, those that aren't ready before the others. What doesn't fit is counted. Pure. */
#ifndef CMD_STATUS_TABLE_H
#define CMD_STATUS_TABLE_H

#include <stdbool.h>

#include "buf.h"
#include "json.h"

struct status_look {
    unsigned width;  /* longer lines are cut */
    unsigned height; /* at most so many lines; 0: as many as there are rows */
    bool colour;
    bool whole; /* it may be asked to show all: --all */
};

/* Appends lines, each with a newline, to `out`. CORDAGE_EPARSE: it isn't a document of a
 * fleet's status; CORDAGE_ENOMEM. */
int status_table(cordage_json document, const struct status_look *look, struct buf *out);

#endif
