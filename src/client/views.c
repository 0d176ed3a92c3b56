#include "views.h"

#include <limits.h>
#include <math.h>

#include "json.h"
#include "timestamp.h"
#include "views_rows.h"

/* ---- The tables ----------------------------------------------------------------------
 */

const struct view_shape *view_shape(enum view view)
{
    static const struct view_shape *const shapes[N_VIEWS] = {
#define SHAPE_OF(view) [VIEW_##view] = &view_shape_##view,
        CORDAGE_VIEWS(SHAPE_OF)
#undef SHAPE_OF
    };

    return shapes[view];
}

enum view view_of(cordage_event_type type)
{
    static const unsigned char views[CORDAGE_N_EVENTS] = {
#define VIEW_OF(NAME, name, view, intents, route, effect) \
    [CORDAGE_EVENT_##NAME] = VIEW_##view,
        CORDAGE_EVENTS(VIEW_OF)
#undef VIEW_OF
    };

    return (enum view)views[type];
}

/* ---- One value ------------------------------------------------------------------------
 */

static bool read_integer(cordage_json v, int64_t *out)
{
    double real;

    if (json_i64(v, out))
        return true;
    /* 1.0 is an integer, too; beyond 2^53 nobody knows which. */
    if (!json_double(v, &real) || fabs(real) > 9007199254740992.0 || real != trunc(real))
        return false;
    *out = (int64_t)real;
    return true;
}

static int read_int(cordage_json v)
{
    int64_t n;

    return read_integer(v, &n) && n >= INT_MIN && n <= INT_MAX ? (int)n : 0;
}

static uint64_t read_count(cordage_json v, uint64_t most)
{
    int64_t n;

    return read_integer(v, &n) && n > 0 && (uint64_t)n <= most ? (uint64_t)n : 0;
}

static int64_t read_time(cordage_json v)
{
    struct str text;
    int64_t ms;

    return json_str(v, &text) && timestamp_parse(text, &ms) ? ms : 0;
}

static int64_t read_seconds(cordage_json v)
{
    int64_t s;

    return read_integer(v, &s) && s > 0 && s <= INT64_MAX / 1000 ? s * 1000 : 0;
}

static uint64_t read_span(cordage_json v)
{
    double s;

    return json_double(v, &s) && s > 0 && s < 1e12 ? (uint64_t)llround(s * 1000) : 0;
}

static void read_value(const struct view_row *row, cordage_json v, char *out)
{
    void *field = out + row->at;

    switch (row->type) {
    case ROW_ID:
    case ROW_BITS:
        *(uint64_t *)field = cordage_json_id(v);
        break;
    case ROW_TEXT:
        *(cordage_str *)field = cordage_json_string(v);
        break;
    case ROW_BOOL:
        json_bool(v, field);
        break;
    case ROW_INT:
        *(int *)field = read_int(v);
        break;
    case ROW_COUNT:
        *(uint64_t *)field = read_count(v, INT64_MAX);
        break;
    case ROW_COUNT32:
        *(uint32_t *)field = (uint32_t)read_count(v, UINT32_MAX);
        break;
    case ROW_TIME:
        *(int64_t *)field = read_time(v);
        break;
    case ROW_SECONDS:
        *(int64_t *)field = read_seconds(v);
        break;
    case ROW_SPAN:
        *(uint64_t *)field = read_span(v);
        break;
    case ROW_DOUBLE:
        json_double(v, field);
        break;
    case ROW_JSON:
        *(cordage_json *)field = v;
        break;
    case ROW_LENGTH:
        *(size_t *)field =
            cordage_json_type_of(v) == CORDAGE_JSON_ARRAY ? json_count(v) : 0;
        break;
    case ROW_NEST:
        break;
    }
}

/* ---- An object
 * ---------------------------------------------------------------------------
 */

/* The first row for `key`, looked for from `from` on and around; `n` if there is none. */
static unsigned find_row(const struct view_row *rows, unsigned n, unsigned from,
                         struct str key)
{
    for (unsigned i = from; i < n; i++)
        if (str_eq(rows[i].key, key))
            return i;
    for (unsigned i = 0; i < from; i++)
        if (str_eq(rows[i].key, key))
            return i;
    return n;
}

static void read_object(const struct view_row *rows, unsigned n, cordage_json object,
                        char *out)
{
    struct json_iter it;
    uint64_t seen = 0;
    unsigned next = 0; /* Discord keeps an order: the key after this one comes soon */
    bool more;

    if (cordage_json_type_of(object) != CORDAGE_JSON_OBJECT)
        return;
    for (more = json_first(object, &it); more; more = json_next(&it)) {
        unsigned i = find_row(rows, n, next < n ? next : 0, it.key);

        if (i == n || seen & UINT64_C(1) << i)
            continue;
        seen |= UINT64_C(1) << i;
        /* One key may have more than one row, one behind the other. */
        for (next = i; next < n && str_eq(rows[next].key, rows[i].key); next++) {
            if (rows[next].type == ROW_NEST)
                read_object(rows[next].rows, rows[next].n, it.value, out);
            else
                read_value(&rows[next], it.value, out);
        }
    }
}

static void blank_texts(const struct view_row *rows, unsigned n, char *out)
{
    for (unsigned i = 0; i < n; i++) {
        if (rows[i].type == ROW_NEST)
            blank_texts(rows[i].rows, rows[i].n, out);
        else if (rows[i].type == ROW_TEXT)
            *(cordage_str *)(void *)(out + rows[i].at) = (cordage_str){ "", 0 };
    }
}

/* A component has a number of its own where a command has its id. */
static void clear_number(cordage_interaction *i)
{
    enum { COMMAND = 2, AUTOCOMPLETE = 4 };

    if (i->type != COMMAND && i->type != AUTOCOMPLETE)
        i->command_id = 0;
}

void view_read(enum view view, cordage_json object, void *out)
{
    const struct view_shape *shape = view_shape(view);

    memset(out, 0, shape->size);
    blank_texts(shape->rows, shape->n, out);
    read_object(shape->rows, shape->n, object, out);
    memcpy((char *)out + shape->data_at, &object, sizeof object);
    if (view == VIEW_interaction)
        clear_number(out);
}

#define READ(view)                                                     \
    void cordage_read_##view(cordage_json object, cordage_##view *out) \
    {                                                                  \
        view_read(VIEW_##view, object, out);                           \
    }
CORDAGE_VIEWS(READ)
#undef READ

/* ---- An event
 * ----------------------------------------------------------------------------
 */

static void add_facts(enum view view, const cordage_event *event,
                      const struct view_facts *facts, union view_any *out)
{
    switch (view) {
    case VIEW_ready:
        out->ready.shard_id = event->shard_id;
        out->ready.shard_count = event->shard_count;
        break;
    case VIEW_resumed:
        out->resumed.shard_id = event->shard_id;
        out->resumed.shard_count = event->shard_count;
        out->resumed.replayed = facts->replayed;
        break;
    case VIEW_guild:
        out->guild.why = facts->why;
        break;
    case VIEW_role:
        out->role.guild_id = event->guild_id;
        break;
    case VIEW_message:
        /* A webhook's messages carry the webhook's id where an author's would be. */
        out->message.from_self = facts->self && out->message.author_id == facts->self &&
                                 !out->message.webhook_id;
        break;
    default:
        break;
    }
}

/* The object that the view is of. */
static cordage_json object_of(enum view view, const cordage_event *event)
{
    return view == VIEW_role ? json_get(event->data, "role") : event->data;
}

void view_read_event(const cordage_event *event, const struct view_facts *facts,
                     union view_any *out, union view_any *old)
{
    enum view view = view_of(event->type);
    const struct view_shape *shape = view_shape(view);
    const void *known = old;

    view_read(view, object_of(view, event), out);
    memcpy((char *)out + shape->event_at, &event, sizeof event);
    add_facts(view, event, facts, out);
    if (!shape->old_at || json_is_absent(event->old))
        return;
    view_read(shape->old, event->old, old);
    memcpy((char *)out + shape->old_at, &known, sizeof known);
}
