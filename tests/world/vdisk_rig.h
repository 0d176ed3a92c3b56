/* vdisk_rig.h - owners of what is open on the disk, who can be killed at any step.
 *
 *     rig_live(life, user, 7): as a new owner, killed before its seventh step
 */
#ifndef WORLD_VDISK_RIG_H
#define WORLD_VDISK_RIG_H

#include <setjmp.h>

#include "test.h"
#include "vdisk.h"

/* What a killed owner has allocated is lost, and no leak. */
void __lsan_disable(void) __attribute__((weak));
void __lsan_enable(void) __attribute__((weak));

enum { NEVER = 0 };

static intptr_t rig_owner, rig_last_owner;
static unsigned rig_steps;   /* of this life */
static unsigned rig_kill_at; /* which step is its end; NEVER */
static void (*rig_each_step)(unsigned step);
static jmp_buf rig_grave;

static inline void *rig_self(void)
{
    return (void *)rig_owner;
}

static inline void rig_on_step(void *owner)
{
    if (owner != rig_self() || rig_owner == 0)
        return;
    rig_steps++;
    if (rig_each_step)
        rig_each_step(rig_steps);
    if (rig_steps == rig_kill_at)
        longjmp(rig_grave, 1);
}

static inline void rig_mount(void)
{
    vdisk_mount(rig_self);
    vdisk_on_write(rig_on_step);
    rig_owner = 0;
    rig_each_step = NULL;
}

/* True: it was killed. Who isn't has closed all by itself. */
static inline bool rig_live(void (*life)(void *user), void *user, unsigned kill_at)
{
    volatile bool killed = true;

    rig_owner = ++rig_last_owner;
    rig_steps = 0;
    rig_kill_at = kill_at;
    if (__lsan_disable)
        __lsan_disable();
    if (setjmp(rig_grave) == 0) {
        life(user);
        killed = false;
    }
    if (__lsan_enable)
        __lsan_enable();
    vdisk_died(rig_self());
    rig_owner = 0;
    return killed;
}

#endif
