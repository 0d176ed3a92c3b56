/* Accepting: peers of all kinds, limits, and the end of a listener. */
#include "net_raw.h"

#include <poll.h>
#include <sys/resource.h>

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

RUN_TESTS(T(a_listener_survives_peers_that_do_not_speak_tls),
          T(a_refused_connection_is_closed_in_order),
          T(one_connection_too_many_is_closed),
          T(an_unfinished_handshake_gives_way_when_all_places_are_taken),
          T(a_port_that_is_taken_is_named),
          T(without_descriptors_a_connection_is_refused_and_the_next_one_served),
          T(a_listener_may_go_while_it_accepts), T(connections_outlive_their_listener))
