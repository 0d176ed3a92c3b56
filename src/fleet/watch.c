/* The watchdog: samples in, kicks out. */
#include "supervisor_inner.h"

static void take_samples(struct supervisor *s)
{
    for (uint32_t i = 0; i < fleet_n_shards(s); i++) {
        const struct view_shard *v = &s->view->shards[i];
        const struct fleet_shard *sh = &s->shards[i];

        s->samples[i] = (struct watchdog_sample){
            .events = v->info.events,
            .guilds = v->info.guilds,
            .guilds_available = v->info.guilds_available,
            /* Without a link nobody says that events come. */
            .live = sh->hand == HAND_HELD && sh->holder->caller &&
                    v->info.state == CORDAGE_SHARD_READY,
            .paused = v->info.paused,
            .replaying = v->replaying,
            .loading = v->info.loading,
        };
    }
}

/* A new IDENTIFY only where one is left. */
static void kick(struct supervisor *s, const struct watchdog_decision *d)
{
    struct fleet_shard *sh = &s->shards[d->shard];
    struct link_kick m = { .shard = fleet_shard_id(s, sh) };
    char text[256];

    watchdog_text(d, m.shard, text);
    m.identify =
        d->verdict == WATCHDOG_IDENTIFY && ledger_allowed(&s->ledger, fleet_wall(s)) > 0;
    fleet_decide(s, LOG_WARN, "%s", text);
    if (d->verdict == WATCHDOG_IDENTIFY && !m.identify)
        log_line(&s->log, LOG_WARN, "shard=%u resumes only: no identify is left",
                 m.shard);
    s->view->watchdog_actions++;
    buf_clear(&s->body);
    if (sh->holder && !link_put_kick(&s->body, &m))
        process_send(sh->holder, LINK_KICK);
}

void watch_second(struct supervisor *s)
{
    struct watchdog_decision d;

    if (s->phase != FLEET_RUNNING || s->options.foreign)
        return;
    take_samples(s);
    watchdog_second(s->watchdog, s->samples, s->host->now(s->host));
    while (watchdog_next(s->watchdog, &d))
        kick(s, &d);
}
