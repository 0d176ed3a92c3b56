#include "notices.h"

#include <stdarg.h>
#include <stdio.h>

#include "client.h"

/* One error on its way: to the control loop, and from there to a handler's thread. */
struct notice {
    struct mail mail;
    struct job job;
    cordage_client *client;
    cordage_error error;
};

static void release_notice(struct job *job)
{
    struct notice *n = CONTAINER_OF(job, struct notice, job);

    n->client->n_notices--;
    free(n);
}

static void call(const struct handler *handler, void *user)
{
    const struct notice *n = user;

    ((cordage_error_fn)handler->fn)(n->client, &n->error, handler->user);
}

static void run_notice(struct job *job, void *context)
{
    struct notice *n = CONTAINER_OF(job, struct notice, job);

    (void)context;
    handlers_each(&n->client->handlers, HANDLER_ERROR, call, n);
}

static void push_notice(struct mail *mail)
{
    struct notice *n = CONTAINER_OF(mail, struct notice, mail);

    if (n->client->phase >= CLIENT_ENDING)
        release_notice(&n->job);
    else
        client_push(n->client, &n->job);
}

void client_tell(cordage_client *c, const cordage_error *error)
{
    struct notice *n;

    if (!handlers_has(&c->handlers, HANDLER_ERROR))
        return;
    /* More than a bot can look at are only logged. */
    if (++c->n_notices > LIMIT_NOTICES || !(n = mem_zero(sizeof *n))) {
        c->n_notices--;
        return;
    }
    n->client = c;
    n->error = *error;
    list_init(&n->mail.link);
    n->mail.run = push_notice;
    n->job.run = run_notice;
    n->job.release = release_notice;
    if (client_post(c, &n->mail) < 0)
        release_notice(&n->job);
}

void client_warn(cordage_client *c, int code, const char *format, ...)
{
    cordage_error error = { .code = code };
    va_list args;

    va_start(args, format);
    vsnprintf(error.message, sizeof error.message, format, args);
    va_end(args);
    log_line(&c->log, LOG_WARN, "%s", error.message);
    client_tell(c, &error);
}
