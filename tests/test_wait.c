/* Waiting for one event: met, timed out, closed; by callback and by a thread. */
#include "discord.h"

#include <stdatomic.h>

#include "client.h"
#include "object.h"

static cordage_client *client_never_run(void)
{
    cordage_options options = CORDAGE_OPTIONS_INIT;
    cordage_error error;
    cordage_client *c;

    options.token = "a.b.c";
    CHECK_INT(cordage_client_new(&options, &c, &error), 0);
    return c;
}

/* What `done` was told. */
struct told {
    atomic_uint n, matches;
    int err;
    cordage_id guild_id;
    cordage_id wanted;
    const cordage_event *event;
};

static void on_done(cordage_client *c, const cordage_event *event, int err, void *user)
{
    struct told *t = user;

    (void)c;
    t->err = err;
    t->guild_id = event ? event->guild_id : 0;
    if (event)
        t->event = cordage_event_ref(event);
    t->n++;
}

static bool is_wanted(const cordage_event *event, void *user)
{
    struct told *t = user;

    t->matches++;
    return event->guild_id == t->wanted;
}

/* A typing event as it comes in on a shard's loop. */
static void come_in(cordage_client *c, cordage_id guild_id)
{
    struct json_parser *parser = json_parser_new();
    struct buf payload = { 0 };
    struct event_text text;
    cordage_json root;
    cordage_event event = { .type = CORDAGE_EVENT_TYPING_START, .guild_id = guild_id };

    buf_printf(&payload, "{\"t\":\"TYPING_START\",\"d\":{\"guild_id\":\"%llu\"}}",
               (unsigned long long)guild_id);
    text = (struct event_text){ .payload = buf_str(&payload) };
    CHECK_INT(json_parse(parser, text.payload, &root), 0);
    event.data = json_get(root, "d");
    event.origin = &text;
    if (waits_want(&c->waits, event.type))
        waits_match(&c->waits, &event);
    json_parser_free(parser);
    buf_release(&payload);
}

/* ---- Without a network
 * ------------------------------------------------------------------
 */

TEST(the_first_event_that_matches_is_handed_over_once)
{
    cordage_client *c = client_never_run();
    struct told t = { .wanted = 7 };
    cordage_typing typing;

    CHECK(!waits_want(&c->waits, CORDAGE_EVENT_TYPING_START));
    CHECK_INT(cordage_wait_for(c, CORDAGE_EVENT_TYPING_START, is_wanted, &t, 1000,
                               on_done, &t),
              0);
    CHECK(waits_want(&c->waits, CORDAGE_EVENT_TYPING_START));
    CHECK(!waits_want(&c->waits, CORDAGE_EVENT_MESSAGE_CREATE));
    come_in(c, 6);
    come_in(c, 7);
    CHECK(!waits_want(&c->waits, CORDAGE_EVENT_TYPING_START));
    come_in(c, 7);
    CHECK_INT(t.matches, 2);
    cordage_client_free(c); /* whose control loop hands it over */
    CHECK_INT(t.n, 1);
    CHECK_INT(t.err, 0);
    CHECK_INT(t.guild_id, 7);
    cordage_read_typing(t.event->data, &typing);
    CHECK_INT(typing.guild_id, 7);
    cordage_unref(t.event);
}

TEST(one_event_may_end_several_waits)
{
    cordage_client *c = client_never_run();
    struct told t[3] = { { .wanted = 7 }, { .wanted = 8 }, { .wanted = 7 } };

    for (int i = 0; i < 3; i++)
        CHECK_INT(cordage_wait_for(c, CORDAGE_EVENT_TYPING_START, is_wanted, &t[i], 0,
                                   on_done, &t[i]),
                  0);
    come_in(c, 7);
    cordage_client_free(c);
    for (int i = 0; i < 3; i++) {
        CHECK_INT(t[i].n, 1);
        CHECK_INT(t[i].err, i == 1 ? CORDAGE_ECLOSED : 0);
        cordage_unref(t[i].event);
    }
}

static bool wait_for_another(const cordage_event *event, void *user)
{
    cordage_client *c = user;
    static struct told another = { .wanted = 9 };

    (void)event;
    return cordage_wait_for(c, CORDAGE_EVENT_TYPING_START, is_wanted, &another, 0,
                            on_done, &another) == 0;
}

TEST(a_match_may_begin_another_wait)
{
    cordage_client *c = client_never_run();
    struct told t = { 0 };

    CHECK_INT(cordage_wait_for(c, CORDAGE_EVENT_TYPING_START, wait_for_another, c, 0,
                               on_done, &t),
              0);
    come_in(c, 7);
    CHECK(waits_want(&c->waits, CORDAGE_EVENT_TYPING_START));
    cordage_client_free(c);
    CHECK_INT(t.n, 1);
    cordage_unref(t.event);
}

TEST(a_client_that_never_runs_ends_its_waits)
{
    cordage_client *c = client_never_run();
    struct told t = { 0 };

    CHECK_INT(cordage_wait_for(c, CORDAGE_EVENT_READY, NULL, NULL, 10, on_done, &t), 0);
    CHECK_INT(t.n, 0);
    cordage_client_free(c);
    CHECK_INT(t.n, 1);
    CHECK_INT(t.err, CORDAGE_ECLOSED);
    assert_null(t.event);
}

TEST(a_wait_that_makes_no_sense_is_refused)
{
    cordage_client *c = client_never_run();
    const cordage_event *event = (const cordage_event *)c;
    struct told t = { 0 };

    CHECK_INT(cordage_wait_for(c, CORDAGE_EVENT_READY, NULL, NULL, 10, NULL, &t),
              CORDAGE_EINVAL);
    CHECK_INT(cordage_wait_for(c, CORDAGE_N_EVENTS, NULL, NULL, 10, on_done, &t),
              CORDAGE_EINVAL);
    CHECK_INT(cordage_wait_for_sync(c, CORDAGE_N_EVENTS, NULL, NULL, 10, &event),
              CORDAGE_EINVAL);
    assert_null(event);
    waits_close(&c->waits);
    CHECK_INT(cordage_wait_for(c, CORDAGE_EVENT_READY, NULL, NULL, 10, on_done, &t),
              CORDAGE_ECLOSED);
    CHECK_INT(cordage_wait_for_sync(c, CORDAGE_EVENT_READY, NULL, NULL, 10, &event),
              CORDAGE_ECLOSED);
    cordage_client_free(c);
    CHECK_INT(t.n, 0);
}

/* ---- In a bot that runs
 * -------------------------------------------------------------------
 */

struct bot {
    struct discord *discord;
    cordage_client *client;
    atomic_uint met, timed_out, closed, deadlock, other, ready;
    struct told told;
};

static void run_bot(struct bot *b, int handler_threads, void (*prepare)(struct bot *b))
{
    struct discord d;
    cordage_options options;
    cordage_error error;

    discord_init(&d);
    discord_start(&d);
    b->discord = &d;
    options = discord_options(&d);
    options.shard_count = 2;
    options.loop_threads = 2;
    options.handler_threads = handler_threads;
    if (cordage_client_new(&options, &b->client, &error) < 0)
        fail_msg("%s", error.message);
    prepare(b);
    CHECK_INT(cordage_client_run(b->client), 0);
    cordage_client_free(b->client);
    discord_stop(&d);
    discord_expect_no_broken_rules(&d);
    discord_release(&d);
}

static void count(struct bot *b, int err)
{
    b->met += err == 0;
    b->timed_out += err == CORDAGE_ETIMEOUT;
    b->closed += err == CORDAGE_ECLOSED;
    b->deadlock += err == CORDAGE_EDEADLOCK;
    b->other += err != 0 && err != CORDAGE_ETIMEOUT && err != CORDAGE_ECLOSED &&
                err != CORDAGE_EDEADLOCK;
}

static bool is_answer(const cordage_event *event, void *user)
{
    cordage_json content = cordage_json_get(event->data, "content");

    (void)user;
    return cordage_str_is(cordage_json_string(content), "yes");
}

/* Asks in a guild, and waits right in the guild's own lane. */
static void ask(cordage_client *c, const cordage_message *m, void *user)
{
    struct bot *b = user;
    const cordage_event *event;

    if (!cordage_str_is(m->content, "sure?"))
        return;
    discord_say(b->discord, 0, "no");
    discord_say(b->discord, 0, "yes");
    count(b, cordage_wait_for_sync(c, CORDAGE_EVENT_MESSAGE_CREATE, is_answer, NULL,
                                   30000, &event));
    if (event && !is_answer(event, NULL))
        b->other++;
    cordage_unref(event);
    cordage_client_stop(c);
}

static void say_when_ready(cordage_client *c, const cordage_ready *ready, void *user)
{
    struct bot *b = user;

    (void)c;
    if (++b->ready == ready->shard_count)
        discord_say(b->discord, 0, "sure?");
}

static void prepare_ask(struct bot *b)
{
    cordage_on_ready(b->client, say_when_ready, b);
    cordage_on_message_create(b->client, ask, b);
}

/* "yes" may come before the wait begins: then it times out, as it should. So the question
 * is when the answer is said only after that. */
static void *answer_later(void *user)
{
    struct bot *b = user;

    while (!waits_want(&b->client->waits, CORDAGE_EVENT_MESSAGE_CREATE))
        sched_yield();
    discord_say(b->discord, 0, "no");
    discord_say(b->discord, 0, "yes");
    return NULL;
}

static void ask_first(cordage_client *c, const cordage_message *m, void *user)
{
    struct bot *b = user;
    const cordage_event *event;
    pthread_t thread;

    if (!cordage_str_is(m->content, "sure?"))
        return;
    pthread_create(&thread, NULL, answer_later, b);
    count(b, cordage_wait_for_sync(c, CORDAGE_EVENT_MESSAGE_CREATE, is_answer, NULL,
                                   60000, &event));
    if (!event || !is_answer(event, NULL))
        b->other++;
    cordage_unref(event);
    pthread_join(thread, NULL);
    cordage_client_stop(c);
}

static void prepare_ask_first(struct bot *b)
{
    cordage_on_ready(b->client, say_when_ready, b);
    cordage_on_message_create(b->client, ask_first, b);
}

TEST(a_handler_waits_for_an_event_of_its_own_guild)
{
    struct bot b = { 0 };

    run_bot(&b, 1,
            prepare_ask_first); /* the only thread: nothing else can run meanwhile */
    CHECK_INT(b.met, 1);
    CHECK_INT(b.other, 0);
}

TEST(a_loop_must_not_wait)
{
    struct bot b = { 0 };

    run_bot(&b, 0, prepare_ask);
    CHECK_INT(b.deadlock, 1);
    CHECK_INT(b.other + b.met, 0);
}

static void stop_when_done(cordage_client *c, const cordage_event *event, int err,
                           void *user)
{
    struct bot *b = user;

    b->other += event != NULL;
    count(b, err);
    cordage_client_stop(c);
}

static void prepare_timeout(struct bot *b)
{
    CHECK_INT(cordage_wait_for(b->client, CORDAGE_EVENT_WEBHOOKS_UPDATE, NULL, NULL, 300,
                               stop_when_done, b),
              0);
}

TEST(what_does_not_come_in_time_is_told)
{
    for (int threads = 0; threads < 2; threads++) {
        struct bot b = { 0 };

        run_bot(&b, threads, prepare_timeout);
        CHECK_INT(b.timed_out, 1);
        CHECK_INT(b.other, 0);
    }
}

static void wait_in_vain(cordage_client *c, const cordage_ready *ready, void *user)
{
    struct bot *b = user;
    const cordage_event *event;

    if (++b->ready == ready->shard_count) {
        count(b, cordage_wait_for_sync(c, CORDAGE_EVENT_WEBHOOKS_UPDATE, NULL, NULL, 200,
                                       &event));
        cordage_client_stop(c);
        return;
    }
    /* Without a time-out: until the client stops. */
    count(b,
          cordage_wait_for_sync(c, CORDAGE_EVENT_WEBHOOKS_UPDATE, NULL, NULL, 0, &event));
}

static void prepare_vain(struct bot *b)
{
    cordage_on_ready(b->client, wait_in_vain, b);
}

TEST(a_stop_ends_all_waits)
{
    struct bot b = { 0 };

    run_bot(&b, 2, prepare_vain);
    CHECK_INT(b.timed_out, 1);
    CHECK_INT(b.closed, 1);
    CHECK_INT(b.other + b.met, 0);
}

/* ---- Many at once
 * ---------------------------------------------------------------------------
 */

enum { THREADS = 4, ROUNDS = 200 };

struct storm {
    struct bot *bot;
    atomic_uint running, done;
    atomic_bool over;
    pthread_t threads[THREADS + 1];
};

static bool sometimes(const cordage_event *event, void *user)
{
    (void)user;
    return event->sequence % 3 == 0;
}

static void count_done(cordage_client *c, const cordage_event *event, int err, void *user)
{
    struct storm *s = user;

    (void)c;
    count(s->bot, err);
    s->bot->other += (event != NULL) != (err == 0);
    s->done++;
}

static void *wait_often(void *user)
{
    struct storm *s = user;
    cordage_client *c = s->bot->client;

    for (int i = 0; i < ROUNDS; i++) {
        const cordage_event *event = NULL;

        if (cordage_wait_for(c, CORDAGE_EVENT_MESSAGE_CREATE, sometimes, NULL,
                             1 + (uint32_t)i % 40, count_done, s) < 0)
            s->done++;
        if (i % 4 == 0)
            cordage_wait_for_sync(c, CORDAGE_EVENT_MESSAGE_CREATE, sometimes, NULL,
                                  1 + (uint32_t)i % 20, &event);
        cordage_unref(event);
    }
    if (--s->running == 0) {
        s->over = true;
        pthread_join(s->threads[THREADS], NULL);
        cordage_client_stop(c);
    }
    return NULL;
}

static void *talk(void *user)
{
    struct storm *s = user;
    uint32_t guild = 0;

    while (!s->over)
        discord_say(s->bot->discord, guild++ % 4, "on and on");
    return NULL;
}

static struct storm storm;

static void begin_storm(cordage_client *c, const cordage_ready *ready, void *user)
{
    (void)c, (void)user;
    if (++storm.bot->ready != ready->shard_count)
        return;
    pthread_create(&storm.threads[THREADS], NULL, talk, &storm);
    for (int i = 0; i < THREADS; i++)
        pthread_create(&storm.threads[i], NULL, wait_often, &storm);
}

static void prepare_storm(struct bot *b)
{
    storm.bot = b;
    storm.running = THREADS;
    cordage_on_ready(b->client, begin_storm, NULL);
}

TEST(threads_wait_while_events_come_and_time_runs_out)
{
    struct bot b = { 0 };

    run_bot(&b, 2, prepare_storm);
    for (int i = 0; i < THREADS; i++)
        pthread_join(storm.threads[i], NULL);
    CHECK_INT(storm.done, THREADS * ROUNDS);
    CHECK_INT(b.other, 0);
    CHECK(b.met > 0);
}

static int set_speed(void **state)
{
    char speed[16];

    (void)state;
    snprintf(speed, sizeof speed, "%d", SPEED);
    return setenv("CORDAGE_TEST_SPEED", speed, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(the_first_event_that_matches_is_handed_over_once),
        T(one_event_may_end_several_waits),
        T(a_match_may_begin_another_wait),
        T(a_client_that_never_runs_ends_its_waits),
        T(a_wait_that_makes_no_sense_is_refused),
        T(a_handler_waits_for_an_event_of_its_own_guild),
        T(a_loop_must_not_wait),
        T(what_does_not_come_in_time_is_told),
        T(a_stop_ends_all_waits),
        T(threads_wait_while_events_come_and_time_runs_out),
    };

    return cmocka_run_group_tests(tests, set_speed, NULL);
}
