#include "test.h"

#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

#include "captures.h"
#include "deflate.h"
#include "error.h"
#include "inflate_kinds.h"
#include "limits.h"
#include "rng.h"

/* A payload as the gateway's, or bytes without any sense. */
static void write_payload(struct rng *rng, struct buf *out)
{
    static const char *const words[] = {
        "hello",  "shard",    "guild", "role", "who",
        "thread", "reaction", "emoji", "ping", "member"
    };
    uint64_t kind = rng_below(rng, 16), n;

    buf_clear(out);
    if (kind == 0) {
        for (n = 1 + rng_below(rng, rng_below(rng, 8) ? 300 : 60000); n > 0; n--)
            buf_append(out, &(char){ (char)rng_next(rng) }, 1);
        return;
    }
    buf_printf(
        out,
        "{\"t\":\"MESSAGE_CREATE\",\"s\":%u,\"op\":0,\"d\":{\"type\":0,\"tts\":false,"
        "\"pinned\":false,\"mentions\":[],\"id\":\"%llu\",\"content\":\"",
        (unsigned)rng_below(rng, 1000000), (unsigned long long)rng_next(rng));
    for (n = rng_below(rng, rng_below(rng, 40) ? 60 : 9000); n > 0; n--)
        buf_printf(out, "%s ", words[rng_below(rng, 10)]);
    buf_printf(out, "\",\"channel_id\":\"%llu\",\"guild_id\":\"81384788765712384\"}}",
               (unsigned long long)rng_next(rng));
}

/* zlib as a server, with all that may vary within a stream varying. */
struct server {
    z_stream zlib;
    struct buf out;
};

static void server_open(struct server *s, int level, int strategy, int memory)
{
    *s = (struct server){ 0 };
    CHECK_INT(deflateInit2(&s->zlib, level, Z_DEFLATED, 15, memory, strategy), Z_OK);
}

static void server_close(struct server *s)
{
    deflateEnd(&s->zlib);
    buf_release(&s->out);
}

static struct str server_put(struct server *s, struct str payload, int flush)
{
    buf_clear(&s->out);
    CHECK_INT(buf_reserve(&s->out, deflateBound(&s->zlib, payload.n) + 4096), 0);
    s->zlib.next_in = (unsigned char *)payload.p;
    s->zlib.avail_in = (unsigned)payload.n;
    s->zlib.next_out = (unsigned char *)s->out.p;
    s->zlib.avail_out = (unsigned)s->out.size;
    CHECK(deflate(&s->zlib, flush) >= Z_OK);
    CHECK(s->zlib.avail_in == 0 && s->zlib.avail_out > 0);
    s->out.n = s->out.size - s->zlib.avail_out;
    return buf_str(&s->out);
}

/* Feeds the message in memory of its exact size. */
static int feed(struct inflate *z, struct inflate_scratch *scratch, struct str message,
                struct str *out)
{
    char *exact = malloc(message.n ? message.n : 1);
    int got;

    assert_non_null(exact);
    memcpy(exact, message.p, message.n);
    got = inflate_feed(z, scratch, (struct str){ exact, message.n }, out);
    free(exact);
    return got;
}

static void expect_payload(struct inflate *z, struct inflate_scratch *scratch,
                           struct str message, struct str want)
{
    volatile char sum = 0;
    struct str out;

    CHECK_INT(feed(z, scratch, message, &out), 1);
    CHECK_INT(out.n, want.n);
    assert_memory_equal(out.p, want.p, want.n);
    for (size_t i = 0; i < BUF_SLACK; i++)
        sum = (char)(sum + out.p[out.n + i]);
}

struct rig {
    struct inflate_scratch *scratch;
    struct inflate *z;
};

static struct rig rig_new(enum compression kind)
{
    struct rig r = { inflate_scratch_new(), inflate_new(kind) };

    CHECK(r.scratch && r.z);
    return r;
}

static void rig_free(struct rig *r)
{
    inflate_free(r->z);
    inflate_scratch_free(r->scratch);
}

static void renew(struct rig *r, enum compression kind)
{
    inflate_free(r->z);
    r->z = inflate_new(kind);
    assert_non_null(r->z);
}

TEST(compressions_have_names)
{
    CHECK_INT(compression_from("zlib-stream"), COMPRESS_ZLIB);
    CHECK_INT(compression_from("zstd"), COMPRESS_ZSTD);
    CHECK_INT(compression_from("none"), COMPRESS_NONE);
    CHECK_INT(compression_from(NULL), COMPRESS_NONE);
    CHECK_INT(compression_from("gzip"), -1);
    CHECK_INT(compression_from(""), -1);
    for (int c = COMPRESS_NONE; c <= COMPRESS_ZSTD; c++)
        CHECK_INT(compression_from(compression_name((enum compression)c)), c);
}

TEST(every_level_strategy_and_flush_comes_out_byte_by_byte_equal)
{
    struct inflate_scratch *scratch = inflate_scratch_new();
    struct rng rng = rng_seeded(3);
    struct buf payload = { 0 };
    unsigned n = 0;

    for (int level = 0; level <= 9; level++) {
        for (int strategy = Z_DEFAULT_STRATEGY; strategy <= Z_FIXED; strategy++) {
            struct inflate *z = inflate_new(COMPRESS_ZLIB);
            struct server server;

            server_open(&server, level, strategy, 1 + (int)rng_below(&rng, 9));
            for (int i = 0; i < 60; i++, n++) {
                write_payload(&rng, &payload);
                expect_payload(z, scratch,
                               server_put(&server, buf_str(&payload),
                                          rng_below(&rng, 4) ? Z_SYNC_FLUSH
                                                             : Z_FULL_FLUSH),
                               buf_str(&payload));
            }
            CHECK(!((struct inflate *)z)->failure);
            server_close(&server);
            inflate_free(z);
        }
    }
    CHECK(n >= 2000);
    buf_release(&payload);
    inflate_scratch_free(scratch);
}

TEST(one_stream_may_change_its_level_and_strategy)
{
    struct rig r = rig_new(COMPRESS_ZLIB);
    struct rng rng = rng_seeded(4);
    struct buf payload = { 0 };
    struct server server;

    server_open(&server, 6, Z_DEFAULT_STRATEGY, 8);
    for (int i = 0; i < 600; i++) {
        write_payload(&rng, &payload);
        expect_payload(r.z, r.scratch,
                       server_put(&server, buf_str(&payload),
                                  rng_below(&rng, 9) ? Z_SYNC_FLUSH : Z_FULL_FLUSH),
                       buf_str(&payload));
        /* With nothing waiting to be compressed, the change itself writes nothing. */
        server.zlib.next_out = (unsigned char *)server.out.p;
        server.zlib.avail_out = (unsigned)server.out.size;
        CHECK_INT(deflateParams(&server.zlib, (int)rng_below(&rng, 10),
                                (int)rng_below(&rng, 5)),
                  Z_OK);
        CHECK_INT(server.zlib.avail_out, server.out.size);
    }
    server_close(&server);
    buf_release(&payload);
    rig_free(&r);
}

TEST(a_message_may_be_cut_anywhere)
{
    static const size_t most[] = { 1, 2, 3, 7, 100, 5000 };
    struct rng rng = rng_seeded(5);
    struct buf payload = { 0 };

    for (size_t k = 0; k < sizeof most / sizeof *most; k++) {
        struct rig r = rig_new(COMPRESS_ZLIB);
        struct server server;

        server_open(&server, 6, Z_DEFAULT_STRATEGY, 8);
        for (int i = 0; i < 60; i++) {
            struct str message, out;

            do
                write_payload(&rng, &payload);
            while (payload.n > 20000);
            message = server_put(&server, buf_str(&payload), Z_SYNC_FLUSH);
            for (;;) {
                size_t n = 1 + (size_t)rng_below(&rng, most[k]);

                CHECK_INT(feed(r.z, r.scratch, STR(""), &out), 0);
                if (n >= message.n)
                    break;
                CHECK_INT(feed(r.z, r.scratch, (struct str){ message.p, n }, &out), 0);
                message.p += n;
                message.n -= n;
            }
            expect_payload(r.z, r.scratch, message, buf_str(&payload));
        }
        server_close(&server);
        rig_free(&r);
    }
    buf_release(&payload);
}

/* Bytes that look like a payload's end, in the middle of one: stored, they stand in the
 * message as they are. */
TEST(a_false_end_is_told_from_the_true_one)
{
    struct rng rng = rng_seeded(6);
    struct buf payload = { 0 };

    for (int round = 0; round < 40; round++) {
        struct rig r = rig_new(COMPRESS_ZLIB);
        struct server server;

        server_open(&server, 6, Z_DEFAULT_STRATEGY, 8);
        for (int i = 0; i < 20; i++) {
            struct str message, out;
            size_t at;

            write_payload(&rng, &payload);
            if (i == 7 || rng_below(&rng, 4) == 0) {
                deflateParams(&server.zlib, 0, Z_DEFAULT_STRATEGY);
                buf_append(&payload, "\x00\x00\xff\xff", 4);
                /* At least a byte more: a stored block that ends there ends a payload. */
                for (uint64_t n = 1 + rng_below(&rng, 8); n > 0; n--)
                    buf_append(&payload, &(char){ (char)n }, 1);
            } else {
                deflateParams(&server.zlib, 6, Z_DEFAULT_STRATEGY);
            }
            message = server_put(&server, buf_str(&payload), Z_SYNC_FLUSH);
            at = str_find(message, (struct str){ "\x00\x00\xff\xff", 4 });
            if (at != SIZE_MAX && at + 4 < message.n) {
                CHECK_INT(feed(r.z, r.scratch, (struct str){ message.p, at + 4 }, &out),
                          0);
                message = (struct str){ message.p + at + 4, message.n - at - 4 };
            }
            expect_payload(r.z, r.scratch, message, buf_str(&payload));
        }
        server_close(&server);
        rig_free(&r);
    }
    buf_release(&payload);
}

TEST(a_payload_that_fills_the_buffer_to_the_last_byte_has_ended)
{
    struct rig r = rig_new(COMPRESS_ZLIB);
    struct buf payload = { 0 };

    /* The buffer of the slow way has 192 bytes at first, then 384 and so on. */
    for (size_t size = 180; size < 1600; size++) {
        struct server server;
        struct str message, out;

        renew(&r, COMPRESS_ZLIB);
        server_open(&server, 0, Z_DEFAULT_STRATEGY, 8);
        buf_clear(&payload);
        while (payload.n < size)
            buf_append(&payload, "\x00\x00\xff\xff", 4);
        payload.n = size;
        message = server_put(&server, buf_str(&payload), Z_SYNC_FLUSH);
        CHECK_INT(feed(r.z, r.scratch, (struct str){ message.p, 2 + 5 + 4 }, &out), 0);
        expect_payload(r.z, r.scratch, (struct str){ message.p + 11, message.n - 11 },
                       buf_str(&payload));
        server_close(&server);
    }
    buf_release(&payload);
    rig_free(&r);
}

TEST(a_payload_that_ends_as_our_own_tail_does_is_whole)
{
    static const struct str payload = { "[1]\x00\x00\xff\xff\x01\x00\x00\xff\xff", 12 };
    struct rig r = rig_new(COMPRESS_ZLIB);
    struct server server;

    server_open(&server, 6, Z_DEFAULT_STRATEGY, 8);
    for (int i = 0; i < 3; i++)
        expect_payload(r.z, r.scratch, server_put(&server, payload, Z_SYNC_FLUSH),
                       payload);
    server_close(&server);
    rig_free(&r);
}

TEST(a_flush_of_nothing_is_no_payload)
{
    struct rig r = rig_new(COMPRESS_ZLIB);
    struct server server;
    struct str out;

    server_open(&server, 6, Z_DEFAULT_STRATEGY, 8);
    CHECK_INT(feed(r.z, r.scratch, server_put(&server, STR(""), Z_SYNC_FLUSH), &out), 0);
    expect_payload(r.z, r.scratch, server_put(&server, STR("{}"), Z_SYNC_FLUSH),
                   STR("{}"));
    CHECK_INT(feed(r.z, r.scratch, server_put(&server, STR(""), Z_FULL_FLUSH), &out), 0);
    expect_payload(r.z, r.scratch, server_put(&server, STR("[]"), Z_FULL_FLUSH),
                   STR("[]"));
    server_close(&server);
    rig_free(&r);
}

TEST(streams_share_a_scratch_without_meeting)
{
    enum { N = 8 };
    struct inflate_scratch *scratch = inflate_scratch_new();
    struct inflate *streams[N];
    struct deflate *servers[N];
    struct rng rng = rng_seeded(8);
    struct buf payload = { 0 }, message = { 0 };

    for (int i = 0; i < N; i++) {
        enum compression kind = i % 2 ? COMPRESS_ZSTD : COMPRESS_ZLIB;

        streams[i] = inflate_new(kind);
        servers[i] = deflate_new(kind);
    }
    for (int i = 0; i < 1500; i++) {
        uint64_t k = rng_below(&rng, N);

        write_payload(&rng, &payload);
        buf_clear(&message);
        CHECK_INT(deflate_payload(servers[k], buf_str(&payload), &message), 0);
        expect_payload(streams[k], scratch, buf_str(&message), buf_str(&payload));
    }
    for (int i = 0; i < N; i++) {
        inflate_free(streams[i]);
        deflate_free(servers[i]);
    }
    inflate_scratch_free(scratch);
    buf_release(&payload);
    buf_release(&message);
}

/* Sizes around every edge of the window, with matches as far back as zlib makes them. */
TEST(the_history_is_right_at_every_edge_of_its_window)
{
    static const size_t sizes[] = { 1,     2,     767,   768,   769,  3327,
                                    3328,  3329,  4091,  4096,  4097, 5000,
                                    32767, 32768, 32769, 36864, 70000 };
    enum { KINDS = sizeof sizes / sizeof *sizes, BLOCK = 32000 };
    struct rng rng = rng_seeded(9);
    char *noise = malloc(BLOCK);
    struct buf payload = { 0 };
    struct rig r = rig_new(COMPRESS_ZLIB);
    struct server server;
    size_t at = 0;

    for (size_t i = 0; i < BLOCK; i++)
        noise[i] = (char)rng_next(&rng);
    server_open(&server, 9, Z_DEFAULT_STRATEGY, 9);
    for (int i = 0; i < 800; i++) {
        size_t size = sizes[rng_below(&rng, KINDS)] - (rng_below(&rng, 5) == 0);

        buf_clear(&payload);
        buf_append(&payload, "x", 1);
        /* The same noise again and again: all that comes is in the history, far back. */
        while (payload.n < size) {
            buf_append(&payload, &noise[at], 1);
            at = (at + 1) % BLOCK;
        }
        expect_payload(r.z, r.scratch,
                       server_put(&server, buf_str(&payload), Z_SYNC_FLUSH),
                       buf_str(&payload));
    }
    server_close(&server);
    free(noise);
    buf_release(&payload);
    rig_free(&r);
}

/* A deflate stream written bit by bit. */
struct bits {
    struct buf out;
    uint64_t waiting;
    unsigned n;
};

static void put_bits(struct bits *b, uint64_t value, unsigned n)
{
    b->waiting |= value << b->n;
    for (b->n += n; b->n >= 8; b->n -= 8, b->waiting >>= 8)
        buf_append(&b->out, &(char){ (char)b->waiting }, 1);
}

/* One fixed block with one match of 3 bytes at `distance` (24577..32768), and a flush. */
static void put_match(struct bits *b, unsigned distance)
{
    put_bits(b, 0, 1);                   /* not final */
    put_bits(b, 1, 2);                   /* fixed codes */
    put_bits(b, 0x40, 7);                /* 257, a length of 3: 0000001, backwards */
    put_bits(b, 0x17, 5);                /* 29: 11101, backwards */
    put_bits(b, distance - 24577, 13);   /* its extra bits */
    put_bits(b, 0, 7);                   /* 256, the block's end */
    put_bits(b, 0, 3);                   /* a stored block that is not final */
    put_bits(b, 0, b->n ? 8 - b->n : 0); /* to the byte's edge */
    buf_append(&b->out, "\x00\x00\xff\xff", 4);
}

TEST(a_match_reaches_32768_bytes_back_and_no_further_than_there_is)
{
    static char first[32768];
    struct rng rng = rng_seeded(10);
    struct rig r = rig_new(COMPRESS_ZLIB);
    struct str payload = { first, sizeof first }, out;
    struct server server;
    struct bits b = { 0 };

    for (size_t i = 0; i < sizeof first; i++)
        first[i] = (char)rng_next(&rng);
    server_open(&server, 0, Z_DEFAULT_STRATEGY, 8);
    expect_payload(r.z, r.scratch, server_put(&server, payload, Z_SYNC_FLUSH), payload);
    put_match(&b, 32768);
    expect_payload(r.z, r.scratch, buf_str(&b.out), (struct str){ first, 3 });
    expect_payload(r.z, r.scratch, buf_str(&b.out), (struct str){ first + 3, 3 });
    server_close(&server);
    /* With a byte less before it, the same match is corrupt. */
    renew(&r, COMPRESS_ZLIB);
    server_open(&server, 0, Z_DEFAULT_STRATEGY, 8);
    payload.n--;
    expect_payload(r.z, r.scratch, server_put(&server, payload, Z_SYNC_FLUSH), payload);
    CHECK_INT(feed(r.z, r.scratch, buf_str(&b.out), &out), CORDAGE_EPARSE);
    server_close(&server);
    buf_release(&b.out);
    rig_free(&r);
}

/* What zlib alone says to the message behind `before`: 1 a whole payload in `out`, 0 cut,
 * negative corrupt. `*final` if it was in the stream's last block at the end. */
static int ask_zlib(struct str before, struct str message, struct buf *out, bool *final)
{
    z_stream z = { 0 };
    struct str parts[] = { before, message };
    int said = Z_OK;

    *final = false;
    CHECK_INT(inflateInit(&z), Z_OK);
    for (int i = 0; i < 2 && said == Z_OK; i++) {
        buf_clear(out);
        CHECK_INT(buf_reserve(out, 100000), 0);
        z.next_in = (unsigned char *)parts[i].p;
        z.avail_in = (unsigned)parts[i].n;
        z.next_out = (unsigned char *)out->p;
        z.avail_out = (unsigned)out->size;
        said = inflate(&z, Z_SYNC_FLUSH);
        out->n = out->size - z.avail_out;
    }
    *final = said == Z_STREAM_END || (z.data_type & 64);
    inflateEnd(&z);
    if (said != Z_OK)
        return -1;
    return (z.data_type & (7 | 64 | 128)) == 128;
}

/* What zlib takes we take, equal to the byte, and what zlib waits for we wait for. Of
 * what zlib refuses, libdeflate takes a little: code lengths that run over their end, for
 * one. */
TEST(every_flipped_bit_is_judged_as_zlib_judges_it)
{
    struct rng rng = rng_seeded(12);
    struct buf payload = { 0 }, first = { 0 }, broken = { 0 }, want = { 0 };
    struct rig r = rig_new(COMPRESS_ZLIB);
    struct str out, ending = { "\x00\x00\xff\xff", 4 };
    struct server server;
    unsigned refused = 0, taken = 0, lenient = 0;

    server_open(&server, 6, Z_DEFAULT_STRATEGY, 8);
    write_payload(&rng, &payload);
    buf_append_str(&first, server_put(&server, buf_str(&payload), Z_SYNC_FLUSH));
    do
        write_payload(&rng, &payload);
    while (payload.n > 500 || payload.p[0] != '{');
    buf_append_str(&broken, server_put(&server, buf_str(&payload), Z_SYNC_FLUSH));
    for (size_t bit = 0; bit < broken.n * 8; bit++) {
        int got, oracle;
        bool final;

        broken.p[bit / 8] ^= (char)(1 << bit % 8);
        oracle = ask_zlib(buf_str(&first), buf_str(&broken), &want, &final);
        if (oracle > 0 && want.n == 0)
            oracle = 0;
        if (!str_ends(buf_str(&broken), ending))
            oracle = 0; /* it would go on waiting */
        renew(&r, COMPRESS_ZLIB);
        CHECK_INT(feed(r.z, r.scratch, buf_str(&first), &out), 1);
        got = feed(r.z, r.scratch, buf_str(&broken), &out);
        if (oracle >= 0 && !final)
            CHECK_INT(got, oracle);
        if (oracle > 0 && !final)
            CHECK(str_eq(out, buf_str(&want)));
        CHECK(got >= 0 || got == CORDAGE_EPARSE);
        lenient += oracle < 0 && got > 0;
        refused += got < 0;
        taken += got > 0;
        broken.p[bit / 8] ^= (char)(1 << bit % 8);
    }
    if (refused < 100 || taken < 100 || lenient > refused / 10)
        fail_msg("%u refused, %u taken, %u of them not by zlib", refused, taken, lenient);
    server_close(&server);
    buf_release(&payload);
    buf_release(&first);
    buf_release(&broken);
    buf_release(&want);
    rig_free(&r);
}

TEST(what_does_not_begin_as_zlib_does_is_refused_at_once)
{
    static const struct str bad[] = {
        { "{\"t\":null}", 10 },       /* not compressed */
        { "\x78\x9d", 2 },            /* the check is wrong */
        { "\x88\x1c", 2 },            /* a window of 64 KB */
        { "\x79\x9b", 2 },            /* method 9 */
        { "\x78\xbb\1\2\3\4", 6 },    /* a preset dictionary */
        { "\x1f\x8b\x08", 3 },        /* gzip */
        { "\x28\xb5\x2f\xfd", 4 },    /* zstd */
        { "\x00\x00\xff\xff", 4 },    /* a flush alone */
        { "\x05\xc0\x81\x08\0\0", 6 } /* deflate without zlib's head */
    };
    struct rig r = rig_new(COMPRESS_ZLIB);
    struct str out;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        renew(&r, COMPRESS_ZLIB);
        CHECK_INT(feed(r.z, r.scratch, bad[i], &out), CORDAGE_EPARSE);
        renew(&r, COMPRESS_ZLIB);
        CHECK_INT(feed(r.z, r.scratch, (struct str){ bad[i].p, 1 }, &out), 0);
        CHECK_INT(feed(r.z, r.scratch, (struct str){ bad[i].p + 1, 1 }, &out),
                  CORDAGE_EPARSE);
    }
    rig_free(&r);
}

TEST(a_stream_that_ends_is_corrupt_and_stays_so)
{
    struct rig r = rig_new(COMPRESS_ZLIB);
    struct buf message = { 0 };
    struct server server;
    struct str out;

    server_open(&server, 6, Z_DEFAULT_STRATEGY, 8);
    expect_payload(r.z, r.scratch, server_put(&server, STR("{}"), Z_SYNC_FLUSH),
                   STR("{}"));
    buf_append_str(&message, server_put(&server, STR("[1]"), Z_FINISH));
    buf_append(&message, "\x00\x00\xff\xff", 4);
    CHECK_INT(feed(r.z, r.scratch, buf_str(&message), &out), CORDAGE_EPARSE);
    CHECK_INT(out.n, 0);
    CHECK_INT(feed(r.z, r.scratch, STR("anything"), &out), CORDAGE_EPARSE);
    CHECK_INT(feed(r.z, r.scratch, STR(""), &out), CORDAGE_EPARSE);
    server_close(&server);
    buf_release(&message);
    rig_free(&r);
}

TEST(a_new_stream_begins_with_nothing_of_the_old)
{
    struct rig r = rig_new(COMPRESS_ZLIB);
    struct server server;
    struct str out;

    for (int i = 0; i < 3; i++) {
        struct str message;

        server_open(&server, 6, Z_DEFAULT_STRATEGY, 8);
        expect_payload(r.z, r.scratch,
                       server_put(&server, STR("{\"a\":1}"), Z_SYNC_FLUSH),
                       STR("{\"a\":1}"));
        message = server_put(&server, STR("{\"a\":2}"), Z_SYNC_FLUSH);
        CHECK_INT(feed(r.z, r.scratch, (struct str){ message.p, 3 }, &out), 0);
        server_close(&server);
        renew(&r, COMPRESS_ZLIB);
    }
    rig_free(&r);
}

/* `n` zeros, as one payload. */
static void write_bomb(enum compression kind, size_t n, struct buf *message)
{
    struct deflate *d = deflate_new(kind);
    char *zeros = calloc(1, n);

    CHECK(d && zeros);
    buf_clear(message);
    CHECK_INT(deflate_payload(d, (struct str){ zeros, n }, message), 0);
    deflate_free(d);
    free(zeros);
}

TEST(a_payload_of_the_limit_passes_and_a_byte_more_is_a_bomb)
{
    struct buf message = { 0 };
    struct str out;

    for (int kind = COMPRESS_ZLIB; kind <= COMPRESS_ZSTD; kind++) {
        struct rig r = rig_new((enum compression)kind);

        write_bomb((enum compression)kind, LIMIT_PAYLOAD, &message);
        CHECK_INT(feed(r.z, r.scratch, buf_str(&message), &out), 1);
        CHECK_INT(out.n, LIMIT_PAYLOAD);
        CHECK(r.scratch->out.size <= SCRATCH_MOST);
        renew(&r, (enum compression)kind);
        write_bomb((enum compression)kind, LIMIT_PAYLOAD + 1, &message);
        CHECK_INT(feed(r.z, r.scratch, buf_str(&message), &out), CORDAGE_ELIMIT);
        CHECK_INT(out.n, 0);
        CHECK(r.scratch->out.size <= SCRATCH_MOST);
        rig_free(&r);
    }
    buf_release(&message);
}

TEST(a_bomb_in_pieces_is_no_smaller)
{
    struct rig r = rig_new(COMPRESS_ZLIB);
    struct buf message = { 0 };
    struct str out, rest;
    int got = 0;

    /* Stored, and cut at a false end, so that the slow way takes over. */
    buf_append(&message, "\x78\x01\x00\x05\x00\xfa\xff\x00\x00\xff\xff", 11);
    CHECK_INT(feed(r.z, r.scratch, buf_str(&message), &out), 0);
    CHECK_INT(feed(r.z, r.scratch, STR("!"), &out), 0);
    write_bomb(COMPRESS_ZLIB, LIMIT_PAYLOAD + 1, &message);
    rest = (struct str){ message.p + 2, message.n - 2 };
    while (rest.n && got == 0) {
        size_t n = rest.n < 1000 ? rest.n : 1000;

        got = feed(r.z, r.scratch, (struct str){ rest.p, n }, &out);
        rest.p += n;
        rest.n -= n;
    }
    CHECK_INT(got, CORDAGE_ELIMIT);
    buf_release(&message);
    rig_free(&r);
}

TEST(what_a_giant_needed_is_given_back_at_the_next_small_message)
{
    struct buf message = { 0 };
    struct str out;

    for (int kind = COMPRESS_ZLIB; kind <= COMPRESS_ZSTD; kind++) {
        struct rig r = rig_new((enum compression)kind);
        struct deflate *d = deflate_new((enum compression)kind);
        char *giant = malloc(5 << 20);
        struct rng rng = rng_seeded(13);

        for (size_t i = 0; i < 5 << 20; i++)
            giant[i] = (char)('a' + rng_below(&rng, 20));
        buf_clear(&message);
        CHECK_INT(deflate_payload(d, (struct str){ giant, 5 << 20 }, &message), 0);
        expect_payload(r.z, r.scratch, buf_str(&message), (struct str){ giant, 5 << 20 });
        CHECK(r.scratch->out.size > SCRATCH_KEPT);
        buf_clear(&message);
        CHECK_INT(deflate_payload(d, STR("{}"), &message), 0);
        expect_payload(r.z, r.scratch, buf_str(&message), STR("{}"));
        CHECK(r.scratch->out.size <= SCRATCH_KEPT);
        CHECK(kind != COMPRESS_ZLIB || r.scratch->staging.size <= SCRATCH_KEPT);
        CHECK_INT(feed(r.z, r.scratch, STR(""), &out), 0);
        deflate_free(d);
        free(giant);
        rig_free(&r);
    }
    buf_release(&message);
}

/* zstd */

static struct str zstd_put(ZSTD_CCtx *c, struct str payload, ZSTD_EndDirective how,
                           struct buf *out)
{
    ZSTD_inBuffer from = { payload.p, payload.n, 0 };
    ZSTD_outBuffer to;

    buf_clear(out);
    CHECK_INT(buf_reserve(out, ZSTD_compressBound(payload.n) + 4096), 0);
    to = (ZSTD_outBuffer){ out->p, out->size, 0 };
    CHECK_INT(ZSTD_compressStream2(c, &to, &from, how), 0);
    out->n = to.pos;
    return buf_str(out);
}

TEST(zstd_comes_out_byte_by_byte_equal_at_every_level)
{
    static const int levels[] = { -5, 1, 3, 6, 12 };
    struct inflate_scratch *scratch = inflate_scratch_new();
    struct rng rng = rng_seeded(14);
    struct buf payload = { 0 }, message = { 0 };
    unsigned n = 0;

    for (size_t k = 0; k < sizeof levels / sizeof *levels; k++) {
        struct inflate *z = inflate_new(COMPRESS_ZSTD);
        ZSTD_CCtx *c = ZSTD_createCCtx();

        ZSTD_CCtx_setParameter(c, ZSTD_c_compressionLevel, levels[k]);
        for (int i = 0; i < 400; i++, n++) {
            struct str out;

            write_payload(&rng, &payload);
            zstd_put(c, buf_str(&payload), ZSTD_e_flush, &message);
            expect_payload(z, scratch, buf_str(&message), buf_str(&payload));
            CHECK_INT(feed(z, scratch, STR(""), &out), 0);
        }
        ZSTD_freeCCtx(c);
        inflate_free(z);
    }
    CHECK(n >= 2000);
    inflate_scratch_free(scratch);
    buf_release(&payload);
    buf_release(&message);
}

TEST(a_zstd_frame_that_ends_or_breaks_is_corrupt)
{
    struct rig r = rig_new(COMPRESS_ZSTD);
    ZSTD_CCtx *c = ZSTD_createCCtx();
    struct buf message = { 0 };
    struct str out;

    zstd_put(c, STR("{}"), ZSTD_e_flush, &message);
    expect_payload(r.z, r.scratch, buf_str(&message), STR("{}"));
    zstd_put(c, STR("[1]"), ZSTD_e_end, &message);
    CHECK_INT(feed(r.z, r.scratch, buf_str(&message), &out), CORDAGE_EPARSE);
    CHECK_INT(feed(r.z, r.scratch, buf_str(&message), &out), CORDAGE_EPARSE);
    /* Something behind the end. */
    renew(&r, COMPRESS_ZSTD);
    zstd_put(c, STR("[1]"), ZSTD_e_end, &message);
    buf_append(&message, "junk", 4);
    CHECK_INT(feed(r.z, r.scratch, buf_str(&message), &out), CORDAGE_EPARSE);
    renew(&r, COMPRESS_ZSTD);
    CHECK_INT(feed(r.z, r.scratch, STR("{\"op\":10}"), &out), CORDAGE_EPARSE);
    ZSTD_freeCCtx(c);
    buf_release(&message);
    rig_free(&r);
}

TEST(flipped_bits_in_zstd_never_crash)
{
    struct rng rng = rng_seeded(15);
    struct rig r = rig_new(COMPRESS_ZSTD);
    ZSTD_CCtx *c = ZSTD_createCCtx();
    struct buf payload = { 0 }, message = { 0 };
    struct str out;
    unsigned refused = 0;

    write_payload(&rng, &payload);
    zstd_put(c, buf_str(&payload), ZSTD_e_flush, &message);
    for (size_t bit = 0; bit < message.n * 8; bit++) {
        int got;

        message.p[bit / 8] ^= (char)(1 << bit % 8);
        renew(&r, COMPRESS_ZSTD);
        got = feed(r.z, r.scratch, buf_str(&message), &out);
        CHECK(got >= 0 || got == CORDAGE_EPARSE || got == CORDAGE_ENOMEM);
        refused += got < 0;
        message.p[bit / 8] ^= (char)(1 << bit % 8);
    }
    CHECK(refused > 20);
    ZSTD_freeCCtx(c);
    buf_release(&payload);
    buf_release(&message);
    rig_free(&r);
}

/* The simulator's end */

static void check_capture(struct str content, void *user)
{
    struct deflate **servers = user;
    struct buf message = { 0 };

    for (int kind = COMPRESS_NONE; kind <= COMPRESS_ZSTD; kind++) {
        struct rig r = { inflate_scratch_new(), NULL };

        for (int i = 0; kind != COMPRESS_NONE && i < 3; i++) {
            /* Each stream begins with its own server's first message. */
            if (i == 0) {
                deflate_free(servers[kind]);
                servers[kind] = deflate_new((enum compression)kind);
                renew(&r, (enum compression)kind);
            }
            buf_clear(&message);
            CHECK_INT(deflate_payload(servers[kind], content, &message), 0);
            CHECK(message.n < content.n + 64);
            expect_payload(r.z, r.scratch, buf_str(&message), content);
        }
        rig_free(&r);
    }
    buf_release(&message);
}

TEST(real_traffic_goes_there_and_back)
{
    struct deflate *servers[COMPRESS_ZSTD + 1] = { 0 };

    captures_each("gateway_", check_capture, servers);
    for (int kind = COMPRESS_NONE; kind <= COMPRESS_ZSTD; kind++)
        deflate_free(servers[kind]);
}

TEST(without_compression_a_payload_is_copied)
{
    struct deflate *d = deflate_new(COMPRESS_NONE);
    struct buf out = { 0 };

    CHECK_INT(deflate_payload(d, STR("{}"), &out), 0);
    CHECK_INT(deflate_payload(d, STR("[]"), &out), 0);
    CHECK_STR(buf_str(&out), "{}[]");
    buf_release(&out);
    deflate_free(d);
}

TEST(an_empty_payload_leaves_a_server_whole)
{
    for (int kind = COMPRESS_ZLIB; kind <= COMPRESS_ZSTD; kind++) {
        struct rig r = rig_new((enum compression)kind);
        struct deflate *d = deflate_new((enum compression)kind);
        struct buf message = { 0 };
        struct str out;

        for (int i = 0; i < 6; i++) {
            buf_clear(&message);
            CHECK_INT(deflate_payload(d, i % 3 == 2 ? STR("{}") : STR(""), &message), 0);
            CHECK_INT(feed(r.z, r.scratch, buf_str(&message), &out), i % 3 == 2);
        }
        CHECK_STR(out, "{}");
        buf_release(&message);
        deflate_free(d);
        rig_free(&r);
    }
}

TEST(one_whole_stream_is_complete)
{
    struct buf out = { 0 };
    char back[64];
    uLongf n = sizeof back;

    buf_append_z(&out, "before");
    CHECK_INT(deflate_whole(STR("{\"op\":2}"), &out), 0);
    CHECK_INT(uncompress((unsigned char *)back, &n, (unsigned char *)out.p + 6,
                         out.n - 6),
              Z_OK);
    CHECK_STR(((struct str){ back, n }), "{\"op\":2}");
    buf_release(&out);
}

RUN_TESTS(T(compressions_have_names),
          T(every_level_strategy_and_flush_comes_out_byte_by_byte_equal),
          T(one_stream_may_change_its_level_and_strategy),
          T(a_message_may_be_cut_anywhere), T(a_false_end_is_told_from_the_true_one),
          T(a_payload_that_fills_the_buffer_to_the_last_byte_has_ended),
          T(a_payload_that_ends_as_our_own_tail_does_is_whole),
          T(a_flush_of_nothing_is_no_payload), T(streams_share_a_scratch_without_meeting),
          T(the_history_is_right_at_every_edge_of_its_window),
          T(a_match_reaches_32768_bytes_back_and_no_further_than_there_is),
          T(every_flipped_bit_is_judged_as_zlib_judges_it),
          T(what_does_not_begin_as_zlib_does_is_refused_at_once),
          T(a_stream_that_ends_is_corrupt_and_stays_so),
          T(a_new_stream_begins_with_nothing_of_the_old),
          T(a_payload_of_the_limit_passes_and_a_byte_more_is_a_bomb),
          T(a_bomb_in_pieces_is_no_smaller),
          T(what_a_giant_needed_is_given_back_at_the_next_small_message),
          T(zstd_comes_out_byte_by_byte_equal_at_every_level),
          T(a_zstd_frame_that_ends_or_breaks_is_corrupt),
          T(flipped_bits_in_zstd_never_crash), T(real_traffic_goes_there_and_back),
          T(without_compression_a_payload_is_copied),
          T(an_empty_payload_leaves_a_server_whole), T(one_whole_stream_is_complete))
