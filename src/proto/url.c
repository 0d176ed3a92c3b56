#include "url.h"

#include <arpa/inet.h>
#include <stdio.h>

/* The longest host name that DNS can carry. */
enum { HOST_MAX = 253 };

struct scheme {
    struct str name;
    uint16_t port;
    bool tls, websocket;
};

static const struct scheme *scheme_find(struct str name)
{
    static const struct scheme schemes[] = {
        { { "https", 5 }, 443, true, false },
        { { "http", 4 }, 80, false, false },
        { { "wss", 3 }, 443, true, true },
        { { "ws", 2 }, 80, false, true },
    };

    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
        if (str_eq_nocase(name, schemes[i].name))
            return &schemes[i];
    return NULL;
}

static bool is_visible(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] >= 0x7f)
            return false;
    return true;
}

static bool is_host_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_';
}

/* Refuses `text`. What is shown of it can neither break a line of a log nor tell a
 * password: user info is left out. */
static int refuse(struct str text, cordage_error *error, const char *why)
{
    char shown[LIMIT_URL];
    const char *at = text.n ? memrchr(text.p, '@', text.n) : NULL;
    size_t n = 0;

    if (at) {
        text.n -= (size_t)(at + 1 - text.p);
        text.p = at + 1;
    }
    for (; n < text.n && n < sizeof shown; n++)
        shown[n] = text.p[n] > ' ' && text.p[n] < 0x7f ? text.p[n] : '?';
    return error_set(error, CORDAGE_EINVAL, "The URL \"%s%.*s\" is no good: %s.",
                     at ? "…@" : "", (int)n, shown, why);
}

/* Cuts `*text` before the first of `stops`; returns what was before it. */
static struct str cut(struct str *text, const char *stops)
{
    struct str head = { text->p, 0 };

    while (head.n < text->n && !strchr(stops, text->p[head.n]))
        head.n++;
    text->p += head.n;
    text->n -= head.n;
    return head;
}

static void copy(char *out, struct str s)
{
    memcpy(out, s.p, s.n);
    out[s.n] = '\0';
}

/* NULL, or why not. */
static const char *take_address6(struct str inside, struct url *out)
{
    struct in6_addr parsed;

    if (inside.n >= INET6_ADDRSTRLEN)
        return "the address in brackets is too long";
    copy(out->host, inside);
    return inet_pton(AF_INET6, out->host, &parsed) == 1
               ? NULL
               : "what is in brackets is not an IPv6 address";
}

static const char *take_name(struct str name, struct url *out)
{
    if (name.n == 0)
        return "it names no host";
    if (name.n > HOST_MAX)
        return "the host name is too long";
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];

        out->host[i] = c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
        if (!is_host_char(out->host[i]))
            return "the host name has a character that no host name has";
    }
    out->host[name.n] = '\0';
    return NULL;
}

static const char *take_port(struct str digits, struct url *out)
{
    uint64_t port;

    if (!str_u64(digits, &port) || port == 0 || port > UINT16_MAX)
        return "the port is not a number from 1 to 65535";
    out->port = (uint16_t)port;
    return NULL;
}

/* host, host:port, [address] or [address]:port. */
static const char *take_authority(struct str authority, struct url *out)
{
    const char *why;

    if (memchr(authority.p, '@', authority.n))
        return "a user name or password is not taken";
    if (authority.n && authority.p[0] == '[') {
        struct str inside = cut(&authority, "]");

        if (authority.n == 0)
            return "the bracket is not closed";
        why = take_address6((struct str){ inside.p + 1, inside.n - 1 }, out);
        authority.p++;
        authority.n--;
        if (!why && authority.n && authority.p[0] != ':')
            why = "something other than a port follows the address";
    } else {
        why = take_name(cut(&authority, ":"), out);
    }
    if (why || authority.n == 0)
        return why;
    return take_port((struct str){ authority.p + 1, authority.n - 1 }, out);
}

int url_parse(struct str text, struct url *out, cordage_error *error)
{
    struct str rest = text, path;
    const struct scheme *scheme;
    const char *why;
    size_t at = str_find(text, STR("://"));

    *out = (struct url){ 0 };
    if (text.n >= LIMIT_URL)
        return refuse(text, error, "it is too long");
    if (!is_visible(text))
        return refuse(text, error, "it has a blank or a character that is not ASCII");
    scheme = at == SIZE_MAX ? NULL : scheme_find((struct str){ text.p, at });
    if (!scheme)
        return refuse(text, error,
                      "it does not begin with https://, http://, wss:// or ws://");
    out->port = scheme->port;
    out->tls = scheme->tls;
    out->websocket = scheme->websocket;
    rest = (struct str){ text.p + at + 3, text.n - at - 3 };
    why = take_authority(cut(&rest, "/?#"), out);
    if (why)
        return refuse(text, error, why);
    path = cut(&rest, "?#");
    copy(out->path, path.n ? path : STR("/"));
    if (rest.n && rest.p[0] == '?') {
        rest = (struct str){ rest.p + 1, rest.n - 1 };
        copy(out->query, cut(&rest, "#"));
    }
    return 0;
}

void url_target(const struct url *u, char out[URL_TARGET])
{
    snprintf(out, URL_TARGET, "%s%s%s", u->path, u->query[0] ? "?" : "", u->query);
}

void url_text(const struct url *u, char out[URL_TEXT])
{
    static const char *const schemes[2][2] = { { "http", "https" }, { "ws", "wss" } };
    bool v6 = strchr(u->host, ':') != NULL;

    snprintf(out, URL_TEXT, "%s://%s%s%s:%u%s", schemes[u->websocket][u->tls],
             v6 ? "[" : "", u->host, v6 ? "]" : "", u->port, u->path);
}

bool url_is_loopback(const struct url *u)
{
    struct in_addr v4;
    struct in6_addr v6;

    if (strcmp(u->host, "localhost") == 0)
        return true;
    /* inet_pton takes only four plain decimal numbers, so that no name and no odd
     * spelling passes for a loopback address. */
    if (inet_pton(AF_INET, u->host, &v4) == 1)
        return (ntohl(v4.s_addr) >> 24) == 127;
    return inet_pton(AF_INET6, u->host, &v6) == 1 &&
           memcmp(&v6, &in6addr_loopback, sizeof v6) == 0;
}

bool url_is_under(const struct url *u, const char *domain)
{
    struct str host = str_of(u->host), tail = str_of(domain);

    if (tail.n == 0 || !str_ends(host, tail))
        return false;
    return host.n == tail.n || host.p[host.n - tail.n - 1] == '.';
}

int url_check_plaintext(const struct url *u, bool allow_plaintext, cordage_error *error)
{
    if (u->tls || url_is_loopback(u) || allow_plaintext)
        return 0;
    return error_set(error, CORDAGE_EINVAL,
                     "\"%s\" would get the token in plain text. Use %s, or set "
                     "CORDAGE_ALLOW_PLAINTEXT=1 if the way there is safe.",
                     u->host, u->websocket ? "wss://" : "https://");
}

int url_gateway(struct str base, const char *query, struct url *out, cordage_error *error)
{
    struct str added = str_of(query);
    size_t n;
    int err = url_parse(base, out, error);

    if (err)
        return err;
    if (!out->websocket)
        return refuse(base, error, "a gateway's begins with wss:// or ws://");
    n = strlen(out->path);
    while (n > 0 && out->path[n - 1] == '/')
        n--;
    if (n + 1 + 1 + added.n >= LIMIT_URL)
        return refuse(base, error, "it is too long with the query behind it");
    if (!is_visible(added) || memchr(added.p ? added.p : "", '#', added.n))
        return refuse(base, error, "the query to put behind it has a blank or a '#'");
    copy(out->path + n, STR("/"));
    copy(out->query, added.n ? added : STR(""));
    return 0;
}
