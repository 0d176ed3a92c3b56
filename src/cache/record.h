/* record.h - an object in a few bytes, from JSON and back.
 *
 * A schema lists an object's documented fields. A record holds for each field whether it
 * is absent, null, its usual value (which takes no room) or a value, and then the values,
 * each in the shortest form that gives back the same JSON: snowflakes in 8 bytes, hashes
 * in 16, timestamps and bit sets as numbers, nested objects and lists by schemas of their
 * own. What is written differently than its form expects (a timestamp with an odd
 * fraction, a hash that is none) is kept as text; so record -> JSON is exact for every
 * documented field, but for the order of keys. Unknown keys, and values of a wrong type,
 * are dropped.
 *
 * Records are read and written by this process and, from snapshots, by later versions:
 * fields are only ever added at a schema's end, and a record of an older schema reads as
 * if the new fields were absent; a record says how many fields it was written with.
 *
 * A record from a damaged snapshot must not do harm: every reader is bounded by the
 * record's length and answers "absent", or CORDAGE_EPARSE, for what makes no sense.
 *
 * Pure. */
#ifndef CACHE_RECORD_H
#define CACHE_RECORD_H

#include "buf.h"
#include "json.h"
#include "json_write.h"

enum field_type {
    FIELD_BOOL,
    FIELD_INT, /* any int64; an integral double counts */
    FIELD_DOUBLE,
    FIELD_ID,   /* a snowflake, string or integer; given back as a string */
    FIELD_BITS, /* a bit set, or another number, in a decimal string */
    FIELD_TIME, /* an ISO 8601 timestamp */
    FIELD_HASH, /* an image hash: 32 hex digits, perhaps behind "a_" */
    FIELD_STRING,
    FIELD_WORD, /* a string of which a few are common: field.words */
    FIELD_IDS,  /* a list of snowflakes */
    FIELD_INTS,
    FIELD_STRINGS, /* with field.words, if there are any */
    FIELD_OBJECT,  /* field.of */
    FIELD_OBJECTS  /* a list of field.of */
};

struct schema;

struct field {
    const char *key;
    unsigned char key_n; /* its length */
    unsigned char type;  /* enum field_type */
    /* The value that takes no room, as JSON text: "false", "0", "\"\"", "[]"… NULL: none
     * (FIELD_BOOL: "false"). Ids and times have none. Never changed: old records are
     * read by it. */
    const char *usual;
    const struct schema *of;
    const char *const *words; /* NULL-terminated, at most 250; only added at its end */
};

enum { RECORD_FIELDS = 100 }; /* most fields of a schema */

struct schema {
    const char *name;
    const struct field *fields;
    unsigned n;
};

/* Appends a record of `object`. CORDAGE_ENOMEM, CORDAGE_EINVAL if it is no object. */
int record_write(const struct schema *schema, cordage_json object, struct buf *out);
/* Appends `old` as it is after an update: a field of `update` that is there (null
 * included) replaces the old one whole, the others stay. `old` empty: as record_write.
 * CORDAGE_ENOMEM, CORDAGE_EINVAL, CORDAGE_EPARSE (`old` is damaged). */
int record_merge(const struct schema *schema, struct str old, cordage_json update,
                 struct buf *out);
/* Writes the fields as members of the object that `w` has open. CORDAGE_EPARSE, in which
 * case what was written is to be thrown away; all that was opened is shut all the same.
 */
int record_json(const struct schema *schema, struct str record, struct json_writer *w);

/* Whether it can be read to its end, and ends there. */
bool record_is_whole(const struct schema *schema, struct str record);

/* ---- Single fields --------------------------------------------------------------------
 * `field` is an index into schema->fields. */

enum field_state { FIELD_ABSENT, FIELD_NULL, FIELD_VALUE };
enum field_state record_state(const struct schema *schema, struct str record,
                              unsigned field);
/* FIELD_BOOL, FIELD_INT, FIELD_ID, FIELD_BITS, FIELD_TIME (Unix ms), as a number. False:
 * absent, null, or nothing of these. */
bool record_number(const struct schema *schema, struct str record, unsigned field,
                   uint64_t *out);
/* FIELD_IDS, and whether `id` is among them. */
bool record_has_id(const struct schema *schema, struct str record, unsigned field,
                   uint64_t id);
/* Each element of FIELD_IDS in turn, *at from 0; false at the end. */
bool record_next_id(const struct schema *schema, struct str record, unsigned field,
                    size_t *at, uint64_t *id);
/* Each record of FIELD_OBJECTS in turn, *at from 0; false at the end. */
bool record_next_object(const struct schema *schema, struct str record, unsigned field,
                        size_t *at, struct str *object);
/* Appends `record` with one number or list changed; the rest as it is. `value` NULL makes
 * it null. For FIELD_BOOL, FIELD_INT, FIELD_ID. CORDAGE_ENOMEM, CORDAGE_EINVAL (another
 * type), CORDAGE_EPARSE. */
int record_set_number(const struct schema *schema, struct str record, unsigned field,
                      const uint64_t *value, struct buf *out);
/* Appends `record` with a field of any type as in JSON; absent, or of a wrong type, it is
 * absent. CORDAGE_ENOMEM, CORDAGE_EPARSE. */
int record_set(const struct schema *schema, struct str record, unsigned field,
               cordage_json value, struct buf *out);
/* Appends `record` with a field as it is in `other`. Errors as record_set. */
int record_take(const struct schema *schema, struct str record, struct str other,
                unsigned field, struct buf *out);
/* Appends `record` without `id` in a FIELD_IDS; as it is, if that isn't in it. Errors as
 * record_set_number. */
int record_drop_id(const struct schema *schema, struct str record, unsigned field,
                   uint64_t id, struct buf *out);

#endif
