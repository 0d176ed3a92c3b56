/* A packed guild of any bytes is refused, or it can be read whole and packs to what was
 * unpacked, as far as that was in the one right form: the second time to the same bytes.
 */
#include "fuzz.h"

#include <string.h>

#include "cache.h"
#include "error.h"

static uint64_t no_seconds(void *user)
{
    (void)user;
    return 0;
}

static void pack(struct cache_slice *s, struct buf *packed)
{
    cordage_id id;
    int err;

    cache_pack_again(s);
    FUZZ_CHECK(cache_pack_next(s, &id, packed, &err));
    FUZZ_CHECK(packed->n > 0);
}

static void read_all(struct cache *c)
{
    struct buf ids = { 0 }, out = { 0 };
    cordage_id guild;

    FUZZ_CHECK(cache_ids(c, CORDAGE_KIND_GUILDS, 0, &ids) == 0);
    FUZZ_CHECK(ids.n == sizeof guild);
    memcpy(&guild, ids.p, sizeof guild);
    FUZZ_CHECK(cache_write_guild(c, guild, &out) == 0);
    for (unsigned kind = 0; kind < CORDAGE_N_KINDS; kind++) {
        if (kind == CORDAGE_KIND_GUILDS)
            continue;
        buf_clear(&ids);
        FUZZ_CHECK(cache_ids(c, kind, guild, &ids) == 0);
        for (size_t at = 0; at < ids.n; at += sizeof guild) {
            cordage_id id;

            memcpy(&id, ids.p + at, sizeof id);
            buf_clear(&out);
            FUZZ_CHECK(cache_read(c, kind, guild, id, &out) == 0);
        }
    }
    buf_release(&ids);
    buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cordage_policy policies[CORDAGE_N_KINDS];
    struct buf once = { 0 }, twice = { 0 };
    struct cache_slice *s;
    struct cache *c;
    int err;

    for (unsigned kind = 0; kind < CORDAGE_N_KINDS; kind++)
        policies[kind] = CORDAGE_FOREVER;
    if (cache_new(policies, no_seconds, NULL, &c) || cache_slice_new(c, 0, 1, &s))
        abort();
    err = cache_unpack(s, (struct str){ (const char *)data, size });
    FUZZ_CHECK(err == 0 || err == CORDAGE_EPARSE);
    if (err) {
        FUZZ_CHECK(cache_count(c, CORDAGE_KIND_GUILDS) == 0);
        FUZZ_CHECK(cache_count(c, CORDAGE_KIND_USERS) == 0);
    } else {
        read_all(c);
        pack(s, &once);
        FUZZ_CHECK(cache_unpack(s, buf_str(&once)) == 0);
        pack(s, &twice);
        FUZZ_CHECK(once.n == twice.n && memcmp(once.p, twice.p, once.n) == 0);
    }
    cache_slice_free(s);
    cache_free(c);
    buf_release(&once);
    buf_release(&twice);
    return 0;
}
