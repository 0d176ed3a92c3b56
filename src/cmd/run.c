/* run.c - `cordage run`: many processes, one bot.
 *
 * Reads the settings, checks all that can be checked, and only then begins: the loop, the
 * supervisor on it, the signals. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "args.h"
#include "child.h"
#include "executable.h"
#include "fleet_bot.h"
#include "fleet_print.h"
#include "run_page.h"
#include "settings_state.h"
#include "subcommands.h"
#include "supervisor.h"

enum {
    STOP_AGAIN_MS = 500, /* two signals at once are one wish */
    SPARE_FILES = 100,   /* of a worker, besides a socket per shard */
    N_SIGNALS = 4,
    PATH_SIZE = 4096
};

struct run {
    struct fleet_settings settings;
    struct settings bot;
    char **argv; /* ours, from "run" on */
    char *const *command;
    char program[PATH_SIZE]; /* ours, as a path: what an upgrade puts there is run next */
    struct loop *loop;
    struct supervisor *supervisor;
    struct web *web; /* NULL: none */
    uv_signal_t signals[N_SIGNALS];
    uint64_t stopped_at; /* 0: not */
    bool terminal;       /* stderr */
    bool core_dumps, print_config, json, files_told;
};

/* ---- Before anything starts ----------------------------------------------------------
 */

/* 2, for the status. */
__attribute__((format(printf, 1, 2))) static int complain(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fputs("cordage run: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    return 2;
}

static int check_command(struct run *run, char **command, int n)
{
    struct executable bot;
    cordage_error error;

    if (n == 0)
        return complain(
            "which program is the bot? Put it behind --: cordage run -- ./bot");
    run->command = command;
    if (executable_open(&bot, command[0], getenv("PATH"), &error))
        return complain("%s", error.message);
    executable_release(&bot);
    return 0;
}

static int print_config(struct run *run)
{
    char where[FLEET_WHERE];
    cordage_error error = { 0 };
    int status = 0;

    fleet_bot_token_where(&run->settings, where);
    /* Without a token there is no telling which directory. */
    if (strcmp(where, "none") != 0 && fleet_bot_read(&run->settings, &run->bot, &error))
        status = complain("%s", error.message);
    if (fleet_print(&run->settings, run->bot.state_dir, where, run->json, stdout))
        return 1;
    return status;
}

static int read_bot(struct run *run)
{
    cordage_error error = { 0 };
    char where[FLEET_WHERE];
    int err = fleet_bot_read(&run->settings, &run->bot, &error);

    if (err)
        complain("%s", error.message);
    fleet_bot_token_where(&run->settings, where);
    fleet_bot_hide_token();
    if (err)
        return cordage_exit_status(error.code);
    if (run->bot.state_dir)
        return ARGS_GO;
    return complain("a fleet needs a state directory, for its sessions and for its "
                    "processes to meet: %s",
                    run->bot.no_state
                        ? "CORDAGE_STATE_DIR is empty; unset it, or name one"
                        : "name one with --state-dir");
}

/* No core of ours: it would have the token in buffers that libraries keep. A path to
 * ourselves: what is there when we are to begin anew. */
static void prepare_process(struct run *run)
{
    const char *core = getenv("CORDAGE_CORE");
    ssize_t n = readlink("/proc/self/exe", run->program, sizeof run->program - 1);
    struct rlimit files;

    run->program[n > 0 ? n : 0] = '\0';
    run->core_dumps = core && strcmp(core, "1") == 0;
    if (!run->core_dumps)
        prctl(PR_SET_DUMPABLE, 0);
    /* A worker has a socket per shard; it inherits this. */
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    /* A reader that went away is an error of that write, not our end. */
    signal(SIGPIPE, SIG_IGN);
}

/* ---- While it runs --------------------------------------------------------------------
 */

static void write_log(void *user, enum log_level level, const char *line)
{
    /* On a terminal a line of progress may stand there. */
    const bool *terminal = user;

    fprintf(stderr, "%scordage %s %s\n", *terminal ? "\r\033[K" : "",
            log_level_name(level), line);
}

static struct log run_log(struct run *run)
{
    return (struct log){ .write = write_log,
                         .user = &run->terminal,
                         .level = run->settings.log_level };
}

/* Once the plan is known. */
static void check_files(struct run *run, const struct view *v)
{
    struct log log = run_log(run);
    struct rlimit files;
    uint32_t most = 0;

    if (run->files_told || v->n_workers == 0 || getrlimit(RLIMIT_NOFILE, &files) < 0)
        return;
    run->files_told = true;
    for (uint32_t i = 0; i < v->n_workers; i++) {
        uint32_t n = v->workers[i].last - v->workers[i].first + 1;

        most = n > most ? n : most;
    }
    if (files.rlim_cur < (rlim_t)most + SPARE_FILES)
        log_line(&log, LOG_WARN,
                 "a worker with %u shards needs some %u files, and only %llu may be "
                 "open: raise it (ulimit -Hn, or LimitNOFILE= in the service file), or "
                 "start more workers",
                 most, most + SPARE_FILES, (unsigned long long)files.rlim_cur);
}

static void on_changed(void *user, const struct view *v)
{
    check_files(user, v);
}

static void stop(struct run *run)
{
    uint64_t now = uv_now(loop_uv(run->loop));

    if (run->stopped_at && now - run->stopped_at < STOP_AGAIN_MS)
        return;
    run->stopped_at = now ? now : 1;
    supervisor_stop(run->supervisor, false);
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct run *run = handle->data;
    struct log log = run_log(run);

    if (number == SIGCHLD)
        child_reap_strangers(run->loop); /* process 1 inherits others' orphans */
    else if (number != SIGHUP)
        stop(run);
    else if (supervisor_restart(run->supervisor))
        log_line(&log, LOG_WARN, "SIGHUP: a restart is under way already");
}

static void watch_signals(struct run *run)
{
    const int numbers[N_SIGNALS] = { SIGINT, SIGTERM, SIGHUP,
                                     getpid() == 1 ? SIGCHLD : 0 };

    for (int i = 0; i < N_SIGNALS; i++) {
        uv_signal_init(loop_uv(run->loop), &run->signals[i]);
        run->signals[i].data = run;
        if (numbers[i])
            uv_signal_start(&run->signals[i], on_signal, numbers[i]);
    }
}

static int start_supervisor(struct run *run, cordage_error *error)
{
    const struct settings *bot = &run->bot;
    const struct supervisor_options options = {
        .token = &bot->token,
        .api = bot->api,
        .ca_file = bot->ca_file,
        .proxy = bot->proxy,
        .allow_plaintext = bot->allow_plaintext,
        .state_dir = bot->state_dir,
        .token_print = bot->token_print,
        .wish = run->settings.wish,
        .command = run->command,
        .search = getenv("PATH"),
        .foreign = run->settings.foreign,
        .log = run_log(run),
        .progress = run->terminal,
        .core_dumps = run->core_dumps,
        .page = run->web ? web_url(run->web) : NULL,
        .application_id = settings_application_id(bot),
        .speed = bot->speed,
        .notify_socket = getenv("NOTIFY_SOCKET"),
        .watchdog_usec = getenv("WATCHDOG_USEC"),
        .watchdog_pid = getenv("WATCHDOG_PID"),
        .changed = on_changed,
        .user = run,
    };

    return supervisor_new(run->loop, &options, &run->supervisor, error);
}

/* ---- The end ---- */

/* Our program anew in this process, with the same arguments: workers that live are found
 * again. Returns only when that fails. */
static int begin_anew(struct run *run)
{
    cordage_error error = { 0 };
    char name[] = "cordage";
    char **argv;
    size_t n = 0;

    while (run->argv[n])
        n++;
    argv = calloc(n + 2, sizeof *argv);
    if (!argv || fleet_bot_hand_on(&run->bot, &error)) {
        free(argv);
        return complain("cannot begin anew: %s", error.message), 1;
    }
    argv[0] = name;
    memcpy(argv + 1, run->argv, n * sizeof *argv);
    execv(run->program, argv);
    complain("cannot run %s anew: %s", run->program, strerror(errno));
    execv("/proc/self/exe", argv); /* the file is gone, but not what was in it */
    free(argv);
    return 1;
}

static const struct view *get_view(void *user)
{
    const struct run *run = user;

    return supervisor_view(run->supervisor);
}

/* The page first: whether its port is free is known before a worker runs. */
static int start(struct run *run, cordage_error *error)
{
    struct log log = run_log(run);
    int err =
        run_page_open(run->loop, &run->settings, &log, get_view, run, &run->web, error);

    if (!err)
        err = start_supervisor(run, error);
    if (!err) /* what `status --state-dir` and a browser need */
        log_line(&log, LOG_INFO, "state=%s page=%s", run->bot.state_dir,
                 run->web ? web_url(run->web) : "off");
    return err;
}

static int serve(struct run *run)
{
    struct loop_options options = { .speed = run->bot.speed,
                                    .proxy = run->bot.proxy,
                                    .log = run_log(run) };
    cordage_error error = { 0 };
    bool again = false;
    int status;

    if (loop_new(&options, &run->loop, &error))
        return complain("%s", error.message), cordage_exit_status(error.code);
    if (start(run, &error)) {
        complain("%s", error.message);
        web_free(run->web);
        loop_free(run->loop);
        return cordage_exit_status(error.code);
    }
    watch_signals(run);
    loop_run(run->loop);
    status = supervisor_exit(run->supervisor, &again);
    web_free(run->web);
    supervisor_free(run->supervisor);
    for (int i = 0; i < N_SIGNALS; i++)
        uv_close((uv_handle_t *)&run->signals[i], NULL);
    loop_free(run->loop);
    return again ? begin_anew(run) : status;
}

/* ---- The command line ---- */

static const char about[] =
    "Runs a bot as a fleet: its shards divided over several processes of COMMAND, which\n"
    "are started, watched, restarted when they die, and replaced one after another\n"
    "without a lost event (`cordage restart`). A bot that was built with libcordage\n"
    "needs no change.";

static const char after[] =
    "Each option may also stand in " FLEET_FILE
    ", with '_' for '-' (shards_per_worker: 8), "
    "or\nin the environment (CORDAGE_SHARDS_PER_WORKER=8). The token comes from\n"
    "DISCORD_TOKEN, or the file that DISCORD_TOKEN_FILE names.\n"
    "\n"
    "SIGINT and SIGTERM stop the fleet, its sessions kept for the next start; a second\n"
    "one kills it. SIGHUP restarts its workers one after another. CORDAGE_CORE=1 "
    "permits\n"
    "core dumps, which may hold the token.";

static int parse(struct run *run, struct fleet_flags *flags, int argc, char **argv,
                 char ***command, int *n_command)
{
    struct arg list[N_FLEET_SETTINGS + 3] = { 0 };
    const struct args args = { .command = "run",
                               .usage = "[OPTION]... -- COMMAND [ARGUMENT]...",
                               .about = about,
                               .after = after,
                               .list = list,
                               .json = &run->json,
                               .max_operands = INT32_MAX,
                               .wraps_command = true };

    for (int i = 0; i < N_FLEET_SETTINGS; i++)
        list[i] = fleet_settings_arg((enum fleet_setting)i, flags);
    list[N_FLEET_SETTINGS] = fleet_settings_file_arg(flags);
    list[N_FLEET_SETTINGS + 1] =
        (struct arg){ .name = "print-config",
                      .help = "says what each setting is and where it came from, starts\n"
                              "nothing (with --json for programs)",
                      .flag = &run->print_config };
    return args_parse(&args, argc, argv, command, n_command, stdout, stderr);
}

static int run_fleet(struct run *run, char **command, int n)
{
    int status = check_command(run, command, n);

    if (status == 0)
        status = read_bot(run);
    if (status != ARGS_GO)
        return status;
    prepare_process(run);
    return serve(run);
}

int command_run(int argc, char **argv)
{
    struct run run = { .argv = argv, .terminal = isatty(STDERR_FILENO) };
    struct fleet_flags flags = { 0 };
    char **command;
    int n, status = parse(&run, &flags, argc, argv, &command, &n);

    if (status != ARGS_GO)
        return status;
    status = fleet_settings_read("run", &flags, &run.settings, stderr);
    if (status == 0)
        status = run.print_config ? print_config(&run) : run_fleet(&run, command, n);
    settings_release(&run.bot);
    fleet_settings_release(&run.settings);
    return status;
}
