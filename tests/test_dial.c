/* From a name to a connection: lookups, addresses, proxies, deadlines. */
#include "net_raw.h"

TEST(a_port_where_nobody_listens_refuses)
{
    struct rig *r = rig_new();
    uint16_t port;

    close(raw_listener(&port, 1));
    expect_refusal(r, "127.0.0.1", port, true, CORDAGE_ENET, "connection refused");
    expect_refusal(r, "localhost", port, false, CORDAGE_ENET, "connection refused");
    rig_free(r);
}

TEST(a_name_that_does_not_exist_is_not_found)
{
    struct rig *r = rig_new();
    struct end e;

    end_init(&e, r);
    r->user = &e;
    rig_dial_to(r, &e, "no-such-host.invalid", 443, true);
    rig_until(r, is_closed);
    CHECK(e.err == CORDAGE_ENET || e.err == CORDAGE_ETIMEOUT);
    /* The second where there is no name server to ask. */
    CHECK(!strcmp(e.why, "name not found") ||
          !strcmp(e.why, "the name servers do not answer"));
    rig_free(r);
}

TEST(a_hangup_ends_a_lookup_at_once)
{
    struct rig *r = rig_new();
    struct end e;

    end_init(&e, r);
    r->user = &e;
    rig_dial_to(r, &e, "no-such-host.invalid", 443, true);
    end_hangup(&e, HANGUP_FLUSH);
    CHECK_INT(e.n_closed, 0);
    rig_until(r, is_closed);
    CHECK_INT(e.err, CORDAGE_ECLOSED);
    rig_free(r);
}

/* --- proxies --- */

TEST(a_proxy_is_given_as_host_and_port)
{
    static const char *const good[] = { "http://proxy:3128", "http://10.0.0.1:3128/",
                                        "http://[::1]:3128" };
    static const char *const host[] = { "proxy", "10.0.0.1", "::1" };
    static const char *const bad[] = {
        "",          "proxy:3128",        "https://proxy:3128",    "http://",
        "http://:1", "http://proxy:",     "http://proxy:0",        "http://proxy:65536",
        "http://[]", "http://proxy/path", "http://user@proxy:3128"
    };
    struct proxy p;
    cordage_error error;

    for (size_t i = 0; i < 3; i++) {
        CHECK_INT(dial_read_proxy(good[i], &p, &error), 0);
        CHECK_STR(str_of(p.host), host[i]);
        CHECK_INT(p.port, 3128);
    }
    CHECK_INT(dial_read_proxy("http://proxy", &p, &error), 0);
    CHECK_INT(p.port, 80);
    CHECK_INT(dial_read_proxy("http://[::1]", &p, &error), 0);
    CHECK_STR(str_of(p.host), "::1");
    CHECK_INT(p.port, 80);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct loop *l;

        CHECK_INT(loop_new(&(struct loop_options){ .proxy = bad[i] }, &l, &error),
                  CORDAGE_EINVAL);
        CHECK(strstr(error.message, "http://host:port"));
    }
}

/* A proxy on the rig's own loop: what it accepts is its front, and it dials its back. */
struct relay {
    struct rig *rig;
    struct listener *listener;
    struct end front, back;
    const char *answer;
    char asked[256];
    size_t drip; /* sends the answer in pieces of so many bytes; 0: whole */
    struct timer timer;
    size_t answered;
};

static void answer(struct timer *t)
{
    struct relay *y = CONTAINER_OF(t, struct relay, timer);
    struct host *h = y->rig->host;
    size_t left = strlen(y->answer) - y->answered;
    size_t n = y->drip && y->drip < left ? y->drip : left;

    CHECK_INT(h->send(h, &y->front.wire, (struct str){ y->answer + y->answered, n }), 0);
    y->answered += n;
    if (n < left)
        h->arm(h, t, h->now(h) + 1);
}

static void on_front_bytes(struct end *e, char *p, size_t n)
{
    struct relay *y = CONTAINER_OF(e, struct relay, front);
    struct host *h = e->rig->host;

    if (y->back.wire.conn) {
        CHECK_INT(h->send(h, &y->back.wire, (struct str){ p, n }), 0);
        return;
    }
    CHECK_INT(e->n_kept, 0);
    CHECK(n < sizeof y->asked);
    memcpy(y->asked, p, n);
    e->rig->loop->proxy.host[0] = '\0'; /* the way back is direct */
    rig_dial(e->rig, &y->back, false);
    if (y->answer)
        h->arm(h, &y->timer, 0);
}

static void on_back_bytes(struct end *e, char *p, size_t n)
{
    struct relay *y = CONTAINER_OF(e, struct relay, back);

    CHECK_INT(e->rig->host->send(e->rig->host, &y->front.wire, (struct str){ p, n }), 0);
}

static struct wire *on_front(void *user, const char *peer)
{
    struct relay *y = user;

    (void)peer;
    return &y->front.wire;
}

static void relay_start(struct relay *y, struct rig *r, const char *says, size_t drip)
{
    cordage_error error;

    *y = (struct relay){ .rig = r, .answer = says, .drip = drip, .timer.fire = answer };
    end_init(&y->front, r);
    end_init(&y->back, r);
    y->front.on_bytes = on_front_bytes;
    y->back.on_bytes = on_back_bytes;
    CHECK_INT(listener_new(r->loop, "127.0.0.1", 0, NULL, 8, on_front, y, &y->listener,
                           &error),
              0);
    strcpy(r->loop->proxy.host, "localhost");
    r->loop->proxy.port = listener_port(y->listener);
}

static bool is_relayed(struct rig *r)
{
    struct end *e = r->user;

    return e->got == e->to_send;
}

static void echo_through_proxy(const char *says, size_t drip)
{
    struct rig *r = rig_new();
    struct relay y;
    struct end e;
    char want[128];

    relay_start(&y, r, says, drip);
    r->model.echoes = true;
    end_init(&e, r);
    e.to_send = 50000;
    r->user = &e;
    rig_dial_to(r, &e, "localhost", listener_port(r->listener), true);
    rig_until(r, is_relayed);
    snprintf(want, sizeof want,
             "CONNECT localhost:%u HTTP/1.1\r\nHost: localhost:%u\r\n\r\n",
             listener_port(r->listener), listener_port(r->listener));
    CHECK_STR(str_of(y.asked), want);
    listener_free(y.listener);
    rig_free(r);
}

TEST(a_proxy_connects_us_further)
{
    echo_through_proxy("HTTP/1.1 200 Connection established\r\n\r\n", 0);
    echo_through_proxy("HTTP/1.0 200 OK\r\nVia: x\r\nDate: now\r\n\r\n", 1);
}

TEST(a_proxy_that_refuses_is_told_with_the_reason)
{
    static const struct {
        const char *says, *why;
    } cases[] = {
        { "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n",
          "the proxy wants a user name, which is not supported" },
        { "HTTP/1.1 403 Forbidden\r\nX: y\r\n\r\n",
          "the proxy refused to connect further" },
        { "SSH-2.0-OpenSSH\r\n\r\n", "the proxy's answer is not HTTP" },
        { "HTTP/1.1\r\n\r\n", "the proxy's answer is not HTTP" },
        { "HTTP/1.1 200 OK\r\n\r\nmore", "the proxy sent more than its answer" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rig *r = rig_new();
        struct relay y;

        relay_start(&y, r, cases[i].says, 0);
        expect_refusal(r, "localhost", listener_port(r->listener), true, CORDAGE_ENET,
                       cases[i].why);
        listener_free(y.listener);
        rig_free(r);
    }
}

TEST(a_proxy_that_talks_without_end_is_left)
{
    struct rig *r = rig_new();
    struct relay y;
    char *says = malloc(40000);

    memset(says, 'x', 39999);
    says[39999] = '\0';
    relay_start(&y, r, says, 0);
    expect_refusal(r, "localhost", listener_port(r->listener), true, CORDAGE_ENET,
                   "the proxy's answer is too long");
    listener_free(y.listener);
    rig_free(r);
    free(says);
}

/* --- deadlines, all at one time, because they are in real seconds --- */

struct waits {
    struct end mute_server; /* never answers our TLS */
    struct end black_hole;  /* never answers our TCP */
    int lazy_client;        /* never speaks TLS to us */
};

static bool has_waited_enough(struct rig *r)
{
    struct waits *w = r->user;
    char byte;

    return w->mute_server.n_closed && w->black_hole.n_closed &&
           recv(w->lazy_client, &byte, 1, MSG_DONTWAIT) == 0;
}

TEST(peers_that_say_nothing_are_given_up)
{
    struct rig *r = rig_new_with(&(struct loop_options){ .speed = 3 });
    int mute, hole, filler;
    uint16_t mute_port, hole_port;
    struct waits w;

    mute = raw_listener(&mute_port, 8);
    /* A queue of none holds one; whoever comes after that gets no answer. */
    hole = raw_listener(&hole_port, 0);
    filler = raw_dial(hole_port);
    r->user = &w;
    end_init(&w.mute_server, r);
    end_init(&w.black_hole, r);
    rig_dial_to(r, &w.mute_server, "127.0.0.1", mute_port, true);
    rig_dial_to(r, &w.black_hole, "127.0.0.1", hole_port, false);
    w.lazy_client = raw_dial(listener_port(r->listener));
    rig_until(r, has_waited_enough);
    CHECK_INT(w.mute_server.err, CORDAGE_ETIMEOUT);
    CHECK_STR(str_of(w.mute_server.why), "the TLS handshake did not end in 10 s");
    CHECK_INT(w.black_hole.err, CORDAGE_ETIMEOUT);
    CHECK_STR(str_of(w.black_hole.why), "connection timed out");
    CHECK_INT(loop_wires(r->loop), 0);
    close(filler);
    close(w.lazy_client);
    close(mute);
    close(hole);
    rig_free(r);
}

RUN_TESTS(T(a_port_where_nobody_listens_refuses),
          T(a_name_that_does_not_exist_is_not_found), T(a_hangup_ends_a_lookup_at_once),
          T(a_proxy_is_given_as_host_and_port), T(a_proxy_connects_us_further),
          T(a_proxy_that_refuses_is_told_with_the_reason),
          T(a_proxy_that_talks_without_end_is_left),
          T(peers_that_say_nothing_are_given_up))
