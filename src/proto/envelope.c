#include "envelope.h"

#include <limits.h>

#include "error.h"

/* Where the peek stands. */
struct cursor {
    const char *p, *end;
};

static void skip_blanks(struct cursor *c)
{
    while (c->p < c->end &&
           (*c->p == ' ' || *c->p == '\t' || *c->p == '\n' || *c->p == '\r'))
        c->p++;
}

/* Takes `sign` and the blanks on both sides of it. */
static bool take_sign(struct cursor *c, char sign)
{
    skip_blanks(c);
    if (c->p == c->end || *c->p != sign)
        return false;
    c->p++;
    skip_blanks(c);
    return true;
}

/* A string that stands for itself: with an escape in it, it's the parser's. */
static bool take_string(struct cursor *c, struct str *out)
{
    const char *p = c->p;

    if (p == c->end || *p != '"')
        return false;
    for (p++; p < c->end && *p != '"'; p++)
        if (*p == '\\' || (unsigned char)*p < 0x20)
            return false;
    if (p == c->end)
        return false;
    *out = (struct str){ c->p + 1, (size_t)(p - c->p - 1) };
    c->p = p + 1;
    return true;
}

static bool take_null(struct cursor *c)
{
    if (c->end - c->p < 4 || memcmp(c->p, "null", 4) != 0)
        return false;
    c->p += 4;
    return true;
}

/* Digits only, and whole: what follows must show that the number ends here. */
static bool take_number(struct cursor *c, uint64_t *out)
{
    const char *p = c->p;
    uint64_t n = 0;

    while (p < c->end && *p >= '0' && *p <= '9') {
        if (__builtin_mul_overflow(n, 10, &n) ||
            __builtin_add_overflow(n, (uint64_t)(*p - '0'), &n))
            return false;
        p++;
    }
    if (p == c->p || p == c->end || (*c->p == '0' && p > c->p + 1))
        return false;
    if (*p == '.' || *p == 'e' || *p == 'E')
        return false;
    c->p = p;
    *out = n;
    return true;
}

static bool take_op(struct cursor *c, struct envelope *out)
{
    uint64_t op;

    if (!take_number(c, &op) || op > INT_MAX)
        return false;
    out->op = (int)op;
    return true;
}

static bool take_seq(struct cursor *c, struct envelope *out)
{
    if (take_null(c))
        return true;
    out->has_seq = take_number(c, &out->seq);
    return out->has_seq;
}

static bool take_name(struct cursor *c, struct envelope *out)
{
    return take_null(c) || take_string(c, &out->name);
}

enum envelope_key { KEY_OP = 1, KEY_SEQ = 2, KEY_NAME = 4, KEY_ALL = 7 };

/* One member, which must be one of the three, and not seen before: of a key that stands
 * twice, the first counts, and that rule is left to the parser. */
static bool take_member(struct cursor *c, unsigned *seen, struct envelope *out)
{
    struct str key;
    enum envelope_key which;

    if (!take_string(c, &key) || !take_sign(c, ':'))
        return false;
    if (str_eq(key, STR("t")))
        which = KEY_NAME;
    else if (str_eq(key, STR("s")))
        which = KEY_SEQ;
    else if (str_eq(key, STR("op")))
        which = KEY_OP;
    else
        return false;
    if (*seen & which)
        return false;
    *seen |= which;
    if (which == KEY_NAME)
        return take_name(c, out);
    return which == KEY_SEQ ? take_seq(c, out) : take_op(c, out);
}

static void take_d(struct cursor *c, struct envelope *out)
{
    struct str key;

    if (take_sign(c, ',') && take_string(c, &key) && str_eq(key, STR("d")) &&
        take_sign(c, ':'))
        out->d = (struct str){ c->p, (size_t)(c->end - c->p) };
}

bool envelope_peek(struct str payload, struct envelope *out)
{
    struct cursor c = { payload.p, payload.p + payload.n };
    unsigned seen = 0;

    *out = (struct envelope){ .name = { "", 0 }, .d = { "", 0 } };
    if (!take_sign(&c, '{'))
        return false;
    for (;;) {
        if (!take_member(&c, &seen, out))
            return false;
        if (seen == KEY_ALL)
            break;
        if (!take_sign(&c, ','))
            return false;
    }
    take_d(&c, out);
    return true;
}

int envelope_parse(struct json_parser *p, struct str payload, struct envelope *out,
                   cordage_json *d)
{
    cordage_json root, name, seq;
    int64_t op;
    int err;

    *out = (struct envelope){ .name = { "", 0 }, .d = { "", 0 } };
    *d = (cordage_json){ NULL, 0 };
    err = json_parse(p, payload, &root);
    if (err)
        return err;
    if (!json_i64(json_get(root, "op"), &op) || op < INT_MIN || op > INT_MAX)
        return CORDAGE_EPARSE;
    out->op = (int)op;
    seq = json_get(root, "s");
    out->has_seq = json_u64(seq, &out->seq);
    if (!out->has_seq && !json_is_absent(seq) && !json_is_null(seq))
        return CORDAGE_EPARSE;
    name = json_get(root, "t");
    if (!json_str(name, &out->name) && !json_is_absent(name) && !json_is_null(name))
        return CORDAGE_EPARSE;
    *d = json_get(root, "d");
    return 0;
}
