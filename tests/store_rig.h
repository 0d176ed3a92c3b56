/* store_rig.h - a store in a directory of its own, its log, and rows to put into it. */
#ifndef STORE_RIG_H
#define STORE_RIG_H

#include "store.h"
#include "tmpdir.h"

struct rig {
    struct tmpdir tmp;
    struct log log;
    char lines[4096]; /* of warnings and errors; newlines between */
    struct store *store;
    cordage_error error;
};

/* What opens it: another implementation runs the same tests with its own. */
static int (*rig_opener)(const char *dir, enum store_use use, const struct log *log,
                         struct store **out, cordage_error *error) = store_open;

static inline void rig_log(void *user, enum log_level level, const char *line)
{
    struct rig *r = user;
    size_t n = strlen(r->lines);

    (void)level;
    snprintf(r->lines + n, sizeof r->lines - n, "%s\n", line);
}

static inline int rig_open_at(struct rig *r, const char *dir)
{
    r->log = (struct log){ rig_log, r, LOG_INFO };
    r->lines[0] = '\0';
    r->error = (cordage_error){ 0 };
    return rig_opener(dir, STORE_ALONE, &r->log, &r->store, &r->error);
}

static inline int rig_open(struct rig *r)
{
    return rig_open_at(r, r->tmp.dir);
}

static inline void rig_start(struct rig *r)
{
    *r = (struct rig){ .tmp = tmpdir_new() };
    if (rig_open(r) < 0)
        fail_msg("%s", r->error.message);
}

static inline void rig_again(struct rig *r)
{
    store_close(r->store);
    r->store = NULL;
    if (rig_open(r) < 0)
        fail_msg("%s", r->error.message);
}

static inline void rig_end(struct rig *r)
{
    store_close(r->store);
    tmpdir_free(&r->tmp);
}

static const struct store_identity rig_who = { .token_print = 0xfedcba9876543210ULL,
                                               .intents = 513,
                                               .api_version = 10,
                                               .encoding = "json",
                                               .compression = "zlib-stream" };

static inline struct store_session rig_session(uint32_t shard_id, uint32_t shard_count)
{
    return (struct store_session){
        .shard_id = shard_id,
        .shard_count = shard_count,
        .session_id = STR("an\0odd id \xff"),
        .resume_url = STR("wss://gateway-us-east1-b.discord.gg"),
        .received = 1000 + shard_id,
        .done = 900 + shard_id,
        .snapshot_seq = 800,
        .user_id = 1ULL << 62,
        .application_id = 77,
        .saved_at = 1795341600000,
    };
}

/* What came out of store_load_sessions. */
struct rig_found {
    unsigned n;
    uint32_t ids[64];
    uint64_t done[64];
};

static inline void rig_on_session(void *user, const struct store_session *row)
{
    struct rig_found *f = user;

    if (f->n < 64) {
        f->ids[f->n] = row->shard_id;
        f->done[f->n] = row->done;
    }
    f->n++;
}

static inline struct rig_found rig_load(struct rig *r, const struct store_identity *who,
                                        uint32_t count)
{
    struct rig_found f = { 0 };

    CHECK_INT(store_load_sessions(r->store, who, count, 0, count - 1, rig_on_session, &f),
              0);
    return f;
}

static inline void rig_count_identify(void *user, uint64_t wall, uint32_t shard_id,
                                      uint32_t shard_count)
{
    (void)wall;
    (void)shard_id;
    (void)shard_count;
    ++*(unsigned *)user;
}

static inline unsigned rig_identifies(struct rig *r, uint64_t since)
{
    unsigned n = 0;

    CHECK_INT(store_load_identifies(r->store, since, rig_count_identify, &n), 0);
    return n;
}

static inline void rig_save(struct rig *r, uint32_t shard_id, uint32_t shard_count)
{
    struct store_session row = rig_session(shard_id, shard_count);

    CHECK_INT(store_save_sessions(r->store, &rig_who, &row, 1, false), 0);
}

/* As the keeper does: a snapshot that there is nothing to add to becomes a whole one. */
static inline int rig_snapshot(struct rig *r, struct store_snapshot head,
                               const struct store_packed *guilds, size_t n)
{
    int err = store_snapshot_save(r->store, &head, guilds, n);

    if (err != CORDAGE_ENOTFOUND)
        return err;
    head.whole = true;
    return store_snapshot_save(r->store, &head, guilds, n);
}

#endif
