/* mailbox.h - how other threads reach a loop.
 *
 * Anyone may post; the owning loop runs what was posted, in order, on its own
 * thread. The mailbox does not own the mail: a mail is embedded in a message
 * that frees itself when it runs. */
#ifndef BASE_MAILBOX_H
#define BASE_MAILBOX_H

#include <pthread.h>
#include <stdbool.h>

#include "list.h"

struct mail {
    struct link link; /* on the mailbox, from post until it runs */
    void (*run)(struct mail *mail);
};

struct mailbox {
    pthread_mutex_t lock;
    struct link posted;
    void (*wake)(void *user); /* [any thread] called when the first mail arrives */
    void *user;
};

void mailbox_init(struct mailbox *m, void (*wake)(void *user), void *user);
/* What is still posted is run, not dropped: a mail owns memory. [loop] */
void mailbox_release(struct mailbox *m);
/* [any thread] */
void mailbox_post(struct mailbox *m, struct mail *mail);
/* Runs what has been posted up to now. Mail posted meanwhile wakes again. [loop] */
void mailbox_run(struct mailbox *m);

#endif
