/* GET /gateway/bot: before the start, until Discord answers, and again when a shard
 * cannot connect to the URL that it gave.
 *
 * A bot should come up by itself when Discord or the network does, so that what may pass
 * is tried again for ever, ever more slowly. What will not pass ends the bot with its
 * sentence: a refused token, a certificate that cannot be trusted, an answer that isn't
 * Discord's. */
#include <string.h>

#include "client.h"
#include "fatal.h"

static void on_time_to_ask(struct timer *t)
{
    client_ask(CONTAINER_OF(t, cordage_client, timer));
}

static void ask_later(cordage_client *c, const char *why)
{
    uint64_t wait = gateway_bot_wait_ms(c->n_tries, c->host->random(c->host));

    log_line(&c->log, LOG_WARN, "%s Trying again in %llu ms.", why,
             (unsigned long long)wait);
    c->timer.fire = on_time_to_ask;
    c->host->arm(c->host, &c->timer, c->host->now(c->host) + wait);
}

/* Fills *error when there is no usable answer. */
static int read_answer(cordage_client *c, const struct rest_answer *answer,
                       struct gateway_bot *bot, cordage_error *error)
{
    if (answer->err == CORDAGE_EAUTH)
        return fatal_unauthorized(error);
    if (answer->err == CORDAGE_ETLS)
        return fatal_untrusted(answer->message, error);
    if (answer->err)
        return error_set(error, answer->err, "%s", answer->message);
    return gateway_bot_parse(answer->body, c->settings.api, bot, error);
}

void client_look_at_answer(cordage_client *c, const struct rest_answer *answer)
{
    cordage_error error;

    if (answer->err != CORDAGE_EAUTH || c->phase >= CLIENT_STOPPING)
        return;
    fatal_unauthorized(&error);
    client_fail(c, &error);
}

static void take_url(cordage_client *c, const struct gateway_bot *bot)
{
    pthread_mutex_lock(&c->lock);
    memcpy(c->gateway_url, bot->url, sizeof c->gateway_url);
    pthread_mutex_unlock(&c->lock);
}

/* Shards run already; what they may still identify is the gate's business. */
static void renew(cordage_client *c, const struct gateway_bot *bot)
{
    int err;

    ledger_limits(&c->ledger, bot->total, bot->remaining, bot->reset_after_ms,
                  c->host->wall(c->host));
    err = gate_limits(c->gate, bot->max_concurrency);
    if (err)
        log_line(&c->log, LOG_ERROR, "the identify limits stay as they were: %s",
                 cordage_strerror(err));
    pthread_mutex_lock(&c->lock);
    crew_new_url(c);
    pthread_mutex_unlock(&c->lock);
}

static void on_answer(void *user, const struct rest_answer *answer)
{
    cordage_client *c = user;
    struct gateway_bot bot;
    cordage_error error;
    int err;

    c->asking = false;
    if (c->phase != CLIENT_ASKING && c->phase != CLIENT_RUNNING)
        return;
    err = read_answer(c, answer, &bot, &error);
    if (!err) {
        c->recommended = bot.shards;
        take_url(c, &bot);
        log_line(&c->log, LOG_INFO,
                 "gateway url=%s recommended_shards=%u identifies_left=%u/%u "
                 "max_concurrency=%u",
                 bot.url, bot.shards, bot.remaining, bot.total, bot.max_concurrency);
    }
    if (c->phase == CLIENT_RUNNING) {
        client_look_at_answer(c, answer);
        /* A shard that still cannot connect asks again by itself. */
        if (err)
            log_line(&c->log, LOG_WARN, "no new gateway URL: %s", error.message);
        else
            renew(c, &bot);
    } else if (!err) {
        client_start(c, &bot);
    } else if (gateway_bot_may_pass(answer)) {
        ask_later(c, error.message);
    } else {
        client_fail(c, &error);
    }
}

void client_ask(cordage_client *c)
{
    const struct str no_body = { "", 0 };
    struct rest_answer failed = { 0 };

    if (c->asking)
        return;
    c->asking = true;
    c->n_tries++;
    failed.err = rest_send(c->rest, "GET", "/gateway/bot", no_body, false, on_answer, c);
    failed.message = cordage_strerror(failed.err);
    if (failed.err)
        on_answer(c, &failed);
}

static void run_url_mail(struct mail *mail)
{
    cordage_client *c = CONTAINER_OF(mail, cordage_client, url_mail);

    pthread_mutex_lock(&c->lock);
    c->url_posted = false;
    pthread_mutex_unlock(&c->lock);
    if (c->phase == CLIENT_RUNNING && c->worker)
        worker_want_url(c->worker);
    else if (c->phase == CLIENT_RUNNING)
        client_ask(c);
}

void client_want_url(cordage_client *c)
{
    pthread_mutex_lock(&c->lock);
    c->url_mail.run = run_url_mail;
    if (!c->url_posted)
        c->host->post(c->host, &c->url_mail);
    c->url_posted = true;
    pthread_mutex_unlock(&c->lock);
}
