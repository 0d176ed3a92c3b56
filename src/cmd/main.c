/* main.c - `cordage`: finds the subcommand and runs it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cordage/version.h"

#include "args.h"
#include "subcommands.h"
#include "suggest.h"

struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *summary;
};

static const struct command commands[] = {
    { "info", command_info,
      "recommended shards, identifies left, how long a start takes" },
    { "doctor", command_doctor, "checks what a start needs, and says what to mend" },
    { "run", command_run, "a bot's shards in several processes, kept alive" },
    { "status", command_status, "every shard of a running fleet on one screen" },
    { "restart", command_restart, "new processes for old ones, without a lost event" },
    { "stop", command_stop, "ends a running fleet, its sessions kept or not" },
    { "sim", command_sim, "an offline Discord on this machine, for trying bots against" },
    { "record", command_record, "what a shard is sent, in a file, without its secrets" },
    { "replay", command_replay, "such files, to any bot, at any speed" },
};
enum { N_COMMANDS = sizeof commands / sizeof *commands };

static void print_help(FILE *out)
{
    fputs("cordage - many shards, one bot\n\n"
          "Usage: cordage COMMAND [OPTION]...\n\n"
          "Commands:\n",
          out);
    for (size_t i = 0; i < N_COMMANDS; i++)
        fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].summary);
    fputs(
        "\n"
        "  --help     this text; `cordage COMMAND --help` for a command's options\n"
        "  --version  which version this is\n\n"
        "Exit status: 0 done, 1 failed, 2 usage or configuration, 3 refused by Discord\n"
        "for good, 4 identify budget would be exceeded.\n",
        out);
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < N_COMMANDS; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

static int refuse_command(const char *name)
{
    const char *names[N_COMMANDS + 1] = { NULL };
    const char *meant;

    for (size_t i = 0; i < N_COMMANDS; i++)
        names[i] = commands[i].name;
    meant = suggest(name, names);
    fprintf(stderr, "cordage: there is no %s '%s'%s%s%s (`cordage --help` lists them)\n",
            name[0] == '-' ? "option" : "command", name, meant ? "; did you mean '" : "",
            meant ? meant : "", meant ? "'?" : "");
    return 2;
}

/* `cordage help [COMMAND]` */
static int help(int argc, char **argv)
{
    const struct command *command = argc > 1 ? find_command(argv[1]) : NULL;
    char option[] = "--help";
    char *words[] = { argc > 1 ? argv[1] : NULL, option, NULL };

    if (command)
        return command->run(2, words);
    if (argc > 1)
        return refuse_command(argv[1]);
    print_help(stdout);
    return 0;
}

/* Who starts us with stdin, stdout or stderr closed gets /dev/null there: else the first
 * socket would take the number, and what is printed would go to a peer. */
static int open_standard_files(void)
{
    int fd;

    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    return fd < 0 ? -1 : close(fd);
}

static int run(int argc, char **argv)
{
    const struct command *command;
    const char *name = argc > 1 ? argv[1] : NULL;

    if (!name) {
        print_help(stderr);
        return 2;
    }
    if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) {
        puts("cordage " CORDAGE_VERSION);
        return 0;
    }
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 ||
        strcmp(name, "help") == 0)
        return help(argc - 1, argv + 1);
    command = find_command(name);
    return command ? command->run(argc - 1, argv + 1) : refuse_command(name);
}

int main(int argc, char **argv)
{
    int status;

    if (open_standard_files() < 0)
        return 1;
    status = run(argc, argv);
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    /* A reader that has seen enough (| head) is no failure worth a sentence. */
    if (errno != EPIPE)
        fprintf(stderr, "cordage: not all of the output could be written: %s\n",
                strerror(errno));
    return status ? status : 1;
}
