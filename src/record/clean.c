/* clean.c - secrets out of a payload, and not a byte more.
 *
 * The parser has accepted the text, so a walk over its strings is enough to find members,
 * at whatever depth: a string before a colon is a name. What is no secret is copied as it
 * stands. A secret is one by its member's name, or by its form: a webhook's address, a
 * bot's token that somebody has pasted. */
#include <ctype.h>
#include <string.h>

#include "json_write.h"
#include "limits.h"
#include "recording.h"

/* What stands for each of them. A value of another kind than text gets it, too; null
 * stays null. */
static const struct secret {
    const char *name, *instead;
} secrets[] = {
    { "session_id", "\"recorded\"" }, /* the gateway's, and voice's */
    { "resume_gateway_url", "\"wss://gateway.invalid\"" },
    { "token", "\"recorded\"" }, /* voice, interactions, webhooks */
    { "access_token", "\"recorded\"" },
    { "refresh_token", "\"recorded\"" },
    { "endpoint", "\"voice.invalid\"" },
    { "secrets", "{}" }, /* of an activity that others may join */
    { "_trace", "[]" },  /* Discord's machines */
};
enum { N_SECRETS = sizeof secrets / sizeof *secrets };

struct walk {
    const char *p, *end;
    const char *copied; /* up to here the text is in `out` */
    struct buf *out;
    struct buf decoded; /* a string that has escapes */
};

static const char *skip_blanks(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r'))
        p++;
    return p;
}

/* Behind the string that begins at `p`. */
static const char *skip_string(const char *p, const char *end)
{
    for (p++; p < end && *p != '"'; p++)
        if (*p == '\\')
            p++;
    return p < end ? p + 1 : end;
}

/* Behind the value that begins at `p`. */
static const char *skip_value(const char *p, const char *end)
{
    unsigned depth = 0;

    while (p < end) {
        if (*p == '"') {
            p = skip_string(p, end);
        } else if (*p == '{' || *p == '[') {
            depth++;
            p++;
        } else if ((*p == '}' || *p == ']') && depth > 0) {
            depth--;
            p++;
        } else if (depth > 0) {
            p++;
            continue;
        } else {
            while (p < end && !strchr(",]} \t\r\n", *p))
                p++;
        }
        if (depth == 0)
            break;
    }
    return p;
}

/* ---- Strings --------------------------------------------------------------------- */

static void put_utf8(struct buf *out, uint32_t c)
{
    unsigned char b[4];
    size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

    for (size_t i = n; i-- > 1; c >>= 6)
        b[i] = (unsigned char)(0x80 | (c & 0x3f));
    b[0] = (unsigned char)(n == 1 ? c : (0xf00u >> n & 0xff) | c);
    buf_append(out, b, n);
}

static uint32_t hex4(const char *p)
{
    uint32_t value = 0;

    for (int i = 0; i < 4; i++) {
        int c = tolower((unsigned char)p[i]);

        value = value << 4 | (uint32_t)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    return value;
}

/* What `\uXXXX` at `p` (behind the u) means, and behind it. The parser has seen to it
 * that halves come in pairs. */
static const char *decode_unicode(const char *p, const char *end, struct buf *out)
{
    uint32_t c;

    if (end - p < 4)
        return end;
    c = hex4(p);
    p += 4;
    if (c >= 0xd800 && c < 0xdc00 && end - p >= 6) {
        c = 0x10000 + ((c - 0xd800) << 10) + ((hex4(p + 2) - 0xdc00) & 0x3ff);
        p += 6;
    }
    put_utf8(out, c & 0x1fffff);
    return p;
}

/* The text between the quotes, without escapes. Borrowed until the next. The room was
 * made first: what escapes mean is never longer than they are. */
static int decode(struct walk *w, const char *p, const char *end, struct str *out)
{
    static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";

    *out = (struct str){ p, (size_t)(end - p) };
    if (!memchr(p, '\\', out->n))
        return 0;
    buf_clear(&w->decoded);
    if (buf_reserve(&w->decoded, out->n) < 0)
        return CORDAGE_ENOMEM;
    while (p < end) {
        const char *at;

        if (*p != '\\' || p + 1 >= end) {
            buf_append(&w->decoded, p++, 1);
        } else if (p[1] == 'u') {
            p = decode_unicode(p + 2, end, &w->decoded);
        } else {
            at = strchr(from, p[1]);
            buf_append(&w->decoded, at && *at ? to + (at - from) : p + 1, 1);
            p += 2;
        }
    }
    *out = buf_str(&w->decoded);
    return 0;
}

/* ---- Secrets by their form ------------------------------------------------------- */

static size_t count_of(struct str s, size_t at, bool digits)
{
    size_t i = at;

    while (i < s.n &&
           (digits ? isdigit((unsigned char)s.p[i])
                   : isalnum((unsigned char)s.p[i]) || s.p[i] == '_' || s.p[i] == '-'))
        i++;
    return i - at;
}

/* ".../webhooks/ID/TOKEN", and the same of interactions' callbacks. */
static bool find_address(struct str s, size_t at, size_t *from, size_t *n)
{
    static const struct str roads[] = { { "/webhooks/", 10 }, { "/interactions/", 14 } };
    struct str rest = { s.p + at, s.n - at };

    for (size_t i = 0; i < sizeof roads / sizeof *roads; i++) {
        size_t id;

        if (!str_starts(rest, roads[i]))
            continue;
        id = count_of(rest, roads[i].n, true);
        if (id == 0 || roads[i].n + id >= rest.n || rest.p[roads[i].n + id] != '/')
            continue;
        *from = roads[i].n + id + 1;
        *n = count_of(rest, *from, false);
        *from += at;
        if (*n > 0)
            return true;
    }
    return false;
}

/* The form of a bot's token: its id, a time and a signature, in base64, with dots. */
static bool find_token(struct str s, size_t at, size_t *from, size_t *n)
{
    size_t id = count_of(s, at, false), time, sign;

    if (id < 23 || id > 30 || at + id >= s.n || s.p[at + id] != '.')
        return false;
    time = count_of(s, at + id + 1, false);
    /* Six, and so "recorded" in the middle is none. */
    if (time < 6 || time > 7 || at + id + 1 + time >= s.n ||
        s.p[at + id + 1 + time] != '.')
        return false;
    sign = count_of(s, at + id + 1 + time + 1, false);
    *from = at;
    *n = id + 1 + time + 1 + sign;
    return sign >= 27;
}

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '-';
}

/* The first secret at or behind `at`. */
static bool find_secret(struct str s, size_t at, size_t *from, size_t *n)
{
    for (; at < s.n; at++) {
        if (s.p[at] == '/' && find_address(s, at, from, n))
            return true;
        if (is_word(s.p[at]) && (at == 0 || !is_word(s.p[at - 1])) &&
            find_token(s, at, from, n))
            return true;
    }
    return false;
}

/* ---- The walk -------------------------------------------------------------------- */

/* The text up to `p` is out, and what follows begins at `next`. */
static int copy_up_to(struct walk *w, const char *p, const char *next)
{
    int err = buf_append(w->out, w->copied, (size_t)(p - w->copied));

    w->copied = next;
    return err;
}

static int put_text_without(struct walk *w, struct str text, size_t from, size_t n)
{
    struct buf clean = { 0 };
    struct json_writer out;
    size_t at = 0;
    int err = 0;

    do {
        err = err ? err : buf_append(&clean, text.p + at, from - at);
        err = err ? err : buf_append_z(&clean, "recorded");
        at = from + n;
    } while (find_secret(text, at, &from, &n));
    err = err ? err : buf_append(&clean, text.p + at, text.n - at);
    if (!err) {
        json_begin(&out, w->out);
        json_put_str(&out, buf_str(&clean));
        err = json_end(&out);
    }
    buf_release(&clean);
    return err;
}

/* A string that is a value. */
static int clean_text(struct walk *w, const char *p, const char *end)
{
    size_t from, n;
    struct str text;
    int err = decode(w, p + 1, end - 1, &text);

    if (err || !find_secret(text, 0, &from, &n))
        return err;
    err = copy_up_to(w, p, end);
    return err ? err : put_text_without(w, text, from, n);
}

/* `*p` is behind a member's name: leaves it behind the value if that is a secret, else
 * before it. */
static int clean_member(struct walk *w, struct str name, const char **p)
{
    const char *value = skip_blanks(*p + 1, w->end), *end;
    int err;

    *p = value;
    for (size_t i = 0; i < N_SECRETS; i++) {
        if (!str_is(name, secrets[i].name))
            continue;
        end = skip_value(value, w->end);
        *p = end;
        if (str_eq((struct str){ value, (size_t)(end - value) }, STR("null")))
            return 0;
        err = copy_up_to(w, value, end);
        return err ? err : buf_append_z(w->out, secrets[i].instead);
    }
    return 0;
}

static int walk(struct walk *w)
{
    while (w->p < w->end) {
        const char *end, *behind;
        struct str name;
        int err;

        if (*w->p != '"') {
            w->p++;
            continue;
        }
        end = skip_string(w->p, w->end);
        behind = skip_blanks(end, w->end);
        if (behind < w->end && *behind == ':') {
            err = decode(w, w->p + 1, end - 1, &name);
            err = err ? err : clean_member(w, name, &behind);
            w->p = behind;
        } else {
            err = clean_text(w, w->p, end);
            w->p = end;
        }
        if (err)
            return err;
    }
    return copy_up_to(w, w->end, w->end);
}

int recording_clean(struct json_parser *parser, struct str payload, struct buf *out)
{
    struct walk w = { payload.p, payload.p + payload.n, payload.p, out, { 0 } };
    size_t had = out->n;
    cordage_json root;
    int err;

    err = json_parse(parser, payload, &root);
    if (err)
        return err == CORDAGE_ENOMEM ? err : CORDAGE_EPARSE;
    if (cordage_json_type_of(root) != CORDAGE_JSON_OBJECT)
        return CORDAGE_EPARSE;
    err = walk(&w);
    buf_release(&w.decoded);
    if (err)
        out->n = had;
    return err;
}
