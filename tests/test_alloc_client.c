#include "cordage/cordage.h"

#include <string.h>

#include "alloc.h"
#include "client.h"
#include "delivery.h"
#include "gate_link.h"
#include "object.h"
#include "vhost.h"

static void on_event(cordage_client *c, const cordage_event *event, void *user)
{
    (void)c, (void)event, (void)user;
}

static void log_nothing(cordage_log_level level, const char *line, void *user)
{
    (void)level, (void)line, (void)user;
}

static void on_tick(cordage_client *c, void *user)
{
    (void)c, (void)user;
}

static void count_done(cordage_client *c, const cordage_result *result, void *user)
{
    int *n = user;

    (void)c;
    CHECK_INT(result->err, CORDAGE_ECLOSED);
    (*n)++;
}

/* Keeps an event, as a handler would. */
static int keep_event(void)
{
    static const char payload[128] = "{\"t\":\"READY\",\"d\":{\"v\":10}}";
    struct event_text text = { .payload = str_of(payload) };
    cordage_event event = { .type = CORDAGE_EVENT_READY, .origin = &text };
    const cordage_event *kept = cordage_event_ref(&event);
    int version;

    if (!kept)
        return CORDAGE_ENOMEM;
    version = (int)cordage_json_int(cordage_json_get(kept->data, "v"), 0);
    cordage_unref(kept);
    return version == 10 ? 0 : CORDAGE_EPARSE;
}

static void count_wait(cordage_client *c, const cordage_event *event, int err, void *user)
{
    int *n = user;

    (void)c, (void)event;
    CHECK_INT(err, CORDAGE_ECLOSED);
    (*n)++;
}

static int ask_members(cordage_client *c, int *n_done, int *n_asked)
{
    cordage_members_request members = { .guild_id = 1u << 22,
                                        .query = "ann",
                                        .limit = 5 };
    int err = cordage_request_guild_members(c, &members, count_done, n_done);

    *n_asked += err == 0;
    return err;
}

/* Everything that can be asked of a client that is never run. */
static int use(cordage_client *c)
{
    int n_done = 0, n_asked = 0, n_waits = 0, n_waited = 0, err, id;

    id = cordage_on_any(c, on_event, NULL);
    err = id < 0 ? id : cordage_off(c, id); /* which needs no memory */
    if (!err)
        err = id = cordage_every(c, 1000, on_tick, NULL);
    if (id > 0)
        err = cordage_create_message(c, 5, "hello", count_done, &n_done);
    if (id > 0 && !err)
        n_asked++;
    if (!err)
        err = cordage_update_voice_state(c, 1u << 22, 2, false, true);
    if (!err)
        err = ask_members(c, &n_done, &n_asked);
    if (!err)
        err = cordage_update_presence(c, "idle", 4, "resting");
    if (!err)
        err = keep_event();
    if (!err) {
        err =
            cordage_wait_for(c, CORDAGE_EVENT_READY, NULL, NULL, 5, count_wait, &n_waits);
        n_waited += err == 0;
    }
    cordage_client_stop(c);
    cordage_client_free(c);
    CHECK_INT(n_done, n_asked);
    CHECK_INT(n_waits, n_waited);
    return err;
}

static int make_and_use(void *user)
{
    cordage_options options = CORDAGE_OPTIONS_INIT;
    cordage_error error = { 0 };
    cordage_client *c;
    int err;

    (void)user;
    options.token = "abc.def.ghi";
    options.activity = "with memory";
    options.shard_count = 4;
    options.handler_threads = 2;
    err = cordage_client_new(&options, &c, &error);
    if (err) {
        assert_null(c);
        CHECK_INT(error.code, err);
        CHECK(strlen(error.message) > 0);
        /* libuv and OpenSSL have causes of their own. */
        return err == CORDAGE_ESYSTEM || err == CORDAGE_ETLS ? CORDAGE_ENOMEM : err;
    }
    return use(c);
}

static void be_worker(bool is)
{
    static const char *const names[] = { "CORDAGE_LINK", "CORDAGE_WORKER",
                                         "CORDAGE_GENERATION", "CORDAGE_STATE_DIR" };
    static const char *const values[] = { "/state/link.sock", "1", "2", "/state" };

    for (int i = 0; i < 4; i++) {
        if (is)
            setenv(names[i], values[i], 1);
        else
            unsetenv(names[i]);
    }
}

TEST(so_is_a_worker)
{
    be_worker(true);
    CHECK(alloc_each(make_and_use, NULL) > 10);
    be_worker(false);
}

static void say_nothing(void *user, enum link_type type, const struct link_slot *slot)
{
    (void)user, (void)type, (void)slot;
}

static int make_gate(void *user)
{
    const struct gate_mouth mouth = { say_nothing, NULL };
    struct vhost v;
    struct gate *g;
    int err;

    (void)user;
    alloc_held = true;
    vhost_init(&v, 1);
    alloc_held = false;
    err = gate_link_new(&v.host, &mouth, &g);
    CHECK((err != 0) == (g == NULL));
    gate_free(g);
    alloc_held = true;
    vhost_release(&v);
    alloc_held = false;
    return err;
}

TEST(a_workers_gate_that_gets_no_memory_is_not_made)
{
    CHECK(alloc_each(make_gate, NULL) >= 3);
}

TEST(a_client_is_made_and_used_with_each_allocation_failing)
{
    CHECK(alloc_each(make_and_use, NULL) > 10);
}

static int feed_chunk(struct gather_book *b, struct json_parser *parser, uint64_t nonce,
                      int index)
{
    struct gather_event e = { .type = CORDAGE_EVENT_GUILD_MEMBERS_CHUNK };
    char text[512] = "";
    cordage_json root;
    int err;

    snprintf(text, sizeof text - BUF_SLACK,
             "{\"d\":{\"members\":[1],\"presences\":[2],\"not_found\":[3],"
             "\"chunk_index\":%d,\"chunk_count\":2,\"nonce\":\"%016llx\"}}",
             index, (unsigned long long)nonce);
    e.payload = str_of(text);
    err = json_parse(parser, e.payload, &root);
    e.d = json_get(root, "d");
    if (!err)
        gather_take(b, &e, 0);
    return err;
}

/* A question, two chunks, and the result. */
static int ask_and_gather(void *user)
{
    const struct members_fields fields = { .guild_id = 5,
                                           .query = "",
                                           .presences = true };
    struct json_parser *parser = json_parser_new();
    struct gather g = { 0 }, *over = NULL;
    struct buf payload = { 0 }, result = { 0 };
    struct gather_book b;
    int err = parser ? 0 : CORDAGE_ENOMEM;

    (void)user;
    gather_book_init(&b, 1);
    if (!err)
        err = gather_init_members(&g, &fields);
    if (!err) {
        gather_add(&b, &g);
        assert_ptr_equal(gather_next(&b, 0), &g);
        err = gather_write(&g, &payload);
        gather_sent(&b, g.nonce, true, 0);
        for (int i = 0; i < 2 && !err; i++)
            err = feed_chunk(&b, parser, g.nonce, i);
        /* What could not be kept has ended it, with the reason. */
        gather_end(&b, CORDAGE_ECLOSED, "the end");
        over = gather_pop_over(&b);
        assert_ptr_equal(over, &g);
        if (!err)
            err = g.err ? g.err : gather_result(&g, &result);
        CHECK(!g.err || g.why[0]);
    }
    gather_book_release(&b);
    gather_release(&g);
    buf_release(&payload);
    buf_release(&result);
    json_parser_free(parser);
    return err;
}

TEST(an_answer_is_gathered_with_each_allocation_failing)
{
    CHECK(alloc_each(ask_and_gather, NULL) > 5);
}

/* Three shards on two loops, whose threads are not started. */
static int make_crew(void *user)
{
    const struct shard_range range = { .first = 1, .last = 3, .count = 4 };
    cordage_options options = CORDAGE_OPTIONS_INIT;
    cordage_error error = { 0 };
    cordage_shard_info info;
    cordage_client *c;
    int err;

    (void)user;
    options.token = "abc.def.ghi";
    options.activity = "with memory";
    options.loop_threads = 2;
    options.handler_threads = 0;
    err = cordage_client_new(&options, &c, &error);
    if (err)
        return err == CORDAGE_ESYSTEM || err == CORDAGE_ETLS ? CORDAGE_ENOMEM : err;
    strcpy(c->gateway_url, "wss://gateway.discord.gg");
    err = lanes_new(0, NULL, &c->lanes);
    if (!err)
        err = crew_make(c, &range, true, &error);
    if (!err) {
        c->has_crew = true;
        CHECK_INT(c->crew.n_shards, 3);
        CHECK_INT(cordage_shard_status(c, 2, &info), 0);
        CHECK_INT(info.state, CORDAGE_SHARD_WAITING);
        CHECK_INT(cordage_shard_status(c, 0, &info), CORDAGE_ENOTFOUND);
    }
    crew_end(c);
    cordage_client_free(c);
    return err == CORDAGE_ESYSTEM ? CORDAGE_ENOMEM : err;
}

TEST(a_crew_is_made_with_each_allocation_failing)
{
    CHECK(alloc_each(make_crew, NULL) > 20);
}

/* ---- An event on its way --------------------------------------------------------------
 */

struct ride {
    cordage_client *client;
    unsigned calls, deletes, with_old;
};

static void on_ride(cordage_client *c, const cordage_event *event, void *user)
{
    struct ride *ride = user;

    (void)c;
    ride->calls++;
    ride->deletes += event->type == CORDAGE_EVENT_GUILD_DELETE && event->sequence == 0;
    ride->with_old += cordage_json_type_of(event->old) == CORDAGE_JSON_OBJECT;
}

/* Brings an event to shard 1, and once more if there was no memory for it. */
static void bring(struct ride *ride, const char *name, const char *d)
{
    struct crew_shard *s = &ride->client->crew.shards[0];
    struct buf payload = { 0 };
    struct dispatch event = { .name = str_of(name), .seq = 5 };
    unsigned before = ride->calls;
    bool held = alloc_held;

    alloc_held = true;
    buf_printf(&payload, "{\"t\":\"%s\",\"s\":5,\"op\":0,\"d\":%s}", name, d);
    event.payload = buf_str(&payload);
    alloc_held = held;
    delivery_take(s, &event);
    if (ride->calls == before)
        delivery_take(s, &event);
    CHECK(ride->calls > before);
    alloc_held = true;
    buf_release(&payload);
    alloc_held = held;
}

/* A crew whose handlers run on the loops, with a cache. */
static cordage_client *client_for_rides(struct ride *ride)
{
    const struct shard_range range = { .first = 1, .last = 1, .count = 4 };
    cordage_options options = CORDAGE_OPTIONS_INIT;
    cordage_error error;
    cordage_client *c;

    options.token = "abc.def.ghi";
    options.handler_threads = 0;
    options.log = log_nothing;
    CHECK_INT(cordage_client_new(&options, &c, &error), 0);
    strcpy(c->gateway_url, "wss://gateway.discord.gg");
    CHECK_INT(lanes_new(0, NULL, &c->lanes), 0);
    CHECK_INT(crew_make(c, &range, true, &error), 0);
    CHECK(cordage_on_any(c, on_ride, ride) > 0);
    return c;
}

static int ride_along(void *user)
{
    struct ride ride = { 0 };

    (void)user;
    alloc_held = true;
    ride.client = client_for_rides(&ride);
    alloc_held = false;
    bring(&ride, "READY",
          "{\"user\":{\"id\":\"9\"},\"guilds\":[{\"id\":\"4\",\"unavailable\":true}]}");
    bring(&ride, "GUILD_CREATE",
          "{\"id\":\"4\",\"name\":\"Quay\",\"roles\":[{\"id\":\"6\",\"name\":\"old\"}],"
          "\"channels\":[],\"members\":[],\"member_count\":1}");
    bring(&ride, "GUILD_ROLE_UPDATE",
          "{\"guild_id\":\"4\",\"role\":{\"id\":\"6\",\"name\":\"new\"}}");
    bring(&ride, "TYPING_START", "{\"guild_id\":\"4\",\"channel_id\":\"8\"}");
    bring(&ride, "READY", "{\"user\":{\"id\":\"9\"},\"guilds\":[]}");
    alloc_held = true;
    crew_end(ride.client);
    cordage_client_free(ride.client);
    alloc_held = false;
    CHECK(ride.deletes >= 1); /* once more if READY came again */
    /* Without memory for it the old object may be missing, but not always. */
    if (alloc_count < alloc_fail_nth || !alloc_fail_nth)
        CHECK(ride.with_old >= 2);
    return 0;
}

TEST(an_event_reaches_its_handlers_with_each_allocation_failing)
{
    CHECK(alloc_each(ride_along, NULL) > 5);
}

RUN_TESTS(T(a_client_is_made_and_used_with_each_allocation_failing), T(so_is_a_worker),
          T(a_workers_gate_that_gets_no_memory_is_not_made),
          T(an_answer_is_gathered_with_each_allocation_failing),
          T(a_crew_is_made_with_each_allocation_failing),
          T(an_event_reaches_its_handlers_with_each_allocation_failing))
