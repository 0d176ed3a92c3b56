/* views_rows.h - what the tables of views are written with.
 *
 *     #define V cordage_ban
 *     static const struct view_row ban_rows[] = {
 *         ROW(ID, guild_id, "guild_id"),
 *         NEST("user", ban_user),
 *     };
 *     SHAPE(ban);
 *     #undef V
 *
 * A field that hasn't its row's type does not compile. */
#ifndef CLIENT_VIEWS_ROWS_H
#define CLIENT_VIEWS_ROWS_H

#include "views.h"

typedef cordage_id row_ctype_ID;
typedef cordage_str row_ctype_TEXT;
typedef bool row_ctype_BOOL;
typedef int row_ctype_INT;
typedef uint64_t row_ctype_COUNT;
typedef uint32_t row_ctype_COUNT32;
typedef uint64_t row_ctype_BITS;
typedef int64_t row_ctype_TIME;
typedef int64_t row_ctype_SECONDS;
typedef uint64_t row_ctype_SPAN;
typedef double row_ctype_DOUBLE;
typedef cordage_json row_ctype_JSON;
typedef size_t row_ctype_LENGTH;

/* A type error is an array of a negative size. */
#define ROW_IS(TYPE, FIELD) \
    __builtin_types_compatible_p(row_ctype_##TYPE, __typeof__(((V *)NULL)->FIELD))
#define ROW_AT(TYPE, FIELD) \
    (offsetof(V, FIELD) + 0 * sizeof(char[ROW_IS(TYPE, FIELD) ? 1 : -1]))
#define ROW_KEY(KEY)           \
    {                          \
        (KEY), sizeof(KEY) - 1 \
    }
#define ROW(TYPE, FIELD, KEY)                                               \
    {                                                                       \
        .key = ROW_KEY(KEY), .type = ROW_##TYPE, .at = ROW_AT(TYPE, FIELD), \
        .field = #FIELD                                                     \
    }
#define NEST(KEY, ROWS)                                                          \
    {                                                                            \
        .key = ROW_KEY(KEY), .type = ROW_NEST, .rows = (ROWS), .n = N_ROWS(ROWS) \
    }
#define N_ROWS(ROWS) (sizeof(ROWS) / sizeof(ROWS)[0])

#define SHAPE_COMMON(VIEW)                                               \
    .name = #VIEW, .size = sizeof(cordage_##VIEW), .rows = VIEW##_rows,  \
    .n = N_ROWS(VIEW##_rows), .data_at = offsetof(cordage_##VIEW, data), \
    .event_at = offsetof(cordage_##VIEW, event)
#define SHAPE(VIEW) const struct view_shape view_shape_##VIEW = { SHAPE_COMMON(VIEW) }
/* Its `old` is a cordage_<OLD>. */
#define SHAPE_OLD(VIEW, OLD)                                                           \
    const struct view_shape view_shape_##VIEW = {                                      \
        SHAPE_COMMON(VIEW), .old_at = offsetof(cordage_##VIEW, old), .old = VIEW_##OLD \
    }

#define SHAPE_DECLARE(view) extern const struct view_shape view_shape_##view;
CORDAGE_VIEWS(SHAPE_DECLARE)
#undef SHAPE_DECLARE

#endif
