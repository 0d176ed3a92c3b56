#include "fiber.h"

#include <errno.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "loop_mark.h"

#if defined(__SANITIZE_ADDRESS__)
#define FIBER_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FIBER_ASAN 1
#endif
#endif
#ifdef FIBER_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

/* What a thread of ours needs at most is some 60 KiB; sanitizers want more of it. Pages
 * that are never touched cost nothing. */
enum { STACK_SIZE = 512 * 1024, GUARD_SIZE = 4096 };

/* What makes a context is ucontext; from then on it is left and entered by setjmp, which
 * asks the kernel nothing. A sanitizer wants to see ucontext alone. */
struct fiber_stack {
    ucontext_t context;
    jmp_buf place;
    bool has_begun;
    struct fiber_stack *next; /* of those that wait for a next use */
    char *base;
};

static struct fiber_stack *spare;
static ucontext_t outside;
#ifdef FIBER_ASAN
static const void *outside_bottom;
static size_t outside_size;
#endif

static ucontext_t *context_of(struct fiber_context *c)
{
    return c->stack ? &c->stack->context : &outside;
}

/* ---- What a sanitizer is told -------------------------------------------------------
 */

static void tell_leaving(struct fiber_context *from, struct fiber_context *to,
                         bool for_good)
{
#ifdef FIBER_ASAN
    const void *bottom = to->stack ? to->stack->base + GUARD_SIZE : outside_bottom;
    size_t size = to->stack ? STACK_SIZE : outside_size;

    __sanitizer_start_switch_fiber(for_good ? NULL : &from->fake_stack, bottom, size);
#else
    (void)from;
    (void)to;
    (void)for_good;
#endif
}

/* `self` runs again; `from_outside`: it was the system's stack that was left. */
static void tell_arrived(struct fiber_context *self)
{
#ifdef FIBER_ASAN
    const void *bottom;
    size_t size;

    __sanitizer_finish_switch_fiber(self->fake_stack, &bottom, &size);
    if (self->stack) { /* fibers are entered from outside only */
        outside_bottom = bottom;
        outside_size = size;
    }
#else
    (void)self;
#endif
}

/* ---- Stacks ----------------------------------------------------------------------- */

static struct fiber_stack *make_stack(void)
{
    struct fiber_stack *s = spare;

    if (s) {
        spare = s->next;
        return s;
    }
    s = calloc(1, sizeof *s);
    if (!s)
        abort();
    s->base = mmap(NULL, GUARD_SIZE + STACK_SIZE, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (s->base == MAP_FAILED || mprotect(s->base, GUARD_SIZE, PROT_NONE)) {
        perror("a fiber's stack");
        abort();
    }
    return s;
}

void fiber_release(struct fiber_context *c)
{
    if (!c->stack)
        return;
#ifdef FIBER_ASAN
    /* Its frames never returned. */
    __asan_unpoison_memory_region(c->stack->base + GUARD_SIZE, STACK_SIZE);
#endif
    c->stack->next = spare;
    spare = c->stack;
    c->stack = NULL;
}

void fiber_release_stacks(void)
{
    struct fiber_stack *s;

    while ((s = spare)) {
        spare = s->next;
        munmap(s->base, GUARD_SIZE + STACK_SIZE);
        free(s);
    }
}

/* ---- Switching -------------------------------------------------------------------- */

static void begin(unsigned high, unsigned low)
{
    struct fiber_context *c =
        (struct fiber_context *)(((uintptr_t)high << 16 << 16) | (uintptr_t)low);

    tell_arrived(c);
    errno = 0;
    loop_mark(false);
    c->run(c->arg);
    abort();
}

void fiber_make(struct fiber_context *c, void (*run)(void *arg), void *arg)
{
    uintptr_t self = (uintptr_t)c;
    ucontext_t *u;

    *c = (struct fiber_context){ .stack = make_stack(), .run = run, .arg = arg };
    c->stack->has_begun = false;
    u = &c->stack->context;
    getcontext(u);
    u->uc_stack.ss_sp = c->stack->base + GUARD_SIZE;
    u->uc_stack.ss_size = STACK_SIZE;
    u->uc_link = NULL;
    makecontext(u, (void (*)(void))begin, 2, (unsigned)(self >> 16 >> 16),
                (unsigned)self);
}

#ifdef FIBER_ASAN
static void go(struct fiber_context *from, struct fiber_context *to)
{
    swapcontext(context_of(from), context_of(to));
}
#else
static jmp_buf outside_place;

static void go(struct fiber_context *from, struct fiber_context *to)
{
    bool has_begun = !to->stack || to->stack->has_begun;

    if (_setjmp(from->stack ? from->stack->place : outside_place))
        return;
    if (has_begun)
        _longjmp(to->stack ? to->stack->place : outside_place, 1);
    to->stack->has_begun = true;
    setcontext(context_of(to));
    abort();
}
#endif

void fiber_switch(struct fiber_context *from, struct fiber_context *to)
{
    from->errno_kept = errno;
    from->is_loop_kept = loop_is_marked();
    tell_leaving(from, to, false);
    go(from, to);
    tell_arrived(from);
    loop_mark(from->is_loop_kept);
    errno = from->errno_kept;
}

void fiber_leave(struct fiber_context *from, struct fiber_context *to)
{
    tell_leaving(from, to, true);
    go(from, to);
    abort();
}
