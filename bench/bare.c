#include "bare.h"

#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>
#include <zlib.h>

#include "envelope.h"
#include "gateway.h"
#include "ws.h"

enum { READ_SIZE = 64 * 1024, OUT_SIZE = 1024 * 1024 };

struct bare {
    SSL *ssl;
    struct ws ws;
    struct inflate *inflate;
    struct inflate_scratch *scratch;
    z_stream z;
    bool stock;
    char *out;
    size_t seen;
    double began; /* CPU seconds, at READY */
    bool over;
};

static double cpu_seconds(void)
{
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static bool connect_to(struct bare *b, SSL_CTX *tls, unsigned port)
{
    struct sockaddr_in to = { .sin_family = AF_INET,
                              .sin_port = htons((uint16_t)port),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    b->ssl = SSL_new(tls);
    SSL_set_fd(b->ssl, fd);
    return connect(fd, (struct sockaddr *)&to, sizeof to) == 0 &&
           SSL_connect(b->ssl) == 1;
}

static bool flush(struct bare *b)
{
    bool good = !b->ws.out.n || SSL_write(b->ssl, b->ws.out.p, (int)b->ws.out.n) > 0;

    buf_clear(&b->ws.out);
    return good;
}

static bool payload(struct bare *b, struct str text)
{
    struct envelope e;

    if (!envelope_peek(text, &e))
        return false;
    if (e.op == OP_HELLO)
        return ws_send(&b->ws, false, STR("{\"op\":2,\"d\":{}}")) == 0 && flush(b);
    if (b->seen++ == 0)
        b->began = cpu_seconds();
    b->over = str_is(e.name, "GUILD_UPDATE");
    return true;
}

static bool stock_inflate(struct bare *b, struct str in, struct str *out)
{
    b->z.next_in = (Bytef *)(uintptr_t)in.p;
    b->z.avail_in = (uInt)in.n;
    b->z.next_out = (Bytef *)b->out;
    b->z.avail_out = OUT_SIZE;
    if (inflate(&b->z, Z_SYNC_FLUSH) != Z_OK || b->z.avail_in)
        return false;
    *out = (struct str){ b->out, OUT_SIZE - b->z.avail_out };
    return true;
}

static bool message(struct bare *b, struct str bytes)
{
    struct str text = bytes;
    int n;

    if (b->stock)
        return stock_inflate(b, bytes, &text) && payload(b, text);
    if (!b->inflate)
        return payload(b, text);
    n = inflate_feed(b->inflate, b->scratch, bytes, &text);
    return n == 0 || (n == 1 && payload(b, text));
}

static bool pump(struct bare *b, char *bytes)
{
    while (!b->over) {
        int n = SSL_read(b->ssl, bytes, READ_SIZE);
        struct ws_message m;
        int event;

        if (n <= 0 || ws_feed(&b->ws, bytes, (size_t)n))
            return false;
        while ((event = ws_next(&b->ws, &m)) > 0)
            if ((event == WS_TEXT || event == WS_BINARY) && !message(b, m.bytes))
                return false;
        if (event < 0 || ws_settle(&b->ws))
            return false;
    }
    return true;
}

double bare_run(unsigned port, enum compression compression, bool stock_zlib,
                size_t events)
{
    struct bare b = { .stock = stock_zlib };
    SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
    char *bytes = calloc(1, READ_SIZE + BUF_SLACK), target[96];
    const char *name = compression_name(compression);
    double spent;
    bool good;

    b.scratch = inflate_scratch_new();
    b.out = malloc(OUT_SIZE + BUF_SLACK);
    inflateInit(&b.z);
    if (compression != COMPRESS_NONE && !stock_zlib)
        b.inflate = inflate_new(compression);
    snprintf(target, sizeof target, "/?v=10&encoding=json%s%s", name ? "&compress=" : "",
             name ? name : "");
    ws_init(&b.ws, WS_CLIENT, 1);
    good = connect_to(&b, tls, port) &&
           ws_request(&b.ws, "127.0.0.1", (uint16_t)port, true, target, "bench") == 0 &&
           flush(&b) && pump(&b, bytes);
    spent = cpu_seconds() - b.began;
    close(SSL_get_fd(b.ssl));
    SSL_free(b.ssl);
    SSL_CTX_free(tls);
    ws_release(&b.ws);
    inflate_free(b.inflate);
    inflate_scratch_free(b.scratch);
    inflateEnd(&b.z);
    free(b.out);
    free(bytes);
    return good && b.seen == events + 2 ? spent : -1;
}
