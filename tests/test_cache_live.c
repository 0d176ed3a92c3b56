/* The cache against the simulator: whoever keeps everything knows the truth. */
#include "mirror_truth.h"

#include "cache.h"

struct keeper {
    struct rig rig;
    struct client client;
    struct cache *cache;
    struct cache_slice *slice;
};

static uint64_t seconds(void *user)
{
    (void)user;
    return 1;
}

static void start(struct keeper *k, const struct sim_config *config)
{
    cordage_policy all[CORDAGE_N_KINDS];

    for (unsigned kind = 0; kind < CORDAGE_N_KINDS; kind++)
        all[kind] = CORDAGE_FOREVER;
    rig_start(&k->rig, config);
    CHECK_INT(cache_new(all, seconds, NULL, &k->cache), 0);
    CHECK_INT(cache_slice_new(k->cache, 0, 1, &k->slice), 0);
    client_connect(&k->rig, &k->client);
    client_identify(&k->client, 0, 1, 53608447);
}

static void stop(struct keeper *k)
{
    rig_is_clean(&k->rig);
    client_release(&k->client);
    cache_slice_free(k->slice);
    cache_free(k->cache);
    rig_stop(&k->rig);
}

/* Lets time go by; the cache gets all that came. */
static void live(struct keeper *k, uint64_t ms)
{
    rig_wait(&k->rig, ms);
    while (client_next(&k->client)) {
        if (k->client.op != 0)
            continue;
        CHECK_INT(cache_apply(k->slice, event_type_of(str_of(k->client.name)),
                              k->client.d, sim_world(k->rig.sim)->bot_id, NULL),
                  0);
    }
}

static cordage_json find(const char *list, cordage_json objects, uint64_t id)
{
    struct json_iter it;

    for (bool more = json_first(objects, &it); more; more = json_next(&it))
        if (mirror_key(list, it.value) == id)
            return it.value;
    return (cordage_json){ 0 };
}

/* Every member of the truth is known. The cache may know more: READY says more of the bot
 * itself than anybody else is told. */
static bool knows(cordage_json ours, cordage_json truth, const char *const *ignored)
{
    struct json_iter it;
    char key[64];

    if (cordage_json_type_of(truth) != CORDAGE_JSON_OBJECT)
        return mirror_same(truth, ours, NULL);
    for (bool more = json_first(truth, &it); more; more = json_next(&it)) {
        snprintf(key, sizeof key, "%.*s", STR_FMT(it.key));
        /* Discord sends it with decorations, and documents it nowhere. */
        if (str_is(it.key, "expires_at") || mirror_skips(ignored, it.key) ||
            knows(json_get(ours, key), it.value, NULL))
            continue;
        print_error("%s differs\n", key);
        return false;
    }
    return true;
}

static void compare_list(const char *list, cordage_json ours, cordage_json truth)
{
    static const char *const ignored[] = { "guild_id", NULL };
    struct json_iter it;

    CHECK_INT(json_count(ours), json_count(truth));
    for (bool more = json_first(truth, &it); more; more = json_next(&it)) {
        uint64_t id = mirror_key(list, it.value);
        cordage_json known = find(list, ours, id);

        if (json_is_absent(known))
            fail_msg("%s: %llu is missing", list, (unsigned long long)id);
        if (!knows(known, it.value, ignored))
            fail_msg("%s: %llu differs", list, (unsigned long long)id);
    }
}

static void compare(struct keeper *k, uint64_t guild)
{
    struct json_parser *parsers[2] = { json_parser_new(), json_parser_new() };
    struct buf ours_text = { 0 }, truth_text = { 0 };
    cordage_json ours, truth;
    struct json_writer w;

    json_begin(&w, &truth_text);
    CHECK_INT(sim_write_truth(k->rig.sim, guild, &w), 0);
    CHECK_INT(json_end(&w), 0);
    CHECK_INT(cache_write_guild(k->cache, guild, &ours_text), 0);
    CHECK_INT(json_parse(parsers[0], buf_str(&ours_text), &ours), 0);
    CHECK_INT(json_parse(parsers[1], buf_str(&truth_text), &truth), 0);
    for (int i = 0; i < MIRROR_LISTS; i++)
        compare_list(mirror_lists[i], json_get(ours, mirror_lists[i]),
                     json_get(truth, mirror_lists[i]));
    CHECK(mirror_same(json_get(ours, "name"), json_get(truth, "name"), NULL));
    CHECK(mirror_same(json_get(ours, "features"), json_get(truth, "features"), NULL));
    CHECK(mirror_same(json_get(ours, "member_count"), json_get(truth, "member_count"),
                      NULL));
    for (int i = 0; i < 2; i++)
        json_parser_free(parsers[i]);
    buf_release(&ours_text);
    buf_release(&truth_text);
}

static size_t compare_all(struct keeper *k)
{
    struct world *w = sim_world(k->rig.sim);
    size_t n = 0;

    for (uint32_t i = 0; i < w->n_guilds; i++) {
        const struct world_guild *g = &w->guilds[i];

        CHECK(cache_guild_is_unavailable(k->cache, g->id) ==
              (g->unavailable && !g->is_gone));
        if (g->is_gone || g->unavailable)
            continue;
        compare(k, g->id);
        n++;
    }
    return n;
}

TEST(what_guild_create_says_is_known)
{
    struct sim_config config = rig_config();
    struct keeper k;

    config.rich = true;
    start(&k, &config);
    live(&k, 1000);
    CHECK_INT(compare_all(&k), 8);
    stop(&k);
}

TEST(after_thousands_of_changes_the_cache_is_the_truth)
{
    struct sim_config config = rig_config();
    struct keeper k;

    config.guilds = 6;
    config.members = 35;
    config.rich = true;
    start(&k, &config);
    live(&k, 1000);
    sim_live(k.rig.sim, 60, UINT64_MAX, k.rig.now);
    for (int i = 0; i < 50; i++) {
        live(&k, 1000);
        CHECK(compare_all(&k) >= 4);
    }
    stop(&k);
}

RUN_TESTS(T(what_guild_create_says_is_known),
          T(after_thousands_of_changes_the_cache_is_the_truth))
