/* REST over real sockets: order, limits, repeats, refusals, stops. The loop's clock runs
 * twenty times as fast as the world's, so that waits are short. */
#include "rest.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "certs.h"
#include "peer.h"
#include "test.h"

enum { SPEED = 20, GOTS = 256 };

static struct certs certs;

/* ---- The server: what it does depends on the path, and on how often it was asked. ----
 */

struct world {
    pthread_mutex_t lock;
    int asked;                    /* how often, of what begins by failing */
    double limited_until, banned; /* in the loop's time; broken: how often */
    int broken, window_used;
    double window_ends;
};

/* The loop's clock, in ms. */
static double now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_BOOTTIME, &t);
    return ((double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6) * SPEED;
}

static int ask(struct world *w)
{
    int asked;

    pthread_mutex_lock(&w->lock);
    asked = ++w->asked;
    pthread_mutex_unlock(&w->lock);
    return asked;
}

/* How often its rules were broken. */
static int broken(struct world *w)
{
    int n;

    pthread_mutex_lock(&w->lock);
    n = w->broken;
    pthread_mutex_unlock(&w->lock);
    return n;
}

/* Three requests in a second, as Discord counts them. */
static void answer_counted(struct peer_request *q, struct world *w)
{
    double now = now_ms();
    char head[256];
    bool over;

    pthread_mutex_lock(&w->lock);
    if (now >= w->window_ends) {
        w->window_ends = now + 1000;
        w->window_used = 0;
    }
    over = w->window_used == 3;
    w->window_used += !over;
    w->broken += over;
    snprintf(head, sizeof head,
             "X-RateLimit-Limit: 3\r\nX-RateLimit-Remaining: %d\r\n"
             "X-RateLimit-Reset-After: %.3f\r\n",
             3 - w->window_used, (w->window_ends - now) / 1000);
    pthread_mutex_unlock(&w->lock);
    peer_answer(q, over ? 429 : 200, head, over ? "{\"retry_after\": 1}" : "{}");
}

/* The first request is told to wait; what comes before that is over has broken the rule.
 */
static void answer_limited(struct peer_request *q, struct world *w, int seconds,
                           const char *head, const char *body)
{
    bool first;

    pthread_mutex_lock(&w->lock);
    first = w->limited_until == 0;
    if (first)
        w->limited_until = now_ms() + seconds * 1000;
    else if (now_ms() < w->limited_until)
        w->broken++;
    pthread_mutex_unlock(&w->lock);
    if (first)
        peer_answer(q, 429, head, body);
    else
        peer_answer(q, 200, NULL, "{}");
}

static void answer(struct peer_request *q, void *user)
{
    static const char scoped[] = "{\"message\": \"slow\", \"retry_after\": 2.0}";
    struct world *w = user;
    const char *path = q->path;
    char value[128];

    if (strstr(path, "counted"))
        answer_counted(q, w);
    else if (strstr(path, "limit-user"))
        answer_limited(q, w, 2, "X-RateLimit-Scope: user\r\nX-RateLimit-Remaining: 4\r\n",
                       scoped);
    else if (strstr(path, "limit-shared"))
        answer_limited(q, w, 2, "X-RateLimit-Scope: shared\r\n", scoped);
    else if (strstr(path, "limit-global"))
        answer_limited(q, w, 20, "X-RateLimit-Global: true\r\n",
                       "{\"retry_after\": 20.0, \"global\": true}");
    else if (strstr(path, "limit-address"))
        answer_limited(q, w, 2, "Retry-After: 2\r\n", "error code: 1015");
    else if (strstr(path, "ill-twice"))
        peer_answer(q, ask(w) <= 2 ? 503 : 200, NULL, "{}");
    else if (strstr(path, "ill"))
        peer_answer(q, 500, NULL, "<html>");
    else if (strstr(path, "lost-once") && ask(w) == 1)
        peer_raw(q, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", 44),
            peer_hangup(q);
    else if (strstr(path, "lost-always"))
        peer_hangup(q);
    else if (strstr(path, "silence"))
        peer_silence(q);
    else if (strstr(path, "redirect"))
        peer_answer(q, 301, "Location: /somewhere\r\n", "");
    else if (strstr(path, "forbidden"))
        peer_answer(q, 403, NULL, "{\"message\": \"Missing Access\", \"code\": 50001}");
    else if (strstr(path, "whoami"))
        peer_answer(q, 200, NULL, peer_header(q, "Authorization", value, sizeof value));
    else if (strstr(path, "agent"))
        peer_answer(q, 200, NULL, peer_header(q, "User-Agent", value, sizeof value));
    else if (strstr(path, "unauthorized"))
        peer_answer(q, 401, NULL, "{\"message\": \"401: Unauthorized\", \"code\": 0}");
    else
        peer_answer(q, 200, NULL, "{\"fine\": true}");
}

/* ---- The client ---- */

struct got {
    int err, code, tag;
    long status;
    char message[256], body[256];
};

struct rig {
    struct world world;
    struct peer *peer;
    struct loop *loop;
    struct rest *rest;
    struct secret token;
    struct got got[GOTS];
    unsigned n, want;
    bool free_inside, send_inside, inside;
    bool stopped; /* the log says so */
};

struct call {
    struct rig *rig;
    int tag;
};

static void on_log(void *user, enum log_level level, const char *line)
{
    struct rig *r = user;

    (void)level;
    CHECK(strstr(line, "the.token") == NULL);
    if (strstr(line, "2 refused requests in 10 minutes, this worker's share"))
        r->stopped = true;
    if (strstr(line, "limited scope=global"))
        loop_stop(r->loop);
}

static struct rig *rig_new(void)
{
    struct rig *r = calloc(1, sizeof *r);
    cordage_error error;

    CHECK(r != NULL);
    pthread_mutex_init(&r->world.lock, NULL);
    r->peer = peer_new(certs.good, certs.key, answer, &r->world);
    secret_set(&r->token, STR("the.token"));
    CHECK_INT(loop_new(&(struct loop_options){ .speed = SPEED,
                                               .log = { on_log, r, LOG_TRACE } },
                       &r->loop, &error),
              0);
    if (rest_new(r->loop,
                 &(struct rest_options){ .api = peer_url(r->peer, "/api/v10"),
                                         .token = &r->token,
                                         .http = { .ca_file = certs.ca } },
                 &r->rest, &error) < 0)
        fail_msg("%s", error.message);
    return r;
}

static void rig_free(struct rig *r)
{
    rest_free(r->rest);
    CHECK_INT(r->n, r->want);
    loop_free(r->loop);
    peer_free(r->peer);
    secret_release(&r->token);
    pthread_mutex_destroy(&r->world.lock);
    free(r);
}

static void rig_send(struct rig *r, const char *method, const char *route,
                     const char *body, bool retry_safe);

static void done(void *user, const struct rest_answer *a)
{
    struct call *call = user;
    struct rig *r = call->rig;
    struct got *g = &r->got[r->n < GOTS ? r->n : GOTS - 1];

    CHECK(!r->inside);
    *g = (struct got){
        .err = a->err, .code = a->code, .status = a->status, .tag = call->tag
    };
    snprintf(g->message, sizeof g->message, "%s", a->message);
    snprintf(g->body, sizeof g->body, "%.*s", a->body.n < 255 ? (int)a->body.n : 0,
             a->body.p);
    CHECK((a->err == 0) == (a->message[0] == '\0'));
    free(call);
    r->n++;
    if (r->send_inside) {
        r->send_inside = false;
        rig_send(r, "GET", "/again", "", false);
    }
    if (r->free_inside) {
        r->free_inside = false;
        rest_free(r->rest);
        r->rest = NULL;
    }
    if (r->n == r->want)
        loop_stop(r->loop);
}

static int rig_try(struct rig *r, const char *method, const char *route, const char *body,
                   bool retry_safe)
{
    struct call *call = malloc(sizeof *call);
    int err;

    CHECK(call != NULL);
    *call = (struct call){ r, (int)r->want };
    r->inside = true;
    err = rest_send(r->rest, method, route, str_of(body), retry_safe, done, call);
    r->inside = false;
    if (err)
        free(call);
    else
        r->want++;
    return err;
}

static void rig_send(struct rig *r, const char *method, const char *route,
                     const char *body, bool retry_safe)
{
    CHECK_INT(rig_try(r, method, route, body, retry_safe), 0);
}

static void rig_run(struct rig *r)
{
    loop_run(r->loop);
    CHECK_INT(r->n, r->want);
    CHECK_INT(rest_waiting(r->rest), 0);
}

static struct got *rig_do(struct rig *r, const char *method, const char *route,
                          bool retry_safe)
{
    rig_send(r, method, route, strcmp(method, "POST") == 0 ? "{}" : "", retry_safe);
    rig_run(r);
    return &r->got[r->n - 1];
}

/* ---- Tests ---- */

TEST(a_request_is_sent_with_the_token_and_who_we_are)
{
    struct rig *r = rig_new();

    assert_string_equal(rig_do(r, "GET", "/whoami", false)->body, "Bot the.token");
    CHECK(strncmp(rig_do(r, "GET", "/agent", false)->body, "DiscordBot (https://", 20) ==
          0);
    assert_string_equal(peer_line(r->peer, 1), "GET /api/v10/whoami ");
    /* Who has a token in the path needs no other. */
    assert_string_equal(rig_do(r, "POST", "/interactions/1/whoami/callback", false)->body,
                        "");
    rig_free(r);
}

TEST(one_routes_requests_arrive_in_order_and_within_its_limit)
{
    struct rig *r = rig_new();
    char body[32], line[96];

    for (int i = 0; i < 12; i++) {
        snprintf(body, sizeof body, "{\"n\":%d}", i);
        rig_send(r, "POST", "/channels/1/counted", body, false);
    }
    rig_run(r);
    CHECK_INT(peer_count(r->peer), 12);
    CHECK_INT(broken(&r->world), 0);
    for (int i = 0; i < 12; i++) {
        snprintf(line, sizeof line, "POST /api/v10/channels/1/counted {\"n\":%d}", i);
        assert_string_equal(peer_line(r->peer, (unsigned)i + 1), line);
        CHECK_INT(r->got[i].err, 0);
        CHECK_INT(r->got[i].tag, i);
    }
    rig_free(r);
}

TEST(order_is_kept_across_a_429_and_a_lost_answer)
{
    static const char *const kinds[] = { "limit-user", "lost-once" };

    for (size_t k = 0; k < 2; k++) {
        struct rig *r = rig_new();
        char path[64], body[8], line[96];

        snprintf(path, sizeof path, "/channels/1/%s", kinds[k]);
        for (int i = 0; i < 5; i++) {
            snprintf(body, sizeof body, "%d", i);
            rig_send(r, "POST", path, body, true);
        }
        rig_run(r);
        CHECK_INT(peer_count(r->peer), 6);
        for (int i = 0; i < 5; i++) {
            snprintf(line, sizeof line, "POST /api/v10%s %d", path, i);
            assert_string_equal(peer_line(r->peer, (unsigned)i + 2), line);
            CHECK_INT(r->got[i].tag, i);
            CHECK_INT(r->got[i].err, 0);
        }
        CHECK_INT(broken(&r->world), 0);
        rig_free(r);
    }
}

TEST(a_429_of_one_route_holds_up_that_route_alone)
{
    static const char *const kinds[] = { "/guilds/1/limit-user",
                                         "/guilds/1/limit-shared" };

    for (size_t k = 0; k < 2; k++) {
        struct rig *r = rig_new();

        rig_send(r, "PUT", kinds[k], "{}", false);
        rig_send(r, "PUT", kinds[k], "{}", false);
        rig_send(r, "GET", "/guilds/1", "", false);
        rig_run(r);
        CHECK_INT(r->got[0].tag, 2); /* the other route's came first */
        CHECK_INT(r->got[1].tag, 0);
        CHECK_INT(r->got[2].tag, 1);
        for (int i = 0; i < 3; i++)
            CHECK_INT(r->got[i].err, 0);
        CHECK_INT(broken(&r->world), 0);
        CHECK_INT(peer_count(r->peer), 4);
        rig_free(r);
    }
}

TEST(a_global_429_holds_up_all_but_answers_to_interactions)
{
    struct rig *r = rig_new();

    rig_send(r, "GET", "/limit-global", "", false);
    loop_run(r->loop); /* until the log says that the 429 has been read */
    CHECK_INT(r->n, 0);
    rig_send(r, "GET", "/users/1/limit-global", "", false);
    rig_send(r, "POST", "/interactions/1/abc/callback", "{}", false);
    rig_run(r);
    CHECK_INT(r->got[0].tag, 2);
    CHECK_INT(broken(&r->world), 0);
    rig_free(r);
}

TEST(a_share_of_the_global_limit_is_kept_to)
{
    static const char *const routes[] = { "/users/1/fine", "/users/2/fine",
                                          "/users/3/fine", "/users/4/fine",
                                          "/users/5/fine" };
    struct rig *r = rig_new();
    double began = now_ms();

    rest_set_share(r->rest, 2, 9000);
    for (int i = 0; i < 5; i++)
        rig_send(r, "GET", routes[i], "", false);
    rig_run(r);
    CHECK(now_ms() - began >= 2000); /* two at once, two after a second, one after two */
    /* Who waits for a place is not held to the smaller share when it grows. */
    rest_set_share(r->rest, 1, 9000);
    for (int i = 0; i < 5; i++)
        rig_send(r, "GET", routes[i], "", false);
    rest_set_share(r->rest, 50, 9000);
    rig_run(r);
    CHECK_INT(peer_count(r->peer), 10);
    rig_free(r);
}

TEST(a_share_of_the_refused_requests_stops_the_rest)
{
    struct rig *r = rig_new();

    rest_set_share(r->rest, 50, 2);
    for (int i = 0; i < 2; i++)
        CHECK_INT(rig_do(r, "GET", "/forbidden", false)->status, 403);
    CHECK(r->stopped);
    rig_send(r, "GET", "/users/1/fine", "", false);
    rest_free(r->rest); /* which it waits for no longer */
    r->rest = NULL;
    CHECK_INT(r->got[2].err, CORDAGE_ECLOSED);
    CHECK_INT(peer_count(r->peer), 2);
    rig_free(r);
}

TEST(a_banned_address_waits_with_everything)
{
    struct rig *r = rig_new();
    double until;

    CHECK_INT(rig_do(r, "GET", "/limit-address", false)->err, 0);
    CHECK_INT(peer_count(r->peer), 2);
    CHECK_INT(broken(&r->world), 0);
    until = r->world.limited_until;
    CHECK(now_ms() >= until);
    rig_free(r);
}

TEST(a_5xx_is_tried_again_where_that_is_safe)
{
    static const struct {
        const char *method, *path;
        bool retry_safe;
        int err;
        unsigned requests;
    } table[] = {
        { "GET", "/ill-twice", false, 0, 3 },
        { "PUT", "/ill-twice", false, 0, 3 },
        { "DELETE", "/ill-twice", false, 0, 3 },
        { "POST", "/ill-twice", false, CORDAGE_EHTTP, 1 },
        { "PATCH", "/ill-twice", false, CORDAGE_EHTTP, 1 },
        { "POST", "/ill-twice", true, 0, 3 },
        { "GET", "/ill", false, CORDAGE_EHTTP, 4 },
    };

    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct rig *r = rig_new();
        struct got *g = rig_do(r, table[i].method, table[i].path, table[i].retry_safe);

        CHECK_INT(g->err, table[i].err);
        CHECK_INT(peer_count(r->peer), table[i].requests);
        rig_free(r);
    }
}

TEST(a_lost_connection_is_tried_again_where_that_is_safe)
{
    static const struct {
        const char *method, *path;
        bool retry_safe;
        int err;
        unsigned requests;
    } table[] = {
        { "GET", "/lost-once", false, 0, 2 },
        { "POST", "/lost-once", false, CORDAGE_ENET, 1 },
        { "POST", "/lost-once", true, 0, 2 },
        { "POST", "/lost-always", false, CORDAGE_ENET, 1 },
        { "POST", "/lost-always", true, CORDAGE_ENET, 4 },
        { "GET", "/lost-always", false, CORDAGE_ENET, 4 },
    };

    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct rig *r = rig_new();
        struct got *g = rig_do(r, table[i].method, table[i].path, table[i].retry_safe);

        CHECK_INT(g->err, table[i].err);
        CHECK_INT(g->status, table[i].err ? 0 : 200);
        CHECK_INT(peer_count(r->peer), table[i].requests);
        rig_free(r);
    }
}

TEST(what_never_left_is_tried_again_whatever_it_is)
{
    struct rig *r = rig_new();
    struct rest *rest;
    cordage_error error;
    double began;

    /* Nobody listens there. */
    CHECK_INT(rest_new(r->loop,
                       &(struct rest_options){ .api = "http://127.0.0.1:1",
                                               .token = &r->token },
                       &rest, &error),
              0);
    rest_free(r->rest);
    r->rest = rest;
    began = now_ms();
    CHECK_INT(rig_do(r, "POST", "/x", false)->err, CORDAGE_ENET);
    CHECK(now_ms() - began >= 250 + 500 + 1000); /* three waits, each at least half */
    rig_free(r);
}

TEST(a_refused_certificate_is_told_at_once)
{
    struct rig *r = rig_new();
    struct peer *other = peer_new(certs.wrong, certs.key, answer, &r->world);
    struct rest *rest;
    cordage_error error;

    CHECK_INT(rest_new(r->loop,
                       &(struct rest_options){ .api = peer_url(other, ""),
                                               .token = &r->token,
                                               .http = { .ca_file = certs.ca } },
                       &rest, &error),
              0);
    rest_free(r->rest);
    r->rest = rest;
    CHECK_INT(rig_do(r, "GET", "/x", false)->err, CORDAGE_ETLS);
    CHECK_INT(peer_accepted(other), 1); /* it would be refused again */
    rig_free(r);
    peer_free(other);
}

TEST(after_a_401_the_token_is_not_used_again)
{
    struct rig *r = rig_new();
    struct got *g = rig_do(r, "GET", "/unauthorized", false);

    CHECK_INT(g->err, CORDAGE_EAUTH);
    CHECK_INT(g->status, 401);
    rig_send(r, "GET", "/users/@me", "", false);
    rig_send(r, "POST", "/channels/1/messages", "{}", true);
    rig_send(r, "POST", "/interactions/1/abc/callback", "{}", false);
    rig_run(r);
    for (unsigned i = 1; i < 4; i++)
        CHECK_INT(r->got[i].err, r->got[i].tag == 3 ? 0 : CORDAGE_EAUTH);
    CHECK_INT(peer_count(r->peer), 2);
    rig_free(r);
}

TEST(a_webhooks_401_says_nothing_about_the_token)
{
    struct rig *r = rig_new();
    const char *webhook = "/webhooks/1/unauthorized-unauthorized-unauthorized";

    CHECK_INT(rig_do(r, "POST", webhook, false)->err, CORDAGE_EHTTP);
    CHECK_INT(rig_do(r, "GET", "/users/@me", false)->err, 0);
    rig_free(r);
}

TEST(an_error_has_discords_sentence_and_code)
{
    struct rig *r = rig_new();
    struct got *g = rig_do(r, "GET", "/channels/77/forbidden", false);

    CHECK_INT(g->err, CORDAGE_EHTTP);
    CHECK_INT(g->status, 403);
    CHECK_INT(g->code, 50001);
    assert_string_equal(g->message,
                        "Discord answered GET /channels/:id/forbidden with HTTP "
                        "403: Missing Access (code 50001).");
    CHECK_INT(rig_do(r, "GET", "/redirect", false)->err, CORDAGE_EHTTP);
    CHECK_INT(r->got[1].status, 301);
    CHECK_INT(peer_count(r->peer), 2);
    rig_free(r);
}

TEST(fifty_a_second_and_no_more)
{
    struct rig *r = rig_new();
    char path[64];
    double began;

    for (int i = 0; i < 120; i++) {
        snprintf(path, sizeof path, "/channels/%d", 1000 + i);
        rig_send(r, "GET", path, "", false);
    }
    began = now_ms();
    rig_run(r);
    CHECK(now_ms() - began >= 2000);
    CHECK_INT(peer_count(r->peer), 120);
    rig_free(r);
}

TEST(the_queue_has_an_end)
{
    struct rig *r = rig_new();

    for (int i = 0; i < LIMIT_REST_QUEUE; i++)
        rig_send(r, "POST", i % 2 ? "/channels/1/messages" : "/channels/2/messages", "{}",
                 true);
    CHECK_INT(rig_try(r, "GET", "/users/@me", "", false), CORDAGE_EFULL);
    CHECK_INT(rig_try(r, "GET", "no slash", "", false), CORDAGE_EINVAL);
    CHECK_INT(rig_try(r, "GET", "/a b", "", false), CORDAGE_EINVAL);
    CHECK_INT(r->n, 0);
    rest_free(r->rest);
    r->rest = NULL;
    CHECK_INT(r->n, LIMIT_REST_QUEUE);
    CHECK_INT(r->got[0].err, CORDAGE_ECLOSED);
    rig_free(r);
}

TEST(a_stop_ends_everything_once_wherever_it_is)
{
    struct rig *r = rig_new();

    /* Under way, waiting behind it, waiting for a time. */
    CHECK_INT(rig_do(r, "GET", "/users/@me", false)->err, 0);
    for (int i = 0; i < 5; i++)
        rig_send(r, "POST", "/channels/1/silence", "{}", true);
    rig_send(r, "GET", "/limit-user", "", false);
    rig_send(r, "GET", "/lost-always", "", false);
    while (peer_count(r->peer) < 4)
        uv_run(loop_uv(r->loop), UV_RUN_ONCE);
    CHECK_INT(r->n, 1);
    rest_free(r->rest);
    r->rest = NULL;
    CHECK_INT(r->n, 8);
    for (int i = 1; i < 8; i++)
        CHECK_INT(r->got[i].err, CORDAGE_ECLOSED);
    rig_free(r);
}

TEST(a_callback_may_send_and_may_free)
{
    struct rig *r = rig_new();

    r->send_inside = true;
    rig_send(r, "GET", "/users/@me", "", false);
    rig_run(r);
    CHECK_INT(r->n, 2);
    CHECK_INT(r->got[1].err, 0);
    for (int i = 0; i < 20; i++)
        rig_send(r, "GET", i % 2 ? "/users/1" : "/users/@me", "", false);
    r->free_inside = true;
    loop_run(r->loop);
    CHECK_INT(r->n, 22);
    CHECK_INT(r->got[2].err, 0);
    for (int i = 3; i < 22; i++)
        CHECK_INT(r->got[i].err, CORDAGE_ECLOSED);
    rig_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_request_is_sent_with_the_token_and_who_we_are),
        T(one_routes_requests_arrive_in_order_and_within_its_limit),
        T(order_is_kept_across_a_429_and_a_lost_answer),
        T(a_429_of_one_route_holds_up_that_route_alone),
        T(a_share_of_the_global_limit_is_kept_to),
        T(a_share_of_the_refused_requests_stops_the_rest),
        T(a_global_429_holds_up_all_but_answers_to_interactions),
        T(a_banned_address_waits_with_everything),
        T(a_5xx_is_tried_again_where_that_is_safe),
        T(a_lost_connection_is_tried_again_where_that_is_safe),
        T(what_never_left_is_tried_again_whatever_it_is),
        T(a_refused_certificate_is_told_at_once),
        T(after_a_401_the_token_is_not_used_again),
        T(a_webhooks_401_says_nothing_about_the_token),
        T(an_error_has_discords_sentence_and_code),
        T(fifty_a_second_and_no_more),
        T(the_queue_has_an_end),
        T(a_stop_ends_everything_once_wherever_it_is),
        T(a_callback_may_send_and_may_free),
    };
    int failed;

    certs_make(&certs);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    certs_remove(&certs);
    return failed;
}
