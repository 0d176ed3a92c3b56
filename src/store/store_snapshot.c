#include "store_inner.h"

static const char *const steps[] = {
    "CREATE TABLE head ("
    " shard_count INTEGER, shard_id INTEGER, format INTEGER, policy_mark INTEGER,"
    " session_mark INTEGER, seq INTEGER, saved_at INTEGER, guilds INTEGER,"
    " checksum INTEGER, PRIMARY KEY (shard_count, shard_id)) WITHOUT ROWID;"
    /* `saved` counts up, so that it is the order in which guilds were saved. */
    "CREATE TABLE guild ("
    " saved INTEGER PRIMARY KEY, shard_count INTEGER, shard_id INTEGER,"
    " guild_id INTEGER, checksum INTEGER, bytes BLOB);"
    "CREATE INDEX guild_shard ON guild (shard_count, shard_id);"
    "CREATE UNIQUE INDEX guild_id ON guild (guild_id, shard_count, shard_id);",
};
const struct database_kind store_cache_kind = { "cache.db", steps, 1, 4096 };
