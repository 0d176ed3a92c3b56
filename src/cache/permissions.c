#include "permissions.h"

/* Source: Discord, "Channel Resource", "Channel Types". */
enum { VOICE = 2, ANNOUNCEMENT_THREAD = 10, PRIVATE_THREAD = 12, STAGE = 13 };

#define BIT(NAME) CORDAGE_PERMISSION_##NAME

/* What a member who is timed out keeps. */
static const uint64_t in_timeout = BIT(VIEW_CHANNEL) | BIT(READ_MESSAGE_HISTORY);

/* What nobody can do who may not send at all. */
static const uint64_t with_sending =
    BIT(MENTION_EVERYONE) | BIT(SEND_TTS_MESSAGES) | BIT(ATTACH_FILES) | BIT(EMBED_LINKS);

/* What nobody can do in a voice channel who may not enter it. */
static const uint64_t with_connecting =
    BIT(PRIORITY_SPEAKER) | BIT(STREAM) | BIT(SPEAK) | BIT(MUTE_MEMBERS) |
    BIT(DEAFEN_MEMBERS) | BIT(MOVE_MEMBERS) | BIT(USE_VAD) | BIT(REQUEST_TO_SPEAK) |
    BIT(USE_EMBEDDED_ACTIVITIES) | BIT(USE_SOUNDBOARD) | BIT(USE_EXTERNAL_SOUNDS) |
    BIT(SET_VOICE_CHANNEL_STATUS);

static bool is_owner(const struct cache_standing *s)
{
    return s->user_id == s->owner_id;
}

static bool is_thread(int64_t type)
{
    return type >= ANNOUNCEMENT_THREAD && type <= PRIVATE_THREAD;
}

static uint64_t overwritten(uint64_t permissions, struct standing_overwrite overwrite)
{
    return (permissions & ~overwrite.deny) | overwrite.allow;
}

/* What roles, overwrites and a timeout leave, or everything. */
static uint64_t granted(const struct cache_standing *s, uint64_t now_ms)
{
    uint64_t permissions = s->everyone | s->roles;

    if (is_owner(s) || permissions & BIT(ADMINISTRATOR))
        return CORDAGE_PERMISSIONS_ALL;
    if (s->channel_id) {
        permissions = overwritten(permissions, s->for_everyone);
        permissions = overwritten(permissions, s->for_roles);
        permissions = overwritten(permissions, s->for_member);
    }
    return s->timed_out_until_ms > now_ms ? permissions & in_timeout : permissions;
}

/* What threads change: who speaks there needs a permission of its own, and a private one
 * is seen by its members and those who manage threads. */
static uint64_t in_thread(const struct cache_standing *s, uint64_t permissions)
{
    if (s->channel_type == PRIVATE_THREAD && !s->member_of_thread &&
        !(permissions & BIT(MANAGE_THREADS)))
        return 0;
    if (permissions & BIT(SEND_MESSAGES_IN_THREADS))
        return permissions | BIT(SEND_MESSAGES);
    return permissions & ~BIT(SEND_MESSAGES);
}

uint64_t permissions_of(const struct cache_standing *s, uint64_t now_ms)
{
    uint64_t permissions = granted(s, now_ms);

    if (!s->channel_id)
        return permissions;
    if (is_thread(s->channel_type))
        permissions = in_thread(s, permissions);
    if (!(permissions & BIT(VIEW_CHANNEL)))
        return 0;
    if (!(permissions & BIT(SEND_MESSAGES)))
        permissions &= ~with_sending;
    if ((s->channel_type == VOICE || s->channel_type == STAGE) &&
        !(permissions & BIT(CONNECT)))
        permissions &= ~with_connecting;
    return permissions;
}

bool permissions_need_membership(const struct cache_standing *s, uint64_t now_ms)
{
    uint64_t permissions = granted(s, now_ms);

    return s->channel_id && s->channel_type == PRIVATE_THREAD &&
           (permissions & BIT(VIEW_CHANNEL)) && !(permissions & BIT(MANAGE_THREADS));
}

bool rank_is_above(struct standing_rank a, struct standing_rank b)
{
    return a.position != b.position ? a.position > b.position : a.role_id < b.role_id;
}

bool permissions_outrank_role(const struct cache_standing *actor,
                              struct standing_rank role)
{
    return is_owner(actor) || rank_is_above(actor->top, role);
}

bool permissions_outrank(const struct cache_standing *actor,
                         const struct cache_standing *target)
{
    if (actor->user_id == target->user_id || is_owner(target))
        return false;
    return is_owner(actor) || rank_is_above(actor->top, target->top);
}

const char *cordage_permission_name(uint64_t permission)
{
    switch (permission) {
#define NAME(name, bit)             \
    case CORDAGE_PERMISSION_##name: \
        return #name;
        CORDAGE_PERMISSIONS(NAME)
#undef NAME
    default:
        return "UNKNOWN";
    }
}
