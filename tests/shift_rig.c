#include "shift_rig.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "botrig.h"
#include "test.h"

static uint64_t now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* ---- What the bots see ---------------------------------------------------------------
 */

static void tally(struct shift_rig *r, uint64_t guild, uint64_t number)
{
    uint64_t *last = map_get(&r->numbers, guild);

    if (!last) {
        last = calloc(1, sizeof *last);
        map_put(&r->numbers, guild, last);
    }
    r->messages++;
    if (number <= *last) {
        r->doubled++;
    } else {
        r->lost += number - *last - 1;
        *last = number;
    }
}

static void on_message(cordage_client *c, const cordage_message *m, void *user)
{
    struct shift_rig *r = ((struct shift_bot *)user)->rig;
    uint64_t number;

    (void)c;
    if (!str_u64((struct str){ m->nonce.p, m->nonce.n }, &number))
        return;
    if (r->on_message)
        r->on_message(r, m);
    pthread_mutex_lock(&r->lock);
    tally(r, m->guild_id, number);
    pthread_cond_broadcast(&r->changed);
    pthread_mutex_unlock(&r->lock);
}

static void on_ready(cordage_client *c, const cordage_ready *ready, void *user)
{
    struct shift_rig *r = ((struct shift_bot *)user)->rig;

    (void)c;
    pthread_mutex_lock(&r->lock);
    r->ways[ready->shard_id].ready++;
    pthread_cond_broadcast(&r->changed);
    pthread_mutex_unlock(&r->lock);
}

static void on_resumed(cordage_client *c, const cordage_resumed *resumed, void *user)
{
    struct shift_rig *r = ((struct shift_bot *)user)->rig;
    struct shift_way *way = &r->ways[resumed->shard_id];

    (void)c;
    pthread_mutex_lock(&r->lock);
    way->resumed++;
    if (way->left_us && r->n_gaps < sizeof r->gaps_us / sizeof *r->gaps_us)
        r->gaps_us[r->n_gaps++] = now_us() - way->left_us;
    way->left_us = 0;
    pthread_cond_broadcast(&r->changed);
    pthread_mutex_unlock(&r->lock);
}

/* ---- Waiting --------------------------------------------------------------------------
 */

void shift_wait(struct shift_rig *r, bool (*is_so)(struct shift_rig *r, void *user),
                void *user, const char *what)
{
    struct timespec until;
    bool so;

    pthread_mutex_lock(&r->lock);
    while (!(so = is_so(r, user))) {
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += SHIFT_PATIENCE_S;
        if (pthread_cond_timedwait(&r->changed, &r->lock, &until))
            break;
    }
    pthread_mutex_unlock(&r->lock);
    if (!so)
        fail_msg("waited in vain for %s: %llu messages", what,
                 (unsigned long long)r->messages);
}

static bool has_messages(struct shift_rig *r, void *user)
{
    return r->messages - r->doubled >= *(uint64_t *)user;
}

void shift_wait_messages(struct shift_rig *r, uint64_t messages)
{
    shift_wait(r, has_messages, &messages, "messages");
}

/* ---- Orders ---------------------------------------------------------------------------
 */

struct order {
    struct mail mail;
    struct shift_bot *bot;
    uint32_t shard, patience_ms;
};

/* On a control loop. */
static struct shift_bot *bot_of(struct shift_rig *r, const cordage_client *c)
{
    return &r->bots[c == r->bots[1].client];
}

/* The callbacks have no user pointer: the client leads to its rig. */
static struct shift_rig *rig_of(const cordage_client *c)
{
    return c->settings.log_user;
}

static void on_taken(cordage_client *c, uint32_t shard_id, const struct shift_taken *how)
{
    struct shift_rig *r = rig_of(c);
    struct shift_way *way = &r->ways[shard_id];

    pthread_mutex_lock(&r->lock);
    way->taken = *how;
    way->n_taken++;
    if (!how->err)
        way->at = bot_of(r, c);
    pthread_cond_broadcast(&r->changed);
    pthread_mutex_unlock(&r->lock);
}

static void on_given(cordage_client *c, uint32_t shard_id, const struct shift_given *how)
{
    struct shift_rig *r = rig_of(c);
    struct shift_way *way = &r->ways[shard_id];

    pthread_mutex_lock(&r->lock);
    way->given = *how;
    way->n_given++;
    if (way->at == bot_of(r, c))
        way->at = NULL;
    pthread_cond_broadcast(&r->changed);
    pthread_mutex_unlock(&r->lock);
}

static void run_take(struct mail *mail)
{
    struct order *o = CONTAINER_OF(mail, struct order, mail);

    shift_take(o->bot->client, o->shard, 0, on_taken);
    free(o);
}

static void run_give(struct mail *mail)
{
    struct order *o = CONTAINER_OF(mail, struct order, mail);

    shift_give(o->bot->client, o->shard, o->patience_ms, on_given);
    free(o);
}

static void post(struct shift_rig *r, unsigned bot, uint32_t shard, uint32_t patience_ms,
                 void (*run)(struct mail *mail))
{
    struct order *o = calloc(1, sizeof *o);

    *o = (struct order){ .bot = &r->bots[bot],
                         .shard = shard,
                         .patience_ms = patience_ms };
    list_init(&o->mail.link);
    o->mail.run = run;
    if (client_post(o->bot->client, &o->mail))
        free(o);
}

void shift_order_take(struct shift_rig *r, unsigned bot, uint32_t shard)
{
    post(r, bot, shard, 0, run_take);
}

void shift_order_give(struct shift_rig *r, unsigned bot, uint32_t shard,
                      uint32_t patience_ms)
{
    pthread_mutex_lock(&r->lock);
    r->ways[shard].left_us = now_us();
    pthread_mutex_unlock(&r->lock);
    post(r, bot, shard, patience_ms, run_give);
}

struct goal {
    uint32_t shard;
    unsigned n_taken, n_given, up;
};

static bool is_given(struct shift_rig *r, void *user)
{
    const struct goal *g = user;

    return r->ways[g->shard].n_given >= g->n_given;
}

static bool is_up(struct shift_rig *r, void *user)
{
    const struct goal *g = user;
    const struct shift_way *way = &r->ways[g->shard];

    return way->n_taken >= g->n_taken && way->ready + way->resumed >= g->up;
}

static struct goal next_of(struct shift_rig *r, uint32_t shard)
{
    const struct shift_way *way = &r->ways[shard];
    struct goal g;

    pthread_mutex_lock(&r->lock);
    g = (struct goal){ shard, way->n_taken + 1, way->n_given + 1,
                       way->ready + way->resumed + 1 };
    pthread_mutex_unlock(&r->lock);
    return g;
}

void shift_move(struct shift_rig *r, unsigned from, unsigned to, uint32_t shard,
                uint32_t patience_ms)
{
    struct goal goal = next_of(r, shard);

    shift_order_give(r, from, shard, patience_ms);
    shift_wait(r, is_given, &goal, "GIVEN");
    shift_order_take(r, to, shard);
    shift_wait(r, is_up, &goal, "TAKEN and RESUMED");
}

void shift_take_and_wait(struct shift_rig *r, unsigned bot, uint32_t shard)
{
    struct goal goal = next_of(r, shard);

    shift_order_take(r, bot, shard);
    shift_wait(r, is_up, &goal, "TAKEN and up");
}

void shift_give_and_wait(struct shift_rig *r, unsigned bot, uint32_t shard,
                         uint32_t patience_ms)
{
    struct goal goal = next_of(r, shard);

    shift_order_give(r, bot, shard, patience_ms);
    shift_wait(r, is_given, &goal, "GIVEN");
}

/* ---- The bots -------------------------------------------------------------------------
 */

static void log_nothing(cordage_log_level level, const char *line, void *user)
{
    (void)user;
    if (getenv("SHIFT_LOG"))
        fprintf(stderr, "%d %s\n", level, line);
}

static void *run(void *user)
{
    struct shift_bot *b = user;

    CHECK_INT(cordage_client_run(b->client), 0);
    return NULL;
}

static bool is_running(struct shift_rig *r, void *user)
{
    struct shift_bot *b = user;

    (void)r;
    return b->client->has_crew;
}

void shift_bot_start(struct shift_rig *r, unsigned bot)
{
    struct shift_bot *b = &r->bots[bot];
    cordage_options options = bot_options(r->sim);
    struct timespec tick = { 0, 1000 * 1000 };
    cordage_error error;

    options.state_dir = r->state;
    options.shard_count = SHIFT_SHARDS;
    options.log = log_nothing;
    options.log_user = r;
    if (r->intents)
        options.intents = r->intents;
    for (int i = 0; i < CORDAGE_N_KINDS; i++)
        options.cache[i] = strcmp(r->keep, "all") == 0 ? CORDAGE_FOREVER : CORDAGE_NEVER;
    b->rig = r;
    if (cordage_client_new(&options, &b->client, &error) < 0)
        fail_msg("%s", error.message);
    b->client->starts_empty = true;
    cordage_on_ready(b->client, on_ready, b);
    cordage_on_resumed(b->client, on_resumed, b);
    cordage_on_message_create(b->client, on_message, b);
    CHECK_INT(pthread_create(&b->thread, NULL, run, b), 0);
    for (unsigned i = 0; !is_running(r, b); i++) {
        if (i > SHIFT_PATIENCE_S * 1000)
            fail_msg("bot %u does not run", bot);
        nanosleep(&tick, NULL);
    }
}

void shift_bot_stop(struct shift_rig *r, unsigned bot)
{
    struct shift_bot *b = &r->bots[bot];

    cordage_client_stop(b->client);
    pthread_join(b->thread, NULL);
    cordage_client_free(b->client);
    b->client = NULL;
    pthread_mutex_lock(&r->lock);
    for (uint32_t i = 0; i < SHIFT_SHARDS; i++)
        if (r->ways[i].at == b)
            r->ways[i].at = NULL;
    pthread_mutex_unlock(&r->lock);
}

/* ---- The world around them ------------------------------------------------------------
 */

void shift_setup(struct shift_rig *r, const struct sim_config *config, double speed,
                 const char *keep)
{
    *r = (struct shift_rig){ .keep = keep };
    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->changed, NULL);
    r->sim = simrig_start(config, speed);
    snprintf(r->state, sizeof r->state, "/tmp/cordage-shift-XXXXXX");
    CHECK(mkdtemp(r->state) != NULL);
}

static int remove_entry(const char *path, const struct stat *st, int type,
                        struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

void shift_teardown(struct shift_rig *r)
{
    uint64_t *last;
    size_t at = 0;

    for (unsigned i = 0; i < SHIFT_BOTS; i++)
        if (r->bots[i].client)
            shift_bot_stop(r, i);
    simrig_stop(r->sim);
    nftw(r->state, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    while ((last = map_next(&r->numbers, &at, NULL)))
        free(last);
    map_release(&r->numbers);
    pthread_cond_destroy(&r->changed);
    pthread_mutex_destroy(&r->lock);
}

struct talk {
    double rate;
    uint64_t total;
};

static void begin_talk(struct sim *sim, uint64_t now, void *user)
{
    const struct talk *talk = user;

    sim_set_traffic(sim, talk->rate, talk->total, now);
}

void shift_talk(struct shift_rig *r, double rate, uint64_t total)
{
    struct talk talk = { rate, total };

    simrig_on_loop(r->sim, begin_talk, &talk);
}

struct sum {
    uint64_t said, identifies;
};

static void sum_up(struct sim *sim, uint64_t now, void *user)
{
    const struct world *w = sim_world(sim);
    struct sum *sum = user;

    (void)now;
    *sum = (struct sum){ .identifies = sim_report(sim)->identifies };
    for (uint32_t i = 0; i < w->n_guilds; i++)
        sum->said += w->guilds[i].said;
}

void shift_come_to_rest(struct shift_rig *r)
{
    struct sum sum;

    shift_talk(r, 0, 0);
    simrig_on_loop(r->sim, sum_up, &sum);
    shift_wait_messages(r, sum.said);
    CHECK_INT(r->messages - r->doubled, sum.said);
}

uint64_t shift_identifies(struct shift_rig *r)
{
    struct sum sum;

    simrig_on_loop(r->sim, sum_up, &sum);
    return sum.identifies;
}

static int by_size(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

void shift_print_gaps(struct shift_rig *r, const char *what)
{
    pthread_mutex_lock(&r->lock);
    if (r->n_gaps == 0) {
        pthread_mutex_unlock(&r->lock);
        return;
    }
    qsort(r->gaps_us, r->n_gaps, sizeof *r->gaps_us, by_size);
    printf("%s: %zu hand-overs, without events: median %.1f ms, worst %.1f ms\n", what,
           r->n_gaps, (double)r->gaps_us[r->n_gaps / 2] / 1000,
           (double)r->gaps_us[r->n_gaps - 1] / 1000);
    pthread_mutex_unlock(&r->lock);
}
