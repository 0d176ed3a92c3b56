#include "changes.h"

#include <stdio.h>
#include <stdlib.h>

#include "error.h"
#include "json.h"
#include "json_copy.h"
#include "mem.h"
#include "seed.h"

/* world->scratch: what is parsed by each parser, and what is made of it. */
enum { OLD, UPDATE, MADE };

/* ---- Parsing -------------------------------------------------------------------- */

static int parse(struct world *w, int which, struct str object, cordage_json *out)
{
    if (!w->parsers[which])
        w->parsers[which] = json_parser_new();
    if (!w->parsers[which])
        return CORDAGE_ENOMEM;
    return json_parse(w->parsers[which], object, out);
}

/* The members of an object, copied to where there is room behind them. */
static int parse_members(struct world *w, struct str members, cordage_json *out)
{
    struct buf *b = &w->scratch[OLD];

    buf_clear(b);
    if (buf_append(b, "{", 1) || buf_append_str(b, members) || buf_append(b, "}", 1))
        return CORDAGE_ENOMEM;
    return parse(w, OLD, buf_str(b), out);
}

static struct str without_braces(struct str object)
{
    return (struct str){ object.p + 1, object.n - 2 };
}

/* Into scratch[MADE], as an object. */
static int merge(struct world *w, struct str members, struct str update)
{
    struct buf *made = &w->scratch[MADE];
    cordage_json before, after;
    struct json_writer j;
    struct json_iter it;
    int err = parse_members(w, members, &before);

    if (!err)
        err = parse(w, UPDATE, update, &after);
    if (err)
        return err;
    buf_clear(made);
    json_begin(&j, made);
    json_open(&j, '{');
    for (bool more = json_first(before, &it); more; more = json_next(&it)) {
        char key[64];
        cordage_json given;

        snprintf(key, sizeof key, "%.*s", STR_FMT(it.key));
        given = json_get(after, key);
        json_key_str(&j, it.key);
        json_copy(&j, json_is_absent(given) ? it.value : given);
    }
    for (bool more = json_first(after, &it); more; more = json_next(&it)) {
        char key[64];

        snprintf(key, sizeof key, "%.*s", STR_FMT(it.key));
        if (!json_is_absent(json_get(before, key)))
            continue;
        json_key_str(&j, it.key);
        json_copy(&j, it.value);
    }
    json_shut(&j, '}');
    return json_end(&j);
}

/* ---- Lists ---------------------------------------------------------------------- */

static void free_list(struct change_list *l)
{
    for (uint32_t i = 0; i < l->n; i++)
        free(l->entries[i].text);
    free(l->entries);
}

void changes_free(struct changes *c)
{
    if (!c)
        return;
    for (int i = 0; i < WORLD_LISTS; i++)
        free_list(&c->lists[i]);
    free(c->guild);
    free(c);
}

static struct change_entry *find(struct changes *c, enum world_list list, uint64_t id)
{
    struct change_list *l = &c->lists[list];

    for (uint32_t i = 0; i < l->n; i++)
        if (l->entries[i].id == id)
            return &l->entries[i];
    return NULL;
}

static struct change_entry *append(struct changes *c, enum world_list list)
{
    struct change_list *l = &c->lists[list];

    if (l->n == l->size) {
        uint32_t size = l->size ? l->size * 2 : 4;
        struct change_entry *bigger = realloc(l->entries, size * sizeof *bigger);

        if (!bigger)
            return NULL;
        l->entries = bigger;
        l->size = size;
    }
    l->entries[l->n] = (struct change_entry){ 0 };
    return &l->entries[l->n++];
}

/* What is asked of many objects: their type and what they hang on. */
static int note_relations(struct world *w, struct change_entry *e, struct str object)
{
    cordage_json v;
    int err = parse(w, UPDATE, object, &v);

    if (err)
        return err;
    e->type = (uint32_t)cordage_json_int(json_get(v, "type"), 0);
    if (!json_id(json_get(v, "parent_id"), &e->parent))
        json_id(json_get(v, "channel_id"), &e->parent);
    return 0;
}

static bool is_channel(enum world_list list)
{
    return list == LIST_CHANNELS || list == LIST_THREADS || list == LIST_ARCHIVED;
}

static int put(struct world *w, struct world_guild *g, struct changes *c,
               enum world_list list, uint64_t id, struct str object)
{
    struct change_entry made = { .id = id }, *e = find(c, list, id);
    struct str members = without_braces(object);
    int err = note_relations(w, &made, object);

    if (err)
        return err;
    made.text = mem_copy(members.p, members.n);
    made.n = (uint32_t)members.n;
    if (!made.text)
        return CORDAGE_ENOMEM;
    if (!e && is_channel(list) && map_put(&w->new_channels, id, g) < 0)
        goto fail;
    if (!e)
        e = append(c, list);
    if (!e)
        goto fail;
    free(e->text);
    *e = made;
    return 0;
fail:
    free(made.text);
    return CORDAGE_ENOMEM;
}

/* ---- Beginning ------------------------------------------------------------------ */

static int write_down(struct world *w, struct world_guild *g, struct changes *c,
                      enum world_list list)
{
    struct buf *made = &w->scratch[MADE];
    uint32_t n = seed_count(w, g, list);

    for (uint32_t i = 0; i < n; i++) {
        struct json_writer j;
        int err;

        if (list == LIST_MEMBERS) {
            struct change_entry *e = append(c, list);

            if (!e)
                return CORDAGE_ENOMEM;
            e->id = seed_id(w, g, list, i);
            continue;
        }
        buf_clear(made);
        json_begin(&j, made);
        json_open(&j, '{');
        seed_put(w, g, list, i, &j);
        json_shut(&j, '}');
        err = json_end(&j);
        if (!err)
            err = put(w, g, c, list, seed_id(w, g, list, i), buf_str(made));
        if (err)
            return err;
    }
    return 0;
}

static int write_guild_down(struct world *w, struct world_guild *g, struct changes *c)
{
    struct buf *made = &w->scratch[MADE];
    struct json_writer j;
    int err;

    buf_clear(made);
    json_begin(&j, made);
    json_open(&j, '{');
    seed_put_guild(w, g, &j);
    json_shut(&j, '}');
    err = json_end(&j);
    if (err)
        return err;
    c->guild = mem_copy(made->p + 1, made->n - 2);
    return c->guild ? 0 : CORDAGE_ENOMEM;
}

int changes_begin(struct world *w, struct world_guild *g)
{
    struct changes *c;
    int err;

    if (g->changes)
        return 0;
    c = mem_zero(sizeof *c);
    if (!c)
        return CORDAGE_ENOMEM;
    err = write_guild_down(w, g, c);
    for (int list = 0; !err && list < WORLD_LISTS; list++)
        err = write_down(w, g, c, list);
    if (err)
        changes_free(c);
    else
        g->changes = c;
    return err;
}

/* ---- Changing ------------------------------------------------------------------- */

struct change_entry *changes_find(const struct world_guild *g, enum world_list list,
                                  uint64_t id)
{
    return find(g->changes, list, id);
}

int changes_put(struct world *w, struct world_guild *g, enum world_list list, uint64_t id,
                struct str object)
{
    int err = changes_begin(w, g);

    if (!err)
        err = put(w, g, g->changes, list, id, object);
    if (!err && list == LIST_MEMBERS)
        g->n_members = g->changes->lists[LIST_MEMBERS].n;
    return err;
}

int changes_add_member(struct world *w, struct world_guild *g, uint64_t user_id)
{
    struct change_entry *e;
    int err = changes_begin(w, g);

    if (err || find(g->changes, LIST_MEMBERS, user_id))
        return err;
    e = append(g->changes, LIST_MEMBERS);
    if (!e)
        return CORDAGE_ENOMEM;
    e->id = user_id;
    g->n_members++;
    return 0;
}

/* The object's members; a member that the seed still answers for is written into
 * scratch[MADE]. */
static int members_of(struct world *w, struct world_guild *g,
                      const struct change_entry *e, struct str *out)
{
    struct buf *made = &w->scratch[MADE];
    struct json_writer j;
    int err;

    *out = (struct str){ e->text, e->n };
    if (e->text)
        return 0;
    buf_clear(made);
    json_begin(&j, made);
    json_open(&j, '{');
    seed_put_member(w, g, e->id, &j);
    json_shut(&j, '}');
    err = json_end(&j);
    if (!err)
        *out = without_braces(buf_str(made));
    return err;
}

int changes_merge(struct world *w, struct world_guild *g, enum world_list list,
                  uint64_t id, struct str update)
{
    int err = changes_begin(w, g);
    struct change_entry *e;
    struct str members;

    if (err)
        return err;
    e = find(g->changes, list, id);
    if (!e)
        return CORDAGE_ENOTFOUND;
    err = members_of(w, g, e, &members);
    if (!err)
        err = merge(w, members, update);
    return err ? err : put(w, g, g->changes, list, id, buf_str(&w->scratch[MADE]));
}

int changes_merge_guild(struct world *w, struct world_guild *g, struct str update)
{
    int err = changes_begin(w, g);
    char *text;

    if (!err)
        err = merge(w, str_of(g->changes->guild), update);
    if (err)
        return err;
    text = mem_copy(w->scratch[MADE].p + 1, w->scratch[MADE].n - 2);
    if (!text)
        return CORDAGE_ENOMEM;
    free(g->changes->guild);
    g->changes->guild = text;
    return 0;
}

static void remove_at(struct world *w, struct world_guild *g, enum world_list list,
                      uint32_t i)
{
    struct change_list *l = &g->changes->lists[list];

    if (is_channel(list) && w->new_channels.n)
        map_remove(&w->new_channels, l->entries[i].id);
    free(l->entries[i].text);
    l->n--;
    memmove(&l->entries[i], &l->entries[i + 1], (l->n - i) * sizeof *l->entries);
    if (list == LIST_MEMBERS)
        g->n_members = l->n;
}

void changes_remove(struct world *w, struct world_guild *g, enum world_list list,
                    uint64_t id)
{
    struct change_entry *e = find(g->changes, list, id);

    if (e)
        remove_at(w, g, list, (uint32_t)(e - g->changes->lists[list].entries));
}

void changes_remove_below(struct world *w, struct world_guild *g, enum world_list list,
                          uint64_t parent)
{
    struct change_list *l = &g->changes->lists[list];

    for (uint32_t i = l->n; i-- > 0;)
        if (l->entries[i].parent == parent)
            remove_at(w, g, list, i);
}

int changes_read(struct world *w, struct world_guild *g, enum world_list list,
                 uint64_t id, cordage_json *out)
{
    int err = changes_begin(w, g);
    struct change_entry *e = err ? NULL : find(g->changes, list, id);
    struct str members;

    if (!e)
        return err ? err : CORDAGE_ENOTFOUND;
    err = members_of(w, g, e, &members);
    return err ? err : parse_members(w, members, out);
}

/* ---- Messages ------------------------------------------------------------------- */

/* A thread counts them as well. */
static int count_message(struct world *w, struct world_guild *g, uint64_t thread_id,
                         struct buf *update)
{
    cordage_json thread;
    int err = changes_read(w, g, LIST_THREADS, thread_id, &thread);

    if (err)
        return err;
    return buf_printf(
        update, ",\"message_count\":%lld,\"total_message_sent\":%lld",
        (long long)cordage_json_int(json_get(thread, "message_count"), 0) + 1,
        (long long)cordage_json_int(json_get(thread, "total_message_sent"), 0) + 1);
}

int world_said(struct world *w, struct world_guild *g, uint64_t channel_id,
               uint64_t message_id)
{
    enum world_list list = LIST_CHANNELS;
    struct buf update = { 0 };
    uint32_t index;
    int err = 0;

    if (!g->changes && world_find(w, g, list, channel_id, &index) &&
        world_channel_is_text(g, index)) {
        g->last_messages[index - 1] = message_id;
        return 0;
    }
    if (world_find(w, g, LIST_THREADS, channel_id, &index))
        list = LIST_THREADS;
    if (buf_printf(&update, "{\"last_message_id\":\"%llu\"",
                   (unsigned long long)message_id))
        err = CORDAGE_ENOMEM;
    if (!err && list == LIST_THREADS)
        err = count_message(w, g, channel_id, &update);
    if (!err && buf_append(&update, "}", 1))
        err = CORDAGE_ENOMEM;
    if (!err)
        err = changes_merge(w, g, list, channel_id, buf_str(&update));
    buf_release(&update);
    return err;
}

/* ---- People --------------------------------------------------------------------- */

static struct world_person *make_person(struct world *w, uint64_t user_id)
{
    struct world_person *p = w->people.n ? map_get(&w->people, user_id) : NULL;

    if (p)
        return p;
    p = mem_zero(sizeof *p);
    if (p && map_put(&w->people, user_id, p) < 0) {
        free(p);
        p = NULL;
    }
    return p;
}

/* The person's user object as it is, into `out`. */
static int write_user(struct world *w, uint64_t user_id, struct buf *out)
{
    struct json_writer j;

    buf_clear(out);
    json_begin(&j, out);
    world_write_user(w, user_id, &j);
    return json_end(&j);
}

int changes_merge_user(struct world *w, uint64_t user_id, struct str update)
{
    struct world_person *p = make_person(w, user_id);
    struct buf now = { 0 };
    struct str name = STR("");
    cordage_json made;
    char *text;
    int err = p ? write_user(w, user_id, &now) : CORDAGE_ENOMEM;

    if (!err)
        err = merge(w, without_braces(buf_str(&now)), update);
    buf_release(&now);
    if (!err)
        err = parse(w, UPDATE, buf_str(&w->scratch[MADE]), &made);
    if (err)
        return err;
    json_str(json_get(made, "username"), &name);
    text = mem_copy(w->scratch[MADE].p + 1, w->scratch[MADE].n - 2);
    if (!text)
        return CORDAGE_ENOMEM;
    free(p->user);
    p->user = text;
    snprintf(p->username, sizeof p->username, "%.*s", STR_FMT(name));
    return 0;
}

int changes_put_presence(struct world *w, uint64_t user_id, struct str presence)
{
    struct world_person *p = make_person(w, user_id);
    struct str status = STR("");
    cordage_json v;
    char *text;
    int err = p ? parse(w, UPDATE, presence, &v) : CORDAGE_ENOMEM;

    if (err)
        return err;
    json_str(json_get(v, "status"), &status);
    text = mem_copy(presence.p + 1, presence.n - 2);
    if (!text)
        return CORDAGE_ENOMEM;
    free(p->presence);
    p->presence = text;
    p->is_online = !str_is(status, "offline");
    return 0;
}
