/* fiber.h - a thread of the machine's: a stack of its own, which runs until it switches
 * back. Knows nothing of time. */
#ifndef WORLD_FIBER_H
#define WORLD_FIBER_H

#include <stdbool.h>

struct fiber_stack;

/* Where a switch leads to and from; embedded. */
struct fiber_context {
    struct fiber_stack *stack; /* NULL: the system's own thread */
    void *fake_stack;          /* a sanitizer's */
    void (*run)(void *arg);
    void *arg;
    int errno_kept;
    bool is_loop_kept;
};

/* It begins with the first switch to it; `run` must not return, but leave. */
void fiber_make(struct fiber_context *c, void (*run)(void *arg), void *arg);
/* Nobody will switch to it any more; not the one that runs. What is on its stack is lost.
 */
void fiber_release(struct fiber_context *c);
void fiber_switch(struct fiber_context *from, struct fiber_context *to);
/* The same, for good. */
void fiber_leave(struct fiber_context *from, struct fiber_context *to)
    __attribute__((noreturn));
/* Stacks that wait for a next use are given back. */
void fiber_release_stacks(void);

#endif
