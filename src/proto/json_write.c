#include "json_write.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "error.h"

void json_begin(struct json_writer *w, struct buf *out)
{
    *w = (struct json_writer){ .out = out, .start = out->n };
}

int json_end(struct json_writer *w)
{
    assert(w->depth == 0);
    if (w->err)
        w->out->n = w->start;
    return w->err;
}

static void put(struct json_writer *w, const void *bytes, size_t n)
{
    if (!w->err)
        w->err = buf_append(w->out, bytes, n);
}

static void before_value(struct json_writer *w)
{
    if (w->comma)
        put(w, ",", 1);
    w->comma = true;
}

static void put_word(struct json_writer *w, const char *word)
{
    before_value(w);
    put(w, word, strlen(word));
}

void json_open(struct json_writer *w, char brace)
{
    assert(brace == '{' || brace == '[');
    before_value(w);
    put(w, &brace, 1);
    w->depth++;
    w->comma = false;
}

void json_shut(struct json_writer *w, char brace)
{
    assert((brace == '}' || brace == ']') && w->depth > 0);
    put(w, &brace, 1);
    w->depth--;
    w->comma = true;
}

/* The length of the well-formed UTF-8 sequence at the start of `s`; 0 if there is none,
 * and then *bad is how many bytes one U+FFFD stands for: the longest start of a
 * well-formed sequence, at least one byte (Unicode, section 3.9, "maximal subpart"). */
static size_t utf8_length(struct str s, size_t *bad)
{
    const unsigned char *p = (const unsigned char *)s.p;
    unsigned char low = 0x80, high = 0xbf; /* bounds of the second byte */
    size_t need, i;

    *bad = 1;
    if (p[0] < 0x80)
        return 1;
    if (p[0] < 0xc2 || p[0] > 0xf4)
        return 0;
    need = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
    if (p[0] == 0xe0)
        low = 0xa0; /* else overlong */
    else if (p[0] == 0xed)
        high = 0x9f; /* else a surrogate */
    else if (p[0] == 0xf0)
        low = 0x90; /* else overlong */
    else if (p[0] == 0xf4)
        high = 0x8f; /* else beyond U+10FFFF */
    for (i = 1; i < need; i++) {
        if (i >= s.n || p[i] < low || p[i] > high)
            return 0;
        *bad = i + 1;
        low = 0x80;
        high = 0xbf;
    }
    return need;
}

static void put_escape(struct json_writer *w, unsigned char c)
{
    static const char letters[] = "\bb\ff\nn\rr\tt\"\"\\\\";
    char escape[7];
    int i;

    for (i = 0; letters[i]; i += 2)
        if (letters[i] == (char)c) {
            escape[0] = '\\';
            escape[1] = letters[i + 1];
            put(w, escape, 2);
            return;
        }
    snprintf(escape, sizeof escape, "\\u%04x", c);
    put(w, escape, 6);
}

static bool is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

static void put_string(struct json_writer *w, struct str s)
{
    size_t run, length, bad, i = 0;

    put(w, "\"", 1);
    while (i < s.n) {
        for (run = i; run < s.n && is_plain((unsigned char)s.p[run]); run++)
            ;
        put(w, s.p + i, run - i);
        i = run;
        if (i == s.n)
            break;
        length = utf8_length((struct str){ s.p + i, s.n - i }, &bad);
        if (length > 1)
            put(w, s.p + i, length);
        else if (length == 1)
            put_escape(w, (unsigned char)s.p[i]);
        else
            put(w, "\xef\xbf\xbd", 3);
        i += length ? length : bad;
    }
    put(w, "\"", 1);
}

void json_key_str(struct json_writer *w, struct str key)
{
    before_value(w);
    put_string(w, key);
    put(w, ":", 1);
    w->comma = false;
}

void json_key(struct json_writer *w, const char *key)
{
    json_key_str(w, str_of(key));
}

void json_put_str(struct json_writer *w, struct str s)
{
    before_value(w);
    put_string(w, s);
}

void json_put_z(struct json_writer *w, const char *z)
{
    if (z)
        json_put_str(w, str_of(z));
    else
        json_put_null(w);
}

void json_put_u64(struct json_writer *w, uint64_t n)
{
    char digits[24];

    snprintf(digits, sizeof digits, "%" PRIu64, n);
    put_word(w, digits);
}

void json_put_i64(struct json_writer *w, int64_t n)
{
    char digits[24];

    snprintf(digits, sizeof digits, "%" PRId64, n);
    put_word(w, digits);
}

/* The fewest digits that read back as the same number. The program we live in may have
 * set a locale, whose decimal sign is not JSON's. */
void json_put_double(struct json_writer *w, double d)
{
    char text[64], out[64];
    size_t i, n = 0;
    int precision;

    if (!isfinite(d)) {
        json_put_null(w);
        return;
    }
    for (precision = 15; precision <= 17; precision++) {
        snprintf(text, sizeof text, "%.*g", precision, d);
        if (strtod(text, NULL) == d)
            break;
    }
    for (i = 0; text[i]; i++) {
        if (strchr("0123456789+-e", text[i]))
            out[n++] = text[i];
        else if (n > 0 && out[n - 1] != '.')
            out[n++] = '.'; /* one for a sign of several bytes */
    }
    out[n] = '\0';
    put_word(w, out);
}

void json_put_bool(struct json_writer *w, bool b)
{
    put_word(w, b ? "true" : "false");
}

void json_put_null(struct json_writer *w)
{
    put_word(w, "null");
}

void json_put_id(struct json_writer *w, uint64_t id)
{
    char digits[24];

    snprintf(digits, sizeof digits, "\"%" PRIu64 "\"", id);
    put_word(w, digits);
}

void json_put_raw(struct json_writer *w, struct str json)
{
    before_value(w);
    put(w, json.p, json.n);
}
