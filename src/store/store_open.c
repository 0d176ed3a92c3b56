#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "error.h"
#include "mem.h"
#include "store_inner.h"

void sum_add(struct sum *s, uint64_t value)
{
    unsigned char bytes[8];

    for (int i = 0; i < 8; i++)
        bytes[i] = (unsigned char)(value >> 8 * i);
    s->crc = (uint32_t)crc32(s->crc, bytes, sizeof bytes);
}

void sum_add_str(struct sum *s, struct str bytes)
{
    sum_add(s, bytes.n); /* else "ab","c" would be "a","bc" */
    if (bytes.n > 0)     /* zlib takes NULL for a wish to begin anew */
        s->crc = (uint32_t)crc32_z(s->crc, (const unsigned char *)bytes.p, bytes.n);
}

/* From the root, since a program may change its directory. */
static void keep_dir(struct dir_store *s, const char *dir)
{
    char *whole = realpath(dir, NULL);

    if (whole && strlen(whole) < sizeof s->dir)
        dir = whole;
    snprintf(s->dir, sizeof s->dir, "%s", dir);
    free(whole);
}

static void close_dir(struct store *store)
{
    struct dir_store *s = dir_store_of(store);

    database_close(&s->cache);
    database_close(&s->state);
    if (s->lock >= 0)
        store_dir_unlock(s->lock); /* last: until then nobody else may write */
    free(s);
}

static const char *get_dir(const struct store *store)
{
    return CONTAINER_OF(store, const struct dir_store, store)->dir;
}

static const struct store_ops dir_ops = {
    .close = close_dir,
    .dir = get_dir,
    .save_sessions = dir_save_sessions,
    .load_sessions = dir_load_sessions,
    .forget_session = dir_forget_session,
    .book_identify = dir_book_identify,
    .load_identifies = dir_load_identifies,
    .save_plan = dir_save_plan,
    .load_plan = dir_load_plan,
    .snapshot_save = dir_snapshot_save,
    .snapshot_load = dir_snapshot_load,
    .snapshot_drop = dir_snapshot_drop,
};

int store_open(const char *dir, enum store_use use, const struct log *log,
               struct store **out, cordage_error *error)
{
    struct dir_store *s = mem_zero(sizeof *s);
    int err;

    *out = NULL;
    if (!s)
        return error_set(error, CORDAGE_ENOMEM, "out of memory for the store");
    s->store.ops = &dir_ops;
    s->lock = -1;
    s->log = log ? *log : (struct log){ 0 };
    err = store_dir_make(dir, log, error);
    if (err)
        goto fail;
    keep_dir(s, dir);
    if (use == STORE_ALONE) {
        err = store_dir_lock(s->dir, &s->lock, error);
        if (err)
            goto fail;
    }
    err = database_open(&s->state, s->dir, &store_state_kind, log, error);
    if (err)
        goto fail;
    err = database_open(&s->cache, s->dir, &store_cache_kind, log, error);
    if (err)
        goto fail;
    *out = &s->store;
    return 0;
fail:
    close_dir(&s->store);
    return err;
}
