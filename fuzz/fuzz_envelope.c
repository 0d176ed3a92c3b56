/* Where the peek answers and the payload is JSON, the parser must have found the same. */
#include "fuzz.h"

#include <string.h>

#include "buf.h"
#include "envelope.h"

static void check_d(struct json_parser *p, const struct envelope *e)
{
    static char text[64 * 1024 + BUF_SLACK];
    cordage_json v;

    if (!e->d.n || e->d.n > 64 * 1024 - 5)
        return;
    /* Put back before its bytes what the peek has taken off: it's a `d` again. */
    memcpy(text, "{\"d\":", 5);
    memcpy(text + 5, e->d.p, e->d.n);
    FUZZ_CHECK(json_parse(p, (struct str){ text, e->d.n + 5 }, &v) == 0);
    FUZZ_CHECK(!json_is_absent(json_get(v, "d")));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct json_parser *p = json_parser_new();
    struct envelope peeked, parsed;
    char *text = malloc(size + BUF_SLACK);
    cordage_json d;
    bool told;

    if (!p || !text)
        abort();
    /* Of exactly the size, so that reading on is seen. */
    told = envelope_peek((struct str){ (const char *)data, size }, &peeked);
    if (size)
        memcpy(text, data, size);
    memset(text + size, '}', BUF_SLACK);
    if (envelope_parse(p, (struct str){ text, size }, &parsed, &d) == 0) {
        FUZZ_CHECK(parsed.d.n == 0);
        if (told) {
            FUZZ_CHECK(peeked.op == parsed.op);
            FUZZ_CHECK(peeked.has_seq == parsed.has_seq);
            FUZZ_CHECK(!peeked.has_seq || peeked.seq == parsed.seq);
            FUZZ_CHECK(str_eq(peeked.name, parsed.name));
            FUZZ_CHECK(peeked.d.n == 0 || !json_is_absent(d));
            check_d(p, &peeked);
        }
    } else {
        FUZZ_CHECK(json_is_absent(d));
    }
    free(text);
    json_parser_free(p);
    return 0;
}
