/* Events made in advance, as frames: only the number is new in each.
 *
 * In a zlib stream the beginning of a payload, with the number, is a stored block, and
 * the rest was compressed before, without a history: it is right wherever it stands. What
 * the stream's own compressor says next must not refer to what was before: it is told to
 * forget (deflate_forget). */
#include <string.h>

#include "door_socket.h"
#include "ws_frame.h"

enum {
    FRAME_HEAD = 10, /* at most */
    STORED_HEAD = 5,
    DIGITS = 20,
};

static size_t put_number(char *out, uint64_t n)
{
    char digits[DIGITS];
    size_t at = sizeof digits;

    do
        digits[--at] = (char)('0' + n % 10);
    while (n /= 10);
    memcpy(out, digits + at, sizeof digits - at);
    return sizeof digits - at;
}

/* A final frame's head for `n` bytes. Returns its end. */
static char *put_frame(char *p, bool binary, size_t n)
{
    *p++ = (char)(0x80 | (binary ? WS_OP_BINARY : WS_OP_TEXT));
    if (n < 126) {
        *p++ = (char)n;
    } else if (n <= UINT16_MAX) {
        *p++ = 126;
        *p++ = (char)(n >> 8);
        *p++ = (char)n;
    } else {
        *p++ = 127;
        for (int shift = 56; shift >= 0; shift -= 8)
            *p++ = (char)((uint64_t)n >> shift);
    }
    return p;
}

/* RFC 1951, 3.2.4: not the last block, stored, its length and that inverted. */
static char *put_stored(char *p, size_t n)
{
    *p++ = 0;
    *p++ = (char)n;
    *p++ = (char)(n >> 8);
    *p++ = (char)~n;
    *p++ = (char)(~n >> 8);
    return p;
}

static char *put_bytes(char *p, struct str s)
{
    return (char *)memcpy(p, s.p, s.n) + s.n;
}

static char *put_event(char *p, const struct sim_burst *b, uint32_t i, bool zlib,
                       struct str before)
{
    const struct sim_piece *piece = &b->pieces[(b->next + i) % b->n_pieces];
    struct str rest = zlib ? piece->packed : piece->rest;
    char number[DIGITS];
    size_t digits = put_number(number, b->seq + i), n = b->head.n + digits;

    p = put_frame(p, zlib, before.n + (zlib ? STORED_HEAD : 0) + n + rest.n);
    p = put_bytes(p, before);
    if (zlib)
        p = put_stored(p, n);
    p = put_bytes(p, b->head);
    p = put_bytes(p, (struct str){ number, digits });
    return put_bytes(p, rest);
}

bool socket_burst(struct socket *k, const struct sim_burst *b)
{
    struct buf *out = &k->door->burst, *before = &k->door->message;
    bool zlib = k->compression == COMPRESS_ZLIB;
    size_t most = FRAME_HEAD + STORED_HEAD + DIGITS + b->head.n, n = 0;
    char *p;

    if (k->compression == COMPRESS_ZSTD || sim_conn_deflates(k->conn) || k->splits ||
        k->corrupts || k->bytes_per_s || k->slow.n || k->ws.out.n)
        return false;
    buf_clear(before);
    if (zlib && !k->has_forgotten && deflate_forget(k->deflate, before) < 0)
        return false;
    k->has_forgotten = zlib;
    for (uint32_t i = 0; i < b->n; i++) {
        const struct sim_piece *piece = &b->pieces[(b->next + i) % b->n_pieces];

        n += most + (zlib ? piece->packed.n : piece->rest.n);
    }
    buf_clear(out);
    if (buf_reserve(out, n + before->n) < 0)
        return false;
    p = out->p;
    for (uint32_t i = 0; i < b->n; i++)
        p = put_event(p, b, i, zlib, i ? STR("") : buf_str(before));
    out->n = (size_t)(p - out->p);
    socket_write(k, buf_str(out));
    return true;
}
