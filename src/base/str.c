#include "str.h"

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool str_eq_nocase(struct str a, struct str b)
{
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++)
        if (lower(a.p[i]) != lower(b.p[i]))
            return false;
    return true;
}

bool str_starts(struct str s, struct str prefix)
{
    return s.n >= prefix.n && (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}

bool str_ends(struct str s, struct str suffix)
{
    return s.n >= suffix.n &&
           (suffix.n == 0 || memcmp(s.p + s.n - suffix.n, suffix.p, suffix.n) == 0);
}

size_t str_find(struct str s, struct str needle)
{
    const char *found;

    if (needle.n == 0)
        return 0;
    if (s.n == 0)
        return SIZE_MAX;
    found = memmem(s.p, s.n, needle.p, needle.n);
    return found ? (size_t)(found - s.p) : SIZE_MAX;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct str str_trim(struct str s)
{
    while (s.n > 0 && is_blank(s.p[0])) {
        s.p++;
        s.n--;
    }
    while (s.n > 0 && is_blank(s.p[s.n - 1]))
        s.n--;
    return s;
}

size_t str_characters(struct str s)
{
    size_t n = 0;

    /* All bytes but those that continue a character. */
    for (size_t i = 0; i < s.n; i++)
        n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
    return n;
}

bool str_u64(struct str s, uint64_t *out)
{
    uint64_t value = 0;

    if (s.n == 0 || s.n > 20)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        unsigned digit = (unsigned char)s.p[i] - '0';

        /* Nineteen digits always fit. */
        if (digit > 9 || (i >= 19 && value > (UINT64_MAX - digit) / 10))
            return false;
        value = value * 10 + digit;
    }
    *out = value;
    return true;
}

/* The length of the character at `p`, by its first byte; 0 if it isn't whole. */
static size_t character_length(const unsigned char *p, size_t n)
{
    size_t need = p[0] < 0x80   ? 1
                  : p[0] < 0xc2 ? 0
                  : p[0] < 0xe0 ? 2
                  : p[0] < 0xf0 ? 3
                                : 4;

    if (p[0] > 0xf4 || need > n)
        return 0;
    for (size_t i = 1; i < need; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    return need;
}

/* U+0000 to U+001F, U+007F, and U+0080 to U+009F. */
static bool is_control(const unsigned char *p, size_t length)
{
    return length == 1 ? p[0] < ' ' || p[0] == 0x7f : p[0] == 0xc2 && p[1] < 0xa0;
}

void str_make_printable(char *text, size_t n)
{
    unsigned char *p = (unsigned char *)text;
    size_t i = 0;

    while (i < n) {
        size_t length = character_length(p + i, n - i);

        if (length == 0)
            p[i++] = '?';
        else if (is_control(p + i, length))
            memset(p + i, ' ', length);
        if (length)
            i += length;
    }
}
