#include "simrig.h"

#include <ftw.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "mem.h"
#include "server.h"

struct simrig {
    char directory[64];
    struct loop *loop;
    struct server server;
    pthread_t thread;
};

static void must(int err, const cordage_error *error, const char *what)
{
    if (err >= 0)
        return;
    fprintf(stderr, "simrig: %s: %s\n", what, error->message);
    exit(1);
}

static void *run(void *user)
{
    struct simrig *r = user;

    loop_run(r->loop);
    return NULL;
}

struct simrig *simrig_start(const struct sim_config *config, double speed)
{
    struct simrig *r = mem_zero(sizeof *r);
    struct loop_options options = { .speed = speed };
    struct server_options server;
    cordage_error error = { 0 };

    snprintf(r->directory, sizeof r->directory, "/tmp/cordage-simrig-XXXXXX");
    if (!mkdtemp(r->directory))
        must(CORDAGE_EIO, &error, "mkdtemp");
    must(loop_new(&options, &r->loop, &error), &error, "loop");
    server_options_default(&server);
    server.sim = *config;
    server.certificates = r->directory;
    must(server_start(&r->server, r->loop, &server, &error), &error, "server");
    if (pthread_create(&r->thread, NULL, run, r))
        must(CORDAGE_ESYSTEM, &error, "thread");
    return r;
}

static int remove_entry(const char *path, const struct stat *st, int type,
                        struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

void simrig_stop(struct simrig *r)
{
    loop_stop(r->loop);
    pthread_join(r->thread, NULL);
    server_close(&r->server);
    loop_free(r->loop);
    server_release(&r->server);
    nftw(r->directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    free(r);
}

const char *simrig_api(const struct simrig *r)
{
    return r->server.api;
}

const char *simrig_token(const struct simrig *r)
{
    return sim_token(r->server.sim);
}

const char *simrig_ca_file(const struct simrig *r)
{
    return r->server.cert.ca_file;
}

const char *simrig_cert_file(const struct simrig *r)
{
    return r->server.cert.cert_file;
}

const char *simrig_key_file(const struct simrig *r)
{
    return r->server.cert.key_file;
}

struct call {
    struct mail mail;
    struct simrig *rig;
    void (*run)(struct sim *sim, uint64_t now, void *user);
    void *user;
    pthread_mutex_t lock;
    pthread_cond_t done;
    bool over;
};

static void run_call(struct mail *mail)
{
    struct call *call = CONTAINER_OF(mail, struct call, mail);
    struct host *host = loop_host(call->rig->loop);

    call->run(call->rig->server.sim, host->now(host), call->user);
    door_gateway_kick(call->rig->server.gateway);
    pthread_mutex_lock(&call->lock);
    call->over = true;
    pthread_cond_signal(&call->done);
    pthread_mutex_unlock(&call->lock);
}

void simrig_on_loop(struct simrig *r,
                    void (*what)(struct sim *sim, uint64_t now, void *user), void *user)
{
    struct call call = { .mail.run = run_call, .rig = r, .run = what, .user = user };
    struct host *host = loop_host(r->loop);

    pthread_mutex_init(&call.lock, NULL);
    pthread_cond_init(&call.done, NULL);
    host->post(host, &call.mail);
    pthread_mutex_lock(&call.lock);
    while (!call.over)
        pthread_cond_wait(&call.done, &call.lock);
    pthread_mutex_unlock(&call.lock);
    pthread_cond_destroy(&call.done);
    pthread_mutex_destroy(&call.lock);
}

struct wait {
    struct timer timer;
    uint64_t ms;
    pthread_mutex_t lock;
    pthread_cond_t done;
    bool over;
    struct simrig *rig;
};

static void wait_over(struct timer *t)
{
    struct wait *wait = CONTAINER_OF(t, struct wait, timer);

    pthread_mutex_lock(&wait->lock);
    wait->over = true;
    pthread_cond_signal(&wait->done);
    pthread_mutex_unlock(&wait->lock);
}

static void begin_wait(struct sim *sim, uint64_t now, void *user)
{
    struct wait *wait = user;
    struct host *host = loop_host(wait->rig->loop);

    (void)sim;
    host->arm(host, &wait->timer, now + wait->ms);
}

void simrig_wait(struct simrig *r, uint64_t ms)
{
    struct wait wait = { .timer.fire = wait_over, .ms = ms, .rig = r };

    pthread_mutex_init(&wait.lock, NULL);
    pthread_cond_init(&wait.done, NULL);
    simrig_on_loop(r, begin_wait, &wait);
    pthread_mutex_lock(&wait.lock);
    while (!wait.over)
        pthread_cond_wait(&wait.done, &wait.lock);
    pthread_mutex_unlock(&wait.lock);
    pthread_cond_destroy(&wait.done);
    pthread_mutex_destroy(&wait.lock);
}

struct fault {
    struct buf json; /* the parser wants slack behind it */
    size_t n;
};

static void do_fault(struct sim *sim, uint64_t now, void *user)
{
    struct fault *fault = user;
    cordage_error error = { 0 };

    must(sim_fault(sim, buf_str(&fault->json), now, &fault->n, &error), &error, "fault");
}

size_t simrig_fault(struct simrig *r, const char *json)
{
    struct fault fault = { { 0 }, 0 };

    buf_append_z(&fault.json, json);
    simrig_on_loop(r, do_fault, &fault);
    buf_release(&fault.json);
    return fault.n;
}

static void do_report(struct sim *sim, uint64_t now, void *user)
{
    struct json_writer w;

    json_begin(&w, user);
    sim_write_report(sim, &w, true, now);
    json_end(&w);
}

char *simrig_report(struct simrig *r)
{
    struct buf text = { 0 };

    simrig_on_loop(r, do_report, &text);
    buf_zero_end(&text);
    return text.p;
}

static void count_rules(struct sim *sim, uint64_t now, void *user)
{
    (void)now;
    *(size_t *)user = sim_report(sim)->n_broken;
}

size_t simrig_rules_broken(struct simrig *r)
{
    size_t n = 0;

    simrig_on_loop(r, count_rules, &n);
    if (n) {
        char *report = simrig_report(r);

        printf("%zu rules broken: %s\n", n, report);
        free(report);
    }
    return n;
}
