/* alloc.h - memory that runs out when a test says so.
 *
 * For the programs of `alloc_tests`, which are linked with malloc, calloc and
 * realloc wrapped. Included by one file of the program; C++'s operators new are
 * replaced, too, so that what simdjson asks for is counted with the rest.
 *
 *     static int run(void *user) { ... return err; }
 *     alloc_each(run, user);
 *
 * runs it with the first allocation failing, then the second, and so on until a
 * run needs no more. Frees are not counted: leaks are the sanitizers' to find. */
#ifndef ALLOC_H
#define ALLOC_H

#include <stdlib.h>

#include "error.h"
#include "test.h"

static unsigned long alloc_count;    /* since the last alloc_fail_at */
static unsigned long alloc_fail_nth; /* 0: none */
/* While it is true none fails, and none is counted: what the test does for itself. */
static bool alloc_held;

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);

/* The nth allocation from now on fails, and only that; 0: none does. */
static inline void alloc_fail_at(unsigned long nth)
{
    alloc_count = 0;
    alloc_fail_nth = nth;
}

static inline bool alloc_fails(void)
{
    return !alloc_held && ++alloc_count == alloc_fail_nth;
}

void *__wrap_malloc(size_t n)
{
    return alloc_fails() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return alloc_fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
    return alloc_fails() ? NULL : __real_realloc(p, n);
}

/* operator new(size_t, const std::nothrow_t &) and its kin, under the names that the
 * compiler gives them. The throwing ones are here because memory must be taken and given
 * by the same side; they never fail, having nothing to throw. */
void *alloc_new(size_t n) __asm__("_Znwm");
void *alloc_new_array(size_t n) __asm__("_Znam");
void *alloc_new_nothrow(size_t n, const void *tag) __asm__("_ZnwmRKSt9nothrow_t");
void *alloc_new_array_nothrow(size_t n, const void *tag) __asm__("_ZnamRKSt9nothrow_t");
void alloc_delete(void *p) __asm__("_ZdlPv");
void alloc_delete_array(void *p) __asm__("_ZdaPv");
void alloc_delete_sized(void *p, size_t n) __asm__("_ZdlPvm");
void alloc_delete_array_sized(void *p, size_t n) __asm__("_ZdaPvm");

void *alloc_new(size_t n)
{
    void *p = __real_malloc(n ? n : 1);

    if (!p)
        abort();
    return p;
}

void *alloc_new_array(size_t n)
{
    return alloc_new(n);
}

void *alloc_new_nothrow(size_t n, const void *tag)
{
    (void)tag;
    return __wrap_malloc(n ? n : 1);
}

void *alloc_new_array_nothrow(size_t n, const void *tag)
{
    return alloc_new_nothrow(n, tag);
}

void alloc_delete(void *p)
{
    free(p);
}

void alloc_delete_array(void *p)
{
    free(p);
}

void alloc_delete_sized(void *p, size_t n)
{
    (void)n;
    free(p);
}

void alloc_delete_array_sized(void *p, size_t n)
{
    (void)n;
    free(p);
}

/* Runs `run` with each allocation failing in turn. It returns CORDAGE_ENOMEM when that
 * was noticed; 0, when it got by without (it must then have done its work). Returns how
 * many allocations an undisturbed run needs. */
static inline unsigned long alloc_each(int (*run)(void *user), void *user)
{
    unsigned long nth;

    for (nth = 1;; nth++) {
        bool failed;
        int err;

        alloc_fail_at(nth);
        err = run(user);
        failed = alloc_count >= nth;
        alloc_fail_at(0);
        if (!failed) {
            CHECK_INT(err, 0);
            return nth - 1;
        }
        if (err != 0 && err != CORDAGE_ENOMEM)
            fail_msg("with allocation %lu failing: %s", nth, cordage_strerror(err));
    }
}

#endif
