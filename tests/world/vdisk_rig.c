#include "vdisk_rig.h"

/* What a killed owner has allocated is lost, and no leak. */
void __lsan_disable(void) __attribute__((weak));
void __lsan_enable(void) __attribute__((weak));

intptr_t rig_owner;
unsigned rig_steps;
void (*rig_each_step)(unsigned step);

static intptr_t last_owner;
static void *alive;    /* in rig_live */
static bool is_inside; /* of rig_each_step */
static unsigned end;   /* the step that is its last */
static jmp_buf grave;

static void *self(void)
{
    return (void *)rig_owner;
}

static void on_step(void *owner)
{
    if (!alive || owner != alive || is_inside)
        return;
    rig_steps++;
    is_inside = true;
    if (rig_each_step)
        rig_each_step(rig_steps);
    is_inside = false;
    if (rig_steps == end)
        longjmp(grave, 1);
}

void rig_mount(void)
{
    vdisk_mount(self);
    vdisk_on_write(on_step);
    rig_owner = 0;
    rig_each_step = NULL;
}

bool rig_live(void (*life)(void *user), void *user, unsigned kill_at)
{
    volatile bool killed = true;

    rig_owner = ++last_owner;
    alive = self();
    rig_steps = 0;
    is_inside = false;
    end = kill_at;
    if (__lsan_disable)
        __lsan_disable();
    if (setjmp(grave) == 0) {
        life(user);
        killed = false;
    }
    if (__lsan_enable)
        __lsan_enable();
    vdisk_died(alive);
    alive = NULL;
    rig_owner = 0;
    return killed;
}
