/* A view {doc, at} is simdjson's own way to point at a value: a document and an
 * index on its tape (simdjson's doc/tape.md). Only this file knows that. Words on
 * the tape are typed, so every question first looks at the type and then answers
 * or says "absent"; nothing here trusts the caller to have asked first. */
#include <cstring>
#include <new>
#include <simdjson.h>

extern "C" {
#include "json.h"
#include "buf.h"
#include "limits.h"
#include "timestamp.h"
}

using simdjson::dom::document;
using simdjson::internal::tape_ref;
using simdjson::internal::tape_type;

static_assert(BUF_SLACK >= simdjson::SIMDJSON_PADDING, "simdjson reads that far behind");

namespace
{

/* Room for the first document, and the most that outlives a giant one. simdjson needs
 * some 14 bytes of memory for each byte of room. */
constexpr size_t ROOM_FIRST = 4 * 1024;
constexpr size_t ROOM_KEPT = 512 * 1024;

/* Where simdjson keeps the count of a container it has 24 bits: this means "or more". */
constexpr uint32_t COUNT_SATURATED = 0xffffff;

constexpr cordage_json ABSENT = { nullptr, 0 };

tape_ref ref_of(cordage_json v)
{
    return tape_ref(static_cast<const document *>(v.doc), v.at);
}

cordage_json view_at(cordage_json sibling, size_t at)
{
    return { sibling.doc, at };
}

/* False for an absent view: it has no type. */
bool is_type(cordage_json v, tape_type type)
{
    return v.doc && ref_of(v).tape_ref_type() == type;
}

bool is_container(cordage_json v)
{
    return is_type(v, tape_type::START_OBJECT) || is_type(v, tape_type::START_ARRAY);
}

/* A string's word says where it lies: its length in four bytes, then itself. Keys are
 * read more often than anything else, so this asks the tape once for both. */
inline struct str str_at(const tape_ref &ref)
{
    const uint8_t *p = ref.doc->string_buf.get() + ref.tape_value();
    uint32_t n;

    memcpy(&n, p, sizeof n);
    return { reinterpret_cast<const char *>(p + sizeof n), n };
}

} // namespace

struct json_parser {
    simdjson::dom::parser parser;
    document doc;
    size_t room; /* the largest text that needs no further memory */
    struct json_parser *beside;
};

struct json_doc {
    document doc;
};

struct json_parser *json_parser_new(void)
{
    struct json_parser *p = new (std::nothrow) json_parser();

    return p;
}

void json_parser_free(struct json_parser *p)
{
    if (p)
        json_parser_free(p->beside);
    delete p;
}

static void give_back(struct json_parser *p)
{
    p->parser = simdjson::dom::parser();
    p->doc = document();
    p->room = 0;
}

/* Grows in powers of two: simdjson by itself would grow to each new largest document
 * exactly, and so at every second GUILD_CREATE of a start. A giant is given what it needs
 * and no more, since that doesn't last. */
static int make_room(struct json_parser *p, size_t n)
{
    size_t room = ROOM_FIRST;

    if (p->room > ROOM_KEPT && n <= ROOM_KEPT)
        give_back(p);
    if (n <= p->room)
        return 0;
    while (room < n)
        room += room;
    if (room > ROOM_KEPT)
        room = n;
    if (p->doc.allocate(room) || p->parser.allocate(room, LIMIT_JSON_DEPTH)) {
        /* A half-grown parser isn't worth reasoning about. */
        give_back(p);
        return CORDAGE_ENOMEM;
    }
    p->room = room;
    return 0;
}

int json_parse(struct json_parser *p, struct str text, cordage_json *out)
{
    simdjson::error_code code;
    int err;

    *out = ABSENT;
    if (text.n > LIMIT_PAYLOAD)
        return CORDAGE_ELIMIT;
    err = make_room(p, text.n);
    if (err)
        return err;
    code = p->parser.parse_into_document(p->doc, text.p, text.n, false).error();
    if (code == simdjson::MEMALLOC) {
        give_back(p);
        return CORDAGE_ENOMEM;
    }
    if (code)
        return CORDAGE_EPARSE;
    *out = { &p->doc, 1 }; /* 0 is the tape's root word */
    return 0;
}

int json_parse_beside(struct json_parser *p, struct str text, cordage_json *out)
{
    *out = ABSENT;
    if (!p->beside)
        p->beside = json_parser_new();
    return p->beside ? json_parse(p->beside, text, out) : CORDAGE_ENOMEM;
}

int json_doc_new(struct str text, struct json_doc **doc, cordage_json *out)
{
    simdjson::dom::parser parser;
    simdjson::error_code code;
    struct json_doc *d;

    *doc = nullptr;
    *out = ABSENT;
    if (text.n > LIMIT_PAYLOAD)
        return CORDAGE_ELIMIT;
    if (text.n == 0)
        return CORDAGE_EPARSE;
    d = new (std::nothrow) json_doc();
    if (!d)
        return CORDAGE_ENOMEM;
    code = d->doc.allocate(text.n);
    if (!code)
        code = parser.allocate(text.n, LIMIT_JSON_DEPTH);
    if (!code)
        code = parser.parse_into_document(d->doc, text.p, text.n, false).error();
    if (code) {
        delete d;
        return code == simdjson::MEMALLOC ? CORDAGE_ENOMEM : CORDAGE_EPARSE;
    }
    *out = { &d->doc, 1 };
    *doc = d;
    return 0;
}

void json_doc_free(struct json_doc *doc)
{
    delete doc;
}

bool json_is_absent(cordage_json v)
{
    return !v.doc;
}

bool json_is_null(cordage_json v)
{
    return is_type(v, tape_type::NULL_VALUE);
}

bool json_str(cordage_json v, struct str *out)
{
    if (!is_type(v, tape_type::STRING))
        return false;
    *out = str_at(ref_of(v));
    return true;
}

bool json_u64(cordage_json v, uint64_t *out)
{
    int64_t small;

    /* The tape has what fits an int64 as INT64, and only the rest as UINT64. */
    if (is_type(v, tape_type::UINT64)) {
        *out = ref_of(v).next_tape_value<uint64_t>();
        return true;
    }
    if (!json_i64(v, &small) || small < 0)
        return false;
    *out = static_cast<uint64_t>(small);
    return true;
}

bool json_i64(cordage_json v, int64_t *out)
{
    if (!is_type(v, tape_type::INT64))
        return false;
    *out = ref_of(v).next_tape_value<int64_t>();
    return true;
}

bool json_double(cordage_json v, double *out)
{
    uint64_t large;
    int64_t small;

    if (is_type(v, tape_type::DOUBLE))
        *out = ref_of(v).next_tape_value<double>();
    else if (json_i64(v, &small))
        *out = static_cast<double>(small);
    else if (json_u64(v, &large))
        *out = static_cast<double>(large);
    else
        return false;
    return true;
}

bool json_bool(cordage_json v, bool *out)
{
    bool yes = is_type(v, tape_type::TRUE_VALUE);

    if (!yes && !is_type(v, tape_type::FALSE_VALUE))
        return false;
    *out = yes;
    return true;
}

bool json_id(cordage_json v, uint64_t *out)
{
    struct str digits;

    if (json_str(v, &digits))
        return str_u64(digits, out);
    return json_u64(v, out);
}

/* Reads the member or element at it->at, and moves `at` behind it. */
static inline bool take(struct json_iter *it, cordage_json container, bool is_object)
{
    if (it->at >= it->end) {
        it->value = ABSENT;
        it->key = { "", 0 };
        return false;
    }
    it->key = { "", 0 };
    if (is_object)
        it->key = str_at(ref_of(view_at(container, it->at++)));
    it->value = view_at(container, it->at);
    it->at = ref_of(it->value).after_element();
    return true;
}

bool json_first(cordage_json container, struct json_iter *it)
{
    *it = { ABSENT, { "", 0 }, 0, 0, false };
    if (!is_container(container))
        return false;
    it->is_object = is_type(container, tape_type::START_OBJECT);
    it->at = container.at + 1;
    /* simdjson names the word behind the closing brace. */
    it->end = ref_of(container).matching_brace_index() - 1;
    return take(it, container, it->is_object);
}

bool json_next(struct json_iter *it)
{
    return take(it, it->value, it->is_object);
}

size_t json_count(cordage_json container)
{
    struct json_iter it;
    size_t n = 0;
    bool more;

    if (!is_container(container))
        return 0;
    if (ref_of(container).scope_count() < COUNT_SATURATED)
        return ref_of(container).scope_count();
    for (more = json_first(container, &it); more; more = json_next(&it))
        n++;
    return n;
}

cordage_json json_get(cordage_json object, const char *key)
{
    struct str wanted = str_of(key);
    size_t end;

    if (!is_type(object, tape_type::START_OBJECT))
        return ABSENT;
    end = ref_of(object).matching_brace_index() - 1;
    for (size_t at = object.at + 1; at < end;) {
        cordage_json value = view_at(object, at + 1);

        if (str_eq(str_at(ref_of(view_at(object, at))), wanted))
            return value;
        at = ref_of(value).after_element();
    }
    return ABSENT;
}

/* The public names. */

bool cordage_str_is(cordage_str s, const char *text)
{
    return str_is({ s.p, s.n }, text);
}

cordage_json_type cordage_json_type_of(cordage_json v)
{
    if (!v.doc)
        return CORDAGE_JSON_ABSENT;
    switch (ref_of(v).tape_ref_type()) {
    case tape_type::NULL_VALUE:
        return CORDAGE_JSON_NULL;
    case tape_type::TRUE_VALUE:
    case tape_type::FALSE_VALUE:
        return CORDAGE_JSON_BOOL;
    case tape_type::INT64:
    case tape_type::UINT64:
    case tape_type::DOUBLE:
        return CORDAGE_JSON_NUMBER;
    case tape_type::STRING:
        return CORDAGE_JSON_STRING;
    case tape_type::START_ARRAY:
        return CORDAGE_JSON_ARRAY;
    case tape_type::START_OBJECT:
        return CORDAGE_JSON_OBJECT;
    default:
        return CORDAGE_JSON_ABSENT;
    }
}

cordage_json cordage_json_get(cordage_json object, const char *key)
{
    return json_get(object, key);
}

cordage_json cordage_json_at(cordage_json array, size_t i)
{
    struct json_iter it;
    bool more;

    if (!is_type(array, tape_type::START_ARRAY))
        return ABSENT;
    for (more = json_first(array, &it); more && i > 0; more = json_next(&it))
        i--;
    return it.value;
}

size_t cordage_json_count(cordage_json container)
{
    return json_count(container);
}

void cordage_json_each(cordage_json container,
                       bool (*each)(cordage_str key, cordage_json value, void *user),
                       void *user)
{
    struct json_iter it;
    bool more;

    for (more = json_first(container, &it); more; more = json_next(&it))
        if (!each({ it.key.p, it.key.n }, it.value, user))
            return;
}

cordage_str cordage_json_string(cordage_json v)
{
    struct str s = { "", 0 };

    json_str(v, &s);
    return { s.p, s.n };
}

int64_t cordage_json_int(cordage_json v, int64_t otherwise)
{
    json_i64(v, &otherwise);
    return otherwise;
}

double cordage_json_number(cordage_json v, double otherwise)
{
    json_double(v, &otherwise);
    return otherwise;
}

bool cordage_json_true(cordage_json v, bool otherwise)
{
    json_bool(v, &otherwise);
    return otherwise;
}

cordage_id cordage_json_id(cordage_json v)
{
    uint64_t id = 0;

    return json_id(v, &id) ? id : 0;
}

int64_t cordage_json_time(cordage_json v, int64_t otherwise)
{
    struct str text;

    if (json_str(v, &text))
        timestamp_parse(text, &otherwise);
    return otherwise;
}

cordage_having cordage_has(cordage_json object, const char *key)
{
    cordage_json v = json_get(object, key);

    if (json_is_absent(v))
        return CORDAGE_ABSENT;
    return json_is_null(v) ? CORDAGE_NULL : CORDAGE_VALUE;
}
