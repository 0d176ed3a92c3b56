/* mirror_truth.h - a mirror held against the simulator's truth. */
#ifndef MIRROR_TRUTH_H
#define MIRROR_TRUTH_H

#include "mirror.h"

/* Whether both say the same, whatever the order of keys. `ignored` are keys of the
 * outermost objects. */
static inline bool mirror_same(cordage_json a, cordage_json b, const char *const *ignored)
{
    cordage_json_type type = cordage_json_type_of(a);
    size_t n_a = 0, n_b = 0, i = 0;
    struct json_iter it;
    struct str x, y;
    char key[64];

    if (type != cordage_json_type_of(b))
        return false;
    if (type == CORDAGE_JSON_STRING)
        return json_str(a, &x) && json_str(b, &y) && str_eq(x, y);
    if (type == CORDAGE_JSON_NUMBER)
        return cordage_json_number(a, 0) == cordage_json_number(b, 1);
    if (type == CORDAGE_JSON_BOOL)
        return cordage_json_true(a, false) == cordage_json_true(b, false);
    if (type == CORDAGE_JSON_ARRAY) {
        if (json_count(a) != json_count(b))
            return false;
        for (bool more = json_first(a, &it); more; more = json_next(&it))
            if (!mirror_same(it.value, cordage_json_at(b, i++), NULL))
                return false;
        return true;
    }
    for (bool more = json_first(b, &it); more; more = json_next(&it))
        n_b += !mirror_skips(ignored, it.key);
    for (bool more = json_first(a, &it); more; more = json_next(&it)) {
        if (mirror_skips(ignored, it.key))
            continue;
        n_a++;
        snprintf(key, sizeof key, "%.*s", STR_FMT(it.key));
        if (!mirror_same(it.value, json_get(b, key), NULL))
            return false;
    }
    return n_a == n_b;
}

/* The list of the truth and what we know of it. */
static inline void mirror_check_list(struct mirror *m, const char *list, uint64_t guild,
                                     cordage_json truth)
{
    static const char *const ignored[] = { "guild_id", "member", NULL };
    static const char *const presence[] = { "guild_id", "user", NULL };
    bool is_presence = strcmp(list, "presences") == 0;
    size_t n = 0;
    struct json_iter it;

    for (bool more = json_first(truth, &it); more; more = json_next(&it)) {
        uint64_t id = mirror_key(list, it.value);
        struct mirror_object *o = mirror_find(m, list, guild, id);
        cordage_json ours;

        if (!o && m->grows && (is_presence || strcmp(list, "members") == 0))
            continue;
        if (!o)
            fail_msg("%s: %llu of guild %llu is missing", list, (unsigned long long)id,
                     (unsigned long long)guild);
        n++;
        CHECK_INT(json_parse(m->parsers[0], buf_str(&o->json), &ours), 0);
        if (!mirror_same(it.value, ours, is_presence ? presence : ignored)) {
            struct buf text = { 0 };
            struct json_writer w;

            json_begin(&w, &text);
            json_copy(&w, it.value);
            CHECK_INT(json_end(&w), 0);
            fail_msg("%s: %llu differs:\n%.*s\nbut is\n%.*s", list,
                     (unsigned long long)id, STR_FMT(buf_str(&o->json)),
                     STR_FMT(buf_str(&text)));
        }
        if (strcmp(list, "threads") == 0) {
            struct mirror_object *own = mirror_find(m, "own", guild, id);
            cordage_json member = json_get(it.value, "member");

            CHECK(json_is_absent(member) == !own);
            if (own)
                CHECK_INT(json_parse(m->parsers[0], buf_str(&own->json), &ours), 0);
            if (own)
                CHECK(mirror_same(member, ours, NULL));
        }
    }
    for (size_t i = 0; i < m->n; i++)
        if (m->objects[i].guild == guild && strcmp(m->objects[i].list, list) == 0)
            n--;
    if (n)
        fail_msg("%s of guild %llu has %zu too many", list, (unsigned long long)guild,
                 -n);
}

/* As the bot `app` should know it. */
static inline void mirror_check_for(struct mirror *m, struct sim *s,
                                    const struct sim_app *app, uint64_t guild)
{
    /* Only GUILD_CREATE says `large`, and of the time when it came. */
    static const char *const lists[] = { "unavailable", "large", NULL };
    const char *not_told[MIRROR_LISTS + 3] = { NULL };
    struct json_parser *parser = json_parser_new();
    struct buf text = { 0 };
    cordage_json truth, ours;
    struct json_writer w;
    struct mirror_object *o = mirror_find(m, "guild", guild, guild);

    memcpy(not_told, mirror_lists, sizeof mirror_lists);
    memcpy(not_told + MIRROR_LISTS, lists, sizeof lists);
    json_begin(&w, &text);
    CHECK_INT(sim_write_truth_for(s, app, guild, &w), 0);
    CHECK_INT(json_end(&w), 0);
    CHECK_INT(json_parse(parser, buf_str(&text), &truth), 0);
    assert_non_null(o);
    CHECK_INT(json_parse(m->parsers[0], buf_str(&o->json), &ours), 0);
    if (!mirror_same(truth, ours, not_told))
        fail_msg("guild differs:\n%.*s\nbut is\n%.*s", STR_FMT(buf_str(&o->json)),
                 STR_FMT(buf_str(&text)));
    for (int i = 0; i < MIRROR_LISTS; i++)
        mirror_check_list(m, mirror_lists[i], guild, json_get(truth, mirror_lists[i]));
    buf_release(&text);
    json_parser_free(parser);
}

static inline void mirror_check(struct mirror *m, struct sim *s, uint64_t guild)
{
    mirror_check_for(m, s, sim_app(s, 0), guild);
}
#endif
