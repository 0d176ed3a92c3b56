/* Whatever the bytes are: parsing neither crashes nor depends on what lies behind them,
 * and every view answers every question. */
#include "fuzz.h"

#include <string.h>

#include "buf.h"
#include "error.h"
#include "json.h"
#include "json_text.h"
#include "limits.h"
#include "views.h"

static size_t walk(cordage_json v, int depth);

static bool walk_one(cordage_str key, cordage_json value, void *user)
{
    size_t *n = user;

    (void)key;
    *n += walk(value, 0);
    return true;
}

/* Asks everything of a value, whatever its type; returns a number made of the answers. */
static size_t ask_all(cordage_json v)
{
    struct str s = { "", 0 };
    uint64_t u = 0, id = 0;
    int64_t i = 0;
    double d = 0;
    bool b = false;
    size_t sum, n = 0;

    sum = (size_t)json_str(v, &s) + (size_t)json_u64(v, &u) + (size_t)json_i64(v, &i) +
          (size_t)json_double(v, &d) + (size_t)json_bool(v, &b) + (size_t)json_id(v, &id);
    for (n = 0; n < s.n; n++)
        sum = sum * 31 + (unsigned char)s.p[n];
    sum += (size_t)u + (size_t)i + (size_t)id + (size_t)b;
    sum += json_count(v) + (size_t)cordage_json_type_of(v);
    FUZZ_CHECK(json_is_absent(cordage_json_at(v, json_count(v))));
    FUZZ_CHECK(json_is_absent(json_get(json_get(v, ""), "nothing is called so")));
    return sum;
}

static size_t walk(cordage_json v, int depth)
{
    struct json_iter it;
    size_t n = 0, sum = ask_all(v);
    bool more;

    FUZZ_CHECK(depth <= LIMIT_JSON_DEPTH);
    for (more = json_first(v, &it); more; more = json_next(&it)) {
        FUZZ_CHECK(!json_is_absent(it.value));
        sum = sum * 31 + it.key.n + walk(it.value, depth + 1);
        n++;
    }
    FUZZ_CHECK(!json_next(&it));
    FUZZ_CHECK(n == json_count(v));
    return sum;
}

/* Whatever it is, each view of it can be read, and its strings are there. */
static void read_views(cordage_json root)
{
    union view_any out;

    for (enum view view = 0; view < N_VIEWS; view++)
        view_read(view, root, &out);
    cordage_read_message(root, &out.message);
    FUZZ_CHECK(out.message.content.p && out.message.author_name.p && !out.message.event);
}

/* Parses a copy with `slack` behind it: 0 if that fails, else what a walk finds. */
static size_t parse_and_walk(struct json_parser *p, const uint8_t *data, size_t size,
                             char slack)
{
    char *text = malloc(size + BUF_SLACK);
    cordage_json root;
    size_t sum = 0;

    if (!text)
        abort();
    if (size)
        memcpy(text, data, size);
    memset(text + size, slack, BUF_SLACK);
    if (json_parse(p, (struct str){ text, size }, &root) == 0) {
        size_t again = 0;

        sum = walk(root, 0) + 1;
        cordage_json_each(root, walk_one, &again);
        read_views(root);
    } else {
        FUZZ_CHECK(json_is_absent(root));
    }
    free(text);
    return sum;
}

/* The text of each member is JSON of its own, if it is found at all. */
static void check_texts(struct json_parser *p, struct str text)
{
    struct json_parser *second = json_parser_new();
    struct buf copy = { 0 };
    cordage_json root, value;
    struct json_iter it;
    char key[32];

    if (!second || buf_append_str(&copy, text))
        abort();
    if (json_parse(p, buf_str(&copy), &root) == 0 &&
        cordage_json_type_of(root) == CORDAGE_JSON_OBJECT)
        for (bool more = json_first(root, &it); more; more = json_next(&it)) {
            struct buf member = { 0 };

            if (it.key.n >= sizeof key || memchr(it.key.p, '\0', it.key.n))
                continue;
            snprintf(key, sizeof key, "%.*s", STR_FMT(it.key));
            if (buf_append_str(&member, json_text(buf_str(&copy), key)))
                abort();
            FUZZ_CHECK(member.n == 0 ||
                       json_parse(second, buf_str(&member), &value) == 0);
            buf_release(&member);
        }
    (void)json_text(text, "d"); /* also of what is no JSON at all */
    buf_release(&copy);
    json_parser_free(second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct json_parser *p = json_parser_new();
    size_t sum;

    if (!p)
        abort();
    sum = parse_and_walk(p, data, size, '\0');
    FUZZ_CHECK(parse_and_walk(p, data, size, '"') == sum);
    FUZZ_CHECK(parse_and_walk(p, data, size, '1') == sum);
    FUZZ_CHECK(parse_and_walk(p, data, size, '}') == sum);
    check_texts(p, (struct str){ (const char *)data, size });
    json_parser_free(p);
    return 0;
}
