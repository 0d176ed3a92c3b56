/* apply_private.h - one event on its way into the cache.
 *
 * cache_apply locks the guild's stripe, if the event has a guild, and calls one of the
 * functions below; each returns 0 or CORDAGE_ENOMEM. Where `g` is NULL the guild is not
 * cached: only users are taken from the event. */
#ifndef CACHE_APPLY_PRIVATE_H
#define CACHE_APPLY_PRIVATE_H

#include "cache_private.h"

struct apply {
    struct cache_slice *s;
    struct cache *c;
    struct guild_stripe *stripe;
    struct guild *g;
    cordage_event_type type;
    cordage_json d;
    cordage_id guild_id, self;
    struct cache_change *change;
};

/* Of `d`; 0: none. */
static inline cordage_id apply_id(const struct apply *a, const char *key)
{
    return cordage_json_id(json_get(a->d, key));
}
/* Notes what there is before it changes, if anybody asks. */
int apply_old(struct apply *a, cordage_kind kind, cordage_id id);
/* Puts `d`, or what is in it, with its own id; or removes the one with that id. */
int apply_put(struct apply *a, cordage_kind kind, cordage_json object);
int apply_remove(struct apply *a, cordage_kind kind, cordage_id id);
/* Adds to a number, which doesn't go below 0; one that is absent counts as 0. */
int apply_count(struct apply *a, cordage_kind kind, cordage_id id, unsigned field,
                int64_t more);

/* ---- Guilds and what stands in them: apply_guild.c ------------------------------------
 */
int apply_ready(struct apply *a);
int apply_guild_replace(struct apply *a);
int apply_guild_merge(struct apply *a);
int apply_guild_remove(struct apply *a);
int apply_emojis_replace(struct apply *a);
int apply_stickers_replace(struct apply *a);
int apply_sound_put(struct apply *a);
int apply_sound_remove(struct apply *a);
int apply_sounds_put(struct apply *a);
int apply_sounds_replace(struct apply *a);
int apply_role_put(struct apply *a);
int apply_role_remove(struct apply *a);
int apply_scheduled_put(struct apply *a);
int apply_scheduled_remove(struct apply *a);
int apply_scheduled_user(struct apply *a);
int apply_stage_put(struct apply *a);
int apply_stage_remove(struct apply *a);

/* ---- Channels and threads: apply_channel.c --------------------------------------------
 */
int apply_channel_put(struct apply *a);
int apply_channel_remove(struct apply *a);
int apply_channel_pins(struct apply *a);
int apply_thread_put(struct apply *a);
int apply_thread_remove(struct apply *a);
int apply_thread_list(struct apply *a);
int apply_thread_member(struct apply *a);
int apply_thread_members(struct apply *a);
int apply_message(struct apply *a);
int apply_message_gone(struct apply *a);
/* One that a message or a list brings. */
int thread_put(struct apply *a, cordage_json thread);

/* ---- Members and users: apply_people.c ------------------------------------------------
 */
int apply_member_add(struct apply *a);
int apply_member_merge(struct apply *a);
int apply_member_remove(struct apply *a);
int apply_members_put(struct apply *a);
int apply_people(struct apply *a);
int apply_presence(struct apply *a);
int apply_self(struct apply *a);
int apply_voice_state(struct apply *a);
/* A user that stands in an event; it is merged. What is none is passed over. */
int people_user(struct apply *a, cordage_json user);
/* A member, perhaps without its user, and the user in it. `user_id` 0: member.user.id. */
int people_member(struct apply *a, cordage_id user_id, cordage_json member);
/* What of a message the cache looks at, found in one pass: messages are most of what
 * comes, and each search for a key would go through all of them. */
struct message {
    cordage_json id, channel_id, thread, author, member, webhook_id, mentions,
        interaction, interaction_metadata, resolved, referenced_message,
        message_snapshots;
};
struct message people_read(cordage_json message);
/* Whoever stands in a message. */
int people_message(struct apply *a, const struct message *message);
int presence_put(struct apply *a, cordage_json presence);

#endif
