/* What Discord sends of each kind of object comes back as it was. */
#include "objects.h"

#include "captures.h"
#include "guild_payload.h"
#include "json_same.h"
#include "test.h"

static const char *const kind_names[CORDAGE_N_KINDS] = {
#define KIND_NAME(NAME, name, policy) [CORDAGE_KIND_##NAME] = #name,
    CORDAGE_KINDS(KIND_NAME)
#undef KIND_NAME
};

/* ---- There and back -------------------------------------------------------------------
 */

static void parse(struct json_parser *parser, struct buf *text, cordage_json *out)
{
    CHECK_INT(buf_reserve(text, 0), 0);
    if (json_parse(parser, buf_str(text), out) != 0)
        fail_msg("not JSON: %.*s", STR_FMT(buf_str(text)));
}

static void to_json(const struct schema *schema, struct str record, struct buf *out)
{
    struct json_writer w;

    buf_clear(out);
    json_begin(&w, out);
    json_open(&w, '{');
    CHECK_INT(record_json(schema, record, &w), 0);
    json_shut(&w, '}');
    CHECK_INT(json_end(&w), 0);
}

/* JSON -> record -> JSON is the same JSON; -> record is the same record. Returns its
 * size. */
static size_t there_and_back(const struct schema *schema, cordage_json object)
{
    struct json_parser *parser = json_parser_new();
    struct buf record = { 0 }, again = { 0 }, text = { 0 };
    cordage_json back;
    size_t n;

    CHECK_INT(record_write(schema, object, &record), 0);
    to_json(schema, buf_str(&record), &text);
    parse(parser, &text, &back);
    if (!json_same(schema, object, back))
        fail_msg("%s: %.*s", schema->name, STR_FMT(buf_str(&text)));
    CHECK_INT(record_write(schema, back, &again), 0);
    CHECK(str_eq(buf_str(&record), buf_str(&again)));
    n = record.n;
    buf_release(&record);
    buf_release(&again);
    buf_release(&text);
    json_parser_free(parser);
    return n;
}

/* A guild with all its children; what each kind takes is added to `bytes`. */
static void guild_and_back(cordage_json guild, size_t *bytes, size_t *counts)
{
    unsigned kind;
    struct json_iter it;
    bool more;

    bytes[CORDAGE_KIND_GUILDS] +=
        there_and_back(object_schemas[CORDAGE_KIND_GUILDS], guild);
    counts[CORDAGE_KIND_GUILDS]++;
    for (kind = 0; kind < CORDAGE_N_KINDS; kind++) {
        const char *key = object_list_key((cordage_kind)kind);

        if (!key)
            continue;
        for (more = json_first(json_get(guild, key), &it); more; more = json_next(&it)) {
            CHECK(object_id((cordage_kind)kind, it.value) != 0);
            bytes[kind] += there_and_back(object_schemas[kind], it.value);
            counts[kind]++;
            if (kind != CORDAGE_KIND_MEMBERS)
                continue;
            bytes[CORDAGE_KIND_USERS] +=
                there_and_back(object_schemas[CORDAGE_KIND_USERS],
                               json_get(it.value, "user"));
            counts[CORDAGE_KIND_USERS]++;
        }
    }
}

static void payload_and_back(const struct guild_payload *p, size_t *payload,
                             size_t *bytes, size_t *counts)
{
    struct json_parser *parser = json_parser_new();
    struct buf text = { 0 };
    cordage_json guild;

    CHECK_INT(guild_payload_write(p, &text), 0);
    *payload = text.n;
    parse(parser, &text, &guild);
    CHECK_INT(object_id(CORDAGE_KIND_GUILDS, guild),
              guild_payload_id(p, CORDAGE_KIND_GUILDS, 0));
    guild_and_back(guild, bytes, counts);
    buf_release(&text);
    json_parser_free(parser);
}

/* ---- The tables -----------------------------------------------------------------------
 */

static void expect_key(const struct schema *schema, unsigned field, const char *key)
{
    CHECK(field < schema->n);
    CHECK_STR(str_of(schema->fields[field].key), key);
}

#define EXPECT(KIND, FIELD, key) \
    expect_key(object_schemas[CORDAGE_KIND_##KIND], FIELD, key)

TEST(the_fields_we_name_are_where_we_say)
{
    EXPECT(GUILDS, GUILD_OWNER_ID, "owner_id");
    EXPECT(GUILDS, GUILD_MEMBER_COUNT, "member_count");
    EXPECT(GUILDS, GUILD_JOINED_AT, "joined_at");
    EXPECT(CHANNELS, CHANNEL_TYPE, "type");
    EXPECT(CHANNELS, CHANNEL_PARENT_ID, "parent_id");
    EXPECT(CHANNELS, CHANNEL_OVERWRITES, "permission_overwrites");
    EXPECT(CHANNELS, CHANNEL_LAST_MESSAGE_ID, "last_message_id");
    EXPECT(CHANNELS, CHANNEL_LAST_PIN, "last_pin_timestamp");
    EXPECT(THREADS, CHANNEL_THREAD_METADATA, "thread_metadata");
    EXPECT(THREADS, CHANNEL_MESSAGE_COUNT, "message_count");
    EXPECT(THREADS, CHANNEL_TOTAL_MESSAGES, "total_message_sent");
    EXPECT(THREADS, CHANNEL_MEMBER_COUNT, "member_count");
    EXPECT(THREADS, CHANNEL_MEMBER, "member");
    EXPECT(ROLES, ROLE_PERMISSIONS, "permissions");
    EXPECT(ROLES, ROLE_POSITION, "position");
    EXPECT(MEMBERS, MEMBER_ROLES, "roles");
    EXPECT(MEMBERS, MEMBER_TIMEOUT, "communication_disabled_until");
    EXPECT(MEMBERS, MEMBER_JOINED_AT, "joined_at");
    EXPECT(EMOJIS, EMOJI_ROLES, "roles");
    EXPECT(PRESENCES, PRESENCE_STATUS, "status");
    EXPECT(VOICE_STATES, VOICE_CHANNEL_ID, "channel_id");
    EXPECT(STAGE_INSTANCES, STAGE_CHANNEL_ID, "channel_id");
    EXPECT(SCHEDULED_EVENTS, SCHEDULED_STATUS, "status");
    EXPECT(SCHEDULED_EVENTS, SCHEDULED_USER_COUNT, "user_count");
    expect_key(&overwrite_schema, OVERWRITE_ID, "id");
    expect_key(&overwrite_schema, OVERWRITE_TYPE, "type");
    expect_key(&overwrite_schema, OVERWRITE_ALLOW, "allow");
    expect_key(&overwrite_schema, OVERWRITE_DENY, "deny");
    expect_key(&thread_metadata_schema, THREAD_METADATA_ARCHIVED, "archived");
}

/* The usual value is one of the field's type, and takes nothing but its code. */
static void check_usual(const struct field *f)
{
    const struct schema one = { "one field", f, 1 };
    struct json_parser *parser = json_parser_new();
    struct buf text = { 0 }, record = { 0 };
    cordage_json object;

    CHECK_INT(buf_printf(&text, "{\"%s\":%s}", f->key, f->usual), 0);
    parse(parser, &text, &object);
    CHECK_INT(record_write(&one, object, &record), 0);
    if (record.n != 2)
        fail_msg("%s: %s takes room", f->key, f->usual);
    to_json(&one, buf_str(&record), &text);
    CHECK(str_find(buf_str(&text), str_of(f->usual)) != SIZE_MAX);
    buf_release(&text);
    buf_release(&record);
    json_parser_free(parser);
}

static void check_schema(const struct schema *schema)
{
    unsigned i, j, n;

    CHECK(schema->n > 0 && schema->n <= RECORD_FIELDS);
    for (i = 0; i < schema->n; i++) {
        const struct field *f = &schema->fields[i];

        CHECK_INT(f->key_n, strlen(f->key));
        CHECK((f->type == FIELD_OBJECT || f->type == FIELD_OBJECTS) == (f->of != NULL));
        for (j = 0; j < i; j++)
            CHECK(strcmp(f->key, schema->fields[j].key) != 0);
        if (f->usual)
            check_usual(f);
        for (n = 0; f->words && f->words[n]; n++)
            for (j = 0; j < n; j++)
                CHECK(strcmp(f->words[j], f->words[n]) != 0);
        CHECK(n <= 250);
        if (f->of)
            check_schema(f->of);
    }
}

TEST(the_tables_are_sound)
{
    for (unsigned kind = 0; kind < CORDAGE_N_KINDS; kind++)
        check_schema(object_schemas[kind]);
}

/* ---- Made guilds ----------------------------------------------------------------------
 */

TEST(a_guild_of_57_kb_takes_a_seventh)
{
    size_t payload, bytes[CORDAGE_N_KINDS] = { 0 }, counts[CORDAGE_N_KINDS] = { 0 };
    size_t sum = 0;
    unsigned kind;

    payload_and_back(&GUILD_PAYLOAD_57K, &payload, bytes, counts);
    for (kind = 0; kind < CORDAGE_N_KINDS; kind++) {
        if (counts[kind])
            printf("%-16s %3zu records %5zu bytes\n", kind_names[kind], counts[kind],
                   bytes[kind]);
        sum += bytes[kind];
    }
    printf("GUILD_CREATE %zu bytes, records %zu bytes\n", payload, sum);
    CHECK(payload > 56500 && payload < 59000);
    CHECK(sum < payload / 7);
}

TEST(every_kind_comes_back)
{
    size_t payload, bytes[CORDAGE_N_KINDS] = { 0 }, counts[CORDAGE_N_KINDS] = { 0 };
    unsigned kind;

    payload_and_back(&GUILD_PAYLOAD_ALL, &payload, bytes, counts);
    for (kind = 0; kind < CORDAGE_N_KINDS; kind++)
        CHECK(counts[kind] > 0);
}

TEST(what_is_odd_comes_back)
{
    size_t payload, bytes[CORDAGE_N_KINDS], counts[CORDAGE_N_KINDS];
    struct guild_payload p = GUILD_PAYLOAD_ALL;

    p.odd = true;
    for (p.seed = 1; p.seed <= 60; p.seed++) {
        memset(bytes, 0, sizeof bytes);
        payload_and_back(&p, &payload, bytes, counts);
    }
}

/* ---- Real traffic ---------------------------------------------------------------------
 */

/* What Discord sends without documenting it, and what records leave to their keys. */
static bool is_known_extra(struct str key)
{
    static const char *const extra[] = {
        "id",
        "guild_id",
        "user",
        "user_id",
        "sound_id",
        "version",
        "display_name",
        "display_name_styles",
        "icon_emoji",
        "theme_color",
        "status",
        "template",
        "voice_background_display",
        "asset",
        "color",
        "discoverable",
        "clan",
        "bio",
        "banner_color",
        "unusual_dm_activity_until",
        "is_pending",
        "expires_at",
        "linked_lobby",
        "member",
        "newly_created",
        "muted",
        "description",
        "mute_config",
    };

    for (size_t i = 0; i < sizeof extra / sizeof *extra; i++)
        if (str_is(key, extra[i]))
            return true;
    return false;
}

static void expect_all_known(const struct schema *schema, cordage_json object)
{
    struct json_iter it;
    unsigned i;
    bool more;

    for (more = json_first(object, &it); more; more = json_next(&it)) {
        for (i = 0; i < schema->n && !str_is(it.key, schema->fields[i].key); i++)
            ;
        if (i == schema->n && !is_known_extra(it.key))
            fail_msg("%s: nobody knows \"%.*s\"", schema->name, STR_FMT(it.key));
        if (i < schema->n && schema->fields[i].type == FIELD_OBJECT)
            expect_all_known(schema->fields[i].of, it.value);
    }
}

/* One object, or a list of them, also behind `items`; of events their `d`. */
static void objects_and_back(cordage_kind kind, cordage_json found)
{
    const struct schema *schema = object_schemas[kind];
    struct json_iter it;
    bool more;

    if (cordage_json_type_of(found) == CORDAGE_JSON_ARRAY) {
        for (more = json_first(found, &it); more; more = json_next(&it))
            objects_and_back(kind, it.value);
        return;
    }
    if (!json_is_absent(json_get(found, "items"))) {
        objects_and_back(kind, json_get(found, "items"));
        return;
    }
    if (!json_is_absent(json_get(found, "d")))
        found = json_get(found, "d");
    expect_all_known(schema, found);
    there_and_back(schema, found);
    if (kind == CORDAGE_KIND_MEMBERS)
        objects_and_back(CORDAGE_KIND_USERS, json_get(found, "user"));
}

static void captured_objects(struct str content, void *user)
{
    struct json_parser *parser = json_parser_new();
    cordage_json root;

    CHECK_INT(json_parse(parser, content, &root), 0);
    objects_and_back(*(cordage_kind *)user, root);
    json_parser_free(parser);
}

TEST(captured_objects_come_back)
{
    static struct {
        const char *file;
        cordage_kind kind;
    } files[] = {
        { "gateway_guild_member_update", CORDAGE_KIND_MEMBERS },
        { "gateway_thread_create", CORDAGE_KIND_THREADS },
        { "gateway_voice_state_update", CORDAGE_KIND_VOICE_STATES },
        { "rest_get_channels", CORDAGE_KIND_CHANNELS },
        { "rest_get_emojis", CORDAGE_KIND_EMOJIS },
        { "rest_get_me.", CORDAGE_KIND_USERS },
        { "rest_get_members", CORDAGE_KIND_MEMBERS },
        { "rest_get_roles", CORDAGE_KIND_ROLES },
    };

    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        captures_each(files[i].file, captured_objects, &files[i].kind);
}

static void captured_guilds(struct str content, void *user)
{
    size_t bytes[CORDAGE_N_KINDS] = { 0 }, counts[CORDAGE_N_KINDS] = { 0 };
    struct json_parser *parser = json_parser_new();
    struct json_iter it;
    cordage_json root;
    unsigned kind;
    bool more;

    CHECK_INT(json_parse(parser, content, &root), 0);
    for (more = json_first(root, &it); more; more = json_next(&it)) {
        cordage_json guild = json_get(it.value, "d");

        guild_and_back(guild, bytes, counts);
        for (kind = 0; kind < CORDAGE_N_KINDS; kind++)
            if (object_list_key((cordage_kind)kind))
                objects_and_back((cordage_kind)kind,
                                 json_get(guild, object_list_key((cordage_kind)kind)));
        ++*(unsigned *)user;
    }
    json_parser_free(parser);
}

TEST(captured_guilds_come_back)
{
    unsigned guilds = 0,
             files = captures_each("gateway_guild_create", captured_guilds, &guilds);

    CHECK(guilds >= files);
}

RUN_TESTS(T(the_fields_we_name_are_where_we_say), T(the_tables_are_sound),
          T(a_guild_of_57_kb_takes_a_seventh), T(every_kind_comes_back),
          T(what_is_odd_comes_back), T(captured_objects_come_back),
          T(captured_guilds_come_back))
