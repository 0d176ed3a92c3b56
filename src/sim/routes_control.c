/* routes_control.c - the simulator's own routes: what it saw, and what shall happen. */
#include <stdio.h>

#include "call.h"
#include "direct.h"
#include "field.h"

enum {
    WORLD_GUILDS_SHOWN = 100,
    WORLD_GUILDS_SHOWN_MAX = 10000,
    TRAFFIC_MAX = 1000000, /* messages a second */
    LIFE_MAX = 100000,     /* changes a second */
    CONTENT_MAX = 4000,    /* characters: a person may have Nitro */
};

static void get_report(struct call *c)
{
    char value[8];
    bool traffic = call_query(c, "traffic", value, sizeof value) &&
                   (str_is(str_of(value), "1") || str_is(str_of(value), "true"));

    sim_write_report(c->routes->sim, &c->out, traffic, c->now);
}

static uint32_t count_guilds(const struct world *world)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < world->n_guilds; i++)
        n += !world->guilds[i].is_gone;
    return n;
}

/* The list of guilds, or one of them with all that is in it. */
static void get_world(struct call *c)
{
    const struct world *world = call_world(c);
    uint64_t limit = WORLD_GUILDS_SHOWN, guild_id = 0, n = 0;
    struct json_writer *w = &c->out;

    if (!call_query_number(c, "limit", 1, WORLD_GUILDS_SHOWN_MAX, &limit) ||
        !call_query_number(c, "guild", 0, UINT64_MAX, &guild_id))
        return;
    if (guild_id) {
        if (sim_write_truth(c->routes->sim, guild_id, w) < 0)
            call_error(c, 404, 10004, "Unknown Guild");
        return;
    }
    json_open(w, '{');
    field_id(w, "bot_id", world->bot_id);
    field_u64(w, "n_guilds", count_guilds(world));
    field_open(w, "guilds", '[');
    for (uint32_t i = 0; i < world->n_guilds && n < limit; i++) {
        const struct world_guild *g = &world->guilds[i];

        if (g->is_gone)
            continue;
        n++;
        json_open(w, '{');
        field_id(w, "id", g->id);
        field_open(w, "channels", '[');
        for (uint32_t j = 0; j < world_n_channels(g); j++)
            if (world_channel_is_text(g, j))
                json_put_id(w, world_channel_id(g, j));
        json_shut(w, ']');
        field_u64(w, "members", g->n_members);
        field_bool(w, "unavailable", g->unavailable);
        json_shut(w, '}');
    }
    json_shut(w, ']');
    json_shut(w, '}');
}

/* A bot's token is reset when its budget is overrun. */
static void get_token(struct call *c)
{
    const struct sim_app *app;

    json_open(&c->out, '{');
    field_z(&c->out, "token", sim_token(c->routes->sim));
    field_open(&c->out, "bots", '[');
    for (uint32_t i = 0; (app = sim_app(c->routes->sim, i)); i++) {
        json_open(&c->out, '{');
        field_id(&c->out, "id", app->id);
        field_z(&c->out, "token", app->token);
        json_shut(&c->out, '}');
    }
    json_shut(&c->out, ']');
    json_shut(&c->out, '}');
}

/* Why it met nobody. */
static const char *fault_note(struct call *c)
{
    struct str kind = STR("");
    cordage_json body;
    const char *name;
    bool meets = true;

    if (call_control_json(c, &body))
        json_str(json_get(body, "kind"), &kind);
    for (size_t i = 0; (name = sim_fault_kind(i, &meets)); i++)
        if (str_is(kind, name))
            break;
    return name && !meets ? "this is of no connection"
                          : "no session that is connected is meant: GET /_sim/report has "
                            "them";
}

static void post_fault(struct call *c)
{
    cordage_error error = { 0 };
    size_t n = 0;
    int err = sim_fault(c->routes->sim, c->request->body, c->now, &n, &error);

    if (err == CORDAGE_ENOMEM) {
        call_out_of_memory(c);
    } else if (err) {
        call_error(c, 400, 0, error.message);
    } else {
        json_open(&c->out, '{');
        field_u64(&c->out, "connections", n);
        if (n == 0)
            field_z(&c->out, "note", fault_note(c));
        json_shut(&c->out, '}');
    }
}

/* ---- POST /_sim/message --------------------------------------------------- */

/* The guild and the channel that the body names, or any. */
static bool find_place(struct call *c, cordage_json body)
{
    struct world *world = call_world(c);
    cordage_json shard = json_get(body, "shard");
    uint64_t id;

    if (json_id(json_get(body, "channel_id"), &id)) {
        c->guild = world_find_channel(world, id, &c->channel_index);
    } else {
        if (json_id(json_get(body, "guild_id"), &id))
            c->guild = world_find_guild(world, id);
        else if (!json_is_absent(shard))
            c->guild = call_first_of_shard(c, shard);
        else if (world->n_guilds)
            c->guild = &world->guilds[0];
        c->channel_index = 1;
    }
    if (c->guild && c->channel_index != 0) {
        c->channel_id = world_channel_id(c->guild, c->channel_index);
        return true;
    }
    call_error(
        c, 400, 0,
        "There is no such place: \"channel_id\" (of a text channel), \"guild_id\" or "
        "\"shard\": [id, count] must name one of /_sim/world.");
    return false;
}

/* The owner speaks where nobody is named. */
static bool find_author(struct call *c, cordage_json body, struct world_member *author)
{
    uint64_t id;

    if (!json_id(json_get(body, "author_id"), &id)) {
        *author = world_member(call_world(c), c->guild, 0);
        for (uint32_t i = 1;
             i < c->guild->n_members && world_is_bot(call_world(c), author->user_id); i++)
            *author = world_member(call_world(c), c->guild, i);
        return true;
    }
    if (world_find_member(call_world(c), c->guild, id, author))
        return true;
    call_error(c, 400, 0, "\"author_id\" is not a member of the guild.");
    return false;
}

static void put_said(struct call *c, uint64_t id)
{
    json_open(&c->out, '{');
    field_id(&c->out, "id", id);
    field_id(&c->out, "channel_id", c->channel_id);
    field_id(&c->out, "guild_id", c->guild ? c->guild->id : 0);
    json_shut(&c->out, '}');
}

/* A misspelt field would be a message somewhere else. `names` ends with NULL. */
bool call_check_names(struct call *c, cordage_json body, const char *const *names)
{
    struct json_iter it;

    for (bool more = json_first(body, &it); more; more = json_next(&it)) {
        const char *const *name = names;
        char sentence[160];

        while (*name && !str_is(it.key, *name))
            name++;
        if (*name)
            continue;
        snprintf(sentence, sizeof sentence, "\"%.*s\" is no field of this request.",
                 (int)(it.key.n < 40 ? it.key.n : 40), it.key.p);
        call_error(c, 400, 0, sentence);
        return false;
    }
    return true;
}

/* `bot` and `bot_id` are the same. */
cordage_json call_bot_field(cordage_json body)
{
    cordage_json bot = json_get(body, "bot");

    return json_is_absent(bot) ? json_get(body, "bot_id") : bot;
}

static bool is_shard(cordage_json shard)
{
    uint64_t id, count;

    return json_count(shard) == 2 && json_u64(cordage_json_at(shard, 0), &id) &&
           json_u64(cordage_json_at(shard, 1), &count) && id < count &&
           count <= UINT32_MAX;
}

static bool check_content(struct call *c, cordage_json content)
{
    struct str text = STR("");
    size_t n = 0;

    if (json_is_absent(content))
        return true;
    json_str(content, &text);
    for (size_t i = 0; i < text.n; i++)
        n += ((unsigned char)text.p[i] & 0xc0) != 0x80; /* begins a code point */
    if (n >= 1 && n <= CONTENT_MAX)
        return true;
    call_error(c, 400, 0, "\"content\" is a string of 1 to 4000 characters.");
    return false;
}

/* "shard", if it is there. */
static bool check_shard(struct call *c, cordage_json body)
{
    cordage_json shard = json_get(body, "shard");

    if (json_is_absent(shard) || is_shard(shard))
        return true;
    call_error(c, 400, 0, "\"shard\" is [id, count], with id below count, like [0, 1].");
    return false;
}

/* Likewise one of a wrong type. */
bool call_check_types(struct call *c, cordage_json body)
{
    static const char *const ids[] = { "guild_id",  "channel_id", "author_id",
                                       "user_id",   "message_id", "interaction_id",
                                       "target_id", "bot",        "bot_id" };
    char sentence[100];
    struct str text;
    uint64_t id;

    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        cordage_json given = json_get(body, ids[i]);

        /* A number would have been rounded by many who write it. */
        if (json_is_absent(given) || (json_str(given, &text) && json_id(given, &id)))
            continue;
        snprintf(sentence, sizeof sentence,
                 "\"%s\" must be an id, which is a string: \"1234\".", ids[i]);
        call_error(c, 400, 0, sentence);
        return false;
    }
    return check_shard(c, body);
}

/* A person writes to a bot: a DM, which is opened if need be. */
static bool find_direct(struct call *c, cordage_json body, struct world_member *author)
{
    struct sim *sim = c->routes->sim;
    struct direct *direct;
    uint64_t bot = 0;

    c->app =
        json_id(call_bot_field(body), &bot) ? sim_app_of_id(sim, bot) : sim_app(sim, 0);
    *author = (struct world_member){ .index = 1 };
    if (!c->app || !json_id(json_get(body, "author_id"), &author->user_id) ||
        !world_has_user(call_world(c), author->user_id)) {
        call_error(c, 400, 0,
                   "A direct message is from \"author_id\", a person, to \"bot_id\", a "
                   "bot (the first unless given).");
        return false;
    }
    direct = direct_open(c->routes, c->app, author->user_id, c->now);
    if (!direct) {
        call_out_of_memory(c);
        return false;
    }
    c->channel_id = direct->id;
    return true;
}

static void post_message(struct call *c)
{
    static const char *const names[] = { "guild_id",  "channel_id", "shard",
                                         "author_id", "content",    "direct",
                                         "bot_id",    "bot",        NULL };
    bool direct;
    struct sim_message m = { .content = STR("hello") };
    struct world_member author;
    struct buf text = { 0 };
    cordage_json body;
    uint64_t id;

    if (!call_control_json(c, &body) || !call_check_names(c, body, names) ||
        !call_check_types(c, body) || !check_content(c, json_get(body, "content")))
        return;
    direct = cordage_json_true(json_get(body, "direct"), false);
    if (direct ? !find_direct(c, body, &author)
               : !find_place(c, body) || !find_author(c, body, &author))
        return;
    m.app = c->app;
    json_str(json_get(body, "content"), &m.content);
    m.guild = c->guild;
    m.channel_id = c->channel_id;
    m.author = &author;
    if (sim_say(c->routes->sim, &m, c->now, &text, &id)) {
        call_out_of_memory(c);
    } else {
        recent_add(&c->routes->recent, id, c->channel_id, author.user_id, STR(""),
                   buf_str(&text), c->now);
        put_said(c, id);
    }
    buf_release(&text);
}

/* ---- POST /_sim/traffic --------------------------------------------------- */

static void post_traffic(struct call *c)
{
    static const char *const names[] = { "per_second", "total", NULL };
    uint64_t total = UINT64_MAX;
    cordage_json body, given;
    double per_second;

    if (!call_control_json(c, &body) || !call_check_names(c, body, names))
        return;
    given = json_get(body, "total");
    if (!json_double(json_get(body, "per_second"), &per_second) ||
        !(per_second >= 0 && per_second <= TRAFFIC_MAX) ||
        (!json_is_absent(given) && !json_u64(given, &total))) {
        call_error(c, 400, 0,
                   "Traffic is {\"per_second\": from 0 to 1000000, \"total\": how many "
                   "messages, without end if left out}.");
        return;
    }
    sim_set_traffic(c->routes->sim, per_second, total, c->now);
    call_no_content(c);
}

/* ---- POST /_sim/blast ----------------------------------------------------- */

static void post_blast(struct call *c)
{
    static const char *const names[] = { "count", "shard", NULL };
    struct sim_blast_wish wish = { .all = true };
    uint64_t id = 0, count = 0;
    cordage_json body, shard;
    size_t n;

    if (!call_control_json(c, &body) || !call_check_names(c, body, names))
        return;
    shard = json_get(body, "shard");
    if (!json_is_absent(shard)) {
        wish.all = false;
        if (!json_u64(cordage_json_at(shard, 0), &id) ||
            !json_u64(cordage_json_at(shard, 1), &count) || id >= count ||
            count > UINT32_MAX)
            id = count = 0;
        wish.shard_id = (uint32_t)id;
        wish.shard_count = (uint32_t)count;
    }
    if (!json_u64(json_get(body, "count"), &wish.count) || wish.count == 0 ||
        (!wish.all && id >= count)) {
        call_error(
            c, 400, 0,
            "A blast is {\"count\": how many messages for each session, \"shard\": "
            "[id, count], all if left out}.");
    } else if (sim_blast(c->routes->sim, &wish, c->now, &n)) {
        call_out_of_memory(c);
    } else {
        json_open(&c->out, '{');
        field_u64(&c->out, "sessions", n);
        json_shut(&c->out, '}');
    }
}

/* ---- POST /_sim/life, POST /_sim/guild ------------------------------------ */

static void post_life(struct call *c)
{
    static const char *const names[] = { "per_second", "total", NULL };
    uint64_t total = UINT64_MAX;
    cordage_json body, given;
    double per_second;

    if (!call_control_json(c, &body) || !call_check_names(c, body, names))
        return;
    given = json_get(body, "total");
    if (!json_double(json_get(body, "per_second"), &per_second) ||
        !(per_second >= 0 && per_second <= LIFE_MAX) ||
        (!json_is_absent(given) && !json_u64(given, &total))) {
        call_error(c, 400, 0,
                   "Life is {\"per_second\": from 0 to 100000, \"total\": how many "
                   "changes, without end if left out}.");
        return;
    }
    sim_live(c->routes->sim, per_second, total, c->now);
    call_no_content(c);
}

/* What may become of a guild. */
static const struct fate {
    const char *name;
    void (*do_it)(struct sim *s, struct world_guild *g, uint64_t now);
    void (*to_bot)(struct sim *s, struct sim_app *app, struct world_guild *g,
                   uint64_t now);
} fates[] = {
    { "outage", sim_begin_outage, NULL },
    { "back", sim_end_outage, NULL },
    { "kicked", NULL, sim_kick_bot },
    { "added", NULL, sim_add_bot },
};

/* Also of one that the bot is not in. */
static struct world_guild *any_guild(struct world *world, uint64_t id)
{
    return world->guild_by_id.n ? map_get(&world->guild_by_id, id) : NULL;
}

static void post_guild(struct call *c)
{
    static const char *const names[] = { "guild_id", "happens", "bot", "bot_id", NULL };
    struct sim *s = c->routes->sim;
    struct sim_app *app = sim_app(s, 0);
    struct world_guild *g = NULL;
    struct str happens = STR("");
    cordage_json body, bot;
    uint64_t id;

    if (!call_control_json(c, &body) || !call_check_names(c, body, names) ||
        !call_check_types(c, body))
        return;
    if (json_id(json_get(body, "guild_id"), &id))
        g = any_guild(call_world(c), id);
    bot = call_bot_field(body);
    if (!json_is_absent(bot))
        app = json_id(bot, &id) ? sim_app_of_id(s, id) : NULL;
    json_str(json_get(body, "happens"), &happens);
    for (size_t i = 0; g && app && i < sizeof fates / sizeof *fates; i++) {
        if (!str_is(happens, fates[i].name))
            continue;
        if (fates[i].to_bot)
            fates[i].to_bot(s, app, g, c->now);
        else
            fates[i].do_it(s, g, c->now);
        call_no_content(c);
        return;
    }
    call_error(c, 400, 0,
               "\"guild_id\" must name a guild, \"happens\" be outage, back, kicked or "
               "added, and \"bot\", if it is there, be a bot's id.");
}

const struct route routes_control[] = {
    { "POST", "_sim/life", post_life, BUCKET_NONE, .open = true },
    { "POST", "_sim/guild", post_guild, BUCKET_NONE, .open = true },
    { "GET", "_sim/report", get_report, BUCKET_NONE, .open = true },
    { "GET", "_sim/world", get_world, BUCKET_NONE, .open = true },
    { "GET", "_sim/token", get_token, BUCKET_NONE, .open = true },
    { "POST", "_sim/blast", post_blast, BUCKET_NONE, .open = true },
    { "POST", "_sim/fault", post_fault, BUCKET_NONE, .open = true },
    { "POST", "_sim/message", post_message, BUCKET_NONE, .open = true },
    { "POST", "_sim/traffic", post_traffic, BUCKET_NONE, .open = true },
    { NULL },
};
