#include "record_rest.h"

#include <stdio.h>
#include <stdlib.h>

#include "authority.h"
#include "httpd.h"
#include "json_text.h"
#include "limits.h"
#include "mem.h"
#include "url.h"

enum {
    TIMEOUT_MS = 40 * 1000,
    HEADER_MAX = 8 * 1024, /* a reason has 512 characters, percent-encoded */
    TARGET_MAX = 8 * 1024,
};

struct record_rest {
    struct httpd *httpd;
    struct http *http;
    char origin[2 * LIMIT_URL]; /* of Discord's API */
    const char *gateway_url;
    char api[96];
};

/* What is passed on, besides Content-Type. */
static const char *const asked[] = { "Authorization", "X-Audit-Log-Reason",
                                     "X-RateLimit-Precision" };
static const char *const answered[] = {
    "Content-Type",       "Retry-After",
    "X-RateLimit-Limit",  "X-RateLimit-Remaining",
    "X-RateLimit-Reset",  "X-RateLimit-Reset-After",
    "X-RateLimit-Bucket", "X-RateLimit-Global",
    "X-RateLimit-Scope",  "Via",
};

struct forwarded {
    struct record_rest *rest;
    struct httpd_request *request;
    bool is_gateway; /* the answer names the gateway */
};

static void put_error(struct httpd_answer *out, unsigned status, const char *message)
{
    out->status = status;
    httpd_add_header(out, "Content-Type", "application/json");
    buf_printf(&out->body, "{\"message\":\"%s\",\"code\":0}", message);
}

/* ---- The answer ---------------------------------------------------------------------
 */

/* The body, with our URL in the place of Discord's. */
static int copy_body(const struct forwarded *f, struct str body, struct buf *out)
{
    struct str url = f->is_gateway ? json_text(body, "url") : STR("");
    size_t before = url.n ? (size_t)(url.p - body.p) : 0;

    if (!url.n)
        return buf_append_str(out, body);
    if (buf_append(out, body.p, before) ||
        buf_printf(out, "\"%s\"", f->rest->gateway_url))
        return CORDAGE_ENOMEM;
    return buf_append(out, url.p + url.n, body.n - before - url.n);
}

static void on_done(void *user, const struct http_answer *a)
{
    struct forwarded *f = user;
    struct httpd_answer out = { .status = (unsigned)a->status };

    if (a->err) {
        put_error(&out, 502, "cordage record: Discord did not answer");
    } else {
        for (size_t i = 0; i < sizeof answered / sizeof *answered; i++) {
            struct str value = http_header(a->head, answered[i]);
            char text[512];

            if (!value.n)
                continue;
            snprintf(text, sizeof text, "%.*s", STR_FMT(value));
            httpd_add_header(&out, answered[i], text);
        }
        if (copy_body(f, a->body, &out.body)) {
            buf_release(&out.body);
            out = (struct httpd_answer){ .status = 502 };
        }
    }
    httpd_answer_later(f->request, &out);
    free(f);
}

/* ---- The request --------------------------------------------------------------------
 */

static bool is_gateway(struct str path)
{
    return str_ends(path, STR("/gateway")) || str_ends(path, STR("/gateway/bot"));
}

static int send_on(struct record_rest *rest, const struct httpd_request *r,
                   struct forwarded *f)
{
    char lines[sizeof asked / sizeof *asked][HEADER_MAX], url[2 * LIMIT_URL + TARGET_MAX];
    const char *headers[sizeof asked / sizeof *asked + 1] = { NULL };
    const char *type = httpd_header(r, "Content-Type");
    struct str query = httpd_query(r);
    struct http_request request = { .method = httpd_method(r),
                                    .url = url,
                                    .body = httpd_body(r),
                                    .content_type = type ? type : "application/json",
                                    .headers = headers,
                                    .timeout_ms = TIMEOUT_MS,
                                    .at_most_once = true };
    size_t n = 0;
    int err;

    /* Without the slash it would be a part of the host's name. */
    if (!str_starts(httpd_path(r), STR("/")) || httpd_path(r).n + query.n >= TARGET_MAX)
        return CORDAGE_EINVAL;
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        const char *value = httpd_header(r, asked[i]);

        if (value &&
            snprintf(lines[n], HEADER_MAX, "%s: %s", asked[i], value) < HEADER_MAX)
            headers[n] = lines[n], n++;
    }
    snprintf(url, sizeof url, "%s%.*s%s%.*s", rest->origin, STR_FMT(httpd_path(r)),
             query.n ? "?" : "", STR_FMT(query));
    err = http_send(rest->http, &request, on_done, f);
    mem_wipe(lines, sizeof lines);
    return err;
}

static struct str header(const struct httpd_request *r, const char *name)
{
    const char *value = httpd_header(r, name);

    return value ? str_of(value) : STR("");
}

static void on_answer(void *user, const struct httpd_request *r, struct httpd_answer *out)
{
    struct record_rest *rest = user;
    struct forwarded *f;

    if (!authority_is_own(header(r, "Host"), header(r, "Origin"),
                          httpd_port(rest->httpd))) {
        put_error(out, 403, "cordage record answers to this machine alone");
        return;
    }
    f = mem_zero(sizeof *f);
    if (f) {
        /* It is the request's own, lent to us as const. */
        *f = (struct forwarded){ rest, (struct httpd_request *)(uintptr_t)r,
                                 is_gateway(httpd_path(r)) };
        if (send_on(rest, r, f) == 0) {
            out->later = true;
            return;
        }
    }
    free(f);
    put_error(out, 502, "cordage record: the request could not be sent on");
}

static size_t on_body_limit(void *user, const char *method, struct str path)
{
    (void)user;
    (void)method;
    (void)path;
    return LIMIT_SIM_MESSAGE_BODY;
}

/* ---- Its life ------------------------------------------------------------------------
 */

/* "https://discord.com" of "https://discord.com/api/v10" */
static int take_origin(struct record_rest *r, const char *api, cordage_error *error)
{
    struct url url;
    int err = url_parse(str_of(api), &url, error);
    bool ipv6 = !err && strchr(url.host, ':') != NULL;

    if (!err)
        snprintf(r->origin, sizeof r->origin, "%s://%s%s%s:%u",
                 url.tls ? "https" : "http", ipv6 ? "[" : "", url.host, ipv6 ? "]" : "",
                 url.port);
    return err;
}

int record_rest_new(const struct record_rest_options *o, struct record_rest **out,
                    cordage_error *error)
{
    struct record_rest *r = mem_zero(sizeof *r);
    struct httpd_options http = { .address = "127.0.0.1",
                                  .cert_file = o->cert_file,
                                  .key_file = o->key_file,
                                  .max_connections = 256,
                                  .all_bodies = LIMIT_SIM_BODIES,
                                  .body_limit = on_body_limit,
                                  .answer = on_answer,
                                  .user = r };
    int err;

    *out = NULL;
    if (!r)
        return error_set(error, CORDAGE_ENOMEM, "Out of memory.");
    r->gateway_url = o->gateway_url;
    err = take_origin(r, o->api, error);
    if (!err)
        err = http_new(o->loop, &o->http, &r->http, error);
    if (!err)
        err = httpd_new(o->loop, &http, &r->httpd, error);
    if (err) {
        record_rest_free(r);
        return err;
    }
    snprintf(r->api, sizeof r->api, "https://127.0.0.1:%u/api/v10", httpd_port(r->httpd));
    *out = r;
    return 0;
}

const char *record_rest_api(const struct record_rest *r)
{
    return r->api;
}

void record_rest_free(struct record_rest *r)
{
    if (!r)
        return;
    http_free(r->http); /* first: it answers what waits */
    httpd_free(r->httpd);
    free(r);
}
