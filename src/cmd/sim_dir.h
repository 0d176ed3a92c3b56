/* sim_dir.h - where the simulator keeps its certificate authority, and bots that run
 * against it what outlives them. */
#ifndef CMD_SIM_DIR_H
#define CMD_SIM_DIR_H

#include "error.h"

enum { SIM_DIR_SIZE = 480 }; /* leaves room for file names within 512 bytes */

/* $CORDAGE_STATE_DIR/sim, else $XDG_STATE_HOME/cordage/sim, else
 * ~/.local/state/cordage/sim. CORDAGE_EINVAL with the fix when none can be had. */
int sim_dir(char out[SIM_DIR_SIZE], cordage_error *error);
/* Makes it, and what lies above it, for nobody but the user. CORDAGE_ESYSTEM. */
int sim_dir_make(const char *dir, cordage_error *error);
/* Makes a folder for the state of bots: the sessions and the budget of this simulator end
 * with it, and no bot should count them among those of another. Empty when the user has
 * set CORDAGE_STATE_DIR, or none can be made: then bots decide by themselves. */
void sim_dir_bots(char out[SIM_DIR_SIZE]);
/* Removes it with all that is in it. */
void sim_dir_drop(const char *bots);

#endif
