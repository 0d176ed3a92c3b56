/* The simulator's model, each allocation failing in turn: what can't be told to a client
 * in full ends its session; the model goes on. */
#include "alloc.h"

#include <stdio.h>
#include <string.h>

#include "sim.h"

enum { CHANGES = 60 };

struct visitor {
    struct sim_conn *conn;
    unsigned n_payloads;
    int close_code;
    char session_id[40];
};

static void on_send(void *user, struct str payload)
{
    struct visitor *v = user;
    size_t at = str_find(payload, STR("\"session_id\":\""));

    v->n_payloads++;
    if (str_starts(payload, STR("{\"t\":\"READY\"")))
        snprintf(v->session_id, sizeof v->session_id, "%.32s", payload.p + at + 14);
}

static void on_close(void *user, int code, const char *reason)
{
    ((struct visitor *)user)->close_code = code;
    (void)reason;
}

static void on_reset(void *user)
{
    ((struct visitor *)user)->close_code = -1;
}

static void on_nothing(void *user)
{
    (void)user;
}

static void on_split(void *user, uint64_t seed, bool messages)
{
    (void)user;
    (void)seed;
    (void)messages;
}

static const struct sim_conn_ops ops = { on_send,    on_close, on_reset,
                                         on_nothing, on_split, NULL };

static void say(struct visitor *v, const char *text, uint64_t now)
{
    if (v->conn)
        sim_receive(v->conn, str_of(text), false, now);
}

static void identify(struct visitor *v, uint64_t now)
{
    say(v,
        "{\"op\":2,\"d\":{\"token\":\"t\",\"properties\":{},\"intents\":53608447,"
        "\"shard\":[0,1],\"presence\":{\"status\":\"idle\",\"activities\":[]}}}",
        now);
}

/* All that a client may ask for, and what a REST request may do. */
static void ask_for_everything(struct sim *s, struct visitor *v, uint64_t now)
{
    struct world_guild *g = &sim_world(s)->guilds[0];
    struct sim_message m = { .guild = g, .channel_id = world_channel_id(g, 1) };
    struct buf body = { 0 };
    char text[300];

    snprintf(text, sizeof text,
             "{\"op\":8,\"d\":{\"guild_id\":\"%llu\",\"query\":\"\",\"limit\":0}}",
             (unsigned long long)g->id);
    say(v, text, now);
    say(v, text, now); /* RATE_LIMITED */
    snprintf(text, sizeof text,
             "{\"op\":4,\"d\":{\"guild_id\":\"%llu\",\"channel_id\":\"%llu\","
             "\"self_mute\":true,\"self_deaf\":false}}",
             (unsigned long long)g->id,
             (unsigned long long)world_channel_id(g, g->n_text + 1));
    say(v, text, now);
    m.content = STR("hello");
    sim_say(s, &m, now, &body, NULL);
    sim_dispatch(s, "X", 0, g, STR("{}"), now);
    buf_release(&body);
}

/* A session that is lost and resumed, with traffic all along; then the report. */
static int live(struct sim *s)
{
    struct visitor a = { 0 }, b = { 0 };
    struct buf report = { 0 };
    struct json_writer w;
    char text[200];
    cordage_error error;
    size_t n;
    int err;

    a.conn = sim_connect(s, "v=10&encoding=json", false, &ops, &a, 1000);
    identify(&a, 1000);
    for (uint64_t now = 1000; now < 1400; now += 50)
        sim_tick(s, now);
    ask_for_everything(s, &a, 1400);
    err = sim_fault(s, STR("{\"kind\":\"reset\"}"), 1400, &n, &error);
    if (a.conn)
        sim_disconnected(a.conn, 1006, 1400);
    sim_tick(s, 1500);
    b.conn = sim_connect(s, "v=10&encoding=json", true, &ops, &b, 1500);
    snprintf(text, sizeof text,
             "{\"op\":6,\"d\":{\"token\":\"t\",\"session_id\":\"%s\",\"seq\":3}}",
             a.session_id);
    say(&b, text, 1500);
    say(&b, "{\"op\":99,\"d\":{}}", 1500); /* a broken rule */
    sim_tick(s, 2000);
    if (b.conn)
        sim_disconnected(b.conn, 1000, 2000);
    json_begin(&w, &report);
    sim_write_report(s, &w, true, 2000);
    if (json_end(&w) < 0)
        err = CORDAGE_ENOMEM;
    buf_release(&report);
    return err;
}

static int run(void *user)
{
    struct sim_config config;
    cordage_error error;
    struct sim *s;
    int err;

    (void)user;
    sim_config_default(&config);
    config.token = "t";
    config.guilds = 2;
    config.guilds_per_s = 5;
    config.members = 20;
    config.traffic = 50;
    config.gateway_url = "wss://localhost:1";
    config.resume_url = "wss://localhost:2";
    err = sim_new(&config, 1000, 0, &s, &error);
    if (err) {
        assert_null(s);
        return err;
    }
    err = live(s);
    sim_free(s);
    return err;
}

/* A world that changes before the eyes of a session. */
static int change(void *user)
{
    struct visitor v = { 0 };
    struct sim_config config;
    cordage_error error;
    struct sim *s;
    int err;

    (void)user;
    sim_config_default(&config);
    config.token = "t";
    config.bots = 2;
    config.guilds = 1;
    config.members = 8;
    err = sim_new(&config, 1000, 0, &s, &error);
    if (err)
        return err;
    v.conn = sim_connect(s, "v=10&encoding=json", false, &ops, &v, 1000);
    identify(&v, 1000);
    sim_tick(s, 1100);
    sim_live(s, 100, CHANGES, 1100);
    for (uint64_t now = 1100; now < 2000; now += 50)
        sim_tick(s, now);
    sim_kick_bot(s, sim_app(s, 0), &sim_world(s)->guilds[0], 2000);
    sim_add_bot(s, sim_app(s, 0), &sim_world(s)->guilds[0], 2000);
    if (v.conn)
        sim_disconnected(v.conn, 1000, 2000);
    sim_free(s);
    return 0;
}

/* Strange events, and many. */
static int misuse(void *user)
{
    static const char *const faults[] = { "{\"kind\":\"unknown_keys\",\"count\":3}",
                                          "{\"kind\":\"duplicate\"}",
                                          "{\"kind\":\"unknown_event\"}",
                                          "{\"kind\":\"giant_guild\",\"bytes\":20000}",
                                          "{\"kind\":\"token_reset\"}" };
    struct sim_blast_wish wish = { .count = 70, .all = true };
    struct visitor v = { 0 };
    struct sim_config config;
    cordage_error error;
    struct sim *s;
    size_t n;
    int err;

    (void)user;
    sim_config_default(&config);
    config.token = "t";
    config.guilds = 1;
    config.members = 8;
    err = sim_new(&config, 1000, 0, &s, &error);
    if (err)
        return err;
    v.conn = sim_connect(s, "v=10&encoding=json", false, &ops, &v, 1000);
    identify(&v, 1000);
    sim_tick(s, 1100);
    sim_blast(s, &wish, 1100, &n);
    sim_tick(s, 1200);
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        sim_fault(s, str_of(faults[i]), 1200, &n, &error);
    if (v.conn)
        sim_disconnected(v.conn, 1000, 2000);
    sim_free(s);
    return 0;
}

TEST(faults_and_load_survive_every_failed_allocation)
{
    CHECK(alloc_each(misuse, NULL) > 50);
}

TEST(the_world_survives_every_failed_allocation)
{
    CHECK(alloc_each(change, NULL) > 300);
}

TEST(the_model_survives_every_failed_allocation)
{
    CHECK(alloc_each(run, NULL) > 100);
}

RUN_TESTS(T(the_model_survives_every_failed_allocation),
          T(the_world_survives_every_failed_allocation),
          T(faults_and_load_survive_every_failed_allocation))
