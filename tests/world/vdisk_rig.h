/* vdisk_rig.h - owners of what is open on the disk, who can be killed at any step.
 *
 *     rig_live(life, user, 7): as a new owner, killed before its seventh step
 */
#ifndef WORLD_VDISK_RIG_H
#define WORLD_VDISK_RIG_H

#include "test.h"
#include "vdisk.h"

enum { NEVER = 0 };

extern intptr_t rig_owner; /* who lives; 0: nobody */
extern unsigned rig_steps; /* of this life */
/* Before each; NULL: nothing. What it does itself, as whoever it says, are no steps. */
extern void (*rig_each_step)(unsigned step);

/* An empty disk. */
void rig_mount(void);
/* True: it was killed. Who isn't has closed all by itself. */
bool rig_live(void (*life)(void *user), void *user, unsigned kill_at);

#endif
