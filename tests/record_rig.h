/* record_rig.h - a schema with a field of each type, and records of it. */
#ifndef RECORD_RIG_H
#define RECORD_RIG_H

#include <stdlib.h>

#include "error.h"
#include "record.h"
#include "test.h"

static const struct field point_fields[] = {
    { "x", 1, FIELD_INT, "0", NULL, NULL },
    { "name", 4, FIELD_STRING, NULL, NULL, NULL },
    { "ids", 3, FIELD_IDS, "[]", NULL, NULL },
};
static const struct schema point = { "point", point_fields, 3 };

static const char *const words[] = { "online", "idle", NULL };

enum {
    YES,
    INT,
    DOUBLE,
    ID,
    BITS,
    TIME,
    HASH,
    STRING,
    WORD,
    IDS,
    INTS,
    STRINGS,
    OBJECT,
    OBJECTS,
    NO, /* usually true */
    LAST
};

static const struct field all_fields[] = {
    [YES] = { "yes", 3, FIELD_BOOL, NULL, NULL, NULL },
    [INT] = { "int", 3, FIELD_INT, "-7", NULL, NULL },
    [DOUBLE] = { "double", 6, FIELD_DOUBLE, "1", NULL, NULL },
    [ID] = { "id", 2, FIELD_ID, NULL, NULL, NULL },
    [BITS] = { "bits", 4, FIELD_BITS, "\"0\"", NULL, NULL },
    [TIME] = { "time", 4, FIELD_TIME, NULL, NULL, NULL },
    [HASH] = { "hash", 4, FIELD_HASH, NULL, NULL, NULL },
    [STRING] = { "string", 6, FIELD_STRING, "\"\"", NULL, NULL },
    [WORD] = { "word", 4, FIELD_WORD, "\"online\"", NULL, words },
    [IDS] = { "ids", 3, FIELD_IDS, "[]", NULL, NULL },
    [INTS] = { "ints", 4, FIELD_INTS, NULL, NULL, NULL },
    [STRINGS] = { "strings", 7, FIELD_STRINGS, NULL, NULL, words },
    [OBJECT] = { "object", 6, FIELD_OBJECT, "{\"x\":0}", &point, NULL },
    [OBJECTS] = { "objects", 7, FIELD_OBJECTS, "[]", &point, NULL },
    [NO] = { "no", 2, FIELD_BOOL, "true", NULL, NULL },
    [LAST] = { "last", 4, FIELD_ID, NULL, NULL, NULL },
};
static const struct schema all = { "all", all_fields, 16 };

struct rig {
    struct json_parser *parser;
    struct buf text, record, out;
};

static inline struct rig rig_start(void)
{
    struct rig r = { .parser = json_parser_new() };

    CHECK(r.parser != NULL);
    return r;
}

static inline void rig_stop(struct rig *r)
{
    json_parser_free(r->parser);
    buf_release(&r->text);
    buf_release(&r->record);
    buf_release(&r->out);
}

static inline cordage_json parse(struct rig *r, const char *json)
{
    cordage_json v;

    buf_clear(&r->text);
    CHECK_INT(buf_append_z(&r->text, json), 0);
    if (json_parse(r->parser, buf_str(&r->text), &v) != 0)
        fail_msg("not JSON: %s", json);
    return v;
}

/* r->record is written from `json`. */
static inline struct str written(struct rig *r, const struct schema *schema,
                                 const char *json)
{
    buf_clear(&r->record);
    CHECK_INT(record_write(schema, parse(r, json), &r->record), 0);
    return buf_str(&r->record);
}

/* A record as JSON. */
static inline struct str shown(struct rig *r, const struct schema *schema,
                               struct str record)
{
    struct json_writer w;

    buf_clear(&r->text);
    json_begin(&w, &r->text);
    json_open(&w, '{');
    CHECK_INT(record_json(schema, record, &w), 0);
    json_shut(&w, '}');
    CHECK_INT(json_end(&w), 0);
    return buf_str(&r->text);
}

#endif
