#include "message_rules.h"

#include <stdio.h>

enum { COMPONENTS_V2 = 1 << 15 };

size_t message_code_points(struct str s)
{
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++)
        n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
    return n;
}

static bool is_given(cordage_json v)
{
    return !json_is_absent(v) && !json_is_null(v);
}

/* Whether a field is a text of at most `max`, or not given. *sum grows by its length. */
static bool check_text(struct call *c, cordage_json v, const char *path, size_t max,
                       size_t *sum)
{
    struct str text;
    size_t n;

    if (!is_given(v))
        return true;
    if (!json_str(v, &text)) {
        call_form_error(c, path, "STRING_TYPE_CONVERT",
                        "Could not interpret value as string.");
        return false;
    }
    n = message_code_points(text);
    *sum += n;
    if (n <= max)
        return true;
    call_form_error(c, path, "BASE_TYPE_MAX_LENGTH", "Must be %zu or fewer in length.",
                    max);
    return false;
}

/* Whether a field is an array of at most `max`, or not given. */
static bool check_array(struct call *c, cordage_json v, const char *path, size_t max)
{
    if (!is_given(v))
        return true;
    if (cordage_json_type_of(v) != CORDAGE_JSON_ARRAY) {
        call_form_error(c, path, "BASE_TYPE_BAD_TYPE",
                        "Only iterables may be used here.");
        return false;
    }
    if (json_count(v) <= max)
        return true;
    call_form_error(c, path, "BASE_TYPE_BAD_LENGTH",
                    "Must be between 1 and %zu in length.", max);
    return false;
}

/* ---- Embeds --------------------------------------------------------------- */

/* Texts of an embed, where they stand and how long they may be. */
static const struct {
    const char *outer, *key; /* outer NULL: directly in the embed */
    size_t max;
} embed_texts[] = {
    { NULL, "title", 256 },
    { NULL, "description", 4096 },
    { "footer", "text", 2048 },
    { "author", "name", 256 },
};
enum { EMBED_FIELDS_MAX = 25, EMBED_FIELD_NAME = 256, EMBED_FIELD_VALUE = 1024 };

static bool check_embed_fields(struct call *c, cordage_json embed, const char *prefix,
                               size_t *sum)
{
    cordage_json fields = json_get(embed, "fields");
    struct json_iter it;
    char path[64];
    unsigned i = 0;

    snprintf(path, sizeof path, "%s.fields", prefix);
    if (!check_array(c, fields, path, EMBED_FIELDS_MAX))
        return false;
    for (bool more = json_first(fields, &it); more; more = json_next(&it), i++) {
        snprintf(path, sizeof path, "%s.fields.%u.name", prefix, i);
        if (!check_text(c, json_get(it.value, "name"), path, EMBED_FIELD_NAME, sum))
            return false;
        snprintf(path, sizeof path, "%s.fields.%u.value", prefix, i);
        if (!check_text(c, json_get(it.value, "value"), path, EMBED_FIELD_VALUE, sum))
            return false;
    }
    return true;
}

static bool check_embed(struct call *c, cordage_json embed, unsigned i, size_t *sum)
{
    char prefix[32], path[64];

    snprintf(prefix, sizeof prefix, "embeds.%u", i);
    if (cordage_json_type_of(embed) != CORDAGE_JSON_OBJECT) {
        call_form_error(c, prefix, "DICT_TYPE_CONVERT",
                        "Only dictionaries may be used here.");
        return false;
    }
    for (size_t t = 0; t < sizeof embed_texts / sizeof *embed_texts; t++) {
        const char *outer = embed_texts[t].outer;
        cordage_json in = outer ? json_get(embed, outer) : embed;

        snprintf(path, sizeof path, "%s.%s%s%s", prefix, outer ? outer : "",
                 outer ? "." : "", embed_texts[t].key);
        if (!check_text(c, json_get(in, embed_texts[t].key), path, embed_texts[t].max,
                        sum))
            return false;
    }
    return check_embed_fields(c, embed, prefix, sum);
}

static bool check_embeds(struct call *c, cordage_json embeds)
{
    struct json_iter it;
    size_t sum = 0;
    unsigned i = 0;

    if (!check_array(c, embeds, "embeds", MESSAGE_EMBEDS_MAX))
        return false;
    for (bool more = json_first(embeds, &it); more; more = json_next(&it), i++)
        if (!check_embed(c, it.value, i, &sum))
            return false;
    if (sum <= MESSAGE_EMBED_SUM_MAX)
        return true;
    call_form_error(c, "embeds", "MAX_EMBED_SIZE_EXCEEDED",
                    "Embed size exceeds maximum size of %d", MESSAGE_EMBED_SUM_MAX);
    return false;
}

/* ---- The rest ------------------------------------------------------------- */

static bool check_nonce(struct call *c, cordage_json nonce)
{
    size_t sum = 0;
    int64_t n;
    uint64_t u;

    if (json_i64(nonce, &n) || json_u64(nonce, &u))
        return true;
    return check_text(c, nonce, "nonce", MESSAGE_NONCE_MAX, &sum);
}

static bool has_word(cordage_json array, const char *word)
{
    struct json_iter it;
    struct str text;

    for (bool more = json_first(array, &it); more; more = json_next(&it))
        if (json_str(it.value, &text) && str_is(text, word))
            return true;
    return false;
}

/* "parse" must not name what is listed one by one. */
static bool check_mentions(struct call *c, cordage_json mentions)
{
    static const char *const kinds[] = { "users", "roles" };

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        cordage_json list = json_get(mentions, kinds[i]);
        char path[40];

        snprintf(path, sizeof path, "allowed_mentions.%s", kinds[i]);
        if (!check_array(c, list, path, 100))
            return false;
        if (json_count(list) && has_word(json_get(mentions, "parse"), kinds[i])) {
            call_form_error(c, "allowed_mentions",
                            "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
                            "parse:[\"%s\"] and %s: [ids...] are mutually exclusive.",
                            kinds[i], kinds[i]);
            return false;
        }
    }
    return true;
}

static bool check_reference(struct call *c, cordage_json reference)
{
    uint64_t id;

    if (!is_given(reference) || json_id(json_get(reference, "message_id"), &id))
        return true;
    call_form_error(c, "message_reference.message_id", "NUMBER_TYPE_COERCE",
                    "Value is not snowflake.");
    return false;
}

static bool is_blank(struct str content)
{
    return str_trim(content).n == 0;
}

static bool is_empty(const struct call *c, cordage_json body)
{
    static const char *const carriers[] = { "embeds", "components", "sticker_ids",
                                            "attachments" };
    cordage_json reference = json_get(body, "message_reference");
    struct str content;

    if (json_str(json_get(body, "content"), &content) && !is_blank(content))
        return false;
    for (size_t i = 0; i < sizeof carriers / sizeof *carriers; i++)
        if (json_count(json_get(body, carriers[i])))
            return false;
    /* A forward needs only its reference; files alone are a message, too. */
    return !is_given(json_get(body, "poll")) &&
           cordage_json_int(json_get(reference, "type"), 0) != 1 && !call_has_files(c);
}

static size_t count_parts(cordage_json list, unsigned depth)
{
    struct json_iter it;
    size_t n = 0;

    for (bool more = json_first(list, &it); more && depth; more = json_next(&it))
        n += 1 + count_parts(json_get(it.value, "components"), depth - 1) +
             !json_is_absent(json_get(it.value, "accessory"));
    return n;
}

/* With IS_COMPONENTS_V2 there is nothing but components. */
static bool check_components(struct call *c, cordage_json body, uint64_t flags)
{
    static const char *const legacy[] = { "content", "embeds", "sticker_ids", "poll" };
    cordage_json components = json_get(body, "components");

    if (!(flags & COMPONENTS_V2))
        return check_array(c, components, "components", MESSAGE_ROWS_MAX);
    for (size_t i = 0; i < sizeof legacy / sizeof *legacy; i++) {
        cordage_json v = json_get(body, legacy[i]);
        struct str text;

        if (!is_given(v) || (json_str(v, &text) && text.n == 0) ||
            (cordage_json_type_of(v) == CORDAGE_JSON_ARRAY && json_count(v) == 0))
            continue;
        call_form_error(c, legacy[i],
                        "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
                        "The '%s' field cannot be used when using "
                        "MessageFlags.IS_COMPONENTS_V2",
                        legacy[i]);
        return false;
    }
    if (!check_array(c, components, "components", MESSAGE_PARTS_MAX))
        return false;
    if (count_parts(components, 8) <= MESSAGE_PARTS_MAX)
        return true;
    call_form_error(c, "components", "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED",
                    "The total number of components exceeds the maximum of %d",
                    MESSAGE_PARTS_MAX);
    return false;
}

static bool check_fields(struct call *c, cordage_json body, uint64_t flags)
{
    size_t sum = 0;

    return check_text(c, json_get(body, "content"), "content", MESSAGE_CONTENT_MAX,
                      &sum) &&
           check_nonce(c, json_get(body, "nonce")) &&
           check_embeds(c, json_get(body, "embeds")) &&
           check_components(c, body, flags) &&
           check_array(c, json_get(body, "sticker_ids"), "sticker_ids",
                       MESSAGE_STICKERS_MAX) &&
           check_mentions(c, json_get(body, "allowed_mentions")) &&
           check_reference(c, json_get(body, "message_reference"));
}

static uint64_t flags_of(cordage_json body)
{
    return (uint64_t)cordage_json_int(json_get(body, "flags"), 0);
}

bool message_check(struct call *c, cordage_json body)
{
    if (!check_fields(c, body, flags_of(body)))
        return false;
    if (!is_empty(c, body))
        return true;
    call_error(c, 400, 50006, "Cannot send an empty message");
    return false;
}

bool message_check_change(struct call *c, cordage_json body, uint64_t was)
{
    return check_fields(c, body, flags_of(body) | (was & COMPONENTS_V2));
}
