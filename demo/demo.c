/* demo.c - the main job, seen live.
 *
 * Starts the offline Discord, connects a bot over four shards through TLS and
 * compression, and waits until each shard has answered a `!ping`. Then it cuts one
 * shard's connection, watches it resume, and asks the simulator what was said and
 * which rules were broken. The exit code is 0 only if nothing was. */
#include <cordage/cordage.h>

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "offline.h"
#include "tally.h"
#include "view.h"

enum { SHARDS = VIEW_SHARDS, VICTIM = 2, STEP_MS = 50, PATIENCE_MS = 40 * 1000 };

struct demo {
    struct offline offline;
    struct tally tally;
    struct view view;
    cordage_client *client;
    const char *phase;
    atomic_uint ready, resumes;
    atomic_ullong pings, answered, answered_by_shard[SHARDS];
    atomic_int run_status;
    atomic_bool ended;
    sigset_t signals; /* that end the demo; blocked everywhere, waited for in step() */
    bool interrupted;
    int waited_ms; /* in all phases together */
};

/* ---- The bot --------------------------------------------------------------- */

struct ping {
    struct demo *demo;
    uint32_t shard;
};

static void on_ready(cordage_client *c, const cordage_ready *ready, void *user)
{
    struct demo *d = user;

    (void)c;
    d->ready++;
    view_say(&d->view, "shard %u/%u ready: %zu guilds", ready->shard_id,
             ready->shard_count, ready->n_guilds);
}

static void on_resumed(cordage_client *c, const cordage_resumed *resumed, void *user)
{
    struct demo *d = user;

    (void)c;
    d->resumes++;
    view_say(&d->view, "shard %u resumed: %llu events replayed", resumed->shard_id,
             (unsigned long long)resumed->replayed);
}

static void on_answered(cordage_client *c, const cordage_result *result, void *user)
{
    struct ping *ping = user;

    (void)c;
    if (result->err) {
        view_say(&ping->demo->view, "an answer failed: %s", result->message);
    } else if (ping->demo->answered_by_shard[ping->shard]++ == 0) {
        view_say(&ping->demo->view, "shard %u: !ping -> Pong!", ping->shard);
    }
    ping->demo->answered += result->err == 0;
    free(ping);
}

static void answer(struct demo *d, cordage_client *c, const cordage_message *m)
{
    struct ping *ping = malloc(sizeof *ping);

    if (!ping)
        return;
    *ping = (struct ping){ d, m->event->shard_id };
    if (cordage_create_message(c, m->channel_id, "Pong!", on_answered, ping) < 0)
        free(ping);
}

static void on_message(cordage_client *c, const cordage_message *m, void *user)
{
    struct demo *d = user;
    char number[24];

    if (m->author_is_bot)
        return;
    snprintf(number, sizeof number, "%.*s", (int)m->nonce.n, m->nonce.p);
    tally_count(&d->tally, m->guild_id, strtoull(number, NULL, 10));
    if (cordage_str_is(m->content, "!ping")) {
        d->pings++;
        answer(d, c, m);
    }
}

static void on_log(cordage_log_level level, const char *text, void *user)
{
    if (level <= CORDAGE_LOG_WARN)
        view_say(user, "%s", text);
}

static void *run_bot(void *user)
{
    struct demo *d = user;

    d->run_status = cordage_client_run(d->client);
    d->ended = true;
    return NULL;
}

static int make_bot(struct demo *d)
{
    cordage_options options = CORDAGE_OPTIONS_INIT;
    cordage_error error;

    options.token = d->offline.token;
    options.api = d->offline.api;
    options.ca_file = d->offline.ca_file;
    options.intents = CORDAGE_INTENT_GUILDS | CORDAGE_INTENT_GUILD_MESSAGES |
                      CORDAGE_INTENT_MESSAGE_CONTENT;
    options.shard_count = SHARDS;
    options.log = on_log;
    options.log_user = &d->view;
    options.handle_signals = 0; /* the director has them */
    options.state_dir = "";     /* this Discord ends with the demo */
    if (cordage_client_new(&options, &d->client, &error) < 0)
        return cordage_error_print(&error, stderr);
    cordage_on_ready(d->client, on_ready, d);
    cordage_on_resumed(d->client, on_resumed, d);
    cordage_on_message_create(d->client, on_message, d);
    return 0;
}

/* ---- The director ------------------------------------------------------------ */

static void step(struct demo *d)
{
    const struct timespec pause = { .tv_nsec = STEP_MS * 1000 * 1000 };
    struct view_counts counts = { .pings = d->pings,
                                  .answered = d->answered,
                                  .messages = d->tally.messages,
                                  .phase = d->phase };

    for (int i = 0; i < SHARDS; i++)
        counts.answered_by_shard[i] = d->answered_by_shard[i];
    view_draw(&d->view, d->client, &counts);
    if (sigtimedwait(&d->signals, NULL, &pause) > 0)
        d->interrupted = true;
}

/* Until it is so; false when patience or the bot ends first. */
static bool wait_for(struct demo *d, const char *phase, bool (*is_so)(struct demo *d))
{
    d->phase = phase;
    if (!d->view.live)
        view_say(&d->view, "-- %s", phase);
    for (; d->waited_ms < PATIENCE_MS; d->waited_ms += STEP_MS) {
        if (is_so(d))
            return true;
        if (d->ended || d->interrupted)
            return false;
        step(d);
    }
    view_say(&d->view, "gave up waiting: %s", phase);
    return false;
}

static bool all_ready(struct demo *d)
{
    return d->ready >= SHARDS;
}

static bool all_answered(struct demo *d)
{
    for (int i = 0; i < SHARDS; i++)
        if (!d->answered_by_shard[i])
            return false;
    return true;
}

static bool victim_resumed(struct demo *d)
{
    return d->resumes >= 1;
}

static bool pings_done(struct demo *d)
{
    return d->answered >= d->pings;
}

static bool watched_a_while(struct demo *d)
{
    static int steps;

    (void)d;
    return ++steps > 4000 / STEP_MS;
}

/* Numbers of the simulator's report, read from its JSON text. */
static uint64_t number_in(const char *json, const char *key)
{
    char pattern[64];
    const char *at;

    snprintf(pattern, sizeof pattern, "\"%s\":", key);
    at = json ? strstr(json, pattern) : NULL;
    return at ? strtoull(at + strlen(pattern), NULL, 10) : UINT64_MAX;
}

/* How far the bot is behind what the simulator had said to each guild when asked. */
static uint64_t behind(struct demo *d, const char *report)
{
    const char *at = report ? strstr(report, "\"traffic\":{") : NULL;
    uint64_t missing = 0;

    if (!at)
        return UINT64_MAX;
    for (at = strchr(at, '{') + 1; *at == '"' || *at == ','; at++) {
        char *end;
        uint64_t guild, said;

        at += *at == ',';
        guild = strtoull(at + 1, &end, 10);
        said = strtoull(strchr(end, ':') + 1, &end, 10);
        if (said > tally_last(&d->tally, guild))
            missing += said - tally_last(&d->tally, guild);
        at = end - 1;
    }
    return missing;
}

static void show_rules(const char *report)
{
    const char *rules = report ? strstr(report, "\"rules_broken\":[") : NULL;

    if (rules)
        printf("rules broken, as the simulator saw it: %.*s\n",
               (int)(strcspn(rules + 15, "]") + 1), rules + 15);
}

static void stop_bot(struct demo *d)
{
    cordage_client_stop(d->client);
    while (!d->ended)
        step(d);
}

/* Waits for what is still on its way, stops the bot, and writes the last line. Whether
 * all of it held. */
static bool judge(struct demo *d, const char *report, char *line, size_t size)
{
    uint64_t rules = number_in(report, "n_rules_broken");
    uint64_t lost = behind(d, report);
    uint64_t rounds = 0;
    bool good;

    /* What was said just before the report was written may still be on its way. */
    while (lost && lost != UINT64_MAX && !d->ended && !d->interrupted &&
           rounds++ < 5000 / STEP_MS) {
        step(d);
        lost = behind(d, report);
    }
    if (lost != UINT64_MAX)
        lost += d->tally.skipped;
    good = d->ready >= SHARDS && all_answered(d) && d->answered == d->pings &&
           d->resumes > 0 && lost == 0 && d->tally.repeated == 0 && rules == 0;
    stop_bot(d);
    if (d->tally.repeated)
        printf("messages that came twice: %llu\n", (unsigned long long)d->tally.repeated);
    show_rules(report);
    snprintf(
        line, size,
        "demo: shards %u/%u ready, pings %llu answered %llu, resumes %u, events lost "
        "%llu, rules broken %llu",
        (unsigned)d->ready, SHARDS, (unsigned long long)d->pings,
        (unsigned long long)d->answered, (unsigned)d->resumes, (unsigned long long)lost,
        (unsigned long long)rules);
    return good && d->run_status == 0;
}

static void play(struct demo *d)
{
    char fault[64];

    if (!wait_for(d, "four shards connect, two at a time: Discord allows no more",
                  all_ready) ||
        !wait_for(d, "members say !ping, the bot answers Pong! on every shard",
                  all_answered))
        return;
    view_say(&d->view, "the connection of shard %d is cut", VICTIM);
    snprintf(fault, sizeof fault, "{\"kind\":\"reset\",\"shard\":[%d,%d]}", VICTIM,
             SHARDS);
    free(offline_ask(&d->offline, "/_sim/fault", fault));
    wait_for(d, "it resumes its session, and what was said meanwhile comes after",
             victim_resumed);
    wait_for(d, "life goes on", watched_a_while);
}

static bool direct(struct demo *d, char *line, size_t size)
{
    char *report;
    bool good;

    play(d);
    wait_for(d, "asking the simulator what it saw", pings_done);
    if (d->interrupted) {
        stop_bot(d);
        snprintf(line, size, "demo: interrupted before its end");
        return false;
    }
    report = offline_ask(&d->offline, "/_sim/report?traffic=1", NULL);
    good = judge(d, report, line, size);
    free(report);
    return good;
}

int main(void)
{
    static struct demo d;
    char line[200] = "";
    pthread_t bot;
    bool good = false;

    sigemptyset(&d.signals);
    sigaddset(&d.signals, SIGINT);
    sigaddset(&d.signals, SIGTERM);
    sigaddset(&d.signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &d.signals, NULL);
    view_init(&d.view);
    tally_init(&d.tally);
    d.phase = "starting an offline Discord";
    if (offline_start(&d.offline) == 0 && make_bot(&d) == 0 &&
        pthread_create(&bot, NULL, run_bot, &d) == 0) {
        view_say(&d.view, "an offline Discord listens at %s", d.offline.origin);
        good = direct(&d, line, sizeof line);
        pthread_join(bot, NULL);
    }
    cordage_client_free(d.client);
    offline_stop(&d.offline);
    if (*line)
        puts(line);
    return good ? 0 : 1;
}
