#include "blaster.h"

#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "ws.h"

struct blaster {
    int fd;
    unsigned port;
    SSL_CTX *tls;
    const struct stream *streams;
};

struct visitor {
    struct blaster *blaster;
    SSL *ssl;
    struct ws ws;
    const struct stream *stream;
};

static bool write_all(SSL *ssl, struct str bytes)
{
    while (bytes.n) {
        int chunk = bytes.n > 16384 ? 16384 : (int)bytes.n;
        int n = SSL_write(ssl, bytes.p, chunk);

        if (n <= 0)
            return false;
        bytes.p += n;
        bytes.n -= (size_t)n;
    }
    return true;
}

static const struct stream *choose(const struct blaster *b, const char *target)
{
    if (strstr(target, "zlib-stream"))
        return &b->streams[COMPRESS_ZLIB];
    if (strstr(target, "zstd-stream"))
        return &b->streams[COMPRESS_ZSTD];
    return &b->streams[COMPRESS_NONE];
}

/* False: it is over. */
static bool heed(struct visitor *v, enum ws_event event, struct str bytes)
{
    switch (event) {
    case WS_OPEN:
        v->stream = choose(v->blaster, v->ws.target);
        return write_all(v->ssl, buf_str(&v->ws.out)) &&
               write_all(v->ssl, buf_str(&v->stream->hello));
    case WS_TEXT:
        /* IDENTIFY opens the flood; heartbeats may go unanswered for ten minutes. */
        if (str_find(bytes, STR("\"op\":2")) == SIZE_MAX)
            return true;
        return write_all(v->ssl, buf_str(&v->stream->rest));
    case WS_CLOSE:
        write_all(v->ssl, buf_str(&v->ws.out));
        return false;
    default:
        return true;
    }
}

static void *serve(void *user)
{
    struct visitor *v = user;
    char bytes[8192 + BUF_SLACK] = { 0 };
    bool on = SSL_accept(v->ssl) == 1;
    int n;

    ws_init(&v->ws, WS_SERVER, 1);
    while (on && (n = SSL_read(v->ssl, bytes, 8192)) > 0) {
        struct ws_message m;
        int event;

        on = ws_feed(&v->ws, bytes, (size_t)n) == 0;
        while (on && (event = ws_next(&v->ws, &m)) > 0) {
            on = heed(v, (enum ws_event)event, m.bytes);
            buf_clear(&v->ws.out);
        }
        on = on && ws_settle(&v->ws) == 0;
    }
    ws_release(&v->ws);
    close(SSL_get_fd(v->ssl));
    SSL_free(v->ssl);
    free(v);
    return NULL;
}

static void *accept_all(void *user)
{
    struct blaster *b = user;

    for (;;) {
        struct visitor *v = calloc(1, sizeof *v);
        int fd = accept(b->fd, NULL, NULL);
        pthread_t thread;

        if (fd < 0 || !v)
            return NULL;
        v->blaster = b;
        v->ssl = SSL_new(b->tls);
        SSL_set_fd(v->ssl, fd);
        if (pthread_create(&thread, NULL, serve, v) == 0)
            pthread_detach(thread);
    }
}

struct blaster *blaster_start(const char *cert_file, const char *key_file,
                              const struct stream *streams)
{
    struct blaster *b = calloc(1, sizeof *b);
    struct sockaddr_in at = { .sin_family = AF_INET,
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof at;
    pthread_t thread;

    b->streams = streams;
    b->tls = SSL_CTX_new(TLS_server_method());
    b->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (SSL_CTX_use_certificate_chain_file(b->tls, cert_file) != 1 ||
        SSL_CTX_use_PrivateKey_file(b->tls, key_file, SSL_FILETYPE_PEM) != 1 ||
        bind(b->fd, (struct sockaddr *)&at, sizeof at) || listen(b->fd, 64) ||
        getsockname(b->fd, (struct sockaddr *)&at, &size) ||
        pthread_create(&thread, NULL, accept_all, b)) {
        fprintf(stderr, "bench: the server does not start\n");
        return NULL;
    }
    pthread_detach(thread);
    b->port = ntohs(at.sin_port);
    return b;
}

unsigned blaster_port(const struct blaster *b)
{
    return b->port;
}
