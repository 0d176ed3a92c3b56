#include "ws_frame.h"

#include "error.h"

enum {
    FINAL = 0x80,
    RESERVED = 0x70,
    OPCODE = 0x0f,
    MASKED = 0x80,
    LENGTH = 0x7f,
    LENGTH_16 = 126, /* the length is in the next 2 bytes */
    LENGTH_64 = 127, /* in the next 8 */
    HEAD_MAX = 2 + 8 + WS_MASK_SIZE,
};

static bool is_known(int opcode)
{
    return opcode <= WS_OP_BINARY || (opcode >= WS_OP_CLOSE && opcode <= WS_OP_PONG);
}

static int read_first(unsigned char byte, struct ws_frame *out)
{
    out->final = byte & FINAL;
    out->opcode = byte & OPCODE;
    if ((byte & RESERVED) || !is_known(out->opcode))
        return CORDAGE_EPROTO;
    return ws_is_control(out->opcode) && !out->final ? CORDAGE_EPROTO : 0;
}

/* Where the mask or the payload begins. */
static size_t length_end(unsigned length)
{
    return length == LENGTH_64 ? 10 : length == LENGTH_16 ? 4 : 2;
}

/* The extended length. "The minimal number of bytes MUST be used", and the highest bit
 * of 64 must be clear. */
static int read_length(const unsigned char *p, unsigned length, uint64_t *out)
{
    size_t end = length_end(length);
    uint64_t size = 0;

    if (end == 2) {
        *out = length;
        return 0;
    }
    for (size_t i = 2; i < end; i++)
        size = size << 8 | p[i];
    *out = size;
    if (length == LENGTH_16)
        return size < LENGTH_16 ? CORDAGE_EPROTO : 0;
    return size <= UINT16_MAX || size > INT64_MAX ? CORDAGE_EPROTO : 0;
}

int ws_frame_read(const char *bytes, size_t n, bool masked, struct ws_frame *out)
{
    const unsigned char *p = (const unsigned char *)bytes;
    unsigned length;
    size_t end;

    *out = (struct ws_frame){ 0 };
    if (n < 1)
        return 2;
    if (read_first(p[0], out))
        return CORDAGE_EPROTO;
    if (n < 2)
        return 2;
    length = p[1] & LENGTH;
    out->masked = p[1] & MASKED;
    if (out->masked != masked || (ws_is_control(out->opcode) && length > WS_CONTROL_MAX))
        return CORDAGE_EPROTO;
    end = length_end(length);
    out->head = end + (masked ? WS_MASK_SIZE : 0);
    if (n < end)
        return (int)out->head;
    if (read_length(p, length, &out->size))
        return CORDAGE_EPROTO;
    if (n < out->head)
        return (int)out->head;
    if (masked)
        memcpy(out->mask, p + end, WS_MASK_SIZE);
    return 0;
}

static size_t write_head(unsigned char *p, enum ws_opcode opcode, size_t size,
                         const unsigned char *mask)
{
    size_t n = 2;

    p[0] = (unsigned char)(FINAL | opcode);
    if (size < LENGTH_16) {
        p[1] = (unsigned char)size;
    } else if (size <= UINT16_MAX) {
        p[1] = LENGTH_16;
        n = 4;
    } else {
        p[1] = LENGTH_64;
        n = 10;
    }
    for (size_t i = n; i > 2; size >>= 8)
        p[--i] = (unsigned char)size;
    if (mask) {
        p[1] |= MASKED;
        memcpy(p + n, mask, WS_MASK_SIZE);
        n += WS_MASK_SIZE;
    }
    return n;
}

int ws_frame_write(struct buf *out, enum ws_opcode opcode, struct str payload,
                   const unsigned char *mask)
{
    unsigned char head[HEAD_MAX];
    size_t n = write_head(head, opcode, payload.n, mask);
    int err = payload.n > SIZE_MAX - n ? CORDAGE_ELIMIT : buf_reserve(out, n + payload.n);

    if (err)
        return err;
    memcpy(out->p + out->n, head, n);
    if (payload.n)
        memcpy(out->p + out->n + n, payload.p, payload.n);
    if (mask)
        ws_mask(out->p + out->n + n, payload.n, mask);
    out->n += n + payload.n;
    return 0;
}

void ws_mask(char *p, size_t n, const unsigned char mask[WS_MASK_SIZE])
{
    uint64_t wide, word;
    size_t i = 0;

    memcpy(&wide, mask, WS_MASK_SIZE);
    memcpy((char *)&wide + WS_MASK_SIZE, mask, WS_MASK_SIZE);
    for (; n - i >= sizeof word; i += sizeof word) {
        memcpy(&word, p + i, sizeof word);
        word ^= wide;
        memcpy(p + i, &word, sizeof word);
    }
    for (; i < n; i++)
        p[i] = (char)(p[i] ^ mask[i % WS_MASK_SIZE]);
}
