/* fleet_file.h - reading cordage.yaml: one level of `key: value`, nothing more.
 *
 * What is in it is text to us: no number is read before its setting says how. libcyaml
 * parses it; it doesn't say where a key stands, so that is looked up in the text. */
#ifndef CMD_FLEET_FILE_H
#define CMD_FLEET_FILE_H

#include <stdbool.h>

#include "buf.h"
#include "error.h"

enum {
    FLEET_FILE_SIZE = 64 * 1024, /* a file that is larger is another */
    FLEET_FILE_KEYS = 32,
    FLEET_FILE_KEY = 32 /* the longest key, with its NUL */
};

struct fleet_file {
    char *text[FLEET_FILE_KEYS];    /* by the caller's order; NULL: not there. Owned */
    unsigned line[FLEET_FILE_KEYS]; /* 0: not known */
};

/* `keys`: NULL-terminated, at most FLEET_FILE_KEYS. CORDAGE_EINVAL with a sentence that
 * begins with `name` and, where it can be told, the line; CORDAGE_ENOMEM. *out is empty
 * then. */
int fleet_file_parse(struct str bytes, const char *name, const char *const *keys,
                     struct fleet_file *out, cordage_error *error);
void fleet_file_release(struct fleet_file *f);

/* Appends a whole file, of at most FLEET_FILE_SIZE bytes. `others`: whether one that
 * belongs to another user is taken; what others may write never is, since it could send
 * the token elsewhere. CORDAGE_ENOTFOUND, CORDAGE_EINVAL with a sentence, CORDAGE_ENOMEM.
 */
int fleet_file_read(const char *path, bool others, struct buf *out, cordage_error *error);

#endif
