/* edit.h - one change of the world, and the events that tell of it.
 *
 *     edit_begin(&e);                        what changes...
 *     field_z(&e.j, "name", "harbour");
 *     edit_merge(&e, LIST_CHANNELS, id);     ...is done...
 *     edit_tell_channel(&e, "CHANNEL_UPDATE", id);    ...and told
 *
 * Errors stick: after one nothing more is done or told. Used by people who live (life.h)
 * and by REST. There is one writer: what was begun and not ended is forgotten when
 * something else begins. */
#ifndef SIM_EDIT_H
#define SIM_EDIT_H

#include "changes.h"
#include "field.h"
#include "sim_model.h"

struct edit {
    struct sim *sim;
    struct world *world;
    struct world_guild *g; /* NULL: of no guild */
    uint64_t now;
    struct json_writer j;
    int err; /* 0, CORDAGE_ENOMEM, or what changes.h says */
    struct buf text;
};

void edit_init(struct edit *e, struct sim *s, struct world_guild *g, uint64_t now);
void edit_release(struct edit *e);
/* The model's Unix clock. */
uint64_t edit_wall(const struct edit *e);
uint64_t edit_new_id(struct edit *e);

/* Opens an object; e->j writes into it. */
void edit_begin(struct edit *e);
/* Ends it; *out is the text, until something else begins. False: an error sticks. */
bool edit_end(struct edit *e, struct str *out);
/* It is a new object, or one in place of another. */
void edit_put(struct edit *e, enum world_list list, uint64_t id);
/* Its members replace those of the object. */
void edit_merge(struct edit *e, enum world_list list, uint64_t id);
void edit_merge_guild(struct edit *e);
void edit_merge_user(struct edit *e, uint64_t user_id);
void edit_put_presence(struct edit *e, uint64_t user_id);
void edit_remove(struct edit *e, enum world_list list, uint64_t id);
/* Reads an object, until the next change or reading. False: it isn't there. */
bool edit_read(struct edit *e, enum world_list list, uint64_t id, cordage_json *out);
/* Its number in the list; false: it isn't there, or an error sticks. */
bool edit_find(struct edit *e, enum world_list list, uint64_t id, uint32_t *index);

/* Begins an event's body with guild_id in it; edit_told ends and sends it. */
void edit_telling(struct edit *e);
void edit_told(struct edit *e, const char *name, uint32_t intent);
/* The same, of what concerns a user: if that is a bot, its own sessions need `own_intent`
 * instead. */
void edit_told_about(struct edit *e, const char *name, uint32_t intent, uint64_t user_id,
                     uint32_t own_intent);
/* To the bots that have any of these rights (rights.h) in the guild. */
void edit_told_with(struct edit *e, const char *name, uint32_t intent, uint64_t rights);
/* As edit_told_with, also where the event needs two forms: the bots that may know, as
 * sim_routing.apps; false: none. */
bool edit_may_know(struct edit *e, uint64_t rights, uint64_t *apps);
/* To one bot alone: of its application, or its own membership. */
void edit_told_bot(struct edit *e, const char *name, uint32_t intent, uint32_t bot);
/* The same, to shard 0, whatever the guild. */
void edit_told_to_first(struct edit *e, const char *name, uint32_t intent, uint32_t bot);
/* The object as it is, with guild_id. */
void edit_tell_object(struct edit *e, const char *name, uint32_t intent,
                      enum world_list list, uint64_t id);
/* As above, but the object is no longer there, or is not kept: `members` of it. */
void edit_tell_members(struct edit *e, const char *name, uint32_t intent,
                       struct str members);
/* A channel, with the defaults that only GUILD_CREATE leaves out; they stay with it. */
void edit_tell_channel(struct edit *e, const char *name, uint64_t id);
/* {guild_id, key: [all of the list]} */
void edit_tell_list(struct edit *e, const char *name, uint32_t intent, const char *key,
                    enum world_list list);
/* Member with user and guild_id: GUILD_MEMBER_ADD, GUILD_MEMBER_UPDATE. */
void edit_tell_member(struct edit *e, const char *name, uint64_t user_id);
/* What was begun is somebody's presence now, and told in every guild that they are in, if
 * anybody listens. */
void edit_show(struct edit *e, uint64_t user_id);
/* PRESENCE_UPDATE, of somebody who came in. */
void edit_tell_presence(struct edit *e, uint64_t user_id);
/* VOICE_STATE_UPDATE of a member who is in voice. */
void edit_tell_voice(struct edit *e, uint64_t user_id);

/* ---- Whole changes, with all that follows from them ------------------------------- */

/* GUILD_ROLE_CREATE, GUILD_ROLE_UPDATE. */
void edit_tell_role(struct edit *e, const char *name, uint64_t id);
void edit_delete_role(struct edit *e, uint64_t id);
struct edit_thread {
    uint64_t parent, owner;
    enum channel_type parent_type, type;
    struct str name;
    bool with_bot; /* the bot is in it */
};
void edit_create_thread(struct edit *e, uint64_t id, const struct edit_thread *t);
/* The thread without the bot's membership. */
void edit_tell_thread(struct edit *e, const char *name, uint64_t id);
/* An active one; an archived one; THREAD_UPDATE. */
void edit_archive_thread(struct edit *e, uint64_t id, bool locked);
void edit_lock_thread(struct edit *e, uint64_t id, bool locked);
void edit_unarchive_thread(struct edit *e, uint64_t id, bool locked);
void edit_delete_thread(struct edit *e, enum world_list list, uint64_t id);
/* Somebody comes or goes: THREAD_MEMBERS_UPDATE. Of the first bot it is kept. */
void edit_thread_member(struct edit *e, uint64_t thread, uint64_t user_id, bool joins);
/* With its threads, stage and events; those who are in it leave; those below a category
 * come out of it. */
void edit_delete_channel(struct edit *e, uint64_t id);
/* Somebody leaves voice; fine if he isn't in it. Not the bot. */
void edit_leave_voice(struct edit *e, uint64_t user_id);
/* A member who is not the bot goes. */
void edit_remove_member(struct edit *e, uint64_t user_id);

#endif
