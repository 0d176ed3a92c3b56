/* The first byte chooses a schema; the rest is taken for a record of it, and, where it is
 * JSON, for an object. No record does harm, whatever its bytes; one that was written from
 * JSON gives that JSON back, and that JSON the same record. */
#include "fuzz.h"

#include "error.h"
#include "objects.h"

static void write_all(const struct schema *schema, struct str record, struct buf *out,
                      int *err)
{
    struct json_writer w;

    buf_clear(out);
    json_begin(&w, out);
    json_open(&w, '{');
    *err = record_json(schema, record, &w);
    json_shut(&w, '}');
    FUZZ_CHECK(json_end(&w) == 0);
    FUZZ_CHECK(buf_reserve(out, 1) == 0);
}

/* Asks for every field, and changes each. */
static void ask(const struct schema *schema, struct str record)
{
    struct buf out = { 0 };
    uint64_t n, one = 1;
    struct str object;
    unsigned i;
    size_t at;

    for (i = 0; i < schema->n; i++) {
        record_state(schema, record, i);
        record_number(schema, record, i, &n);
        for (at = 0; record_next_id(schema, record, i, &at, &n);)
            FUZZ_CHECK(record_has_id(schema, record, i, n));
        for (at = 0; record_next_object(schema, record, i, &at, &object);)
            FUZZ_CHECK(object.n > 0 && object.p >= record.p &&
                       object.p + object.n <= record.p + record.n);
        buf_clear(&out);
        if (record_set_number(schema, record, i, &one, &out) == 0)
            FUZZ_CHECK(record_state(schema, buf_str(&out), i) == FIELD_VALUE);
        buf_clear(&out);
        if (record_drop_id(schema, record, i, 1, &out) == 0)
            FUZZ_CHECK(!record_has_id(schema, buf_str(&out), i, 1));
    }
    buf_release(&out);
}

/* An update with nothing in it changes nothing that a reader sees. */
static void merge_nothing(const struct schema *schema, struct str record,
                          struct str shown)
{
    struct json_parser *parser = json_parser_new();
    struct buf empty = { 0 }, merged = { 0 }, text = { 0 };
    cordage_json update;
    int err;

    FUZZ_CHECK(parser && buf_append_z(&empty, "{}") == 0);
    FUZZ_CHECK(json_parse(parser, buf_str(&empty), &update) == 0);
    FUZZ_CHECK(record_merge(schema, record, update, &merged) == 0);
    write_all(schema, buf_str(&merged), &text, &err);
    FUZZ_CHECK(err == 0 && str_eq(buf_str(&text), shown));
    buf_release(&empty);
    buf_release(&merged);
    buf_release(&text);
    json_parser_free(parser);
}

/* Returns the JSON that comes back; empty, where `json` is none. */
static struct buf take_as_json(const struct schema *schema, struct str json)
{
    struct buf text = { 0 }, first = { 0 }, second = { 0 }, again = { 0 };
    struct json_parser *parser = json_parser_new();
    cordage_json object;
    int err;

    FUZZ_CHECK(parser && buf_append_str(&again, json) == 0 &&
               buf_reserve(&again, 1) == 0);
    if (json_parse(parser, buf_str(&again), &object) == 0 &&
        record_write(schema, object, &first) == 0) {
        write_all(schema, buf_str(&first), &text, &err);
        FUZZ_CHECK(err == 0);
        ask(schema, buf_str(&first));
        FUZZ_CHECK(json_parse(parser, buf_str(&text), &object) == 0);
        FUZZ_CHECK(record_write(schema, object, &second) == 0);
        FUZZ_CHECK(str_eq(buf_str(&first), buf_str(&second)));
        buf_clear(&again);
        FUZZ_CHECK(record_merge(schema, buf_str(&first), object, &again) == 0);
        FUZZ_CHECK(str_eq(buf_str(&first), buf_str(&again)));
    }
    buf_release(&first);
    buf_release(&second);
    buf_release(&again);
    json_parser_free(parser);
    return text;
}

static void take_as_record(const struct schema *schema, struct str record)
{
    struct buf text = { 0 }, back;
    int err;

    ask(schema, record);
    write_all(schema, record, &text, &err);
    FUZZ_CHECK(err == 0 || err == CORDAGE_EPARSE);
    if (err == 0) {
        merge_nothing(schema, record, buf_str(&text));
        back = take_as_json(schema, buf_str(&text));
        FUZZ_CHECK(str_eq(buf_str(&text), buf_str(&back)));
        buf_release(&back);
    }
    buf_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct schema *schema;
    struct str rest;

    if (size == 0 || size > 16384)
        return 0;
    rest = (struct str){ (const char *)data + 1, size - 1 };
    schema = object_schemas[data[0] % CORDAGE_N_KINDS];
    take_as_record(schema, rest);
    if (rest.n > 0 && rest.p[0] == '{') {
        struct buf text = take_as_json(schema, rest);

        buf_release(&text);
    }
    return 0;
}
