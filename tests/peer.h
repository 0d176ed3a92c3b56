/* peer.h - an HTTP/1.1 server for tests, on a thread of its own, that does as told.
 *
 * It answers each request by a function of the test's, which may answer properly, cut the
 * answer, hang up, or stay silent. With TLS or without. Requests are counted and kept, to
 * be looked at from the test's thread once the client has been answered. */
#ifndef TESTS_PEER_H
#define TESTS_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PEER_LOG = 256, PEER_TEXT = 16 * 1024 };

struct peer;

/* One request, as the answering function sees it. */
struct peer_request {
    struct peer *peer;
    struct peer_conn *conn;
    unsigned number; /* 1, 2, … over all connections */
    char method[16];
    char path[512]; /* with the query */
    char head[PEER_TEXT];
    char body[PEER_TEXT];
};

/* On a thread of the server's: assert nothing here. */
typedef void (*peer_fn)(struct peer_request *q, void *user);

/* `cert` and `key` NULL: plain. Listens on 127.0.0.1. Exits the test program on failure.
 */
struct peer *peer_new(const char *cert, const char *key, peer_fn answer, void *user);
/* Hangs up on everybody and waits for the threads. */
void peer_free(struct peer *p);
uint16_t peer_port(const struct peer *p);
/* "https://localhost:PORT" or "http://127.0.0.1:PORT", with `path` behind; kept until the
 * peer is freed. */
const char *peer_url(struct peer *p, const char *path);
/* Requests, and connections, so far. */
unsigned peer_count(struct peer *p);
unsigned peer_accepted(struct peer *p);
/* "METHOD path body" of request `number`; kept until the peer is freed. */
const char *peer_line(struct peer *p, unsigned number);

/* An answer with Content-Length. `headers` are whole lines with "\r\n", or NULL. */
void peer_answer(struct peer_request *q, int status, const char *headers,
                 const char *body);
/* Bytes as they stand. */
void peer_raw(struct peer_request *q, const char *bytes, size_t n);
/* Closes the connection, after what was written. */
void peer_hangup(struct peer_request *q);
/* Opens the websocket that was asked for, sends one text message, and waits for the end.
 */
void peer_websocket(struct peer_request *q, const char *text);
/* Stays silent until the client hangs up or the peer is freed. */
void peer_silence(struct peer_request *q);
/* The value of a request's header, or "". Its name as it was sent, or in lower case. */
const char *peer_header(const struct peer_request *q, const char *name, char *value,
                        size_t size);

#endif
