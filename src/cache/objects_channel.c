#include "objects_private.h"

static const struct field overwrite_fields[] = {
    FIELD("id", ID),
    FIELD_USUAL("type", INT, "0"),
    FIELD_USUAL("allow", BITS, "\"0\""),
    FIELD_USUAL("deny", BITS, "\"0\""),
};
const struct schema overwrite_schema = SCHEMA("overwrite", overwrite_fields);

static const struct field thread_metadata_fields[] = {
    FIELD_FALSE("archived"),
    FIELD_FALSE("locked"),
    FIELD_USUAL("auto_archive_duration", INT, "4320"),
    FIELD("archive_timestamp", TIME),
    FIELD("create_timestamp", TIME),
    FIELD_FALSE("invitable"),
};
const struct schema thread_metadata_schema =
    SCHEMA("thread metadata", thread_metadata_fields);

/* The bot's own, in a thread: whose and of which thread it is goes without saying. */
static const struct field thread_member_fields[] = {
    FIELD("join_timestamp", TIME),
    FIELD_USUAL("flags", INT, "0"),
};
static const struct schema thread_member_schema =
    SCHEMA("thread member", thread_member_fields);

static const struct field forum_tag_fields[] = {
    FIELD("id", ID),       FIELD("name", STRING),       FIELD_FALSE("moderated"),
    FIELD("emoji_id", ID), FIELD("emoji_name", STRING),
};
static const struct schema forum_tag_schema = SCHEMA("forum tag", forum_tag_fields);

static const struct field default_reaction_fields[] = {
    FIELD("emoji_id", ID),
    FIELD("emoji_name", STRING),
};
static const struct schema default_reaction_schema =
    SCHEMA("default reaction", default_reaction_fields);

static const char *const voice_regions[] = {
    "us-east", "us-west",   "us-central", "us-south",  "brazil",      "hongkong",
    "india",   "japan",     "russia",     "rotterdam", "sydney",      "southafrica",
    "europe",  "frankfurt", "singapore",  "dubai",     "south-korea", NULL,
};

static const char *const tag_settings[] = { "match_some", "match_all", NULL };

/* Channels and threads. `recipients` occurs in direct messages alone, which are not
 * cached; `newly_created` is of the event, `permissions` of an interaction's user. */
static const struct field channel_fields[] = {
    FIELD_USUAL("type", INT, "0"),
    FIELD("parent_id", ID),
    FIELD_LIST_OF("permission_overwrites", overwrite_schema),
    FIELD("last_message_id", ID),
    FIELD("name", STRING),
    FIELD_USUAL("position", INT, "0"),
    FIELD_USUAL("flags", INT, "0"),
    FIELD_USUAL("rate_limit_per_user", INT, "0"),
    FIELD("topic", STRING),
    FIELD("last_pin_timestamp", TIME),
    FIELD_FALSE("nsfw"),
    FIELD_USUAL("bitrate", INT, "64000"),
    FIELD_USUAL("user_limit", INT, "0"),
    FIELD_WORDS("rtc_region", WORD, NULL, voice_regions),
    FIELD_USUAL("default_auto_archive_duration", INT, "4320"),
    FIELD("owner_id", ID),
    FIELD_OF("thread_metadata", thread_metadata_schema),
    FIELD_USUAL("message_count", INT, "0"),
    FIELD_USUAL("total_message_sent", INT, "0"),
    FIELD_USUAL("member_count", INT, "0"),
    FIELD_OF("member", thread_member_schema),
    FIELD_USUAL("applied_tags", IDS, "[]"),
    FIELD_LIST_OF("available_tags", forum_tag_schema),
    FIELD_OF("default_reaction_emoji", default_reaction_schema),
    FIELD("default_sort_order", INT),
    FIELD("default_forum_layout", INT),
    FIELD_WORDS("default_tag_setting", WORD, "\"match_some\"", tag_settings),
    FIELD_USUAL("default_thread_rate_limit_per_user", INT, "0"),
    FIELD_USUAL("video_quality_mode", INT, "1"),
    FIELD("icon", HASH),
    FIELD("application_id", ID),
    FIELD_FALSE("managed"),
};
const struct schema channel_schema = SCHEMA("channel", channel_fields);
