#include "route.h"

#include <stdio.h>

#define DISCORD_EPOCH_MS UINT64_C(1420070400000)

enum {
    OLD_MESSAGE_MS = 14 * 24 * 3600 * 1000,
    WEBHOOK_TOKEN_MIN = 32, /* ids are at most 20 digits, Discord's words are shorter */
};

static const char *const methods[] = { "GET", "POST", "PUT", "PATCH", "DELETE" };

bool route_is_fine(const char *method, struct str path)
{
    bool known = false;

    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        known = known || strcmp(method, methods[i]) == 0;
    for (size_t i = 0; i < path.n; i++)
        if (path.p[i] <= ' ' || path.p[i] > '~')
            return false;
    return known && path.n > 0 && path.p[0] == '/';
}

/* FNV-1a: what it hashes is the caller's own, nobody gains from collisions. */
static void mix(uint64_t *key, struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        *key = (*key ^ (unsigned char)s.p[i]) * UINT64_C(0x100000001b3);
}

/* Takes the next segment off the path; false at its end. */
static bool next_segment(struct str *path, struct str *segment)
{
    size_t n = 0;

    if (path->n == 0)
        return false;
    path->p++; /* the '/' */
    path->n--;
    while (n < path->n && path->p[n] != '/')
        n++;
    *segment = (struct str){ path->p, n };
    path->p += n;
    path->n -= n;
    return true;
}

static bool is_major(struct str resource)
{
    return str_is(resource, "channels") || str_is(resource, "guilds") ||
           str_is(resource, "webhooks") || str_is(resource, "interactions");
}

/* "DELETE /channels/1/messages/2", of a message older than two weeks. */
static bool deletes_old(const struct route *r, struct str last, uint64_t wall)
{
    uint64_t id, made;

    if (strcmp(r->name, "DELETE /channels/:id/messages/:id") != 0 || !str_u64(last, &id))
        return false;
    made = (id >> 22) + DISCORD_EPOCH_MS;
    return wall > made && wall - made > OLD_MESSAGE_MS;
}

/* Answers to interactions, and what follows them, carry a token of their own. */
static bool is_token(struct str first, size_t n, struct str segment)
{
    if (n != 2)
        return false;
    return str_is(first, "interactions") ||
           (str_is(first, "webhooks") && segment.n >= WEBHOOK_TOKEN_MIN);
}

/* Puts one more segment into the name, as what it stands for. */
static void add_name(struct route *r, struct str segment)
{
    size_t at = strlen(r->name);

    snprintf(r->name + at, sizeof r->name - at, "/%.*s", STR_FMT(segment));
}

struct route route_of(const char *method, struct str path, uint64_t wall)
{
    struct route r = { .key = UINT64_C(0xcbf29ce484222325), .wants_token = true };
    struct str whole = path, segment, first = { "", 0 }, last = { "", 0 };
    uint64_t id;

    path.n = 0;
    while (path.n < whole.n && whole.p[path.n] != '?')
        path.n++;
    r.is_read = strcmp(method, "GET") == 0;
    r.idempotent = strcmp(method, "POST") != 0 && strcmp(method, "PATCH") != 0;
    snprintf(r.name, sizeof r.name, "%s ", method);
    for (size_t n = 0; next_segment(&path, &segment); n++, last = segment) {
        if (n == 0)
            first = segment;
        if (n == 1 && is_major(first))
            mix(&r.key, segment);
        if (is_token(first, n, segment)) {
            mix(&r.key, segment);
            r.wants_token = false;
            r.exempt = true;
            add_name(&r, STR(":token"));
        } else {
            add_name(&r, str_u64(segment, &id) ? STR(":id") : segment);
        }
        /* Reactions share one limit, whatever the emoji, the user and the method. */
        if (n == 4 && str_is(first, "channels") && str_is(segment, "reactions")) {
            mix(&r.key, STR("reactions"));
            return r;
        }
    }
    mix(&r.key, str_of(r.name));
    if (deletes_old(&r, last, wall))
        mix(&r.key, STR("old"));
    return r;
}
