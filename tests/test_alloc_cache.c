/* What the cache is made of, each allocation failing in turn. */
#include "alloc.h"

#include "guild_payload.h"
#include "objects.h"

/* A parsed guild, made while no allocation fails. */
struct run {
    struct json_parser *parser;
    struct buf text;
    cordage_json guild;
};

static void start(struct run *run)
{
    struct guild_payload p = GUILD_PAYLOAD_ALL;

    alloc_fail_at(0);
    *run = (struct run){ .parser = json_parser_new() };
    p.odd = true;
    CHECK_INT(guild_payload_write(&p, &run->text), 0);
    CHECK_INT(json_parse(run->parser, buf_str(&run->text), &run->guild), 0);
}

static void stop(struct run *run)
{
    alloc_fail_at(0);
    json_parser_free(run->parser);
    buf_release(&run->text);
}

/* ---- Records --------------------------------------------------------------------------
 */

/* What fails appends nothing. */
static int one_record(const struct schema *schema, cordage_json object)
{
    struct buf record = { 0 }, merged = { 0 };
    int err = record_write(schema, object, &record);

    if (err)
        CHECK_INT(record.n, 0);
    if (!err)
        err = record_merge(schema, buf_str(&record), object, &merged);
    if (err)
        CHECK_INT(merged.n, 0);
    else
        CHECK(str_eq(buf_str(&record), buf_str(&merged)));
    buf_release(&record);
    buf_release(&merged);
    return err;
}

static int records(void *user)
{
    struct run *run = user;
    int err = one_record(object_schemas[CORDAGE_KIND_GUILDS], run->guild);
    unsigned kind;

    for (kind = 0; !err && kind < CORDAGE_N_KINDS; kind++) {
        const char *key = object_list_key((cordage_kind)kind);
        cordage_json list = key ? json_get(run->guild, key) : run->guild;

        if (key)
            err = one_record(object_schemas[kind], cordage_json_at(list, 0));
    }
    return err;
}

TEST(records_are_written_or_not)
{
    struct run run;

    start(&run);
    CHECK(alloc_each(records, &run) >= 20);
    stop(&run);
}

static int edits(void *user)
{
    const struct schema *guilds = object_schemas[CORDAGE_KIND_GUILDS];
    const struct schema *members = object_schemas[CORDAGE_KIND_MEMBERS];
    struct buf guild = { 0 }, member = { 0 }, out = { 0 };
    struct run *run = user;
    uint64_t n = 7;
    int err;

    alloc_held = true;
    CHECK_INT(record_write(guilds, run->guild, &guild), 0);
    CHECK_INT(record_write(members, cordage_json_at(json_get(run->guild, "members"), 1),
                           &member),
              0);
    alloc_held = false;
    err = record_set_number(guilds, buf_str(&guild), GUILD_MEMBER_COUNT, &n, &out);
    if (err)
        CHECK_INT(out.n, 0);
    buf_release(&out);
    if (!err)
        err = record_drop_id(members, buf_str(&member), MEMBER_ROLES, n, &out);
    if (err)
        CHECK_INT(out.n, 0);
    buf_release(&guild);
    buf_release(&member);
    buf_release(&out);
    return err;
}

TEST(records_are_changed_or_not)
{
    struct run run;

    start(&run);
    CHECK(alloc_each(edits, &run) >= 2);
    stop(&run);
}

RUN_TESTS(T(records_are_written_or_not), T(records_are_changed_or_not))
