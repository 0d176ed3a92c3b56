/* views.h - typed views of JSON objects.
 *
 * Each public struct has a table that says which key of the object goes into which of its
 * fields; one reader serves them all. What is absent, null or of another type becomes 0,
 * false or the empty string: Discord's payloads are taken as they come. Of a key that
 * stands twice the first counts, as for cordage_json_get. Pure.
 *
 * A new field is a member of the struct in cordage/views.h, a row in the table, and a
 * value in tests/samples/. */
#ifndef CLIENT_VIEWS_H
#define CLIENT_VIEWS_H

#include "cordage/cordage.h"
#include "str.h"

enum view {
#define VIEW_ENUM(view) VIEW_##view,
    CORDAGE_VIEWS(VIEW_ENUM)
#undef VIEW_ENUM
        N_VIEWS
};

/* Room for any of them. */
union view_any {
#define VIEW_MEMBER(view) cordage_##view view;
    CORDAGE_VIEWS(VIEW_MEMBER)
#undef VIEW_MEMBER
};

/* What a key holds, and what it becomes. */
enum row_type {
    ROW_ID,      /* a snowflake: cordage_id */
    ROW_TEXT,    /* cordage_str */
    ROW_BOOL,    /* bool */
    ROW_INT,     /* an integer, also written as a double: int */
    ROW_COUNT,   /* the same, not negative: uint64_t */
    ROW_COUNT32, /* uint32_t */
    ROW_BITS,    /* a bit set, as a decimal string or a number: uint64_t */
    ROW_TIME,    /* a timestamp: int64_t, Unix ms */
    ROW_SECONDS, /* Unix seconds: int64_t, Unix ms */
    ROW_SPAN,    /* seconds, not negative: uint64_t, ms */
    ROW_DOUBLE,  /* double */
    ROW_JSON,    /* whatever it is: cordage_json */
    ROW_LENGTH,  /* how long a list is: size_t */
    ROW_NEST     /* an object, whose keys have rows of their own */
};

struct view_row {
    struct str key;
    enum row_type type;
    unsigned at;                 /* of the field in the struct */
    const struct view_row *rows; /* ROW_NEST */
    unsigned n;
    const char *field; /* its name, for tests */
};

enum { VIEW_MAX_ROWS = 64 }; /* in one table; a test holds them to it */

struct view_shape {
    const char *name;
    size_t size;
    const struct view_row *rows;
    unsigned n;
    unsigned data_at, event_at;
    unsigned old_at; /* 0: it has none */
    enum view old;
};

const struct view_shape *view_shape(enum view view);
/* The view that handlers of this event are given. Not for CORDAGE_EVENT_UNKNOWN. */
enum view view_of(cordage_event_type type);

/* Reads `object`, which may be anything, into *out, a cordage_<view>. */
void view_read(enum view view, cordage_json object, void *out);

/* What isn't in the event itself. */
struct view_facts {
    cordage_id self;       /* the bot's user id, 0 if it isn't known */
    cordage_guild_why why; /* GUILD_CREATE */
    uint64_t replayed;     /* RESUMED */
};
/* Reads the view of a documented event into *out and, if the event has an old object and
 * the view knows it, that one into *old. */
void view_read_event(const cordage_event *event, const struct view_facts *facts,
                     union view_any *out, union view_any *old);

#endif
