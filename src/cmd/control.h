/* control.h - an order to a fleet's supervisor, from the command line, and its answers.
 */
#ifndef CMD_CONTROL_H
#define CMD_CONTROL_H

#include "fleet_settings.h"
#include "link.h"
#include "loop.h"

enum { CONTROL_PATH = 4096, CONTROL_PATIENCE_MS = 10 * 1000 };

struct control {
    const char *command; /* "status": in sentences; the caller's, like the next two */
    /* Each answer; borrowed for the call. */
    void (*answer)(void *user, const struct link_answer *answer);
    void *user;
    struct loop *loop;
    struct link_peer *peer; /* NULL: it is over */
    struct timer patience;  /* until the first answer */
    char dir[CONTROL_PATH]; /* the fleet's state directory */
    int status;             /* to exit with */
    bool done;              /* the last answer has come */
    cordage_error error;    /* why it ended without */
};

/* Finds the one fleet that is meant, and dials it: in the state directory that the
 * settings name, else that of the token's application, else where a supervisor listens,
 * if that is one place. ARGS_GO, or the status to exit with after sentences went to
 * `err`; control_close in both cases. */
int control_open(struct control *c, const struct fleet_settings *settings, FILE *err);
/* Sends the order, whose first answer must come within CONTROL_PATIENCE_MS.
 * CORDAGE_ECLOSED, CORDAGE_ENOMEM. */
int control_order(struct control *c, const struct link_command *order);
/* Runs the loop until the last answer, or the supervisor's end, or control_stop. */
void control_run(struct control *c);
void control_stop(struct control *c);
void control_close(struct control *c);

#endif
