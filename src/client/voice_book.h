/* voice_book.h - in which voice channels the bot wants to be, guild by guild. Pure.
 *
 * A voice connection belongs to its gateway session: with a new one the bot has left
 * every channel, and must join again those it was in. One book a shard, not locked. */
#ifndef CLIENT_VOICE_BOOK_H
#define CLIENT_VOICE_BOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "list.h"

struct voice_wish {
    struct link link;
    uint64_t guild_id, channel_id;
    bool mute, deaf;
    bool sent;      /* it has left: with a new session it must leave again */
    bool confirmed; /* Discord has shown the bot in a channel since */
};

struct voice_book {
    struct link wishes; /* in the order they came */
};

void voice_book_init(struct voice_book *b);
void voice_book_release(struct voice_book *b);
bool voice_book_is_empty(const struct voice_book *b);
/* The bot is told where to be; channel_id 0: nowhere. CORDAGE_ENOMEM. */
int voice_book_wish(struct voice_book *b, uint64_t guild_id, uint64_t channel_id,
                    bool mute, bool deaf);
/* What became of the command: when it was not sent, the wish is forgotten. */
void voice_book_sent(struct voice_book *b, uint64_t guild_id, bool sent);
/* Discord says where the bot is (channel_id 0: nowhere), which others may have seen to.
 * Before a wish is confirmed, a departure is an earlier one's. */
void voice_book_seen(struct voice_book *b, uint64_t guild_id, uint64_t channel_id);
/* The bot has left the guild. */
void voice_book_forget(struct voice_book *b, uint64_t guild_id);
/* A new session: the next wish to send again, until NULL; begin with NULL. It counts as
 * not yet sent. */
struct voice_wish *voice_book_again(struct voice_book *b, struct voice_wish *last);

#endif
