/* read.h - what the values of a scenario file mean, and the sentences when they don't.
 *
 * A table says which keys a mapping may have and of what type they are; reading it,
 * unknown keys (with the one that was likely meant) and every wrong value follow from
 * it. Each sentence begins with NAME:LINE and says what the value may be. */
#ifndef SCENARIO_READ_H
#define SCENARIO_READ_H

#include <stddef.h>

#include "tree.h"

enum {
    READ_TIME_MAX = 7 * 24 * 3600 * 1000, /* ms */
    READ_KEYS_MAX = 40,
};

struct reader {
    const char *name; /* of the file */
    cordage_error *error;
};

enum read_type {
    READ_TEXT,   /* const char *: borrowed from the tree */
    READ_U32,    /* a whole number, least to most */
    READ_U64,    /* with most 0x1p64: any */
    READ_REAL,   /* a number, least to most */
    READ_TIME,   /* uint64_t ms: 90s, 15m, 2h, 1h30m, 06:30; least and most are ms */
    READ_TIME32, /* the same into a uint32_t */
    READ_BOOL,   /* yes or no, true or false */
    READ_NODE,   /* const struct node *, whatever is below */
};

/* A row of a table; a name of NULL ends it. */
struct read_key {
    const char *name;
    enum read_type type;
    size_t offset;      /* in what read_map fills */
    double least, most; /* of numbers and times; both 0 for a time: any */
};

/* Fills *out with what `map` has of `keys`; what isn't there stays as it is. NULL: there
 * is nothing. `what` names the mapping in sentences: "world". CORDAGE_EINVAL. */
int read_map(const struct reader *r, const char *what, const struct node *map,
             const struct read_key *keys, void *out);
/* One value. */
int read_value(const struct reader *r, const struct node *v, const struct read_key *key,
               void *out);
/* "NAME:LINE: " and the sentence. Returns CORDAGE_EINVAL. */
int read_refuse(const struct reader *r, unsigned line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The key doesn't stand in `names`, NULL-terminated. */
int read_refuse_key(const struct reader *r, const char *what, const struct node *v,
                    const char *const *names);
/* It must be a list, a mapping or a value. */
int read_expect_kind(const struct reader *r, const struct node *v, enum tree_kind kind,
                     const char *example);

/* Texts by themselves; false: it is none. */
bool read_time(const char *text, uint64_t *ms);
bool read_number(const char *text, double *out);
/* yes, true, on; no, false, off; in any case */
bool read_bool(const char *text, bool *out);
/* "25%" as 0.25 */
bool read_percent(const char *text, double *out);

#endif
