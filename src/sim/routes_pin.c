/* routes_pin.c - pinned messages: the routes of 2025, and those before. */
#include <stdio.h>
#include <stdlib.h>

#include "call_message.h"
#include "change_call.h"
#include "isotime.h"
#include "rights.h"

enum { PINS_MAX = 250, PINS_PER_PAGE = 50, TYPE_PIN = 6 };

/* The newest pin below `below`; NULL: none. */
static const struct recent_message *next_pin(struct call *c, uint64_t below)
{
    const struct recent_message *m = NULL, *best = NULL;

    while ((m = recent_older(&c->routes->recent, c->channel_id, m)))
        if (m->pinned_at && m->pinned_at < below &&
            (!best || m->pinned_at > best->pinned_at))
            best = m;
    return best;
}

static size_t count_pins(struct call *c)
{
    const struct recent_message *m = NULL;
    size_t n = 0;

    while ((m = recent_older(&c->routes->recent, c->channel_id, m)))
        n += m->pinned_at != 0;
    return n;
}

static void put_item(struct call *c, const struct recent_message *m)
{
    json_open(&c->out, '{');
    json_key(&c->out, "pinned_at");
    json_put_time(&c->out, m->pinned_at);
    json_key(&c->out, "message");
    call_put_message(c, m);
    json_shut(&c->out, '}');
}

/* "2025-06-01T12:00:00.000000+00:00" as Unix ms; 0: it isn't that. */
static uint64_t read_time(const char *text)
{
    unsigned year, month, day, hour, minute, second, ms = 0;
    int64_t days;

    if (sscanf(text, "%4u-%2u-%2uT%2u:%2u:%2u.%3u", &year, &month, &day, &hour, &minute,
               &second, &ms) < 6 ||
        month < 1 || month > 12 || year < 1970)
        return 0;
    /* Days from the civil date, March first. */
    year -= month <= 2;
    days = (int64_t)(year / 400) * 146097 + (int64_t)(year % 400) * 365 +
           (year % 400) / 4 - (year % 400) / 100 +
           (153 * (month + (month > 2 ? -3u : 9u)) + 2) / 5 + day - 1 - 719468;
    return (uint64_t)days * 86400000 + hour * 3600000ULL + minute * 60000ULL +
           second * 1000ULL + ms;
}

static void get_pins(struct call *c)
{
    uint64_t limit = PINS_PER_PAGE, below = UINT64_MAX;
    const struct recent_message *m;
    char before[64];

    if (!call_query_number(c, "limit", 1, PINS_PER_PAGE, &limit))
        return;
    if (call_query(c, "before", before, sizeof before)) {
        below = read_time(before);
        if (!below) {
            call_form_error(c, "before", "DATE_TIME_TYPE_PARSE",
                            "Could not parse. Should be ISO8601.");
            return;
        }
    }
    json_open(&c->out, '{');
    field_open(&c->out, "items", '[');
    for (m = next_pin(c, below); m && limit--; m = next_pin(c, m->pinned_at))
        put_item(c, m);
    json_shut(&c->out, ']');
    field_bool(&c->out, "has_more", m != NULL);
    json_shut(&c->out, '}');
}

/* The route of before: all of them, as an array. */
static void get_old_pins(struct call *c)
{
    json_open(&c->out, '[');
    for (const struct recent_message *m = next_pin(c, UINT64_MAX); m;
         m = next_pin(c, m->pinned_at))
        call_put_message(c, m);
    json_shut(&c->out, ']');
}

/* The channel remembers when its newest was pinned. */
static bool tell_pins(struct call *c, uint64_t message_id, bool is_pinned)
{
    const struct recent_message *newest = next_pin(c, UINT64_MAX);
    enum world_list list = c->is_thread ? LIST_THREADS : LIST_CHANNELS;
    char options[128];
    struct edit e;

    change_begin(c, &e);
    for (int told = 0; told < 2; told++) {
        if (told)
            edit_telling(&e);
        else
            edit_begin(&e);
        if (told)
            field_id(&e.j, "channel_id", c->channel_id);
        json_key(&e.j, "last_pin_timestamp");
        if (newest)
            json_put_time(&e.j, newest->pinned_at);
        else
            json_put_null(&e.j);
        if (told)
            change_told(c, &e, "CHANNEL_PINS_UPDATE", INTENT_GUILDS,
                        INTENT_DIRECT_MESSAGES);
        else if (c->guild)
            edit_merge(&e, list, c->channel_id);
        else
            json_shut(&e.j, '}');
    }
    if (c->guild) {
        snprintf(options, sizeof options,
                 "{\"channel_id\":\"%llu\",\"message_id\":\"%llu\"}",
                 (unsigned long long)c->channel_id, (unsigned long long)message_id);
        change_audit(c, &e, is_pinned ? AUDIT_PIN : AUDIT_UNPIN, 0, options);
    }
    return change_done(c, &e);
}

static bool rewrite_pinned(struct call *c, struct recent_message *m, bool is_pinned)
{
    struct buf update = { 0 };
    bool ok = buf_append_z(&update,
                           is_pinned ? "{\"pinned\":true}" : "{\"pinned\":false}") == 0;

    if (ok)
        ok = call_rewrite_message(c, m, &update);
    else
        call_out_of_memory(c);
    buf_release(&update);
    return ok;
}

/* "… pinned a message to this channel." */
static bool say_pinned(struct call *c, uint64_t pinned)
{
    struct sim_message m = { .guild = c->guild,
                             .channel_id = c->channel_id,
                             .app = call_app(c),
                             .type = TYPE_PIN };
    char reference[160];

    if (c->guild)
        snprintf(reference, sizeof reference,
                 "{\"type\":0,\"message_id\":\"%llu\",\"channel_id\":\"%llu\","
                 "\"guild_id\":\"%llu\"}",
                 (unsigned long long)pinned, (unsigned long long)c->channel_id,
                 (unsigned long long)c->guild->id);
    else
        snprintf(reference, sizeof reference,
                 "{\"type\":0,\"message_id\":\"%llu\",\"channel_id\":\"%llu\"}",
                 (unsigned long long)pinned, (unsigned long long)c->channel_id);
    m.reference = str_of(reference);
    return call_say(c, (cordage_json){ 0 }, &m) != NULL;
}

/* The moment is unique in its channel, so that pages by it are whole. */
static uint64_t pin_moment(struct call *c)
{
    const struct recent_message *newest = next_pin(c, UINT64_MAX);
    uint64_t now = sim_wall(c->routes->sim, c->now);

    return newest && newest->pinned_at >= now ? newest->pinned_at + 1 : now;
}

static void put_pin(struct call *c)
{
    struct recent_message *m = call_find_message(c, c->id);
    uint64_t id = c->id;

    if (!m)
        return;
    if (m->pinned_at) {
        call_no_content(c);
        return;
    }
    if (count_pins(c) >= PINS_MAX) {
        call_error(c, 400, 30003, "Maximum number of pins reached for the channel (250)");
        return;
    }
    m->pinned_at = pin_moment(c);
    if (rewrite_pinned(c, m, true) && tell_pins(c, id, true) && say_pinned(c, id))
        call_no_content(c);
}

static void delete_pin(struct call *c)
{
    struct recent_message *m = call_find_message(c, c->id);

    if (!m)
        return;
    if (!m->pinned_at) {
        call_no_content(c);
        return;
    }
    m->pinned_at = 0;
    if (rewrite_pinned(c, m, false) && tell_pins(c, m->id, false))
        call_no_content(c);
}

#define PINS     "channels/{channel}/messages/pins"
#define OLD_PINS "channels/{channel}/pins"

const struct route routes_pin[] = {
    { "GET", PINS, get_pins, BUCKET_READ, .direct = true, .needs = RIGHT_VIEW_CHANNEL },
    { "PUT", PINS "/{id}", put_pin, BUCKET_READ, .direct = true,
      .needs = RIGHT_VIEW_CHANNEL | RIGHT_PIN_MESSAGES },
    { "DELETE", PINS "/{id}", delete_pin, BUCKET_READ, .direct = true,
      .needs = RIGHT_VIEW_CHANNEL | RIGHT_PIN_MESSAGES },
    { "GET", OLD_PINS, get_old_pins, BUCKET_READ, .direct = true,
      .needs = RIGHT_VIEW_CHANNEL },
    { "PUT", OLD_PINS "/{id}", put_pin, BUCKET_READ, .direct = true,
      .needs = RIGHT_VIEW_CHANNEL | RIGHT_PIN_MESSAGES },
    { "DELETE", OLD_PINS "/{id}", delete_pin, BUCKET_READ, .direct = true,
      .needs = RIGHT_VIEW_CHANNEL | RIGHT_PIN_MESSAGES },
    { NULL },
};
