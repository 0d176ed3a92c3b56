/* GET /gateway/bot: before the start, until Discord answers, and again when a worker
 * cannot connect to the URL that it gave. As a bot that runs alone does it
 * (client/ask.c): what may pass is tried again for ever, what will not ends the fleet
 * with its sentence. */
#include "error.h"
#include "fatal.h"
#include "supervisor_inner.h"

static void on_time_to_ask(struct timer *t)
{
    bot_ask(CONTAINER_OF(t, struct supervisor, ask_timer));
}

static void ask_later(struct supervisor *s, const char *why)
{
    uint64_t wait = gateway_bot_wait_ms(s->n_tries, s->host->random(s->host));

    log_line(&s->log, LOG_WARN, "%s Trying again in %llu ms.", why,
             (unsigned long long)wait);
    s->ask_timer.fire = on_time_to_ask;
    s->host->arm(s->host, &s->ask_timer, s->host->now(s->host) + wait);
}

static int read_answer(struct supervisor *s, const struct rest_answer *answer,
                       struct gateway_bot *bot, cordage_error *error)
{
    if (answer->err == CORDAGE_EAUTH)
        return fatal_unauthorized(error);
    if (answer->err == CORDAGE_ETLS)
        return fatal_untrusted(answer->message, error);
    if (answer->err)
        return error_set(error, answer->err, "%s", answer->message);
    return gateway_bot_parse(answer->body, s->options.api, bot, error);
}

/* Workers run already. */
static void renew(struct supervisor *s)
{
    struct link_text m = { .text = str_of(s->bot.url) };

    ledger_limits(&s->ledger, s->bot.total, s->bot.remaining, s->bot.reset_after_ms,
                  fleet_wall(s));
    if (gate_limits(s->gate, s->bot.max_concurrency))
        log_line(&s->log, LOG_ERROR, "the identify limits stay as they were: %s",
                 cordage_strerror(CORDAGE_ENOMEM));
    buf_clear(&s->body);
    if (link_put_text(&s->body, &m))
        return;
    for (struct link *at = s->processes.next; at != &s->processes; at = at->next)
        process_send(CONTAINER_OF(at, struct process, on_fleet), LINK_URL);
}

static void on_answer(void *user, const struct rest_answer *answer)
{
    struct supervisor *s = user;
    struct gateway_bot bot;
    cordage_error error;
    int err;

    s->asking = false;
    if (s->phase >= FLEET_STOPPING)
        return;
    err = read_answer(s, answer, &bot, &error);
    if (!err) {
        s->bot = bot;
        log_line(&s->log, LOG_INFO,
                 "gateway url=%s recommended_shards=%u identifies_left=%u/%u "
                 "max_concurrency=%u",
                 bot.url, bot.shards, bot.remaining, bot.total, bot.max_concurrency);
    }
    if (!err && s->phase == FLEET_ASKING)
        opening_begin(s);
    else if (!err)
        renew(s);
    else if (s->phase != FLEET_ASKING && err != CORDAGE_EAUTH)
        log_line(&s->log, LOG_WARN, "no new gateway URL: %s", error.message);
    else if (gateway_bot_may_pass(answer))
        ask_later(s, error.message);
    else
        fleet_fail(s, cordage_exit_status(err), error.message);
}

void bot_ask(struct supervisor *s)
{
    const struct str no_body = { "", 0 };
    struct rest_answer failed = { 0 };

    if (s->asking || !s->rest || s->phase >= FLEET_STOPPING)
        return;
    s->asking = true;
    s->n_tries++;
    failed.err = rest_send(s->rest, "GET", "/gateway/bot", no_body, false, on_answer, s);
    failed.message = cordage_strerror(failed.err);
    if (failed.err)
        on_answer(s, &failed);
}
