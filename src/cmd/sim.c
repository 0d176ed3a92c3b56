/* sim.c - `cordage sim`: an offline Discord on loopback. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "limits.h"
#include "server.h"
#include "sim_bundle.h"
#include "sim_child.h"
#include "sim_dir.h"
#include "sim_play.h"
#include "sim_words.h"
#include "subcommands.h"

enum {
    PORT_DEFAULT = 8443,
    PORT_LAST = 65533, /* the gateway's two come behind it */
    TOKEN_MAX = 256,
    WATCH_MS = 250 /* how often we look for what is worth a line */
};

/* What the command line says. Numbers are as args.h wants them. */
struct choices {
    uint64_t port, bots, guilds, members, shards, max_concurrency, session_limit,
        heartbeat, seed;
    uint64_t intents, max_guilds, large_bot, multiple, message_limit, global_limit;
    double traffic, live;
    const char *address, *token;
    uint64_t blast;
    bool trim_acked, charge_on_receipt, rich, verbose, json;
    struct sim_play_options play;
};

struct sim_run {
    struct choices choices;
    struct server_options options;
    struct loop *loop;
    struct server server;
    struct sim_child child;
    struct sim_words words;
    struct sim_play play; /* with --scenario */
    uv_timer_t watch;
    char **command;                 /* NULL: none */
    char bots[SIM_DIR_SIZE];        /* where bots keep their state; empty: they decide */
    char bundle[SIM_DIR_SIZE + 32]; /* what they may trust */
    bool failed;
};

/* ---- The command line ----------------------------------------------------- */

static void choices_default(struct choices *c, const struct server_options *o)
{
    *c = (struct choices){
        .port = PORT_DEFAULT,
        .address = o->address,
        .bots = o->sim.bots,
        .guilds = o->sim.guilds,
        .members = o->sim.members,
        .shards = o->sim.recommended_shards,
        .max_concurrency = o->sim.max_concurrency,
        .session_limit = o->sim.session_limit,
        .heartbeat = o->sim.heartbeat_ms,
        .seed = o->sim.seed,
        .large_bot = o->sim.large_bot_guilds,
        .multiple = o->sim.shard_multiple,
        .intents = o->sim.allowed_intents,
        .max_guilds = o->sim.max_guilds_per_shard,
        .message_limit = o->routes.message_limit,
        .global_limit = o->routes.global_limit,
        .traffic = o->sim.traffic,
        .live = o->sim.live,
        .play.time_scale = 1,
    };
}

static void choices_apply(const struct choices *c, struct server_options *o)
{
    o->address = c->address;
    o->port = (uint16_t)c->port;
    o->sim.bots = (uint32_t)c->bots;
    o->sim.guilds = (uint32_t)c->guilds;
    o->sim.members = (uint32_t)c->members;
    o->sim.recommended_shards = (uint32_t)c->shards;
    o->sim.max_concurrency = (uint32_t)c->max_concurrency;
    o->sim.session_limit = (uint32_t)c->session_limit;
    o->sim.large_bot_guilds = (uint32_t)c->large_bot;
    o->sim.shard_multiple = (uint32_t)c->multiple;
    o->sim.heartbeat_ms = (uint32_t)c->heartbeat;
    o->sim.seed = c->seed;
    o->sim.allowed_intents = (uint32_t)c->intents;
    o->sim.max_guilds_per_shard = (uint32_t)c->max_guilds;
    o->sim.traffic = c->traffic;
    o->sim.live = c->live;
    o->sim.rich = c->rich;
    o->sim.token = c->token;
    o->sim.trim_acked = c->trim_acked;
    o->sim.blast = c->blast;
    o->sim.charge_on_receipt = c->charge_on_receipt;
    o->routes.message_limit = (uint32_t)c->message_limit;
    o->routes.global_limit = (uint32_t)c->global_limit;
}

static const char about[] =
    "Runs an offline Discord on this machine: REST, gateway, its own certificate "
    "authority.\n"
    "Bots connect to it as to the real one. It keeps a report of every rule they break.\n"
    "With a COMMAND it runs it with DISCORD_TOKEN (of further bots DISCORD_TOKEN_2...),\n"
    "CORDAGE_API, CORDAGE_CA_FILE, NODE_EXTRA_CA_CERTS and SSL_CERT_FILE set, passes\n"
    "signals on, and ends with it and its status. Unless CORDAGE_STATE_DIR is set it is\n"
    "set, too, to a folder that ends with the simulator:\n"
    "so do the sessions in it.";

static const char after[] =
    "Control, on the REST port, from this machine alone:\n"
    "  GET  /_sim                    a page for the browser: all of what follows\n"
    "  GET  /_sim/report?traffic=1   what happened, and which rules were broken\n"
    "  GET  /_sim/world              guilds and channels; ?guild=ID: all of one\n"
    "  GET  /_sim/token              the tokens; one is reset when its budget is "
    "overrun\n"
    "  POST /_sim/message            {\"guild_id\" or \"channel_id\" or \"shard\": [id, "
    "count],\n"
    "                                \"author_id\", \"content\"}: somebody says "
    "something\n"
    "  POST /_sim/interaction        {\"command\", \"custom_id\" or "
    "\"interaction_id\", ...}: somebody\n"
    "                                uses something; GET with ?id=ID: what came of it\n"
    "  POST /_sim/rights             {\"guild_id\", \"permissions\"}: what the bot may "
    "do there\n"
    "  POST /_sim/traffic            {\"per_second\", \"total\"}\n"
    "  POST /_sim/life               {\"per_second\", \"total\"}: changes of the world\n"
    "  POST /_sim/blast              {\"count\", \"shard\"}: load, as --blast\n"
    "  POST /_sim/guild              {\"guild_id\", \"happens\": outage, back, kicked, "
    "added,\n"
    "                                \"bot\": its id, else the first}\n"
    "  POST /_sim/fault              {\"kind\", \"shard\", ...}: see "
    "docs/simulator-rules.md\n"
    "  GET  /_sim/controls           every kind of fault with its fields, bots, "
    "commands, guilds\n"
    "\n"
    "With --scenario the exit status is 0 when all that was expected held, 1 when not, "
    "2 when the\n"
    "file has a mistake (docs/scenarios.md).\n"
    "\n"
    "`cordage sim check LOG` says what a bot lost, from its log. Clients that know none "
    "of the\n"
    "variables are told to trust the CA file in their own way (Python: SSL_CERT_FILE).\n"
    "The certificate is kept in $CORDAGE_STATE_DIR/sim, else "
    "$XDG_STATE_HOME/cordage/sim, else\n"
    "~/.local/state/cordage/sim.";

static int parse(struct choices *c, int argc, char **argv, char ***command,
                 int *n_command)
{
    const struct arg list[] = {
        { "port", "P", "REST; the gateway takes the next two ports. 0: free ones",
          .number = &c->port, .max = PORT_LAST },
        { "address", "A", "127.0.0.1 or ::1", .text = &c->address },
        { "bots", "N", "bots, each with its own token, all in the same guilds",
          .number = &c->bots, .min = 1, .max = WORLD_BOTS_MAX },
        { "guilds", "N", "guilds the bots are in", .number = &c->guilds,
          .max = WORLD_GUILDS_MAX },
        { "members", "N", "per guild, with the bot. 0: some dozens",
          .number = &c->members, .max = WORLD_MEMBERS_MAX },
        { "recommended-shards", "N",
          "what /gateway/bot recommends. 0: one per 1000 guilds", .number = &c->shards,
          .max = LIMIT_SHARDS },
        { "max-concurrency", "N", "identify keys", .number = &c->max_concurrency,
          .min = 1, .max = 1024 },
        { "session-limit", "N", "IDENTIFYs a day", .number = &c->session_limit,
          .max = 1000000 },
        { "heartbeat", "MS", "heartbeat interval", .number = &c->heartbeat, .min = 100,
          .max = 3600000 },
        { "max-guilds-per-shard", "N", "more, and the session is refused with 4011",
          .number = &c->max_guilds, .min = 1, .max = WORLD_GUILDS_MAX },
        { "large-bot", "N",
          "with more guilds the shard count must be a multiple of\n"
          "--shard-multiple, else 4010; /gateway/bot says so, and that\n"
          "max_concurrency is as large",
          .number = &c->large_bot, .max = WORLD_GUILDS_MAX },
        { "shard-multiple", "N", "see --large-bot", .number = &c->multiple, .min = 1,
          .max = LIMIT_SHARDS },
        { "intents", "N", "the intents that the application may use, as a number",
          .number = &c->intents, .max = UINT32_MAX },
        { "traffic", "N", "messages a second, over all guilds", .real = &c->traffic,
          .max = 1000000 },
        { "live", "N", "changes a second: channels, roles, members, voice, outages...",
          .real = &c->live, .max = 100000 },
        { "rich", NULL,
          "every guild has channels of all types, threads, stickers,\n"
          "sounds, a stage and events; else every fourth",
          .flag = &c->rich },
        { "message-limit", "N", "POST messages per channel and 5 s. 0: no limit",
          .number = &c->message_limit, .max = UINT32_MAX },
        { "global-limit", "N", "REST requests a second. 0: no limit",
          .number = &c->global_limit, .max = UINT32_MAX },
        { "charge-on-receipt", NULL, "an IDENTIFY costs when it comes, not with READY",
          .flag = &c->charge_on_receipt },
        { "blast", "N",
          "messages made in advance for each session once its guilds are\n"
          "in, as fast as it reads: load. The report says what it took",
          .number = &c->blast, .max = UINT64_MAX },
        { "trim-acked", NULL,
          "forget what a heartbeat has acknowledged: RESUME from\n"
          "before it is refused",
          .flag = &c->trim_acked },
        { "seed", "N", "the same world and token for the same number", .number = &c->seed,
          .max = UINT64_MAX },
        { "token", "TEXT",
          "the first bot's token, a made-up one: for a moment it is in the\n"
          "process list. Else it comes from the seed",
          .text = &c->token },
        { "scenario", "FILE|NAME",
          "carry out a scenario; `list` lists those that come with\n"
          "the program",
          .text = &c->play.scenario },
        { "log", "FILE",
          "the scenario's: the bot's log, if it isn't what COMMAND\nprints",
          .text = &c->play.log },
        { "output", "FILE", "the scenario's: where what COMMAND prints goes",
          .text = &c->play.output },
        { "time-scale", "X",
          "the scenario's timetable passes X times faster; how long\n"
          "faults last, and all other clocks, stay as they are. 0.01 to 1000",
          .real = &c->play.time_scale, .max = 1000, .least = 0.01 },
        { "deploy-signal", "NAME",
          "a deploy is this signal (HUP, USR1, USR2, INT) to COMMAND;\n"
          "else it is ended by SIGTERM and started anew",
          .text = &c->play.deploy },
        { "verbose", NULL, "a line on stderr for what happens", .flag = &c->verbose },
        { NULL },
    };
    const struct args args = { .command = "sim",
                               .usage = "[OPTION]... [-- COMMAND [ARGUMENT]...]\n"
                                        "       cordage sim check [OPTION]... LOG",
                               .about = about,
                               .after = after,
                               .list = list,
                               .json = &c->json,
                               .max_operands = INT32_MAX,
                               .wraps_command = true };

    return args_parse(&args, argc, argv, command, n_command, stdout, stderr);
}

static int refuse(const char *what, const char *takes, const char *value)
{
    fprintf(stderr, "cordage sim: %s takes %s, not '%s'\n", what, takes, value);
    return 2;
}

/* As a header's value has it, and an environment variable. */
static bool is_token(const char *text)
{
    size_t n = strlen(text);

    for (size_t i = 0; i < n; i++)
        if (text[i] <= ' ' || text[i] > '~')
            return false;
    return n <= TOKEN_MAX;
}

/* Not shown: it might be a real one, pasted badly. */
static int refuse_token(void)
{
    fputs("cordage sim: --token takes at most 256 printable characters without blanks\n",
          stderr);
    return 2;
}

/* What the table can't say about a value. */
static int check_choices(struct choices *c)
{
    if (strcmp(c->address, "localhost") == 0)
        c->address = "127.0.0.1";
    if (strcmp(c->address, "127.0.0.1") != 0 && strcmp(c->address, "::1") != 0)
        return refuse("--address",
                      "127.0.0.1 or ::1 (this version listens on this machine alone)",
                      c->address);
    if (c->token && !is_token(c->token))
        return refuse_token();
    return ARGS_GO;
}

/* For tests: the clock's speed. */
static int read_speed(double *speed)
{
    const char *text = getenv("CORDAGE_TEST_SPEED");
    char *end;

    *speed = 1;
    if (!text || !*text)
        return ARGS_GO;
    *speed = strtod(text, &end);
    if (*end || !(*speed >= 1 && *speed <= 1000))
        return refuse("CORDAGE_TEST_SPEED", "a number from 1 to 1000", text);
    return ARGS_GO;
}

/* ---- Running -------------------------------------------------------------- */

static void on_ended(struct sim_child *child)
{
    struct sim_run *run = CONTAINER_OF(child, struct sim_run, child);

    if (run->play.scenario)
        sim_play_ended(&run->play);
    else
        loop_stop(run->loop);
}

static void on_child_speaks(struct sim_child *child)
{
    sim_play_clear(&CONTAINER_OF(child, struct sim_run, child)->play);
}

static void on_watch(uv_timer_t *timer)
{
    struct sim_run *run = timer->data;

    sim_play_clear(&run->play);
    sim_words_news(&run->words, sim_report(run->server.sim), stderr);
    sim_play_draw(&run->play);
}

static int start_command(struct sim_run *run, cordage_error *error)
{
    const struct server *s = &run->server;
    char tokens[WORLD_BOTS_MAX][TOKEN_MAX + 32];
    char api[LIMIT_URL + 16], ca[560], node_ca[560], state[560], trusted[560], name[32];
    const char *env[WORLD_BOTS_MAX + 6] = { api, ca, node_ca, trusted };
    const struct sim_app *app;
    size_t n = 4;

    if (run->bots[0])
        env[n++] = state;
    for (uint32_t i = 0; (app = sim_app(s->sim, i)); i++) {
        snprintf(tokens[i], sizeof tokens[i], "%s=%s", sim_words_variable(i, name),
                 app->token);
        env[n++] = tokens[i];
    }
    snprintf(api, sizeof api, "CORDAGE_API=%s", s->api);
    snprintf(ca, sizeof ca, "CORDAGE_CA_FILE=%s", s->cert.ca_file);
    snprintf(node_ca, sizeof node_ca, "NODE_EXTRA_CA_CERTS=%s", s->cert.ca_file);
    snprintf(trusted, sizeof trusted, "SSL_CERT_FILE=%s", run->bundle);
    snprintf(state, sizeof state, "CORDAGE_STATE_DIR=%s", run->bots);
    return sim_child_start(&run->child, run->command, env, error);
}

static int fail(struct sim_run *run, const cordage_error *error)
{
    fprintf(stderr, "cordage sim: %s%s\n", error->message,
            error->code == CORDAGE_ENET
                ? " (--port P takes P, P+1 and P+2; 0 finds free ones)"
                : "");
    run->failed = true;
    return cordage_exit_status(error->code);
}

/* The simulator has its copy: take it out of the process list. */
static void hide_token(const char *in_argv)
{
    if (in_argv)
        memset((char *)(uintptr_t)in_argv, '*', strlen(in_argv));
}

static void start_watch(struct sim_run *run)
{
    uv_timer_init(loop_uv(run->loop), &run->watch);
    run->watch.data = run;
    uv_timer_start(&run->watch, on_watch, WATCH_MS, WATCH_MS);
}

static int restart_command(void *user, cordage_error *error)
{
    return start_command(user, error);
}

/* The command, and the scenario around it. 0, or a status. */
static int start_all(struct sim_run *run)
{
    cordage_error error = { 0 };
    int err = 0;

    run->play.start_command = restart_command;
    run->play.user = run;
    if (run->play.scenario)
        err = sim_play_open(&run->play, run->loop, &run->server,
                            run->command ? &run->child : NULL, &error);
    if (!err && run->command && start_command(run, &error)) {
        fail(run, &error);
        return run->child.status;
    }
    if (!err && run->play.scenario)
        err = sim_play_begin(&run->play, &error);
    return err ? fail(run, &error) : 0;
}

/* Listens, says so, and runs until a signal or the command's end. The exit status. */
static int serve(struct sim_run *run)
{
    const struct choices *c = &run->choices;
    cordage_error error = { 0 };
    int status;

    if (server_start(&run->server, run->loop, &run->options, &error))
        return fail(run, &error);
    if (sim_bundle(run->options.certificates, run->server.cert.ca_file, run->bundle,
                   &error)) {
        server_close(&run->server);
        return fail(run, &error);
    }
    hide_token(c->token);
    if (c->json)
        status = sim_words_json(&run->server, run->bots, run->bundle, stdout);
    else
        status = sim_words_hello(&run->server, run->bots, run->bundle,
                                 run->command ? stderr : stdout, run->command);
    if (status)
        fprintf(stderr, "cordage sim: how to connect could not be written: %s\n",
                strerror(errno));
    if (run->command)
        sim_words_state("sim", stderr);
    if (status == 0)
        status = start_all(run);
    start_watch(run);
    if (status == 0) {
        loop_run(run->loop);
        status = run->play.scenario ? sim_play_judge(&run->play) : run->child.status;
    }
    on_watch(&run->watch);
    sim_play_close(&run->play);
    if (!run->failed)
        sim_words_summary(&run->words, sim_report(run->server.sim), stderr);
    sim_words_blast(run->server.sim, stderr);
    uv_close((uv_handle_t *)&run->watch, NULL);
    server_close(&run->server);
    return status;
}

static int run_sim(struct sim_run *run, double speed)
{
    struct loop_options options = { .speed = speed,
                                    .log = sim_words_log(run->choices.verbose) };
    cordage_error error = { 0 };
    char dir[SIM_DIR_SIZE];
    int status;

    if (sim_dir(dir, &error) || sim_dir_make(dir, &error))
        return fail(run, &error);
    run->options.certificates = dir;
    run->child.grace_ms = (unsigned)(SIM_CHILD_GRACE_MS / speed);
    sim_dir_bots(run->bots);
    if (loop_new(&options, &run->loop, &error)) {
        sim_dir_drop(run->bots);
        return fail(run, &error);
    }
    if (sim_child_init(&run->child, loop_uv(run->loop), run->command != NULL, &error)) {
        status = fail(run, &error);
    } else {
        status = serve(run);
        sim_child_close(&run->child);
    }
    loop_free(run->loop);
    sim_dir_drop(run->bots);
    sim_play_release(&run->play);
    server_release(&run->server);
    return status;
}

/* The scenario's settings are the defaults of the command line, which is read again. */
static int choose_scenario(struct sim_run *run)
{
    struct sim_play *play = &run->play;
    int status;

    play->options = run->choices.play;
    play->options.json = run->choices.json;
    play->options.verbose = run->choices.verbose;
    if (play->options.scenario && strcmp(play->options.scenario, "list") == 0) {
        return sim_play_list(play->options.json, stdout);
    }
    status = sim_play_load(play);
    if (status)
        return status;
    if (play->scenario)
        scenario_configure(play->scenario, &run->options.sim, &run->options.routes);
    return ARGS_GO;
}

int command_sim(int argc, char **argv)
{
    struct sim_run run = { .child.ended = on_ended,
                           .child.clear = on_child_speaks,
                           .child.name = "sim",
                           .child.signal_fd = -1 };
    int status, n_command;
    char **command;
    double speed;

    if (argc > 1 && strcmp(argv[1], "check") == 0)
        return command_sim_check(argc - 1, argv + 1);
    server_options_default(&run.options);
    choices_default(&run.choices, &run.options);
    status = parse(&run.choices, argc, argv, &command, &n_command);
    if (status == ARGS_GO)
        status = choose_scenario(&run);
    if (status == ARGS_GO && run.play.scenario) {
        choices_default(&run.choices, &run.options);
        status = parse(&run.choices, argc, argv, &command, &n_command);
        scenario_seed(run.play.scenario, run.choices.seed);
    }
    if (status == ARGS_GO)
        status = check_choices(&run.choices);
    if (status == ARGS_GO)
        status = read_speed(&speed);
    if (status != ARGS_GO) {
        sim_play_release(&run.play);
        return status;
    }
    choices_apply(&run.choices, &run.options);
    run.command = n_command ? command : NULL;
    run.words.verbose = run.choices.verbose;
    /* A reader that went away is an error of that write, not our end. */
    signal(SIGPIPE, SIG_IGN);
    return run_sim(&run, speed);
}
