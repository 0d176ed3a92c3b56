/* trial.h - runs in children of this process, several at a time. */
#ifndef WORLD_TRIAL_H
#define WORLD_TRIAL_H

#include <sys/types.h>

#include "world.h"

struct trial {
    pid_t child;
    int out; /* readable once the run has ended */
    unsigned patience_s;
};

void trial_start(struct trial *t, const struct world_script *s, unsigned patience_s);
/* Waits for it. */
void trial_end(struct trial *t, struct world_verdict *v);

#endif
