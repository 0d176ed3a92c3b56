/* Messages: written once as everybody sees them, and once more without content for the
 * sessions that lack MESSAGE_CONTENT (R13). */
#include "sim_model.h"

#include <stdlib.h>

#include "field.h"
#include "isotime.h"

enum { MENTIONS_MAX = 50, TYPE_DEFAULT = 0, TYPE_REPLY = 19 };

/* A message being written. */
struct saying {
    const struct sim *sim;
    const struct sim_message *m;
    struct world_member author;
    uint64_t id, wall_ms;
    uint64_t mentions[MENTIONS_MAX];
    size_t n_mentions;
    uint64_t concerns; /* the bots that it mentions, and the one that says it */
    bool mentions_everyone;
};

/* ---- Mentions ------------------------------------------------------------------- */

static uint64_t bot_bit(const struct saying *y, uint64_t user_id)
{
    uint32_t bot = world_find_bot(&y->sim->world, user_id);

    return bot == WORLD_BOTS_MAX ? 0 : 1ULL << bot;
}

static void note_mention(struct saying *y, uint64_t user_id)
{
    struct world_member m;

    for (size_t i = 0; i < y->n_mentions; i++)
        if (y->mentions[i] == user_id)
            return;
    if (y->n_mentions == MENTIONS_MAX ||
        (y->m->guild ? !world_find_member(&y->sim->world, y->m->guild, user_id, &m)
                     : !world_has_user(&y->sim->world, user_id)))
        return;
    y->mentions[y->n_mentions++] = user_id;
    y->concerns |= bot_bit(y, user_id);
}

/* "<@123>" and "<@!123>". */
static void find_mentions(struct saying *y)
{
    struct str rest = y->m->content;
    size_t at;

    y->mentions_everyone = str_find(rest, STR("@everyone")) != SIZE_MAX;
    if (y->m->replies_to)
        note_mention(y, y->m->replies_to);
    while ((at = str_find(rest, STR("<@"))) != SIZE_MAX) {
        struct str id;
        uint64_t user_id;
        size_t end;

        rest = (struct str){ rest.p + at + 2, rest.n - at - 2 };
        if (rest.n && *rest.p == '!')
            rest = (struct str){ rest.p + 1, rest.n - 1 };
        end = str_find(rest, STR(">"));
        id = (struct str){ rest.p, end == SIZE_MAX ? 0 : end };
        if (str_u64(id, &user_id))
            note_mention(y, user_id);
    }
}

static void write_mentions(const struct saying *y, bool gateway, struct json_writer *w)
{
    const struct world *world = &y->sim->world;

    field_open(w, "mentions", '[');
    for (size_t i = 0; i < y->n_mentions; i++) {
        struct world_member m = { 0 };

        if (y->m->guild && world_find_member(world, y->m->guild, y->mentions[i], &m))
            world_write_mention(world, y->m->guild, &m, gateway, w);
        else
            world_write_user(world, y->mentions[i], w);
    }
    json_shut(w, ']');
}

/* ---- The message ---------------------------------------------------------------- */

static struct str or_none(struct str json)
{
    return json.n ? json : STR("[]");
}

enum channel_type sim_channel_type(const struct sim *s, const struct world_guild *g,
                                   uint64_t channel_id)
{
    const struct world *w = &s->world;
    uint32_t index;

    if (world_find(w, g, LIST_CHANNELS, channel_id, &index))
        return world_channel_type(g, index);
    return world_thread_type(w, g, channel_id);
}

/* An ephemeral message says nothing of the guild. */
static void write_place(const struct saying *y, struct json_writer *w)
{
    const struct sim_message *m = y->m;

    field_u64(w, "channel_type",
              m->guild ? sim_channel_type(y->sim, m->guild, m->channel_id) : CHANNEL_DM);
    if (!m->guild || m->is_ephemeral)
        return;
    field_id(w, "guild_id", m->guild->id);
    if (m->webhook.n)
        return;
    json_key(w, "member");
    world_write_member(&y->sim->world, m->guild, &y->author, false, w);
}

/* `gateway`: as in MESSAGE_CREATE, else as in REST. `bare`: without its content. */
static void write_message(const struct saying *y, bool gateway, bool bare,
                          struct json_writer *w)
{
    const struct sim_message *m = y->m;
    const struct world *world = &y->sim->world;

    json_open(w, '{');
    field_id(w, "id", y->id);
    field_u64(w, "type", m->type ? m->type : m->reference.n ? TYPE_REPLY : TYPE_DEFAULT);
    field_id(w, "channel_id", m->channel_id);
    field_str(w, "content", bare ? STR("") : m->content);
    json_key(w, "author");
    if (m->webhook.n)
        json_put_raw(w, m->webhook);
    else
        world_write_user(world, y->author.user_id, w);
    json_key(w, "timestamp");
    json_put_time(w, y->wall_ms);
    field_null(w, "edited_timestamp");
    field_bool(w, "tts", m->tts);
    field_bool(w, "mention_everyone", y->mentions_everyone);
    write_mentions(y, gateway, w);
    field_empty(w, "mention_roles", '[');
    field_raw(w, "attachments", or_none(bare ? STR("") : m->attachments));
    field_raw(w, "embeds", or_none(bare ? STR("") : m->embeds));
    field_raw(w, "components", or_none(bare ? STR("") : m->components));
    field_bool(w, "pinned", false);
    field_u64(w, "flags", m->flags);
    if (m->nonce.n)
        field_raw(w, "nonce", m->nonce);
    if (m->reference.n)
        field_raw(w, "message_reference", m->reference);
    field_members(w, m->extra);
    if (gateway)
        write_place(y, w);
    json_shut(w, '}');
}

static struct sim_event *message_event(struct sim *s, const struct saying *y, bool bare)
{
    struct json_writer w;

    buf_clear(&s->body);
    json_begin(&w, &s->body);
    write_message(y, true, bare, &w);
    return json_end(&w) < 0 ? NULL
                            : sim_event_new(s, "MESSAGE_CREATE", buf_str(&s->body));
}

struct sim_event *sim_message_event(struct sim *s, const struct sim_message *m, bool bare,
                                    uint64_t now)
{
    struct saying y = { .sim = s, .m = m, .wall_ms = sim_wall(s, now) };

    y.author = *m->author;
    y.id = world_snowflake(&s->world, y.wall_ms);
    find_mentions(&y);
    return message_event(s, &y, bare);
}

/* Content is shown to those who have the intent, of a bot's own messages, and of those
 * that mention it. */
static int dispatch(struct sim *s, const struct saying *y, uint64_t now)
{
    bool is_direct = !y->m->guild || y->m->is_ephemeral;
    uint64_t all = UINT64_MAX >> (64 - s->config.bots);
    bool wants_bare = s->n_bare && y->concerns != all && !is_direct;
    struct sim_event *full, *bare = NULL;
    int err = CORDAGE_ENOMEM;

    if (s->n_sessions == 0)
        return 0;
    full = message_event(s, y, false);
    if (full && wants_bare)
        bare = message_event(s, y, true);
    if (full && (bare || !wants_bare)) {
        struct sim_routing r = { .guild = y->m->guild,
                                 .intent = INTENT_GUILD_MESSAGES,
                                 .bare = bare,
                                 .sees = y->concerns };

        if (is_direct) {
            r.guild = NULL;
            r.intent = INTENT_DIRECT_MESSAGES;
            r.apps = sim_app_bit(y->m->app ? y->m->app : sim_app(s, 0));
        }
        sim_route(s, &r, full, now);
        err = 0;
    }
    sim_event_unref(s, full);
    sim_event_unref(s, bare);
    return err;
}

int sim_write_said(struct sim *s, const struct sim_message *m, uint64_t id,
                   uint64_t wall_ms, struct buf *body)
{
    struct saying y = { .sim = s, .m = m, .id = id, .wall_ms = wall_ms };
    struct json_writer w;

    y.author = *m->author;
    find_mentions(&y);
    json_begin(&w, body);
    write_message(&y, false, false, &w);
    return json_end(&w);
}

int sim_say(struct sim *s, const struct sim_message *m, uint64_t now, struct buf *body,
            uint64_t *id)
{
    struct saying y = { .sim = s, .m = m, .wall_ms = sim_wall(s, now) };
    struct json_writer w;
    uint64_t bot_id = m->app ? m->app->id : s->world.bot_id;
    int err;

    if (m->author)
        y.author = *m->author;
    else if (!m->guild)
        y.author = (struct world_member){ .user_id = bot_id };
    else if (!world_find_member(&s->world, m->guild, bot_id, &y.author))
        return CORDAGE_ENOTFOUND;
    y.concerns = m->webhook.n ? 0 : bot_bit(&y, y.author.user_id);
    y.id = world_snowflake(&s->world, y.wall_ms);
    find_mentions(&y);
    if (body) {
        json_begin(&w, body);
        write_message(&y, false, false, &w);
        err = json_end(&w);
        if (err)
            return err;
    }
    err = m->guild && !m->is_ephemeral
              ? world_said(&s->world, m->guild, m->channel_id, y.id)
              : 0;
    if (!err)
        err = dispatch(s, &y, now);
    if (err)
        return err;
    s->report.messages_created++;
    if (id)
        *id = y.id;
    return 0;
}
