#include "authority.h"

#include <arpa/inet.h>
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

/* What is behind "scheme://"; false where there is no scheme. */
static bool origin_authority(struct str origin, struct str *out)
{
    size_t scheme = str_find(origin, STR("://"));

    if (scheme == SIZE_MAX)
        return false;
    *out = (struct str){ origin.p + scheme + 3, origin.n - scheme - 3 };
    return true;
}

bool authority_is_own(struct str host, struct str origin, uint16_t port)
{
    struct str page;

    if (!is_ours(host, port))
        return false;
    return origin.n == 0 || (origin_authority(origin, &page) && is_ours(page, port));
}

/* Nothing, or a colon and digits. */
static bool is_port(struct str rest)
{
    if (rest.n == 0)
        return true;
    for (size_t i = 1; i < rest.n; i++)
        if (rest.p[i] < '0' || rest.p[i] > '9')
            return false;
    return rest.p[0] == ':';
}

/* Without the port behind it, and the brackets around it; empty if it is neither. */
static struct str bare_name(struct str authority)
{
    bool is_bracketed = authority.n && authority.p[0] == '[';
    size_t n = str_find(authority, is_bracketed ? STR("]") : STR(":")),
           skip = is_bracketed;

    if (n == SIZE_MAX && is_bracketed)
        return (struct str){ 0 };
    if (n == SIZE_MAX)
        return authority;
    if (!is_port((struct str){ authority.p + n + skip, authority.n - n - skip }))
        return (struct str){ 0 };
    return (struct str){ authority.p + skip, n - skip };
}

static bool is_numeric(struct str name)
{
    unsigned char out[sizeof(struct in6_addr)];
    char text[INET6_ADDRSTRLEN];

    if (name.n >= sizeof text)
        return false;
    memcpy(text, name.p, name.n);
    text[name.n] = '\0';
    return inet_pton(AF_INET, text, out) == 1 || inet_pton(AF_INET6, text, out) == 1;
}

static bool is_in_list(struct str name, const char *names)
{
    while (names && *names) {
        size_t n = strcspn(names, ",");

        if (str_eq_nocase(name, str_trim((struct str){ names, n })))
            return true;
        names += n + (names[n] == ',');
    }
    return false;
}

bool authority_is_named(struct str host, struct str origin, const char *names,
                        bool numeric)
{
    struct str name = bare_name(host), page;

    if (name.n == 0 || !(is_in_list(name, names) || (numeric && is_numeric(name))))
        return false;
    return origin.n == 0 ||
           (origin_authority(origin, &page) && str_eq_nocase(page, host));
}
