/* The fleet over HTTP: who may ask, for what, and what comes back. */
#include <arpa/inet.h>
#include <curl/curl.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "certs.h"
#include "fake_view.h"
#include "json.h"
#include "loop.h"
#include "test.h"
#include "web.h"

enum { PATIENCE_MS = 60000 };

#define SECRET "correct-horse_battery.staple~9"

/* A server on a loop on a thread of its own. */
struct house {
    struct loop *loop;
    struct view *view;
    struct web *web;
    struct certs certs;
    bool tls;
    pthread_t thread;
};

static const struct view *on_view(void *user)
{
    return ((struct house *)user)->view;
}

static void *run_loop(void *user)
{
    loop_run(((struct house *)user)->loop);
    return NULL;
}

static void begin(struct house *h)
{
    struct loop_options options = { .speed = 1 };
    cordage_error error;

    *h = (struct house){ 0 };
    CHECK_INT(loop_new(&options, &h->loop, &error), 0);
    h->view = fake_view(64, (uint64_t)time(NULL) * 1000);
}

static void open_with(struct house *h, struct web_options options)
{
    cordage_error error;

    if (h->tls) {
        certs_make(&h->certs);
        options.cert_file = h->certs.good;
        options.key_file = h->certs.key;
    }
    if (!options.address)
        options.address = "127.0.0.1";
    if (web_new(h->loop, &options, on_view, h, &h->web, &error))
        fail_msg("%s", error.message);
    CHECK_INT(pthread_create(&h->thread, NULL, run_loop, h), 0);
}

static void open_house(struct house *h, struct web_options options)
{
    begin(h);
    open_with(h, options);
}

static void close_house(struct house *h)
{
    if (h->thread) {
        loop_stop(h->loop);
        pthread_join(h->thread, NULL);
    }
    web_free(h->web);
    loop_free(h->loop);
    view_free(h->view);
    if (h->tls)
        certs_remove(&h->certs);
}

/* ---- Asking --------------------------------------------------------------- */

struct got {
    long status;
    struct buf head, body;
};

static size_t on_bytes(char *p, size_t size, size_t n, void *user)
{
    return buf_append(user, p, size * n) ? 0 : size * n;
}

/* `headers` are lines with a newline between them, or NULL; NULL method: GET. The answer
 * is good until the next call. */
static struct got *ask(struct house *h, const char *path, const char *method,
                       const char *headers)
{
    static struct got got;
    struct curl_slist *list = NULL;
    CURL *curl = curl_easy_init();
    char url[512], line[512];

    assert_non_null(curl);
    buf_clear(&got.head);
    buf_clear(&got.body);
    snprintf(url, sizeof url, "%.*s%s", (int)strlen(web_url(h->web)) - 1, web_url(h->web),
             path);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)PATIENCE_MS);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_bytes);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &got.body);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &got.head);
    if (h->tls)
        curl_easy_setopt(curl, CURLOPT_CAINFO, h->certs.ca);
    if (method && strcmp(method, "HEAD") == 0)
        curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    else if (method)
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
    while (headers && *headers) {
        size_t n = strcspn(headers, "\n");

        snprintf(line, sizeof line, "%.*s", (int)n, headers);
        list = curl_slist_append(list, line);
        headers += n + (headers[n] == '\n');
    }
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, list);
    CHECK_INT(curl_easy_perform(curl), CURLE_OK);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &got.status);
    curl_slist_free_all(list);
    curl_easy_cleanup(curl);
    return &got;
}

static long status_of(struct house *h, const char *path, const char *method,
                      const char *headers)
{
    return ask(h, path, method, headers)->status;
}

static bool has(const struct buf *b, const char *text)
{
    return str_find(buf_str(b), str_of(text)) != SIZE_MAX;
}

static bool says(const struct got *got, const char *text)
{
    return has(&got->body, text);
}

/* ---- What there is -------------------------------------------------------- */

TEST(each_page_is_there)
{
    static const struct {
        const char *path, *type, *holds;
        long status;
    } pages[] = {
        { "/", "text/html; charset=utf-8", "<title>Cordage</title>", 200 },
        { "/?anything", "text/html; charset=utf-8", "<title>Cordage</title>", 200 },
        { "/page.css", "text/css; charset=utf-8", ".grid", 200 },
        { "/page.js", "text/javascript; charset=utf-8", "'use strict'", 200 },
        { "/icon.svg", "image/svg+xml; charset=utf-8", "<svg", 200 },
        { "/metrics", "text/plain; version=0.0.4; charset=utf-8", "cordage_shard_up",
          200 },
        { "/healthz", "text/plain; charset=utf-8", "ok\n", 200 },
        { "/api/status", "application/json", "\"shards\":[", 200 },
        { "/index.html", "text/plain; charset=utf-8", "There is /,", 404 },
        { "/../web.c", "text/plain; charset=utf-8", "There is /,", 404 },
        { "//", "text/plain; charset=utf-8", "There is /,", 404 },
    };
    struct house h;
    char type[128];

    open_house(&h, (struct web_options){ 0 });
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
        struct got *got = ask(&h, pages[i].path, NULL, NULL);

        CHECK_INT(got->status, pages[i].status);
        snprintf(type, sizeof type, "Content-Type: %s\r\n", pages[i].type);
        if (!has(&got->head, type) || !says(got, pages[i].holds))
            fail_msg("%s has %.*s%.*s", pages[i].path, STR_FMT(buf_str(&got->head)),
                     STR_FMT(buf_str(&got->body)));
    }
    close_house(&h);
}

TEST(every_answer_has_the_headers_that_bind_a_browser)
{
    static const char *const paths[] = { "/", "/api/status", "/nothing" };
    struct house h;

    open_house(&h, (struct web_options){ 0 });
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct got *got = ask(&h, paths[i], NULL, i == 2 ? "Host: evil.example" : NULL);

        CHECK_INT(got->status, i == 2 ? 403 : 200);
        CHECK(has(&got->head, "Content-Security-Policy: default-src 'none'; script-src "
                              "'self'; style-src 'self'; "));
        CHECK(has(&got->head, "frame-ancestors 'none'\r\n"));
        CHECK(has(&got->head, "X-Content-Type-Options: nosniff\r\n"));
        CHECK(has(&got->head, "Referrer-Policy: no-referrer\r\n"));
        CHECK(has(&got->head, "Cross-Origin-Resource-Policy: same-origin\r\n"));
        CHECK(has(&got->head, "Cache-Control: no-store\r\n"));
        CHECK(!has(&got->head, "Access-Control-Allow"));
    }
    close_house(&h);
}

TEST(readyz_names_what_is_missing)
{
    struct house h;
    struct got *got;

    begin(&h);
    h.view->restarting = false;
    open_with(&h, (struct web_options){ 0 });
    got = ask(&h, "/readyz", NULL, NULL);
    CHECK_INT(got->status, 503);
    CHECK_STR(buf_str(&got->body),
              "58 of 64 shards are ready\nmissing: 5, 9, 32, 33, 34, 35\n");
    close_house(&h);

    begin(&h);
    fake_view_heal(h.view);
    open_with(&h, (struct web_options){ 0 });
    got = ask(&h, "/readyz", NULL, NULL);
    CHECK_INT(got->status, 200);
    CHECK_STR(buf_str(&got->body), "64 of 64 shards are ready\n");
    close_house(&h);

    begin(&h);
    fake_view_heal(h.view);
    h.view->stopping = true;
    open_with(&h, (struct web_options){ 0 });
    CHECK_INT(status_of(&h, "/readyz", NULL, NULL), 503);
    CHECK_INT(status_of(&h, "/healthz", NULL, NULL), 200);
    close_house(&h);
}

TEST(before_there_is_a_plan_all_answer)
{
    struct house h;
    struct got *got;

    begin(&h);
    view_free(h.view);
    CHECK_INT(view_new(&h.view), 0);
    open_with(&h, (struct web_options){ 0 });
    CHECK_INT(status_of(&h, "/", NULL, NULL), 200);
    CHECK_INT(status_of(&h, "/metrics", NULL, NULL), 200);
    CHECK_INT(status_of(&h, "/api/status", NULL, NULL), 200);
    got = ask(&h, "/readyz", NULL, NULL);
    CHECK_INT(got->status, 503);
    CHECK_STR(buf_str(&got->body), "there is no plan yet\n");
    close_house(&h);
}

TEST(readyz_names_no_more_than_a_few)
{
    struct house h;
    struct got *got;

    begin(&h);
    for (uint32_t i = 0; i < 64; i++)
        fake_view_lose(h.view, i);
    open_with(&h, (struct web_options){ 0 });
    got = ask(&h, "/readyz", NULL, NULL);
    CHECK(says(got, "missing: 0, 1, 2,"));
    CHECK(says(got, ", 18, 19, ...\n"));
    close_house(&h);
}

/* ---- What can't be done --------------------------------------------------- */

TEST(nothing_but_reading)
{
    static const char *const methods[] = { "POST",  "PUT",     "DELETE",
                                           "PATCH", "OPTIONS", "BREW" };
    struct house h;

    open_house(&h, (struct web_options){ 0 });
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        struct got *got = ask(&h, "/api/status", methods[i], NULL);

        CHECK_INT(got->status, 405);
        CHECK(has(&got->head, "Allow: GET, HEAD\r\n"));
    }
    close_house(&h);
}

TEST(head_is_get_without_the_body)
{
    struct house h;
    struct got *got;
    char length[64];

    open_house(&h, (struct web_options){ 0 });
    got = ask(&h, "/page.js", NULL, NULL);
    snprintf(length, sizeof length, "Content-Length: %zu\r\n", got->body.n);
    got = ask(&h, "/page.js", "HEAD", NULL);
    CHECK_INT(got->status, 200);
    CHECK_INT(got->body.n, 0);
    CHECK(has(&got->head, length));
    CHECK_INT(status_of(&h, "/nothing", "HEAD", NULL), 404);
    close_house(&h);
}

TEST(who_calls_us_by_another_name_gets_nothing)
{
    static const struct {
        const char *headers;
        long status;
    } asked[] = {
        { "Host: evil.example", 403 },
        { "Host: evil.example:PORT", 403 },
        { "Host: 127.0.0.1", 200 }, /* as through a tunnel */
        { "Host: localhost:1", 200 },
        { "Host: localhost.evil.example:PORT", 403 },
        { "Host: localhost:1.evil.example", 403 },
        { "Host: 127.0.0.1.evil.example:PORT", 403 },
        { "Host: [::1", 403 },
        { "Host: 10.0.0.1:PORT", 403 },
        { "Host:", 403 },
        { "Host: localhost:PORT", 200 },
        { "Host: LOCALHOST:PORT", 200 },
        { "Host: [::1]:PORT", 200 },
        { "Host: fleet.example", 200 },
        { "Host: FLEET.example:8080", 200 },
        { "Host: status.example", 200 },
        { "Host: fleet.example.evil.example", 403 },
        { "Host: evil.example,fleet.example", 403 },
        { "Origin: http://127.0.0.1:PORT", 200 },
        { "Origin: http://127.0.0.1:1", 403 },
        { "Origin: https://evil.example", 403 },
        { "Origin: null", 403 },
        { "Host: fleet.example\nOrigin: https://fleet.example", 200 },
        { "Host: fleet.example\nOrigin: https://status.example", 403 },
        { "Host: fleet.example\nOrigin: https://evil.example", 403 },
    };
    char headers[256];
    struct house h;

    open_house(&h, (struct web_options){ .hosts = "fleet.example, status.example" });
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        const char *port = strstr(asked[i].headers, "PORT");
        long status;

        if (port)
            snprintf(headers, sizeof headers, "%.*s%.*s%s",
                     (int)(port - asked[i].headers), asked[i].headers,
                     (int)strspn(strrchr(web_url(h.web), ':') + 1, "0123456789"),
                     strrchr(web_url(h.web), ':') + 1, port + 4);
        else
            snprintf(headers, sizeof headers, "%s", asked[i].headers);
        status = status_of(&h, "/api/status", NULL, headers);
        if (status != asked[i].status)
            fail_msg("%s: %ld", headers, status);
    }
    close_house(&h);
}

TEST(a_request_with_a_body_is_refused)
{
    struct house h;

    open_house(&h, (struct web_options){ 0 });
    CHECK_INT(status_of(&h, "/", "GET", "Content-Length: 1000000000"), 413);
    CHECK_INT(status_of(&h, "/", "POST", "Content-Length: 99999999999999999999"), 413);
    close_house(&h);
}

/* ---- With bare sockets ---------------------------------------------------- */

static int dial(struct house *h)
{
    struct sockaddr_in to = { .sin_family = AF_INET,
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    to.sin_port = htons((uint16_t)atoi(strrchr(web_url(h->web), ':') + 1));
    CHECK(fd >= 0);
    CHECK_INT(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

/* What comes until the peer closes. */
static struct str hear(int fd, char *bytes, size_t size)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };
    struct str heard = { bytes, 0 };
    ssize_t got = 1;

    while (got > 0 && heard.n < size && poll(&p, 1, PATIENCE_MS) > 0) {
        got = recv(fd, bytes + heard.n, size - heard.n, 0);
        heard.n += got > 0 ? (size_t)got : 0;
    }
    return heard;
}

static void send_all(int fd, const char *bytes, size_t n)
{
    while (n) {
        ssize_t sent = send(fd, bytes, n, MSG_NOSIGNAL);

        if (sent <= 0)
            return; /* it has closed: that is an answer, too */
        bytes += sent;
        n -= (size_t)sent;
    }
}

TEST(a_line_or_a_head_without_end_is_refused)
{
    char *much = malloc(1 << 20), bytes[4096];
    struct house h;

    memset(much, 'x', 1 << 20);
    open_house(&h, (struct web_options){ 0 });
    for (int i = 0; i < 2; i++) {
        const char *start = i ? "GET / HTTP/1.1\r\nX: " : "GET /";
        int fd = dial(&h);
        struct str heard;

        send_all(fd, start, strlen(start));
        send_all(fd, much, 1 << 20);
        heard = hear(fd, bytes, sizeof bytes);
        CHECK(heard.n == 0 || str_starts(heard, STR("HTTP/1.1 4")));
        close(fd);
    }
    CHECK_INT(status_of(&h, "/healthz", NULL, NULL), 200);
    free(much);
    close_house(&h);
}

TEST(without_a_host_there_is_nothing)
{
    const char *request = "GET /api/status HTTP/1.0\r\n\r\n";
    char bytes[4096];
    struct house h;
    struct str heard;
    int fd;

    open_house(&h, (struct web_options){ 0 });
    fd = dial(&h);
    send_all(fd, request, strlen(request));
    heard = hear(fd, bytes, sizeof bytes);
    CHECK(str_starts(heard, STR("HTTP/1.0 403")) ||
          str_starts(heard, STR("HTTP/1.1 403")));
    close(fd);
    close_house(&h);
}

TEST(slow_clients_in_all_places_keep_nobody_out)
{
    enum { N = 200 };
    const char *piece = "GET /api/sta";
    struct house h;
    int fds[N];

    open_house(&h, (struct web_options){ 0 });
    for (int i = 0; i < N; i++) {
        fds[i] = dial(&h);
        send_all(fds[i], piece, strlen(piece));
    }
    CHECK_INT(status_of(&h, "/api/status", NULL, NULL), 200);
    for (int i = 0; i < N; i++)
        close(fds[i]);
    close_house(&h);
}

/* ---- The secret ----------------------------------------------------------- */

/* The port that a cookie has in its name. */
static void cookie(struct house *h, char *out, size_t size, const char *secret)
{
    snprintf(out, size, "Cookie: a=b; cordage_%d=%s; c=d",
             atoi(strrchr(web_url(h->web), ':') + 1), secret);
}

TEST(with_a_secret_nothing_comes_without_it)
{
    static const char *const paths[] = { "/",       "/page.js",    "/metrics", "/healthz",
                                         "/readyz", "/api/status", "/nothing" };
    static const char *const wrong[] = { NULL,
                                         "Authorization: Bearer " SECRET "x",
                                         "Authorization: Bearer correct-horse",
                                         "Authorization: Bearer ",
                                         "Authorization: Basic " SECRET,
                                         "Cookie: cordage=" SECRET };
    struct house h;
    char line[256];

    open_house(&h, (struct web_options){ .secret = SECRET });
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct got *got = ask(&h, paths[i], NULL, NULL);

        CHECK_INT(got->status, 401);
        CHECK(has(&got->head, "WWW-Authenticate: Bearer\r\n"));
        CHECK(!has(&got->head, SECRET) && !says(got, SECRET));
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        CHECK_INT(status_of(&h, "/api/status", NULL, wrong[i]), 401);
    CHECK_INT(status_of(&h, "/api/status", NULL, "Authorization: Bearer " SECRET), 200);
    CHECK_INT(status_of(&h, "/api/status", NULL, "authorization: bearer " SECRET), 200);
    cookie(&h, line, sizeof line, SECRET);
    CHECK_INT(status_of(&h, "/api/status", NULL, line), 200);
    cookie(&h, line, sizeof line, SECRET "0");
    CHECK_INT(status_of(&h, "/api/status", NULL, line), 401);
    cookie(&h, line, sizeof line, "");
    CHECK_INT(status_of(&h, "/api/status", NULL, line), 401);
    CHECK_INT(status_of(&h, "/", NULL,
                        "Host: evil.example\nAuthorization: Bearer " SECRET),
              403);
    close_house(&h);
}

TEST(a_browser_gets_a_cookie_and_an_address_without_the_secret)
{
    struct house h;
    struct got *got;

    open_house(&h, (struct web_options){ .secret = SECRET });
    got = ask(&h, "/?secret=" SECRET, NULL, NULL);
    CHECK_INT(got->status, 303);
    CHECK(has(&got->head, "Location: /\r\n"));
    CHECK(has(&got->head, "=" SECRET "; Path=/; HttpOnly; SameSite=Lax\r\n"));
    got = ask(&h, "/?a=b&secret=" SECRET, NULL, NULL);
    CHECK_INT(got->status, 303);
    CHECK_INT(status_of(&h, "/?secret=" SECRET "x", NULL, NULL), 401);
    CHECK_INT(status_of(&h, "/?secret=", NULL, NULL), 401);
    CHECK_INT(status_of(&h, "/api/status?secret=" SECRET, NULL, NULL), 401);
    close_house(&h);
}

TEST(the_longest_secret_fits_into_its_cookie)
{
    char secret[257], path[300], want[300];
    struct house h;
    struct got *got;

    memset(secret, 'a', sizeof secret);
    secret[256] = '\0';
    open_house(&h, (struct web_options){ .secret = secret });
    snprintf(path, sizeof path, "/?secret=%s", secret);
    got = ask(&h, path, NULL, NULL);
    CHECK_INT(got->status, 303);
    snprintf(want, sizeof want, "=%s; Path=/; HttpOnly; SameSite=Lax\r\n", secret);
    CHECK(has(&got->head, want));
    close_house(&h);
}

TEST(over_https_the_cookie_is_for_https_only)
{
    struct house h;
    struct got *got;

    begin(&h);
    h.tls = true;
    open_with(&h, (struct web_options){ .secret = SECRET });
    CHECK(str_starts(str_of(web_url(h.web)), STR("https://127.0.0.1:")));
    got = ask(&h, "/?secret=" SECRET, NULL, NULL);
    CHECK_INT(got->status, 303);
    CHECK(has(&got->head, "SameSite=Lax; Secure\r\n"));
    CHECK_INT(status_of(&h, "/", NULL, "Authorization: Bearer " SECRET), 200);
    close_house(&h);
}

TEST(where_others_can_reach_us_an_address_is_a_name)
{
    struct house h;
    const char *bearer = "Host: 10.1.2.3:7430\nAuthorization: Bearer " SECRET;

    open_house(&h, (struct web_options){
                       .address = "0.0.0.0", .secret = SECRET, .behind_proxy = true });
    CHECK(str_starts(str_of(web_url(h.web)), STR("http://127.0.0.1:")));
    CHECK_INT(status_of(&h, "/", NULL, bearer), 200);
    CHECK_INT(status_of(&h, "/", NULL,
                        "Host: [fe80::1]:7\nAuthorization: Bearer " SECRET),
              200);
    CHECK_INT(status_of(&h, "/", NULL, "Host: a.b.c.d\nAuthorization: Bearer " SECRET),
              403);
    close_house(&h);
}

/* ---- Opening -------------------------------------------------------------- */

TEST(what_would_be_unsafe_is_refused_with_the_fix)
{
    static const struct {
        struct web_options options;
        const char *fix;
    } bad[] = {
        { { .address = "0.0.0.0" }, "--http-secret-file" },
        { { .address = "::", .behind_proxy = true }, "--http-secret-file" },
        { { .address = "192.168.1.2", .secret = SECRET }, "--http-cert-file" },
        { { .address = "0.0.0.0", .secret = SECRET }, "--behind-proxy" },
        { { .address = "127.0.0.1", .secret = "short" }, "openssl rand" },
        { { .address = "127.0.0.1", .secret = "" }, "openssl rand" },
        { { .address = "127.0.0.1", .secret = "with a blank, and more" },
          "openssl rand" },
        { { .address = "127.0.0.1", .cert_file = "a" }, "--http-key-file" },
        { { .address = "127.0.0.1", .key_file = "a" }, "--http-cert-file" },
        { { .address = "localhost" }, "" },
    };
    cordage_error error;
    char secret[300];
    struct house h;

    begin(&h);
    memset(secret, 'a', sizeof secret);
    secret[257] = '\0';
    CHECK_INT(web_new(h.loop, &(struct web_options){ .secret = secret }, on_view, &h,
                      &h.web, &error),
              CORDAGE_EINVAL);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK_INT(web_new(h.loop, &bad[i].options, on_view, &h, &h.web, &error),
                  CORDAGE_EINVAL);
        CHECK(h.web == NULL);
        if (str_find(str_of(error.message), str_of(bad[i].fix)) == SIZE_MAX)
            fail_msg("%s doesn't name %s", error.message, bad[i].fix);
        if (bad[i].options.secret && *bad[i].options.secret)
            CHECK(str_find(str_of(error.message), str_of(bad[i].options.secret)) ==
                  SIZE_MAX);
    }
    close_house(&h);
}

TEST(a_port_that_is_taken_is_named_or_the_next_is_used)
{
    struct web_options options = { .address = "127.0.0.1" };
    struct web *other;
    cordage_error error;
    struct house h;
    char place[64];

    open_house(&h, options);
    options.port = (uint16_t)atoi(strrchr(web_url(h.web), ':') + 1);
    snprintf(place, sizeof place, "127.0.0.1 port %u", options.port);
    CHECK_INT(web_new(h.loop, &options, on_view, &h, &other, &error), CORDAGE_ENET);
    CHECK(str_find(str_of(error.message), str_of(place)) != SIZE_MAX);
    close_house(&h);

    begin(&h);
    open_with(&h, (struct web_options){ 0 });
    options.port = (uint16_t)atoi(strrchr(web_url(h.web), ':') + 1);
    options.any_port = true;
    if (options.port < UINT16_MAX - 10) {
        struct loop_options loop_options = { .speed = 1 };
        struct loop *loop;
        int port;

        CHECK_INT(loop_new(&loop_options, &loop, &error), 0);
        CHECK_INT(web_new(loop, &options, on_view, &h, &other, &error), 0);
        port = atoi(strrchr(web_url(other), ':') + 1);
        CHECK(port > options.port && port < options.port + 10);
        web_free(other);
        loop_free(loop);
    }
    close_house(&h);
}

RUN_TESTS(T(each_page_is_there), T(every_answer_has_the_headers_that_bind_a_browser),
          T(readyz_names_what_is_missing), T(before_there_is_a_plan_all_answer),
          T(readyz_names_no_more_than_a_few), T(nothing_but_reading),
          T(head_is_get_without_the_body), T(who_calls_us_by_another_name_gets_nothing),
          T(a_request_with_a_body_is_refused), T(a_line_or_a_head_without_end_is_refused),
          T(without_a_host_there_is_nothing),
          T(slow_clients_in_all_places_keep_nobody_out),
          T(with_a_secret_nothing_comes_without_it),
          T(a_browser_gets_a_cookie_and_an_address_without_the_secret),
          T(the_longest_secret_fits_into_its_cookie),
          T(over_https_the_cookie_is_for_https_only),
          T(where_others_can_reach_us_an_address_is_a_name),
          T(what_would_be_unsafe_is_refused_with_the_fix),
          T(a_port_that_is_taken_is_named_or_the_next_is_used))
