/* recording_rig.h - recordings made by a test. */
#ifndef RECORDING_RIG_H
#define RECORDING_RIG_H

#include "recording.h"
#include "tmpdir.h"

static const struct recording_head rig_head = { 3, 8, 513, 1700000000000 };

static inline void rig_add_n(struct recorder *r, uint64_t ms, unsigned n)
{
    struct buf b = { 0 };

    CHECK_INT(buf_printf(&b, "{\"t\":\"TEST\",\"s\":%u,\"op\":0,\"d\":{\"n\":%u}}", n, n),
              0);
    CHECK_INT(recorder_add(r, ms, buf_str(&b), NULL), 0);
    buf_release(&b);
}

/* `n` events, one every 700 ms: a block has three or four. */
static inline void rig_record(const char *path, unsigned n)
{
    struct recorder *r;

    CHECK_INT(recorder_open(path, &rig_head, &r, NULL), 0);
    for (unsigned i = 0; i < n; i++)
        rig_add_n(r, i * 700, i);
    CHECK_INT(recorder_close(r, NULL), 0);
}

static inline struct buf rig_read(const char *path)
{
    int fd = open(path, O_RDONLY);
    struct buf b = { 0 };
    struct stat st;

    CHECK(fd >= 0);
    CHECK_INT(fstat(fd, &st), 0);
    CHECK_INT(buf_reserve(&b, (size_t)st.st_size), 0);
    b.n = (size_t)st.st_size;
    CHECK_INT(read(fd, b.p, b.n), b.n);
    close(fd);
    return b;
}

/* Reads on; how many events, each of which must be the next of rig_record's. What ended
 * it goes to *err. */
static inline unsigned rig_count(struct recording *r, int *err, cordage_error *error)
{
    struct recording_event e;
    char want[100];
    unsigned n = 0;

    while ((*err = recording_next(r, &e, error)) == 0) {
        snprintf(want, sizeof want, "{\"t\":\"TEST\",\"s\":%u,\"op\":0,\"d\":{\"n\":%u}}",
                 n, n);
        CHECK_STR(e.payload, want);
        CHECK_INT(e.ms, n * 700);
        n++;
    }
    return n;
}

#endif
