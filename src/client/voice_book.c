#include "voice_book.h"

#include "error.h"

static struct voice_wish *wish_of(struct link *link)
{
    return CONTAINER_OF(link, struct voice_wish, link);
}

static struct voice_wish *find(struct voice_book *b, uint64_t guild_id)
{
    for (struct link *link = b->wishes.next; link != &b->wishes; link = link->next)
        if (wish_of(link)->guild_id == guild_id)
            return wish_of(link);
    return NULL;
}

void voice_book_init(struct voice_book *b)
{
    list_init(&b->wishes);
}

void voice_book_release(struct voice_book *b)
{
    struct link *link;

    while ((link = list_pop(&b->wishes)))
        free(wish_of(link));
}

bool voice_book_is_empty(const struct voice_book *b)
{
    return list_is_empty(&b->wishes);
}

void voice_book_forget(struct voice_book *b, uint64_t guild_id)
{
    struct voice_wish *w = find(b, guild_id);

    if (!w)
        return;
    list_remove(&w->link);
    free(w);
}

int voice_book_wish(struct voice_book *b, uint64_t guild_id, uint64_t channel_id,
                    bool mute, bool deaf)
{
    struct voice_wish *w = find(b, guild_id);

    if (!channel_id) {
        voice_book_forget(b, guild_id);
        return 0;
    }
    if (!w) {
        w = mem_zero(sizeof *w);
        if (!w)
            return CORDAGE_ENOMEM;
        w->guild_id = guild_id;
        list_insert(&b->wishes, &w->link);
    }
    w->channel_id = channel_id;
    w->mute = mute;
    w->deaf = deaf;
    w->sent = false;
    return 0;
}

void voice_book_sent(struct voice_book *b, uint64_t guild_id, bool sent)
{
    struct voice_wish *w = find(b, guild_id);

    if (w && sent)
        w->sent = true;
    else if (w && !w->sent)
        voice_book_forget(b, guild_id);
}

void voice_book_seen(struct voice_book *b, uint64_t guild_id, uint64_t channel_id)
{
    struct voice_wish *w = find(b, guild_id);

    if (!w || !w->sent)
        return;
    if (channel_id) {
        w->channel_id = channel_id;
        w->confirmed = true;
    } else if (w->confirmed) {
        voice_book_forget(b, guild_id);
    }
}

struct voice_wish *voice_book_again(struct voice_book *b, struct voice_wish *last)
{
    struct link *link = last ? last->link.next : b->wishes.next;

    for (; link != &b->wishes; link = link->next) {
        struct voice_wish *w = wish_of(link);

        if (!w->sent)
            continue; /* it still waits to be sent, now on this session */
        w->sent = w->confirmed = false;
        return w;
    }
    return NULL;
}
