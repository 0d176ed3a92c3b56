#include "mailbox.h"

void mailbox_init(struct mailbox *m, void (*wake)(void *user), void *user)
{
    pthread_mutex_init(&m->lock, NULL);
    list_init(&m->posted);
    m->wake = wake;
    m->user = user;
}

void mailbox_post(struct mailbox *m, struct mail *mail)
{
    bool was_empty;

    pthread_mutex_lock(&m->lock);
    was_empty = list_is_empty(&m->posted);
    list_insert(&m->posted, &mail->link);
    /* Inside the lock, so that a release that follows cannot overtake the wake. */
    if (was_empty)
        m->wake(m->user);
    pthread_mutex_unlock(&m->lock);
}

void mailbox_run(struct mailbox *m)
{
    struct link batch, *link;

    list_init(&batch);
    pthread_mutex_lock(&m->lock);
    list_join(&batch, &m->posted);
    pthread_mutex_unlock(&m->lock);
    while ((link = list_pop(&batch))) {
        struct mail *mail = CONTAINER_OF(link, struct mail, link);

        mail->run(mail);
    }
}

void mailbox_release(struct mailbox *m)
{
    mailbox_run(m);
    pthread_mutex_destroy(&m->lock);
}
