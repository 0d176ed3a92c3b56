/* What is said, and what becomes of it. Nothing of this is the guild's: a bot that keeps
 * messages has them from here. */
#include <stdlib.h>

#include "edit.h"
#include "isotime.h"
#include "json_copy.h"
#include "mem.h"

#define TALKABLE (1u << CHANNEL_TEXT | 1u << CHANNEL_ANNOUNCEMENT | 1u << CHANNEL_VOICE)

/* ---- Remembering ---------------------------------------------------------------- */

static void remember(struct edit *e, const struct life_message *said)
{
    struct life *life = &e->sim->life;
    struct life_message *slot = &life->messages[life->n_messages++ % LIFE_MESSAGES];

    free(slot->text);
    *slot = *said;
}

static void forget(struct life_message *m)
{
    free(m->text);
    *m = (struct life_message){ 0 };
}

/* Some message of this guild whose channel is still there. NULL: none is remembered. */
static struct life_message *any_message(struct edit *e)
{
    struct life *life = &e->sim->life;
    size_t from = (size_t)life_below(e, LIFE_MESSAGES);
    uint32_t index;

    for (size_t i = 0; i < LIFE_MESSAGES; i++) {
        struct life_message *m = &life->messages[(from + i) % LIFE_MESSAGES];

        if (m->text && m->guild == e->g->index &&
            edit_find(e, LIST_CHANNELS, m->channel_id, &index))
            return m;
    }
    return NULL;
}

/* ---- Saying --------------------------------------------------------------------- */

bool life_say(struct edit *e)
{
    struct life_message said = { .guild = e->g->index };
    struct world_member author;
    struct sim_message m = { .guild = e->g, .author = &author };
    struct buf text = { 0 };
    bool in_thread = life_once_in(e, 3);

    if (e->g->unavailable || !life_pick_member(e, 1, &said.author_id) ||
        !(in_thread ? life_pick(e, LIST_THREADS, 0, &said.channel_id)
                    : life_pick_type(e, LIST_CHANNELS, 0, TALKABLE, &said.channel_id)) ||
        !world_find_member(e->world, e->g, said.author_id, &author))
        return false;
    m.channel_id = said.channel_id;
    m.content = life_once_in(e, 2) ? STR("did you see the \"tide\"? 🌊") : STR("さて");
    e->err = sim_say(e->sim, &m, e->now, &text, &said.id);
    if (!e->err)
        said.text = mem_copy(text.p, text.n);
    buf_release(&text);
    if (said.text)
        remember(e, &said);
    return true;
}

/* The message with new content, or with none. */
static struct sim_event *edited(struct edit *e, const struct life_message *m, bool bare)
{
    struct world_member author;
    struct buf old = { 0 };
    struct json_iter it;
    cordage_json v = { 0 };
    struct str text;

    if (!e->err &&
        (buf_append_z(&old, m->text) || json_parse(e->sim->parser, buf_str(&old), &v)))
        e->err = CORDAGE_ENOMEM;
    edit_telling(e);
    for (bool more = json_first(v, &it); more; more = json_next(&it)) {
        json_key_str(&e->j, it.key);
        if (str_is(it.key, "content"))
            json_put_z(&e->j, bare ? "" : "what I \"meant\"");
        else if (str_is(it.key, "edited_timestamp"))
            json_put_time(&e->j, edit_wall(e));
        else if (str_is(it.key, "author")) /* as they are called by now */
            world_write_user(e->world, m->author_id, &e->j);
        else
            json_copy(&e->j, it.value);
    }
    field_u64(&e->j, "channel_type", 0);
    if (world_find_member(e->world, e->g, m->author_id, &author)) {
        json_key(&e->j, "member");
        world_write_member(e->world, e->g, &author, false, &e->j);
    }
    buf_release(&old);
    return edit_end(e, &text) ? sim_event_new(e->sim, "MESSAGE_UPDATE", text) : NULL;
}

bool life_edit_message(struct edit *e)
{
    const struct life_message *m = any_message(e);
    struct sim_event *full, *bare;

    if (!m)
        return false;
    full = edited(e, m, false);
    bare = edited(e, m, true);
    if (full && bare)
        sim_route(e->sim,
                  &(struct sim_routing){
                      .guild = e->g, .intent = INTENT_GUILD_MESSAGES, .bare = bare },
                  full, e->now);
    sim_event_unref(e->sim, full);
    sim_event_unref(e->sim, bare);
    return true;
}

static void put_place(struct edit *e, const struct life_message *m, const char *key)
{
    field_id(&e->j, key, m->id);
    field_id(&e->j, "channel_id", m->channel_id);
}

bool life_delete_message(struct edit *e)
{
    struct life_message *m = any_message(e);

    if (!m)
        return false;
    edit_telling(e);
    put_place(e, m, "id");
    edit_told(e, "MESSAGE_DELETE", INTENT_GUILD_MESSAGES);
    forget(m);
    return true;
}

/* All that is remembered of a channel, if it is more than one. */
bool life_delete_messages(struct edit *e)
{
    struct life *life = &e->sim->life;
    const struct life_message *some = any_message(e);
    uint64_t channel = some ? some->channel_id : 0;
    size_t n = 0;

    for (size_t i = 0; i < LIFE_MESSAGES; i++)
        n += channel && life->messages[i].channel_id == channel;
    if (n < 2)
        return false;
    edit_telling(e);
    field_id(&e->j, "channel_id", channel);
    field_open(&e->j, "ids", '[');
    for (size_t i = 0; i < LIFE_MESSAGES; i++) {
        if (life->messages[i].channel_id != channel)
            continue;
        json_put_id(&e->j, life->messages[i].id);
        forget(&life->messages[i]);
    }
    json_shut(&e->j, ']');
    edit_told(e, "MESSAGE_DELETE_BULK", INTENT_GUILD_MESSAGES);
    return true;
}

/* ---- Reactions, votes, typing --------------------------------------------------- */

static void put_emoji(struct edit *e, uint64_t custom)
{
    field_open(&e->j, "emoji", '{');
    field_id(&e->j, "id", custom);
    field_z(&e->j, "name", custom ? "tide_ok" : "👍🏽");
    if (custom)
        field_bool(&e->j, "animated", false);
    json_shut(&e->j, '}');
}

static void put_member(struct edit *e, uint64_t user_id)
{
    struct world_member m;

    if (!world_find_member(e->world, e->g, user_id, &m))
        return;
    json_key(&e->j, "member");
    world_write_member(e->world, e->g, &m, true, &e->j);
}

bool life_react(struct edit *e)
{
    static const char *const names[] = { "MESSAGE_REACTION_ADD", "MESSAGE_REACTION_ADD",
                                         "MESSAGE_REACTION_REMOVE",
                                         "MESSAGE_REACTION_REMOVE_ALL",
                                         "MESSAGE_REACTION_REMOVE_EMOJI" };
    size_t which = (size_t)life_below(e, sizeof names / sizeof *names);
    const struct life_message *m = any_message(e);
    uint64_t user_id, custom = 0;

    if (!m || !life_pick_member(e, 1, &user_id))
        return false;
    if (life_once_in(e, 2))
        life_pick(e, LIST_EMOJIS, 0, &custom);
    edit_telling(e);
    put_place(e, m, "message_id");
    if (which != 3)
        put_emoji(e, custom);
    if (which < 3) {
        field_id(&e->j, "user_id", user_id);
        field_bool(&e->j, "burst", false);
        field_u64(&e->j, "type", 0);
    }
    if (which < 2) {
        field_id(&e->j, "message_author_id", m->author_id);
        put_member(e, user_id);
    }
    edit_told(e, names[which], INTENT_GUILD_REACTIONS);
    return true;
}

bool life_vote(struct edit *e)
{
    const struct life_message *m = any_message(e);
    uint64_t user_id;

    if (!m || !life_pick_member(e, 1, &user_id))
        return false;
    edit_telling(e);
    put_place(e, m, "message_id");
    field_id(&e->j, "user_id", user_id);
    field_u64(&e->j, "answer_id", 1 + life_below(e, 3));
    edit_told(e,
              life_once_in(e, 2) ? "MESSAGE_POLL_VOTE_ADD" : "MESSAGE_POLL_VOTE_REMOVE",
              INTENT_GUILD_POLLS);
    return true;
}

bool life_type(struct edit *e)
{
    uint64_t channel, user_id;

    if (!life_pick_type(e, LIST_CHANNELS, 0, TALKABLE, &channel) ||
        !life_pick_member(e, 1, &user_id))
        return false;
    edit_telling(e);
    field_id(&e->j, "channel_id", channel);
    field_id(&e->j, "user_id", user_id);
    field_u64(&e->j, "timestamp", edit_wall(e) / 1000);
    put_member(e, user_id);
    edit_told(e, "TYPING_START", INTENT_GUILD_TYPING);
    return true;
}
