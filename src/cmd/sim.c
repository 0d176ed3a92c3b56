/* sim.c - `cordage sim`: an offline Discord on loopback. */
#include <stdio.h>
#include <string.h>

#include "subcommands.h"

int command_sim(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "check") == 0)
        return command_sim_check(argc - 1, argv + 1);
    fputs("cordage sim: only `cordage sim check` is in this build\n", stderr);
    return 1;
}
