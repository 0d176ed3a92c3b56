#include "mem.h"

#include <string.h>

char *mem_copy(const char *p, size_t n)
{
    char *copy = malloc(n + 1);

    if (!copy)
        return NULL;
    if (n)
        memcpy(copy, p, n);
    copy[n] = '\0';
    return copy;
}

void mem_wipe(void *p, size_t n)
{
    explicit_bzero(p, n);
}
