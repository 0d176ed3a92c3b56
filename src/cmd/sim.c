/* sim.c - `cordage sim`: an offline Discord on loopback. */
#include <stdio.h>

#include "commands.h"

int command_sim(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    fputs("cordage sim: not in this build\n", stderr);
    return 1;
}
