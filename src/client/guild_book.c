#include "guild_book.h"

#include "limits.h"

/* What is known of a guild. Only the addresses matter. */
static char listed, here, away;

static cordage_id id_of(cordage_json guild)
{
    return cordage_json_id(cordage_json_get(guild, "id"));
}

static bool is_unavailable(cordage_json guild)
{
    return cordage_json_true(cordage_json_get(guild, "unavailable"), false);
}

static void note(struct guild_book *b, cordage_id id, char *what)
{
    if (id && (b->known.n < LIMIT_GUILDS || map_get(&b->known, id)))
        (void)map_put(&b->known, id, what);
}

void guild_book_release(struct guild_book *b)
{
    map_release(&b->known);
}

static bool list(cordage_str key, cordage_json guild, void *user)
{
    (void)key;
    note(user, id_of(guild), &listed);
    return true;
}

void guild_book_ready(struct guild_book *b, cordage_json d)
{
    map_release(&b->known);
    cordage_json_each(cordage_json_get(d, "guilds"), list, b);
}

cordage_guild_why guild_book_created(struct guild_book *b, cordage_json d)
{
    cordage_id id = id_of(d);
    const char *was = map_get(&b->known, id);

    note(b, id, is_unavailable(d) ? &away : &here);
    if (was == &listed)
        return CORDAGE_GUILD_LOADED;
    return was ? CORDAGE_GUILD_RETURNED : CORDAGE_GUILD_JOINED;
}

void guild_book_deleted(struct guild_book *b, cordage_json d)
{
    if (is_unavailable(d))
        note(b, id_of(d), &away);
    else
        map_remove(&b->known, id_of(d));
}
