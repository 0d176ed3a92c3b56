#include "guild_past.h"

#include <string.h>

struct change {
    uint64_t seq;
    cordage_id id;
    enum guild_state state;
    bool gone;
};

static struct change *changes_of(struct guild_past *p)
{
    return (struct change *)(void *)p->changes.p;
}

void guild_past_release(struct guild_past *p)
{
    guild_book_release(&p->book);
    buf_release(&p->changes);
    *p = (struct guild_past){ 0 };
}

void guild_past_put(struct guild_past *p, cordage_id id, enum guild_state state)
{
    if (guild_book_put(&p->book, id, state))
        p->broken = true;
}

static bool list(cordage_str key, cordage_json guild, void *user)
{
    (void)key;
    guild_past_put(user, cordage_json_id(cordage_json_get(guild, "id")), GUILD_WAITING);
    return true;
}

void guild_past_ready(struct guild_past *p, cordage_json d)
{
    guild_past_release(p);
    cordage_json_each(cordage_json_get(d, "guilds"), list, p);
}

void guild_past_note(struct guild_past *p, uint64_t seq, bool created, cordage_json d)
{
    bool away = cordage_json_true(cordage_json_get(d, "unavailable"), false);
    struct change change = { .seq = seq,
                             .id = cordage_json_id(cordage_json_get(d, "id")),
                             .state = away ? GUILD_UNAVAILABLE : GUILD_AVAILABLE,
                             .gone = !created && !away };

    if (!p->broken && change.id &&
        buf_append(&p->changes, (const char *)&change, sizeof change))
        p->broken = true;
}

void guild_past_advance(struct guild_past *p, uint64_t seq)
{
    size_t n = p->changes.n / sizeof(struct change), done = 0;

    for (; done < n && changes_of(p)[done].seq <= seq; done++) {
        const struct change *c = &changes_of(p)[done];

        if (c->gone)
            guild_book_remove(&p->book, c->id);
        else if (guild_book_put(&p->book, c->id, c->state))
            p->broken = true;
    }
    if (done)
        buf_consume(&p->changes, done * sizeof(struct change));
}
