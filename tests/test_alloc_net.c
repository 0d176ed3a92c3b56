/* A whole connection, with each of our allocations failing in turn: what has begun ends
 * with one `closed`, whatever it was that failed, and nothing is left behind. */
#include "alloc.h"
#include "net_rig.h"

static bool is_over(struct rig *r)
{
    struct end *e = r->user;

    return e->n_closed > 0 || e->got == 5000;
}

static bool is_closed(struct rig *r)
{
    struct end *e = r->user;

    return e->n_closed > 0;
}

/* Whoever can't send hangs up. */
static void on_bytes_echo(struct end *e, char *p, size_t n)
{
    struct host *h = e->rig->host;

    if (h->send(h, &e->wire, (struct str){ p, n }))
        h->hangup(h, &e->wire, HANGUP_DROP);
}

static void on_opened_send(struct end *e)
{
    struct host *h = e->rig->host;
    static char bytes[5000];

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)rig_byte(i);
    if (h->send(h, &e->wire, (struct str){ bytes, sizeof bytes }))
        h->hangup(h, &e->wire, HANGUP_DROP);
}

static int echo(struct rig *r)
{
    struct endpoint to = { "127.0.0.1", listener_port(r->listener), true };
    struct end e;
    int err;

    end_init(&e, r);
    e.on_opened = on_opened_send;
    r->user = &e;
    err = r->host->dial(r->host, &e.wire, &to);
    if (err)
        return err;
    rig_until(r, is_over);
    err = e.got == 5000 ? 0 : CORDAGE_ENOMEM;
    if (!e.n_closed) {
        end_hangup(&e, HANGUP_DROP);
        rig_until(r, is_closed);
    }
    CHECK_INT(e.n_closed, 1);
    return err;
}

/* Allocates nothing itself: one connection comes in each run. */
static struct wire *on_accept(void *user, const char *peer)
{
    struct rig *r = user;
    struct end *e = r->accepted[0];

    (void)peer;
    CHECK_INT(r->n_accepted++, 0);
    end_init(e, r);
    e->on_bytes = on_bytes_echo;
    return &e->wire;
}

static int run(void *user)
{
    struct rig *r = user;
    struct loop_options options = { .tls = r->client };
    cordage_error error;
    int err = loop_new(&options, &r->loop, &error);

    r->listener = NULL;
    r->n_accepted = 0;
    if (err) {
        assert_null(r->loop);
        return err;
    }
    r->host = loop_host(r->loop);
    err = listener_new(r->loop, "127.0.0.1", 0, r->server, 8, on_accept, r, &r->listener,
                       &error);
    if (!err)
        err = echo(r);
    listener_free(r->listener);
    loop_free(r->loop);
    if (r->n_accepted)
        CHECK_INT(r->accepted[0]->n_closed, 1);
    return err;
}

TEST(a_connection_survives_or_ends_without_memory)
{
    static struct end served;
    struct rig r = { .directory = "/tmp/cordage-test-XXXXXX", .accepted = { &served } };
    char command[128];
    cordage_error error;

    CHECK(mkdtemp(r.directory));
    CHECK_INT(server_cert_ensure(r.directory, &r.files, &error), 0);
    CHECK_INT(tls_client_new(r.files.ca_file, &r.client, &error), 0);
    CHECK_INT(tls_server_new(r.files.cert_file, r.files.key_file, &r.server, &error), 0);
    CHECK(alloc_each(run, &r) > 10);
    tls_client_free(r.client);
    tls_server_free(r.server);
    snprintf(command, sizeof command, "rm -rf '%s'", r.directory);
    CHECK_INT(system(command), 0);
}

static int make_contexts(void *user)
{
    const struct server_cert *files = user;
    struct tls_client *client;
    struct tls_server *server = NULL;
    cordage_error error;
    int err = tls_client_new(files->ca_file, &client, &error);

    if (!err)
        err = tls_server_new(files->cert_file, files->key_file, &server, &error);
    tls_client_free(client);
    tls_server_free(server);
    return err;
}

TEST(contexts_fail_cleanly_without_memory)
{
    char directory[] = "/tmp/cordage-test-XXXXXX", command[64];
    struct server_cert files;
    cordage_error error;

    CHECK(mkdtemp(directory));
    CHECK_INT(server_cert_ensure(directory, &files, &error), 0);
    CHECK_INT(alloc_each(make_contexts, &files), 2);
    snprintf(command, sizeof command, "rm -rf '%s'", directory);
    CHECK_INT(system(command), 0);
}

RUN_TESTS(T(a_connection_survives_or_ends_without_memory),
          T(contexts_fail_cleanly_without_memory))
