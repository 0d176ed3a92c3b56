/* tls_io.h - TLS on one connection, fed from a buffer that all of a loop share.
 *
 * OpenSSL never touches the socket. A wake receives once into the loop's buffer, makes
 * the connection the owner of that feed, and then reads until TLS_MORE: by then partial
 * records live inside OpenSSL and the feed is empty. Stopping early would hand this
 * connection's bytes to the next one, so nobody may. What TLS wants to send goes to the
 * end of a struct buf and never blocks. */
#ifndef NET_TLS_IO_H
#define NET_TLS_IO_H

#include <openssl/ssl.h>

#include "buf.h"
#include "tls.h"

enum {
    TLS_RECORD = 16 * 1024, /* the most one record can hold */
    TLS_FRAGMENT = 4096, /* the most one of ours holds: it sizes OpenSSL's write buffer */
    TLS_OVERHEAD = 128   /* more than a record adds to what it holds */
};

struct tls_io;

/* What one wake received, and whose it is. Others find it empty: a write on B inside A's
 * callback may make B's TLS try to read. */
struct tls_feed {
    const struct tls_io *owner;
    const char *p;
    size_t n;
};

/* One connection's TLS; zeroed is valid and means none. Doesn't move while it is open. */
struct tls_io {
    SSL *ssl;
    struct tls_feed *feed; /* borrowed */
    struct buf *out;       /* borrowed; what is to be sent is appended */
};

enum tls_result {
    TLS_OK,
    TLS_MORE,  /* not before the peer has sent more */
    TLS_END,   /* the peer said goodbye */
    TLS_FAILED /* for good; tls_io_why says why */
};

/* How OpenSSL reads and writes; one serves any number of connections. NULL: no memory. */
BIO_METHOD *tls_io_method(void);

/* `host` is the name, or the numeric address, that the peer's certificate must show.
 * CORDAGE_ENOMEM. */
int tls_io_connect(struct tls_io *io, struct tls_client *t, const char *host,
                   BIO_METHOD *method);
int tls_io_accept(struct tls_io *io, struct tls_server *t, BIO_METHOD *method);
void tls_io_release(struct tls_io *io);

enum tls_result tls_io_handshake(struct tls_io *io);
/* `*n` is how many bytes came, 0 but for TLS_OK. */
enum tls_result tls_io_read(struct tls_io *io, char *p, size_t size, size_t *n);
/* All of it, which is at least one byte; false: TLS failed. */
bool tls_io_write(struct tls_io *io, struct str bytes);
/* Says goodbye. Only after the handshake, and not after TLS_FAILED. */
void tls_io_bye(struct tls_io *io);
/* A phrase for the failure that has just happened: "certificate has expired". Static. */
const char *tls_io_why(const struct tls_io *io);

#endif
