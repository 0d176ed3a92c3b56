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

/* ---- Tests ----------------------------------------------------------------------------
 */

TEST(a_guild_of_57_kb_takes_a_sixth)
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
    CHECK(sum < payload / 6);
}

RUN_TESTS(T(a_guild_of_57_kb_takes_a_sixth))
