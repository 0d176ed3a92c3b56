#include "record_bot.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "gateway_bot.h"
#include "json_text.h"
#include "json_write.h"
#include "record_door.h"
#include "record_rest.h"
#include "server_cert.h"
#include "settings.h"
#include "sim_bundle.h"
#include "sim_child.h"
#include "sim_dir.h"
#include "text.h"
#include "user_agent.h"

enum { FLUSH_MS = 1000 };

struct record_bot {
    struct settings settings;
    char **command;
    char gateway_url[LIMIT_URL]; /* Discord's */
    struct server_cert cert;
    char bundle[SIM_DIR_SIZE + 32];
    struct tls_client *tls_client;
    struct tls_server *tls_server;
    struct loop *loop;
    struct host *host;
    struct tapes tapes;
    struct doors *doors;
    struct record_rest *rest;
    struct sim_child child;
    struct timer flush;
};

static struct http_options http_options(const struct record_bot *b)
{
    return (struct http_options){ .ca_file = b->settings.ca_file,
                                  .proxy = b->settings.proxy,
                                  .user_agent = USER_AGENT };
}

/* GET /gateway needs no token: the bot may have it from wherever it likes. */
static int ask_gateway(struct record_bot *b, cordage_error *error)
{
    const struct http_options options = http_options(b);
    char api[LIMIT_URL + 16];
    struct http_request request = { .method = "GET", .url = api };
    struct http_got got = { 0 };
    struct str url;
    int err;

    snprintf(api, sizeof api, "%s/gateway", b->settings.api);
    err = http_fetch(&options, &request, &got, error);
    if (err) {
        cordage_error why = *error;

        return error_set(error, err, "%s: %s", api, why.message);
    }
    url = json_text(buf_str(&got.body), "url");
    if (got.status != 200 || url.n < 3 || url.n - 2 >= sizeof b->gateway_url) {
        err = error_set(error, CORDAGE_EHTTP, "%s answered with status %ld and no URL",
                        api, got.status);
    } else {
        url = (struct str){ url.p + 1, url.n - 2 };
        err = gateway_url_check(url, b->settings.api, NULL, error);
        memcpy(b->gateway_url, url.p, url.n);
        b->gateway_url[url.n] = '\0';
    }
    http_got_release(&got);
    return err;
}

static int make_certificate(struct record_bot *b, cordage_error *error)
{
    char dir[SIM_DIR_SIZE];
    int err = sim_dir(dir, error);

    err = err ? err : sim_dir_make(dir, error);
    err = err ? err : server_cert_ensure(dir, &b->cert, error);
    err = err ? err : sim_bundle(dir, b->cert.ca_file, b->bundle, error);
    return err ? err
               : tls_server_new(b->cert.cert_file, b->cert.key_file, &b->tls_server,
                                error);
}

static int make_loop(struct record_bot *b, cordage_error *error)
{
    struct loop_options options = { .log = settings_log(&b->settings),
                                    .speed = b->settings.speed,
                                    .proxy = b->settings.proxy };
    int err = tls_client_new(b->settings.ca_file, &b->tls_client, error);

    if (err)
        return err;
    options.tls = b->tls_client;
    err = loop_new(&options, &b->loop, error);
    if (!err)
        b->host = b->tapes.host = loop_host(b->loop);
    return err;
}

static int open_relays(struct record_bot *b, cordage_error *error)
{
    const struct doors_options doors = { b->loop, b->tls_server, &b->tapes,
                                         b->gateway_url };
    struct record_rest_options rest = { .loop = b->loop,
                                        .cert_file = b->cert.cert_file,
                                        .key_file = b->cert.key_file,
                                        .api = b->settings.api,
                                        .http = http_options(b) };
    int err = doors_new(&doors, &b->doors, error);

    if (err)
        return err;
    rest.gateway_url = doors_url(b->doors);
    return record_rest_new(&rest, &b->rest, error);
}

static int start_command(struct record_bot *b, cordage_error *error)
{
    char api[128], ca[560], node_ca[560], trusted[SIM_DIR_SIZE + 64];
    const char *const env[] = { api, ca, node_ca, trusted, NULL };

    snprintf(api, sizeof api, "CORDAGE_API=%s", record_rest_api(b->rest));
    snprintf(ca, sizeof ca, "CORDAGE_CA_FILE=%s", b->cert.ca_file);
    snprintf(node_ca, sizeof node_ca, "NODE_EXTRA_CA_CERTS=%s", b->cert.ca_file);
    snprintf(trusted, sizeof trusted, "SSL_CERT_FILE=%s", b->bundle);
    return sim_child_start(&b->child, b->command, env, error);
}

static void on_ended(struct sim_child *child)
{
    loop_stop(CONTAINER_OF(child, struct record_bot, child)->loop);
}

static void on_flush(struct timer *t)
{
    struct record_bot *b = CONTAINER_OF(t, struct record_bot, flush);

    tapes_flush(&b->tapes);
    b->host->arm(b->host, t, b->host->now(b->host) + FLUSH_MS);
}

/* ---- What it says -------------------------------------------------------------------
 */

static void print_text(const struct record_bot *b)
{
    char since[TEXT_DURATION];

    for (size_t i = 0; i < b->tapes.n; i++) {
        const struct tape *t = b->tapes.list[i];

        if (t->n == 0)
            fprintf(stderr, "%s: shard %u/%u, nothing was recorded\n", t->path,
                    t->shard_id, t->shard_count);
        else
            fprintf(stderr, "%s: shard %u/%u, %" PRIu64 " event%s in %s\n", t->path,
                    t->shard_id, t->shard_count, t->n, t->n == 1 ? "" : "s",
                    text_duration(t->ms, since));
    }
    if (b->tapes.n == 0)
        fputs("cordage record: the command identified no shard through CORDAGE_API: "
              "nothing was recorded\n",
              stderr);
}

/* To stderr as well: stdout is the command's. */
static void print_json(const struct record_bot *b)
{
    struct buf out = { 0 };
    struct json_writer w;

    json_begin(&w, &out);
    json_open(&w, '[');
    for (size_t i = 0; i < b->tapes.n; i++) {
        const struct tape *t = b->tapes.list[i];

        json_open(&w, '{');
        json_key(&w, "file");
        json_put_z(&w, t->path);
        json_key(&w, "shard");
        json_open(&w, '[');
        json_put_u64(&w, t->shard_id);
        json_put_u64(&w, t->shard_count);
        json_shut(&w, ']');
        json_key(&w, "events");
        json_put_u64(&w, t->n);
        json_key(&w, "ms");
        json_put_u64(&w, t->ms);
        json_shut(&w, '}');
    }
    json_shut(&w, ']');
    if (json_end(&w) == 0)
        fprintf(stderr, "%.*s\n", STR_FMT(buf_str(&out)));
    buf_release(&out);
}

/* ---- All of it ----------------------------------------------------------------------
 */

static int prepare(struct record_bot *b, cordage_error *error)
{
    int err = ask_gateway(b, error);

    err = err ? err : make_certificate(b, error);
    return err ? err : make_loop(b, error);
}

/* The loop is there, and so are the signals. */
static int run(struct record_bot *b, cordage_error *error)
{
    int err = open_relays(b, error);

    err = err ? err : start_command(b, error);
    if (!err) {
        b->flush.fire = on_flush;
        b->host->arm(b->host, &b->flush, b->host->now(b->host) + FLUSH_MS);
        loop_run(b->loop);
        b->host->disarm(b->host, &b->flush);
    }
    tapes_close(&b->tapes);
    record_rest_free(b->rest);
    doors_close(b->doors);
    return err;
}

static int finish(struct record_bot *b, int err, const cordage_error *error)
{
    loop_free(b->loop);
    doors_free(b->doors);
    tls_client_free(b->tls_client);
    tls_server_free(b->tls_server);
    settings_release(&b->settings);
    if (err)
        fprintf(stderr, "cordage record: %s\n", error->message);
    if (b->child.status)
        return b->child.status;
    return err ? cordage_exit_status(err) : b->tapes.failed ? 1 : 0;
}

int record_bot(const char *path, char **command, bool json)
{
    struct record_bot b = { .command = command,
                            .tapes.path = path,
                            .child.ended = on_ended,
                            .child.name = "record",
                            .child.signal_fd = -1 };
    cordage_options options = CORDAGE_OPTIONS_INIT;
    cordage_error error = { 0 };
    int err, status;

    if (access(path, F_OK) == 0) {
        fprintf(stderr,
                "cordage record: %s is there already: give another name, or remove it\n",
                path);
        return 1;
    }
    signal(SIGPIPE, SIG_IGN);
    options.token = "the.bots.own"; /* it has it, and we need none */
    options.state_dir = "";
    err = settings_from(&options, &b.settings, &error);
    if (err) {
        fprintf(stderr, "cordage record: %s\n", error.message);
        return cordage_exit_status(err);
    }
    b.child.grace_ms = (unsigned)(SIM_CHILD_GRACE_MS / b.settings.speed);
    err = prepare(&b, &error);
    if (!err)
        err = sim_child_init(&b.child, loop_uv(b.loop), true, &error);
    if (!err) {
        err = run(&b, &error);
        sim_child_close(&b.child);
        if (json)
            print_json(&b);
        else
            print_text(&b);
    }
    status = finish(&b, err, &error);
    tapes_release(&b.tapes);
    return status;
}
