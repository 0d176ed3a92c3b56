/* executable.h - the program that workers run: the one that is known to be good, and a
 * newer one that a restart tries.
 *
 * The good one is kept open, so that it can be started also when the file was replaced.
 * As long as the file is the same, it is started by its path, so that it has its name. A
 * script ("#!") is always started by its path: its interpreter has to open it. */
#ifndef FLEET_EXECUTABLE_H
#define FLEET_EXECUTABLE_H

#include <stdbool.h>
#include <sys/types.h>

#include "cordage/error.h"

enum { EXECUTABLE_PATH = 4096 };

struct executable {
    char path[EXECUTABLE_PATH]; /* whole */
    int good, candidate;        /* -1: none */
    char by_fd[32];
};

/* Finds `name` as a shell does: in PATH, given as `search`, if it has no slash. A zeroed
 * one is not valid; on an error there is nothing to release. CORDAGE_EINVAL with a
 * sentence. */
int executable_open(struct executable *e, const char *name, const char *search,
                    cordage_error *error);
void executable_release(struct executable *e);
/* Opens the file anew, for a restart. CORDAGE_EINVAL with a sentence. */
int executable_try(struct executable *e, cordage_error *error);
/* The candidate is the good one from now on, or is forgotten. */
void executable_accept(struct executable *e);
void executable_reject(struct executable *e);
/* A successor: the program that this process of our predecessor runs is the good one, if
 * it is the one that lay at our path (which a newer one may have taken). Nothing for
 * scripts, and for what a wrapper has started. */
void executable_adopt(struct executable *e, pid_t pid);
/* Nothing has come up yet: what lies at the path now is tried next. */
void executable_renew(struct executable *e);
/* What to execute; borrowed until the next call. */
const char *executable_file(struct executable *e, bool candidate);

#endif
