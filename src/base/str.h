/* str.h - bytes borrowed from somewhere else: a pointer and a length.
 *
 * A struct str owns nothing and may hold NULs. NUL-terminated strings are made
 * only at the edges. Nothing here allocates. */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
    const char *p;
    size_t n;
};

/* A string literal as a str. */
#define STR(literal) ((struct str){ "" literal, sizeof(literal) - 1 })
/* For printf's "%.*s". */
#define STR_FMT(s) (int)(s).n, (s).p

static inline struct str str_of(const char *z)
{
    return (struct str){ z, z ? strlen(z) : 0 };
}

static inline bool str_eq(struct str a, struct str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool str_is(struct str a, const char *z)
{
    return str_eq(a, str_of(z));
}

/* As str_eq, but ASCII letters match in either case. */
bool str_eq_nocase(struct str a, struct str b);
bool str_starts(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);
/* Where `needle` first occurs in `s`, or SIZE_MAX. */
size_t str_find(struct str s, struct str needle);
/* Without blanks, tabs, CR and LF at either end. */
struct str str_trim(struct str s);

/* How many characters (Unicode code points) it has, if it is UTF-8. */
size_t str_characters(struct str s);

/* The whole of `s` as a decimal number; false on anything else: empty, a sign,
 * a blank, a digit too many. */
bool str_u64(struct str s, uint64_t *out);
/* For what a peer said and a human will read: puts a blank in the place of each control
 * character, which could forge a line of a log or steer a terminal, and a '?' in the
 * place of each byte that belongs to no UTF-8 character. */
void str_make_printable(char *p, size_t n);

#endif
