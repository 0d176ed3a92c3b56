/* mem.h - the little we add to malloc.
 *
 * All our memory comes from malloc, calloc and realloc, and every failure is
 * handled: tests link with --wrap and fail each allocation in turn. */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>
#include <stdlib.h>

/* Zeroed memory, or NULL. */
static inline void *mem_zero(size_t size)
{
    return calloc(1, size);
}

/* A copy with a NUL behind it, or NULL; free() it. */
char *mem_copy(const char *p, size_t n);
/* Overwrites with zeros in a way the compiler may not drop. */
void mem_wipe(void *p, size_t n);

/* The struct that holds `member` at `ptr`. */
#define CONTAINER_OF(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

#endif
