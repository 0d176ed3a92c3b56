/* routes_interaction.c - a bot's answers to interactions: the callback, and what follows
 * by the token for 15 minutes.
 *
 * None of them needs the bot's token, and the global limit doesn't count for them. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "call_message.h"
#include "field.h"
#include "hooks.h"
#include "json_copy.h"
#include "mem.h"
#include "message_rules.h"

enum {
    ANSWER_PONG = 1,
    ANSWER_MESSAGE = 4,
    ANSWER_DEFERRED = 5,
    ANSWER_DEFERRED_UPDATE = 6,
    ANSWER_UPDATE = 7,
    ANSWER_CHOICES = 8,
    ANSWER_MODAL = 9,
    ANSWER_PREMIUM = 10,
    ANSWER_ACTIVITY = 12,

    CHOICES_MAX = 25,
    CHOICE_CHARS = 100,
    MODAL_TITLE_CHARS = 45,
    MODAL_ROWS = 5,
    DATA_MAX = 64 * 1024, /* bytes: more of an answer's data is not shown again */

    TYPE_COMMAND_ANSWER = 20,
    TYPE_MENU_ANSWER = 23,
    TYPE_REPLY = 19,
};

/* ---- The message that answers --------------------------------------------- */

/* Members that only such messages have. */
static int put_extra(struct call *c, const struct interaction *i, uint64_t original,
                     struct buf *out)
{
    struct json_writer w;
    int err;

    json_begin(&w, out);
    json_open(&w, '{');
    field_id(&w, "application_id", i->application_id);
    field_id(&w, "webhook_id", i->application_id);
    json_key(&w, "interaction_metadata");
    json_open(&w, '{');
    field_members(&w, (struct str){ i->metadata + 1, strlen(i->metadata) - 2 });
    if (original)
        field_id(&w, "original_response_message_id", original);
    json_shut(&w, '}');
    if (i->type == INTERACTION_COMMAND && !original) {
        field_open(&w, "interaction", '{');
        field_id(&w, "id", i->id);
        field_u64(&w, "type", INTERACTION_COMMAND);
        field_z(&w, "name", i->name);
        json_key(&w, "user");
        world_write_user(call_world(c), i->user_id, &w);
        json_shut(&w, '}');
    }
    json_shut(&w, '}');
    err = json_end(&w);
    return err;
}

static int put_reply(const struct interaction *i, uint64_t message_id, struct buf *out)
{
    struct json_writer w;

    json_begin(&w, out);
    json_open(&w, '{');
    field_u64(&w, "type", 0);
    field_id(&w, "message_id", message_id);
    field_id(&w, "channel_id", i->channel_id);
    if (i->guild)
        field_id(&w, "guild_id", i->guild->id);
    json_shut(&w, '}');
    return json_end(&w);
}

static uint64_t answer_type(const struct interaction *i, uint64_t replied)
{
    if (replied)
        return TYPE_REPLY;
    return i->type != INTERACTION_COMMAND ? 0
           : i->command_type == 1         ? TYPE_COMMAND_ANSWER
                                          : TYPE_MENU_ANSWER;
}

/* `original` not 0: a follow-up of that. NULL, with the error answered, without memory.
 */
static struct recent_message *say(struct call *c, struct interaction *i,
                                  cordage_json body, uint64_t flags, uint64_t original)
{
    struct sim_message m = { .guild = i->guild,
                             .channel_id = i->channel_id,
                             .app = call_app(c),
                             .flags = flags,
                             .is_ephemeral = flags & FLAG_EPHEMERAL };
    uint64_t replied = original ? original : i->message_id;
    struct recent_message *said = NULL;
    struct buf extra = { 0 }, reply = { 0 };

    c->guild = i->guild;
    c->channel_id = i->channel_id;
    m.type = answer_type(i, replied);
    if (put_extra(c, i, original, &extra) == 0 &&
        (!replied || put_reply(i, replied, &reply) == 0)) {
        m.extra = (struct str){ extra.p + 1, extra.n - 2 };
        m.reference = buf_str(&reply);
        said = call_say(c, body, &m);
    } else {
        call_out_of_memory(c);
    }
    buf_release(&extra);
    buf_release(&reply);
    if (said) {
        said->webhook_id = i->application_id;
        said->interaction = i->id;
    }
    return said;
}

/* ---- What may be answered ------------------------------------------------- */

/* Of a component, or of a modal that one opened. */
static bool has_message(const struct interaction *i)
{
    return i->message_id != 0;
}

static bool fits(const struct interaction *i, uint64_t type)
{
    switch (type) {
    case ANSWER_CHOICES:
        return i->type == INTERACTION_AUTOCOMPLETE;
    case ANSWER_DEFERRED_UPDATE:
    case ANSWER_UPDATE:
        return has_message(i);
    case ANSWER_MODAL:
        return i->type == INTERACTION_COMMAND || i->type == INTERACTION_COMPONENT;
    case ANSWER_MESSAGE:
    case ANSWER_DEFERRED:
    case ANSWER_PREMIUM:
    case ANSWER_ACTIVITY:
        return i->type != INTERACTION_AUTOCOMPLETE;
    default:
        return false; /* ANSWER_PONG, too: the gateway sends no PING */
    }
}

static bool check_type(struct call *c, const struct interaction *i, cordage_json body,
                       uint64_t *type)
{
    cordage_json v = json_get(body, "type");

    if (json_is_absent(v)) {
        call_form_error(c, "type", "BASE_TYPE_REQUIRED", "This field is required");
        return false;
    }
    if (!json_u64(v, type) || *type == 0 || *type > ANSWER_ACTIVITY || *type == 2 ||
        *type == 3 || *type == 11) {
        call_form_error(c, "type", "BASE_TYPE_CHOICES",
                        "Value must be one of {1, 4, 5, 6, 7, 8, 9, 10, 12}.");
        return false;
    }
    if (fits(i, *type))
        return true;
    call_form_error(c, "type", "INTERACTION_RESPONSE_TYPE_INVALID",
                    "Interaction response type %d is not valid for an interaction of "
                    "type %d",
                    (int)*type, i->type);
    return false;
}

static bool check_length(struct call *c, cordage_json v, const char *path, size_t max)
{
    struct str text;

    if (!json_str(v, &text)) {
        call_form_error(c, path, "BASE_TYPE_REQUIRED", "This field is required");
        return false;
    }
    if (text.n && str_characters(text) <= max)
        return true;
    call_form_error(c, path, "BASE_TYPE_BAD_LENGTH",
                    "Must be between 1 and %zu in length.", max);
    return false;
}

static bool check_choices(struct call *c, cordage_json data)
{
    cordage_json choices = json_get(data, "choices");
    struct json_iter it;
    char path[48];
    unsigned i = 0;

    if (cordage_json_type_of(choices) != CORDAGE_JSON_ARRAY) {
        call_form_error(c, "data.choices", "BASE_TYPE_REQUIRED",
                        "This field is required");
        return false;
    }
    if (json_count(choices) > CHOICES_MAX) {
        call_form_error(c, "data.choices", "BASE_TYPE_BAD_LENGTH",
                        "Must be between 0 and 25 in length.");
        return false;
    }
    for (bool more = json_first(choices, &it); more; more = json_next(&it), i++) {
        snprintf(path, sizeof path, "data.choices.%u.name", i);
        if (!check_length(c, json_get(it.value, "name"), path, CHOICE_CHARS))
            return false;
        snprintf(path, sizeof path, "data.choices.%u.value", i);
        if (json_is_absent(json_get(it.value, "value"))) {
            call_form_error(c, path, "BASE_TYPE_REQUIRED", "This field is required");
            return false;
        }
    }
    return true;
}

static bool check_modal(struct call *c, cordage_json data)
{
    size_t n = json_count(json_get(data, "components"));

    if (!check_length(c, json_get(data, "custom_id"), "data.custom_id", CHOICE_CHARS) ||
        !check_length(c, json_get(data, "title"), "data.title", MODAL_TITLE_CHARS))
        return false;
    if (n >= 1 && n <= MODAL_ROWS)
        return true;
    call_form_error(c, "data.components", "BASE_TYPE_BAD_LENGTH",
                    "Must be between 1 and 5 in length.");
    return false;
}

static bool check_data(struct call *c, uint64_t type, cordage_json data)
{
    switch (type) {
    case ANSWER_MESSAGE:
        return message_check(c, data);
    case ANSWER_UPDATE:
        return message_check_change(c, data, 0);
    case ANSWER_CHOICES:
        return check_choices(c, data);
    case ANSWER_MODAL:
        return check_modal(c, data);
    default:
        return true;
    }
}

/* ---- The callback --------------------------------------------------------- */

/* What @original will be: the component's message for an update. */
static bool change_source(struct call *c, struct interaction *i, uint64_t type,
                          cordage_json data)
{
    struct recent_message *m = recent_find(&c->routes->recent, i->message_id);

    i->original_id = i->message_id;
    if (type == ANSWER_DEFERRED_UPDATE)
        return true;
    if (!m) {
        call_error(c, 404, 10008, "Unknown Message");
        return false;
    }
    return call_edit_message(c, m, data);
}

static bool give_message(struct call *c, struct interaction *i, uint64_t type,
                         cordage_json data)
{
    uint64_t flags =
        (uint64_t)cordage_json_int(json_get(data, "flags"), 0) & FLAG_EPHEMERAL;
    cordage_json nothing = { 0 };
    struct recent_message *said;

    i->is_ephemeral = flags;
    i->is_loading = type == ANSWER_DEFERRED;
    said = say(c, i, i->is_loading ? nothing : data,
               flags | (i->is_loading ? FLAG_LOADING : 0), 0);
    if (said)
        i->original_id = said->id;
    return said != NULL;
}

static bool remember_data(struct call *c, struct interaction *i, cordage_json data)
{
    struct buf text = { 0 };
    struct json_writer w;
    bool ok;

    free(i->data); /* of an answer that was refused */
    i->data = NULL;
    if (json_is_absent(data))
        return true;
    json_begin(&w, &text);
    json_copy(&w, data);
    ok = json_end(&w) == 0;
    if (ok && text.n <= DATA_MAX) {
        i->data = mem_copy(text.p, text.n);
        ok = i->data != NULL;
    }
    buf_release(&text);
    if (!ok)
        call_out_of_memory(c);
    return ok;
}

static void put_resource(struct call *c, const struct interaction *i)
{
    struct json_writer *w = &c->out;
    const struct recent_message *m = recent_find(&c->routes->recent, i->original_id);

    field_open(w, "resource", '{');
    field_u64(w, "type", (uint64_t)i->answer);
    if (i->answer == ANSWER_ACTIVITY) {
        field_open(w, "activity_instance", '{');
        field_z(w, "id", "i-simulated");
        json_shut(w, '}');
    } else if (m) {
        json_key(w, "message");
        call_put_message(c, m);
    }
    json_shut(w, '}');
}

/* with_response=true */
static void answer_response(struct call *c, const struct interaction *i)
{
    struct json_writer *w = &c->out;

    call_restart(c, 200);
    json_open(w, '{');
    field_open(w, "interaction", '{');
    field_id(w, "id", i->id);
    field_u64(w, "type", (uint64_t)i->type);
    if (i->answer == ANSWER_ACTIVITY)
        field_z(w, "activity_instance_id", "i-simulated");
    if (i->original_id) {
        field_id(w, "response_message_id", i->original_id);
        field_bool(w, "response_message_loading", i->is_loading);
        field_bool(w, "response_message_ephemeral", i->is_ephemeral);
    }
    field_id(w, "channel_id", i->channel_id);
    if (i->guild)
        field_id(w, "guild_id", i->guild->id);
    json_shut(w, '}');
    if (i->answer == ANSWER_ACTIVITY || i->answer == ANSWER_MESSAGE ||
        i->answer == ANSWER_UPDATE)
        put_resource(c, i);
    json_shut(w, '}');
}

static struct interaction *find_unanswered(struct call *c)
{
    struct interaction *i =
        interaction_find(sim_interactions(c->routes->sim), c->hook_id);

    if (i && !str_is(str_of(c->text), i->token))
        i = NULL;
    if (i && i->answered_at) {
        call_error(c, 400, 40060, "Interaction has already been acknowledged.");
        return NULL;
    }
    if (i && c->now - i->made_at < INTERACTION_ANSWER_MS) {
        c->app = sim_app_of_id(c->routes->sim, i->application_id);
        return i;
    }
    call_error(c, 404, 10062, "Unknown interaction");
    return NULL;
}

static void post_callback(struct call *c)
{
    struct interaction *i = find_unanswered(c);
    cordage_json body, data;
    uint64_t type;
    bool ok = true;

    if (!i || !call_json(c, &body) || !check_type(c, i, body, &type))
        return;
    data = json_get(body, "data");
    if (!check_data(c, type, data) || !remember_data(c, i, data))
        return;
    i->answer = (int)type;
    if (type == ANSWER_MESSAGE || type == ANSWER_DEFERRED)
        ok = give_message(c, i, type, data);
    else if (type == ANSWER_UPDATE || type == ANSWER_DEFERRED_UPDATE)
        ok = change_source(c, i, type, data);
    if (!ok)
        return;
    i->answered_at = c->now;
    if (call_query_true(c, "with_response"))
        answer_response(c, i);
    else
        call_no_content(c);
}

/* ---- By the token --------------------------------------------------------- */

/* NULL, with the error answered: no answer was given, or it is too long ago. */
static struct interaction *find_answered(struct call *c)
{
    struct interaction *i =
        interaction_by_token(sim_interactions(c->routes->sim), str_of(c->text));

    if (!i || i->application_id != c->hook_id ||
        c->now - i->made_at >= INTERACTION_TOKEN_MS) {
        call_error(c, 401, 50027, "Invalid Webhook Token");
        return NULL;
    }
    c->app = sim_app_of_id(c->routes->sim, i->application_id);
    if (i->answered_at && i->answer != ANSWER_CHOICES && i->answer != ANSWER_MODAL)
        return i;
    call_error(c, 404, 10015, "Unknown Webhook");
    return NULL;
}

static struct recent_message *find_message(struct call *c, const struct interaction *i,
                                           uint64_t id)
{
    struct recent_message *m = id ? recent_find(&c->routes->recent, id) : NULL;

    if (m && (m->interaction == i->id || m->id == i->original_id))
        return m;
    call_error(c, 404, 10008, "Unknown Message");
    return NULL;
}

/* A follow-up right after a deferred answer takes its place. */
static void post_followup(struct call *c, struct interaction *i)
{
    struct recent_message *m;
    cordage_json body;
    uint64_t flags;

    if (!call_json(c, &body) || !message_check(c, body))
        return;
    if (i->is_loading) {
        m = find_message(c, i, i->original_id);
        if (!m || !call_edit_message(c, m, body))
            return;
        i->is_loading = false;
    } else {
        flags = (uint64_t)cordage_json_int(json_get(body, "flags"), 0) & FLAG_EPHEMERAL;
        m = say(c, i, body, flags, i->original_id);
        if (!m)
            return;
        if (i->n_sent < INTERACTION_SENT_MAX)
            i->sent[i->n_sent++] = m->id;
    }
    call_put_message(c, m);
}

static void change_message(struct call *c, struct interaction *i,
                           struct recent_message *m)
{
    cordage_json body;

    c->guild = i->guild;
    c->channel_id = m->channel_id;
    if (!call_json(c, &body) || !message_check_change(c, body, 0) ||
        !call_edit_message(c, m, body))
        return;
    if (m->id == i->original_id)
        i->is_loading = false;
    call_put_message(c, m);
}

static void delete_message(struct call *c, struct interaction *i,
                           struct recent_message *m)
{
    if (m->id == i->original_id)
        i->is_loading = false;
    call_delete_message(c, m);
    call_no_content(c);
}

void hook_interaction(struct call *c, enum hook_action action, uint64_t message_id)
{
    struct interaction *i = find_answered(c);
    struct recent_message *m;

    if (!i)
        return;
    if (action == HOOK_EXECUTE) {
        post_followup(c, i);
        return;
    }
    m = find_message(c, i, message_id ? message_id : i->original_id);
    if (!m)
        return;
    if (action == HOOK_GET_MESSAGE)
        call_put_message(c, m);
    else if (action == HOOK_PATCH_MESSAGE)
        change_message(c, i, m);
    else
        delete_message(c, i, m);
}

const struct route routes_interaction[] = {
    { "POST", "interactions/{hook}/{text}/callback", post_callback, BUCKET_NONE,
      .open = true },
    { NULL },
};
