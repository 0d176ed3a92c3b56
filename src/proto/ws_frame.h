/* ws_frame.h - the head of one websocket frame (RFC 6455, section 5.2), read and
 * written. For ws.c; keeps no state. */
#ifndef PROTO_WS_FRAME_H
#define PROTO_WS_FRAME_H

#include "buf.h"

enum ws_opcode {
    WS_OP_CONTINUATION = 0,
    WS_OP_TEXT = 1,
    WS_OP_BINARY = 2,
    WS_OP_CLOSE = 8,
    WS_OP_PING = 9,
    WS_OP_PONG = 10,
};

enum {
    WS_CONTROL_MAX = 125, /* bytes that a close, ping or pong may carry */
    WS_MASK_SIZE = 4,
};

struct ws_frame {
    enum ws_opcode opcode;
    bool final;
    bool masked;
    unsigned char mask[WS_MASK_SIZE];
    size_t head;   /* bytes before the payload */
    uint64_t size; /* bytes of payload */
};

static inline bool ws_is_control(enum ws_opcode opcode)
{
    return opcode >= WS_OP_CLOSE;
}

/* Reads a head from the `n` bytes there are. 0: `*out` is whole. > 0: so many bytes are
 * needed from the frame's start on before more can be said. CORDAGE_EPROTO as soon as a
 * byte breaks the protocol: a reserved bit or opcode, a mask where `masked` says that
 * there must be none or none where there must be one, a control frame that is fragmented
 * or too long, a length not written in the fewest bytes. */
int ws_frame_read(const char *p, size_t n, bool masked, struct ws_frame *out);

/* Appends one final frame; masked if `mask` isn't NULL. */
int ws_frame_write(struct buf *out, enum ws_opcode opcode, struct str payload,
                   const unsigned char *mask);

/* Masks or unmasks in place. */
void ws_mask(char *p, size_t n, const unsigned char mask[WS_MASK_SIZE]);

#endif
