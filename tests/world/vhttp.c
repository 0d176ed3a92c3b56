/* REST on the machine, in place of rest/http.c: a request goes to the simulator's routes
 * and its answer comes back, each after its time on the way; or it gets lost there. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "buf.h"
#include "error.h"
#include "http.h"
#include "machine_inner.h"
#include "net_inner.h"
#include "url.h"

enum { TIMEOUT_MS = 15000, CONNECT_MS = 10000 };

struct http {
    struct loop *loop;
    struct link errands;
};

enum fate {
    FATE_ARRIVES,
    FATE_UNSENT,  /* no connection can be made */
    FATE_LOST,    /* Discord has it, and its answer gets lost */
    FATE_IN_FRONT /* a machine in front of Discord answers */
};

struct errand {
    struct link link; /* on the http's, or on nobody's */
    struct http *http;
    struct vprocess *process;
    struct thread *fetcher; /* of http_fetch; NULL: there is a loop */
    struct timer there, back;
    uint64_t deadline;
    uint32_t delay_ms; /* Discord's, a fault */
    enum fate fate;
    char method[16], host[300];
    struct url url;
    struct buf body, authorization, content_type;
    http_done done;
    void *user;

    int err, status;
    const char *why;
    bool unsent, is_back;
    struct buf head, answer;
};

struct str http_header(struct str head, const char *name)
{
    size_t n = strlen(name);

    while (head.n) {
        const char *end = memchr(head.p, '\n', head.n);
        size_t line = end ? (size_t)(end - head.p) + 1 : head.n;

        if (line > n && head.p[n] == ':' && strncasecmp(head.p, name, n) == 0)
            return str_trim((struct str){ head.p + n + 1, line - n - 1 });
        head.p += line;
        head.n -= line;
    }
    return STR("");
}

void http_got_release(struct http_got *got)
{
    buf_release(&got->body);
    buf_release(&got->head);
    got->status = 0;
}

/* ---- The way back ------------------------------------------------------------------ */

static void errand_free(struct errand *e)
{
    list_remove(&e->link);
    machine_disarm(&e->there);
    if (e->http)
        vloop_disarm(e->http->loop, &e->back);
    else
        machine_disarm(&e->back);
    buf_release(&e->body);
    buf_release(&e->authorization);
    buf_release(&e->content_type);
    buf_release(&e->head);
    buf_release(&e->answer);
    free(e);
}

static void come_back(struct errand *e, uint64_t at)
{
    if (at > e->deadline || (!e->err && net_weather()->down)) {
        e->err = CORDAGE_ETIMEOUT;
        e->why = "it took too long";
        at = e->deadline;
    }
    if (e->http)
        vloop_arm(e->http->loop, &e->back, at);
    else
        machine_arm(&e->back, at);
}

static void fail(struct errand *e, int err, const char *why, uint64_t at)
{
    e->err = err;
    e->why = why;
    come_back(e, at);
}

static void on_back(struct timer *t)
{
    struct errand *e = CONTAINER_OF(t, struct errand, back);
    struct http_answer answer = { .err = e->err,
                                  .why = e->err ? e->why : "",
                                  .unsent = e->unsent };

    if (!e->err) {
        answer.status = e->status;
        answer.body = buf_str(&e->answer);
        answer.head = buf_str(&e->head);
    }
    net_answered(e->process, str_of(e->url.path), (int)answer.status, answer.body);
    e->is_back = true;
    if (!e->http) {
        thread_wake(e->fetcher);
        return;
    }
    list_remove(&e->link);
    e->http = NULL; /* which may be freed in there */
    e->done(e->user, &answer);
    errand_free(e);
}

/* ---- There ------------------------------------------------------------------------- */

static uint64_t half_way(void)
{
    return machine_now() +
           net_between(net_weather()->rest_min, net_weather()->rest_max) / 2;
}

static int take_answer(struct errand *e, struct sim_answer *a)
{
    int err = buf_printf(&e->head, "HTTP/2 %d\r\n", a->status);

    e->status = a->status;
    for (size_t i = 0; !err && i < a->n_headers; i++)
        err = buf_printf(&e->head, "%s: %s\r\n", a->headers[i].name, a->headers[i].value);
    if (!err && a->content_type)
        err = buf_printf(&e->head, "content-type: %s\r\n", a->content_type);
    if (!err)
        err = buf_append_str(&e->answer, buf_str(&a->body));
    return err ? err : buf_reserve(&e->answer, 1);
}

static void ask(struct errand *e)
{
    struct sim_request request = { .method = str_of(e->method),
                                   .path = str_of(e->url.path),
                                   .query = str_of(e->url.query),
                                   .authorization = buf_str(&e->authorization),
                                   .content_type = buf_str(&e->content_type),
                                   .host = str_of(e->host),
                                   .origin = STR(""),
                                   .body = buf_str(&e->body),
                                   .port = NET_API_PORT };
    struct sim_answer answer = { 0 };

    if (e->body.n > routes_body_limit(request.path))
        routes_too_large(request.path, &answer);
    else
        routes_answer(net_routes(), &request, machine_now(), &answer);
    e->delay_ms = answer.delay_ms;
    if (take_answer(e, &answer))
        machine_die("out of memory");
    sim_answer_release(&answer);
    net_note(buf_str(&e->answer));
}

/* What stands between Discord and the world has its own words. */
static void answer_in_front(struct errand *e)
{
    static const int statuses[] = { 500, 502, 503, 504 };

    e->status = statuses[net_between(0, 3)];
    if (buf_printf(&e->head, "HTTP/2 %d\r\ncontent-type: text/html\r\n", e->status) ||
        buf_printf(&e->answer, "<html><title>%d</title></html>", e->status) ||
        buf_reserve(&e->answer, 1))
        machine_die("out of memory");
}

static void on_there(struct timer *t)
{
    struct errand *e = CONTAINER_OF(t, struct errand, there);

    if (net_weather()->down || e->fate == FATE_UNSENT) {
        e->unsent = true;
        fail(e, CORDAGE_ENET, "no connection could be made", machine_now());
        return;
    }
    if (e->fate == FATE_IN_FRONT)
        answer_in_front(e);
    else
        ask(e);
    if (e->fate == FATE_LOST)
        fail(e, CORDAGE_ENET, "the connection was lost", half_way() + e->delay_ms);
    else
        come_back(e, half_way() + e->delay_ms);
}

/* ---- Sending ----------------------------------------------------------------------- */

static enum fate draw_fate(void)
{
    if (!net_happens(net_weather()->rest_fails))
        return FATE_ARRIVES;
    return (enum fate)net_between(FATE_UNSENT, FATE_IN_FRONT);
}

static int fill(struct errand *e, const struct http_request *r)
{
    cordage_error error;
    int err = url_parse(str_of(r->url), &e->url, &error);

    if (!err)
        err = buf_append_str(&e->body, r->body);
    if (!err)
        err = buf_reserve(&e->body, 1);
    if (!err && r->content_type)
        err = buf_append_z(&e->content_type, r->content_type);
    if (!err && r->token) {
        err = buf_append_z(&e->authorization, "Bot ");
        if (!err)
            err = buf_append_str(&e->authorization, secret_reveal(r->token));
    }
    return err;
}

static int errand_new(const struct http_request *r, struct errand **out)
{
    struct errand *e = mem_zero(sizeof *e);
    bool is_down = net_weather()->down;
    int err;

    *out = NULL;
    if (!e)
        return CORDAGE_ENOMEM;
    list_init(&e->link);
    e->process = vprocess_self();
    e->there.fire = on_there;
    e->back.fire = on_back;
    err = fill(e, r);
    if (err) {
        errand_free(e);
        return err;
    }
    snprintf(e->method, sizeof e->method, "%s", r->method);
    snprintf(e->host, sizeof e->host, "%s:%u", e->url.host, e->url.port);
    e->deadline = machine_now() + (r->timeout_ms ? r->timeout_ms : TIMEOUT_MS);
    e->fate = draw_fate();
    net_note(str_of(e->url.path));
    machine_arm(&e->there, is_down ? machine_now() + CONNECT_MS : half_way());
    *out = e;
    return 0;
}

int http_new(struct loop *loop, const struct http_options *options, struct http **out,
             cordage_error *error)
{
    struct http *h = mem_zero(sizeof *h);

    (void)options;
    *out = h;
    if (!h)
        return error_set(error, CORDAGE_ENOMEM, "Out of memory.");
    h->loop = loop;
    list_init(&h->errands);
    return 0;
}

void http_free(struct http *h)
{
    static const struct http_answer closed = { .err = CORDAGE_ECLOSED, .why = "stopped" };
    struct link *link;

    if (!h)
        return;
    while ((link = list_pop(&h->errands))) {
        struct errand *e = CONTAINER_OF(link, struct errand, link);

        e->done(e->user, &closed);
        errand_free(e);
    }
    free(h);
}

int http_send(struct http *h, const struct http_request *request, http_done done,
              void *user)
{
    struct errand *e;
    int err = errand_new(request, &e);

    if (err)
        return err;
    e->http = h;
    e->done = done;
    e->user = user;
    list_insert(&h->errands, &e->link);
    return 0;
}

int http_fetch(const struct http_options *options, const struct http_request *request,
               struct http_got *got, cordage_error *error)
{
    struct errand *e;
    int err = errand_new(request, &e);

    (void)options;
    *got = (struct http_got){ 0 };
    if (err)
        return error_set(error, err, "%s", cordage_strerror(err));
    e->fetcher = thread_self();
    while (!e->is_back)
        thread_wait(UINT64_MAX);
    err = e->err ? error_set(error, e->err, "%s", e->why) : 0;
    if (!err) {
        got->status = e->status;
        got->body = e->answer;
        got->head = e->head;
        e->answer = e->head = (struct buf){ 0 };
    }
    errand_free(e);
    return err;
}
