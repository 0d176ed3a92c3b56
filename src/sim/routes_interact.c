/* routes_interact.c - control requests: somebody uses a command, a component or a modal,
 * and what became of that. */
#include <stdio.h>
#include <stdlib.h>

#include "command_rules.h"
#include "direct.h"
#include "call_message.h"
#include "field.h"
#include "interaction_data.h"

/* An interaction that is being made from a request. */
struct making {
    struct call *c;
    cordage_json body;
    struct interaction_request r;
    struct buf data, text; /* what `r` borrows */
    struct json_doc *doc;  /* what the data is made from; NULL: none */
};

static bool refuse(struct call *c, const char *sentence)
{
    call_error(c, 400, 0, sentence);
    return false;
}

static struct str text_of(const struct making *k, const char *key)
{
    struct str text = STR("");

    json_str(json_get(k->body, key), &text);
    return text;
}

static uint64_t id_of(const struct making *k, const char *key)
{
    uint64_t id = 0;

    json_id(json_get(k->body, key), &id);
    return id;
}

static bool has(const struct making *k, const char *key)
{
    return !json_is_absent(json_get(k->body, key));
}

/* ---- Where, and who ------------------------------------------------------- */

/* The message's, the channel, or the first of the guild, of the shard's first guild, of
 * the first one. */
static bool find_place(struct making *k)
{
    struct world *world = call_world(k->c);
    const struct recent_message *m =
        recent_find(&k->c->routes->recent, id_of(k, "message_id"));

    k->r.channel_id = m ? m->channel_id : id_of(k, "channel_id");
    if (m || has(k, "channel_id"))
        k->r.guild = call_guild_of(k->c, k->r.channel_id);
    else if (has(k, "guild_id"))
        k->r.guild = world_find_guild(world, id_of(k, "guild_id"));
    else if (has(k, "shard"))
        k->r.guild = call_first_of_shard(k->c, json_get(k->body, "shard"));
    else if (world->n_guilds)
        k->r.guild = &world->guilds[0];
    if (k->r.guild && !k->r.channel_id)
        k->r.channel_id = world_channel_id(k->r.guild, 1);
    k->c->guild = k->r.guild;
    return k->r.guild ||
           refuse(k->c, "There is no such place: \"channel_id\", \"guild_id\" or "
                        "\"shard\": [id, count] must name one of /_sim/world.");
}

/* Alone with the bot: a DM, which is opened if need be. */
static bool find_direct(struct making *k)
{
    struct direct *direct;

    k->r.user_id = id_of(k, "user_id");
    if (!world_has_user(call_world(k->c), k->r.user_id))
        return refuse(k->c, "With \"direct\", \"user_id\" must be a person.");
    direct = direct_open(k->c->routes, call_app(k->c), k->r.user_id, k->c->now);
    if (!direct) {
        call_out_of_memory(k->c);
        return false;
    }
    k->r.channel_id = direct->id;
    return true;
}

/* The owner where nobody is named. */
static bool find_user(struct making *k)
{
    struct world_member m;

    k->r.user_id = has(k, "user_id")
                       ? id_of(k, "user_id")
                       : world_member(call_world(k->c), k->r.guild, 1).user_id;
    return world_find_member(call_world(k->c), k->r.guild, k->r.user_id, &m) ||
           refuse(k->c, "\"user_id\" is not a member of the guild.");
}

/* ---- Commands ------------------------------------------------------------- */

/* The guild's own goes before one that is everywhere. */
static const struct command *find_command(struct making *k, int type)
{
    const struct commands *all = &k->c->routes->commands;
    uint64_t app = call_bot_id(k->c);
    struct str name = text_of(k, "command");
    const struct command *found =
        app_commands_named(all, app, k->r.guild ? k->r.guild->id : 0, type, name);

    return found ? found : app_commands_named(all, app, 0, type, name);
}

static bool make_command(struct making *k)
{
    int type = (int)cordage_json_int(json_get(k->body, "type"), COMMAND_CHAT);
    struct command_call what = { .command = find_command(k, type),
                                 .options = json_get(k->body, "options"),
                                 .focused = text_of(k, "autocomplete"),
                                 .target_id = id_of(k, "target_id") };

    if (!what.command)
        return refuse(k->c, "The bot has registered no \"command\" of this name and "
                            "\"type\" (1 unless given).");
    if (type != COMMAND_CHAT && !what.target_id)
        return refuse(k->c, "\"target_id\" must be the user or the message that the "
                            "command is used on.");
    if (!data_put_command(k->c, &what, &k->data))
        return false;
    k->r.type = what.focused.n ? INTERACTION_AUTOCOMPLETE : INTERACTION_COMMAND;
    k->r.command_type = type;
    k->r.name = text_of(k, "command");
    k->r.target_id = what.target_id;
    return true;
}

/* ---- Components ----------------------------------------------------------- */

static bool copy_message(struct making *k, const struct recent_message *m)
{
    k->r.message_id = m->id;
    k->r.channel_id = m->channel_id;
    if (buf_append_str(&k->text, (struct str){ m->body, m->n }) == 0) {
        k->r.message = buf_str(&k->text);
        return true;
    }
    call_out_of_memory(k->c);
    return false;
}

static bool make_component(struct making *k)
{
    const struct recent_message *m =
        recent_find(&k->c->routes->recent, id_of(k, "message_id"));
    struct str custom_id = text_of(k, "custom_id");
    cordage_json message, component;

    if (!m)
        return refuse(k->c, "\"message_id\" is no message that is remembered.");
    if (!copy_message(k, m))
        return false;
    if (json_doc_new(buf_str(&k->text), &k->doc, &message)) {
        call_out_of_memory(k->c);
        return false;
    }
    component = data_find_component(json_get(message, "components"), custom_id);
    if (json_is_absent(component))
        return refuse(k->c, "The message has no component of this \"custom_id\".");
    k->r.type = INTERACTION_COMPONENT;
    k->r.name = custom_id;
    k->r.app = sim_app_of_id(k->c->routes->sim, m->author_id);
    return data_put_component(k->c, component, json_get(k->body, "values"), &k->data);
}

/* ---- Modals --------------------------------------------------------------- */

static bool make_modal(struct making *k)
{
    const struct interaction *opened =
        interaction_find(sim_interactions(k->c->routes->sim), id_of(k, "interaction_id"));
    const struct recent_message *m;
    struct buf text = { 0 };
    cordage_json modal;
    bool ok;

    if (!opened || opened->answer != 9 || !opened->data)
        return refuse(k->c, "\"interaction_id\" is none that was answered with a modal.");
    k->r.app = k->c->app = sim_app_of_id(k->c->routes->sim, opened->application_id);
    k->r.guild = k->c->guild = opened->guild;
    k->r.channel_id = opened->channel_id;
    k->r.user_id = opened->user_id;
    k->r.metadata = str_of(opened->metadata);
    k->r.type = INTERACTION_MODAL;
    m = recent_find(&k->c->routes->recent, opened->message_id);
    if (m && !copy_message(k, m))
        return false;
    ok = buf_append_z(&text, opened->data) == 0 &&
         json_doc_new(buf_str(&text), &k->doc, &modal) == 0;
    buf_release(&text);
    if (!ok) {
        call_out_of_memory(k->c);
        return false;
    }
    json_str(json_get(modal, "custom_id"), &k->r.name);
    return data_put_modal(k->c, modal, json_get(k->body, "values"), &k->data);
}

/* ---- POST /_sim/interaction ----------------------------------------------- */

/* The bot that is asked: the first where none is named. */
static bool find_bot(struct making *k)
{
    struct sim *sim = k->c->routes->sim;
    cordage_json bot = call_bot_field(k->body);
    uint64_t id = 0;

    k->c->app = json_is_absent(bot) ? sim_app(sim, 0)
                : json_id(bot, &id) ? sim_app_of_id(sim, id)
                                    : NULL;
    k->r.app = k->c->app;
    return k->c->app || refuse(k->c, "\"bot_id\" is no bot.");
}

static bool make(struct making *k)
{
    if (!find_bot(k))
        return false;
    if (has(k, "interaction_id"))
        return make_modal(k);
    if (cordage_json_true(json_get(k->body, "direct"), false)
            ? !find_direct(k)
            : !find_place(k) || !find_user(k))
        return false;
    if (has(k, "message_id"))
        return make_component(k);
    if (has(k, "command"))
        return make_command(k);
    return refuse(k->c,
                  "An interaction is of a \"command\" (with \"type\", \"options\", "
                  "\"autocomplete\", \"target_id\"), of a component (\"message_id\" "
                  "and \"custom_id\", \"values\"), or of a modal "
                  "(\"interaction_id\", \"values\").");
}

static void put_made(struct call *c, const struct interaction *i)
{
    json_open(&c->out, '{');
    field_id(&c->out, "id", i->id);
    field_id(&c->out, "channel_id", i->channel_id);
    field_id(&c->out, "guild_id", i->guild ? i->guild->id : 0);
    field_id(&c->out, "user_id", i->user_id);
    json_shut(&c->out, '}');
}

static void post_interaction(struct call *c)
{
    static const char *const names[] = { "guild_id",       "channel_id",   "user_id",
                                         "locale",         "command",      "type",
                                         "options",        "autocomplete", "target_id",
                                         "message_id",     "custom_id",    "values",
                                         "interaction_id", "shard",        "bot_id",
                                         "direct",         "bot",          NULL };
    struct making k = { .c = c };
    struct interaction *made;
    char locale[16];

    if (!call_control_json(c, &k.body) || !call_check_names(c, k.body, names) ||
        !call_check_types(c, k.body))
        return;
    if (make(&k)) {
        k.r.data = buf_str(&k.data);
        snprintf(locale, sizeof locale, "%.*s", STR_FMT(text_of(&k, "locale")));
        k.r.locale = *locale ? locale : NULL;
        if (sim_interact(c->routes->sim, &k.r, c->now, &made))
            call_out_of_memory(c);
        else
            put_made(c, made);
    }
    json_doc_free(k.doc);
    buf_release(&k.data);
    buf_release(&k.text);
}

/* ---- GET /_sim/interaction?id= -------------------------------------------- */

static const char *state_of(const struct call *c, const struct interaction *i)
{
    if (!i->answered_at)
        return c->now - i->made_at < INTERACTION_ANSWER_MS ? "waiting" : "failed";
    if (i->is_loading)
        return c->now - i->made_at < INTERACTION_TOKEN_MS ? "thinking" : "failed";
    return "answered";
}

static void put_message(struct call *c, uint64_t id)
{
    const struct recent_message *m = recent_find(&c->routes->recent, id);

    if (m)
        call_put_message(c, m);
    else
        json_put_null(&c->out);
}

static void get_interaction(struct call *c)
{
    const struct interaction *i;
    struct json_writer *w = &c->out;
    uint64_t id = 0;

    if (!call_query_number(c, "id", 0, UINT64_MAX, &id))
        return;
    i = interaction_find(sim_interactions(c->routes->sim), id);
    if (!i) {
        call_error(c, 404, 10062, "Unknown interaction");
        return;
    }
    json_open(w, '{');
    field_id(w, "id", i->id);
    field_u64(w, "type", (uint64_t)i->type);
    field_z(w, "name", i->name);
    field_z(w, "state", state_of(c, i));
    if (i->answered_at) {
        field_u64(w, "answered_after_ms", i->answered_at - i->made_at);
        field_u64(w, "answer", (uint64_t)i->answer);
        json_key(w, "data");
        if (i->data)
            json_put_raw(w, str_of(i->data));
        else
            json_put_null(w);
        json_key(w, "message");
        put_message(c, i->original_id);
        field_open(w, "followups", '[');
        for (uint32_t n = 0; n < i->n_sent; n++)
            put_message(c, i->sent[n]);
        json_shut(w, ']');
    }
    json_shut(w, '}');
}

const struct route routes_interact[] = {
    { "POST", "_sim/interaction", post_interaction, BUCKET_NONE, .open = true },
    { "GET", "_sim/interaction", get_interaction, BUCKET_NONE, .open = true },
    { NULL },
};
