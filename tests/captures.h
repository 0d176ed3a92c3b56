/* captures.h - real traffic for tests, where this machine has some.
 *
 * Files of captured payloads and REST answers are read from $CORDAGE_CAPTURES, or
 * from shared/captures beside the source tree. They are not part of the project:
 * where the folder is missing, that is said and nothing is visited. */
#ifndef CAPTURES_H
#define CAPTURES_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "buf.h"

static inline int captures_read(const char *path, struct buf *out)
{
    char chunk[4096];
    FILE *f = fopen(path, "rb");
    size_t n;
    int err = 0;

    if (!f)
        return -1;
    while (!err && (n = fread(chunk, 1, sizeof chunk, f)) > 0)
        err = buf_append(out, chunk, n);
    fclose(f);
    return err;
}

/* Calls `each` with the content of every .json file whose name starts with `prefix`;
 * BUF_SLACK bytes are readable behind it. Returns how many there were. */
static inline unsigned captures_each(const char *prefix,
                                     void (*each)(struct str content, void *user),
                                     void *user)
{
    const char *folder = getenv("CORDAGE_CAPTURES");
    char path[4096];
    struct dirent *entry;
    struct buf content = { 0 };
    unsigned n = 0;
    DIR *d;

    if (!folder)
        folder = SOURCE_ROOT "/../shared/captures";
    d = opendir(folder);
    if (!d) {
        fprintf(stderr,
                "*** NO CAPTURES in %s: real traffic is not tested. Set "
                "CORDAGE_CAPTURES.\n",
                folder);
        return 0;
    }
    while ((entry = readdir(d))) {
        struct str name = str_of(entry->d_name);

        if (!str_starts(name, str_of(prefix)) || !str_ends(name, STR(".json")))
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        buf_clear(&content);
        if (captures_read(path, &content) == 0) {
            each(buf_str(&content), user);
            n++;
        }
    }
    closedir(d);
    buf_release(&content);
    return n;
}

#endif
