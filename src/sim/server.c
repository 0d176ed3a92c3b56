#include "server.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

void server_options_default(struct server_options *o)
{
    *o = (struct server_options){ .address = "127.0.0.1" };
    sim_config_default(&o->sim);
    routes_config_default(&o->routes);
}

/* A REST request may have made something due. */
static void on_rest(void *user)
{
    struct server *s = user;

    door_gateway_kick(s->gateway);
}

static uint64_t cpu_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static int make_model(struct server *s, struct loop *loop, const struct server_options *o,
                      cordage_error *error)
{
    struct host *host = loop_host(loop);
    struct sim_config config = o->sim;
    int err;

    config.cpu_us = cpu_us;
    err = sim_new(&config, host->now(host), host->wall(host), &s->sim, error);

    if (err)
        return err;
    err = routes_new(s->sim, &o->routes, &s->routes);
    if (err)
        return error_set(error, err, "%s", cordage_strerror(err));
    if (!o->certificates)
        return 0;
    err = server_cert_ensure(o->certificates, &s->cert, error);
    if (err)
        return err;
    return tls_server_new(s->cert.cert_file, s->cert.key_file, &s->tls, error);
}

static int open_doors(struct server *s, struct loop *loop, const struct server_options *o,
                      cordage_error *error)
{
    bool tls = o->certificates != NULL;
    struct door_http_options http = { .address = o->address,
                                      .port = o->port,
                                      .cert_file = tls ? s->cert.cert_file : NULL,
                                      .key_file = tls ? s->cert.key_file : NULL,
                                      .changed = on_rest,
                                      .user = s };
    uint16_t next = o->port ? (uint16_t)(o->port + 1) : 0;
    int err = door_gateway_new(loop, s->sim, s->tls, o->address, next,
                               next ? (uint16_t)(next + 1) : 0, &s->gateway, error);

    return err ? err : door_http_new(loop, s->routes, &http, &s->http, error);
}

static int name_urls(struct server *s, const struct server_options *o)
{
    const char *secure = o->certificates ? "s" : "";
    bool ipv6 = strchr(o->address, ':') != NULL;
    char host[80];

    snprintf(host, sizeof host, "%s%s%s", ipv6 ? "[" : "", o->address, ipv6 ? "]" : "");
    snprintf(s->api, sizeof s->api, "http%s://%s:%u/api/v10", secure, host,
             door_http_port(s->http));
    snprintf(s->gateway_url, sizeof s->gateway_url, "ws%s://%s:%u", secure, host,
             door_gateway_port(s->gateway));
    snprintf(s->resume_url, sizeof s->resume_url, "ws%s://%s:%u", secure, host,
             door_gateway_resume_port(s->gateway));
    return sim_set_urls(s->sim, s->gateway_url, s->resume_url);
}

int server_start(struct server *s, struct loop *loop,
                 const struct server_options *options, cordage_error *error)
{
    int err;

    *s = (struct server){ 0 };
    err = make_model(s, loop, options, error);
    if (!err)
        err = open_doors(s, loop, options, error);
    if (!err) {
        err = name_urls(s, options);
        if (err)
            error_set(error, err, "%s", cordage_strerror(err));
    }
    if (err) {
        /* Nobody has connected yet: the doors have nothing that needs the model. */
        server_close(s);
        server_release(s);
    }
    return err;
}

void server_close(struct server *s)
{
    door_http_free(s->http);
    s->http = NULL;
    if (s->gateway)
        door_gateway_free(s->gateway);
    s->gateway = NULL;
}

void server_release(struct server *s)
{
    routes_free(s->routes);
    sim_free(s->sim);
    tls_server_free(s->tls);
    *s = (struct server){ 0 };
}
