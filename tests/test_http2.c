/* HTTP/2 through nghttpx, where it is installed: many requests at once, one connection.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "certs.h"
#include "http.h"
#include "peer.h"
#include "test.h"

enum { REQUESTS = 120 };

static void answer(struct peer_request *q, void *user)
{
    (void)user;
    peer_answer(q, 200, NULL, q->body);
}

struct proxy {
    pid_t pid;
    uint16_t port;
    char log[96];
};

/* A port that was free a moment ago. */
static uint16_t free_port(void)
{
    struct sockaddr_in at = { .sin_family = AF_INET,
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    CHECK(fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof at) == 0);
    CHECK_INT(getsockname(fd, (struct sockaddr *)&at, &size), 0);
    close(fd);
    return ntohs(at.sin_port);
}

/* False: there is no nghttpx on this machine. */
static bool proxy_start(struct proxy *p, const struct certs *certs, uint16_t backend)
{
    char front[48], back[48], log[128], key[96], cert[96];
    char format[] = "--accesslog-format=$remote_port $alpn", name[] = "nghttpx";
    char setpriv[] = "setpriv", with_us[] = "--pdeathsig=TERM";
    char errors[] = "--errorlog-file=/dev/null", no_ocsp[] = "--no-ocsp";
    char few[] = "--backend-connections-per-host=4", conf[] = "--conf=/dev/null";
    char quiet[] = "--log-level=ERROR";
    char *argv[] = { setpriv, with_us, name, front, back, log,  format, errors,
                     no_ocsp, few,     conf, quiet, key,  cert, NULL };
    posix_spawn_file_actions_t actions;
    extern char **environ;
    int err;

    if (system("command -v nghttpx >/dev/null && command -v setpriv >/dev/null") != 0)
        return false;
    p->port = free_port();
    snprintf(p->log, sizeof p->log, "%s/access.log", certs->dir);
    snprintf(front, sizeof front, "-f127.0.0.1,%u", p->port);
    snprintf(back, sizeof back, "-b127.0.0.1,%u", backend);
    snprintf(log, sizeof log, "--accesslog-file=%s", p->log);
    snprintf(key, sizeof key, "%s", certs->key);
    snprintf(cert, sizeof cert, "%s", certs->good);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    err = posix_spawnp(&p->pid, setpriv, &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    return err == 0;
}

static void proxy_stop(struct proxy *p)
{
    kill(p->pid, SIGTERM);
    waitpid(p->pid, NULL, 0);
}

struct tally {
    struct loop *loop;
    unsigned n, n_ok, want;
};

static void done(void *user, const struct http_answer *a)
{
    struct tally *t = user;

    t->n_ok += a->err == 0 && a->status == 200;
    if (++t->n == t->want)
        loop_stop(t->loop);
}

/* How many connections it logged, and whether all of them spoke HTTP/2. */
static unsigned connections(const struct proxy *p, unsigned *lines)
{
    FILE *f = fopen(p->log, "r");
    int port, ports[REQUESTS * 2], n = 0;
    char alpn[16];

    CHECK(f != NULL);
    *lines = 0;
    while (fscanf(f, "%d %15s", &port, alpn) == 2) {
        int i = 0;

        assert_string_equal(alpn, "h2");
        ++*lines;
        while (i < n && ports[i] != port)
            i++;
        if (i == n && n < REQUESTS * 2)
            ports[n++] = port;
    }
    fclose(f);
    return (unsigned)n;
}

static void send_all(struct tally *t, struct http *http, const char *url, unsigned n)
{
    t->n = t->n_ok = 0;
    t->want = n;
    for (unsigned i = 0; i < n; i++) {
        struct http_request q = { .method = i % 3 ? "GET" : "POST",
                                  .url = url,
                                  .content_type = "application/json",
                                  .at_most_once = i % 2 };

        if (i % 3 == 0)
            q.body = STR("{\"content\":\"x\"}");
        CHECK_INT(http_send(http, &q, done, t), 0);
    }
    loop_run(t->loop);
}

TEST(over_http2_all_requests_share_one_connection)
{
    struct certs certs;
    struct proxy proxy;
    struct tally t = { 0 };
    struct http *http;
    struct peer *peer;
    cordage_error error;
    char url[64];
    unsigned lines;

    certs_make(&certs);
    peer = peer_new(NULL, NULL, answer, NULL);
    if (!proxy_start(&proxy, &certs, peer_port(peer))) {
        print_message("MISSING: nghttpx is not installed: HTTP/2 is not tested\n");
    } else {
        snprintf(url, sizeof url, "https://localhost:%u/", proxy.port);
        CHECK_INT(loop_new(&(struct loop_options){ 0 }, &t.loop, &error), 0);
        CHECK_INT(http_new(t.loop, &(struct http_options){ .ca_file = certs.ca }, &http,
                           &error),
                  0);
        /* It takes a moment until it listens. */
        for (int i = 0; i < 1000 && t.n_ok == 0; i++) {
            send_all(&t, http, url, 1);
            if (t.n_ok == 0)
                usleep(10 * 1000);
        }
        http_free(http); /* what it has learned of the peer with it */
        CHECK_INT(http_new(t.loop, &(struct http_options){ .ca_file = certs.ca }, &http,
                           &error),
                  0);
        send_all(&t, http, url, REQUESTS);
        http_free(http);
        loop_free(t.loop);
        proxy_stop(&proxy);
        CHECK_INT(t.n_ok, REQUESTS);
        CHECK_INT(connections(&proxy, &lines), 2);
        CHECK_INT(lines, REQUESTS + 1);
        unlink(proxy.log);
    }
    peer_free(peer);
    certs_remove(&certs);
}

RUN_TESTS(T(over_http2_all_requests_share_one_connection))
