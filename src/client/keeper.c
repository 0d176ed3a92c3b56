#include "keeper_inner.h"

#include <stdio.h>
#include <string.h>

#include "gateway.h"
#include "identify.h"

static void *run(void *user)
{
    struct keeper *k = user;
    bool ending;

    do {
        pthread_mutex_lock(&k->lock);
        while (!k->awake && !k->ending)
            pthread_cond_wait(&k->posted, &k->lock);
        k->awake = false;
        ending = k->ending;
        pthread_mutex_unlock(&k->lock);
        mailbox_run(&k->box);
        keeper_flush_rows(k);
    } while (!ending);
    return NULL;
}

static void wake(void *user)
{
    struct keeper *k = user;

    pthread_mutex_lock(&k->lock);
    k->awake = true;
    pthread_cond_signal(&k->posted);
    pthread_mutex_unlock(&k->lock);
}

void keeper_post(struct keeper *k, struct mail *mail)
{
    mailbox_post(&k->box, mail);
}

/* ---- Opening ---------------------------------------------------------------------- */

static struct store_identity identity_of(const struct settings *s)
{
    const char *compression = compression_name(s->compression);
    struct store_identity who = { .token_print = s->token_print,
                                  .intents = s->intents,
                                  .api_version = GATEWAY_VERSION,
                                  .encoding = "json" };

    snprintf(who.compression, sizeof who.compression, "%s",
             compression ? compression : "");
    return who;
}

static int start(cordage_client *c, struct store *store, cordage_error *error)
{
    struct keeper *k = mem_zero(sizeof *k);
    int err;

    if (!k)
        return error_set(error, CORDAGE_ENOMEM, "Out of memory.");
    k->client = c;
    k->store = store;
    k->who = identity_of(&c->settings);
    list_init(&k->rows);
    pthread_mutex_init(&k->lock, NULL);
    pthread_cond_init(&k->posted, NULL);
    mailbox_init(&k->box, wake, k);
    err = pthread_create(&k->thread, NULL, run, k);
    if (err) {
        mailbox_release(&k->box);
        pthread_cond_destroy(&k->posted);
        pthread_mutex_destroy(&k->lock);
        free(k);
        return error_set(error, CORDAGE_ESYSTEM, "Cannot start a thread: %s.",
                         strerror(err));
    }
    pthread_setname_np(k->thread, "cordage-keeper");
    c->keeper = k;
    return 0;
}

/* A bot without a store is better than none, but for two that use the same one: both
 * would resume the same sessions. A worker needs it, because shards come to it and leave
 * it by the store. */
int keeper_open(cordage_client *c, cordage_error *error)
{
    const char *dir = c->settings.state_dir;
    struct store *store;
    int err;

    if (!dir) {
        if (!c->settings.no_state)
            log_line(
                &c->log, LOG_WARN,
                "Neither HOME nor XDG_STATE_HOME is set, so nothing will be kept: the "
                "next start identifies anew. Set CORDAGE_STATE_DIR to a directory, or "
                "to nothing if this is meant.");
        return 0;
    }
    err = store_open(dir, c->worker || c->starts_empty ? STORE_SHARED : STORE_ALONE,
                     &c->log, &store, error);
    if (err == CORDAGE_EBUSY || err == CORDAGE_ENOMEM || (err && c->worker))
        return err;
    if (err) {
        log_line(
            &c->log, LOG_WARN,
            "%s; nothing of this process will be kept: the next start identifies anew",
            error->message);
        return 0;
    }
    err = start(c, store, error);
    if (err)
        store_close(store);
    return err;
}

/* ---- IDENTIFYs -------------------------------------------------------------------- */

static void recall(void *user, uint64_t wall, uint32_t shard_id, uint32_t shard_count)
{
    cordage_client *c = user;

    (void)shard_count;
    /* Without memory the count is too small by one, and Discord's own still holds. */
    (void)ledger_remember(&c->ledger, wall);
    gate_remember(c->gate, shard_id, wall);
}

void keeper_recall_identifies(cordage_client *c)
{
    uint64_t now = c->host->wall(c->host);
    uint64_t since = now > LEDGER_WINDOW_MS ? now - LEDGER_WINDOW_MS : 0;

    if (!c->settings.state_dir)
        return;
    /* With a disk that fails nobody knows what the process before has just sent. */
    if (!c->keeper || store_load_identifies(c->keeper->store, since, recall, c))
        gate_remember_all(c->gate);
}

void keeper_book(void *user, uint32_t shard_id, uint32_t shard_count, uint64_t wall)
{
    cordage_client *c = user;

    /* If it fails the store says so, once; see gate.h for why it may go all the same. */
    if (c->keeper)
        (void)store_book_identify(c->keeper->store, wall, shard_id, shard_count);
}

/* ---- The end ----------------------------------------------------------------------- */

bool keeper_keeps_sessions(const struct keeper *k)
{
    return k && !k->client->ends_sessions;
}

void keeper_end(cordage_client *c)
{
    struct keeper *k = c->keeper;

    if (!k)
        return;
    pthread_mutex_lock(&k->lock);
    k->ending = true;
    pthread_cond_signal(&k->posted);
    pthread_mutex_unlock(&k->lock);
    pthread_join(k->thread, NULL);
    if (keeper_keeps_sessions(k))
        keeper_save_all(k);
    else
        keeper_forget_all(k);
    for (uint32_t i = 0; i < c->crew.n_shards; i++)
        kept_release(&c->crew.shards[i].kept); /* before the lock is another's */
    store_close(k->store);
    mailbox_release(&k->box);
    pthread_cond_destroy(&k->posted);
    pthread_mutex_destroy(&k->lock);
    free(k);
    c->keeper = NULL;
}
