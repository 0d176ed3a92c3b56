#include "peer.h"

#include <arpa/inet.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNS = 1024, URLS = 64 }; /* over its whole life */

struct peer_conn {
    struct peer *peer;
    pthread_t thread;
    int fd;
    SSL *ssl;
    bool hung_up;
    char bytes[2 * PEER_TEXT]; /* read, not yet consumed */
    size_t n;
};

struct peer {
    int fd;
    uint16_t port;
    SSL_CTX *ctx;
    peer_fn answer;
    void *user;
    pthread_t thread;
    pthread_mutex_t lock; /* for what follows */
    bool stopping;
    struct peer_conn *conns[CONNS];
    unsigned n_conns, n_requests, n_urls;
    char *lines[PEER_LOG];
    char *urls[URLS];
};

static void need(bool ok, const char *what)
{
    if (!ok) {
        perror(what);
        exit(99);
    }
}

static bool is_stopping(struct peer *p)
{
    bool stopping;

    pthread_mutex_lock(&p->lock);
    stopping = p->stopping;
    pthread_mutex_unlock(&p->lock);
    return stopping;
}

static ssize_t conn_read(struct peer_conn *c, char *p, size_t n)
{
    return c->ssl ? SSL_read(c->ssl, p, (int)n) : read(c->fd, p, n);
}

static void conn_write(struct peer_conn *c, const char *p, size_t n)
{
    while (n > 0 && !c->hung_up) {
        ssize_t done =
            c->ssl ? SSL_write(c->ssl, p, (int)n) : send(c->fd, p, n, MSG_NOSIGNAL);

        if (done <= 0)
            c->hung_up = true;
        else {
            p += done;
            n -= (size_t)done;
        }
    }
}

const char *peer_header(const struct peer_request *q, const char *name, char *value,
                        size_t size)
{
    size_t n = strlen(name);

    value[0] = '\0';
    for (const char *line = q->head; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncasecmp(line, name, n) == 0 && line[n] == ':') {
            snprintf(value, size, "%.*s", (int)strcspn(line + n + 1, "\r\n"),
                     line + n + 1);
            memmove(value, value + strspn(value, " "),
                    strlen(value + strspn(value, " ")) + 1);
            break;
        }
    }
    return value;
}

/* Reads until a whole request is there; false: the client has gone. */
static bool read_request(struct peer_conn *c, struct peer_request *q)
{
    char length[32];
    size_t head, body;

    for (;;) {
        char *end = memmem(c->bytes, c->n, "\r\n\r\n", 4);
        ssize_t got;

        if (end) {
            head = (size_t)(end + 4 - c->bytes);
            snprintf(q->head, sizeof q->head, "%.*s", (int)head, c->bytes);
            body = (size_t)atoi(peer_header(q, "content-length", length, sizeof length));
            if (c->n >= head + body)
                break;
        }
        got = conn_read(c, c->bytes + c->n, sizeof c->bytes - c->n);
        if (got <= 0)
            return false;
        c->n += (size_t)got;
    }
    snprintf(q->body, sizeof q->body, "%.*s", (int)body, c->bytes + head);
    c->n -= head + body;
    memmove(c->bytes, c->bytes + head + body, c->n);
    return sscanf(q->head, "%15s %511s", q->method, q->path) == 2;
}

static void note(struct peer *p, struct peer_request *q)
{
    char *line = NULL;

    need(asprintf(&line, "%s %s %s", q->method, q->path, q->body) > 0, "asprintf");
    pthread_mutex_lock(&p->lock);
    q->number = ++p->n_requests;
    if (q->number <= PEER_LOG)
        p->lines[q->number - 1] = line;
    else
        free(line);
    pthread_mutex_unlock(&p->lock);
}

static void *serve(void *user)
{
    struct peer_conn *c = user;
    struct peer_request *q = calloc(1, sizeof *q);

    if (q && (!c->ssl || SSL_accept(c->ssl) == 1)) {
        q->peer = c->peer;
        q->conn = c;
        while (!c->hung_up && read_request(c, q)) {
            note(c->peer, q);
            c->peer->answer(q, c->peer->user);
        }
        if (c->ssl)
            SSL_shutdown(c->ssl);
    }
    free(q);
    shutdown(c->fd,
             SHUT_RDWR); /* closed in peer_free, so that the number is not reused */
    return NULL;
}

static void *accept_all(void *user)
{
    struct peer *p = user;
    int fd;

    while ((fd = accept(p->fd, NULL, NULL)) >= 0) {
        struct peer_conn *c = calloc(1, sizeof *c);

        need(c != NULL, "calloc");
        c->peer = p;
        c->fd = fd;
        if (p->ctx) {
            c->ssl = SSL_new(p->ctx);
            need(c->ssl && SSL_set_fd(c->ssl, fd) == 1, "SSL_new");
        }
        pthread_mutex_lock(&p->lock);
        need(p->n_conns < CONNS, "too many connections");
        p->conns[p->n_conns++] = c;
        need(pthread_create(&c->thread, NULL, serve, c) == 0, "pthread_create");
        if (p->stopping)
            shutdown(fd, SHUT_RDWR);
        pthread_mutex_unlock(&p->lock);
    }
    return NULL;
}

struct peer *peer_new(const char *cert, const char *key, peer_fn answer, void *user)
{
    struct sockaddr_in at = { .sin_family = AF_INET,
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof at;
    struct peer *p = calloc(1, sizeof *p);

    need(p != NULL, "calloc");
    signal(SIGPIPE, SIG_IGN);
    p->answer = answer;
    p->user = user;
    pthread_mutex_init(&p->lock, NULL);
    if (cert) {
        p->ctx = SSL_CTX_new(TLS_server_method());
        need(p->ctx && SSL_CTX_use_certificate_chain_file(p->ctx, cert) == 1 &&
                 SSL_CTX_use_PrivateKey_file(p->ctx, key, SSL_FILETYPE_PEM) == 1,
             cert);
    }
    p->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    need(bind(p->fd, (struct sockaddr *)&at, sizeof at) == 0, "bind");
    need(listen(p->fd, 64) == 0, "listen");
    need(getsockname(p->fd, (struct sockaddr *)&at, &size) == 0, "getsockname");
    p->port = ntohs(at.sin_port);
    need(pthread_create(&p->thread, NULL, accept_all, p) == 0, "pthread_create");
    return p;
}

void peer_free(struct peer *p)
{
    pthread_mutex_lock(&p->lock);
    p->stopping = true;
    for (unsigned i = 0; i < p->n_conns; i++)
        shutdown(p->conns[i]->fd, SHUT_RDWR);
    pthread_mutex_unlock(&p->lock);
    shutdown(p->fd, SHUT_RDWR);
    pthread_join(p->thread, NULL);
    for (unsigned i = 0; i < p->n_conns; i++) {
        pthread_join(p->conns[i]->thread, NULL);
        SSL_free(p->conns[i]->ssl);
        close(p->conns[i]->fd);
        free(p->conns[i]);
    }
    for (unsigned i = 0; i < PEER_LOG; i++)
        free(p->lines[i]);
    for (unsigned i = 0; i < p->n_urls; i++)
        free(p->urls[i]);
    close(p->fd);
    SSL_CTX_free(p->ctx);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

uint16_t peer_port(const struct peer *p)
{
    return p->port;
}

const char *peer_url(struct peer *p, const char *path)
{
    char *url = NULL;

    need(p->n_urls < URLS, "too many URLs");
    need(asprintf(&url, "%s:%u%s", p->ctx ? "https://localhost" : "http://127.0.0.1",
                  p->port, path) > 0,
         "asprintf");
    return p->urls[p->n_urls++] = url;
}

unsigned peer_count(struct peer *p)
{
    unsigned n;

    pthread_mutex_lock(&p->lock);
    n = p->n_requests;
    pthread_mutex_unlock(&p->lock);
    return n;
}

unsigned peer_accepted(struct peer *p)
{
    unsigned n;

    pthread_mutex_lock(&p->lock);
    n = p->n_conns;
    pthread_mutex_unlock(&p->lock);
    return n;
}

const char *peer_line(struct peer *p, unsigned number)
{
    const char *line;

    pthread_mutex_lock(&p->lock);
    line = number >= 1 && number <= PEER_LOG ? p->lines[number - 1] : NULL;
    pthread_mutex_unlock(&p->lock);
    return line ? line : "";
}

void peer_raw(struct peer_request *q, const char *bytes, size_t n)
{
    conn_write(q->conn, bytes, n);
}

void peer_answer(struct peer_request *q, int status, const char *headers,
                 const char *body)
{
    char *text = NULL;
    int n = asprintf(&text, "HTTP/1.1 %d Whatever\r\nContent-Length: %zu\r\n%s\r\n%s",
                     status, strlen(body), headers ? headers : "", body);

    need(n > 0, "asprintf");
    conn_write(q->conn, text, (size_t)n);
    free(text);
}

void peer_hangup(struct peer_request *q)
{
    q->conn->hung_up = true;
}

void peer_silence(struct peer_request *q)
{
    char byte;

    while (!is_stopping(q->peer) && conn_read(q->conn, &byte, 1) > 0)
        ;
    q->conn->hung_up = true;
}

void peer_websocket(struct peer_request *q, const char *text)
{
    unsigned char sha[SHA_DIGEST_LENGTH], accept[64], frame[2 + 125];
    char key[128];
    size_t n = strlen(text);
    int head;

    peer_header(q, "Sec-WebSocket-Key", key, 64);
    strcat(key, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    SHA1((const unsigned char *)key, strlen(key), sha);
    EVP_EncodeBlock(accept, sha, sizeof sha);
    head = snprintf(key, sizeof key,
                    "HTTP/1.1 101 Go\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    "Sec-WebSocket-Accept: %s\r\n\r\n",
                    accept);
    need(head < (int)sizeof key && n <= 125, "peer_websocket");
    conn_write(q->conn, key, (size_t)head);
    frame[0] = 0x81;
    frame[1] = (unsigned char)n;
    memcpy(frame + 2, text, n);
    conn_write(q->conn, (const char *)frame, n + 2);
    peer_silence(q);
}
