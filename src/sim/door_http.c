/* door_http.c - requests from the server to the routes, and their answers back. */
#include "door_http.h"

#include "control_page.h"
#include "error.h"
#include "httpd.h"
#include "limits.h"
#include "mem.h"

struct door_http {
    struct host *host;
    struct routes *routes;
    struct httpd *httpd;
    void (*changed)(void *user);
    void *user;
};

static size_t on_body_limit(void *user, const char *method, struct str path)
{
    (void)user;
    (void)method;
    return routes_body_limit(path);
}

/* Takes what is in `a`. */
static void hand_over(struct sim_answer *a, struct httpd_answer *out)
{
    out->status = (unsigned)a->status;
    out->delay_ms = a->delay_ms;
    if (a->content_type) {
        httpd_add_header(out, "Content-Type", a->content_type);
        out->body = a->body;
        a->body = (struct buf){ 0 };
    }
    for (size_t i = 0; i < a->n_headers; i++)
        httpd_add_header(out, a->headers[i].name, a->headers[i].value);
    sim_answer_release(a);
}

static void on_too_large(void *user, const struct httpd_request *r,
                         struct httpd_answer *out)
{
    struct sim_answer answer = { 0 };

    (void)user;
    routes_too_large(httpd_path(r), &answer);
    hand_over(&answer, out);
}

static struct str header(const struct httpd_request *r, const char *name)
{
    const char *value = httpd_header(r, name);

    return value ? str_of(value) : STR("");
}

static void on_answer(void *user, const struct httpd_request *r, struct httpd_answer *out)
{
    struct door_http *d = user;
    struct sim_request request = { .method = str_of(httpd_method(r)),
                                   .path = httpd_path(r),
                                   .query = httpd_query(r),
                                   .authorization = header(r, "Authorization"),
                                   .content_type = header(r, "Content-Type"),
                                   .host = header(r, "Host"),
                                   .origin = header(r, "Origin"),
                                   .reason = header(r, "X-Audit-Log-Reason"),
                                   .body = httpd_body(r),
                                   .port = httpd_port(d->httpd) };
    struct sim_answer answer = { 0 };

    if (control_page_answer(r, httpd_port(d->httpd), out))
        return;
    routes_answer(d->routes, &request, d->host->now(d->host), &answer);
    if (d->changed)
        d->changed(d->user);
    hand_over(&answer, out);
}

int door_http_new(struct loop *loop, struct routes *routes,
                  const struct door_http_options *options, struct door_http **out,
                  cordage_error *error)
{
    struct door_http *d = mem_zero(sizeof *d);
    struct httpd_options http = { .address = options->address,
                                  .port = options->port,
                                  .cert_file = options->cert_file,
                                  .key_file = options->key_file,
                                  .timeout_ms = options->timeout_ms,
                                  .max_connections = LIMIT_SIM_CONNECTIONS,
                                  .all_bodies = LIMIT_SIM_BODIES,
                                  .body_limit = on_body_limit,
                                  .answer = on_answer,
                                  .too_large = on_too_large,
                                  .user = d };
    int err;

    *out = NULL;
    if (!d)
        return error_set(error, CORDAGE_ENOMEM, "%s", cordage_strerror(CORDAGE_ENOMEM));
    d->host = loop_host(loop);
    d->routes = routes;
    d->changed = options->changed;
    d->user = options->user;
    err = httpd_new(loop, &http, &d->httpd, error);
    if (err) {
        free(d);
        return err;
    }
    *out = d;
    return 0;
}

uint16_t door_http_port(const struct door_http *d)
{
    return httpd_port(d->httpd);
}

void door_http_free(struct door_http *d)
{
    if (!d)
        return;
    httpd_free(d->httpd);
    free(d);
}
