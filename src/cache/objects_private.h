/* objects_private.h - how the tables of fields are written, and who shares them.
 *
 * The order is for size: a record ends with its last field that is there, so what is
 * nearly always there comes first, then what is rare. `usual` is what most objects have.
 * Once released, tables and lists of words only grow at their ends. */
#ifndef CACHE_OBJECTS_PRIVATE_H
#define CACHE_OBJECTS_PRIVATE_H

#include "objects.h"

#define FIELD_FULL(key, type, usual, of, words)                \
    {                                                          \
        key, sizeof(key) - 1, FIELD_##type, usual, (of), words \
    }
#define FIELD(key, type)              FIELD_FULL(key, type, NULL, NULL, NULL)
#define FIELD_USUAL(key, type, usual) FIELD_FULL(key, type, usual, NULL, NULL)
#define FIELD_FALSE(key)              FIELD_FULL(key, BOOL, "false", NULL, NULL)
/* Of `words`, or a list of those. */
#define FIELD_WORDS(key, type, usual, words) FIELD_FULL(key, type, usual, NULL, words)
#define FIELD_OF(key, schema)                FIELD_FULL(key, OBJECT, NULL, &(schema), NULL)
#define FIELD_LIST_OF(key, schema)           FIELD_FULL(key, OBJECTS, "[]", &(schema), NULL)
#define SCHEMA(name, fields)                                 \
    {                                                        \
        (name), (fields), sizeof(fields) / sizeof(*(fields)) \
    }

extern const struct schema guild_schema, role_schema;
extern const struct schema channel_schema;
extern const struct schema emoji_schema, sticker_schema, sound_schema;
extern const struct schema user_schema, member_schema;
extern const struct schema decoration_schema, collectibles_schema;
extern const struct schema presence_schema, voice_state_schema;
extern const struct schema stage_schema, scheduled_event_schema;
/* A user inside another object: with its id. */
extern const struct schema nested_user_schema;

/* Discord's locales. */
extern const char *const object_locales[];

#endif
