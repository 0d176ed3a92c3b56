/* The link: frames, cut anywhere, give the same messages; and whatever a message reads
 * as, written again it reads the same.
 *
 * The first byte says what the rest is: 255 a stream of frames, else the body of a
 * message of that kind. */
#include "fuzz.h"

#include "link_rig.h"

/* How far the stream is read, and the types and sizes found on the way. */
static uint64_t read_stream(struct str bytes, size_t piece)
{
    struct buf got = { 0 };
    uint64_t sum = 0;
    size_t at = 0;

    while (at < bytes.n || got.n) {
        enum link_type type;
        struct str body;
        size_t n, more = bytes.n - at < piece ? bytes.n - at : piece;

        if (buf_append(&got, bytes.p + at, more))
            abort();
        at += more;
        for (;;) {
            if (link_read(buf_str(&got), &type, &body, &n)) {
                buf_release(&got);
                return sum * 31 + 1;
            }
            if (!n)
                break;
            FUZZ_CHECK(n == body.n + LINK_HEAD && n <= got.n);
            FUZZ_CHECK(body.n <= LIMIT_LINK_MESSAGE && type >= 1 && type < N_LINK_TYPES);
            sum = sum * 31 + (uint64_t)type * 7 + n;
            buf_consume(&got, n);
        }
        if (at == bytes.n)
            break;
    }
    sum = sum * 31 + got.n;
    buf_release(&got);
    return sum;
}

static void read_message(struct json_parser *p, const struct link_kind *kind,
                         struct str bytes)
{
    struct buf text = { 0 }, once = { 0 }, twice = { 0 };
    cordage_json body;

    if (buf_append_str(&text, bytes))
        abort();
    if (json_parse(p, buf_str(&text), &body) == 0 && kind->again(body, &once) == 0) {
        FUZZ_CHECK(json_parse(p, buf_str(&once), &body) == 0);
        FUZZ_CHECK(kind->again(body, &twice) == 0);
        FUZZ_CHECK(str_eq(buf_str(&once), buf_str(&twice)));
    }
    buf_release(&twice);
    buf_release(&once);
    buf_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct json_parser *p;
    struct str bytes;

    if (size == 0)
        return 0;
    bytes = (struct str){ (const char *)data + 1, size - 1 };
    if (data[0] == 255) {
        uint64_t whole = read_stream(bytes, SIZE_MAX);

        FUZZ_CHECK(read_stream(bytes, 1) == whole);
        FUZZ_CHECK(read_stream(bytes, 7) == whole);
        return 0;
    }
    p = json_parser_new();
    if (!p)
        abort();
    read_message(p, &link_kinds[data[0] % N_LINK_KINDS], bytes);
    json_parser_free(p);
    return 0;
}
