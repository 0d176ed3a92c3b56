/* secret.h - a token: wiped on release, kept out of core dumps, never printed.
 *
 * The bytes live in a mapping of their own that is excluded from core dumps. A
 * zeroed secret is empty and valid. */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include "str.h"

enum { SECRET_MAX = 1024 };

struct secret {
    char *p; /* owned; NUL-terminated */
    size_t n;
};

/* Copies `value`. CORDAGE_ENOMEM, or CORDAGE_ELIMIT over SECRET_MAX bytes. */
int secret_set(struct secret *s, struct str value);
void secret_release(struct secret *s);

/* For the one place that writes it into a request. */
static inline struct str secret_reveal(const struct secret *s)
{
    return (struct str){ s->p ? s->p : "", s->n };
}

/* What may be printed in its place. */
static inline const char *secret_print(const struct secret *s)
{
    return s->n ? "***" : "(none)";
}

#endif
