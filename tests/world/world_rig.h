/* world_rig.h - a run of the machine in a child of the test. */
#ifndef WORLD_RIG_H
#define WORLD_RIG_H

#include <stdint.h>

#include "machine.h"

/* What comes of it; the child writes it, the test reads it. */
struct outcome {
    uint64_t hash, handled, identifies, resumes, n;
    char text[1000];
    int status;      /* the child's, as waitpid has it */
    char said[1000]; /* on standard error */
};

/* In a child, so that the memory which killed processes hold is nobody's: it ends by
 * _exit, and no leak is looked for. A machine with `seed` is up in it. */
void outcome_of(void (*run)(struct outcome *o), uint64_t seed, struct outcome *out);

/* How many events handlers have handled: quiet_judge.c is in the judge's place. */
extern uint64_t quiet_handled;

#endif
