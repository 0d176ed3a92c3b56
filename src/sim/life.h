/* life.h - a world in which things happen.
 *
 * At an even rate somebody changes something: channels, threads, roles, members, people's
 * names and presences, voice, stages, events, emoji, stickers, sounds, the guild; and
 * what leaves nothing behind: messages, reactions, invites, bans and the like. Now and
 * then a guild has an outage, or the bot is kicked out and comes back. What happens
 * follows from the seed and the clock, whether anybody listens or not, but for one thing:
 * nothing changes while a session holds back messages of a guild that it has not been
 * given yet, because they would tell it later how things were before.
 *
 * Internal to the model; sim.h has the functions for others. */
#ifndef SIM_LIFE_H
#define SIM_LIFE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rng.h"

enum {
    LIFE_AWAY = 8,      /* guilds that are out, or without the bot, at one time */
    LIFE_MESSAGES = 32, /* that may be edited, reacted to, deleted */
};

/* A guild that is out, or without the bot. */
struct life_away {
    uint32_t guild;
    uint64_t until;
};

/* Something that somebody said. */
struct life_message {
    uint64_t id, channel_id, author_id;
    uint32_t guild;
    char *text; /* owned: the message as REST has it; NULL: no message */
};

struct life {
    double rate;     /* changes a second; 0: nothing happens */
    uint64_t at;     /* when the present rate began */
    uint64_t n_due;  /* changes that were due since then */
    uint64_t left;   /* how many there may still be; UINT64_MAX: without end */
    uint64_t n_done; /* ever */
    struct rng rng;
    struct life_away away[LIFE_AWAY];
    size_t n_away;
    struct life_message messages[LIFE_MESSAGES];
    size_t n_messages; /* ever */
};

void life_release(struct life *l);

struct edit;

/* One thing that happens in e->g, which has changes. False: it can't, here. */
typedef bool life_fn(struct edit *e);

life_fn life_change_guild, life_create_role, life_change_role, life_delete_role,
    life_change_emojis, life_change_stickers, life_change_sounds;
life_fn life_create_channel, life_change_channel, life_delete_channel, life_pin,
    life_voice_status;
life_fn life_add_member, life_change_member, life_remove_member, life_change_person,
    life_change_bot, life_change_presence, life_voice;
life_fn life_create_thread, life_change_thread, life_archive_thread,
    life_unarchive_thread, life_delete_thread, life_sync_threads, life_join_thread,
    life_thread_members;
life_fn life_stage, life_create_event, life_change_event, life_end_event, life_event_user;
life_fn life_say, life_edit_message, life_delete_message, life_delete_messages,
    life_react, life_vote, life_type;
life_fn life_ban, life_invite, life_automod, life_integration, life_webhooks,
    life_monetize, life_audit, life_permit, life_interact;

/* A number below `n`; a thing that is true once in `n` times. */
uint64_t life_below(struct edit *e, uint64_t n);
bool life_once_in(struct edit *e, unsigned n);
/* One of a list, from number `from` on; false: there is none. */
bool life_pick(struct edit *e, unsigned list, uint32_t from, uint64_t *id);
/* One of those whose type is among `types` (a bit each). */
bool life_pick_type(struct edit *e, unsigned list, uint32_t from, uint32_t types,
                    uint64_t *id);
/* A name that tells where it came from: "harbour-17". */
void life_name(struct edit *e, char *out, size_t size);
/* One who is a member, from number `from` on (0: perhaps the bot, 1: perhaps the owner).
 */
bool life_pick_member(struct edit *e, uint32_t from, uint64_t *user_id);
uint32_t life_pick_bot(struct edit *e);

#endif
