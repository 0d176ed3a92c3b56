#include "botrig.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct tally {
    uint64_t last; /* running number seen */
};

static struct tally *tally_of(struct bot *b, uint64_t guild_id)
{
    struct tally *t = map_get(&b->guilds, guild_id);

    if (!t) {
        t = calloc(1, sizeof *t);
        map_put(&b->guilds, guild_id, t);
    }
    return t;
}

static void on_message(cordage_client *c, const cordage_message *m, void *user)
{
    struct bot *b = user;
    struct tally *t;
    uint64_t number;

    (void)c;
    if (!str_u64((struct str){ m->nonce.p, m->nonce.n }, &number))
        return;
    if (b->on_message)
        b->on_message(b, m);
    pthread_mutex_lock(&b->lock);
    t = tally_of(b, m->guild_id);
    b->messages++;
    if (number <= t->last) {
        b->repeated++;
    } else {
        b->skipped += number - t->last - 1;
        t->last = number;
    }
    pthread_cond_signal(&b->changed);
    pthread_mutex_unlock(&b->lock);
}

static void count(struct bot *b, unsigned *what)
{
    pthread_mutex_lock(&b->lock);
    ++*what;
    pthread_cond_signal(&b->changed);
    pthread_mutex_unlock(&b->lock);
}

static void on_ready(cordage_client *c, const cordage_ready *ready, void *user)
{
    struct bot *b = user;

    (void)c;
    (void)ready;
    count(b, &b->ready);
}

static void on_resumed(cordage_client *c, const cordage_resumed *resumed, void *user)
{
    struct bot *b = user;

    (void)c;
    (void)resumed;
    count(b, &b->resumed);
}

static void *run_client(void *user)
{
    struct bot *b = user;

    b->status = cordage_client_run(b->client);
    return NULL;
}

bool bot_wait(struct bot *b, unsigned ready, unsigned resumed, uint64_t messages)
{
    struct timespec until;
    uint64_t before = UINT64_MAX;
    bool reached;

    pthread_mutex_lock(&b->lock);
    for (;;) {
        uint64_t now = b->messages + b->resumed + b->ready;

        reached = b->ready >= ready && b->resumed >= resumed && b->messages >= messages;
        if (reached)
            break;
        if (now != before) {
            before = now;
            clock_gettime(CLOCK_REALTIME, &until);
            until.tv_sec += BOT_PATIENCE_S;
        }
        if (pthread_cond_timedwait(&b->changed, &b->lock, &until) &&
            before == b->messages + b->resumed + b->ready)
            break;
    }
    if (!reached)
        printf("waited for %u ready, %u resumed, %llu messages; have %u, %u, %llu\n",
               ready, resumed, (unsigned long long)messages, b->ready, b->resumed,
               (unsigned long long)b->messages);
    pthread_mutex_unlock(&b->lock);
    return reached;
}

cordage_options bot_options(struct simrig *sim)
{
    cordage_options options = CORDAGE_OPTIONS_INIT;

    options.token = simrig_token(sim);
    options.api = simrig_api(sim);
    options.ca_file = simrig_ca_file(sim);
    options.intents = CORDAGE_INTENT_GUILDS | CORDAGE_INTENT_GUILD_MESSAGES |
                      CORDAGE_INTENT_MESSAGE_CONTENT;
    options.handler_threads = 2;
    options.handle_signals = 0;
    options.state_dir = "";
    return options;
}

void bot_start(struct bot *b, struct simrig *sim, const cordage_options *options)
{
    cordage_error error;

    b->sim = sim;
    pthread_mutex_init(&b->lock, NULL);
    pthread_cond_init(&b->changed, NULL);
    if (cordage_client_new(options, &b->client, &error) < 0) {
        fprintf(stderr, "botrig: %s\n", error.message);
        exit(1);
    }
    cordage_on_ready(b->client, on_ready, b);
    cordage_on_resumed(b->client, on_resumed, b);
    cordage_on_message_create(b->client, on_message, b);
    pthread_create(&b->thread, NULL, run_client, b);
}

void bot_stop(struct bot *b)
{
    cordage_client_stop(b->client);
    pthread_join(b->thread, NULL);
    cordage_client_free(b->client);
    b->client = NULL;
}

void bot_release(struct bot *b)
{
    struct tally *t;
    size_t at = 0;

    while ((t = map_next(&b->guilds, &at, NULL)))
        free(t);
    map_release(&b->guilds);
    pthread_cond_destroy(&b->changed);
    pthread_mutex_destroy(&b->lock);
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

void bot_talk(struct bot *b, double rate, uint64_t total)
{
    struct talk talk = { rate, total };

    simrig_on_loop(b->sim, begin_talk, &talk);
}

static void read_numbers(struct sim *sim, uint64_t now, void *user)
{
    struct bot_numbers *n = user;
    const struct report *r = sim_report(sim);
    const struct world *w = sim_world(sim);

    (void)now;
    *n = (struct bot_numbers){ r->identifies, r->resumes, r->connections, 0 };
    for (uint32_t i = 0; i < w->n_guilds; i++)
        n->said += w->guilds[i].said;
}

struct bot_numbers bot_numbers(struct bot *b)
{
    struct bot_numbers n;

    simrig_on_loop(b->sim, read_numbers, &n);
    return n;
}

double bot_scale(void)
{
    const char *text = getenv("CORDAGE_TEST_SCALE");

    return text ? strtod(text, NULL) : 1;
}
