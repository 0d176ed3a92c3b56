/* Streams of messages: what zlib makes of them we must make of them.
 *
 * The first byte says how: bit 0, zstd (else zlib); bit 1, each message gets a flush
 * behind it; bit 2, the stream gets zlib's head before it. Then, for each message, two
 * bytes with its length, and the message. */
#include "fuzz.h"

#include <zlib.h>

#include "error.h"
#include "inflate.h"

enum { AS_ZSTD = 1, ADD_FLUSH = 2, ADD_HEAD = 4 };

/* zlib alone, with all that one stream has brought. */
struct oracle {
    z_stream zlib;
    struct buf payload;
    uint32_t last;
    unsigned n_head;    /* of zlib's two bytes, those that came */
    bool between, lost; /* lost: what we make of it is our own affair */
};

/* A preset dictionary is refused at once by us, and by zlib four bytes later. */
static bool wants_dictionary(struct oracle *o, struct str message)
{
    for (size_t i = 0; i < message.n && o->n_head < 2; i++)
        if (o->n_head++ == 1)
            return (unsigned char)message.p[i] & 0x20;
    return false;
}

/* As inflate_feed: 1, 0, or negative. */
static int oracle_feed(struct oracle *o, struct str message)
{
    int said;

    o->zlib.next_in = (unsigned char *)message.p;
    o->zlib.avail_in = (unsigned)message.n;
    for (size_t i = 0; i < message.n; i++)
        o->last = o->last << 8 | (unsigned char)message.p[i];
    do {
        FUZZ_CHECK(buf_reserve(&o->payload, 65536) == 0);
        o->zlib.next_out = (unsigned char *)o->payload.p + o->payload.n;
        o->zlib.avail_out = (unsigned)(o->payload.size - o->payload.n);
        said = inflate(&o->zlib, Z_SYNC_FLUSH);
        o->payload.n = o->payload.size - o->zlib.avail_out;
        if (said == Z_OK)
            o->between = (o->zlib.data_type & (7 | 64 | 128)) == 128;
        else if (said != Z_BUF_ERROR)
            return CORDAGE_EPARSE;
    } while (o->zlib.avail_out == 0);
    o->lost = o->zlib.data_type & 64; /* the last block has begun */
    return o->between && o->last == 0xffff && o->payload.n;
}

static void compare(struct oracle *o, struct str message, int got, struct str out)
{
    int want;

    if (wants_dictionary(o, message))
        o->lost = true;
    want = o->lost ? 0 : oracle_feed(o, message);
    if (want < 0)
        o->lost = true;
    if (o->lost)
        return;
    FUZZ_CHECK(got == want);
    if (got == 0 && !(o->between && o->last == 0xffff))
        return;
    FUZZ_CHECK(str_eq(out, buf_str(&o->payload)));
    buf_clear(&o->payload);
}

static void check(int got, struct str out)
{
    volatile char sum = 0;

    FUZZ_CHECK(got <= 1 && (got == 1) == (out.n > 0));
    FUZZ_CHECK(got >= 0 || got == CORDAGE_EPARSE || got == CORDAGE_ELIMIT ||
               got == CORDAGE_ENOMEM);
    for (size_t i = 0; got == 1 && i < BUF_SLACK; i++)
        sum = (char)(sum + out.p[out.n + i]);
}

/* The next message, in `*exact`; false at the end. */
static bool take(struct str *data, unsigned how, bool first, struct buf *exact)
{
    size_t n;

    if (data->n < 2)
        return false;
    n = (size_t)((unsigned char)data->p[0] << 8 | (unsigned char)data->p[1]);
    n = n < data->n - 2 ? n : data->n - 2;
    buf_release(exact);
    if (first && (how & ADD_HEAD))
        FUZZ_CHECK(buf_append(exact, "\x78\x9c", 2) == 0);
    FUZZ_CHECK(buf_append(exact, data->p + 2, n) == 0);
    if (how & ADD_FLUSH)
        FUZZ_CHECK(buf_append(exact, "\x00\x00\x00\xff\xff", 5) == 0);
    data->p += 2 + n;
    data->n -= 2 + n;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct inflate_scratch *scratch;
    struct str rest = { (const char *)data, size }, out;
    struct oracle o = { 0 };
    struct buf message = { 0 };
    struct inflate *z;
    unsigned how;
    int got = 0;

    if (size == 0)
        return 0;
    how = data[0];
    rest = (struct str){ rest.p + 1, rest.n - 1 };
    if (!scratch)
        scratch = inflate_scratch_new();
    z = inflate_new(how & AS_ZSTD ? COMPRESS_ZSTD : COMPRESS_ZLIB);
    FUZZ_CHECK(scratch && z && inflateInit(&o.zlib) == Z_OK);
    for (bool first = true; take(&rest, how, first, &message); first = false) {
        int before = got;

        got = inflate_feed(z, scratch, buf_str(&message), &out);
        check(got, out);
        FUZZ_CHECK(before >= 0 || got == before);
        if (!(how & AS_ZSTD))
            compare(&o, buf_str(&message), got, out);
    }
    inflateEnd(&o.zlib);
    buf_release(&o.payload);
    buf_release(&message);
    inflate_free(z);
    return 0;
}
