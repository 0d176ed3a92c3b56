/* How connections begin and end when something is wrong. */
#include "net_raw.h"

#include "limits.h"

enum { MIB = 1024 * 1024 };

/* --- certificates --- */

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

RUN_TESTS(T(a_ca_that_is_not_trusted_is_refused),
          T(a_certificate_for_another_name_is_refused),
          T(a_certificate_of_another_time_is_refused), T(tls_that_is_too_old_is_refused),
          T(without_a_tls_context_there_is_no_tls),
          T(a_peer_that_does_not_speak_tls_is_told_from_one_that_hangs_up),
          T(a_flush_delivers_what_was_queued),
          T(a_drop_is_an_end_to_us_and_a_cut_to_a_tls_peer),
          T(a_reset_is_an_end_to_us_and_a_failure_to_the_peer),
          T(hanging_up_inside_a_callback_ends_it_after_that),
          T(a_flush_to_a_peer_that_reads_nothing_is_bounded),
          T(a_flush_can_be_made_harsher),
          T(a_peer_that_shuts_its_half_gets_the_rest_of_ours),
          T(a_peer_that_resets_is_a_failure),
          T(a_peers_last_words_are_read_though_writing_to_it_failed))
