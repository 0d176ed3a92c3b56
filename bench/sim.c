/* What the simulator can deliver: events made in advance, over TLS on loopback, per
 * second of its own CPU. The client is another process, which says HELLO's answer and
 * then drops every byte unread, so that it costs as little as a client can.
 *
 *     bench_sim [EVENTS [SESSIONS [COMPRESSION...]]]
 *
 * COMPRESSION is none or zlib-stream. */
#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "json.h"
#include "loop.h"
#include "mem.h"
#include "server.h"
#include "ws.h"

enum { SESSIONS_MAX = 64, POLL_MS = 20 };

struct plan {
    uint64_t events; /* for each session */
    uint32_t sessions;
    const char *compression; /* "none", "zlib-stream" */
};

/* ---- The client, in a process of its own ----------------------------------------- */

struct drop {
    int fd;
    SSL *ssl;
    struct ws ws;
};

static void give_up(const char *what)
{
    fprintf(stderr, "bench_sim: the client: %s\n", what);
    _exit(1);
}

static void say(struct drop *d)
{
    size_t n;

    if (d->ws.out.n && !SSL_write_ex(d->ssl, d->ws.out.p, d->ws.out.n, &n))
        give_up("writing");
    buf_clear(&d->ws.out);
}

/* Until the next message, or until the websocket is open. */
static enum ws_event listen_once(struct drop *d)
{
    static char bytes[65536 + BUF_SLACK];
    struct ws_message m;
    int event;

    for (;;) {
        int n;

        while ((event = ws_next(&d->ws, &m)) != WS_NONE)
            if (event < 0 || event == WS_OPEN || event == WS_TEXT || event == WS_BINARY)
                return (enum ws_event)event;
        ws_settle(&d->ws);
        n = SSL_read(d->ssl, bytes, 65536);
        if (n <= 0 || ws_feed(&d->ws, bytes, (size_t)n) < 0)
            give_up("reading");
    }
}

static void identify(struct drop *d, const struct plan *plan, uint16_t port,
                     uint32_t shard, const char *token)
{
    struct sockaddr_in to = { .sin_family = AF_INET,
                              .sin_port = htons(port),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
    bool zlib = strcmp(plan->compression, "none") != 0;
    char text[512], target[128];
    int n;

    d->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(d->fd, (struct sockaddr *)&to, sizeof to))
        give_up("connecting");
    d->ssl = SSL_new(tls);
    SSL_set_fd(d->ssl, d->fd);
    if (SSL_connect(d->ssl) != 1)
        give_up("the TLS handshake");
    snprintf(target, sizeof target, "/?v=10&encoding=json%s%s", zlib ? "&compress=" : "",
             zlib ? plan->compression : "");
    ws_init(&d->ws, WS_CLIENT, 1);
    ws_request(&d->ws, "127.0.0.1", port, true, target, "bench");
    say(d);
    if (listen_once(d) != WS_OPEN)
        give_up("the upgrade");
    listen_once(d); /* HELLO */
    n = snprintf(text, sizeof text,
                 "{\"op\":2,\"d\":{\"token\":\"%s\",\"properties\":{},\"intents\":33281,"
                 "\"shard\":[%u,%u]}}",
                 token, shard, plan->sessions);
    ws_send(&d->ws, false, (struct str){ text, (size_t)n });
    say(d);
}

/* Identifies, and from then on drops what comes: TCP does it without a copy. */
static void run_client(const struct plan *plan, uint16_t port, const char *token)
{
    static struct drop drops[SESSIONS_MAX];
    static char nowhere[1 << 20]; /* which stays as it is: MSG_TRUNC copies nothing */
    fd_set set;

    for (uint32_t i = 0; i < plan->sessions; i++)
        identify(&drops[i], plan, port, i, token);
    for (;;) {
        int most = 0;

        FD_ZERO(&set);
        for (uint32_t i = 0; i < plan->sessions; i++) {
            FD_SET(drops[i].fd, &set);
            most = drops[i].fd > most ? drops[i].fd : most;
        }
        if (select(most + 1, &set, NULL, NULL, NULL) < 0)
            _exit(1);
        for (uint32_t i = 0; i < plan->sessions; i++)
            if (FD_ISSET(drops[i].fd, &set) &&
                recv(drops[i].fd, nowhere, sizeof nowhere, MSG_TRUNC) <= 0)
                _exit(0);
    }
}

/* ---- The simulator, in this one -------------------------------------------------- */

struct bench {
    const struct plan *plan;
    struct loop *loop;
    struct server server;
    struct timer poll;
    bool has_begun, is_whole;
    struct timespec from;
};

static uint64_t number(cordage_json v, const char *key)
{
    uint64_t n = 0;

    json_u64(json_get(v, key), &n);
    return n;
}

/* The report's `blast`. */
static cordage_json read_blast(struct bench *b, struct json_parser *p, struct buf *text)
{
    struct json_writer w;
    cordage_json root = { 0 };
    struct host *h = loop_host(b->loop);

    json_begin(&w, text);
    sim_write_report(b->server.sim, &w, false, h->now(h));
    if (json_end(&w) == 0)
        json_parse(p, buf_str(text), &root);
    return root;
}

static bool all_are_live(cordage_json report, uint32_t n)
{
    struct json_iter it;
    uint32_t live = 0;
    struct str state;

    for (bool more = json_first(json_get(report, "session_list"), &it); more;
         more = json_next(&it))
        live += json_str(json_get(it.value, "state"), &state) && str_is(state, "live");
    return live == n;
}

static void tell(const struct bench *b, cordage_json blast)
{
    struct timespec to;
    double s, cpu = (double)number(blast, "cpu_ms") / 1000;
    uint64_t events = number(blast, "events");

    clock_gettime(CLOCK_MONOTONIC, &to);
    s = (double)(to.tv_sec - b->from.tv_sec) +
        (double)(to.tv_nsec - b->from.tv_nsec) / 1e9;
    printf("%-12s %2u sessions  %9llu events of %3llu bytes  %6.2f s  %6.2f CPU-s  %8.0f "
           "events per CPU-s\n",
           b->plan->compression, b->plan->sessions, (unsigned long long)events,
           (unsigned long long)(events ? number(blast, "bytes") / events : 0), s, cpu,
           cpu > 0 ? (double)events / cpu : 0);
}

static void on_poll(struct timer *t)
{
    struct bench *b = CONTAINER_OF(t, struct bench, poll);
    struct host *h = loop_host(b->loop);
    struct json_parser *p = json_parser_new();
    struct buf text = { 0 };
    cordage_json report = read_blast(b, p, &text), blast = json_get(report, "blast");
    struct sim_blast_wish wish = { .count = b->plan->events, .all = true };
    size_t n;

    if (!b->has_begun && all_are_live(report, b->plan->sessions)) {
        b->has_begun = true;
        clock_gettime(CLOCK_MONOTONIC, &b->from);
        sim_blast(b->server.sim, &wish, h->now(h), &n);
        door_gateway_kick(b->server.gateway);
    } else if (b->has_begun && number(blast, "sessions") == 0) {
        tell(b, blast);
        b->is_whole = number(blast, "events") == b->plan->events * b->plan->sessions;
        loop_stop(b->loop);
    }
    buf_release(&text);
    json_parser_free(p);
    h->arm(h, &b->poll, h->now(h) + POLL_MS);
}

/* As many keys as sessions: all come up at once. */
static int run(const struct plan *plan, const char *dir)
{
    struct server_options options;
    struct loop_options loop = { .speed = 1 };
    struct bench b = { .plan = plan, .poll.fire = on_poll };
    struct host *h;
    cordage_error error;
    uint64_t broken;
    pid_t client;
    int status;

    server_options_default(&options);
    options.certificates = dir;
    options.sim.guilds = plan->sessions * 8;
    options.sim.max_concurrency = plan->sessions;
    if (loop_new(&loop, &b.loop, &error) ||
        server_start(&b.server, b.loop, &options, &error)) {
        fprintf(stderr, "bench_sim: %s\n", error.message);
        return 1;
    }
    client = fork();
    if (client == 0)
        run_client(plan, door_gateway_port(b.server.gateway), sim_token(b.server.sim));
    h = loop_host(b.loop);
    h->arm(h, &b.poll, h->now(h) + POLL_MS);
    loop_run(b.loop);
    kill(client, SIGKILL);
    waitpid(client, &status, 0);
    broken = sim_report(b.server.sim)->n_broken;
    server_close(&b.server);
    loop_free(b.loop);
    server_release(&b.server);
    if (!b.is_whole)
        fprintf(stderr, "bench_sim: the client is gone, or not all was sent\n");
    return broken != 0 || !b.is_whole;
}

int main(int argc, char **argv)
{
    struct plan plan = { .events = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000,
                         .sessions = argc > 2 ? (uint32_t)atoi(argv[2]) : 4 };
    char dir[] = "/tmp/cordage-bench-XXXXXX", command[64];
    int failed = 0;

    signal(SIGPIPE, SIG_IGN);
    if (plan.events == 0 || plan.sessions == 0 || plan.sessions > SESSIONS_MAX ||
        !mkdtemp(dir)) {
        fprintf(stderr,
                "usage: bench_sim [EVENTS [SESSIONS up to %d [none|zlib-stream]]]\n",
                SESSIONS_MAX);
        return 2;
    }
    for (int i = 0; i < 2 && !failed; i++) {
        plan.compression = i ? "zlib-stream" : "none";
        if (argc < 4 || strcmp(argv[3], plan.compression) == 0)
            failed = run(&plan, dir);
    }
    snprintf(command, sizeof command, "rm -r %s", dir);
    return system(command) || failed;
}
