/* ws_upgrade.h - the HTTP before the frames (RFC 6455, section 4), both ends.
 *
 * For ws.c; keeps no state. A head is the bytes up to and with the empty line.
 * Stricter than HTTP where leniency serves nobody here: lines end in CR LF, none is
 * folded, and no control character stands in a value. */
#ifndef PROTO_WS_UPGRADE_H
#define PROTO_WS_UPGRADE_H

#include "buf.h"

enum {
    UPGRADE_KEY_SIZE = 25,    /* 16 bytes in base64, and a NUL */
    UPGRADE_ACCEPT_SIZE = 29, /* 20 bytes in base64, and a NUL */
};

/* The length of the head that `bytes` begins with; 0: not whole yet. */
size_t upgrade_head(struct str bytes);

void upgrade_key(const unsigned char random[16], char out[UPGRADE_KEY_SIZE]);
/* What a server must answer to `key`, which is well-formed. CORDAGE_ENOMEM. */
int upgrade_accept(struct str key, char out[UPGRADE_ACCEPT_SIZE]);

/* The client's request, appended. CORDAGE_EINVAL if a part can't stand in a request. */
int upgrade_write_request(struct buf *out, const char *host, uint16_t port, bool tls,
                          const char *target, const char *user_agent, const char *key);
/* The server's answer: `*status` gets its status. CORDAGE_EPROTO if it isn't HTTP, or is
 * a 101 that doesn't accept what we asked for. */
int upgrade_read_answer(struct str head, const char *accept, int *status);

struct upgrade_request {
    struct str target, host, key; /* borrowed from the head */
    struct str origin;            /* likewise; may be empty */
};

/* The client's request: returns the status to answer with: 101; 426 if it isn't a
 * websocket upgrade of version 13; 400 if it is malformed. */
int upgrade_read_request(struct str head, struct upgrade_request *out);
/* The answer, appended; `accept` is used with status 101 alone. */
int upgrade_write_answer(struct buf *out, int status, const char *accept);

#endif
