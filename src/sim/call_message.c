#include "call_message.h"

#include <stdio.h>

#include "field.h"
#include "isotime.h"
#include "json_copy.h"
#include "message_rules.h"
#include "sim_model.h"

/* The JSON of what a message has beside its text; empty: it hasn't. */
struct parts {
    struct buf nonce, reference, embeds, components, attachments;
};

static void parts_release(struct parts *x)
{
    buf_release(&x->nonce);
    buf_release(&x->reference);
    buf_release(&x->embeds);
    buf_release(&x->components);
    buf_release(&x->attachments);
}

/* ---- Writing what a body has ---------------------------------------------- */

/* Embeds are always of the type "rich", whatever they were sent as. */
static void put_embeds(struct json_writer *w, cordage_json embeds)
{
    struct json_iter embed, field;

    json_open(w, '[');
    for (bool more = json_first(embeds, &embed); more; more = json_next(&embed)) {
        json_open(w, '{');
        field_z(w, "type", "rich");
        for (bool next = json_first(embed.value, &field); next;
             next = json_next(&field)) {
            if (str_is(field.key, "type"))
                continue;
            json_key_str(w, field.key);
            json_copy(w, field.value);
        }
        json_shut(w, '}');
    }
    json_shut(w, ']');
}

/* As they are sent out each has an id: those that were given, or a number of its own.
 * Components hold components no deeper than JSON_COPY_DEPTH, which the parser allows. */
static void put_component(struct json_writer *w, cordage_json v, unsigned *id);

static void put_components(struct json_writer *w, cordage_json list, unsigned *id)
{
    struct json_iter it;

    json_open(w, '[');
    for (bool more = json_first(list, &it); more; more = json_next(&it))
        put_component(w, it.value, id);
    json_shut(w, ']');
}

static void put_component(struct json_writer *w, cordage_json v, unsigned *id)
{
    struct json_iter it;

    json_open(w, '{');
    if (json_is_absent(json_get(v, "id")))
        field_u64(w, "id", ++*id);
    for (bool more = json_first(v, &it); more; more = json_next(&it)) {
        json_key_str(w, it.key);
        if (str_is(it.key, "components"))
            put_components(w, it.value, id);
        else if (str_is(it.key, "accessory") || str_is(it.key, "component"))
            put_component(w, it.value, id);
        else
            json_copy(w, it.value);
    }
    json_shut(w, '}');
}

static void put_reference(struct call *c, struct json_writer *w, uint64_t channel_id,
                          cordage_json reference)
{
    uint64_t message_id = 0;

    json_id(json_get(reference, "channel_id"), &channel_id);
    json_id(json_get(reference, "message_id"), &message_id);
    json_open(w, '{');
    field_u64(w, "type", (uint64_t)cordage_json_int(json_get(reference, "type"), 0) == 1);
    field_id(w, "message_id", message_id);
    field_id(w, "channel_id", channel_id);
    if (c->guild)
        field_id(w, "guild_id", c->guild->id);
    json_shut(w, '}');
}

static const char *media_type(struct str filename)
{
    static const struct {
        const char *end, *type;
    } known[] = { { ".png", "image/png" },
                  { ".jpg", "image/jpeg" },
                  { ".gif", "image/gif" },
                  { ".txt", "text/plain; charset=utf-8" },
                  { ".json", "application/json" } };

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (str_ends(filename, str_of(known[i].end)))
            return known[i].type;
    return "application/octet-stream";
}

/* The metadata of file `n`, if the body has any. */
static cordage_json metadata_of(cordage_json list, uint64_t n)
{
    struct json_iter it;
    uint64_t id;

    for (bool more = json_first(list, &it); more; more = json_next(&it))
        if (json_id(json_get(it.value, "id"), &id) && id == n)
            return it.value;
    return (cordage_json){ 0 };
}

static void put_file(struct call *c, const struct multipart_part *file, uint64_t n,
                     cordage_json list, struct json_writer *w)
{
    uint64_t id = world_snowflake(call_world(c), sim_wall(c->routes->sim, c->now));
    cordage_json description = json_get(metadata_of(list, n), "description");
    char url[320];

    snprintf(url, sizeof url, "https://cdn.discordapp.com/attachments/%llu/%llu/%.*s",
             (unsigned long long)c->channel_id, (unsigned long long)id,
             (int)(file->filename.n < 200 ? file->filename.n : 200), file->filename.p);
    json_open(w, '{');
    field_id(w, "id", id);
    field_str(w, "filename", file->filename);
    field_u64(w, "size", file->body.n);
    field_z(w, "url", url);
    field_z(w, "proxy_url", url);
    field_z(w, "content_type", media_type(file->filename));
    if (!json_is_absent(description)) {
        json_key(w, "description");
        json_copy(w, description);
    }
    json_shut(w, '}');
}

/* "files[3]" is 3; else the number in the order they come. */
static uint64_t file_number(struct str name, uint64_t otherwise)
{
    uint64_t n = otherwise;

    if (str_starts(name, STR("files[")) && name.n > 7)
        str_u64((struct str){ name.p + 6, name.n - 7 }, &n);
    return n;
}

static void put_files(struct call *c, cordage_json list, struct json_writer *w)
{
    struct multipart_part part;
    struct multipart m;
    uint64_t n = 0;

    if (!multipart_begin(&m, c->request->content_type, c->request->body))
        return;
    while (multipart_next(&m, &part))
        if (part.filename.n) {
            put_file(c, &part, file_number(part.name, n), list, w);
            n++;
        }
}

static int put_parts(struct call *c, cordage_json body, uint64_t channel_id,
                     struct parts *x)
{
    cordage_json nonce = json_get(body, "nonce");
    cordage_json reference = json_get(body, "message_reference");
    struct json_writer w;
    unsigned id = 0;
    int err = 0;

    json_begin(&w, &x->nonce);
    if (!json_is_absent(nonce) && !json_is_null(nonce))
        json_copy(&w, nonce);
    err |= json_end(&w);
    json_begin(&w, &x->reference);
    if (cordage_json_type_of(reference) == CORDAGE_JSON_OBJECT)
        put_reference(c, &w, channel_id, reference);
    err |= json_end(&w);
    json_begin(&w, &x->embeds);
    if (json_count(json_get(body, "embeds")))
        put_embeds(&w, json_get(body, "embeds"));
    err |= json_end(&w);
    json_begin(&w, &x->components);
    if (json_count(json_get(body, "components")))
        put_components(&w, json_get(body, "components"), &id);
    err |= json_end(&w);
    json_begin(&w, &x->attachments);
    if (call_has_files(c)) {
        json_open(&w, '[');
        put_files(c, json_get(body, "attachments"), &w);
        json_shut(&w, ']');
    }
    err |= json_end(&w);
    return err ? CORDAGE_ENOMEM : 0;
}

/* ---- Saying --------------------------------------------------------------- */

static struct recent_message *keep(struct call *c, const struct sim_message *m,
                                   uint64_t id, struct str text)
{
    struct recent *recent = &c->routes->recent;
    struct recent_message *kept;
    struct direct *direct;

    if (recent_add(recent, id, m->channel_id,
                   m->author ? m->author->user_id : call_bot_id(c), m->nonce, text,
                   c->now))
        return NULL;
    kept = recent_find(recent, id);
    kept->is_ephemeral = m->is_ephemeral;
    direct = m->guild ? NULL : call_find_direct(c, m->channel_id);
    if (direct)
        direct->last_message_id = id;
    return kept;
}

/* Whom a reply pings: the author of what it replies to, unless told not to. */
static uint64_t replies_to(const struct call *c, cordage_json body)
{
    cordage_json reference = json_get(body, "message_reference");
    cordage_json allowed = json_get(body, "allowed_mentions");
    bool is_object = cordage_json_type_of(allowed) == CORDAGE_JSON_OBJECT;
    const struct recent_message *m;
    uint64_t id;

    if (!json_id(json_get(reference, "message_id"), &id) ||
        cordage_json_int(json_get(reference, "type"), 0) != 0 ||
        (is_object && !cordage_json_true(json_get(allowed, "replied_user"), false)))
        return 0;
    m = recent_find(&c->routes->recent, id);
    return m ? m->author_id : 0;
}

struct recent_message *call_say(struct call *c, cordage_json body, struct sim_message *m)
{
    struct recent_message *kept = NULL;
    struct parts x = { 0 };
    struct buf text = { 0 };
    uint64_t id;

    json_str(json_get(body, "content"), &m->content);
    m->flags |= (uint64_t)cordage_json_int(json_get(body, "flags"), 0) & FLAGS_GIVEN;
    m->tts |= cordage_json_true(json_get(body, "tts"), false);
    if (put_parts(c, body, m->channel_id, &x) == 0) {
        m->nonce = buf_str(&x.nonce);
        if (x.reference.n) {
            m->reference = buf_str(&x.reference);
            m->replies_to = replies_to(c, body);
        }
        m->embeds = buf_str(&x.embeds);
        m->components = buf_str(&x.components);
        m->attachments = buf_str(&x.attachments);
        if (sim_say(c->routes->sim, m, c->now, &text, &id) == 0)
            kept = keep(c, m, id, buf_str(&text));
    }
    if (!kept)
        call_out_of_memory(c);
    parts_release(&x);
    buf_release(&text);
    return kept;
}

/* ---- Finding, answering --------------------------------------------------- */

struct recent_message *call_recall(struct call *c, uint64_t id)
{
    struct recent *recent = &c->routes->recent;
    struct recent_message *m = recent_find(recent, id);
    struct buf text = { 0 };
    struct sim_said said;

    if (!m && sim_recall(c->routes->sim, id, &said, &text) == 0 &&
        recent_add(recent, id, said.channel_id, said.author_id, STR(""), buf_str(&text),
                   c->now) == 0)
        m = recent_find(recent, id);
    buf_release(&text);
    return m;
}

struct recent_message *call_find_message(struct call *c, uint64_t id)
{
    struct recent_message *m = call_recall(c, id);

    if (m && m->channel_id == c->channel_id && !m->is_ephemeral)
        return m;
    call_error(c, 404, 10008, "Unknown Message");
    return NULL;
}

static void put_reactions(struct call *c, const struct recent_message *m,
                          struct json_writer *w)
{
    field_open(w, "reactions", '[');
    for (uint32_t i = 0; i < m->n_reactions; i++) {
        const struct recent_reaction *r = &m->reactions[i];
        bool own = false;

        for (uint32_t u = 0; u < r->n; u++)
            own |= r->users[u] == call_bot_id(c);
        json_open(w, '{');
        field_open(w, "emoji", '{');
        field_id(w, "id", r->emoji_id);
        field_z(w, "name", r->name);
        if (r->is_animated)
            field_bool(w, "animated", true);
        json_shut(w, '}');
        field_u64(w, "count", r->n);
        field_open(w, "count_details", '{');
        field_u64(w, "burst", 0);
        field_u64(w, "normal", r->n);
        json_shut(w, '}');
        field_empty(w, "burst_colors", '[');
        field_bool(w, "me_burst", false);
        field_bool(w, "me", own);
        json_shut(w, '}');
    }
    json_shut(w, ']');
}

void call_put_message(struct call *c, const struct recent_message *m)
{
    if (!m->n_reactions) {
        json_put_raw(&c->out, (struct str){ m->body, m->n });
        return;
    }
    json_open(&c->out, '{');
    field_members(&c->out, (struct str){ m->body + 1, m->n - 2 });
    put_reactions(c, m, &c->out);
    json_shut(&c->out, '}');
}

void call_put_direct(struct call *c, const struct direct *d)
{
    struct json_writer *w = &c->out;

    json_open(w, '{');
    field_id(w, "id", d->id);
    field_u64(w, "type", CHANNEL_DM);
    field_id(w, "last_message_id", d->last_message_id);
    field_u64(w, "flags", 0);
    field_open(w, "recipients", '[');
    world_write_user(call_world(c), d->user_id, w);
    json_shut(w, ']');
    json_shut(w, '}');
}

struct world_guild *call_guild_of(struct call *c, uint64_t channel_id)
{
    struct world_guild *g;
    uint32_t index;

    g = world_find_channel(call_world(c), channel_id, &index);
    return g ? g : world_find_thread(call_world(c), channel_id, &index);
}

/* ---- Changing ------------------------------------------------------------- */

static struct str text_of(const struct recent_message *m)
{
    return (struct str){ m->body, m->n };
}

/* Writes the message with the update's members in the place of its own. */
static void merge(struct json_writer *w, cordage_json old, cordage_json update)
{
    struct json_iter it;
    char key[64];

    json_open(w, '{');
    for (bool more = json_first(old, &it); more; more = json_next(&it)) {
        cordage_json given;

        snprintf(key, sizeof key, "%.*s", STR_FMT(it.key));
        given = json_get(update, key);
        json_key_str(w, it.key);
        json_copy(w, json_is_absent(given) ? it.value : given);
    }
    for (bool more = json_first(update, &it); more; more = json_next(&it)) {
        snprintf(key, sizeof key, "%.*s", STR_FMT(it.key));
        if (!json_is_absent(json_get(old, key)))
            continue;
        json_key_str(w, it.key);
        json_copy(w, it.value);
    }
    json_shut(w, '}');
}

bool call_rewrite_message(struct call *c, struct recent_message *m,
                          const struct buf *update)
{
    struct json_parser *parser = c->routes->stored;
    cordage_json old, given;
    struct buf text = { 0 };
    struct json_writer w;
    bool ok = false;

    if (json_parse(parser, text_of(m), &old) == 0 &&
        json_parse_beside(parser, buf_str(update), &given) == 0) {
        json_begin(&w, &text);
        merge(&w, old, given);
        ok = json_end(&w) == 0 &&
             recent_rewrite(&c->routes->recent, m, buf_str(&text)) == 0;
    }
    buf_release(&text);
    if (ok)
        sim_tell_message(c->routes->sim, "MESSAGE_UPDATE",
                         m->is_ephemeral ? NULL : call_guild_of(c, m->channel_id),
                         call_app(c), text_of(m), c->now);
    else
        call_out_of_memory(c);
    return ok;
}

/* "<@123>" and "<@!123>", each person once. */
static void put_mentions(struct call *c, struct str rest, struct json_writer *w)
{
    uint64_t seen[50], id;
    size_t n = 0, at;

    json_open(w, '[');
    while (n < 50 && (at = str_find(rest, STR("<@"))) != SIZE_MAX) {
        struct str digits;
        bool again = false;
        size_t end;

        rest = (struct str){ rest.p + at + 2, rest.n - at - 2 };
        if (rest.n && *rest.p == '!')
            rest = (struct str){ rest.p + 1, rest.n - 1 };
        end = str_find(rest, STR(">"));
        digits = (struct str){ rest.p, end == SIZE_MAX ? 0 : end };
        if (!str_u64(digits, &id) || !world_has_user(call_world(c), id))
            continue;
        for (size_t i = 0; i < n; i++)
            again |= seen[i] == id;
        if (again)
            continue;
        seen[n++] = id;
        world_write_user(call_world(c), id, w);
    }
    json_shut(w, ']');
}

/* Those of the old ones that the list names, and the new files. */
static void put_attachments(struct call *c, cordage_json old, cordage_json body,
                            struct json_writer *w)
{
    cordage_json list = json_get(body, "attachments");
    struct json_iter it;
    uint64_t id;

    json_open(w, '[');
    for (bool more = json_first(json_get(old, "attachments"), &it); more;
         more = json_next(&it))
        if (json_is_absent(list) || (json_id(json_get(it.value, "id"), &id) &&
                                     !json_is_absent(metadata_of(list, id))))
            json_copy(w, it.value);
    put_files(c, list, w);
    json_shut(w, ']');
}

static void put_changes(struct call *c, cordage_json old, cordage_json body,
                        struct json_writer *w)
{
    uint64_t flags = (uint64_t)cordage_json_int(json_get(old, "flags"), 0);
    bool was_loading = flags & FLAG_LOADING;
    cordage_json content = json_get(body, "content");
    struct str text = STR("");
    int64_t given;
    unsigned id = 0;

    if (!json_is_absent(content)) {
        json_str(content, &text);
        field_str(w, "content", text);
        json_key(w, "mentions");
        put_mentions(c, text, w);
    }
    if (!json_is_absent(json_get(body, "embeds"))) {
        json_key(w, "embeds");
        put_embeds(w, json_get(body, "embeds"));
    }
    if (!json_is_absent(json_get(body, "components"))) {
        json_key(w, "components");
        put_components(w, json_get(body, "components"), &id);
    }
    if (!json_is_absent(json_get(body, "attachments")) || call_has_files(c)) {
        json_key(w, "attachments");
        put_attachments(c, old, body, w);
    }
    if (json_i64(json_get(body, "flags"), &given))
        flags = (flags & ~(uint64_t)FLAG_SUPPRESS_EMBEDS) |
                ((uint64_t)given & (FLAG_SUPPRESS_EMBEDS | FLAG_COMPONENTS_V2));
    field_u64(w, "flags", flags & ~(uint64_t)FLAG_LOADING);
    if (was_loading)
        return;
    json_key(w, "edited_timestamp");
    json_put_time(w, sim_wall(c->routes->sim, c->now));
}

bool call_edit_message(struct call *c, struct recent_message *m, cordage_json body)
{
    struct buf update = { 0 };
    struct json_writer w;
    cordage_json old;
    bool ok = json_parse(c->routes->stored, text_of(m), &old) == 0;

    if (ok) {
        json_begin(&w, &update);
        json_open(&w, '{');
        put_changes(c, old, body, &w);
        json_shut(&w, '}');
        ok = json_end(&w) == 0;
    }
    if (ok)
        ok = call_rewrite_message(c, m, &update);
    else
        call_out_of_memory(c);
    buf_release(&update);
    return ok;
}

void call_delete_message(struct call *c, struct recent_message *m)
{
    struct world_guild *g = m->is_ephemeral ? NULL : call_guild_of(c, m->channel_id);
    struct sim_routing r = { .guild = g,
                             .intent = g ? INTENT_GUILD_MESSAGES : INTENT_DIRECT_MESSAGES,
                             .apps = g ? 0 : sim_app_bit(call_app(c)) };
    struct buf text = { 0 };
    struct json_writer w;

    json_begin(&w, &text);
    json_open(&w, '{');
    field_id(&w, "id", m->id);
    field_id(&w, "channel_id", m->channel_id);
    if (g)
        field_id(&w, "guild_id", g->id);
    json_shut(&w, '}');
    if (json_end(&w) == 0)
        sim_tell(c->routes->sim, "MESSAGE_DELETE", &r, buf_str(&text), c->now);
    else
        sim_lose_listeners(c->routes->sim, g, c->now);
    buf_release(&text);
    recent_remove(&c->routes->recent, m);
}
