/* The model's websockets on real sockets: raw clients on the same loop. */
#include "net_rig.h"

#include <zlib.h>

#include "door_gateway.h"
#include "inflate.h"
#include "json.h"
#include "limits.h"
#include "ws.h"

/* A door with its model, and whoever visits it. */
struct place {
    struct rig *net;
    struct sim *sim;
    struct door_gateway *door;
    struct json_parser *parser;
    struct inflate_scratch *scratch;
};

/* A raw client. */
struct guest {
    struct wire wire;
    struct place *place;
    struct ws ws;
    struct inflate *inflate;
    char target[200];
    const char *headers; /* sent in place of ws's own request; NULL */
    bool identifies;     /* after HELLO, or resumes: */
    bool resumes;
    char session_id[64];
    uint64_t seq;
    size_t n_hello, n_ready, n_guilds, n_messages, n_resumed, n_acks;
    size_t n_payloads, n_binary, n_ws_messages;
    int close_code; /* from the server; 0: none */
    int refused;    /* HTTP status */
    bool is_closed;
    int err;
    bool expects_damage; /* what can't be read is counted */
    size_t n_damaged, n_gaps;
};

static uint64_t time_now(const struct guest *g)
{
    return g->place->net->host->now(g->place->net->host);
}

static void guest_flush(struct guest *g)
{
    if (g->ws.out.n)
        g->place->net->host->send(g->place->net->host, &g->wire, buf_str(&g->ws.out));
    buf_clear(&g->ws.out);
}

static void guest_say(struct guest *g, const char *text)
{
    CHECK_INT(ws_send(&g->ws, false, str_of(text)), 0);
    guest_flush(g);
}

static void guest_start_session(struct guest *g)
{
    char text[512];

    if (g->resumes)
        snprintf(text, sizeof text,
                 "{\"op\":6,\"d\":{\"token\":\"%s\",\"session_id\":\"%s\",\"seq\":%llu}}",
                 sim_token(g->place->sim), g->session_id, (unsigned long long)g->seq);
    else
        snprintf(text, sizeof text,
                 "{\"op\":2,\"d\":{\"token\":\"%s\",\"properties\":{},\"intents\":33281,"
                 "\"compress\":true}}",
                 sim_token(g->place->sim));
    guest_say(g, text);
}

static void guest_takes(struct guest *g, struct str payload)
{
    cordage_json root;
    struct str name = { "", 0 }, id = { "", 0 };
    uint64_t op = 99, seq;

    if (json_parse(g->place->parser, payload, &root) < 0) {
        CHECK(g->expects_damage);
        g->n_damaged++;
        return;
    }
    g->n_payloads++;
    json_u64(json_get(root, "op"), &op);
    if (json_u64(json_get(root, "s"), &seq)) {
        g->n_gaps += seq != g->seq + 1;
        g->seq = seq;
    }
    json_str(json_get(root, "t"), &name);
    g->n_guilds += str_is(name, "GUILD_CREATE");
    g->n_messages += str_is(name, "MESSAGE_CREATE");
    g->n_resumed += str_is(name, "RESUMED");
    g->n_acks += op == 11;
    if (op == 10) {
        g->n_hello++;
        if (g->identifies || g->resumes)
            guest_start_session(g);
    }
    if (str_is(name, "READY")) {
        g->n_ready++;
        json_str(json_get(json_get(root, "d"), "session_id"), &id);
        snprintf(g->session_id, sizeof g->session_id, "%.*s", STR_FMT(id));
    }
}

/* IDENTIFY's `compress`: one whole zlib stream. */
static void guest_takes_stream(struct guest *g, struct str message)
{
    static char out[1024 * 1024 + BUF_SLACK];
    uLongf n = sizeof out - BUF_SLACK;

    if (uncompress((Bytef *)out, &n, (const Bytef *)message.p, message.n) != Z_OK) {
        CHECK(g->expects_damage);
        g->n_damaged++;
        return;
    }
    guest_takes(g, (struct str){ out, n });
}

static void guest_takes_message(struct guest *g, struct str message, bool binary)
{
    struct str payload;
    int n;

    g->n_ws_messages++;
    g->n_binary += binary;
    if (!g->inflate) {
        if (binary)
            guest_takes_stream(g, message);
        else
            guest_takes(g, message);
        return;
    }
    CHECK(binary);
    n = inflate_feed(g->inflate, g->place->scratch, message, &payload);
    if (n < 0) {
        CHECK(g->expects_damage);
        g->n_damaged++;
    }
    if (n > 0)
        guest_takes(g, payload);
}

static void guest_bytes(struct wire *w, char *p, size_t n)
{
    struct guest *g = CONTAINER_OF(w, struct guest, wire);
    struct ws_message m;
    int event;

    CHECK_INT(ws_feed(&g->ws, p, n), 0);
    while ((event = ws_next(&g->ws, &m)) != WS_NONE) {
        if (event < 0) {
            CHECK(g->expects_damage);
            g->n_damaged++;
            rig_poke(g->place->net);
            return;
        }
        if (event == WS_TEXT || event == WS_BINARY)
            guest_takes_message(g, m.bytes, event == WS_BINARY);
        if (event == WS_CLOSE)
            g->close_code = m.code;
        if (event == WS_REFUSED)
            g->refused = m.code;
    }
    guest_flush(g);
    CHECK_INT(ws_settle(&g->ws), 0);
    rig_poke(g->place->net);
}

static void guest_opened(struct wire *w)
{
    struct guest *g = CONTAINER_OF(w, struct guest, wire);

    if (g->headers)
        g->place->net->host->send(g->place->net->host, w, str_of(g->headers));
    guest_flush(g);
}

static void guest_closed(struct wire *w, int err, const char *why)
{
    struct guest *g = CONTAINER_OF(w, struct guest, wire);

    (void)why;
    g->is_closed = true;
    g->err = err;
    rig_poke(g->place->net);
}

static const struct wire_ops guest_ops = { guest_opened, guest_bytes, guest_closed,
                                           NULL };

/* Dials the door, or the one for resumes. */
static void guest_visit(struct guest *g, struct place *p, bool tls, bool resume_door,
                        enum compression kind)
{
    uint16_t port =
        resume_door ? door_gateway_resume_port(p->door) : door_gateway_port(p->door);
    struct endpoint to = { "127.0.0.1", port, tls };

    g->wire.ops = &guest_ops;
    g->place = p;
    ws_init(&g->ws, WS_CLIENT, 1);
    g->inflate = kind == COMPRESS_NONE ? NULL : inflate_new(kind);
    snprintf(g->target, sizeof g->target, "/?v=10&encoding=json%s%s",
             kind == COMPRESS_NONE ? "" : "&compress=",
             kind == COMPRESS_NONE ? "" : compression_name(kind));
    if (!g->headers)
        CHECK_INT(ws_request(&g->ws, "127.0.0.1", port, tls, g->target, "test"), 0);
    CHECK_INT(p->net->host->dial(p->net->host, &g->wire, &to), 0);
}

static bool guest_is_gone(struct rig *r)
{
    return ((struct guest *)r->user)->is_closed;
}

static void guest_leave(struct guest *g)
{
    struct rig *net = g->place->net;

    if (!g->is_closed) {
        net->host->hangup(net->host, &g->wire, HANGUP_DROP);
        net->user = g;
        rig_until(net, guest_is_gone);
    }
    ws_release(&g->ws);
    inflate_free(g->inflate);
}

static void place_open(struct place *p, const struct sim_config *config, bool tls)
{
    cordage_error error;

    *p = (struct place){ .net = rig_new() };
    CHECK_INT(sim_new(config, p->net->host->now(p->net->host), 1767225600000ULL, &p->sim,
                      &error),
              0);
    CHECK_INT(door_gateway_new(p->net->loop, p->sim, tls ? p->net->server : NULL,
                               "127.0.0.1", 0, 0, &p->door, &error),
              0);
    p->parser = json_parser_new();
    p->scratch = inflate_scratch_new();
}

static void place_close(struct place *p)
{
    door_gateway_free(p->door);
    rig_free(p->net);
    sim_free(p->sim);
    json_parser_free(p->parser);
    inflate_scratch_free(p->scratch);
}

static bool has_guilds(struct rig *r)
{
    return ((struct guest *)r->user)->n_guilds == 8;
}

static void check_clean(struct place *p)
{
    struct report *report = sim_report(p->sim);

    if (report->n_broken)
        fail_msg("rule broken: %s (%s)", sim_rule_name(report->entries[0].rule),
                 report->entries[0].detail);
}

/* ---- Sessions -------------------------------------------------------------------- */

TEST(a_session_comes_up_in_every_compression_with_and_without_tls)
{
    for (int i = 0; i < 6; i++) {
        enum compression kind = (enum compression)(i % 3);
        struct sim_config config;
        struct guest g = { .identifies = true };
        struct place p;

        sim_config_default(&config);
        place_open(&p, &config, i >= 3);
        guest_visit(&g, &p, i >= 3, false, kind);
        p.net->user = &g;
        rig_until(p.net, has_guilds);
        CHECK(g.n_hello == 1 && g.n_ready == 1);
        CHECK_INT(g.seq, 9);
        /* HELLO is text without transport compression; after IDENTIFY with `compress`
         * each payload is a stream of its own. */
        CHECK_INT(g.n_binary, kind == COMPRESS_NONE ? 9 : 10);
        check_clean(&p);
        guest_leave(&g);
        place_close(&p);
    }
}

static bool has_ack(struct rig *r)
{
    return ((struct guest *)r->user)->n_acks == 1;
}

static bool has_resumed(struct rig *r)
{
    return ((struct guest *)r->user)->n_resumed == 1;
}

TEST(a_dropped_connection_resumes_on_the_other_door)
{
    struct sim_config config;
    struct guest a = { .identifies = true }, b = { .resumes = true };
    struct place p;

    sim_config_default(&config);
    place_open(&p, &config, true);
    guest_visit(&a, &p, true, false, COMPRESS_ZLIB);
    p.net->user = &a;
    rig_until(p.net, has_guilds);
    guest_say(&a, "{\"op\":1,\"d\":9}");
    rig_until(p.net, has_ack);
    guest_leave(&a);
    memcpy(b.session_id, a.session_id, sizeof b.session_id);
    b.seq = 4;
    guest_visit(&b, &p, true, true, COMPRESS_ZLIB);
    p.net->user = &b;
    rig_until(p.net, has_resumed);
    CHECK_INT(b.n_guilds, 5);
    CHECK_INT(b.seq, 10);
    check_clean(&p);
    guest_leave(&b);
    place_close(&p);
}

TEST(a_close_with_1000_ends_the_session)
{
    struct sim_config config;
    struct guest g = { .identifies = true };
    struct json_writer w;
    struct buf b = { 0 };
    struct place p;

    sim_config_default(&config);
    place_open(&p, &config, false);
    guest_visit(&g, &p, false, false, COMPRESS_NONE);
    p.net->user = &g;
    rig_until(p.net, has_guilds);
    CHECK_INT(ws_close(&g.ws, 1000, STR("bye")), 0);
    guest_flush(&g);
    rig_until(p.net, guest_is_gone);
    CHECK_INT(g.close_code, 1000); /* echoed */
    CHECK_INT(g.err, CORDAGE_ECLOSED);
    json_begin(&w, &b);
    sim_write_report(p.sim, &w, false, time_now(&g));
    CHECK_INT(json_end(&w), 0);
    CHECK(str_find(buf_str(&b), STR("\"sessions\":0,")) != SIZE_MAX);
    buf_release(&b);
    guest_leave(&g);
    place_close(&p);
}

/* ---- Faults ------------------------------------------------------------------------ */

static void inflict(struct place *p, const char *json)
{
    cordage_error error;
    size_t n;

    CHECK_INT(sim_fault(p->sim, str_of(json), p->net->host->now(p->net->host), &n,
                        &error),
              0);
    CHECK_INT(n, 1);
    door_gateway_kick(p->door);
}

static bool has_many_messages(struct rig *r)
{
    return ((struct guest *)r->user)->n_messages >= 300;
}

TEST(split_messages_are_whole_again_at_the_other_end)
{
    for (int i = 0; i < 4; i++) {
        struct sim_config config;
        struct guest g = { .identifies = true };
        struct place p;
        size_t payloads;

        sim_config_default(&config);
        config.traffic = 500;
        place_open(&p, &config, false);
        guest_visit(&g, &p, false, false, i < 3 ? (enum compression)i : COMPRESS_ZLIB);
        p.net->user = &g;
        rig_until(p.net, has_guilds);
        inflict(&p, i < 3 ? "{\"kind\":\"split\"}"
                          : "{\"kind\":\"split\",\"over\":\"messages\"}");
        g.n_messages = g.n_ws_messages = 0;
        payloads = g.n_payloads;
        rig_until(p.net, has_many_messages);
        if (i == 3)
            CHECK(g.n_ws_messages > g.n_payloads - payloads);
        else
            CHECK_INT(g.n_ws_messages, g.n_payloads - payloads);
        check_clean(&p);
        guest_leave(&g);
        place_close(&p);
    }
}

static bool has_some_messages(struct rig *r)
{
    return ((struct guest *)r->user)->n_messages >= 20;
}

static bool has_damage(struct rig *r)
{
    return ((struct guest *)r->user)->n_damaged > 0;
}

TEST(a_corrupt_stream_cannot_be_read_on)
{
    for (int i = 0; i < 3; i++) {
        struct sim_config config;
        struct guest g = { .identifies = true };
        struct place p;

        sim_config_default(&config);
        config.traffic = 200;
        place_open(&p, &config, false);
        guest_visit(&g, &p, false, false, (enum compression)i);
        p.net->user = &g;
        rig_until(p.net, has_guilds);
        g.expects_damage = true;
        inflict(&p, "{\"kind\":\"corrupt\"}");
        rig_until(p.net, has_damage);
        check_clean(&p);
        guest_leave(&g);
        place_close(&p);
    }
}

TEST(what_goes_out_slowly_is_whole)
{
    for (int i = 0; i < 3; i++) {
        struct sim_config config;
        struct guest g = { .identifies = true };
        struct place p;

        sim_config_default(&config);
        config.traffic = 500;
        place_open(&p, &config, i == 1);
        guest_visit(&g, &p, i == 1, false, (enum compression)i);
        p.net->user = &g;
        rig_until(p.net, has_guilds);
        inflict(&p, "{\"kind\":\"slow\",\"bytes_per_s\":500001}");
        g.n_messages = 0;
        rig_until(p.net, has_many_messages);
        inflict(&p, "{\"kind\":\"slow\",\"bytes_per_s\":0}");
        g.n_messages = 0;
        rig_until(p.net, has_many_messages);
        check_clean(&p);
        guest_leave(&g);
        place_close(&p);
    }
}

static bool has_blast(struct rig *r)
{
    return ((struct guest *)r->user)->n_messages >= 30000;
}

/* Twice, and people talk meanwhile: what a stream's own compressor says before, between
 * and after fits what was compressed in advance. */
TEST(what_was_made_in_advance_can_be_read_and_is_in_order)
{
    for (int i = 0; i < 4; i++) {
        struct sim_blast_wish wish = { .count = 30000, .all = true };
        struct sim_config config;
        struct guest g = { .identifies = true };
        struct place p;
        size_t n;

        sim_config_default(&config);
        config.traffic = 300;
        place_open(&p, &config, i != 3);
        guest_visit(&g, &p, i != 3, false, i < 3 ? (enum compression)i : COMPRESS_ZLIB);
        p.net->user = &g;
        rig_until(p.net, has_guilds);
        for (int again = 0; again < 2; again++) {
            g.n_messages = 0;
            CHECK_INT(sim_blast(p.sim, &wish, p.net->host->now(p.net->host), &n), 0);
            CHECK_INT(n, 1);
            door_gateway_kick(p.door);
            rig_until(p.net, has_blast);
            g.n_messages = 0;
            rig_until(p.net, has_some_messages);
        }
        CHECK_INT(g.n_gaps, 0);
        check_clean(&p);
        guest_leave(&g);
        place_close(&p);
    }
}

TEST(close_and_reset_reach_the_client)
{
    static const char *const faults[] = { "{\"kind\":\"close\",\"code\":4009}",
                                          "{\"kind\":\"reset\"}" };

    for (int i = 0; i < 2; i++) {
        struct sim_config config;
        struct guest g = { .identifies = true };
        struct place p;

        sim_config_default(&config);
        place_open(&p, &config, true);
        guest_visit(&g, &p, true, false, COMPRESS_ZSTD);
        p.net->user = &g;
        rig_until(p.net, has_guilds);
        inflict(&p, faults[i]);
        rig_until(p.net, guest_is_gone);
        CHECK_INT(g.close_code, i == 0 ? 4009 : 0);
        guest_leave(&g);
        place_close(&p);
    }
}

TEST(a_half_open_connection_is_silent_until_it_is_given_up)
{
    struct sim_config config;
    struct guest g = { .identifies = true };
    struct place p;

    sim_config_default(&config);
    config.heartbeat_ms = 200;
    place_open(&p, &config, false);
    guest_visit(&g, &p, false, false, COMPRESS_NONE);
    p.net->user = &g;
    rig_until(p.net, has_guilds);
    inflict(&p, "{\"kind\":\"half_open\"}");
    guest_say(&g, "{\"op\":1,\"d\":9}");
    rig_until(p.net, guest_is_gone);
    CHECK_INT(g.n_acks, 0);
    CHECK_INT(g.close_code, 0);
    check_clean(&p);
    guest_leave(&g);
    place_close(&p);
}

TEST(the_door_for_resumes_can_be_shut)
{
    struct sim_config config;
    struct guest g = { .identifies = true };
    struct place p;
    cordage_error error;
    size_t n;

    sim_config_default(&config);
    place_open(&p, &config, false);
    CHECK_INT(sim_fault(p.sim, STR("{\"kind\":\"resume_door\"}"), 0, &n, &error), 0);
    guest_visit(&g, &p, false, true, COMPRESS_NONE);
    p.net->user = &g;
    rig_until(p.net, guest_is_gone);
    CHECK_INT(g.n_hello, 0);
    guest_leave(&g);
    place_close(&p);
}

static bool has_hello(struct rig *r)
{
    return ((struct guest *)r->user)->n_hello > 0;
}

TEST(the_whole_gateway_can_be_away)
{
    struct sim_config config;
    struct guest g = { .identifies = true }, late = { .identifies = true },
                 back = { .identifies = true };
    struct place p;
    cordage_error error;
    size_t n;

    sim_config_default(&config);
    place_open(&p, &config, false);
    guest_visit(&g, &p, false, false, COMPRESS_NONE);
    p.net->user = &g;
    rig_until(p.net, has_guilds);
    CHECK_INT(sim_fault(p.sim, STR("{\"kind\":\"gateway_down\"}"), 0, &n, &error), 0);
    rig_until(p.net, guest_is_gone);
    guest_leave(&g);
    guest_visit(&late, &p, false, false, COMPRESS_NONE);
    p.net->user = &late;
    rig_until(p.net, guest_is_gone);
    CHECK_INT(late.n_hello, 0);
    guest_leave(&late);
    CHECK_INT(sim_fault(p.sim, STR("{\"kind\":\"gateway_down\",\"down\":false}"), 0, &n,
                        &error),
              0);
    guest_visit(&back, &p, false, false, COMPRESS_NONE);
    p.net->user = &back;
    rig_until(p.net, has_hello);
    guest_leave(&back);
    place_close(&p);
}

/* ---- Rude guests --------------------------------------------------------------------
 */

TEST(a_message_beyond_4096_bytes_gets_4002)
{
    struct sim_config config;
    struct guest g = { .identifies = true };
    static char big[5000];
    struct place p;

    memset(big, ' ', sizeof big - 1);
    sim_config_default(&config);
    place_open(&p, &config, false);
    guest_visit(&g, &p, false, false, COMPRESS_NONE);
    p.net->user = &g;
    rig_until(p.net, has_guilds);
    guest_say(&g, big);
    rig_until(p.net, guest_is_gone);
    CHECK_INT(g.close_code, 4002);
    guest_leave(&g);
    place_close(&p);
}

TEST(a_page_of_another_origin_and_a_foreign_name_are_forbidden)
{
    static const char *const names[] = { "127.0.0.1", "evil.example", "127.0.0.1" };
    static const char *const origins[] = { "Origin: https://evil.example\r\n", "",
                                           "Origin: null\r\n" };

    for (int i = 0; i < 3; i++) {
        struct sim_config config;
        struct guest g = { 0 };
        struct place p;
        char head[300], host[150];

        sim_config_default(&config);
        place_open(&p, &config, false);
        snprintf(host, sizeof host, "Host: %s:%u\r\n%s", names[i],
                 door_gateway_port(p.door), origins[i]);
        snprintf(head, sizeof head,
                 "GET /?v=10 HTTP/1.1\r\n%sUpgrade: websocket\r\nConnection: Upgrade\r\n"
                 "Sec-WebSocket-Version: 13\r\n"
                 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
                 host);
        g.headers = head;
        guest_visit(&g, &p, false, false, COMPRESS_NONE);
        p.net->user = &g;
        rig_until(p.net, guest_is_gone);
        CHECK_INT(g.n_hello, 0);
        CHECK_INT(g.refused, 403);
        CHECK_INT(sim_report(p.sim)->connections, 0);
        guest_leave(&g);
        place_close(&p);
    }
}

static bool has_been_dropped(struct rig *r)
{
    struct guest *g = r->user;
    struct buf b = { 0 };
    struct json_writer w;
    bool is_lost;

    json_begin(&w, &b);
    sim_write_report(g->place->sim, &w, false, time_now(g));
    CHECK_INT(json_end(&w), 0);
    is_lost = str_find(buf_str(&b), STR("\"state\":\"lost\"")) != SIZE_MAX;
    buf_release(&b);
    return is_lost;
}

TEST(who_does_not_read_is_dropped_and_keeps_its_session)
{
    struct sim_config config;
    struct guest g = { .identifies = true };
    struct rng rng = rng_seeded(1); /* not to be compressed away */
    struct place p;
    struct buf big = { 0 };

    sim_config_default(&config);
    place_open(&p, &config, false);
    guest_visit(&g, &p, false, false, COMPRESS_NONE);
    p.net->user = &g;
    rig_until(p.net, has_guilds);
    p.net->host->pause(p.net->host, &g.wire, true);
    CHECK_INT(buf_append_z(&big, "\""), 0);
    for (int i = 0; i < 64 * 1024; i++)
        CHECK_INT(buf_printf(&big, "%016llx", (unsigned long long)rng_next(&rng)), 0);
    CHECK_INT(buf_append_z(&big, "\""), 0);
    for (int i = 0; i < 120; i++)
        CHECK_INT(sim_dispatch(p.sim, "X", 0, NULL, buf_str(&big), time_now(&g)), 0);
    rig_until(p.net, has_been_dropped);
    check_clean(&p);
    buf_release(&big);
    guest_leave(&g);
    place_close(&p);
}

TEST(a_door_that_is_gone_leaves_no_socket_behind)
{
    struct sim_config config;
    struct guest g = { .identifies = true };
    struct place p;

    sim_config_default(&config);
    place_open(&p, &config, true);
    guest_visit(&g, &p, true, false, COMPRESS_ZLIB);
    p.net->user = &g;
    rig_until(p.net, has_guilds);
    door_gateway_free(p.door);
    p.door = NULL;
    rig_until(p.net, guest_is_gone);
    guest_leave(&g);
    place_close(&p);
}

RUN_TESTS(T(a_session_comes_up_in_every_compression_with_and_without_tls),
          T(a_dropped_connection_resumes_on_the_other_door),
          T(a_close_with_1000_ends_the_session),
          T(split_messages_are_whole_again_at_the_other_end),
          T(a_corrupt_stream_cannot_be_read_on), T(what_goes_out_slowly_is_whole),
          T(what_was_made_in_advance_can_be_read_and_is_in_order),
          T(close_and_reset_reach_the_client),
          T(a_half_open_connection_is_silent_until_it_is_given_up),
          T(the_door_for_resumes_can_be_shut), T(the_whole_gateway_can_be_away),
          T(a_message_beyond_4096_bytes_gets_4002),
          T(a_page_of_another_origin_and_a_foreign_name_are_forbidden),
          T(who_does_not_read_is_dropped_and_keeps_its_session),
          T(a_door_that_is_gone_leaves_no_socket_behind))
