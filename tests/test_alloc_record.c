/* Recordings, each allocation failing in turn. What zstd allocates goes through calloc
 * and malloc of its own library, which are not wrapped. */
#include "alloc.h"

#include "recording_rig.h"

static const char *path;

static int write_one(void *user)
{
    struct buf *payload = user;
    struct recorder *r;
    int err, closed;

    unlink(path);
    err = recorder_open(path, &rig_head, &r, NULL);
    if (err)
        return err;
    err = recorder_add(r, 0, buf_str(payload), NULL);
    closed = recorder_close(r, NULL);
    return err ? err : closed;
}

static int read_one(void *user)
{
    struct recording *r;
    uint64_t n, ms;
    int err = recording_open(path, &r, NULL);

    (void)user;
    if (err)
        return err;
    err = recording_measure(r, &n, &ms, NULL);
    if (!err)
        CHECK_INT(n, 1);
    recording_close(r);
    return err;
}

TEST(recording_without_memory_says_so)
{
    struct tmpdir t = tmpdir_new();
    struct buf b = { 0 };

    path = tmpdir_path(&t, "a");
    buf_append_z(&b, "{\"d\":{\"token\":\"x\",\"a\":\"\\/webhooks\\/1\\/x\"}}");
    CHECK(alloc_each(write_one, &b) > 3);
    CHECK(alloc_each(read_one, NULL) > 2);
    buf_release(&b);
    tmpdir_free(&t);
}

RUN_TESTS(T(recording_without_memory_says_so))
