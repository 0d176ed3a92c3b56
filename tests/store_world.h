/* store_world.h - everything that a store does, in short, for tests that break it. */
#ifndef STORE_WORLD_H
#define STORE_WORLD_H

#include "store_rig.h"

#define NOW ((uint64_t)1795341600000)

static inline struct store_snapshot head_of(uint64_t seq)
{
    return (struct store_snapshot){ .shard_id = 0,
                                    .shard_count = 1,
                                    .format = 1,
                                    .policy_mark = 5,
                                    .session_mark = 6,
                                    .seq = seq,
                                    .saved_at = NOW };
}

static inline int save_snapshot(struct rig *r, uint64_t seq)
{
    static char bytes[9000];
    struct store_packed guilds[20];
    struct store_snapshot head = head_of(seq);

    for (uint64_t i = 0; i < 20; i++)
        guilds[i] = (struct store_packed){ i + 1, { bytes, sizeof bytes } };
    head.whole = true;
    return store_snapshot_save(r->store, &head, guilds, 20);
}

static inline int count_guild(void *user, uint64_t guild_id, struct str bytes)
{
    (void)guild_id;
    (void)bytes;
    ++*(unsigned *)user;
    return 0;
}

static inline int load_snapshot(struct rig *r, unsigned *n)
{
    struct store_snapshot head = head_of(0);

    *n = 0;
    return store_snapshot_load(r->store, &head, count_guild, n);
}

/* How many databases of that name were set aside; their WALs don't count. The last one's
 * name goes into `found`, if that is wanted. */
static inline unsigned set_aside_in(const char *dir, const char *name, char found[256])
{
    DIR *d = opendir(dir);
    struct dirent *entry;
    char prefix[64];
    unsigned n = 0;

    snprintf(prefix, sizeof prefix, "%s.broken-", name);
    while ((entry = readdir(d))) {
        if (strncmp(entry->d_name, prefix, strlen(prefix)) != 0 ||
            str_ends(str_of(entry->d_name), STR("-wal")))
            continue;
        n++;
        if (found)
            snprintf(found, 256, "%s", entry->d_name);
    }
    closedir(d);
    return n;
}

static inline unsigned set_aside(struct rig *r, const char *name)
{
    return set_aside_in(r->tmp.dir, name, NULL);
}

/* All of it works. */
static inline void check_works(struct rig *r)
{
    unsigned n, before = rig_identifies(r, NOW);

    rig_save(r, 0, 1);
    CHECK_INT(rig_load(r, &rig_who, 1).n, 1);
    CHECK_INT(store_book_identify(r->store, NOW, 0, 1), 0);
    CHECK_INT(rig_identifies(r, NOW), before + 1);
    CHECK_INT(save_snapshot(r, 1), 0);
    CHECK_INT(load_snapshot(r, &n), 0);
    CHECK_INT(n, 20);
}

#endif
