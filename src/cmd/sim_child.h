/* sim_child.h - running somebody's command beside the simulator, and the signals.
 *
 * Signals come in through a descriptor on the loop. With a command they are passed on to
 * it, but for those the terminal has sent it already, and its end is ours; without one,
 * SIGINT, SIGTERM and SIGHUP end us. A command that was told to end and doesn't is
 * killed: by the second SIGINT or SIGTERM, or after a while, and stderr is told. When we
 * are killed, it gets a SIGTERM. */
#ifndef CMD_SIM_CHILD_H
#define CMD_SIM_CHILD_H

#include <stdbool.h>
#include <uv.h>

#include "error.h"

struct sim_lines;

enum { SIM_CHILD_GRACE_MS = 10000 }; /* from a signal that ends it to SIGKILL */

struct sim_child {
    void (*ended)(
        struct sim_child *c); /* the command ended, or a signal came without one */
    void (*clear)(struct sim_child *c); /* before a line on stderr; may be NULL */
    const char *name;                   /* ours, "cordage NAME", for what is said */
    unsigned grace_ms; /* for tests, in the place of SIM_CHILD_GRACE_MS, if not 0 */
    int status;        /* to exit with: the command's, or 128 and its signal */
    bool running;
    bool signalled;          /* we were told to end, or the command by the terminal */
    struct sim_lines *lines; /* gets what it prints; NULL: it prints where we do */
    void *user;              /* whoever has set `lines` */
    bool killed;             /* it didn't end of itself */
    unsigned waits_s;        /* how long it is given to end */
    unsigned n_told;         /* how often a signal told it to end */
    uv_process_t process;
    uv_timer_t grace;
    uv_poll_t poll;
    int signal_fd;
};

/* Before any thread is made: blocks the signals, so that only the descriptor gets them.
 */
int sim_child_init(struct sim_child *c, uv_loop_t *loop, bool with_command,
                   cordage_error *error);
/* Starts `argv` with `env` ("NAME=value", NULL at the end) added to ours. On failure
 * c->status is what a shell exits with: 127 not found, 126 not to be run. */
int sim_child_start(struct sim_child *c, char **argv, const char *const *env,
                    cordage_error *error);
/* SIGTERM, and `ms` later SIGKILL. It must be running. */
void sim_child_end(struct sim_child *c, unsigned ms);
/* Gives the handles back to the loop, which must turn once more. */
void sim_child_close(struct sim_child *c);

#endif
