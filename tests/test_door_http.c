/* The simulator's REST side on real sockets: libcurl and bare sockets against it. */
#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "certs.h"
#include "door_http.h"
#include "limits.h"
#include "test.h"

enum { PATIENCE_MS = 60000 };

/* A door on a loop on a thread of its own. */
struct house {
    struct certs certs;
    bool tls;
    struct loop *loop;
    struct sim *sim;
    struct routes *routes;
    struct door_http *door;
    pthread_t thread;
    atomic_int changed;
};

static void on_changed(void *user)
{
    struct house *h = user;

    atomic_fetch_add(&h->changed, 1);
}

static void *run_loop(void *user)
{
    struct house *h = user;

    loop_run(h->loop);
    return NULL;
}

static void open_house(struct house *h, bool tls, uint32_t timeout_ms)
{
    struct door_http_options options = {
        .address = "127.0.0.1", .timeout_ms = timeout_ms, .changed = on_changed, .user = h
    };
    struct loop_options loop_options = { .speed = 1 };
    struct routes_config limits = { 0 };
    struct sim_config config;
    cordage_error error;
    struct host *host;

    memset(h, 0, sizeof *h);
    h->tls = tls;
    if (tls) {
        certs_make(&h->certs);
        options.cert_file = h->certs.good;
        options.key_file = h->certs.key;
    }
    CHECK_INT(loop_new(&loop_options, &h->loop, &error), 0);
    host = loop_host(h->loop);
    sim_config_default(&config);
    CHECK_INT(sim_new(&config, host->now(host), host->wall(host), &h->sim, &error), 0);
    CHECK_INT(sim_set_urls(h->sim, "wss://a", "wss://b"), 0);
    CHECK_INT(routes_new(h->sim, &limits, &h->routes), 0);
    if (door_http_new(h->loop, h->routes, &options, &h->door, &error))
        fail_msg("%s", error.message);
    CHECK_INT(pthread_create(&h->thread, NULL, run_loop, h), 0);
}

static void close_house(struct house *h)
{
    loop_stop(h->loop);
    pthread_join(h->thread, NULL);
    door_http_free(h->door);
    loop_free(h->loop);
    routes_free(h->routes);
    sim_free(h->sim);
    if (h->tls)
        certs_remove(&h->certs);
}

/* ---- With libcurl --------------------------------------------------------- */

struct got {
    long status, connects; /* new connections it took */
    struct buf body;
    CURLcode result;
};

static size_t on_bytes(char *p, size_t size, size_t n, void *user)
{
    struct got *got = user;

    return buf_append(&got->body, p, size * n) ? 0 : size * n;
}

static CURL *new_curl(struct house *h)
{
    CURL *curl = curl_easy_init();

    assert_non_null(curl);
    if (h->tls)
        curl_easy_setopt(curl, CURLOPT_CAINFO, h->certs.ca);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)PATIENCE_MS);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_bytes);
    return curl;
}

static void set_url(CURL *curl, struct house *h, const char *path)
{
    char url[256];

    snprintf(url, sizeof url, "http%s://127.0.0.1:%u%s", h->tls ? "s" : "",
             door_http_port(h->door), path);
    curl_easy_setopt(curl, CURLOPT_URL, url);
}

static void perform(CURL *curl, struct got *got)
{
    buf_clear(&got->body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, got);
    got->result = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &got->status);
    curl_easy_getinfo(curl, CURLINFO_NUM_CONNECTS, &got->connects);
}

static void get(CURL *curl, struct house *h, const char *path, struct got *got)
{
    set_url(curl, h, path);
    perform(curl, got);
    CHECK_INT(got->result, CURLE_OK);
}

TEST(https_answers_and_keeps_the_connection)
{
    struct got got = { 0 };
    struct house h;
    CURL *curl;

    open_house(&h, true, 0);
    curl = new_curl(&h);
    get(curl, &h, "/api/v10/gateway?x=1", &got);
    CHECK_INT(got.status, 200);
    CHECK_INT(got.connects, 1);
    CHECK_STR(buf_str(&got.body), "{\"url\":\"wss://a\"}");
    get(curl, &h, "/api/v10/users/@me", &got);
    CHECK_INT(got.status, 401);
    CHECK_INT(got.connects, 0);
    get(curl, &h, "/_sim/report?traffic=1", &got);
    CHECK_INT(got.status, 200);
    CHECK(str_find(buf_str(&got.body), STR("\"traffic\":{")) != SIZE_MAX);
    CHECK_INT(atomic_load(&h.changed), 3);
    curl_easy_cleanup(curl);
    buf_release(&got.body);
    close_house(&h);
}

static struct curl_slist *bot_headers(struct house *h, const char *more)
{
    struct curl_slist *list = NULL;
    char line[256];

    snprintf(line, sizeof line, "Authorization: Bot %s", sim_token(h->sim));
    list = curl_slist_append(list, line);
    return more ? curl_slist_append(list, more) : list;
}

static void channel_path(struct house *h, char *path, size_t size)
{
    snprintf(path, size, "/api/v10/channels/%llu/messages",
             (unsigned long long)world_channel_id(&sim_world(h->sim)->guilds[0], 1));
}

TEST(a_message_is_posted)
{
    struct curl_slist *headers;
    struct got got = { 0 };
    char path[128];
    struct house h;
    CURL *curl;

    open_house(&h, true, 0);
    curl = new_curl(&h);
    channel_path(&h, path, sizeof path);
    set_url(curl, &h, path);
    headers = bot_headers(&h, "Content-Type: application/json");
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, "{\"content\":\"over the wire\"}");
    perform(curl, &got);
    CHECK_INT(got.status, 200);
    CHECK(str_find(buf_str(&got.body), STR("\"over the wire\"")) != SIZE_MAX);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    buf_release(&got.body);
    close_house(&h);
}

TEST(a_file_of_20_mib_is_taken_and_one_of_26_is_413)
{
    struct curl_slist *headers;
    struct got got = { 0 };
    char path[128];
    struct house h;
    char *file = calloc(1, 26 * 1024 * 1024);

    assert_non_null(file);
    open_house(&h, false, 0);
    channel_path(&h, path, sizeof path);
    headers = bot_headers(&h, NULL);
    for (int mib = 20; mib <= 26; mib += 6) {
        CURL *curl = new_curl(&h);
        curl_mime *mime = curl_mime_init(curl);
        curl_mimepart *part = curl_mime_addpart(mime);

        curl_mime_name(part, "files[0]");
        curl_mime_filename(part, "zeros");
        curl_mime_data(part, file, (size_t)mib * 1024 * 1024);
        set_url(curl, &h, path);
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
        curl_easy_setopt(curl, CURLOPT_MIMEPOST, mime);
        perform(curl, &got);
        CHECK_INT(got.status, mib == 20 ? 200 : 413);
        curl_mime_free(mime);
        curl_easy_cleanup(curl);
    }
    curl_slist_free_all(headers);
    free(file);
    buf_release(&got.body);
    close_house(&h);
}

/* So many bytes of nothing, without saying beforehand how many. */
static size_t on_read(char *p, size_t size, size_t n, void *user)
{
    size_t *left = user;
    size_t give = size * n < *left ? size * n : *left;

    memset(p, ' ', give);
    *left -= give;
    return give;
}

TEST(a_body_that_hides_its_size_is_bounded_too)
{
    size_t left = LIMIT_SIM_CONTROL_BODY + 1;
    struct got got = { 0 };
    struct house h;
    CURL *curl;

    open_house(&h, false, 0);
    curl = new_curl(&h);
    set_url(curl, &h, "/_sim/message");
    curl_easy_setopt(curl, CURLOPT_POST, 1L);
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, on_read);
    curl_easy_setopt(curl, CURLOPT_READDATA, &left);
    perform(curl, &got); /* without a size, libcurl sends it in chunks */
    CHECK_INT(got.status, 413);
    CHECK_STR(buf_str(&got.body),
              "{\"message\":\"413: Request Entity Too Large\",\"code\":0}");
    curl_easy_cleanup(curl);
    buf_release(&got.body);
    close_house(&h);
}

TEST(a_foreign_host_gets_403)
{
    struct curl_slist *headers = curl_slist_append(NULL, "Host: evil.example");
    struct got got = { 0 };
    struct house h;
    CURL *curl;

    open_house(&h, true, 0);
    curl = new_curl(&h);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    get(curl, &h, "/_sim/report", &got);
    CHECK_INT(got.status, 403);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    buf_release(&got.body);
    close_house(&h);
}

TEST(fifty_clients_at_once_are_answered)
{
    enum { N = 50 };
    struct got got[N] = { 0 };
    CURLM *multi = curl_multi_init();
    CURL *curls[N];
    struct house h;
    int running = 1;

    open_house(&h, true, 0);
    for (int i = 0; i < N; i++) {
        curls[i] = new_curl(&h);
        set_url(curls[i], &h, "/api/v10/gateway");
        curl_easy_setopt(curls[i], CURLOPT_FRESH_CONNECT, 1L);
        curl_easy_setopt(curls[i], CURLOPT_WRITEDATA, &got[i]);
        curl_multi_add_handle(multi, curls[i]);
    }
    while (running) {
        CHECK_INT(curl_multi_perform(multi, &running), CURLM_OK);
        if (running)
            curl_multi_poll(multi, NULL, 0, PATIENCE_MS, NULL);
    }
    for (int i = 0; i < N; i++) {
        curl_easy_getinfo(curls[i], CURLINFO_RESPONSE_CODE, &got[i].status);
        CHECK_INT(got[i].status, 200);
        curl_multi_remove_handle(multi, curls[i]);
        curl_easy_cleanup(curls[i]);
        buf_release(&got[i].body);
    }
    curl_multi_cleanup(multi);
    CHECK_INT(atomic_load(&h.changed), N);
    close_house(&h);
}

static void slow_down(CURL *curl, struct house *h, const char *fault)
{
    struct got got = { 0 };

    set_url(curl, h, "/_sim/fault");
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, fault);
    perform(curl, &got);
    CHECK_INT(got.status, 200);
    curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
    buf_release(&got.body);
}

static double seconds(CURL *curl)
{
    double s = 0;

    curl_easy_getinfo(curl, CURLINFO_TOTAL_TIME, &s);
    return s;
}

TEST(answers_may_be_held_back_and_the_connection_goes_on)
{
    struct got got = { 0 };
    struct house h;
    CURL *curl;

    open_house(&h, true, 0);
    curl = new_curl(&h);
    slow_down(curl, &h, "{\"kind\":\"rest_slow\",\"by_ms\":200}");
    for (int i = 0; i < 2; i++) {
        get(curl, &h, "/api/v10/gateway", &got);
        CHECK_INT(got.status, 200);
        CHECK_INT(got.connects, 0);
        CHECK_STR(buf_str(&got.body), "{\"url\":\"wss://a\"}");
        CHECK(seconds(curl) >= 0.19);
    }
    slow_down(curl, &h, "{\"kind\":\"rest_slow\",\"by_ms\":30000}");
    set_url(curl, &h, "/api/v10/gateway");
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, 100L); /* it goes away meanwhile */
    perform(curl, &got);
    CHECK_INT(got.result, CURLE_OPERATION_TIMEDOUT);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)PATIENCE_MS);
    slow_down(curl, &h, "{\"kind\":\"rest_slow\",\"down\":false}");
    get(curl, &h, "/api/v10/gateway", &got);
    CHECK_INT(got.status, 200);
    curl_easy_cleanup(curl);
    buf_release(&got.body);
    close_house(&h); /* with an answer held back */
}

/* ---- With bare sockets ---------------------------------------------------- */

static int dial(struct house *h)
{
    struct sockaddr_in to = { .sin_family = AF_INET,
                              .sin_port = htons(door_http_port(h->door)),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    CHECK(fd >= 0);
    CHECK_INT(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

/* Whether the peer has closed by `ms` from now. What it sends is dropped. */
static bool closes_within(int fd, int ms)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };
    char bytes[512];

    while (poll(&p, 1, ms) > 0)
        if (recv(fd, bytes, sizeof bytes, MSG_DONTWAIT) <= 0)
            return true;
    return false;
}

TEST(a_head_that_comes_byte_by_byte_ends_the_connection)
{
    struct house h;
    bool closed = false;
    int fd;

    open_house(&h, false, 200);
    fd = dial(&h);
    /* It goes on sending all the while: there is no silence to be noticed. */
    for (int i = 0; !closed && i < 6000; i++) {
        send(fd, i ? "x" : "GET /", i ? 1 : 5, MSG_NOSIGNAL);
        closed = closes_within(fd, 10);
    }
    CHECK(closed);
    close(fd);
    close_house(&h);
}

TEST(a_body_that_never_comes_ends_the_connection)
{
    const char *head =
        "POST /_sim/message HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n";
    struct house h;
    int fd;

    open_house(&h, false, 200);
    fd = dial(&h);
    CHECK(send(fd, head, strlen(head), MSG_NOSIGNAL) > 0);
    CHECK(closes_within(fd, PATIENCE_MS));
    close(fd);
    close_house(&h);
}

TEST(a_handshake_that_stops_midway_stops_nobody_else_and_is_ended)
{
    const char hello[] =
        "\x16\x03\x01\x01\x00\x01\x00\x00\xfc\x03\x03"; /* its first bytes */
    struct got got = { 0 };
    struct house h;
    CURL *curl;
    int fds[20];

    open_house(&h, true, 2000);
    for (int i = 0; i < 20; i++) {
        fds[i] = dial(&h);
        CHECK(send(fds[i], hello, sizeof hello - 1, MSG_NOSIGNAL) > 0);
    }
    curl = new_curl(&h);
    get(curl, &h, "/api/v10/gateway", &got);
    CHECK_INT(got.status, 200);
    for (int i = 0; i < 20; i++) {
        CHECK(closes_within(fds[i], PATIENCE_MS));
        close(fds[i]);
    }
    curl_easy_cleanup(curl);
    buf_release(&got.body);
    close_house(&h);
}

TEST(an_idle_connection_is_closed)
{
    struct house h;
    int fd;

    open_house(&h, false, 200);
    fd = dial(&h);
    CHECK(closes_within(fd, PATIENCE_MS));
    close(fd);
    close_house(&h);
}

TEST(nobody_can_take_all_places)
{
    enum { N = LIMIT_SIM_CONNECTIONS + 50 };
    struct rlimit files;
    struct got got = { 0 };
    struct house h;
    CURL *curl;
    int *fds = calloc(N, sizeof *fds);

    assert_non_null(fds);
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    if (files.rlim_cur < 2 * N + 100) {
        puts("SKIPPED: too few file descriptors allowed");
        free(fds);
        return;
    }
    /* So long a time that only who takes a place makes another go. */
    open_house(&h, false, 10 * PATIENCE_MS);
    for (int i = 0; i < N; i++)
        fds[i] = dial(&h);
    curl = new_curl(&h);
    get(curl, &h, "/api/v10/gateway", &got);
    CHECK_INT(got.status, 200);
    /* The first ones had to go. */
    CHECK(closes_within(fds[0], PATIENCE_MS));
    for (int i = 0; i < N; i++)
        close(fds[i]);
    free(fds);
    curl_easy_cleanup(curl);
    buf_release(&got.body);
    close_house(&h);
}

TEST(it_ends_with_requests_under_way)
{
    const char *head =
        "POST /_sim/message HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf";
    struct house h;
    int fd;

    open_house(&h, false, 0);
    fd = dial(&h);
    CHECK(send(fd, head, strlen(head), MSG_NOSIGNAL) > 0);
    close_house(&h);
    CHECK(closes_within(fd, PATIENCE_MS));
    close(fd);
}

/* ---- Failing to open ------------------------------------------------------ */

TEST(a_port_in_use_is_named)
{
    struct door_http_options options = { .address = "127.0.0.1" };
    struct door_http *door;
    cordage_error error;
    char port[16];
    struct house h;

    open_house(&h, false, 0);
    options.port = door_http_port(h.door);
    snprintf(port, sizeof port, "port %u", options.port);
    CHECK_INT(door_http_new(h.loop, h.routes, &options, &door, &error), CORDAGE_ENET);
    CHECK(door == NULL);
    CHECK(str_find(str_of(error.message), str_of(port)) != SIZE_MAX);
    CHECK(str_find(str_of(error.message), STR("127.0.0.1")) != SIZE_MAX);
    close_house(&h);
}

TEST(unusable_certificates_and_addresses_are_named)
{
    struct door_http_options options = { .address = "127.0.0.1",
                                         .cert_file = "/nonexistent/cert.pem",
                                         .key_file = "/nonexistent/key.pem" };
    struct door_http *door;
    cordage_error error;
    struct house h;

    open_house(&h, true, 0);
    CHECK_INT(door_http_new(h.loop, h.routes, &options, &door, &error), CORDAGE_EINVAL);
    CHECK(str_find(str_of(error.message), STR("/nonexistent/cert.pem")) != SIZE_MAX);
    /* A key where the certificate should be. */
    options.cert_file = options.key_file = h.certs.key;
    CHECK_INT(door_http_new(h.loop, h.routes, &options, &door, &error), CORDAGE_EINVAL);
    CHECK(str_find(str_of(error.message), str_of(h.certs.key)) != SIZE_MAX);
    options.address = "localhost";
    CHECK_INT(door_http_new(h.loop, h.routes, &options, &door, &error), CORDAGE_EINVAL);
    close_house(&h);
}

RUN_TESTS(T(https_answers_and_keeps_the_connection), T(a_message_is_posted),
          T(a_file_of_20_mib_is_taken_and_one_of_26_is_413),
          T(a_body_that_hides_its_size_is_bounded_too), T(a_foreign_host_gets_403),
          T(fifty_clients_at_once_are_answered),
          T(answers_may_be_held_back_and_the_connection_goes_on),
          T(a_head_that_comes_byte_by_byte_ends_the_connection),
          T(a_body_that_never_comes_ends_the_connection),
          T(a_handshake_that_stops_midway_stops_nobody_else_and_is_ended),
          T(an_idle_connection_is_closed), T(nobody_can_take_all_places),
          T(it_ends_with_requests_under_way), T(a_port_in_use_is_named),
          T(unusable_certificates_and_addresses_are_named))
