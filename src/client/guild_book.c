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
    buf_release(&b->gone);
}

static bool list(cordage_str key, cordage_json guild, void *user)
{
    (void)key;
    note(user, id_of(guild), &listed);
    return true;
}

/* Those that `b` knows and `now` doesn't. */
static int note_gone(struct guild_book *b, const struct guild_book *now)
{
    size_t at = 0, before = b->gone.n;
    uint64_t id;
    int err = 0;

    while (!err && map_next(&b->known, &at, &id))
        if (!map_get(&now->known, id))
            err = buf_append(&b->gone, &id, sizeof id);
    if (err)
        b->gone.n = before;
    return err;
}

int guild_book_ready(struct guild_book *b, cordage_json d)
{
    struct guild_book now = { 0 };
    int err;

    cordage_json_each(cordage_json_get(d, "guilds"), list, &now);
    err = note_gone(b, &now);
    if (err) {
        map_release(&now.known);
        return err;
    }
    map_release(&b->known);
    b->known = now.known;
    return 0;
}

bool guild_book_next_gone(struct guild_book *b, cordage_id *id)
{
    /* One that was gone and not yet told may be back. */
    do {
        if (b->gone.n == 0) {
            buf_release(&b->gone);
            return false;
        }
        memcpy(id, b->gone.p + b->gone.n - sizeof *id, sizeof *id);
        if (map_get(&b->known, *id))
            guild_book_drop_gone(b);
    } while (map_get(&b->known, *id));
    return true;
}

void guild_book_drop_gone(struct guild_book *b)
{
    b->gone.n -= sizeof(cordage_id);
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

/* ---- For another process ---------------------------------------------------------- */

int guild_book_put(struct guild_book *b, cordage_id id, enum guild_state state)
{
    static char *const marks[] = {
        [GUILD_WAITING] = &listed,
        [GUILD_AVAILABLE] = &here,
        [GUILD_UNAVAILABLE] = &away,
    };

    if (!id || (b->known.n >= LIMIT_GUILDS && !map_get(&b->known, id)))
        return 0;
    return map_put(&b->known, id, marks[state]);
}

void guild_book_remove(struct guild_book *b, cordage_id id)
{
    map_remove(&b->known, id);
}

int guild_book_write(const struct guild_book *b, struct buf *out)
{
    const void *mark;
    size_t at = 0;
    uint64_t id;
    int err = buf_reserve(out, b->known.n * STORE_GUILD_BYTES);

    while (!err && (mark = map_next(&b->known, &at, &id)))
        err = store_guilds_add(out, id, mark != &here);
    return err;
}
