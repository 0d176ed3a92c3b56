/* zlib-stream: one zlib stream (RFC 1950) for the connection's life, in which each
 * payload ends on a sync flush: its last bytes are 00 00 FF FF.
 *
 * The usual way. libdeflate, faster than zlib but only for whole streams, is given each
 * payload as if it were one: a stored block with the last 32 KB of output, the message,
 * and an empty final block. So the output holds the history and the payload behind it.
 * The history lies in the stream's window, with 5 bytes before it for the stored block's
 * head and some slack behind it, in which a usual message fits; a longer one is put
 * together in the scratch's staging. What comes out is appended to the history, over the
 * message, until the slack is used up; then the window is filled anew from the output.
 *
 * The other way. A payload may be split over several messages, and one that isn't its
 * last may end in 00 00 FF FF by chance. libdeflate can't tell a stream that was cut from
 * a corrupt one; zlib can. So whatever libdeflate refuses goes to zlib, primed with the
 * history; if it is no error there, the stream stays with zlib, which keeps its place and
 * does nothing twice.
 *
 * What can go unseen: libdeflate takes a little that zlib refuses (code lengths that run
 * over their end), and a final block in the middle, which no Discord sends, may be so
 * made that the bytes we put behind it end it. The payload is rubbish then, which the
 * peer could have sent in plainer ways; nothing is read or written out of bounds. */
#include "inflate_kinds.h"

#include <libdeflate.h>
#include <zlib.h>

#include "error.h"
#include "limits.h"
#include "mem.h"

enum {
    HISTORY = INFLATE_HISTORY,
    FRONT = 8, /* the stored block's head, 5 bytes, ends where the history begins */
    STORED_HEAD = 5,
    SLACK = 4 * 1024,  /* more gains nothing: measured */
    SLACK_LEAST = 768, /* with less left, the next message would likely not fit */
    WINDOW = FRONT + HISTORY + SLACK,
    ZLIB_HEAD = 2,
};

/* An empty final stored block. */
static const unsigned char tail[5] = { 0x01, 0x00, 0x00, 0xff, 0xff };
/* What each payload ends with: an empty stored block, but for its first bits. */
static const struct str flush = { "\x00\x00\xff\xff", 4 };

struct inflate_zlib {
    struct inflate base;
    bool begun;         /* the two bytes of zlib's header were seen and are right */
    struct buf pending; /* messages of a payload whose end has not come */
    size_t at;          /* of the history in the window */
    size_t n;           /* bytes of history, at most HISTORY */
    z_stream *slow;     /* zlib has taken over */
    struct buf partial; /* what zlib has made of a payload so far */
    uint32_t last;      /* the last four bytes that zlib was fed */
    bool between;       /* zlib stood between two blocks when it last moved */
    unsigned char window[WINDOW];
};

struct inflate *inflate_zlib_new(void)
{
    struct inflate_zlib *z = malloc(sizeof *z);

    if (!z)
        return NULL;
    /* The window needn't be cleared. */
    memset(z, 0, offsetof(struct inflate_zlib, window));
    z->at = FRONT;
    z->pending.limit = LIMIT_MESSAGE;
    z->partial.limit = LIMIT_PAYLOAD + 1;
    return &z->base;
}

static void slow_free(z_stream *slow)
{
    if (slow)
        inflateEnd(slow);
    free(slow);
}

void inflate_zlib_free(struct inflate *base)
{
    struct inflate_zlib *z = CONTAINER_OF(base, struct inflate_zlib, base);

    buf_release(&z->pending);
    buf_release(&z->partial);
    slow_free(z->slow);
    free(z);
}

/* Through libdeflate */

static void put_stored_head(unsigned char *p, size_t n)
{
    p[0] = 0x00; /* stored, not final */
    p[1] = (unsigned char)n;
    p[2] = (unsigned char)(n >> 8);
    p[3] = (unsigned char)~n;
    p[4] = (unsigned char)(~n >> 8);
}

/* The stream as libdeflate wants it: put together in the window's slack, or in staging.
 */
static int assemble(struct inflate_zlib *z, struct inflate_scratch *s, struct str in,
                    struct str *out)
{
    unsigned char *p = z->window + z->at - STORED_HEAD;
    size_t before = STORED_HEAD + z->n, all = before + in.n + sizeof tail;
    int err;

    put_stored_head(p, z->n);
    if (all > WINDOW - (z->at - STORED_HEAD)) {
        err = buf_reserve(&s->staging, all);
        if (err)
            return err;
        memcpy(s->staging.p, p, before);
        p = (unsigned char *)s->staging.p;
    }
    memcpy(p + before, in.p, in.n);
    memcpy(p + before + in.n, tail, sizeof tail);
    *out = (struct str){ (const char *)p, all };
    return 0;
}

/* Takes the payload into the history. `out` has the old history and the payload. */
static void carry(struct inflate_zlib *z, struct str out)
{
    size_t more = out.n - z->n, end = z->at + z->n;

    if (more + SLACK_LEAST <= WINDOW - end) {
        memcpy(z->window + end, out.p + z->n, more);
        z->n += more;
        if (z->n > HISTORY) {
            z->at += z->n - HISTORY;
            z->n = HISTORY;
        }
        return;
    }
    z->at = FRONT;
    z->n = out.n < HISTORY ? out.n : HISTORY;
    memcpy(z->window + FRONT, out.p + out.n - z->n, z->n);
}

/* Whether what came out ends with our own tail: then it may have been taken for the
 * content of a stored block. */
static bool has_tail(struct str payload)
{
    static const struct str both = { "\x00\x00\xff\xff\x01\x00\x00\xff\xff", 9 };

    return str_ends(payload, both);
}

/* 1: a payload. 0: libdeflate won't have it. */
static int fast_feed(struct inflate_zlib *z, struct inflate_scratch *s, struct str in,
                     struct str *out)
{
    size_t limit = z->n + LIMIT_PAYLOAD, room, used = 0, made = 0;
    enum libdeflate_result result;
    struct str whole;
    int err = scratch_ready(s, in.n);

    if (!err)
        err = assemble(z, s, in, &whole);
    if (err)
        return err;
    for (;;) {
        room = s->out.size < limit ? s->out.size : limit;
        result = libdeflate_deflate_decompress_ex(s->decompressor, whole.p, whole.n,
                                                  s->out.p, room, &used, &made);
        if (result != LIBDEFLATE_INSUFFICIENT_SPACE)
            break;
        err = scratch_double(&s->out, limit);
        if (err)
            return err;
    }
    *out = (struct str){ s->out.p + z->n, made - z->n };
    if (result != LIBDEFLATE_SUCCESS || used != whole.n || has_tail(*out))
        return 0;
    carry(z, (struct str){ s->out.p, made });
    return 1;
}

/* Through zlib */

/* zlib's memory, by the way all ours comes. */
static void *slow_alloc(void *user, unsigned n, unsigned size)
{
    (void)user;
    return calloc(n, size);
}

static void slow_give_back(void *user, void *p)
{
    (void)user;
    free(p);
}

static int slow_begin(struct inflate_zlib *z)
{
    z_stream *slow = mem_zero(sizeof *slow);

    if (!slow)
        return CORDAGE_ENOMEM;
    slow->zalloc = slow_alloc;
    slow->zfree = slow_give_back;
    if (inflateInit2(slow, -15) != Z_OK) {
        free(slow);
        return CORDAGE_ENOMEM;
    }
    z->slow = slow;
    if (inflateSetDictionary(slow, z->window + z->at, (unsigned)z->n) != Z_OK)
        return CORDAGE_ENOMEM;
    return 0;
}

/* Whether zlib stands right behind a block that wasn't the last, on a byte's edge.
 * zlib.h: data_type has the unused bits of the last byte, 64 in the last block, 128
 * behind one. */
static bool is_between(const z_stream *slow)
{
    return (slow->data_type & (7 | 64 | 128)) == 128;
}

/* Inflates all of `in` behind what is in `partial`. */
static int slow_run(struct inflate_zlib *z, struct str in)
{
    z_stream *slow = z->slow;
    int err, said;

    slow->next_in = (unsigned char *)in.p;
    slow->avail_in = (unsigned)in.n; /* at most LIMIT_MESSAGE */
    do {
        err = buf_reserve(&z->partial, 1);
        if (err)
            return err;
        slow->next_out = (unsigned char *)z->partial.p + z->partial.n;
        slow->avail_out = (unsigned)(z->partial.size - z->partial.n);
        said = inflate(slow, Z_SYNC_FLUSH);
        z->partial.n = z->partial.size - slow->avail_out;
        /* Without progress, when nothing was left, data_type means nothing. */
        if (said == Z_OK)
            z->between = is_between(slow);
        else if (said != Z_BUF_ERROR) /* also a stream's end, which should never come */
            return said == Z_MEM_ERROR ? CORDAGE_ENOMEM : CORDAGE_EPARSE;
    } while (slow->avail_out == 0);
    return z->partial.n > LIMIT_PAYLOAD ? CORDAGE_ELIMIT : 0;
}

static int slow_feed(struct inflate_zlib *z, struct inflate_scratch *s, struct str in,
                     struct str *out)
{
    int err = slow_run(z, in);

    if (err)
        return err;
    for (size_t i = in.n < 4 ? 0 : in.n - 4; i < in.n; i++)
        z->last = z->last << 8 | (unsigned char)in.p[i];
    if (!z->between || z->last != 0x0000ffff)
        return 0;
    /* The payload is borrowed from the scratch, so the scratch gets it. */
    buf_release(&s->out);
    s->out = z->partial;
    s->out.limit = SCRATCH_MOST;
    z->partial = (struct buf){ .limit = LIMIT_PAYLOAD + 1 };
    *out = buf_str(&s->out);
    return 1;
}

/* The whole */

/* RFC 1950: deflate, a window of at most 32 KB, no preset dictionary, a check. */
static bool is_zlib_head(struct str bytes)
{
    unsigned method = (unsigned char)bytes.p[0], flags = (unsigned char)bytes.p[1];

    return (method & 0x0f) == 8 && (method >> 4) <= 7 && !(flags & 0x20) &&
           (method << 8 | flags) % 31 == 0;
}

/* Takes the two bytes off the first message. CORDAGE_EPARSE as soon as they are wrong. */
static int begin(struct inflate_zlib *z, struct str *in)
{
    if (in->n < ZLIB_HEAD)
        return 0;
    if (!is_zlib_head(*in))
        return CORDAGE_EPARSE;
    in->p += ZLIB_HEAD;
    in->n -= ZLIB_HEAD;
    z->begun = true;
    return 0;
}

/* What has come of the payload so far, `message` included. */
static int gather(struct inflate_zlib *z, struct str *message)
{
    int err = 0;

    if (z->pending.n) {
        err = buf_append_str(&z->pending, *message);
        *message = buf_str(&z->pending);
    }
    if (!err && !z->begun)
        err = begin(z, message);
    return err;
}

/* Keeps what is not yet a payload. `in` may be all or the end of `pending`. */
static int keep(struct inflate_zlib *z, struct str in)
{
    if (z->pending.n == 0)
        return buf_append_str(&z->pending, in);
    buf_consume(&z->pending, z->pending.n - in.n);
    return 0;
}

int inflate_zlib_feed(struct inflate *base, struct inflate_scratch *s, struct str message,
                      struct str *out)
{
    struct inflate_zlib *z = CONTAINER_OF(base, struct inflate_zlib, base);
    struct str in = message;
    int got;

    if (z->slow)
        return slow_feed(z, s, in, out);
    got = gather(z, &in);
    if (got)
        return got;
    if (!z->begun || !str_ends(in, flush))
        return keep(z, in);
    got = fast_feed(z, s, in, out);
    if (got == 0) {
        got = slow_begin(z);
        if (!got)
            got = slow_feed(z, s, in, out);
    }
    buf_release(&z->pending);
    return got;
}
