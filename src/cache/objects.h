/* objects.h - the schemas of what is cached: Discord's objects, field by field.
 *
 * What a record's key already says is in no record: an object's `id`, a child's
 * `guild_id`, a member's, presence's and voice state's user. Those are written back by
 * whoever writes the JSON (cache.h).
 *
 * Source: Discord, "Resources". The enums name fields that the cache itself looks at, by
 * their index in the schema; a test holds them against the tables. */
#ifndef CACHE_OBJECTS_H
#define CACHE_OBJECTS_H

#include "cordage/cache.h"
#include "record.h"

/* One per kind. GUILDS: the guild object's own fields and GUILD_CREATE's (joined_at,
 * large, member_count), without the lists that are kinds of their own. THREADS share the
 * channels' schema. */
extern const struct schema *const object_schemas[CORDAGE_N_KINDS];

/* The key under which GUILD_CREATE has the list of a kind ("channels"), NULL for GUILDS
 * and USERS. */
const char *object_list_key(cordage_kind kind);
/* An object's own id among its brothers in a guild: `id`, `sound_id`, `user.id` (members,
 * presences) or `user_id` (voice states). 0: none, it can't be kept. */
cordage_id object_id(cordage_kind kind, cordage_json object);

/* Indices into the schemas. */
enum { GUILD_OWNER_ID, GUILD_MEMBER_COUNT, GUILD_JOINED_AT = 32 };
enum {
    CHANNEL_TYPE,
    CHANNEL_PARENT_ID,
    CHANNEL_OVERWRITES,
    CHANNEL_LAST_MESSAGE_ID,
    CHANNEL_LAST_PIN = 9,
    CHANNEL_THREAD_METADATA = 16,
    CHANNEL_MESSAGE_COUNT,
    CHANNEL_TOTAL_MESSAGES,
    CHANNEL_MEMBER_COUNT,
    CHANNEL_MEMBER /* the bot's own membership of a thread */
};
enum { OVERWRITE_ID, OVERWRITE_TYPE, OVERWRITE_ALLOW, OVERWRITE_DENY };
enum { THREAD_METADATA_ARCHIVED };
enum { ROLE_PERMISSIONS, ROLE_POSITION };
enum {
    MEMBER_ROLES,
    MEMBER_TIMEOUT, /* communication_disabled_until */
    MEMBER_JOINED_AT = 5
};
enum { EMOJI_ROLES };
enum { PRESENCE_STATUS };
enum { VOICE_CHANNEL_ID };
enum { STAGE_CHANNEL_ID };
enum { SCHEDULED_STATUS, SCHEDULED_USER_COUNT };
extern const struct schema overwrite_schema, thread_metadata_schema;

#endif
