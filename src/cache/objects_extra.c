/* Emojis, stickers, sounds, stage instances and scheduled events. */
#include "objects_private.h"

static const struct field emoji_fields[] = {
    FIELD_USUAL("roles", IDS, "[]"),
    FIELD("name", STRING),
    FIELD_USUAL("require_colons", BOOL, "true"),
    FIELD_FALSE("managed"),
    FIELD_FALSE("animated"),
    FIELD_USUAL("available", BOOL, "true"),
    FIELD_OF("user", nested_user_schema),
};
const struct schema emoji_schema = SCHEMA("emoji", emoji_fields);

static const struct field sticker_fields[] = {
    FIELD("name", STRING),
    FIELD("description", STRING),
    FIELD("tags", STRING),
    FIELD_USUAL("type", INT, "2"),
    FIELD_USUAL("format_type", INT, "1"),
    FIELD_USUAL("available", BOOL, "true"),
    FIELD_OF("user", nested_user_schema),
    FIELD("pack_id", ID),
    FIELD("sort_value", INT),
};
const struct schema sticker_schema = SCHEMA("sticker", sticker_fields);

static const struct field sound_fields[] = {
    FIELD("name", STRING),
    FIELD_USUAL("volume", DOUBLE, "1"),
    FIELD("emoji_id", ID),
    FIELD("emoji_name", STRING),
    FIELD_USUAL("available", BOOL, "true"),
    FIELD_OF("user", nested_user_schema),
};
const struct schema sound_schema = SCHEMA("soundboard sound", sound_fields);

static const struct field stage_fields[] = {
    FIELD("channel_id", ID),
    FIELD("topic", STRING),
    FIELD_USUAL("privacy_level", INT, "2"),
    FIELD_FALSE("discoverable_disabled"),
    FIELD("guild_scheduled_event_id", ID),
};
const struct schema stage_schema = SCHEMA("stage instance", stage_fields);

static const struct field location_fields[] = {
    FIELD("location", STRING),
};
static const struct schema location_schema = SCHEMA("entity metadata", location_fields);

static const struct field n_weekday_fields[] = {
    FIELD("n", INT),
    FIELD("day", INT),
};
static const struct schema n_weekday_schema = SCHEMA("n weekday", n_weekday_fields);

static const struct field recurrence_fields[] = {
    FIELD("start", TIME),
    FIELD("end", TIME),
    FIELD_USUAL("frequency", INT, "2"),
    FIELD_USUAL("interval", INT, "1"),
    FIELD("by_weekday", INTS),
    FIELD_FULL("by_n_weekday", OBJECTS, NULL, &n_weekday_schema, NULL),
    FIELD("by_month", INTS),
    FIELD("by_month_day", INTS),
    FIELD("by_year_day", INTS),
    FIELD("count", INT),
};
static const struct schema recurrence_schema =
    SCHEMA("recurrence rule", recurrence_fields);

static const struct field scheduled_event_fields[] = {
    FIELD_USUAL("status", INT, "1"),
    FIELD("user_count", INT),
    FIELD("channel_id", ID),
    FIELD("creator_id", ID),
    FIELD("name", STRING),
    FIELD("description", STRING),
    FIELD("scheduled_start_time", TIME),
    FIELD("scheduled_end_time", TIME),
    FIELD_USUAL("privacy_level", INT, "2"),
    FIELD_USUAL("entity_type", INT, "2"),
    FIELD("entity_id", ID),
    FIELD_OF("entity_metadata", location_schema),
    FIELD("image", HASH),
    FIELD_OF("recurrence_rule", recurrence_schema),
    FIELD_OF("creator", nested_user_schema),
};
const struct schema scheduled_event_schema =
    SCHEMA("scheduled event", scheduled_event_fields);
