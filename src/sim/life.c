#include "life.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "edit.h"

enum {
    BATCH = 64,            /* changes in one turn */
    LATEST_MS = 60 * 1000, /* what is later than that never happens */
    TRIES = 12,            /* at finding something that can happen */
    AWAY_ONCE_IN = 150,    /* changes */
    AWAY_MIN_MS = 2000,
    AWAY_MORE_MS = 20000,
};

/* What can happen, and how often. */
static const struct doing {
    life_fn *fn;
    unsigned weight;
} doings[] = {
    { life_change_guild, 4 },
    { life_create_role, 4 },
    { life_change_role, 6 },
    { life_delete_role, 4 },
    { life_change_emojis, 5 },
    { life_change_stickers, 4 },
    { life_change_sounds, 6 },
    { life_create_channel, 5 },
    { life_change_channel, 10 },
    { life_delete_channel, 5 },
    { life_pin, 5 },
    { life_voice_status, 4 },
    { life_add_member, 14 },
    { life_change_member, 20 },
    { life_remove_member, 10 },
    { life_change_person, 8 },
    { life_change_bot, 1 },
    { life_change_presence, 30 },
    { life_voice, 24 },
    { life_create_thread, 8 },
    { life_change_thread, 8 },
    { life_archive_thread, 4 },
    { life_unarchive_thread, 4 },
    { life_delete_thread, 3 },
    { life_sync_threads, 2 },
    { life_join_thread, 6 },
    { life_thread_members, 6 },
    { life_stage, 4 },
    { life_create_event, 4 },
    { life_change_event, 4 },
    { life_end_event, 3 },
    { life_event_user, 5 },
    { life_say, 20 },
    { life_edit_message, 6 },
    { life_delete_message, 4 },
    { life_delete_messages, 2 },
    { life_react, 10 },
    { life_vote, 3 },
    { life_type, 6 },
    { life_ban, 3 },
    { life_invite, 3 },
    { life_automod, 3 },
    { life_integration, 2 },
    { life_webhooks, 2 },
    { life_monetize, 2 },
    { life_audit, 2 },
    { life_permit, 2 },
    { life_interact, 6 },
};

/* ---- Choosing ------------------------------------------------------------------- */

uint64_t life_below(struct edit *e, uint64_t n)
{
    return rng_below(&e->sim->life.rng, n);
}

bool life_once_in(struct edit *e, unsigned n)
{
    return life_below(e, n) == 0;
}

bool life_pick(struct edit *e, unsigned list, uint32_t from, uint64_t *id)
{
    uint32_t n = world_count(e->world, e->g, list);

    if (n <= from)
        return false;
    *id = world_id_at(e->world, e->g, list, from + (uint32_t)life_below(e, n - from));
    return true;
}

bool life_pick_type(struct edit *e, unsigned list, uint32_t from, uint32_t types,
                    uint64_t *id)
{
    const struct change_list *l = &e->g->changes->lists[list];
    uint64_t n = 0, which;

    for (uint32_t i = from; i < l->n; i++)
        n += types >> l->entries[i].type & 1;
    if (n == 0)
        return false;
    which = life_below(e, n);
    for (uint32_t i = from; i < l->n; i++) {
        if ((types >> l->entries[i].type & 1) && which-- == 0) {
            *id = l->entries[i].id;
            return true;
        }
    }
    return false;
}

/* From 1: only people. */
bool life_pick_member(struct edit *e, uint32_t from, uint64_t *user_id)
{
    for (int i = 0; i < TRIES; i++) {
        if (!life_pick(e, LIST_MEMBERS, from, user_id))
            return false;
        if (!from || !world_is_bot(e->world, *user_id))
            return true;
    }
    return false;
}

/* Any bot that is in the guild. */
uint32_t life_pick_bot(struct edit *e)
{
    uint32_t n = e->world->n_bots;
    uint32_t bot = n > 1 ? (uint32_t)life_below(e, n) : 0;

    for (uint32_t i = 0; i < n && world_stay(e->world, e->g, bot)->is_gone; i++)
        bot = (bot + 1) % n;
    return bot;
}

void life_name(struct edit *e, char *out, size_t size)
{
    static const char *const words[] = { "harbour",      "Ankerplatz ⚓", "灯台", "pier",
                                         "the \"deck\"", "crow's nest",  "büro" };

    snprintf(out, size, "%s-%u", words[life_below(e, sizeof words / sizeof *words)],
             (unsigned)life_below(e, 1000));
}

/* ---- Outages, and the bot kicked out -------------------------------------------- */

static void bring_back(struct sim *s, struct life_away *a, uint64_t now)
{
    struct world_guild *g = &s->world.guilds[a->guild];

    *a = s->life.away[--s->life.n_away];
    sim_end_outage(s, g, now);
    for (uint32_t bot = 0; bot < s->config.bots; bot++)
        sim_add_bot(s, sim_app(s, bot), g, now);
}

static void bring_all_back(struct sim *s, uint64_t now)
{
    for (size_t i = s->life.n_away; i-- > 0;)
        if (s->life.away[i].until <= now)
            bring_back(s, &s->life.away[i], now);
}

/* At most one in four at a time. */
static bool goes_away(struct edit *e)
{
    struct life *life = &e->sim->life;
    struct world_guild *g = e->g;

    if (life->n_away == LIFE_AWAY || (life->n_away + 1) * 4 > e->world->n_guilds ||
        g->unavailable || !life_once_in(e, AWAY_ONCE_IN))
        return false;
    life->away[life->n_away++] =
        (struct life_away){ g->index,
                            e->now + AWAY_MIN_MS + life_below(e, AWAY_MORE_MS) };
    if (life_once_in(e, 3))
        sim_kick_bot(e->sim, sim_app(e->sim, life_pick_bot(e)), g, e->now);
    else
        sim_begin_outage(e->sim, g, e->now);
    return true;
}

void life_release(struct life *l)
{
    for (size_t i = 0; i < LIFE_MESSAGES; i++)
        free(l->messages[i].text);
}

/* ---- Living --------------------------------------------------------------------- */

static life_fn *any_doing(struct edit *e)
{
    const size_t n = sizeof doings / sizeof *doings;
    uint64_t sum = 0, which;

    for (size_t i = 0; i < n; i++)
        sum += doings[i].weight;
    which = life_below(e, sum);
    for (size_t i = 0; i < n; i++) {
        if (which < doings[i].weight)
            return doings[i].fn;
        which -= doings[i].weight;
    }
    return doings[0].fn;
}

/* Without memory nothing happened, or nobody heard of it. */
static void happen(struct sim *s, uint64_t now)
{
    struct world *w = &s->world;
    struct world_guild *g = &w->guilds[rng_below(&s->life.rng, w->n_guilds)];
    struct edit e;

    if (g->is_gone)
        return;
    edit_init(&e, s, g, now);
    if (!e.err && !goes_away(&e))
        for (int i = 0; i < TRIES && !any_doing(&e)(&e); i++)
            ;
    edit_release(&e);
    s->life.n_done++;
}

static double due_at(const struct sim *s, uint64_t n)
{
    return (double)s->life.at + (double)(n + 1) * 1000 / s->life.rate;
}

static bool is_still(const struct sim *s)
{
    return s->life.rate <= 0 || s->world.n_guilds == 0 || s->life.left == 0;
}

void sim_live(struct sim *s, double rate, uint64_t total, uint64_t now)
{
    s->life.rate = rate;
    s->life.left = total;
    s->life.at = now;
    s->life.n_due = 0;
}

double sim_live_rate(const struct sim *s)
{
    return s->life.left ? s->life.rate : 0;
}

void sim_life_tick(struct sim *s, uint64_t now)
{
    double latest = (double)now - LATEST_MS;
    struct life *life = &s->life;

    if (s->n_held)
        return;
    bring_all_back(s, now);
    if (is_still(s))
        return;
    if (due_at(s, life->n_due) < latest)
        life->n_due = (uint64_t)((latest - (double)life->at) * life->rate / 1000);
    for (int i = 0; i < BATCH && !is_still(s) && due_at(s, life->n_due) <= (double)now;
         i++) {
        life->n_due++;
        if (life->left != UINT64_MAX)
            life->left--;
        happen(s, now);
    }
}

/* While it is held up, those that hold it up have deadlines of their own. */
uint64_t sim_life_deadline(const struct sim *s)
{
    uint64_t at = is_still(s) ? NEVER : (uint64_t)ceil(due_at(s, s->life.n_due));

    for (size_t i = 0; i < s->life.n_away; i++)
        at = s->life.away[i].until < at ? s->life.away[i].until : at;
    return s->n_held ? NEVER : at;
}
