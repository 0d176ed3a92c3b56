/* replay.c - `cordage replay`: recordings to any bot, through the simulator's doors. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "replay_track.h"
#include "server.h"
#include "sim_bundle.h"
#include "sim_child.h"
#include "sim_dir.h"
#include "sim_words.h"
#include "subcommands.h"
#include "text.h"

enum {
    TRACKS_MAX = 1024,
    TICK_MS = 1,         /* as fast as it is read */
    LOOK_MS = 20,        /* for a client that has come */
    ASK_MS = 1000,       /* between two questions whether all was read */
    PATIENCE_MS = 60000, /* for the answer */
};

static const char about[] =
    "Plays recordings of `cordage record` to a bot, through the doors of `cordage sim`:\n"
    "whoever identifies as the shard of a FILE gets the READY that was recorded and "
    "then\n"
    "the events at their times. Session, heartbeats, RESUME, budget and the report of\n"
    "broken rules are the simulator's. When the bot has read all of it, it is ended "
    "with\n"
    "SIGTERM.";

static const char after[] =
    "The COMMAND gets DISCORD_TOKEN, CORDAGE_API, CORDAGE_CA_FILE, "
    "NODE_EXTRA_CA_CERTS and\n"
    "SSL_CERT_FILE as from `cordage sim`. REST knows the bot and no guild. A file that "
    "is damaged is\n"
    "played up to there: then its place is named, and the status is 1. Else it is the\n"
    "command's own, or 0 if it ended by the SIGTERM.";

struct replay {
    struct server_options options;
    struct loop *loop;
    struct host *host;
    struct server server;
    struct sim_child child;
    struct sim_words words;
    struct timer timer;
    struct track *tracks;
    size_t n_tracks;
    struct sim_source source;
    double speed; /* 0: max */
    char **command;
    char bots[SIM_DIR_SIZE];
    char bundle[SIM_DIR_SIZE + 32]; /* what bots may trust */
    uint64_t asked_at, all_fed_at;  /* 0: not yet */
    bool done, unread;
};

/* ---- The source -------------------------------------------------------------------- */

static struct track *find(struct replay *r, uint32_t shard_id, uint32_t shard_count)
{
    for (size_t i = 0; i < r->n_tracks; i++)
        if (r->tracks[i].head.shard_id == shard_id &&
            r->tracks[i].head.shard_count == shard_count)
            return &r->tracks[i];
    return NULL;
}

static bool knows(void *user, uint32_t shard_id, uint32_t shard_count)
{
    if (find(user, shard_id, shard_count))
        return true;
    fprintf(stderr,
            "cordage replay: nothing was recorded of shard %u/%u: it is refused\n",
            shard_id, shard_count);
    return false;
}

static struct str on_ready(void *user, uint32_t shard_id, uint32_t shard_count)
{
    struct replay *r = user;
    struct track *t = find(r, shard_id, shard_count);
    bool again = t->n_begun > 0 && !t->between;

    if (again)
        fprintf(stderr, "cordage replay: shard %u/%u identified anew: from the start\n",
                shard_id, shard_count);
    r->all_fed_at = 0;
    return track_ready(t, r->host->now(r->host));
}

/* ---- Time -------------------------------------------------------------------------- */

static void end_command(struct replay *r)
{
    if (r->done)
        return;
    r->done = true;
    if (!r->child.running) {
        loop_stop(r->loop);
        return;
    }
    sim_child_end(&r->child, SIM_CHILD_GRACE_MS);
}

/* Whether all recordings have been fed and read. */
static void check_end(struct replay *r, uint64_t now)
{
    bool ask = now - r->asked_at >= ASK_MS, read = true;

    for (size_t i = 0; i < r->n_tracks; i++)
        if (!r->tracks[i].at_end)
            return;
    if (!r->all_fed_at)
        r->all_fed_at = now;
    for (size_t i = 0; i < r->n_tracks; i++)
        read = track_was_read(&r->tracks[i], r->server.sim, ask) && read;
    if (ask)
        r->asked_at = now;
    r->unread = !read && now - r->all_fed_at >= PATIENCE_MS;
    if (read || r->unread)
        end_command(r);
}

static void on_timer(struct timer *timer)
{
    struct replay *r = CONTAINER_OF(timer, struct replay, timer);
    uint64_t now = r->host->now(r->host), next = now + LOOK_MS;

    for (size_t i = 0; i < r->n_tracks && !r->done; i++) {
        uint64_t at = track_tick(&r->tracks[i], r->server.sim, r->speed, now);

        at = at <= now ? now + TICK_MS : at;
        next = at < next ? at : next;
    }
    door_gateway_kick(r->server.gateway);
    sim_words_news(&r->words, sim_report(r->server.sim), stderr);
    if (!r->done)
        check_end(r, now);
    r->host->arm(r->host, timer, next);
}

static void on_ended(struct sim_child *child)
{
    loop_stop(CONTAINER_OF(child, struct replay, child)->loop);
}

/* ---- What it says ------------------------------------------------------------------ */

static void say_track(const struct track *t)
{
    uint64_t ms = t->ended_at > t->started_at ? t->ended_at - t->started_at : 0;
    char took[TEXT_DURATION];

    printf("%s: shard %u/%u, %" PRIu64 " event%s", t->path, t->head.shard_id,
           t->head.shard_count, t->n, t->n == 1 ? "" : "s");
    if (t->n > 1)
        printf(" in %s (%.0f a second)", text_duration(ms, took),
               (double)t->n * 1000 / (double)(ms ? ms : 1));
    puts(t->n_begun == 0 ? ": no bot has identified as it"
         : !t->at_end    ? ": not all of them"
         : !t->read_all  ? ": the bot has not said that it read them"
                         : "");
}

/* The exit status. */
static int tell(struct replay *r, int status)
{
    bool whole = true;

    for (size_t i = 0; i < r->n_tracks; i++) {
        struct track *t = &r->tracks[i];

        say_track(t);
        whole = whole && t->at_end && t->error.code == 0;
        if (t->error.code)
            fprintf(stderr, "cordage replay: %s\n", t->error.message);
    }
    sim_words_summary(&r->words, sim_report(r->server.sim), stderr);
    if (r->done && (status == 128 + SIGTERM || r->child.killed))
        status = 0;
    return status ? status : whole && !r->unread ? 0 : 1;
}

static int fail(const cordage_error *error)
{
    fprintf(stderr, "cordage replay: %s\n", error->message);
    return cordage_exit_status(error->code);
}

/* ---- Running ----------------------------------------------------------------------- */

static int start_command(struct replay *r, cordage_error *error)
{
    const struct server *s = &r->server;
    char token[1100], api[LIMIT_URL + 16], ca[560], node_ca[560], trusted[560];
    char state[560];
    const char *const env[] = { token,   api,     ca,
                                node_ca, trusted, r->bots[0] ? state : NULL,
                                NULL };

    snprintf(token, sizeof token, "DISCORD_TOKEN=%s", sim_token(s->sim));
    snprintf(api, sizeof api, "CORDAGE_API=%s", s->api);
    snprintf(ca, sizeof ca, "CORDAGE_CA_FILE=%s", s->cert.ca_file);
    snprintf(node_ca, sizeof node_ca, "NODE_EXTRA_CA_CERTS=%s", s->cert.ca_file);
    snprintf(trusted, sizeof trusted, "SSL_CERT_FILE=%s", r->bundle);
    snprintf(state, sizeof state, "CORDAGE_STATE_DIR=%s", r->bots);
    return sim_child_start(&r->child, r->command, env, error);
}

static int serve(struct replay *r)
{
    cordage_error error = { 0 };
    int status = 0;

    if (server_start(&r->server, r->loop, &r->options, &error))
        return fail(&error);
    if (sim_bundle(r->options.certificates, r->server.cert.ca_file, r->bundle, &error)) {
        server_close(&r->server);
        return fail(&error);
    }
    r->source = (struct sim_source){ r, knows, on_ready };
    sim_set_source(r->server.sim, &r->source);
    if (!r->command)
        status = sim_words_hello(&r->server, r->bots, r->bundle, stdout, NULL);
    if (r->command)
        sim_words_state("replay", stderr);
    if (status == 0 && r->command && start_command(r, &error)) {
        fail(&error);
        status = r->child.status;
    }
    if (status == 0) {
        r->timer.fire = on_timer;
        r->host->arm(r->host, &r->timer, r->host->now(r->host));
        loop_run(r->loop);
        r->host->disarm(r->host, &r->timer);
        status = tell(r, r->child.status);
    }
    server_close(&r->server);
    return status;
}

static int run(struct replay *r)
{
    struct loop_options options = { .speed = 1, .log = sim_words_log(false) };
    cordage_error error = { 0 };
    char dir[SIM_DIR_SIZE];
    int status;

    if (sim_dir(dir, &error) || sim_dir_make(dir, &error))
        return fail(&error);
    r->options.certificates = dir;
    sim_dir_bots(r->bots);
    if (loop_new(&options, &r->loop, &error)) {
        sim_dir_drop(r->bots);
        return fail(&error);
    }
    r->host = loop_host(r->loop);
    if (sim_child_init(&r->child, loop_uv(r->loop), r->command != NULL, &error)) {
        status = fail(&error);
    } else {
        status = serve(r);
        sim_child_close(&r->child);
    }
    loop_free(r->loop);
    sim_dir_drop(r->bots);
    server_release(&r->server);
    return status;
}

/* ---- The command line -------------------------------------------------------------- */

static int open_tracks(struct replay *r, char **paths, int n)
{
    cordage_error error;

    r->tracks = calloc((size_t)n, sizeof *r->tracks);
    if (!r->tracks)
        return 1;
    for (int i = 0; i < n; i++) {
        struct track *t = &r->tracks[i];

        if (track_open(t, paths[i], &error))
            return fail(&error);
        if (find(r, t->head.shard_id, t->head.shard_count)) {
            fprintf(stderr, "cordage replay: %s and %s are of one shard, %u/%u\n",
                    find(r, t->head.shard_id, t->head.shard_count)->path, paths[i],
                    t->head.shard_id, t->head.shard_count);
            track_release(t);
            return 2;
        }
        r->n_tracks++;
        if (!t->has_event) {
            fprintf(stderr, "cordage replay: %s: there is nothing to play%s%s\n",
                    paths[i], t->error.code ? ": " : "",
                    t->error.code ? t->error.message : " in it");
            return 1;
        }
    }
    return ARGS_GO;
}

static int read_speed(const char *text, double *speed)
{
    char *end;

    *speed = 0;
    if (strcmp(text, "max") == 0)
        return ARGS_GO;
    *speed = strtod(text, &end);
    if (*text && !*end && *speed >= 0.001 && *speed <= 100000)
        return ARGS_GO;
    fprintf(stderr,
            "cordage replay: --speed takes max, or a number from 0.001 to 100000, not "
            "'%s'\n",
            text);
    return 2;
}

static void choose_world(struct replay *r)
{
    struct sim_config *c = &r->options.sim;

    server_options_default(&r->options);
    c->guilds = 0;
    c->bot_id = r->tracks[0].bot_id;
    c->recommended_shards = r->tracks[0].head.shard_count;
    c->max_concurrency = (uint32_t)r->n_tracks; /* so that all may begin at once */
}

int command_replay(int argc, char **argv)
{
    struct replay r = { .child.ended = on_ended,
                        .child.name = "replay",
                        .child.signal_fd = -1 };
    const char *speed = "1";
    const struct arg list[] = {
        { .name = "speed",
          .value = "X",
          .help = "1 as it was, 10 ten times as fast, max: as fast\nas the bot reads",
          .text = &speed },
        { 0 },
    };
    const struct args args = { .command = "replay",
                               .usage = "[OPTION]... FILE... [-- COMMAND [ARGUMENT]...]",
                               .about = about,
                               .after = after,
                               .list = list,
                               .min_operands = 1,
                               .max_operands = TRACKS_MAX };
    char **files;
    int n, status, own = 0;

    while (own < argc && strcmp(argv[own], "--") != 0)
        own++;
    if (own + 1 < argc)
        r.command = argv + own + 1;
    if (own < argc)
        argv[own] = NULL;
    status = args_parse(&args, own, argv, &files, &n, stdout, stderr);
    if (status == ARGS_GO)
        status = read_speed(speed, &r.speed);
    if (status != ARGS_GO)
        return status;
    status = open_tracks(&r, files, n);
    if (status == ARGS_GO) {
        choose_world(&r);
        signal(SIGPIPE, SIG_IGN);
        status = run(&r);
    }
    for (size_t i = 0; i < r.n_tracks; i++)
        track_release(&r.tracks[i]);
    free(r.tracks);
    return status;
}
