/* What an authenticated client may ask for: presence, voice, sounds, channel info. */
#include "sim_model.h"

#include <stdio.h>

#include "changes.h"
#include "edit.h"
#include "field.h"
#include "json_copy.h"
#include "rights.h"
#include "shards.h"

struct world_guild *sim_command_guild(struct sim_conn *c, cordage_json id, uint64_t now)
{
    struct world_guild *g;
    uint64_t guild_id = 0;

    json_id(id, &guild_id);
    g = c->sim->world.n_guilds ? map_get(&c->sim->world.guild_by_id, guild_id) : NULL;
    if (g && shard_for_guild(g->id, c->session->wants.shard_count) ==
                 c->session->wants.shard_id)
        return g->unavailable || !sim_app_is_in(c->sim, c->session->app, g)
                   ? NULL /* no answer, and no fault */
                   : g;
    if (c->sim->source)
        return NULL; /* its guilds are in events, not in the world */
    sim_conn_broke(c, RULE_WRONG_SHARD, now, "guild %llu", (unsigned long long)guild_id);
    return NULL;
}

/* Puts an answer to the session that asked. Without memory the answer is lost, as it may
 * be at Discord. */
static void answer(struct sim_conn *c, const char *name, struct json_writer *w,
                   uint64_t now)
{
    struct sim *s = c->sim;
    struct sim_event *e;

    if (json_end(w) < 0 || !c->session)
        return;
    e = sim_event_new(s, name, buf_str(&s->body));
    if (e)
        sim_session_push(c->session, e, now);
    sim_event_unref(s, e);
}

static void begin(struct sim_conn *c, struct json_writer *w)
{
    buf_clear(&c->sim->body);
    json_begin(w, &c->sim->body);
}

/* ---- Presence ------------------------------------------------------------------- */

static const char *check_presence(cordage_json d)
{
    static const char *const statuses[] = { "online", "dnd", "idle", "invisible",
                                            "offline" };
    cordage_json since = json_get(d, "since"), activities = json_get(d, "activities");
    struct str status;
    struct json_iter it;
    bool afk, known = false;
    double ms;

    if (cordage_json_type_of(d) != CORDAGE_JSON_OBJECT)
        return "a presence is an object";
    if (!json_str(json_get(d, "status"), &status))
        return "a presence needs a status";
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
        known |= str_is(status, statuses[i]);
    if (!known)
        return "a presence's status is online, dnd, idle, invisible or offline";
    if (!json_is_absent(since) && !json_is_null(since) && !json_double(since, &ms))
        return "a presence's since is a number or null";
    if (!json_is_absent(json_get(d, "afk")) && !json_bool(json_get(d, "afk"), &afk))
        return "a presence's afk is a bool";
    /* Left out by clients that still send `game`, which nobody reads. */
    if (!json_is_absent(activities) && !json_is_null(activities) &&
        cordage_json_type_of(activities) != CORDAGE_JSON_ARRAY)
        return "a presence's activities are an array";
    for (bool more = json_first(activities, &it); more; more = json_next(&it)) {
        struct str name;
        uint64_t type;

        if (!json_str(json_get(it.value, "name"), &name) ||
            !json_u64(json_get(it.value, "type"), &type) || type > 5)
            return "an activity needs a name, and a type of 0 to 5";
    }
    return NULL;
}

/* What bots may set of an activity; the rest of it is ours. */
static void put_activities(struct edit *e, cordage_json activities)
{
    static const char *const keys[] = { "name", "state", "type", "url" };
    struct json_iter it;

    field_open(&e->j, "activities", '[');
    for (bool more = json_first(activities, &it); more; more = json_next(&it)) {
        json_open(&e->j, '{');
        for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
            cordage_json v = json_get(it.value, keys[i]);

            if (json_is_absent(v))
                continue;
            json_key(&e->j, keys[i]);
            json_copy(&e->j, v);
        }
        field_u64(&e->j, "created_at", e->sim->started_wall);
        json_shut(&e->j, '}');
    }
    json_shut(&e->j, ']');
}

/* Others see it: one presence for the bot, whichever session set it last. */
static void show(struct sim *s, struct sim_app *app, cordage_json d, struct str status,
                 uint64_t now)
{
    bool is_hidden = str_is(status, "invisible") || str_is(status, "offline");
    uint64_t hash = 0xcbf29ce484222325ULL;
    struct edit e;

    edit_init(&e, s, NULL, now);
    edit_begin(&e);
    field_str(&e.j, "status", is_hidden ? STR("offline") : status);
    put_activities(&e, is_hidden ? (cordage_json){ 0 } : json_get(d, "activities"));
    field_open(&e.j, "client_status", '{');
    if (!is_hidden)
        field_str(&e.j, "web", status);
    json_shut(&e.j, '}');
    for (size_t i = 0; i < e.text.n; i++)
        hash = (hash ^ (unsigned char)e.text.p[i]) * 0x100000001b3ULL; /* FNV-1a */
    if (hash != app->shown)
        edit_show(&e, app->id);
    app->shown = hash;
    edit_release(&e);
}

void sim_on_presence(struct sim_conn *c, cordage_json d, uint64_t now)
{
    struct sim_session *ss = c->session;
    const char *wrong = check_presence(d);
    cordage_json first;
    struct str text = { "", 0 };

    if (wrong) {
        sim_conn_bad_body(c, now, wrong);
        return;
    }
    json_str(json_get(d, "status"), &text);
    snprintf(ss->status, sizeof ss->status, "%.*s", STR_FMT(text));
    first = cordage_json_at(json_get(d, "activities"), 0);
    text = (struct str){ "", 0 };
    json_str(json_get(first, "name"), &text);
    snprintf(ss->activity, sizeof ss->activity, "%.*s", STR_FMT(text));
    json_str(json_get(d, "status"), &text);
    show(c->sim, ss->app, d, text, now); /* the session may be gone behind it */
}

/* ---- Voice ---------------------------------------------------------------------- */

static void voice_state_changed(struct sim *s, const struct sim_app *app,
                                struct world_guild *g, uint64_t now)
{
    struct json_writer w;

    buf_clear(&s->body);
    json_begin(&w, &s->body);
    world_write_bot_voice(&s->world, g, app->index, true, &w);
    if (json_end(&w) == 0)
        sim_dispatch(s, "VOICE_STATE_UPDATE", INTENT_GUILD_VOICE_STATES, g,
                     buf_str(&s->body), now);
}

void sim_move_bot(struct sim *s, const struct sim_app *app, struct world_guild *g,
                  uint64_t channel, uint64_t now)
{
    struct world_stay *stay = world_stay(&s->world, g, app->index);

    if (channel && channel != stay->voice_channel)
        stay->voice_session = rng_next(&s->rng);
    stay->voice_channel = channel;
    voice_state_changed(s, app, g, now);
}

static void voice_server(struct sim_conn *c, const struct world_guild *g, uint64_t now)
{
    const struct world_stay *stay;
    struct json_writer w;
    char token[20];

    if (!c->session)
        return;
    stay = world_stay(&c->sim->world, g, c->session->app->index);
    snprintf(token, sizeof token, "%016llx",
             (unsigned long long)world_chance(&c->sim->world, stay->voice_session, 's'));
    begin(c, &w);
    json_open(&w, '{');
    field_z(&w, "token", token);
    field_id(&w, "guild_id", g->id);
    field_z(&w, "endpoint", "voice-sim.invalid:443");
    json_shut(&w, '}');
    answer(c, "VOICE_SERVER_UPDATE", &w, now);
}

/* Whether the channel has all that may be in it, without this bot. */
static bool is_full(struct sim *s, const struct sim_app *app, struct world_guild *g,
                    uint64_t channel)
{
    uint64_t limit = 0, n = 0;
    cordage_json v;

    if (changes_read(&s->world, g, LIST_CHANNELS, channel, &v) == 0)
        json_u64(json_get(v, "user_limit"), &limit);
    for (uint32_t i = 0; i < s->world.n_bots; i++)
        n += i != app->index && world_stay(&s->world, g, i)->voice_channel == channel;
    for (uint32_t i = 0; g->changes && i < g->changes->lists[LIST_VOICE].n; i++)
        n += g->changes->lists[LIST_VOICE].entries[i].parent == channel;
    return limit && n >= limit;
}

/* A channel that can't be joined gets no answer at all, as at Discord. */
static bool is_joinable(struct sim *s, const struct sim_app *app, struct world_guild *g,
                        uint64_t channel)
{
    uint64_t rights = 0;
    uint32_t index;

    if (world_find_channel(&s->world, channel, &index) != g ||
        (world_channel_type(g, index) != CHANNEL_VOICE &&
         world_channel_type(g, index) != CHANNEL_STAGE) ||
        changes_begin(&s->world, g) < 0 ||
        rights_count(&s->world, g, app->id, channel, &rights) < 0)
        return false;
    return (rights & RIGHT_CONNECT) &&
           ((rights & RIGHT_MOVE_MEMBERS) || !is_full(s, app, g, channel));
}

void sim_on_voice_state(struct sim_conn *c, cordage_json d, uint64_t now)
{
    cordage_json where = json_get(d, "channel_id");
    uint64_t guild_id, channel = 0;
    struct world_stay *stay;
    struct world_guild *g;
    bool mute, deaf;

    if (!json_id(json_get(d, "guild_id"), &guild_id) ||
        (!json_is_null(where) && !json_id(where, &channel)) ||
        !json_bool(json_get(d, "self_mute"), &mute) ||
        !json_bool(json_get(d, "self_deaf"), &deaf)) {
        sim_conn_bad_body(c, now,
                          "voice state needs guild_id, channel_id, self_mute, self_deaf");
        return;
    }
    g = sim_command_guild(c, json_get(d, "guild_id"), now);
    if (!g || (channel && !is_joinable(c->sim, c->session->app, g, channel)))
        return;
    stay = world_stay(&c->sim->world, g, c->session->app->index);
    stay->voice_mute = mute;
    stay->voice_deaf = deaf;
    sim_move_bot(c->sim, c->session->app, g, channel, now);
    if (channel)
        voice_server(c, g, now);
}

/* ---- Sounds and channel info ---------------------------------------------------- */

void sim_on_soundboard(struct sim_conn *c, cordage_json d, uint64_t now)
{
    cordage_json ids = json_get(d, "guild_ids");
    struct json_iter it;
    struct json_writer w;

    if (cordage_json_type_of(ids) != CORDAGE_JSON_ARRAY) {
        sim_conn_bad_body(c, now, "guild_ids is not an array");
        return;
    }
    for (bool more = json_first(ids, &it); more; more = json_next(&it)) {
        struct world_guild *g = c->session ? sim_command_guild(c, it.value, now) : NULL;

        if (!g)
            continue;
        begin(c, &w);
        json_open(&w, '{');
        field_id(&w, "guild_id", g->id);
        json_key(&w, "soundboard_sounds");
        world_write_list(&c->sim->world, g, LIST_SOUNDS, &w);
        json_shut(&w, '}');
        answer(c, "SOUNDBOARD_SOUNDS", &w, now);
    }
}

/* What is asked for of a voice channel: null where there is nothing. */
static void put_channel_info(struct world *w, struct world_guild *g, uint32_t index,
                             cordage_json fields, struct json_writer *j)
{
    uint64_t id = world_channel_id(g, index);
    cordage_json info = { 0 };
    struct json_iter it;

    if (g->changes)
        changes_read(w, g, LIST_VOICE_INFO, id, &info);
    json_open(j, '{');
    field_id(j, "id", id);
    for (bool more = json_first(fields, &it); more; more = json_next(&it)) {
        static const char *const names[] = { "status", "voice_start_time" };
        struct str name = STR("");

        json_str(it.value, &name);
        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
            if (!str_is(name, names[i]))
                continue;
            json_key(j, names[i]);
            json_copy(j, json_get(info, names[i]));
        }
    }
    json_shut(j, '}');
}

void sim_on_channel_info(struct sim_conn *c, cordage_json d, uint64_t now)
{
    cordage_json fields = json_get(d, "fields");
    struct world_guild *g;
    struct json_writer w;

    if (cordage_json_type_of(fields) != CORDAGE_JSON_ARRAY) {
        sim_conn_bad_body(c, now, "fields is not an array");
        return;
    }
    g = sim_command_guild(c, json_get(d, "guild_id"), now);
    if (!g)
        return;
    begin(c, &w);
    json_open(&w, '{');
    field_id(&w, "guild_id", g->id);
    field_open(&w, "channels", '[');
    for (uint32_t i = 0; i < world_n_channels(g); i++)
        if (world_channel_type(g, i) == CHANNEL_VOICE ||
            world_channel_type(g, i) == CHANNEL_STAGE)
            put_channel_info(&c->sim->world, g, i, fields, &w);
    json_shut(&w, ']');
    json_shut(&w, '}');
    answer(c, "CHANNEL_INFO", &w, now);
}
