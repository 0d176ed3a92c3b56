/* libcurl's multi interface on libuv: it names the sockets it waits for and the time it
 * wants to be woken at, we tell it what happened, and then ask which transfers are over.
 * libcurl never runs from inside one of its own callbacks, nor do callbacks of ours. */
#include "http.h"

#include "list.h"
#include "transfer.h"

enum { HTTP1_CONNECTIONS = 6 };

struct http {
    CURLM *multi;
    uv_loop_t *uv;
    uv_timer_t timer;
    struct transfer_config config;
    struct link sendings; /* all that is under way */
    struct link polls;    /* all that is polled */
    unsigned n_handles;   /* libuv's, not closed yet: the timer and the polls */
    bool freed;           /* http_free was called: gone with the last handle */
    bool told_version;    /* the peer's HTTP version is known */
    bool doomed;          /* a transfer has `err` set by `watch` */
};

/* One request under way. */
struct sending {
    struct link link;
    struct transfer transfer;
    http_done done;
    void *user;
};

/* One socket of libcurl's. */
struct poll {
    uv_poll_t uv;
    struct link link; /* on http.polls, until it is closed */
    struct http *http;
    curl_socket_t fd;
};

/* libuv still reads a handle's memory until its close callback: whoever comes last
 * takes the whole with it. */
static void handle_closed(struct http *h)
{
    if (--h->n_handles == 0 && h->freed)
        free(h);
}

static void poll_closed(uv_handle_t *handle)
{
    struct poll *p = handle->data;
    struct http *h = p->http;

    free(p);
    handle_closed(h);
}

static void timer_closed(uv_handle_t *handle)
{
    handle_closed(handle->data);
}

static void poll_close(struct poll *p)
{
    list_remove(&p->link);
    uv_poll_stop(&p->uv);
    uv_close((uv_handle_t *)&p->uv, poll_closed);
}

static void sending_end(struct sending *s, const struct http_answer *answer)
{
    list_remove(&s->link);
    s->done(s->user, answer);
    transfer_release(&s->transfer);
    free(s);
}

/* With HTTP/2 all requests share one connection; an HTTP/1.1 peer is given a few, so that
 * a slow answer does not hold up the rest. */
static void learn_version(struct http *h, CURL *easy)
{
    long version = 0;

    if (h->told_version)
        return;
    curl_easy_getinfo(easy, CURLINFO_HTTP_VERSION, &version);
    if (version == 0)
        return;
    h->told_version = true;
    if (version < CURL_HTTP_VERSION_2_0)
        curl_multi_setopt(h->multi, CURLMOPT_MAX_HOST_CONNECTIONS,
                          (long)HTTP1_CONNECTIONS);
}

/* A transfer whose socket cannot be watched would only time out. */
static void end_doomed(struct http *h)
{
    struct link *link = h->sendings.next;

    h->doomed = false;
    while (!h->freed && link != &h->sendings) {
        struct sending *s = CONTAINER_OF(link, struct sending, link);
        struct http_answer answer;

        link = link->next;
        if (!s->transfer.err)
            continue;
        curl_multi_remove_handle(h->multi, s->transfer.easy);
        answer = transfer_answer(&s->transfer, CURLE_OUT_OF_MEMORY);
        sending_end(s, &answer);
        link = h->sendings.next; /* the callback may have changed the list */
    }
}

static void tell_finished(struct http *h)
{
    CURLMsg *message;
    int left;

    /* A callback may free `h`, which lives on until its handles are closed. */
    while (!h->freed && (message = curl_multi_info_read(h->multi, &left))) {
        CURL *easy = message->easy_handle;
        CURLcode code = message->data.result;
        struct http_answer answer;
        struct transfer *t;
        struct sending *s;

        curl_easy_getinfo(easy, CURLINFO_PRIVATE, &t);
        s = CONTAINER_OF(t, struct sending, transfer);
        learn_version(h, easy);
        curl_multi_remove_handle(h->multi, easy);
        answer = transfer_answer(t, code);
        sending_end(s, &answer);
    }
    if (h->doomed && !h->freed)
        end_doomed(h);
}

static void on_ready(uv_poll_t *uv, int status, int events)
{
    struct poll *p = uv->data;
    struct http *h = p->http;
    int flags = 0, running;

    if (status < 0)
        flags = CURL_CSELECT_ERR;
    if (events & UV_READABLE)
        flags |= CURL_CSELECT_IN;
    if (events & UV_WRITABLE)
        flags |= CURL_CSELECT_OUT;
    curl_multi_socket_action(h->multi, p->fd, flags, &running);
    tell_finished(h);
}

static void on_timer(uv_timer_t *timer)
{
    struct http *h = timer->data;
    int running;

    curl_multi_socket_action(h->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    tell_finished(h);
}

static struct poll *poll_new(struct http *h, curl_socket_t fd)
{
    struct poll *p = mem_zero(sizeof *p);

    if (!p)
        return NULL;
    if (uv_poll_init_socket(h->uv, &p->uv, fd) < 0) {
        free(p);
        return NULL;
    }
    p->uv.data = p;
    p->http = h;
    p->fd = fd;
    list_insert(&h->polls, &p->link);
    h->n_handles++;
    return p;
}

/* Telling libcurl of a failure here would end all transfers of this handle, for ever: so
 * it is told nothing, and the one transfer is ended when libcurl has returned. */
static void doom(struct http *h, CURL *easy)
{
    struct transfer *t = NULL;

    if (easy)
        curl_easy_getinfo(easy, CURLINFO_PRIVATE, &t);
    if (t)
        t->err = CORDAGE_ENOMEM;
    h->doomed = true;
}

static int watch(CURL *easy, curl_socket_t fd, int what, void *user, void *socket_user)
{
    struct http *h = user;
    struct poll *p = socket_user;
    int events = 0;

    if (what == CURL_POLL_REMOVE) {
        if (p)
            poll_close(p);
        curl_multi_assign(h->multi, fd, NULL);
        return 0;
    }
    if (!p && !(p = poll_new(h, fd))) {
        doom(h, easy);
        return 0;
    }
    curl_multi_assign(h->multi, fd, p);
    if (what & CURL_POLL_IN)
        events |= UV_READABLE;
    if (what & CURL_POLL_OUT)
        events |= UV_WRITABLE;
    if (uv_poll_start(&p->uv, events, on_ready) < 0)
        doom(h, easy);
    return 0;
}

static int set_timer(CURLM *multi, long timeout_ms, void *user)
{
    struct http *h = user;

    (void)multi;
    if (timeout_ms < 0)
        uv_timer_stop(&h->timer);
    else
        uv_timer_start(&h->timer, on_timer, (uint64_t)timeout_ms, 0);
    return 0;
}

int http_new(struct loop *loop, const struct http_options *options, struct http **out,
             cordage_error *error)
{
    struct http *h = mem_zero(sizeof *h);
    int err;

    *out = NULL;
    if (!h)
        return error_set(error, CORDAGE_ENOMEM, "Out of memory.");
    list_init(&h->sendings);
    list_init(&h->polls);
    err = transfer_config_init(&h->config, options, error);
    if (err)
        goto fail;
    h->multi = curl_multi_init();
    if (!h->multi) {
        err = error_set(error, CORDAGE_ENOMEM, "Out of memory.");
        goto fail;
    }
    curl_multi_setopt(h->multi, CURLMOPT_SOCKETFUNCTION, watch);
    curl_multi_setopt(h->multi, CURLMOPT_SOCKETDATA, h);
    curl_multi_setopt(h->multi, CURLMOPT_TIMERFUNCTION, set_timer);
    curl_multi_setopt(h->multi, CURLMOPT_TIMERDATA, h);
    /* Else 200 requests at once open 57 connections before the first has shown that it
     * speaks HTTP/2. */
    curl_multi_setopt(h->multi, CURLMOPT_MAX_HOST_CONNECTIONS, 1L);
    curl_multi_setopt(h->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
    h->uv = loop_uv(loop);
    uv_timer_init(h->uv, &h->timer);
    h->timer.data = h;
    h->n_handles = 1;
    *out = h;
    return 0;
fail:
    transfer_config_release(&h->config);
    free(h);
    return err;
}

void http_free(struct http *h)
{
    static const struct http_answer closed = { .err = CORDAGE_ECLOSED, .why = "stopped" };

    if (!h || h->freed)
        return;
    h->freed = true;
    while (!list_is_empty(&h->sendings)) {
        struct sending *s = CONTAINER_OF(h->sendings.next, struct sending, link);

        curl_multi_remove_handle(h->multi, s->transfer.easy);
        sending_end(s, &closed);
    }
    curl_multi_cleanup(h->multi);
    h->multi = NULL;
    while (!list_is_empty(&h->polls))
        poll_close(CONTAINER_OF(h->polls.next, struct poll, link));
    uv_close((uv_handle_t *)&h->timer, timer_closed);
    transfer_config_release(&h->config);
}

int http_send(struct http *h, const struct http_request *request, http_done done,
              void *user)
{
    struct sending *s;
    int err;

    if (h->freed)
        return CORDAGE_ECLOSED;
    s = mem_zero(sizeof *s);
    if (!s)
        return CORDAGE_ENOMEM;
    s->done = done;
    s->user = user;
    err = transfer_init(&s->transfer, &h->config, request);
    if (err)
        goto fail;
    /* Only sets the timer: libcurl begins on the next turn of the loop. */
    if (curl_multi_add_handle(h->multi, s->transfer.easy) != CURLM_OK) {
        transfer_release(&s->transfer);
        err = CORDAGE_ENOMEM;
        goto fail;
    }
    list_insert(&h->sendings, &s->link);
    return 0;
fail:
    free(s);
    return err;
}
