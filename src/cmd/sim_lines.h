/* sim_lines.h - what a command prints, line by line.
 *
 * A pipe for its stdout and one for its stderr. A line that is longer than LINE_MAX is
 * passed on in pieces. */
#ifndef CMD_SIM_LINES_H
#define CMD_SIM_LINES_H

#include <uv.h>

#include "list.h"
#include "str.h"

struct sim_lines {
    void (*line)(void *user, struct str line);
    void *user;
    uv_loop_t *loop;
    struct link pipes; /* those that are open */
};

void sim_lines_init(struct sim_lines *l, uv_loop_t *loop);
/* A new pipe, for uv_spawn; NULL without memory. */
uv_stream_t *sim_lines_pipe(struct sim_lines *l);
/* The command has it: reads from it until its end. */
void sim_lines_read(uv_stream_t *pipe);
/* Nobody has it. */
void sim_lines_drop(uv_stream_t *pipe);
/* Whether somebody may still write: the command, or what it has started. */
bool sim_lines_are_open(const struct sim_lines *l);
/* Passes on what there is of last lines, and lets go; the loop must turn once more. */
void sim_lines_close(struct sim_lines *l);

#endif
