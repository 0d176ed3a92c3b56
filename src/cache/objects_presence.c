/* Presences, and voice states. What is in an activity comes from programs on people's
 * machines, and Discord checks little of it. */
#include "objects_private.h"

static const char *const statuses[] = { "online", "idle", "dnd", "offline", NULL };

static const char *const activity_names[] = {
    "Custom Status",
    "Spotify",
    "Visual Studio Code",
    "League of Legends",
    "VALORANT",
    "Minecraft",
    "Roblox",
    "Fortnite",
    "Twitch",
    "YouTube",
    NULL,
};

static const struct field activity_times_fields[] = {
    FIELD("start", INT),
    FIELD("end", INT),
};
static const struct schema activity_times_schema =
    SCHEMA("activity timestamps", activity_times_fields);

static const struct field activity_emoji_fields[] = {
    FIELD("name", STRING),
    FIELD("id", ID),
    FIELD_FALSE("animated"),
};
static const struct schema activity_emoji_schema =
    SCHEMA("activity emoji", activity_emoji_fields);

static const struct field party_fields[] = {
    FIELD("id", STRING),
    FIELD("size", INTS),
};
static const struct schema party_schema = SCHEMA("activity party", party_fields);

/* An image is the number of an asset, or a text. */
static const struct field assets_fields[] = {
    FIELD("large_image", BITS),        FIELD("large_text", STRING),
    FIELD("small_image", BITS),        FIELD("small_text", STRING),
    FIELD("large_url", STRING),        FIELD("small_url", STRING),
    FIELD("invite_cover_image", BITS),
};
static const struct schema assets_schema = SCHEMA("activity assets", assets_fields);

static const struct field secrets_fields[] = {
    FIELD("join", STRING),
    FIELD("spectate", STRING),
    FIELD("match", STRING),
};
static const struct schema secrets_schema = SCHEMA("activity secrets", secrets_fields);

static const struct field activity_fields[] = {
    FIELD_WORDS("name", WORD, "\"Custom Status\"", activity_names),
    FIELD_USUAL("type", INT, "0"),
    FIELD("created_at", INT),
    FIELD("state", STRING),
    FIELD_OF("emoji", activity_emoji_schema),
    FIELD("details", STRING),
    FIELD("application_id", ID),
    FIELD_OF("timestamps", activity_times_schema),
    FIELD_OF("assets", assets_schema),
    FIELD_USUAL("flags", INT, "0"),
    FIELD_OF("party", party_schema),
    FIELD_USUAL("buttons", STRINGS, "[]"),
    FIELD_USUAL("status_display_type", INT, "0"),
    FIELD("url", STRING),
    FIELD("details_url", STRING),
    FIELD("state_url", STRING),
    FIELD_OF("secrets", secrets_schema),
    FIELD_FALSE("instance"),
};
static const struct schema activity_schema = SCHEMA("activity", activity_fields);

static const struct field client_status_fields[] = {
    FIELD_WORDS("desktop", WORD, "\"online\"", statuses),
    FIELD_WORDS("mobile", WORD, "\"online\"", statuses),
    FIELD_WORDS("web", WORD, "\"online\"", statuses),
    FIELD_WORDS("vr", WORD, "\"online\"", statuses),
};
static const struct schema client_status_schema =
    SCHEMA("client status", client_status_fields);

static const struct field presence_fields[] = {
    FIELD_WORDS("status", WORD, "\"online\"", statuses),
    FIELD_LIST_OF("activities", activity_schema),
    FIELD_OF("client_status", client_status_schema),
};
const struct schema presence_schema = SCHEMA("presence", presence_fields);

/* `member` is a kind of its own. */
static const struct field voice_state_fields[] = {
    FIELD("channel_id", ID),
    FIELD("session_id", HASH),
    FIELD_FALSE("deaf"),
    FIELD_FALSE("mute"),
    FIELD_FALSE("self_deaf"),
    FIELD_FALSE("self_mute"),
    FIELD_FALSE("self_video"),
    FIELD_FALSE("suppress"),
    FIELD("request_to_speak_timestamp", TIME),
    FIELD_FALSE("self_stream"),
};
const struct schema voice_state_schema = SCHEMA("voice state", voice_state_fields);
