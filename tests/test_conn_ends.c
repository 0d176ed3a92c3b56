/* How connections begin and end when something is wrong. */
#include "net_rig.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>

#include "limits.h"

enum { MIB = 1024 * 1024 };

static bool is_closed(struct rig *r)
{
    struct end *e = r->user;

    return e->n_closed > 0;
}

static bool is_all_closed(struct rig *r)
{
    struct end *e = r->user;

    return e->n_closed > 0 && r->n_accepted > 0 && r->accepted[0]->n_closed > 0;
}

static bool is_accepted(struct rig *r)
{
    return r->n_accepted > 0;
}

static bool has_got_some(struct rig *r)
{
    struct end *e = r->user;

    return e->got > 0;
}

static bool is_empty(struct rig *r)
{
    return loop_wires(r->loop) == 0;
}

/* Dials and expects the end, without ever having been open. */
static void expect_refusal(struct rig *r, const char *host, uint16_t port, bool tls,
                           int err, const char *why)
{
    struct end e;

    end_init(&e, r);
    r->user = &e;
    rig_dial_to(r, &e, host, port, tls);
    rig_until(r, is_closed);
    CHECK_INT(e.n_opened, 0);
    CHECK_STR(str_of(e.why), why);
    CHECK_INT(e.err, err);
}

/* Dials and waits until there is an accepted end that has been spoken to. */
static void connect_and_talk(struct rig *r, struct end *e, bool tls)
{
    r->model.echoes = true;
    end_init(e, r);
    e->to_send = 1;
    r->user = e;
    rig_dial(r, e, tls);
    rig_until(r, has_got_some);
}

/* --- raw sockets, for peers that don't behave --- */

static int raw_listener(uint16_t *port, int queue)
{
    struct sockaddr_in a = { .sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    CHECK_INT(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    CHECK_INT(listen(fd, queue), 0);
    CHECK_INT(getsockname(fd, (struct sockaddr *)&a, &size), 0);
    *port = ntohs(a.sin_port);
    return fd;
}

static int raw_dial(uint16_t port)
{
    struct sockaddr_in a = { .sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                             .sin_port = htons(port) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    CHECK_INT(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    return fd;
}

static void raw_reset(int fd)
{
    struct linger at_once = { .l_onoff = 1 };

    CHECK_INT(setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
    close(fd);
}

/* --- names, ports, certificates --- */

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

TEST(a_ca_that_is_not_trusted_is_refused)
{
    struct rig *r = rig_new();
    cordage_error error;

    listener_free(r->listener);
    r->listener = NULL;
    loop_free(r->loop);
    tls_client_free(r->client);
    CHECK_INT(tls_client_new(NULL, &r->client, &error), 0);
    CHECK_INT(loop_new(&(struct loop_options){ .tls = r->client }, &r->loop, &error), 0);
    r->host = loop_host(r->loop);
    rig_listen(r, "127.0.0.1", true, 8);
    expect_refusal(r, "127.0.0.1", listener_port(r->listener), true, CORDAGE_ETLS,
                   "self-signed certificate in chain");
    rig_until(r, is_empty);
    CHECK_INT(r->n_accepted, 0);
    rig_free(r);
}

/* The server shows a certificate made as wished, signed by a CA without constraints,
 * which the client trusts. */
static void show(struct rig *r, const struct cert_wish *wish)
{
    const struct cert_wish ca_wish = { .name = "CA", .is_ca = true, .until_s = 3600 };
    SSL_CTX *server = tls_server_context(r->server);
    struct cert ca, made;

    CHECK(cert_make(&ca_wish, NULL, &ca));
    CHECK(cert_make(wish, &ca, &made));
    CHECK_INT(X509_STORE_add_cert(SSL_CTX_get_cert_store(tls_client_context(r->client)),
                                  ca.x509),
              1);
    CHECK_INT(SSL_CTX_use_cert_and_key(server, made.x509, made.key, NULL, 1), 1);
    cert_release(&made);
    cert_release(&ca);
}

TEST(a_certificate_for_another_name_is_refused)
{
    const struct cert_wish wish = { .name = "discord.com",
                                    .alt_names = "DNS:discord.com,IP:127.0.0.2",
                                    .until_s = 3600 };
    struct rig *r = rig_new();
    uint16_t port = listener_port(r->listener);

    show(r, &wish);
    expect_refusal(r, "127.0.0.1", port, true, CORDAGE_ETLS,
                   "the certificate is for another name");
    expect_refusal(r, "localhost", port, true, CORDAGE_ETLS,
                   "the certificate is for another name");
    rig_until(r, is_empty);
    CHECK_INT(r->n_accepted, 0);
    rig_free(r);
}

TEST(a_certificate_of_another_time_is_refused)
{
    struct cert_wish wish = { .name = "localhost",
                              .alt_names = "DNS:localhost,IP:127.0.0.1",
                              .from_s = -7200,
                              .until_s = -3600 };
    struct rig *r = rig_new();
    uint16_t port = listener_port(r->listener);

    show(r, &wish);
    expect_refusal(r, "127.0.0.1", port, true, CORDAGE_ETLS, "certificate has expired");
    wish.from_s = 1800;
    wish.until_s = 3600;
    show(r, &wish);
    expect_refusal(r, "127.0.0.1", port, true, CORDAGE_ETLS,
                   "certificate is not valid yet (is this machine's clock right?)");
    rig_free(r);
}

TEST(tls_that_is_too_old_is_refused)
{
    struct rig *r = rig_new();
    SSL_CTX *server = tls_server_context(r->server);

    SSL_CTX_set_security_level(server, 0);
    SSL_CTX_set_min_proto_version(server, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(server, TLS1_1_VERSION);
    expect_refusal(r, "127.0.0.1", listener_port(r->listener), true, CORDAGE_ETLS,
                   "no version of TLS in common (1.2 at least)");
    rig_free(r);
}

TEST(without_a_tls_context_there_is_no_tls)
{
    struct rig *r = rig_new();
    struct endpoint to = { "127.0.0.1", 1, true };
    struct end e;

    listener_free(r->listener);
    r->listener = NULL;
    loop_free(r->loop);
    CHECK_INT(loop_new(&(struct loop_options){ 0 }, &r->loop, NULL), 0);
    r->host = loop_host(r->loop);
    end_init(&e, r);
    CHECK_INT(r->host->dial(r->host, &e.wire, &to), CORDAGE_ESTATE);
    assert_null(e.wire.conn);
    rig_free(r);
}

/* --- peers that speak something else --- */

struct raw {
    struct timer timer;
    struct rig *rig;
    int listening, fd;
    const char *says; /* when it is connected to; then it closes */
};

static void raw_serve(struct timer *t)
{
    struct raw *raw = CONTAINER_OF(t, struct raw, timer);
    struct host *h = raw->rig->host;

    raw->fd = accept4(raw->listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (raw->fd < 0) {
        h->arm(h, t, h->now(h) + 1);
        return;
    }
    CHECK(send(raw->fd, raw->says, strlen(raw->says), MSG_NOSIGNAL) >= 0);
    shutdown(raw->fd, SHUT_WR);
}

static void expect_refusal_of(struct rig *r, const char *says, int err, const char *why)
{
    struct raw raw = { .timer.fire = raw_serve, .rig = r, .fd = -1, .says = says };
    uint16_t port;

    raw.listening = raw_listener(&port, 1);
    CHECK_INT(fcntl(raw.listening, F_SETFL, O_NONBLOCK), 0);
    r->host->arm(r->host, &raw.timer, 0);
    expect_refusal(r, "127.0.0.1", port, true, err, why);
    close(raw.fd);
    close(raw.listening);
}

TEST(a_peer_that_does_not_speak_tls_is_told_from_one_that_hangs_up)
{
    struct rig *r = rig_new();

    expect_refusal_of(r, "HTTP/1.1 400 Bad Request\r\n\r\n", CORDAGE_ETLS,
                      "the peer does not speak TLS");
    expect_refusal_of(r, "", CORDAGE_ENET, "the peer closed during the TLS handshake");
    rig_free(r);
}

TEST(a_listener_survives_peers_that_do_not_speak_tls)
{
    static const char *const noise[] = {
        "", "G", "GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01\xff\xff\xff\xff",
        "\x16\x03\x01\x00\x05hello world, this is noise"
    };
    struct rig *r = rig_new();
    struct end e;

    for (size_t i = 0; i < sizeof noise / sizeof *noise; i++) {
        int fd = raw_dial(listener_port(r->listener));

        CHECK(write(fd, noise[i], strlen(noise[i])) >= 0);
        if (i % 2)
            raw_reset(fd);
        else
            close(fd);
    }
    connect_and_talk(r, &e, true);
    end_hangup(&e, HANGUP_DROP);
    rig_until(r, is_empty);
    CHECK_INT(r->n_accepted, 1);
    rig_free(r);
}

/* --- hanging up --- */

static bool has_peer_got_everything(struct rig *r)
{
    struct end *e = r->user;

    return is_all_closed(r) && r->accepted[0]->got == e->sent;
}

static void on_opened_send_and_flush(struct end *e)
{
    e->to_send = MIB - 1000;
    end_send(e);
    end_hangup(e, HANGUP_FLUSH);
    CHECK_INT(e->rig->host->send(e->rig->host, &e->wire, STR("x")), CORDAGE_ECLOSED);
}

static void flush(struct rig *r, bool tls)
{
    struct end e;

    end_init(&e, r);
    e.on_opened = on_opened_send_and_flush;
    r->user = &e;
    rig_dial(r, &e, tls);
    rig_until(r, has_peer_got_everything);
    CHECK_INT(e.sent, MIB - 1000);
    CHECK_INT(e.err, CORDAGE_ECLOSED);
    CHECK_INT(r->accepted[0]->err, CORDAGE_ECLOSED);
    CHECK_STR(str_of(r->accepted[0]->why), "closed by the peer");
}

TEST(a_flush_delivers_what_was_queued)
{
    struct rig *r = rig_new();

    flush(r, true);
    rig_free(r);
    r = rig_new();
    rig_listen(r, "127.0.0.1", false, 8);
    flush(r, false);
    rig_free(r);
}

TEST(a_drop_is_an_end_to_us_and_a_cut_to_a_tls_peer)
{
    struct rig *r = rig_new();
    struct end e;

    connect_and_talk(r, &e, true);
    end_hangup(&e, HANGUP_DROP);
    CHECK_INT(e.n_closed, 0);
    rig_until(r, is_all_closed);
    CHECK_INT(e.err, CORDAGE_ECLOSED);
    CHECK_INT(r->accepted[0]->err, CORDAGE_ENET);
    rig_free(r);
}

TEST(a_reset_is_an_end_to_us_and_a_failure_to_the_peer)
{
    struct rig *r = rig_new();
    struct end e;

    connect_and_talk(r, &e, true);
    end_hangup(&e, HANGUP_RESET);
    rig_until(r, is_all_closed);
    CHECK_INT(e.err, CORDAGE_ECLOSED);
    CHECK_INT(r->accepted[0]->err, CORDAGE_ENET);
    CHECK_STR(str_of(r->accepted[0]->why), "connection reset by the peer");
    rig_free(r);
}

static void on_bytes_hang_up(struct end *e, char *p, size_t n)
{
    (void)p;
    e->got += n;
    end_hangup(e, HANGUP_DROP);
    end_hangup(e, HANGUP_FLUSH); /* no softer */
    end_hangup(e, HANGUP_RESET);
    CHECK_INT(e->n_closed, 0);
}

TEST(hanging_up_inside_a_callback_ends_it_after_that)
{
    struct rig *r = rig_new();
    struct end e;

    r->model.on_bytes = on_bytes_hang_up;
    end_init(&e, r);
    e.to_send = 100000;
    r->user = &e;
    rig_dial(r, &e, true);
    rig_until(r, is_all_closed);
    CHECK_INT(r->accepted[0]->err, CORDAGE_ECLOSED);
    rig_free(r);
}

static void on_bytes_nothing(struct end *e, char *p, size_t n)
{
    (void)p;
    e->got += n;
    e->rig->host->pause(e->rig->host, &e->wire, true);
}

TEST(a_flush_to_a_peer_that_reads_nothing_is_bounded)
{
    struct rig *r = rig_new();
    struct end e;
    int small = 4096;
    uint64_t began;

    r->model.on_bytes = on_bytes_nothing;
    end_init(&e, r);
    e.to_send = 1;
    r->user = &e;
    rig_dial(r, &e, true);
    rig_until(r, is_accepted);
    loop_set_write_limit(r->host, &e.wire, 64 * (size_t)MIB);
    setsockopt(sock_fd(((struct conn *)e.wire.conn)->sock), SOL_SOCKET, SO_SNDBUF, &small,
               sizeof small);
    e.to_send = 32 * (size_t)MIB;
    end_send(&e);
    CHECK(e.sent == e.to_send);
    began = r->host->now(r->host);
    end_hangup(&e, HANGUP_FLUSH);
    rig_until(r, is_closed);
    CHECK(r->host->now(r->host) - began >= CONN_ENDING_MS);
    CHECK_INT(e.err, CORDAGE_ETIMEOUT);
    CHECK_STR(str_of(e.why), "the peer did not take the last bytes");
    rig_free(r);
}

TEST(a_flush_can_be_made_harsher)
{
    struct rig *r = rig_new();
    struct end e;

    r->model.on_bytes = on_bytes_nothing;
    end_init(&e, r);
    e.to_send = 1;
    r->user = &e;
    rig_dial(r, &e, true);
    rig_until(r, is_accepted);
    end_hangup(&e, HANGUP_FLUSH);
    end_hangup(&e, HANGUP_RESET);
    rig_until(r, is_closed);
    CHECK_INT(e.err, CORDAGE_ECLOSED);
    rig_free(r);
}

/* --- peers that end --- */

TEST(a_peer_that_shuts_its_half_gets_the_rest_of_ours)
{
    enum { SPEECH = 900 * 1000 };
    struct rig *r = rig_new();
    static char heard[SPEECH + 1];
    size_t n = 0;
    ssize_t got;
    int fd;

    rig_listen(r, "127.0.0.1", false, 8);
    fd = raw_dial(listener_port(r->listener));
    rig_until(r, is_accepted);
    r->accepted[0]->to_send = SPEECH;
    r->accepted[0]->keeps = true;
    end_send(r->accepted[0]);
    CHECK_INT(write(fd, "bye", 3), 3);
    shutdown(fd, SHUT_WR);
    r->user = r->accepted[0];
    rig_until(r, is_closed);
    CHECK_INT(r->accepted[0]->n_kept, 3);
    CHECK_INT(r->accepted[0]->err, CORDAGE_ECLOSED);
    while ((got = read(fd, heard + n, sizeof heard - n)) > 0)
        n += (size_t)got;
    CHECK_INT(got, 0); /* an orderly end */
    CHECK_INT(n, SPEECH);
    for (size_t i = 0; i < n; i++)
        CHECK_INT((unsigned char)heard[i], rig_byte(i));
    close(fd);
    rig_free(r);
}

TEST(a_peer_that_resets_is_a_failure)
{
    struct rig *r = rig_new();
    int fd;

    rig_listen(r, "127.0.0.1", false, 8);
    fd = raw_dial(listener_port(r->listener));
    rig_until(r, is_accepted);
    raw_reset(fd);
    r->user = r->accepted[0];
    rig_until(r, is_closed);
    CHECK_INT(r->accepted[0]->err, CORDAGE_ENET);
    CHECK_STR(str_of(r->accepted[0]->why), "connection reset by the peer");
    rig_free(r);
}

static bool has_failed_to_write(struct rig *r)
{
    struct conn *c = r->accepted[0]->wire.conn;

    return c && c->write_errno;
}

struct writer {
    struct timer timer;
    struct rig *rig;
};

static void write_again(struct timer *t)
{
    struct writer *w = CONTAINER_OF(t, struct writer, timer);
    struct host *h = w->rig->host;

    h->send(h, &w->rig->accepted[0]->wire, STR("are you there?"));
    h->arm(h, t, h->now(h) + 1);
}

TEST(a_peers_last_words_are_read_though_writing_to_it_failed)
{
    struct rig *r = rig_new();
    struct writer writer = { .timer.fire = write_again, .rig = r };
    struct end *e;
    int fd;

    rig_listen(r, "127.0.0.1", false, 8);
    r->model.keeps = true;
    fd = raw_dial(listener_port(r->listener));
    rig_until(r, is_accepted);
    e = r->accepted[0];
    r->user = e;
    r->host->pause(r->host, &e->wire, true);
    CHECK_INT(write(fd, "close 4009", 10), 10);
    close(fd);
    r->host->arm(r->host, &writer.timer, 0);
    rig_until(r, has_failed_to_write);
    r->host->disarm(r->host, &writer.timer);
    CHECK_INT(e->n_closed, 0);
    r->host->pause(r->host, &e->wire, false);
    rig_until(r, is_closed);
    CHECK_STR(((struct str){ e->kept, e->n_kept }), "close 4009");
    CHECK_INT(e->err, CORDAGE_ENET);
    rig_free(r);
}

/* --- the listener --- */

TEST(a_refused_connection_is_closed_in_order)
{
    struct rig *r = rig_new();
    struct end e;

    r->refuses = true;
    end_init(&e, r);
    r->user = &e;
    rig_dial(r, &e, true);
    rig_until(r, is_closed);
    CHECK_INT(e.n_opened, 1);
    CHECK_INT(e.err, CORDAGE_ECLOSED);
    rig_free(r);
}

static bool are_both_closed(struct rig *r)
{
    struct end *e = r->user;

    return e[0].n_closed && e[1].n_closed;
}

static bool have_two_come(struct rig *r)
{
    return r->n_accepted == 2;
}

TEST(one_connection_too_many_is_closed)
{
    struct rig *r = rig_new();
    struct end e[3];

    rig_listen(r, "127.0.0.1", true, 2);
    r->user = &e[2];
    for (int i = 0; i < 2; i++) {
        end_init(&e[i], r);
        rig_dial(r, &e[i], true);
    }
    rig_until(r, have_two_come);
    end_init(&e[2], r);
    rig_dial(r, &e[2], true);
    rig_until(r, is_closed);
    CHECK_INT(e[2].n_opened, 0);
    CHECK_INT(e[2].err, CORDAGE_ENET);
    end_hangup(&e[0], HANGUP_DROP);
    end_hangup(&e[1], HANGUP_DROP);
    r->user = e;
    rig_until(r, are_both_closed);
    rig_until(r, is_empty);
    end_init(&e[0], r); /* and there is room again */
    rig_dial(r, &e[0], true);
    r->n_accepted = 0;
    free(r->accepted[0]);
    free(r->accepted[1]);
    rig_until(r, is_accepted);
    rig_free(r);
}

TEST(an_unfinished_handshake_gives_way_when_all_places_are_taken)
{
    struct rig *r = rig_new();
    struct end e;
    int lazy[2];
    char byte;

    rig_listen(r, "127.0.0.1", true, 2);
    for (int i = 0; i < 2; i++)
        lazy[i] = raw_dial(listener_port(r->listener));
    connect_and_talk(r, &e, true);
    CHECK_INT(read(lazy[0], &byte, 1), 0); /* the older one */
    CHECK_INT(recv(lazy[1], &byte, 1, MSG_DONTWAIT), -1);
    close(lazy[0]);
    close(lazy[1]);
    rig_free(r);
}

TEST(a_port_that_is_taken_is_named)
{
    struct rig *r = rig_new();
    struct listener *second;
    cordage_error error;

    CHECK_INT(listener_new(r->loop, "127.0.0.1", listener_port(r->listener), NULL, 1,
                           rig_accept, r, &second, &error),
              CORDAGE_ENET);
    assert_null(second);
    CHECK(strstr(error.message, "127.0.0.1") && strstr(error.message, "in use"));
    CHECK_INT(listener_new(r->loop, "localhost", 0, NULL, 1, rig_accept, r, &second,
                           &error),
              CORDAGE_EINVAL);
    CHECK_INT(listener_new(r->loop, "192.0.2.1", 0, NULL, 1, rig_accept, r, &second,
                           NULL),
              CORDAGE_ENET);
    rig_free(r);
}

static bool was_refused(struct rig *r)
{
    struct pollfd *p = r->user;

    (void)r;
    return recv(p->fd, &p->revents, 1, MSG_DONTWAIT | MSG_PEEK) == 0;
}

TEST(without_descriptors_a_connection_is_refused_and_the_next_one_served)
{
    struct rig *r = rig_new();
    struct pollfd peer;
    struct rlimit limit, low;
    struct end e;
    int highest;

    peer.fd = raw_dial(listener_port(r->listener));
    highest = dup(0);
    close(highest);
    CHECK_INT(getrlimit(RLIMIT_NOFILE, &limit), 0);
    low = limit;
    low.rlim_cur = (rlim_t)highest;
    CHECK_INT(setrlimit(RLIMIT_NOFILE, &low), 0);
    r->user = &peer;
    rig_until(r, was_refused);
    CHECK_INT(setrlimit(RLIMIT_NOFILE, &limit), 0);
    close(peer.fd);
    CHECK_INT(loop_wires(r->loop), 0);
    connect_and_talk(r, &e, true);
    rig_free(r);
}

static struct wire *accept_and_free_listener(void *user, const char *peer)
{
    struct rig *r = user;
    struct wire *w = rig_accept(user, peer);

    listener_free(r->listener);
    r->listener = NULL;
    return w;
}

TEST(a_listener_may_go_while_it_accepts)
{
    for (int tls = 0; tls < 2; tls++) {
        struct rig *r = rig_new();
        cordage_error error;
        struct end e;

        listener_free(r->listener);
        CHECK_INT(listener_new(r->loop, "127.0.0.1", 0, tls ? r->server : NULL, 8,
                               accept_and_free_listener, r, &r->listener, &error),
                  0);
        end_init(&e, r);
        r->user = &e;
        rig_dial(r, &e, tls);
        rig_until(r, is_accepted);
        rig_until(r, is_all_closed);
        rig_free(r);
    }
}

TEST(connections_outlive_their_listener)
{
    struct rig *r = rig_new();
    struct end e;

    connect_and_talk(r, &e, true);
    listener_free(r->listener);
    r->listener = NULL;
    e.to_send = 1000;
    end_send(&e);
    end_hangup(&e, HANGUP_FLUSH);
    rig_until(r, is_all_closed);
    CHECK_INT(r->accepted[0]->got, 1000);
    rig_free(r);
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
          T(a_ca_that_is_not_trusted_is_refused),
          T(a_certificate_for_another_name_is_refused),
          T(a_certificate_of_another_time_is_refused), T(tls_that_is_too_old_is_refused),
          T(without_a_tls_context_there_is_no_tls),
          T(a_peer_that_does_not_speak_tls_is_told_from_one_that_hangs_up),
          T(a_listener_survives_peers_that_do_not_speak_tls),
          T(a_flush_delivers_what_was_queued),
          T(a_drop_is_an_end_to_us_and_a_cut_to_a_tls_peer),
          T(a_reset_is_an_end_to_us_and_a_failure_to_the_peer),
          T(hanging_up_inside_a_callback_ends_it_after_that),
          T(a_flush_to_a_peer_that_reads_nothing_is_bounded),
          T(a_flush_can_be_made_harsher),
          T(a_peer_that_shuts_its_half_gets_the_rest_of_ours),
          T(a_peer_that_resets_is_a_failure),
          T(a_peers_last_words_are_read_though_writing_to_it_failed),
          T(a_refused_connection_is_closed_in_order),
          T(one_connection_too_many_is_closed),
          T(an_unfinished_handshake_gives_way_when_all_places_are_taken),
          T(a_port_that_is_taken_is_named),
          T(without_descriptors_a_connection_is_refused_and_the_next_one_served),
          T(a_listener_may_go_while_it_accepts), T(connections_outlive_their_listener),
          T(peers_that_say_nothing_are_given_up))
