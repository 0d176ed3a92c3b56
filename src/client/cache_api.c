/* What the cache knows, copied out for whoever asks. */
#include "buf.h"
#include "cache.h"
#include "client.h"
#include "object.h"

/* The JSON that the cache wrote, as an object that its reader keeps (a buf has the slack
 * that parsing needs). */
static const void *object_of_text(int err, enum view view, struct buf *text)
{
    const void *object = NULL;

    if (!err)
        object = object_view(view, buf_str(text));
    buf_release(text);
    return object;
}

static const void *read_one(cordage_client *c, cordage_kind kind, cordage_id guild_id,
                            cordage_id id, enum view view)
{
    struct buf text = { 0 };

    return object_of_text(cache_read(c->cache, kind, guild_id, id, &text), view, &text);
}

const cordage_guild *cordage_cached_guild(cordage_client *c, cordage_id guild_id)
{
    return read_one(c, CORDAGE_KIND_GUILDS, guild_id, guild_id, VIEW_guild);
}

const cordage_guild *cordage_cached_whole_guild(cordage_client *c, cordage_id guild_id)
{
    struct buf text = { 0 };

    return object_of_text(cache_write_guild(c->cache, guild_id, &text), VIEW_guild,
                          &text);
}

const cordage_user *cordage_cached_user(cordage_client *c, cordage_id user_id)
{
    return read_one(c, CORDAGE_KIND_USERS, 0, user_id, VIEW_user);
}

#define READ(name, KIND, view)                                                          \
    const cordage_##view *cordage_cached_##name(cordage_client *c, cordage_id guild_id, \
                                                cordage_id id)                          \
    {                                                                                   \
        return read_one(c, CORDAGE_KIND_##KIND, guild_id, id, VIEW_##view);             \
    }
CORDAGE_CACHED(READ)
#undef READ

const cordage_ids *cordage_cached_ids(cordage_client *c, cordage_kind kind,
                                      cordage_id guild_id)
{
    struct buf found = { 0 };
    cordage_ids *ids = NULL;

    if (cache_ids(c->cache, kind, guild_id, &found) == 0)
        ids = object_new(sizeof *ids + found.n);
    if (ids) {
        cordage_id *at = (cordage_id *)(ids + 1);

        if (found.n)
            memcpy(at, found.p, found.n);
        ids->at = at;
        ids->n = found.n / sizeof *at;
    }
    buf_release(&found);
    return ids;
}

uint64_t cordage_cached_count(cordage_client *c, cordage_kind kind, cordage_id guild_id)
{
    if (kind >= CORDAGE_N_KINDS)
        return 0;
    return guild_id ? cache_guild_count(c->cache, kind, guild_id)
                    : cache_count(c->cache, kind);
}
