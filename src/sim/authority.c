#include "authority.h"

#include <stdio.h>

/* "name:port" with one of our names and our port. */
static bool is_ours(struct str authority, uint16_t port)
{
    static const char *const names[] = { "localhost", "127.0.0.1", "[::1]" };
    char own[32];

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(own, sizeof own, "%s:%u", names[i], port);
        if (str_eq_nocase(authority, str_of(own)))
            return true;
        if (port == 443 && str_eq_nocase(authority, str_of(names[i])))
            return true;
    }
    return false;
}

bool authority_is_own(struct str host, struct str origin, uint16_t port)
{
    size_t scheme = str_find(origin, STR("://"));

    if (!is_ours(host, port))
        return false;
    if (origin.n == 0)
        return true;
    if (scheme == SIZE_MAX)
        return false;
    origin.p += scheme + 3;
    origin.n -= scheme + 3;
    return is_ours(origin, port);
}
