/* rights.h - what somebody may do where: Discord's permissions, counted from the world.
 *
 * "Permissions", "Permission Overwrites": the owner may do all, then the roles count,
 * then the overwrites of the channel (of a thread: its parent's). */
#ifndef SIM_RIGHTS_H
#define SIM_RIGHTS_H

#include "world.h"

#define RIGHT_CREATE_INVITE      (UINT64_C(1) << 0)
#define RIGHT_KICK_MEMBERS       (UINT64_C(1) << 1)
#define RIGHT_BAN_MEMBERS        (UINT64_C(1) << 2)
#define RIGHT_ADMINISTRATOR      (UINT64_C(1) << 3)
#define RIGHT_MANAGE_CHANNELS    (UINT64_C(1) << 4)
#define RIGHT_MANAGE_GUILD       (UINT64_C(1) << 5)
#define RIGHT_ADD_REACTIONS      (UINT64_C(1) << 6)
#define RIGHT_VIEW_AUDIT_LOG     (UINT64_C(1) << 7)
#define RIGHT_VIEW_CHANNEL       (UINT64_C(1) << 10)
#define RIGHT_SEND_MESSAGES      (UINT64_C(1) << 11)
#define RIGHT_MANAGE_MESSAGES    (UINT64_C(1) << 13)
#define RIGHT_READ_HISTORY       (UINT64_C(1) << 16)
#define RIGHT_CONNECT            (UINT64_C(1) << 20)
#define RIGHT_MUTE_MEMBERS       (UINT64_C(1) << 22)
#define RIGHT_DEAFEN_MEMBERS     (UINT64_C(1) << 23)
#define RIGHT_MOVE_MEMBERS       (UINT64_C(1) << 24)
#define RIGHT_CHANGE_NICKNAME    (UINT64_C(1) << 26)
#define RIGHT_MANAGE_NICKNAMES   (UINT64_C(1) << 27)
#define RIGHT_MANAGE_ROLES       (UINT64_C(1) << 28)
#define RIGHT_MANAGE_WEBHOOKS    (UINT64_C(1) << 29)
#define RIGHT_MANAGE_EXPRESSIONS (UINT64_C(1) << 30)
#define RIGHT_MANAGE_EVENTS      (UINT64_C(1) << 33)
#define RIGHT_MANAGE_THREADS     (UINT64_C(1) << 34)
#define RIGHT_CREATE_THREADS     (UINT64_C(1) << 35)
#define RIGHT_SEND_IN_THREADS    (UINT64_C(1) << 38)
#define RIGHT_MODERATE_MEMBERS   (UINT64_C(1) << 40)
#define RIGHT_CREATE_EXPRESSIONS (UINT64_C(1) << 43)
#define RIGHT_CREATE_EVENTS      (UINT64_C(1) << 44)
#define RIGHT_SET_VOICE_STATUS   (UINT64_C(1) << 48)
#define RIGHT_PIN_MESSAGES       (UINT64_C(1) << 51)
#define RIGHTS_ALL               UINT64_C(0x1F7FFFFFFFFFFF)

/* `channel_id` 0: in the guild. *out is 0 for one who is no member. CORDAGE_ENOMEM. */
int rights_count(struct world *w, struct world_guild *g, uint64_t user_id,
                 uint64_t channel_id, uint64_t *out);

#endif
