/* routes_reaction.c - emoji under messages. */
#include <ctype.h>
#include <stdio.h>

#include "call_message.h"
#include "change_call.h"
#include "mem.h"
#include "rights.h"

enum { USERS_PER_PAGE = 100, USERS_DEFAULT = 25 };

/* What the path says: "👍", or "name:id". */
struct emoji {
    uint64_t id;
    char name[64];
    bool is_animated;
};

/* ---- Which emoji ---------------------------------------------------------- */

static bool find_custom(struct call *c, struct emoji *emoji)
{
    struct world *world = call_world(c);
    cordage_json v;
    uint32_t index;

    for (uint32_t i = 0; i < world->n_guilds; i++) {
        struct world_guild *g = &world->guilds[i];
        struct buf text = { 0 };
        struct json_writer w;

        if (!world_find(world, g, LIST_EMOJIS, emoji->id, &index))
            continue;
        json_begin(&w, &text);
        world_write(world, g, LIST_EMOJIS, index, &w);
        if (json_end(&w) == 0 && json_parse(c->routes->stored, buf_str(&text), &v) == 0)
            emoji->is_animated = cordage_json_true(json_get(v, "animated"), false);
        buf_release(&text);
        return true;
    }
    return false;
}

/* Unicode's have nothing of ASCII, but for the keys 0 to 9, * and #. */
static bool is_unicode(const char *text)
{
    for (const char *p = text; *p; p++)
        if (isalpha((unsigned char)*p) || *p == ':' || *p == ' ')
            return false;
    return *text != '\0';
}

static bool read_emoji(struct call *c, struct emoji *emoji)
{
    const char *colon = strrchr(c->text, ':');
    size_t n = colon ? (size_t)(colon - c->text) : strlen(c->text);

    *emoji = (struct emoji){ 0 };
    if (n < sizeof emoji->name) {
        memcpy(emoji->name, c->text, n);
        if (colon ? str_u64(str_of(colon + 1), &emoji->id) && find_custom(c, emoji)
                  : is_unicode(c->text))
            return true;
    }
    call_error(c, 400, 10014, "Unknown Emoji");
    return false;
}

static struct recent_reaction *find(struct recent_message *m, const struct emoji *emoji)
{
    for (uint32_t i = 0; i < m->n_reactions; i++) {
        struct recent_reaction *r = &m->reactions[i];

        if (r->emoji_id == emoji->id && (emoji->id || strcmp(r->name, emoji->name) == 0))
            return r;
    }
    return NULL;
}

/* ---- Telling -------------------------------------------------------------- */

static void tell(struct call *c, const char *name, const struct recent_message *m,
                 const struct emoji *emoji, uint64_t user_id)
{
    bool is_add = strcmp(name, "MESSAGE_REACTION_ADD") == 0;
    struct world_member member;
    struct edit e;

    change_begin(c, &e);
    edit_telling(&e);
    field_id(&e.j, "channel_id", m->channel_id);
    field_id(&e.j, "message_id", m->id);
    if (emoji) {
        field_open(&e.j, "emoji", '{');
        field_id(&e.j, "id", emoji->id);
        field_z(&e.j, "name", emoji->name);
        if (emoji->is_animated)
            field_bool(&e.j, "animated", true);
        json_shut(&e.j, '}');
    }
    if (user_id) {
        field_id(&e.j, "user_id", user_id);
        field_bool(&e.j, "burst", false);
        field_u64(&e.j, "type", 0);
    }
    if (is_add) {
        field_id(&e.j, "message_author_id", m->author_id);
        if (c->guild && world_find_member(call_world(c), c->guild, user_id, &member)) {
            json_key(&e.j, "member");
            world_write_member(call_world(c), c->guild, &member, true, &e.j);
        }
    }
    change_told(c, &e, name, INTENT_GUILD_REACTIONS, INTENT_DIRECT_REACTIONS);
    if (change_done(c, &e))
        call_no_content(c);
}

/* ---- Putting and taking --------------------------------------------------- */

static bool add_user(struct recent_reaction *r, uint64_t user_id)
{
    if (r->n == r->size) {
        uint32_t size = r->size ? r->size * 2 : 4;
        uint64_t *bigger = realloc(r->users, size * sizeof *bigger);

        if (!bigger)
            return false;
        r->users = bigger;
        r->size = size;
    }
    r->users[r->n++] = user_id;
    return true;
}

static void forget(struct recent_message *m, struct recent_reaction *r)
{
    size_t at = (size_t)(r - m->reactions);

    free(r->users);
    memmove(r, r + 1, (m->n_reactions - at - 1) * sizeof *r);
    m->n_reactions--;
}

static bool take_user(struct recent_message *m, struct recent_reaction *r,
                      uint64_t user_id)
{
    for (uint32_t i = 0; i < r->n; i++) {
        if (r->users[i] != user_id)
            continue;
        memmove(&r->users[i], &r->users[i + 1], (r->n - i - 1) * sizeof *r->users);
        if (--r->n == 0)
            forget(m, r);
        return true;
    }
    return false;
}

static struct recent_reaction *add(struct call *c, struct recent_message *m,
                                   const struct emoji *emoji)
{
    struct recent_reaction *r;

    if (!m->reactions)
        m->reactions = mem_zero(RECENT_REACTIONS * sizeof *m->reactions);
    if (!m->reactions) {
        call_out_of_memory(c);
        return NULL;
    }
    if (m->n_reactions == RECENT_REACTIONS) {
        call_error(c, 400, 30010, "Maximum number of reactions reached (20)");
        return NULL;
    }
    r = &m->reactions[m->n_reactions++];
    *r = (struct recent_reaction){ .emoji_id = emoji->id,
                                   .is_animated = emoji->is_animated };
    memcpy(r->name, emoji->name, sizeof r->name);
    return r;
}

static bool has_user(const struct recent_reaction *r, uint64_t user_id)
{
    for (uint32_t i = 0; i < r->n; i++)
        if (r->users[i] == user_id)
            return true;
    return false;
}

/* A new emoji needs ADD_REACTIONS; one more of what is there doesn't. */
static void put_reaction(struct call *c)
{
    struct recent_message *m = call_find_message(c, c->id);
    struct recent_reaction *r;
    struct emoji emoji;

    if (!m || !read_emoji(c, &emoji))
        return;
    r = find(m, &emoji);
    if (r && has_user(r, call_bot_id(c))) {
        call_no_content(c);
        return;
    }
    if (!r && c->guild && !call_may(c, RIGHT_ADD_REACTIONS, c->channel_id))
        return;
    if (!r)
        r = add(c, m, &emoji);
    if (!r)
        return;
    if (!add_user(r, call_bot_id(c))) {
        if (!r->n)
            forget(m, r);
        call_out_of_memory(c);
        return;
    }
    tell(c, "MESSAGE_REACTION_ADD", m, &emoji, call_bot_id(c));
}

static void delete_of(struct call *c, uint64_t user_id)
{
    struct recent_message *m = call_find_message(c, c->id);
    struct recent_reaction *r;
    struct emoji emoji;

    if (!m || !read_emoji(c, &emoji))
        return;
    r = find(m, &emoji);
    if (r && take_user(m, r, user_id))
        tell(c, "MESSAGE_REACTION_REMOVE", m, &emoji, user_id);
    else
        call_error(c, 404, 10014, "Unknown Emoji");
}

static void delete_own(struct call *c)
{
    delete_of(c, call_bot_id(c));
}

static void delete_users(struct call *c)
{
    delete_of(c, c->role_id);
}

static void delete_emoji(struct call *c)
{
    struct recent_message *m = call_find_message(c, c->id);
    struct recent_reaction *r;
    struct emoji emoji;

    if (!m || !read_emoji(c, &emoji))
        return;
    r = find(m, &emoji);
    if (!r) {
        call_no_content(c);
        return;
    }
    forget(m, r);
    tell(c, "MESSAGE_REACTION_REMOVE_EMOJI", m, &emoji, 0);
}

static void delete_all(struct call *c)
{
    struct recent_message *m = call_find_message(c, c->id);

    if (!m)
        return;
    while (m->n_reactions)
        forget(m, &m->reactions[m->n_reactions - 1]);
    tell(c, "MESSAGE_REACTION_REMOVE_ALL", m, NULL, 0);
}

/* By user id, ascending. */
static void get_users(struct call *c)
{
    struct recent_message *m = call_find_message(c, c->id);
    uint64_t limit = USERS_DEFAULT, after = 0, last;
    const struct recent_reaction *r;
    struct emoji emoji;

    if (!m || !call_query_number(c, "limit", 1, USERS_PER_PAGE, &limit) ||
        !call_query_number(c, "after", 0, UINT64_MAX, &after) || !read_emoji(c, &emoji))
        return;
    r = find(m, &emoji);
    json_open(&c->out, '[');
    last = after;
    while (r && limit--) {
        uint64_t next = UINT64_MAX;

        for (uint32_t i = 0; i < r->n; i++)
            if (r->users[i] > last && r->users[i] < next)
                next = r->users[i];
        if (next == UINT64_MAX)
            break;
        world_write_user(call_world(c), next, &c->out);
        last = next;
    }
    json_shut(&c->out, ']');
}

#define REACTIONS "channels/{channel}/messages/{id}/reactions"
#define SEEN      RIGHT_VIEW_CHANNEL | RIGHT_READ_HISTORY

const struct route routes_reaction[] = {
    { "GET", REACTIONS "/{text}", get_users, BUCKET_REACTION, .direct = true,
      .needs = SEEN },
    { "PUT", REACTIONS "/{text}/@me", put_reaction, BUCKET_REACTION, .direct = true,
      .needs = SEEN },
    { "DELETE", REACTIONS "/{text}/@me", delete_own, BUCKET_REACTION, .direct = true,
      .needs = SEEN },
    { "DELETE", REACTIONS "/{text}/{role}", delete_users, BUCKET_REACTION,
      .needs = SEEN | RIGHT_MANAGE_MESSAGES },
    { "DELETE", REACTIONS "/{text}", delete_emoji, BUCKET_REACTION,
      .needs = SEEN | RIGHT_MANAGE_MESSAGES },
    { "DELETE", REACTIONS, delete_all, BUCKET_REACTION,
      .needs = SEEN | RIGHT_MANAGE_MESSAGES },
    { NULL },
};
