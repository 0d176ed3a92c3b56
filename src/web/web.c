/* web.c - who asks for what, and the answer. All of it is reading. */
#include "web.h"

#include <stdio.h>
#include <string.h>

#include "error.h"
#include "mem.h"
#include "page_files.h"
#include "web_access.h"

enum {
    CONNECTIONS = 64, /* a few browsers and a scraper or two */
    PORTS_TRIED = 10,
    MISSING_NAMED = 20 /* shards that /readyz names */
};

struct web {
    struct httpd *httpd;
    const struct view *(*view)(void *user);
    void *user;
    struct web_access access;
    char url[96];
};

/* ---- What can be asked for ------------------------------------------------ */

static void put_type(struct httpd_answer *out, const char *type)
{
    httpd_add_header(out, "Content-Type", type);
}

static void put_text(struct httpd_answer *out, unsigned status, const char *text)
{
    out->status = status;
    put_type(out, "text/plain; charset=utf-8");
    buf_append_z(&out->body, text);
}

/* What `write` appends, or 500 without memory. */
static void put_written(struct httpd_answer *out, const char *type, int err)
{
    if (err) {
        buf_release(&out->body);
        put_text(out, 500, "out of memory\n");
        return;
    }
    out->status = 200;
    put_type(out, type);
}

static void answer_metrics(const struct view *v, struct httpd_answer *out)
{
    int err = web_metrics(v, &out->body);

    put_written(out, "text/plain; version=0.0.4; charset=utf-8", err);
}

static void answer_status(const struct view *v, struct httpd_answer *out)
{
    int err = view_json(v, &out->body);

    put_written(out, "application/json", err);
}

static void answer_health(const struct view *v, struct httpd_answer *out)
{
    (void)v;
    put_text(out, 200, "ok\n");
}

static void name_missing(const struct view *v, struct buf *out)
{
    unsigned named = 0;

    for (uint32_t i = 0; i <= v->last - v->first; i++) {
        if (v->shards[i].info.state == CORDAGE_SHARD_READY)
            continue;
        if (named == MISSING_NAMED) {
            buf_append_z(out, ", ...");
            return;
        }
        buf_printf(out, "%s%u", named++ ? ", " : "missing: ", v->first + i);
    }
}

static void answer_ready(const struct view *v, struct httpd_answer *out)
{
    uint32_t count = v->shards ? v->last - v->first + 1 : 0, ready = view_ready(v);
    bool is_ready = count && ready == count && !v->stopping;

    put_text(out, is_ready ? 200 : 503, "");
    if (!count) {
        buf_append_z(&out->body, "there is no plan yet\n");
        return;
    }
    buf_printf(&out->body, "%s%u of %u shards are ready\n",
               v->stopping ? "stopping: " : "", ready, count);
    if (ready < count) {
        name_missing(v, &out->body);
        buf_append_z(&out->body, "\n");
    }
}

static const struct {
    const char *path;
    void (*answer)(const struct view *v, struct httpd_answer *out);
} routes[] = {
    { "/metrics", answer_metrics },
    { "/healthz", answer_health },
    { "/readyz", answer_ready },
    { "/api/status", answer_status },
};

/* False: there is no such thing. */
static bool answer_path(struct web *w, struct str path, struct httpd_answer *out)
{
    for (const struct page_file *f = page_files; f->path; f++) {
        if (str_is(path, f->path)) {
            put_written(out, f->type, buf_append(&out->body, f->bytes, f->n));
            return true;
        }
    }
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        if (str_is(path, routes[i].path)) {
            routes[i].answer(w->view(w->user), out);
            return true;
        }
    }
    return false;
}

/* ---- Every answer --------------------------------------------------------- */

static void put_common_headers(struct httpd_answer *out)
{
    httpd_add_header(out, "Content-Security-Policy",
                     "default-src 'none'; script-src 'self'; style-src 'self'; "
                     "img-src 'self'; connect-src 'self'; base-uri 'none'; "
                     "form-action 'none'; frame-ancestors 'none'");
    httpd_add_header(out, "X-Content-Type-Options", "nosniff");
    httpd_add_header(out, "Referrer-Policy", "no-referrer");
    httpd_add_header(out, "Cross-Origin-Resource-Policy", "same-origin");
    httpd_add_header(out, "Cache-Control", "no-store");
}

static void on_answer(void *user, const struct httpd_request *r, struct httpd_answer *out)
{
    const char *method = httpd_method(r);
    struct web *w = user;

    put_common_headers(out);
    if (!web_access_allows(&w->access, r, httpd_port(w->httpd), out))
        return;
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
        put_text(out, 405, "Nothing can be changed here: GET and HEAD only.\n");
        httpd_add_header(out, "Allow", "GET, HEAD");
    } else if (!answer_path(w, httpd_path(r), out)) {
        put_text(out, 404, "There is /, /metrics, /healthz, /readyz and /api/status.\n");
    }
}

static void on_too_large(void *user, const struct httpd_request *r,
                         struct httpd_answer *out)
{
    (void)user;
    (void)r;
    put_common_headers(out);
    put_text(out, 413, "A request for reading has no body.\n");
}

/* ---- Its life ------------------------------------------------------------- */

/* At `port`, or the first of the ports behind it that is free. */
static int open_httpd(struct web *w, struct loop *loop, const struct web_options *o,
                      cordage_error *error)
{
    struct httpd_options http = { .address = o->address,
                                  .port = o->port,
                                  .cert_file = o->cert_file,
                                  .key_file = o->key_file,
                                  .max_connections = CONNECTIONS,
                                  .answer = on_answer,
                                  .too_large = on_too_large,
                                  .user = w };
    cordage_error other;
    int err = httpd_new(loop, &http, &w->httpd, error);

    for (int i = 1; err == CORDAGE_ENET && o->any_port && i < PORTS_TRIED; i++) {
        if (o->port > UINT16_MAX - i)
            break;
        http.port = (uint16_t)(o->port + i);
        err = httpd_new(loop, &http, &w->httpd, &other);
    }
    return err;
}

static void name_url(struct web *w, const struct web_options *o)
{
    const char *address = o->address;
    bool ipv6 = strchr(address, ':') != NULL;

    /* All addresses are none that could be opened. */
    if (strcmp(address, "0.0.0.0") == 0 || strcmp(address, "::") == 0)
        address = ipv6 ? "::1" : "127.0.0.1";
    snprintf(w->url, sizeof w->url, "http%s://%s%s%s:%u/", o->cert_file ? "s" : "",
             ipv6 ? "[" : "", address, ipv6 ? "]" : "", httpd_port(w->httpd));
}

int web_new(struct loop *loop, const struct web_options *options,
            const struct view *(*view)(void *user), void *user, struct web **out,
            cordage_error *error)
{
    struct web_options o = *options;
    struct web *w = mem_zero(sizeof *w);
    int err;

    *out = NULL;
    if (!w)
        return error_set(error, CORDAGE_ENOMEM, "%s", cordage_strerror(CORDAGE_ENOMEM));
    if (!o.address)
        o.address = "127.0.0.1";
    w->view = view;
    w->user = user;
    err = web_access_init(&w->access, &o, error);
    if (!err)
        err = open_httpd(w, loop, &o, error);
    if (err) {
        web_free(w);
        return err;
    }
    name_url(w, &o);
    *out = w;
    return 0;
}

const char *web_url(const struct web *w)
{
    return w->url;
}

void web_free(struct web *w)
{
    if (!w)
        return;
    httpd_free(w->httpd);
    web_access_release(&w->access);
    free(w);
}
