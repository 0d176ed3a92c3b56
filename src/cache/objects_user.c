#include "objects_private.h"

static const char *const palettes[] = {
    "crimson", "berry",  "sky",   "teal",  "forest", "bubble_gum", "violet",
    "cobalt",  "clover", "lemon", "white", "black",  NULL,
};

static const struct field decoration_fields[] = {
    FIELD("asset", HASH),
    FIELD("sku_id", ID),
};
const struct schema decoration_schema = SCHEMA("avatar decoration", decoration_fields);

static const struct field nameplate_fields[] = {
    FIELD("sku_id", ID),
    FIELD("asset", STRING),
    FIELD("label", STRING),
    FIELD_WORDS("palette", WORD, NULL, palettes),
};
static const struct schema nameplate_schema = SCHEMA("nameplate", nameplate_fields);

static const struct field collectibles_fields[] = {
    FIELD_OF("nameplate", nameplate_schema),
};
const struct schema collectibles_schema = SCHEMA("collectibles", collectibles_fields);

static const struct field primary_guild_fields[] = {
    FIELD("identity_guild_id", ID),
    FIELD_FULL("identity_enabled", BOOL, "true", NULL, NULL),
    FIELD("tag", STRING),
    FIELD("badge", HASH),
};
static const struct schema primary_guild_schema =
    SCHEMA("primary guild", primary_guild_fields);

/* A discriminator of four digits is a bot's, or of an account that was never renamed. */
/* clang-format off */
#define USER_FIELDS                                             \
    FIELD("username", STRING),                                  \
    FIELD_USUAL("discriminator", BITS, "\"0\""),                \
    FIELD("global_name", STRING),                               \
    FIELD("avatar", HASH),                                      \
    FIELD_USUAL("public_flags", INT, "0"),                      \
    FIELD_OF("avatar_decoration_data", decoration_schema),      \
    FIELD_OF("collectibles", collectibles_schema),              \
    FIELD_OF("primary_guild", primary_guild_schema),            \
    FIELD_FALSE("bot"),                                         \
    FIELD_USUAL("flags", INT, "0"),                             \
    FIELD("banner", HASH),                                      \
    FIELD("accent_color", INT),                                 \
    FIELD_FALSE("system"),                                      \
    FIELD_FALSE("mfa_enabled"),                                 \
    FIELD_WORDS("locale", WORD, "\"en-US\"", object_locales),   \
    FIELD_FALSE("verified"),                                    \
    FIELD("email", STRING),                                     \
    FIELD_USUAL("premium_type", INT, "0")
/* clang-format on */

static const struct field user_fields[] = { USER_FIELDS };
const struct schema user_schema = SCHEMA("user", user_fields);

static const struct field nested_user_fields[] = { FIELD("id", ID), USER_FIELDS };
const struct schema nested_user_schema = SCHEMA("user with id", nested_user_fields);

static const struct field member_fields[] = {
    FIELD_USUAL("roles", IDS, "[]"),
    FIELD("communication_disabled_until", TIME),
    FIELD("nick", STRING),
    FIELD("avatar", HASH),
    FIELD("banner", HASH),
    FIELD("joined_at", TIME),
    FIELD("premium_since", TIME),
    FIELD_FALSE("deaf"),
    FIELD_FALSE("mute"),
    FIELD_USUAL("flags", INT, "0"),
    FIELD_FALSE("pending"),
    FIELD_OF("avatar_decoration_data", decoration_schema),
    FIELD_OF("collectibles", collectibles_schema),
};
const struct schema member_schema = SCHEMA("member", member_fields);
