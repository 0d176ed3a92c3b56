/* progress_lives.h - a progress file in one process after another. */
#ifndef TEST_PROGRESS_LIVES_H
#define TEST_PROGRESS_LIVES_H

#include "tmpdir.h"

#include "progress.h"

/* Of shard 3 of 8; dir NULL: in memory. */
static inline struct progress *open_room(const char *dir, uint32_t room, uint64_t mark)
{
    struct progress *p;
    cordage_error error;

    if (progress_open(dir, 3, 8, room, mark, &p, &error) < 0)
        fail_msg("%s", error.message);
    return p;
}

/* The process dies, and the next one finds what was there in this moment. */
static inline struct progress *die(struct progress *p, const char *dir, uint32_t room)
{
    static char bytes[64 * 1024];
    char path[300];
    FILE *f;
    size_t n;

    snprintf(path, sizeof path, "%s/progress-3-8", dir);
    f = fopen(path, "r");
    CHECK(f != NULL);
    n = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    CHECK(n > 0 && n < sizeof bytes);
    progress_close(p);
    tmpdir_write(path, bytes, n);
    return open_room(dir, room, 5);
}

#endif
