#include "world_compare.h"

#include <stdlib.h>
#include <string.h>

#include "json_compare.h"
#include "objects.h"
#include "test.h"

/* What the wire has and no documentation: it is not kept. */
#define UNDOCUMENTED                                                                  \
    "version", "lazy", "hub_type", "home_header", "inventory_settings",               \
        "owner_configured_content_level", "latest_onboarding_question_id",            \
        "premium_progress_bar_enabled_user_updated_at", "application_command_counts", \
        "embedded_activities", "activity_instances", "premium_features", "profile",   \
        "moderator_reporting", "icon_emoji", "theme_color", "template",               \
        "voice_background_display", "clan", "display_name_styles", "is_pending",      \
        "unusual_dm_activity_until", "expires_at", "discoverable",                    \
        "guild_id" /* of a child */
static const char *const ignored[] = { UNDOCUMENTED, NULL };

__attribute__((format(printf, 2, 3))) static void differ(const struct world_compare *c,
                                                         const char *format, ...)
{
    char what[300];
    va_list args;

    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    if (c->differs)
        c->differs(what);
    else
        fail_msg("%s", what);
}

static void fail_at(const struct world_compare *c, const char *what, uint64_t id,
                    const char *where)
{
    differ(c, "guild %llu: %s %llu%s (after %llu events)",
           (unsigned long long)c->guild_id, what, (unsigned long long)id, where,
           (unsigned long long)c->n_events);
}

static bool find(cordage_json list, uint64_t id, cordage_json *out)
{
    struct json_iter it;

    for (bool more = json_first(list, &it); more; more = json_next(&it))
        if (json_identity(it.value) == id) {
            *out = it.value;
            return true;
        }
    return false;
}

/* Not {id} alone, which is a user that isn't cached; and not the bot, of which READY says
 * more than any guild does. */
static bool is_whole(const struct world_compare *c, cordage_json user)
{
    return json_count(user) > 1 && json_identity(user) != c->self;
}

/* Each field that the cached object has says what the truth says. */
static void check_part(struct world_compare *c, const char *key, cordage_json cached,
                       cordage_json truth)
{
    struct json_iter it;
    char where[JSON_COMPARE_WHERE];

    for (bool more = json_first(cached, &it); more; more = json_next(&it)) {
        char name[64];

        snprintf(name, sizeof name, "%.*s", STR_FMT(it.key));
        if (strcmp(name, "user") == 0 && !is_whole(c, it.value))
            continue;
        if (!json_compare(it.value, json_get(truth, name), ignored, where))
            differ(c, "guild %llu: %s %llu .%s%s", (unsigned long long)c->guild_id, key,
                   (unsigned long long)json_identity(cached), name, where);
    }
}

static void check_list(struct world_compare *c, cordage_kind kind, cordage_json cached,
                       cordage_json truth)
{
    const char *key = object_list_key(kind);
    cordage_keep keep = c->policies[kind].keep;
    cordage_json mine = json_get(cached, key), its = json_get(truth, key);
    struct json_iter it;

    for (bool more = json_first(mine, &it); more; more = json_next(&it)) {
        cordage_json other;
        uint64_t id = json_identity(it.value);

        if (find(its, id, &other))
            check_part(c, key, it.value, other);
        else
            fail_at(c, key, id, " is not in the world any more");
        c->n_objects++;
    }
    if (keep == CORDAGE_KEEP_NEVER && json_count(mine) != 0)
        fail_at(c, key, 0, " is kept, and should never be");
    if (keep != CORDAGE_KEEP_FOREVER)
        return;
    for (bool more = json_first(its, &it); more; more = json_next(&it)) {
        cordage_json other;
        char where[JSON_COMPARE_WHERE];

        if (!find(mine, json_identity(it.value), &other))
            fail_at(c, key, json_identity(it.value), " is missing in the cache");
        /* A member has as much of its user as the users' policy keeps. */
        else if (c->policies[CORDAGE_KIND_USERS].keep == CORDAGE_KEEP_FOREVER &&
                 json_identity(it.value) != c->self &&
                 !json_compare(it.value, other, ignored, where))
            fail_at(c, key, json_identity(it.value), where);
    }
}

/* The guild's own fields. */
static void check_guild_fields(struct world_compare *c, cordage_json cached,
                               cordage_json truth)
{
    /* Nor are the lists, which are compared by themselves. What is large depends on the
     * session. */
    const char *lists[CORDAGE_N_KINDS + 40] = { UNDOCUMENTED, "nsfw", "unavailable",
                                                "large" };
    size_t n = 0;
    char where[JSON_COMPARE_WHERE];

    while (lists[n])
        n++;
    if (c->counts_may_differ)
        lists[n++] = "member_count";
    for (int kind = 0; kind < CORDAGE_N_KINDS; kind++)
        if (object_list_key((cordage_kind)kind))
            lists[n++] = object_list_key((cordage_kind)kind);
    if (!json_compare(cached, truth, lists, where))
        fail_at(c, "the guild itself", c->guild_id, where);
}

void world_compare_init(struct world_compare *c)
{
    c->truth_parser = json_parser_new();
    c->cached_parser = json_parser_new();
}

void world_compare_release(struct world_compare *c)
{
    json_parser_free(c->truth_parser);
    json_parser_free(c->cached_parser);
}

void world_compare_guild(struct world_compare *c, struct str truth_text,
                         struct str cached_text)
{
    cordage_json truth, cached;

    if (json_parse(c->truth_parser, truth_text, &truth) ||
        json_parse(c->cached_parser, cached_text, &cached) ||
        !json_id(json_get(truth, "id"), &c->guild_id)) {
        differ(c, "a guild that is no JSON");
        return;
    }
    check_guild_fields(c, cached, truth);
    for (int kind = 0; kind < CORDAGE_N_KINDS; kind++)
        if (object_list_key((cordage_kind)kind))
            check_list(c, (cordage_kind)kind, cached, truth);
}
