/* supervisor.h - one machine's fleet: plans, starts workers, grants identify slots,
 * restarts what dies, hands over, watches, stops.
 *
 * All on one loop. Its workers live on when it dies: its successor finds them through the
 * store's plan and the link, and adopts them. */
#ifndef FLEET_SUPERVISOR_H
#define FLEET_SUPERVISOR_H

#include "cordage/cordage.h"
#include "loop.h"
#include "plan.h"
#include "secret.h"
#include "view.h"

struct supervisor;

struct supervisor_options {
    const struct secret *token; /* borrowed, like all here */
    const char *api, *ca_file, *proxy;
    bool allow_plaintext;
    const char *state_dir; /* a whole path */
    uint64_t token_print;
    struct plan_wish wish;
    char *const *command; /* argv, NULL-terminated */
    const char *search;   /* PATH, to find it in; may be NULL */
    bool foreign;         /* it isn't built with libcordage */
    struct log log;       /* ours */
    bool progress;        /* a line on stderr that is rewritten: it is a terminal */
    bool core_dumps;      /* of workers: as the user's limit says; else none */
    const char *page;     /* where all of it is seen: a URL, or NULL */
    double speed;         /* of the clock: 1, but in tests; processes live in real time */
    uint32_t hello_ms;    /* how long a new worker has; 0: 30 s */
    uint32_t quiet_ms;    /* after which one that says nothing is killed; 0: 60 s */
    uint64_t application_id; /* for the view; 0: not known */
    const char *notify_socket, *watchdog_usec, *watchdog_pid;
    /* Runs whenever the view has changed (once a second), and may be NULL. */
    void (*changed)(void *user, const struct view *v);
    void *user;
};

/* Opens the state directory and the link, and begins: what follows happens on `loop`,
 * which the caller runs and which is stopped when all is over. CORDAGE_EBUSY (another
 * supervisor or bot has the directory), CORDAGE_EINVAL, _EIO, _ENOMEM... with a sentence.
 */
int supervisor_new(struct loop *loop, const struct supervisor_options *options,
                   struct supervisor **out, cordage_error *error);
/* Stops the workers (`forget`: ending the sessions for good), then the loop. Again: kills
 * them. */
void supervisor_stop(struct supervisor *s, bool forget);
/* A rolling restart of all workers. CORDAGE_EBUSY: one is under way. */
int supervisor_restart(struct supervisor *s);
const struct view *supervisor_view(const struct supervisor *s);
/* The status to exit with, after the loop has ended; and whether the program is to be
 * executed anew in this process, because `cordage restart --self` asked for it: workers
 * live, and will be adopted. */
int supervisor_exit(const struct supervisor *s, bool *again);
/* After the loop has ended. NULL is fine. */
void supervisor_free(struct supervisor *s);

#endif
