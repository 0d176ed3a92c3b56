/* routes_parts.c - what a guild has lists of, one by one: emoji, stickers, sounds,
 * scheduled events, stages. All are read, made, changed and deleted alike; the table says
 * how they differ. */
#include <stdio.h>

#include "change_call.h"
#include "json_copy.h"
#include "rights.h"

struct part {
    const char *word; /* in the path */
    enum world_list list;
    const char *id_key;
    int unknown; /* the code of a 404, and its message */
    const char *unknown_text;
    const struct rule *rules;
    const char *required[3]; /* of a new one */
    const char *defaults;    /* members of a new one that were not given */
    size_t max;              /* how many a guild has; 0: any number */
    /* The event with the whole list, or three with the object. */
    const char *list_event, *list_key, *events[3];
    uint32_t intent;
    enum audit audit[3];
    bool says_guild; /* the object has a guild_id */
};

static const struct rule emoji_rules[] = { { "name", CORDAGE_JSON_STRING, false, 32 },
                                           { "roles", CORDAGE_JSON_ARRAY, true, 0 },
                                           { NULL } };
static const struct rule sticker_rules[] = { { "name", CORDAGE_JSON_STRING, false, 30 },
                                             { "description", CORDAGE_JSON_STRING, true,
                                               100 },
                                             { "tags", CORDAGE_JSON_STRING, false, 200 },
                                             { NULL } };
static const struct rule sound_rules[] = { { "name", CORDAGE_JSON_STRING, false, 32 },
                                           { "volume", CORDAGE_JSON_NUMBER, true, 0 },
                                           { "emoji_id", CORDAGE_JSON_STRING, true, 0 },
                                           { "emoji_name", CORDAGE_JSON_STRING, true, 0 },
                                           { NULL } };
static const struct rule event_rules[] = {
    { "name", CORDAGE_JSON_STRING, false, 100 },
    { "description", CORDAGE_JSON_STRING, true, 1000 },
    { "scheduled_start_time", CORDAGE_JSON_STRING, false, 0 },
    { "scheduled_end_time", CORDAGE_JSON_STRING, true, 0 },
    { "privacy_level", CORDAGE_JSON_NUMBER, false, 0 },
    { "status", CORDAGE_JSON_NUMBER, false, 0 },
    { "entity_type", CORDAGE_JSON_NUMBER, false, 0 },
    { "channel_id", CORDAGE_JSON_STRING, true, 0 },
    { "entity_metadata", CORDAGE_JSON_OBJECT, true, 0 },
    { "recurrence_rule", CORDAGE_JSON_OBJECT, true, 0 },
    { NULL }
};
static const struct rule stage_rules[] = { { "topic", CORDAGE_JSON_STRING, false, 120 },
                                           { "privacy_level", CORDAGE_JSON_NUMBER, false,
                                             0 },
                                           { NULL } };

static const struct part parts[] = {
    { .word = "emojis",
      .list = LIST_EMOJIS,
      .id_key = "id",
      .unknown = 10014,
      .unknown_text = "Unknown Emoji",
      .rules = emoji_rules,
      .required = { "name", "image" },
      .defaults = "{\"roles\":[],\"require_colons\":true,\"managed\":false,\"animated\":"
                  "false,\"available\":true}",
      .max = 50,
      .list_event = "GUILD_EMOJIS_UPDATE",
      .list_key = "emojis",
      .intent = INTENT_GUILD_EXPRESSIONS,
      .audit = { AUDIT_EMOJI_CREATE, AUDIT_EMOJI_UPDATE, AUDIT_EMOJI_DELETE } },
    { .word = "stickers",
      .list = LIST_STICKERS,
      .id_key = "id",
      .unknown = 10060,
      .unknown_text = "Unknown Sticker",
      .rules = sticker_rules,
      .required = { "name", "tags" },
      .defaults =
          "{\"description\":null,\"type\":2,\"format_type\":1,\"available\":true}",
      .max = 60,
      .list_event = "GUILD_STICKERS_UPDATE",
      .list_key = "stickers",
      .intent = INTENT_GUILD_EXPRESSIONS,
      .audit = { AUDIT_STICKER_CREATE, AUDIT_STICKER_UPDATE, AUDIT_STICKER_DELETE },
      .says_guild = true },
    { .word = "soundboard-sounds",
      .list = LIST_SOUNDS,
      .id_key = "sound_id",
      .unknown = 10097,
      .unknown_text = "Unknown sound",
      .rules = sound_rules,
      .required = { "name", "sound" },
      .defaults =
          "{\"volume\":1,\"emoji_id\":null,\"emoji_name\":null,\"available\":true}",
      .max = 48,
      .events = { "GUILD_SOUNDBOARD_SOUND_CREATE", "GUILD_SOUNDBOARD_SOUND_UPDATE",
                  "GUILD_SOUNDBOARD_SOUND_DELETE" },
      .intent = INTENT_GUILD_EXPRESSIONS,
      .audit = { AUDIT_SOUND_CREATE, AUDIT_SOUND_UPDATE, AUDIT_SOUND_DELETE },
      .says_guild = true },
    { .word = "scheduled-events",
      .list = LIST_EVENTS,
      .id_key = "id",
      .unknown = 10070,
      .unknown_text = "Unknown Guild Scheduled Event",
      .rules = event_rules,
      .required = { "name", "scheduled_start_time", "entity_type" },
      .defaults = "{\"description\":null,\"scheduled_end_time\":null,\"privacy_level\":2,"
                  "\"status\":1,\"channel_id\":null,\"entity_id\":null,"
                  "\"entity_metadata\":null,\"user_count\":0,\"image\":null,"
                  "\"recurrence_rule\":null}",
      .max = 100,
      .events = { "GUILD_SCHEDULED_EVENT_CREATE", "GUILD_SCHEDULED_EVENT_UPDATE",
                  "GUILD_SCHEDULED_EVENT_DELETE" },
      .intent = INTENT_SCHEDULED_EVENTS,
      .audit = { AUDIT_EVENT_CREATE, AUDIT_EVENT_UPDATE, AUDIT_EVENT_DELETE },
      .says_guild = true },
    { .word = "stage-instances",
      .list = LIST_STAGES,
      .id_key = "id",
      .unknown = 10067,
      .unknown_text = "Unknown Stage Instance",
      .rules = stage_rules,
      .required = { "topic" },
      .defaults = "{\"privacy_level\":2,\"discoverable_disabled\":false,"
                  "\"guild_scheduled_event_id\":null}",
      .events = { "STAGE_INSTANCE_CREATE", "STAGE_INSTANCE_UPDATE",
                  "STAGE_INSTANCE_DELETE" },
      .intent = INTENT_GUILDS,
      .audit = { AUDIT_STAGE_CREATE, AUDIT_STAGE_UPDATE, AUDIT_STAGE_DELETE },
      .says_guild = true },
};

enum { MADE, CHANGED, DELETED };

/* Which of them the path speaks of. */
static const struct part *part_of(const struct call *c)
{
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (str_find(str_of(c->route->path), str_of(parts[i].word)) != SIZE_MAX)
            return &parts[i];
    return NULL; /* no route leads here */
}

static bool find(struct call *c, const struct part *p, uint32_t *index)
{
    if (world_find(call_world(c), c->guild, p->list, c->id, index))
        return true;
    call_error(c, 404, p->unknown, p->unknown_text);
    return false;
}

static void answer(struct call *c, const struct part *p)
{
    uint32_t index;

    if (find(c, p, &index))
        world_write(call_world(c), c->guild, p->list, index, &c->out);
}

static void tell(struct edit *e, const struct part *p, uint64_t id, int what)
{
    if (p->list_event)
        edit_tell_list(e, p->list_event, p->intent, p->list_key, p->list);
    else if (p->list == LIST_SOUNDS && what == DELETED) {
        edit_telling(e);
        field_id(&e->j, "sound_id", id);
        edit_told(e, p->events[DELETED], p->intent);
    } else {
        edit_tell_object(e, p->events[what], p->intent, p->list, id);
    }
}

/* ---- Reading -------------------------------------------------------------- */

static void get_part(struct call *c)
{
    answer(c, part_of(c));
}

static void get_parts(struct call *c)
{
    world_write_list(call_world(c), c->guild, part_of(c)->list, &c->out);
}

static void get_users(struct call *c)
{
    uint32_t index;

    if (!find(c, part_of(c), &index))
        return;
    json_open(&c->out, '[');
    json_shut(&c->out, ']');
}

/* ---- Making --------------------------------------------------------------- */

static bool check_required(struct call *c, const struct part *p, cordage_json body)
{
    for (size_t i = 0; i < 3 && p->required[i]; i++) {
        if (!json_is_absent(json_get(body, p->required[i])))
            continue;
        call_form_error(c, p->required[i], "BASE_TYPE_REQUIRED",
                        "This field is required");
        return false;
    }
    return true;
}

/* Each limit has its own number: of emoji, of stickers, of sounds, of events. */
static bool check_room(struct call *c, const struct part *p)
{
    int code = p->list == LIST_EMOJIS     ? 30008
               : p->list == LIST_STICKERS ? 30039
               : p->list == LIST_SOUNDS   ? 30045
                                          : 30038;
    char sentence[80];

    if (!p->max || world_count(call_world(c), c->guild, p->list) < p->max)
        return true;
    snprintf(sentence, sizeof sentence, "Maximum number of %s reached (%zu)", p->word,
             p->max);
    call_error(c, 400, code, sentence);
    return false;
}

static void put_defaults(struct edit *e, const struct part *p, cordage_json body)
{
    struct buf text = { 0 };
    struct json_doc *doc = NULL;
    struct json_iter it;
    cordage_json v;
    char key[64];

    if (!e->err &&
        (buf_append_z(&text, p->defaults) || json_doc_new(buf_str(&text), &doc, &v)))
        e->err = CORDAGE_ENOMEM;
    for (bool more = doc && json_first(v, &it); more; more = json_next(&it)) {
        snprintf(key, sizeof key, "%.*s", STR_FMT(it.key));
        if (!json_is_absent(json_get(body, key)))
            continue;
        json_key(&e->j, key);
        json_copy(&e->j, it.value);
    }
    json_doc_free(doc);
    buf_release(&text);
}

static void make(struct call *c, const struct part *p, cordage_json body)
{
    struct edit e;

    change_begin(c, &e);
    c->id = edit_new_id(&e);
    edit_begin(&e);
    field_id(&e.j, p->id_key, c->id);
    if (p->says_guild)
        field_id(&e.j, "guild_id", c->guild->id);
    if (p->list == LIST_EVENTS)
        field_id(&e.j, "creator_id", call_bot_id(c));
    if (p->list == LIST_STAGES)
        field_id(&e.j, "channel_id", c->channel_id);
    change_put(&e, body, p->rules);
    put_defaults(&e, p, body);
    edit_put(&e, p->list, c->id);
    tell(&e, p, c->id, MADE);
    change_audit(c, &e, p->audit[MADE], c->id, NULL);
    if (!change_done(c, &e))
        return;
    call_restart(c, p->list == LIST_EMOJIS || p->list == LIST_STICKERS ||
                            p->list == LIST_SOUNDS
                        ? 201
                        : 200);
    answer(c, p);
}

static void post_part(struct call *c)
{
    const struct part *p = part_of(c);
    cordage_json body;

    if (call_json(c, &body) && change_check(c, body, p->rules) &&
        check_required(c, p, body) && check_room(c, p))
        make(c, p, body);
}

/* ---- Changing, deleting --------------------------------------------------- */

/* An event that is over, or called off, is listed no more. */
static void drop_ended(struct edit *e, const struct part *p, uint64_t id,
                       cordage_json body)
{
    int64_t status = cordage_json_int(json_get(body, "status"), 0);

    if (p->list == LIST_EVENTS && (status == 3 || status == 4))
        edit_remove(e, LIST_EVENTS, id);
}

static void change(struct call *c, const struct part *p)
{
    cordage_json body;
    uint32_t index;
    struct edit e;

    if (!find(c, p, &index) || !call_json(c, &body) || !change_check(c, body, p->rules))
        return;
    change_begin(c, &e);
    edit_begin(&e);
    change_put(&e, body, p->rules);
    edit_merge(&e, p->list, c->id);
    tell(&e, p, c->id, CHANGED);
    change_audit(c, &e, p->audit[CHANGED], c->id, NULL);
    if (!e.err)
        answer(c, p);
    drop_ended(&e, p, c->id, body);
    change_done(c, &e);
}

static void drop(struct call *c, const struct part *p)
{
    uint32_t index;
    struct edit e;

    if (!find(c, p, &index))
        return;
    change_begin(c, &e);
    if (!p->list_event)
        tell(&e, p, c->id, DELETED);
    edit_remove(&e, p->list, c->id);
    if (p->list_event)
        tell(&e, p, c->id, DELETED);
    change_audit(c, &e, p->audit[DELETED], c->id, NULL);
    if (change_done(c, &e))
        call_no_content(c);
}

static void patch_part(struct call *c)
{
    change(c, part_of(c));
}

static void delete_part(struct call *c)
{
    drop(c, part_of(c));
}

/* ---- Stages: by their channel --------------------------------------------- */

static bool find_stage(struct call *c, const struct part *p)
{
    const struct world *w = call_world(c);
    cordage_json v;
    uint64_t channel = 0;

    for (uint32_t i = 0; i < world_count(w, c->guild, LIST_STAGES); i++) {
        c->id = world_id_at(w, c->guild, LIST_STAGES, i);
        if (changes_read(call_world(c), c->guild, LIST_STAGES, c->id, &v) == 0 &&
            json_id(json_get(v, "channel_id"), &channel) && channel == c->channel_id)
            return true;
    }
    call_error(c, 404, p->unknown, p->unknown_text);
    return false;
}

static void post_stage(struct call *c)
{
    const struct part *p = part_of(c);
    cordage_json body;
    uint32_t index;

    if (!call_json(c, &body) || !change_check(c, body, p->rules) ||
        !check_required(c, p, body))
        return;
    if (json_id(json_get(body, "channel_id"), &c->channel_id))
        c->guild = world_find_channel(call_world(c), c->channel_id, &index);
    if (!c->guild || !sim_app_is_in(c->routes->sim, call_app(c), c->guild) ||
        world_channel_type(c->guild, index) != CHANNEL_STAGE) {
        call_error(c, 404, 10003, "Unknown Channel");
        return;
    }
    if (!call_may(c, RIGHT_MANAGE_CHANNELS, c->channel_id))
        return;
    if (find_stage(c, p)) {
        call_error(c, 400, 150006, "The Stage is already open");
        return;
    }
    call_restart(c, 200);
    make(c, p, body);
}

static void get_stage(struct call *c)
{
    if (find_stage(c, part_of(c)))
        answer(c, part_of(c));
}

static void patch_stage(struct call *c)
{
    if (find_stage(c, part_of(c)))
        change(c, part_of(c));
}

static void delete_stage(struct call *c)
{
    if (find_stage(c, part_of(c)))
        drop(c, part_of(c));
}

#define EXPRESSIONS(word, bucket)                                      \
    { "GET", "guilds/{guild}/" word "/{id}", get_part, BUCKET_READ },  \
        { "POST", "guilds/{guild}/" word, post_part, bucket,           \
          .needs = RIGHT_CREATE_EXPRESSIONS },                         \
        { "PATCH", "guilds/{guild}/" word "/{id}", patch_part, bucket, \
          .needs = RIGHT_MANAGE_EXPRESSIONS },                         \
    {                                                                  \
        "DELETE", "guilds/{guild}/" word "/{id}", delete_part, bucket, \
            .needs = RIGHT_MANAGE_EXPRESSIONS                          \
    }
#define EVENTS "guilds/{guild}/scheduled-events"
#define STAGE  "stage-instances/{channel}"

const struct route routes_parts[] = {
    EXPRESSIONS("emojis", BUCKET_EMOJI),
    EXPRESSIONS("stickers", BUCKET_READ),
    EXPRESSIONS("soundboard-sounds", BUCKET_READ),
    { "GET", EVENTS, get_parts, BUCKET_READ },
    { "POST", EVENTS, post_part, BUCKET_READ, .needs = RIGHT_CREATE_EVENTS },
    { "GET", EVENTS "/{id}", get_part, BUCKET_READ },
    { "PATCH", EVENTS "/{id}", patch_part, BUCKET_READ, .needs = RIGHT_MANAGE_EVENTS },
    { "DELETE", EVENTS "/{id}", delete_part, BUCKET_READ, .needs = RIGHT_MANAGE_EVENTS },
    { "GET", EVENTS "/{id}/users", get_users, BUCKET_READ },
    { "POST", "stage-instances", post_stage, BUCKET_READ },
    { "GET", STAGE, get_stage, BUCKET_READ, .needs = RIGHT_VIEW_CHANNEL },
    { "PATCH", STAGE, patch_stage, BUCKET_READ, .needs = RIGHT_MANAGE_CHANNELS },
    { "DELETE", STAGE, delete_stage, BUCKET_READ, .needs = RIGHT_MANAGE_CHANNELS },
    { NULL },
};
