/* orders.c - `cordage restart` and `cordage stop`: what a running fleet is told. */
#include <stdio.h>

#include "args.h"
#include "control.h"
#include "subcommands.h"

static void on_answer(void *user, const struct link_answer *answer)
{
    char line[1024];

    (void)user;
    if (!answer->text.n)
        return;
    snprintf(line, sizeof line, "%.*s", STR_FMT(answer->text));
    str_make_printable(line, strlen(line));
    fprintf(answer->is_last && answer->exit ? stderr : stdout, "%s\n", line);
    fflush(stdout); /* the next may take a while */
}

/* Sends it and tells the answers. The exit status. */
static int order(const char *command, const struct fleet_flags *flags,
                 const struct link_command *what)
{
    struct control c = { .command = command, .answer = on_answer };
    struct fleet_settings settings;
    int status = fleet_settings_read(command, flags, &settings, stderr);

    if (status == 0)
        status = control_open(&c, &settings, stderr);
    if (status == ARGS_GO) {
        if (control_order(&c, what) == 0)
            control_run(&c);
        status = c.done ? c.status : 1;
        if (!c.done)
            fprintf(stderr, "cordage %s: %s\n", command,
                    c.error.code ? c.error.message : "the supervisor has gone");
    }
    control_close(&c);
    fleet_settings_release(&settings);
    return status;
}

int command_restart(int argc, char **argv)
{
    struct link_command what = { .verb = LINK_VERB_RESTART };
    struct fleet_flags flags = { 0 };
    uint64_t worker = UINT64_MAX;
    bool no_wait = false;
    const char *number = NULL;
    const struct arg list[] = {
        { .name = "worker",
          .value = "N",
          .help = "only this one, by its number in `cordage status`",
          .text = &number },
        { .name = "self",
          .help = "the supervisor itself, by its program as it is now: after\n"
                  "an upgrade of cordage. Its workers live on",
          .flag = &what.self },
        { .name = "no-wait", .help = "come back at once", .flag = &no_wait },
        fleet_settings_arg(FLEET_STATE_DIR, &flags),
        fleet_settings_file_arg(&flags),
        { 0 },
    };
    const struct args args = {
        .command = "restart",
        .usage = "[OPTION]...",
        .about =
            "Replaces the workers of a running fleet one after another: a new process\n"
            "is started beside the old one, and takes its sessions over shard by\n"
            "shard. No event is lost. If the new program does not get ready, it is\n"
            "all rolled back, and the exit status is 1.",
        .list = list,
    };
    char **operands;
    int n, status = args_parse(&args, argc, argv, &operands, &n, stdout, stderr);

    if (status != ARGS_GO)
        return status;
    what.one = number != NULL;
    if (number && (!str_u64(str_of(number), &worker) || worker >= LIMIT_WORKERS)) {
        fprintf(stderr, "cordage restart: --worker takes a number from 0 to %d\n",
                LIMIT_WORKERS - 1);
        return 2;
    }
    if (number && what.self) {
        fputs("cordage restart: give either --worker or --self\n", stderr);
        return 2;
    }
    what.worker = what.one ? (uint32_t)worker : 0;
    what.follow = !no_wait;
    return order("restart", &flags, &what);
}

int command_stop(int argc, char **argv)
{
    struct link_command what = { .verb = LINK_VERB_STOP };
    struct fleet_flags flags = { 0 };
    bool no_wait = false;
    const struct arg list[] = {
        { .name = "forget",
          .help = "end the sessions, too: the next start begins anew, and\n"
                  "costs an IDENTIFY for each shard",
          .flag = &what.forget },
        { .name = "no-wait", .help = "come back at once", .flag = &no_wait },
        fleet_settings_arg(FLEET_STATE_DIR, &flags),
        fleet_settings_file_arg(&flags),
        { 0 },
    };
    const struct args args = {
        .command = "stop",
        .usage = "[OPTION]...",
        .about =
            "Stops a running fleet. Its sessions are kept: a start within a few minutes\n"
            "resumes them, without a lost event.",
        .list = list,
    };
    char **operands;
    int n, status = args_parse(&args, argc, argv, &operands, &n, stdout, stderr);

    if (status != ARGS_GO)
        return status;
    what.follow = !no_wait;
    return order("stop", &flags, &what);
}
