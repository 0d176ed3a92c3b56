/* What faults do to a connection's events: some twice, some not at all, some written as
 * Discord might write them tomorrow. The session's numbers and what it keeps are right
 * all the while, but for events lost without a gap. */
#include "sim_model.h"

#include "field.h"
#include "json_copy.h"

enum {
    DEPTH_MAX = 100,
    ID_DIGITS = 15 /* shorter strings of digits are no snowflakes */
};

/* ---- Another shape -------------------------------------------------------------- */

/* Keys that Discord documents as optional, wherever they stand. */
static bool is_optional(struct str key)
{
    static const char *const names[] = { "nick",
                                         "banner",
                                         "premium_since",
                                         "pending",
                                         "communication_disabled_until",
                                         "avatar_decoration_data",
                                         "collectibles",
                                         "primary_guild",
                                         "accent_color",
                                         "public_flags",
                                         "topic",
                                         "nsfw",
                                         "last_message_id",
                                         "permission_overwrites",
                                         "rate_limit_per_user",
                                         "rtc_region",
                                         "nonce",
                                         "components",
                                         "sticker_items",
                                         "max_members",
                                         "stickers",
                                         "premium_subscription_count",
                                         "member" };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_is(key, names[i]))
            return true;
    return false;
}

static bool is_id(struct str text)
{
    uint64_t id;

    return text.n >= ID_DIGITS && *text.p != '0' && str_u64(text, &id);
}

static void put(struct json_writer *w, cordage_json v, unsigned shape, unsigned depth)
{
    cordage_json_type type = cordage_json_type_of(v);
    bool is_object = type == CORDAGE_JSON_OBJECT;
    struct json_iter it;
    struct str text;

    if (depth > DEPTH_MAX || (!is_object && type != CORDAGE_JSON_ARRAY)) {
        if ((shape & SIM_INTEGER_IDS) && json_str(v, &text) && is_id(text))
            json_put_raw(w, text);
        else
            json_copy(w, v);
        return;
    }
    json_open(w, is_object ? '{' : '[');
    for (bool more = json_first(v, &it); more; more = json_next(&it)) {
        if (is_object && (shape & SIM_MISSING_KEYS) && is_optional(it.key))
            continue;
        if (is_object)
            json_key_str(w, it.key);
        put(w, it.value, shape, depth + 1);
    }
    if (is_object && (shape & SIM_UNKNOWN_KEYS))
        field_raw(w, "new_since_2027", STR("{\"a\":[1,null,\"\\u00e9\"]}"));
    json_shut(w, is_object ? '}' : ']');
}

/* Without memory it stays as it is. */
static struct str reshape(struct sim *s, struct str payload, unsigned shape)
{
    struct json_writer w;
    cordage_json root;

    if (!s->reshaper)
        s->reshaper = json_parser_new();
    if (!s->reshaper || json_parse(s->reshaper, payload, &root) < 0)
        return payload;
    buf_clear(&s->shaped);
    json_begin(&w, &s->shaped);
    put(&w, root, shape, 0);
    return json_end(&w) < 0 ? payload : buf_str(&s->shaped);
}

/* ---- Sending -------------------------------------------------------------------- */

void sim_mischief_send(struct sim_conn *c, struct str payload)
{
    struct sim_mischief *m = &c->mischief;

    if (m->drops) {
        m->drops--;
        return;
    }
    if (m->reshaped) {
        payload = reshape(c->sim, payload, m->shape);
        if (--m->reshaped == 0)
            m->shape = 0;
    }
    c->ops->send(c->user, payload);
    if (m->duplicates) {
        m->duplicates--;
        c->ops->send(c->user, payload);
    }
}

bool sim_mischief_loses(struct sim_conn *c)
{
    if (!c->mischief.losses)
        return false;
    c->mischief.losses--;
    return true;
}

/* ---- Events out of nowhere ------------------------------------------------------ */

void sim_mischief_event(struct sim_conn *c, const char *name, struct str d, uint64_t now)
{
    struct sim_event *e = sim_event_new(c->sim, name, d);

    if (e)
        sim_session_push(c->session, e, now);
    sim_event_unref(c->sim, e);
}

/* The first guild of the session that is there. */
static const struct world_guild *first_guild(const struct sim_session *ss)
{
    const struct world *w = &ss->sim->world;

    for (uint32_t i = 0; i < w->n_guilds; i++)
        if (sim_session_has_guild(ss, &w->guilds[i]) && !w->guilds[i].unavailable)
            return &w->guilds[i];
    return NULL;
}

void sim_mischief_giant(struct sim_conn *c, uint64_t bytes, uint64_t now)
{
    static const char filler[] = "0123456789abcdefghijklmnopqrstuvwxyz \xc3\xa9 ";
    const struct world_guild *g = first_guild(c->session);
    struct world_create create = { .bot = c->session->app->index,
                                   .large_threshold = c->session->wants.large_threshold };
    struct buf body = { 0 };
    struct json_writer w;

    if (!g)
        return;
    json_begin(&w, &body);
    json_open(&w, '{');
    field_open(&w, "_giant", '[');
    while (body.n < bytes && !w.err)
        json_put_z(&w, filler);
    json_shut(&w, ']');
    world_put_guild(&c->sim->world, g, &create, &w);
    json_shut(&w, '}');
    if (json_end(&w) == 0)
        sim_mischief_event(c, "GUILD_CREATE", buf_str(&body), now);
    buf_release(&body);
}
