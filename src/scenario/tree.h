/* tree.h - a YAML text as a tree whose every node knows its line.
 *
 * Of YAML there are mappings, lists and plain or quoted values: what makes a file mean
 * something else than it looks like (aliases, tags, several documents) is refused, and so
 * is a key that stands twice. Values are text; what they mean is read.h's. Built from
 * libyaml's events, so that nothing of a file is taken before it was looked at. */
#ifndef SCENARIO_TREE_H
#define SCENARIO_TREE_H

#include "error.h"
#include "str.h"

enum {
    TREE_BYTES_MAX = 256 * 1024,
    TREE_NODES_MAX = 5000,
    TREE_DEPTH_MAX = 12,
};

enum tree_kind { TREE_VALUE, TREE_LIST, TREE_MAP };

struct node {
    enum tree_kind kind;
    unsigned line; /* from 1 */
    bool quoted;   /* a value that says that it is text */
    char *text;    /* of a value; NUL-terminated, without NULs within. Owned */
    char *key;     /* in a mapping: what it stands under. Owned */
    unsigned key_line;
    size_t n;                         /* of what is below */
    struct node *first, *last, *next; /* below; beside. Owned */
};

/* CORDAGE_EINVAL with "NAME:LINE: what is wrong"; CORDAGE_ENOMEM. An empty text is an
 * empty mapping. */
int tree_read(const char *name, struct str text, struct node **out, cordage_error *error);
void tree_free(struct node *node);
/* What stands under `key` ('_', '-' and a blank are the same in it); NULL: nothing. */
const struct node *tree_get(const struct node *map, const char *key);
bool tree_key_is(const char *key, const char *name);
/* "a value", "a list", "key: value lines". */
const char *tree_kind_name(enum tree_kind kind);

#endif
