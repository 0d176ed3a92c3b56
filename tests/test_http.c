/* HTTP over real sockets: against a server that answers well, badly, or not at all. */
#include "http.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#include "certs.h"
#include "limits.h"
#include "peer.h"
#include "test.h"

static struct certs certs;

static void send_zeros(struct peer_request *q, size_t n)
{
    static const char zeros[64 * 1024];

    for (; n > 0; n -= n < sizeof zeros ? n : sizeof zeros)
        peer_raw(q, zeros, n < sizeof zeros ? n : sizeof zeros);
}

/* A small answer that unpacks to more than anyone should hold. */
static void send_bomb(struct peer_request *q)
{
    static char zeros[64 * 1024], out[128 * 1024];
    char head[128];
    z_stream z = { .next_out = (Bytef *)out, .avail_out = sizeof out };

    deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY);
    for (size_t n = 0; n < LIMIT_HTTP_BODY + sizeof zeros; n += sizeof zeros) {
        z.next_in = (Bytef *)zeros;
        z.avail_in = sizeof zeros;
        deflate(&z, Z_NO_FLUSH);
    }
    deflate(&z, Z_FINISH);
    snprintf(head, sizeof head,
             "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %lu\r\n\r\n",
             z.total_out);
    peer_raw(q, head, strlen(head));
    peer_raw(q, out, z.total_out);
    deflateEnd(&z);
}

static void answer(struct peer_request *q, void *user)
{
    char value[1024], text[2048];

    (void)user;
    if (strcmp(q->path, "/echo") == 0) {
        snprintf(text, sizeof text, "%s|%.900s|", q->method, q->body);
        strcat(text, peer_header(q, "Authorization", value, sizeof value));
        strcat(text, "|");
        strcat(text, peer_header(q, "Content-Type", value, sizeof value));
        strcat(text, "|");
        strcat(text, peer_header(q, "Content-Length", value, sizeof value));
        strcat(text, "|");
        strcat(text, peer_header(q, "User-Agent", value, sizeof value));
        peer_answer(q, 200, "X-RateLimit-Remaining: 4\r\nX-Empty:\r\n", text);
    } else if (strcmp(q->path, "/redirect") == 0) {
        peer_answer(q, 302, "Location: /echo\r\n", "moved");
    } else if (strcmp(q->path, "/cut") == 0) {
        peer_raw(q, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", 44);
        peer_hangup(q);
    } else if (strcmp(q->path, "/hangup") == 0) {
        peer_hangup(q);
    } else if (strcmp(q->path, "/silence") == 0) {
        peer_silence(q);
    } else if (strcmp(q->path, "/huge") == 0) {
        peer_raw(q, "HTTP/1.1 200 OK\r\n\r\n", 19);
        send_zeros(q, LIMIT_HTTP_BODY + 1);
        peer_hangup(q);
    } else if (strcmp(q->path, "/bomb") == 0) {
        send_bomb(q);
    } else if (strcmp(q->path, "/heads") == 0) {
        peer_raw(q, "HTTP/1.1 200 OK\r\n", 17);
        for (int i = 0; i < 100; i++) {
            memset(text, 'h', 1000);
            strcpy(text + 1000, ": x\r\n");
            peer_raw(q, text, strlen(text));
        }
        peer_raw(q, "\r\n", 2);
        peer_hangup(q);
    } else if (strcmp(q->path, "/noise") == 0) {
        peer_raw(q, "\x01\x02\x03 this is not HTTP\r\n\r\n", 25);
        peer_hangup(q);
    } else {
        peer_answer(q, 200, NULL, "fine");
    }
}

struct got {
    int err;
    long status;
    bool unsent;
    char why[256], body[2048], remaining[16];
    size_t n_body;
};

struct rig {
    struct peer *peer;
    struct loop *loop;
    struct http *http;
    struct got got[64];
    unsigned n, want;
    bool free_inside;
};

static struct rig rig_of(const char *cert, struct http_options options)
{
    struct rig r = { 0 };
    cordage_error error;

    r.peer = peer_new(cert, cert ? certs.key : NULL, answer, NULL);
    CHECK_INT(loop_new(&(struct loop_options){ 0 }, &r.loop, &error), 0);
    if (http_new(r.loop, &options, &r.http, &error) < 0)
        fail_msg("%s", error.message);
    return r;
}

static void rig_free(struct rig *r)
{
    http_free(r->http);
    loop_free(r->loop);
    peer_free(r->peer);
}

static void done(void *user, const struct http_answer *a)
{
    struct rig *r = user;
    struct got *g = &r->got[r->n++];

    g->err = a->err;
    g->status = a->status;
    g->unsent = a->unsent;
    g->n_body = a->body.n;
    snprintf(g->why, sizeof g->why, "%s", a->why);
    if (a->body.n < sizeof g->body)
        snprintf(g->body, sizeof g->body, "%.*s", STR_FMT(a->body));
    snprintf(g->remaining, sizeof g->remaining, "%.*s",
             STR_FMT(http_header(a->head, "x-ratelimit-remaining")));
    if (r->free_inside) {
        r->free_inside = false;
        http_free(r->http);
        r->http = NULL;
    }
    if (r->n == r->want)
        loop_stop(r->loop);
}

static void rig_send(struct rig *r, struct http_request q)
{
    CHECK_INT(http_send(r->http, &q, done, r), 0);
    r->want++;
}

static struct got *rig_get(struct rig *r, const char *path)
{
    rig_send(r, (struct http_request){ .method = "GET", .url = peer_url(r->peer, path) });
    loop_run(r->loop);
    CHECK_INT(r->n, r->want);
    return &r->got[r->n - 1];
}

static void check_says(const char *text, const char *what)
{
    if (!strcasestr(text, what))
        fail_msg("\"%s\" does not say \"%s\"", text, what);
}

TEST(a_request_says_what_it_should_and_the_answer_comes_back)
{
    struct rig r =
        rig_of(certs.good, (struct http_options){ .ca_file = certs.ca,
                                                  .user_agent = "DiscordBot (x, 1)" });
    struct secret token = { 0 };
    struct got *g;

    secret_set(&token, STR("abc.def"));
    g = rig_get(&r, "/echo");
    CHECK_INT(g->err, 0);
    CHECK_INT(g->status, 200);
    assert_string_equal(g->body, "GET|||||DiscordBot (x, 1)");
    assert_string_equal(g->remaining, "4");

    rig_send(&r, (struct http_request){ .method = "PATCH",
                                        .url = peer_url(r.peer, "/echo"),
                                        .body = STR("{\"a\":1}"),
                                        .content_type = "application/json",
                                        .token = &token });
    loop_run(r.loop);
    assert_string_equal(
        r.got[1].body,
        "PATCH|{\"a\":1}|Bot abc.def|application/json|7|DiscordBot (x, 1)");
    /* Without a body, but with a length: else peers answer 411. */
    rig_send(&r,
             (struct http_request){ .method = "PUT", .url = peer_url(r.peer, "/echo") });
    loop_run(r.loop);
    assert_string_equal(r.got[2].body, "PUT||||0|DiscordBot (x, 1)");
    rig_send(&r, (struct http_request){ .method = "DELETE",
                                        .url = peer_url(r.peer, "/echo") });
    loop_run(r.loop);
    assert_string_equal(r.got[3].body, "DELETE|||||DiscordBot (x, 1)");
    rig_send(&r, (struct http_request){ .method = "POST",
                                        .url = peer_url(r.peer, "/echo"),
                                        .body = STR("once"),
                                        .content_type = "text/plain",
                                        .at_most_once = true });
    loop_run(r.loop);
    assert_string_equal(r.got[4].body, "POST|once||text/plain|4|DiscordBot (x, 1)");
    secret_release(&token);
    rig_free(&r);
}

TEST(many_requests_are_all_answered)
{
    struct rig r = rig_of(certs.good, (struct http_options){ .ca_file = certs.ca });

    for (int i = 0; i < 50; i++)
        rig_send(&r,
                 (struct http_request){ .method = "GET", .url = peer_url(r.peer, "/") });
    loop_run(r.loop);
    CHECK_INT(r.n, 50);
    for (int i = 0; i < 50; i++) {
        CHECK_INT(r.got[i].err, 0);
        assert_string_equal(r.got[i].body, "fine");
    }
    rig_free(&r);
}

TEST(a_redirect_is_not_followed)
{
    struct rig r = rig_of(NULL, (struct http_options){ 0 });
    struct got *g = rig_get(&r, "/redirect");

    CHECK_INT(g->status, 302);
    assert_string_equal(g->body, "moved");
    CHECK_INT(peer_count(r.peer), 1);
    rig_free(&r);
}

TEST(bad_certificates_are_refused_each_with_its_reason)
{
    static const struct {
        const char *cert, *ca, *says;
    } table[] = {
        { certs.good, NULL, "certificate" },
        { certs.good, certs.other_ca, "certificate" },
        { certs.wrong, certs.ca, "no alternative certificate subject name matches" },
        { certs.expired, certs.ca, "expired" },
    };

    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct rig r =
            rig_of(table[i].cert, (struct http_options){ .ca_file = table[i].ca });
        struct got *g = rig_get(&r, "/");

        CHECK_INT(g->err, CORDAGE_ETLS);
        CHECK(g->unsent && g->status == 0);
        check_says(g->why, table[i].says);
        CHECK_INT(peer_count(r.peer), 0);
        rig_free(&r);
    }
}

/* Takes one connection, and hangs up when something has come. */
static void *hang_up(void *user)
{
    int fd = accept(*(int *)user, NULL, NULL);
    char byte;

    if (fd >= 0 && recv(fd, &byte, 1, 0) == 1)
        shutdown(fd, SHUT_RDWR);
    close(fd);
    return NULL;
}

TEST(a_handshake_that_breaks_off_is_the_networks_fault_and_may_pass)
{
    struct sockaddr_in at = { .sin_family = AF_INET,
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof at;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct http_options options = { .ca_file = certs.ca };
    struct http_got got;
    cordage_error error;
    pthread_t thread;
    char url[64];

    CHECK_INT(bind(listener, (struct sockaddr *)&at, sizeof at), 0);
    CHECK_INT(listen(listener, 1), 0);
    CHECK_INT(getsockname(listener, (struct sockaddr *)&at, &size), 0);
    CHECK_INT(pthread_create(&thread, NULL, hang_up, &listener), 0);
    snprintf(url, sizeof url, "https://127.0.0.1:%u/", ntohs(at.sin_port));
    CHECK_INT(http_fetch(&options, &(struct http_request){ .method = "GET", .url = url },
                         &got, &error),
              CORDAGE_ENET);
    http_got_release(&got);
    pthread_join(thread, NULL);
    close(listener);
}

TEST(an_unusable_ca_file_is_an_error_that_names_it)
{
    struct loop *loop;
    struct http *http;
    cordage_error error;

    CHECK_INT(loop_new(&(struct loop_options){ 0 }, &loop, &error), 0);
    CHECK_INT(http_new(loop, &(struct http_options){ .ca_file = "/nonexistent.pem" },
                       &http, &error),
              CORDAGE_EINVAL);
    check_says(error.message, "/nonexistent.pem");
    CHECK_INT(http_new(loop, &(struct http_options){ .ca_file = certs.key }, &http,
                       &error),
              CORDAGE_EINVAL);
    CHECK(http == NULL);
    loop_free(loop);
}

TEST(nobody_listening_is_said_and_nothing_was_sent)
{
    struct rig r = rig_of(NULL, (struct http_options){ 0 });

    rig_send(&r, (struct http_request){ .method = "GET", .url = "http://127.0.0.1:1/" });
    loop_run(r.loop);
    CHECK_INT(r.got[0].err, CORDAGE_ENET);
    CHECK(r.got[0].unsent);
    check_says(r.got[0].why, "connect");
    rig_free(&r);
}

TEST(other_protocols_than_http_are_refused)
{
    struct rig r = rig_of(NULL, (struct http_options){ 0 });
    static const char *const urls[] = { "file:///etc/passwd", "ftp://127.0.0.1/", "//",
                                        "" };

    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        rig_send(&r, (struct http_request){ .method = "GET", .url = urls[i] });
        loop_run(r.loop);
        CHECK(r.got[i].err < 0 && r.got[i].n_body == 0);
    }
    rig_free(&r);
}

TEST(a_connection_lost_midway_is_an_error_not_a_short_answer)
{
    struct rig r = rig_of(certs.good, (struct http_options){ .ca_file = certs.ca });

    CHECK_INT(rig_get(&r, "/cut")->err, CORDAGE_ENET);
    CHECK_INT(rig_get(&r, "/hangup")->err, CORDAGE_ENET);
    CHECK(!r.got[1].unsent);
    CHECK(rig_get(&r, "/noise")->err < 0);
    CHECK_INT(rig_get(&r, "/")->err, 0);
    rig_free(&r);
}

TEST(silence_times_out)
{
    struct rig r = rig_of(NULL, (struct http_options){ 0 });

    rig_send(&r, (struct http_request){ .method = "GET",
                                        .url = peer_url(r.peer, "/silence"),
                                        .timeout_ms = 100 });
    loop_run(r.loop);
    CHECK_INT(r.got[0].err, CORDAGE_ETIMEOUT);
    CHECK(!r.got[0].unsent);
    rig_free(&r);
}

TEST(an_answer_has_a_limit_packed_or_not)
{
    struct rig r = rig_of(NULL, (struct http_options){ 0 });

    CHECK_INT(rig_get(&r, "/huge")->err, CORDAGE_ELIMIT);
    CHECK_INT(rig_get(&r, "/bomb")->err, CORDAGE_ELIMIT);
    CHECK_INT(rig_get(&r, "/heads")->err, CORDAGE_ELIMIT);
    CHECK_INT(rig_get(&r, "/")->err, 0);
    rig_free(&r);
}

/* The second request travels on the connection that the first left open, and the peer
 * hangs up on it: libcurl repeats such requests by itself. */
TEST(libcurl_does_not_repeat_what_may_go_only_once)
{
    for (int once = 0; once < 2; once++) {
        struct rig r = rig_of(NULL, (struct http_options){ 0 });

        CHECK_INT(rig_get(&r, "/")->err, 0);
        rig_send(&r, (struct http_request){ .method = "POST",
                                            .url = peer_url(r.peer, "/hangup"),
                                            .body = STR("{}"),
                                            .content_type = "application/json",
                                            .at_most_once = once });
        loop_run(r.loop);
        CHECK_INT(r.got[1].err, CORDAGE_ENET);
        CHECK_INT(peer_count(r.peer), once ? 2 : 3);
        rig_free(&r);
    }
}

TEST(a_stop_ends_what_is_under_way_once_each)
{
    struct rig r = rig_of(certs.good, (struct http_options){ .ca_file = certs.ca });

    CHECK_INT(rig_get(&r, "/")->err, 0);
    for (int i = 0; i < 20; i++)
        rig_send(&r, (struct http_request){ .method = "GET",
                                            .url = peer_url(r.peer, "/silence") });
    uv_run(loop_uv(r.loop), UV_RUN_NOWAIT);
    uv_run(loop_uv(r.loop), UV_RUN_NOWAIT);
    http_free(r.http);
    r.http = NULL;
    CHECK_INT(r.n, 21);
    for (unsigned i = 1; i < r.n; i++)
        CHECK_INT(r.got[i].err, CORDAGE_ECLOSED);
    rig_free(&r);
    CHECK_INT(r.n, 21);
}

TEST(a_callback_may_free_it_all)
{
    struct rig r = rig_of(NULL, (struct http_options){ 0 });

    r.free_inside = true;
    for (int i = 0; i < 10; i++)
        rig_send(&r,
                 (struct http_request){ .method = "GET", .url = peer_url(r.peer, "/") });
    loop_run(r.loop);
    CHECK_INT(r.n, 10);
    CHECK_INT(r.got[0].err, 0);
    for (unsigned i = 1; i < 10; i++)
        CHECK_INT(r.got[i].err, CORDAGE_ECLOSED);
    rig_free(&r);
}

TEST(one_request_can_be_waited_for_without_a_loop)
{
    struct peer *peer = peer_new(certs.good, certs.key, answer, NULL);
    struct http_options options = { .ca_file = certs.ca };
    struct http_got got;
    cordage_error error;

    CHECK_INT(http_fetch(&options,
                         &(struct http_request){ .method = "GET",
                                                 .url = peer_url(peer, "/echo") },
                         &got, &error),
              0);
    CHECK_INT(got.status, 200);
    CHECK_STR(buf_str(&got.body), "GET|||||");
    CHECK_STR(http_header(buf_str(&got.head), "X-RateLimit-Remaining"), "4");
    CHECK_STR(http_header(buf_str(&got.head), "x-empty"), "");
    CHECK_STR(http_header(buf_str(&got.head), "x-ratelimit"), "");
    http_got_release(&got);
    options.ca_file = NULL;
    CHECK_INT(http_fetch(&options,
                         &(struct http_request){ .method = "GET",
                                                 .url = peer_url(peer, "/echo") },
                         &got, &error),
              CORDAGE_ETLS);
    CHECK_INT(error.code, CORDAGE_ETLS);
    http_got_release(&got);
    peer_free(peer);
}

/* A proxy that sees a CONNECT and refuses it; what it must not see is the token. */
static void refuse_connect(struct peer_request *q, void *user)
{
    char value[64];

    (void)user;
    peer_answer(q, *peer_header(q, "Authorization", value, sizeof value) ? 200 : 403,
                NULL, "");
    peer_hangup(q);
}

TEST(a_proxy_is_asked_to_connect_and_never_given_the_token)
{
    struct peer *proxy = peer_new(NULL, NULL, refuse_connect, NULL);
    struct rig r = rig_of(NULL, (struct http_options){ .proxy = peer_url(proxy, "") });
    struct secret token = { 0 };

    secret_set(&token, STR("abc.def"));
    rig_send(&r, (struct http_request){
                     .method = "GET", .url = peer_url(r.peer, "/"), .token = &token });
    loop_run(r.loop);
    CHECK_INT(r.got[0].err, CORDAGE_ENET);
    CHECK_INT(peer_count(proxy), 1);
    CHECK(strncmp(peer_line(proxy, 1), "CONNECT 127.0.0.1:", 18) == 0);
    CHECK_INT(peer_count(r.peer), 0);
    secret_release(&token);
    rig_free(&r);
    peer_free(proxy);
}

TEST(the_environments_proxy_is_not_asked)
{
    struct rig r = rig_of(NULL, (struct http_options){ 0 });

    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
    CHECK_INT(rig_get(&r, "/")->err, 0);
    unsetenv("http_proxy");
    unsetenv("ALL_PROXY");
    rig_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_request_says_what_it_should_and_the_answer_comes_back),
        T(many_requests_are_all_answered),
        T(a_redirect_is_not_followed),
        T(bad_certificates_are_refused_each_with_its_reason),
        T(a_handshake_that_breaks_off_is_the_networks_fault_and_may_pass),
        T(an_unusable_ca_file_is_an_error_that_names_it),
        T(nobody_listening_is_said_and_nothing_was_sent),
        T(other_protocols_than_http_are_refused),
        T(a_connection_lost_midway_is_an_error_not_a_short_answer),
        T(silence_times_out),
        T(an_answer_has_a_limit_packed_or_not),
        T(libcurl_does_not_repeat_what_may_go_only_once),
        T(a_stop_ends_what_is_under_way_once_each),
        T(a_callback_may_free_it_all),
        T(one_request_can_be_waited_for_without_a_loop),
        T(a_proxy_is_asked_to_connect_and_never_given_the_token),
        T(the_environments_proxy_is_not_asked),
    };
    int failed;

    certs_make(&certs);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    certs_remove(&certs);
    return failed;
}
