/* change_call.h - a REST request that changes the world. Internal to routes_change*.c. */
#ifndef SIM_CHANGE_CALL_H
#define SIM_CHANGE_CALL_H

#include "call.h"
#include "edit.h"

enum { REASON_BYTES = 512 * 4 + 1 }; /* of X-Audit-Log-Reason's 512 characters */

/* A field that a body may have: its JSON type, and whether it may be null. Tables end
 * with a NULL key. */
struct rule {
    const char *key;
    cordage_json_type type;
    bool nullable;
    size_t max; /* characters of a string; 0: any */
};

/* False, with the error answered, when a field is not what it should be. */
bool change_check(struct call *c, cordage_json body, const struct rule *rules);
/* Those of the fields that the body has. */
void change_put(struct edit *e, cordage_json body, const struct rule *rules);
void change_begin(struct call *c, struct edit *e);
/* Ends an event's body and sends it: to who has `intent` in the guild, in a DM to the
 * bot's shard 0 with `direct`. */
void change_told(struct call *c, struct edit *e, const char *name, uint32_t intent,
                 uint32_t direct);
/* What the audit log calls it; the numbers are Discord's "Audit Log Events". */
enum audit {
    AUDIT_GUILD_UPDATE = 1,
    AUDIT_CHANNEL_CREATE = 10,
    AUDIT_CHANNEL_UPDATE = 11,
    AUDIT_CHANNEL_DELETE = 12,
    AUDIT_OVERWRITE_CREATE = 13,
    AUDIT_OVERWRITE_DELETE = 15,
    AUDIT_KICK = 20,
    AUDIT_BAN_ADD = 22,
    AUDIT_BAN_REMOVE = 23,
    AUDIT_MEMBER_UPDATE = 24,
    AUDIT_MEMBER_ROLES = 25,
    AUDIT_ROLE_CREATE = 30,
    AUDIT_ROLE_UPDATE = 31,
    AUDIT_ROLE_DELETE = 32,
    AUDIT_INVITE_CREATE = 40,
    AUDIT_INVITE_DELETE = 42,
    AUDIT_WEBHOOK_CREATE = 50,
    AUDIT_WEBHOOK_UPDATE = 51,
    AUDIT_WEBHOOK_DELETE = 52,
    AUDIT_EMOJI_CREATE = 60,
    AUDIT_EMOJI_UPDATE = 61,
    AUDIT_EMOJI_DELETE = 62,
    AUDIT_MESSAGE_DELETE = 72,
    AUDIT_BULK_DELETE = 73,
    AUDIT_PIN = 74,
    AUDIT_UNPIN = 75,
    AUDIT_STAGE_CREATE = 83,
    AUDIT_STAGE_UPDATE = 84,
    AUDIT_STAGE_DELETE = 85,
    AUDIT_STICKER_CREATE = 90,
    AUDIT_STICKER_UPDATE = 91,
    AUDIT_STICKER_DELETE = 92,
    AUDIT_EVENT_CREATE = 100,
    AUDIT_EVENT_UPDATE = 101,
    AUDIT_EVENT_DELETE = 102,
    AUDIT_THREAD_CREATE = 110,
    AUDIT_THREAD_UPDATE = 111,
    AUDIT_THREAD_DELETE = 112,
    AUDIT_SOUND_CREATE = 130,
    AUDIT_SOUND_UPDATE = 131,
    AUDIT_SOUND_DELETE = 132,
    AUDIT_VOICE_STATUS_CREATE = 192,
    AUDIT_VOICE_STATUS_DELETE = 193,
};
/* Notes it in the guild's audit log, with the reason that the request gives, and tells
 * who may know. `options`: the entry's, a JSON object, or NULL. */
void change_audit(struct call *c, struct edit *e, enum audit action, uint64_t target,
                  const char *options);
/* Releases it. False, with the error answered, when there was no memory. */
bool change_done(struct call *c, struct edit *e);

#endif
