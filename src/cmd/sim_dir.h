/* sim_dir.h - where the simulator keeps its certificate authority. */
#ifndef CMD_SIM_DIR_H
#define CMD_SIM_DIR_H

#include "error.h"

enum { SIM_DIR_SIZE = 480 }; /* leaves room for file names within 512 bytes */

/* $CORDAGE_STATE_DIR/sim, else $XDG_STATE_HOME/cordage/sim, else
 * ~/.local/state/cordage/sim. CORDAGE_EINVAL with the fix when none can be had. */
int sim_dir(char out[SIM_DIR_SIZE], cordage_error *error);
/* Makes it, and what lies above it, for nobody but the user. CORDAGE_ESYSTEM. */
int sim_dir_make(const char *dir, cordage_error *error);

#endif
