/* tmpdir.h - a directory of a test's own, and files in it.
 *
 *     struct tmpdir t = tmpdir_new();
 *     ... tmpdir_path(&t, "state.db") ...
 *     tmpdir_free(&t);
 *
 * It lies under TMPDIR, else /tmp. */
#ifndef TMPDIR_H
#define TMPDIR_H

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test.h"

struct tmpdir {
    char dir[256];
    char path[800]; /* tmpdir_path's */
};

static inline struct tmpdir tmpdir_new(void)
{
    const char *base = getenv("TMPDIR");
    struct tmpdir t;

    snprintf(t.dir, sizeof t.dir, "%s/cordage-test-XXXXXX",
             base && *base ? base : "/tmp");
    CHECK(mkdtemp(t.dir) != NULL);
    return t;
}

static inline int tmpdir_remove_one(const char *path, const struct stat *st, int kind,
                                    struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    return remove(path);
}

static inline void tmpdir_free(struct tmpdir *t)
{
    nftw(t->dir, tmpdir_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Valid until the next call. */
static inline const char *tmpdir_path(struct tmpdir *t, const char *name)
{
    snprintf(t->path, sizeof t->path, "%s/%s", t->dir, name);
    return t->path;
}

/* How many names in `dir` begin with `prefix`; the first of them into `name`, if wanted.
 */
static inline unsigned tmpdir_count(const char *dir, const char *prefix, char name[256])
{
    DIR *d = opendir(dir);
    struct dirent *entry;
    unsigned n = 0;

    CHECK(d != NULL);
    while ((entry = readdir(d)))
        if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0 && n++ == 0 && name)
            snprintf(name, 256, "%s", entry->d_name);
    closedir(d);
    return n;
}

static inline void tmpdir_write(const char *path, const void *bytes, size_t n)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    CHECK(fd >= 0);
    CHECK_INT(write(fd, bytes, n), n);
    close(fd);
}

static inline unsigned tmpdir_mode(const char *path)
{
    struct stat st;

    CHECK_INT(stat(path, &st), 0);
    return st.st_mode & 07777;
}

#endif
