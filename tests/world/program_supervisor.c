/* `cordage run` without its command line (src/cmd/run.c): the settings from the
 * environment, a loop, the supervisor on it, the signals. */
#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control.h"
#include "fatal.h"
#include "programs.h"
#include "settings.h"
#include "supervisor.h"
#include "vchild.h"
#include "vdisk.h"

enum { FRESH_MS = 3000 };

struct run {
    struct loop *loop;
    struct supervisor *supervisor;
    uv_signal_t signals[2];
};

/* The one that runs now, or ran last. */
static struct {
    struct vprocess *process;
    struct run *run;
} now;

static void write_log(void *user, enum log_level level, const char *line)
{
    char text[1200];

    (void)user;
    snprintf(text, sizeof text, "%s %s", log_level_name(level), line);
    vprocess_log(text);
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct run *run = handle->data;

    (void)number;
    supervisor_stop(run->supervisor, false);
}

static void watch_signals(struct run *run)
{
    static const int numbers[2] = { SIGINT, SIGTERM };

    for (int i = 0; i < 2; i++) {
        uv_signal_init(loop_uv(run->loop), &run->signals[i]);
        run->signals[i].data = run;
        uv_signal_start(&run->signals[i], on_signal, numbers[i]);
    }
}

static int open_supervisor(struct run *run, const struct world_plan *plan,
                           const struct settings *bot, cordage_error *error)
{
    char name[] = "./bot";
    char *command[] = { name, NULL };
    const struct supervisor_options options = {
        .token = &bot->token,
        .api = bot->api,
        .ca_file = bot->ca_file,
        .allow_plaintext = bot->allow_plaintext,
        .state_dir = bot->state_dir,
        .token_print = bot->token_print,
        .wish = { .shards = plan->shards,
                  .last = CORDAGE_SHARD_LAST,
                  .workers = plan->workers },
        .command = command,
        .log = { .write = write_log, .level = bot->log_level },
        .speed = 1,
    };

    return supervisor_new(run->loop, &options, &run->supervisor, error);
}

/* One life of the program; *again: another begins in the same process. */
static int serve(const struct world_plan *plan, const struct settings *bot, bool *again)
{
    struct loop_options options = {
        .speed = 1, .log = { .write = write_log, .level = bot->log_level }
    };
    struct run run = { 0 };
    cordage_error error = { 0 };
    int status;

    *again = false;
    if (loop_new(&options, &run.loop, &error))
        return cordage_exit_status(error.code);
    if (open_supervisor(&run, plan, bot, &error)) {
        write_log(NULL, LOG_ERROR, error.message);
        loop_free(run.loop);
        return cordage_exit_status(error.code);
    }
    now.process = vprocess_self();
    now.run = &run;
    watch_signals(&run);
    loop_run(run.loop);
    now.process = NULL;
    status = supervisor_exit(run.supervisor, again);
    supervisor_free(run.supervisor);
    for (int i = 0; i < 2; i++)
        uv_close((uv_handle_t *)&run.signals[i], NULL);
    loop_free(run.loop);
    return status;
}

int program_supervisor(void *plan)
{
    cordage_options options = CORDAGE_OPTIONS_INIT;
    struct settings bot;
    cordage_error error = { 0 };
    bool again = true;
    int status = 0;

    if (settings_from(&options, &bot, &error)) {
        write_log(NULL, LOG_ERROR, error.message);
        return cordage_exit_status(error.code);
    }
    while (again)
        status = serve(plan, &bot, &again);
    settings_release(&bot);
    return status;
}

/* ---- `cordage restart` --------------------------------------------------------------
 */

static void on_answer(void *user, const struct link_answer *answer)
{
    char text[300];

    (void)user;
    snprintf(text, sizeof text, "%.*s", STR_FMT(answer->text));
    vprocess_log(text);
}

/* `order` is a struct link_command, and is freed. */
static int program_restart(void *order)
{
    static char state[] = VDISK_ROOT "/state";
    struct fleet_settings settings = { 0 };
    struct control c = { .command = "restart", .answer = on_answer };
    char *said = NULL;
    size_t size;
    FILE *err = open_memstream(&said, &size);
    int status;

    assert(err);
    settings.values[FLEET_STATE_DIR].text = state;
    status = control_open(&c, &settings, err);
    fclose(err);
    if (size)
        vprocess_log(said);
    free(said);
    if (c.peer && !control_order(&c, order)) {
        control_run(&c);
        status = c.done ? c.status : 1;
    }
    control_close(&c);
    free(order);
    return status;
}

static void restart(struct link_command order)
{
    static const char *const env[] = { NULL };
    struct link_command *copy = malloc(sizeof *copy);
    const struct vprogram program = {
        .name = "restart", .main = program_restart, .arg = copy, .env = env
    };

    assert(copy);
    *copy = order;
    copy->verb = LINK_VERB_RESTART;
    copy->follow = true;
    machine_start(&program);
}

void program_roll(void)
{
    restart((struct link_command){ 0 });
}

void program_roll_one(uint32_t worker)
{
    restart((struct link_command){ .one = true, .worker = worker });
}

void program_begin_anew(void)
{
    restart((struct link_command){ .self = true });
}

void program_replace(bool fails)
{
    vchild_replace(fails);
}

/* ---- The view -------------------------------------------------------------------------
 */

bool program_supervisor_is_up(void)
{
    const struct view *v;

    if (!now.process || !vprocess_runs(now.process))
        return false;
    v = supervisor_view(now.run->supervisor);
    return v->shards && machine_wall() - v->wall < FRESH_MS &&
           view_ready(v) == v->last - v->first + 1;
}
