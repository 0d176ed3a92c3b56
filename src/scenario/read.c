#include "read.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "suggest.h"

/* ---- Sentences ----------------------------------------------------------------------
 */

int read_refuse(const struct reader *r, unsigned line, const char *format, ...)
{
    char text[800];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    str_make_printable(text, strlen(text));
    return error_set(r->error, CORDAGE_EINVAL, "%s:%u: %s", r->name, line, text);
}

int read_refuse_key(const struct reader *r, const char *what, const struct node *v,
                    const char *const *names)
{
    const char *meant = suggest(v->key, names);
    char list[600] = "";
    size_t n = 0;

    if (meant)
        return read_refuse(r, v->key_line, "%s has no '%.60s'; did you mean '%s'?", what,
                           v->key, meant);
    for (; *names && n < sizeof list; names++)
        n += (size_t)snprintf(list + n, sizeof list - n, "%s%s", n ? ", " : "", *names);
    return read_refuse(r, v->key_line, "%s has no '%.60s'; it has %s", what, v->key,
                       list);
}

int read_expect_kind(const struct reader *r, const struct node *v, enum tree_kind kind,
                     const char *example)
{
    if (v->kind == kind)
        return 0;
    return read_refuse(r, v->line, "%s%shere %s should stand, like %s",
                       v->key ? v->key : "", v->key ? ": " : "", tree_kind_name(kind),
                       example);
}

/* ---- Texts --------------------------------------------------------------------------
 */

bool read_number(const char *text, double *out)
{
    const char *p = text;
    char *end;

    /* strtod's inf, nan and hexadecimals are no numbers of ours. */
    if (*p == '-')
        p++;
    if (*p < '0' || *p > '9' || p[strspn(p, "0123456789.")] != '\0')
        return false;
    *out = strtod(text, &end);
    return *end == '\0' && isfinite(*out);
}

bool read_bool(const char *text, bool *out)
{
    static const char *const yes[] = { "yes", "true", "on" };
    static const char *const no[] = { "no", "false", "off" };

    for (size_t i = 0; i < 3; i++) {
        *out = strcasecmp(text, yes[i]) == 0;
        if (*out || strcasecmp(text, no[i]) == 0)
            return true;
    }
    return false;
}

bool read_percent(const char *text, double *out)
{
    char number[16];
    size_t n = strlen(text);

    if (n < 2 || n > sizeof number || text[n - 1] != '%')
        return false;
    memcpy(number, text, n - 1);
    number[n - 1] = '\0';
    if (!read_number(number, out) || *out < 0 || *out > 100)
        return false;
    *out /= 100;
    return true;
}

/* 06:30 and 06:30:15. */
static bool read_clock(const char *text, uint64_t *ms)
{
    unsigned h, m, s = 0;
    int n = 0;

    if (strspn(text, "0123456789:") != strlen(text) || strlen(text) > 8)
        return false;
    if (sscanf(text, "%2u:%2u%n", &h, &m, &n) != 2 ||
        (text[n] && (sscanf(text + n, ":%2u", &s) != 1 || strlen(text + n) != 3)) ||
        m > 59 || s > 59)
        return false;
    *ms = ((uint64_t)h * 3600 + m * 60 + s) * 1000;
    return true;
}

/* One of "1h", "30m", "1.5s", "500ms" at *p, which is moved behind it; 0: none. */
static double read_part(const char **p, double *unit)
{
    static const struct {
        const char *name;
        double ms;
    } units[] = {
        { "ms", 1 }, { "s", 1e3 }, { "m", 6e4 }, { "h", 36e5 }, { "d", 864e5 }
    };
    size_t n = strspn(*p, "0123456789.");
    char number[16];
    double value;

    if (n == 0 || n >= sizeof number)
        return -1;
    memcpy(number, *p, n);
    number[n] = '\0';
    if (!read_number(number, &value))
        return -1;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        size_t length = strlen(units[i].name);
        char next;

        if (strncmp(*p + n, units[i].name, length) != 0)
            continue;
        next = (*p)[n + length];
        if (next == '\0' || (next >= '0' && next <= '9')) {
            *p += n + length;
            *unit = units[i].ms;
            return value * units[i].ms;
        }
    }
    return -1;
}

bool read_time(const char *text, uint64_t *ms)
{
    double sum = 0, unit, last = HUGE_VAL;
    const char *p = text;

    if (strcmp(text, "0") == 0) {
        *ms = 0;
        return true;
    }
    if (read_clock(text, ms))
        return true;
    if (!*p)
        return false;
    while (*p) {
        double part = read_part(&p, &unit);

        if (part < 0 || unit >= last)
            return false;
        last = unit;
        sum += part;
    }
    if (sum > READ_TIME_MAX)
        return false;
    *ms = (uint64_t)(sum + 0.5);
    return true;
}

/* ---- Values -------------------------------------------------------------------------
 */

static bool take_number(const char *text, const struct read_key *key, double *out)
{
    return read_number(text, out) && *out >= key->least && *out <= key->most;
}

/* A bound that a double can't hold is none: any uint64_t then. */
static bool take_whole(const char *text, const struct read_key *key, uint64_t *out)
{
    return str_u64(str_of(text), out) && (double)*out >= key->least &&
           (key->most >= 0x1p64 || (double)*out <= key->most);
}

static bool take_time(const char *text, const struct read_key *key, uint64_t *out)
{
    double most = key->most > 0 ? key->most : READ_TIME_MAX;

    return read_time(text, out) && (double)*out >= key->least && (double)*out <= most;
}

static void say_time(char *out, size_t size, double ms)
{
    if (ms < 1000)
        snprintf(out, size, "%gms", ms);
    else if (ms < 120000)
        snprintf(out, size, "%gs", ms / 1000);
    else if (ms < 2 * 36e5)
        snprintf(out, size, "%gm", ms / 6e4);
    else
        snprintf(out, size, "%gh", ms / 36e5);
}

static void say_range(const struct read_key *key, char *out, size_t size)
{
    double most = key->most > 0 ? key->most : READ_TIME_MAX;
    char from[32], to[32];

    switch (key->type) {
    case READ_BOOL:
        snprintf(out, size, "yes or no");
        break;
    case READ_TIME:
    case READ_TIME32:
        say_time(from, sizeof from, key->least);
        say_time(to, sizeof to, most);
        snprintf(out, size, "a time from %s to %s, like 90s, 15m, 1h30m or 06:30",
                 key->least > 0 ? from : "0s", to);
        break;
    case READ_REAL:
        snprintf(out, size, "a number from %g to %.10g", key->least, key->most);
        break;
    default:
        if (key->most >= 0x1p64)
            snprintf(out, size, "a whole number from %.0f to %llu", key->least,
                     (unsigned long long)UINT64_MAX);
        else
            snprintf(out, size, "a whole number from %.0f to %.0f", key->least,
                     key->most);
    }
}

static bool take(const char *text, const struct read_key *key, void *at)
{
    uint64_t whole = 0;
    bool ok;

    switch (key->type) {
    case READ_REAL:
        return take_number(text, key, at);
    case READ_BOOL:
        return read_bool(text, at);
    case READ_TIME:
        return take_time(text, key, at);
    case READ_U64:
        return take_whole(text, key, at);
    default:
        ok = key->type == READ_U32 ? take_whole(text, key, &whole)
                                   : take_time(text, key, &whole);
        if (ok && whole <= UINT32_MAX)
            *(uint32_t *)at = (uint32_t)whole;
        return ok && whole <= UINT32_MAX;
    }
}

int read_value(const struct reader *r, const struct node *v, const struct read_key *key,
               void *out)
{
    void *at = (char *)out + key->offset;
    char range[160];

    if (key->type == READ_NODE) {
        *(const struct node **)at = v;
        return 0;
    }
    if (v->kind != TREE_VALUE)
        return read_refuse(r, v->line, "%s takes one value, not %s", key->name,
                           tree_kind_name(v->kind));
    if (key->type == READ_TEXT && *v->text) {
        *(const char **)at = v->text;
        return 0;
    }
    if (key->type == READ_TEXT)
        return read_refuse(r, v->line, "%s: some text should stand here", key->name);
    if (take(v->text, key, at))
        return 0;
    say_range(key, range, sizeof range);
    return read_refuse(r, v->line, "%s takes %s, not '%.60s'", key->name, range, v->text);
}

static const struct read_key *find_key(const struct read_key *keys, const char *name)
{
    for (; keys->name; keys++)
        if (tree_key_is(name, keys->name))
            return keys;
    return NULL;
}

int read_map(const struct reader *r, const char *what, const struct node *map,
             const struct read_key *keys, void *out)
{
    const char *names[READ_KEYS_MAX + 1] = { NULL };
    int err;

    if (!map)
        return 0;
    for (size_t i = 0; keys[i].name && i < READ_KEYS_MAX; i++)
        names[i] = keys[i].name;
    if (map->kind != TREE_MAP)
        return read_refuse(r, map->line, "%s: here %s should stand, one of each: %s, ...",
                           what, tree_kind_name(TREE_MAP), names[0]);
    for (const struct node *v = map->first; v; v = v->next) {
        const struct read_key *key = find_key(keys, v->key);

        if (!key)
            return read_refuse_key(r, what, v, names);
        err = read_value(r, v, key, out);
        if (err)
            return err;
    }
    return 0;
}
