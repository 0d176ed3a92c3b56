/* What supervisor and worker say: frames, and each message both ways. */
#include "message.h"

#include <limits.h>

#include "json_text.h"
#include "link_rig.h"
#include "test.h"

/* ---- Frames ---- */

static struct buf frame(enum link_type type, const char *body)
{
    struct buf b = { 0 };

    CHECK_INT(link_write(&b, type, str_of(body)), 0);
    return b;
}

TEST(a_message_is_length_type_and_body)
{
    static const char want[] = "\0\0\0\2\0\7{}";
    struct buf b = frame(LINK_GIVEN, "{}");

    CHECK_INT(b.n, sizeof want - 1);
    assert_memory_equal(b.p, want, b.n);
    buf_release(&b);
}

TEST(every_type_has_its_name_and_comes_back)
{
    for (unsigned t = 1; t < N_LINK_TYPES; t++) {
        struct buf b = frame((enum link_type)t, "{\"a\":1}");
        enum link_type type = 0;
        struct str body;
        size_t n;

        assert_string_not_equal(link_type_name((enum link_type)t), "?");
        CHECK_INT(link_read(buf_str(&b), &type, &body, &n), 0);
        CHECK_INT(type, t);
        CHECK_INT(n, b.n);
        CHECK_STR(body, "{\"a\":1}");
        buf_release(&b);
    }
    assert_string_equal(link_type_name(0), "?");
    assert_string_equal(link_type_name(N_LINK_TYPES), "?");
}

TEST(byte_by_byte_the_same_messages_come)
{
    static const char *const bodies[] = { "{}", "", "{\"text\":\"abc\"}" };
    struct buf stream = { 0 }, got = { 0 };
    enum link_type type;
    struct str body;
    size_t n, n_messages = 0;

    for (unsigned i = 0; i < 3; i++)
        CHECK_INT(link_write(&stream, LINK_ASK + i, str_of(bodies[i])), 0);
    for (size_t i = 0; i < stream.n; i++) {
        /* As large as it is: a sanitizer sees a byte read too far. */
        char *exact = malloc(got.n + 1);

        CHECK_INT(buf_append(&got, stream.p + i, 1), 0);
        memcpy(exact, got.p, got.n);
        CHECK_INT(link_read((struct str){ exact, got.n }, &type, &body, &n), 0);
        if (n) {
            CHECK_INT(n, got.n);
            CHECK_INT(type, LINK_ASK + n_messages);
            CHECK_STR(body, bodies[n_messages++]);
            buf_consume(&got, n);
        }
        free(exact);
    }
    CHECK_INT(n_messages, 3);
    CHECK_INT(got.n, 0);
    buf_release(&got);
    buf_release(&stream);
}

TEST(a_broken_head_is_refused_at_once)
{
    static const struct {
        unsigned char head[LINK_HEAD];
        int err;
    } table[] = {
        { { 2, 0, 0, 0, 0, LINK_HELLO }, 0 }, /* LIMIT_LINK_MESSAGE, yet to come */
        { { 2, 0, 0, 1, 0, LINK_HELLO }, CORDAGE_EPARSE },
        { { 255, 255, 255, 255, 0, LINK_HELLO }, CORDAGE_EPARSE },
        { { 0, 0, 0, 2, 0, 0 }, CORDAGE_EPARSE },
        { { 0, 0, 0, 2, 0, N_LINK_TYPES - 1 }, 0 },
        { { 0, 0, 0, 2, 0, N_LINK_TYPES }, CORDAGE_EPARSE },
        { { 0, 0, 0, 2, 1, LINK_HELLO }, CORDAGE_EPARSE },
        { { 'G', 'E', 'T', ' ', '/', ' ' }, CORDAGE_EPARSE },
    };

    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct str bytes = { (const char *)table[i].head, LINK_HEAD }, body;
        enum link_type type;
        size_t n = 1;

        if (link_read(bytes, &type, &body, &n) != table[i].err || n != 0)
            fail_msg("row %zu", i);
    }
}

TEST(a_body_that_is_too_large_is_not_written)
{
    char *large = calloc(1, LIMIT_LINK_MESSAGE + 1);
    struct buf b = { 0 };
    enum link_type type;
    struct str body;
    size_t n;

    CHECK(large);
    CHECK_INT(link_write(&b, LINK_STATUS, (struct str){ large, LIMIT_LINK_MESSAGE + 1 }),
              CORDAGE_ELIMIT);
    CHECK_INT(b.n, 0);
    CHECK_INT(link_write(&b, LINK_STATUS, (struct str){ large, LIMIT_LINK_MESSAGE }), 0);
    CHECK_INT(link_read(buf_str(&b), &type, &body, &n), 0);
    CHECK_INT(body.n, LIMIT_LINK_MESSAGE);
    free(large);
    buf_release(&b);
}

/* ---- Messages ---- */

static struct json_parser *parser;

/* Reads `text` as a message of that kind and writes it again. */
static int again(const struct link_kind *kind, struct str text, struct buf *out)
{
    struct buf b = { 0 };
    cordage_json body;
    int err;

    buf_clear(out);
    CHECK_INT(buf_append_str(&b, text), 0);
    if (json_parse(parser, buf_str(&b), &body))
        fail_msg("%s: the test's text is no JSON: %.*s", kind->name, STR_FMT(text));
    err = kind->again(body, out);
    buf_release(&b);
    return err;
}

TEST(each_message_comes_back_as_it_was)
{
    struct buf out = { 0 };

    for (size_t i = 0; i < N_LINK_KINDS; i++) {
        CHECK_INT(again(&link_kinds[i], str_of(link_kinds[i].good), &out), 0);
        CHECK_STR(buf_str(&out), link_kinds[i].good);
    }
    buf_release(&out);
}

/* `object` with its member `key` as `value` says; without it, if that is NULL. */
static struct buf replaced(struct str object, cordage_json parsed, struct str key,
                           const char *value)
{
    struct buf b = { 0 };
    struct json_writer w;
    struct json_iter it;

    json_begin(&w, &b);
    json_open(&w, '{');
    for (bool more = json_first(parsed, &it); more; more = json_next(&it)) {
        char name[32];

        snprintf(name, sizeof name, "%.*s", STR_FMT(it.key));
        if (str_eq(it.key, key) && !value)
            continue;
        json_key(&w, name);
        json_put_raw(&w, str_eq(it.key, key) ? str_of(value) : json_text(object, name));
    }
    json_shut(&w, '}');
    CHECK_INT(json_end(&w), 0);
    return b;
}

/* What is none of the types that `v` is of. */
static void refuse_others(const struct link_kind *kind, struct str object,
                          cordage_json parsed, const struct json_iter *field,
                          void (*check)(const struct link_kind *kind, struct str text))
{
    static const struct {
        cordage_json_type type;
        const char *value;
    } others[] = {
        { CORDAGE_JSON_ABSENT, NULL },        { CORDAGE_JSON_NULL, "null" },
        { CORDAGE_JSON_BOOL, "true" },        { CORDAGE_JSON_NUMBER, "1" },
        { CORDAGE_JSON_STRING, "\"1\"" },     { CORDAGE_JSON_ARRAY, "[1]" },
        { CORDAGE_JSON_OBJECT, "{\"1\":1}" },
    };

    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct buf b;

        if (others[i].type == cordage_json_type_of(field->value))
            continue;
        b = replaced(object, parsed, field->key, others[i].value);
        check(kind, buf_str(&b));
        buf_release(&b);
    }
}

static void check_refused(const struct link_kind *kind, struct str text)
{
    struct buf out = { 0 };

    if (again(kind, text, &out) != CORDAGE_EPARSE)
        fail_msg("%s: %.*s is accepted", kind->name, STR_FMT(text));
    CHECK_INT(out.n, 0);
    buf_release(&out);
}

static void check_row_refused(const struct link_kind *kind, struct str row)
{
    struct buf b = { 0 };

    CHECK_INT(buf_printf(&b,
                         "{\"rss_bytes\":1,\"cpu_ms\":2,\"log_dropped\":3,\"shards\":["
                         "%.*s]}",
                         STR_FMT(row)),
              0);
    check_refused(kind, buf_str(&b));
    buf_release(&b);
}

static void refuse_each_field(const struct link_kind *kind, const char *good,
                              void (*check)(const struct link_kind *kind,
                                            struct str text))
{
    struct json_parser *p = json_parser_new();
    struct buf text = { 0 };
    struct json_iter it;
    cordage_json parsed;
    unsigned fields = 0;

    CHECK(p && buf_append_z(&text, good) == 0);
    CHECK_INT(json_parse(p, buf_str(&text), &parsed), 0);
    for (bool more = json_first(parsed, &it); more; more = json_next(&it)) {
        refuse_others(kind, buf_str(&text), parsed, &it, check);
        fields++;
    }
    CHECK(fields > 0);
    buf_release(&text);
    json_parser_free(p);
}

static const struct link_kind *kind_of(const char *name)
{
    for (size_t i = 0; i < N_LINK_KINDS; i++)
        if (!strcmp(link_kinds[i].name, name))
            return &link_kinds[i];
    fail_msg("%s", name);
    return NULL;
}

TEST(each_field_that_is_missing_or_of_another_type_is_refused)
{
    for (size_t i = 0; i < N_LINK_KINDS; i++)
        refuse_each_field(&link_kinds[i], link_kinds[i].good, check_refused);
    refuse_each_field(kind_of("status"), LINK_RIG_ROW, check_row_refused);
}

TEST(what_is_no_object_is_refused)
{
    static const char *const table[] = { "[]", "null", "1", "\"\"", "{}", "[{}]" };

    for (size_t i = 0; i < N_LINK_KINDS; i++)
        for (size_t k = 0; k < sizeof table / sizeof *table; k++)
            check_refused(&link_kinds[i], str_of(table[k]));
}

TEST(a_field_that_nobody_knows_is_passed_over)
{
    struct buf out = { 0 }, text = { 0 };

    for (size_t i = 0; i < N_LINK_KINDS; i++) {
        buf_clear(&text);
        CHECK_INT(buf_printf(&text, "{\"more\":{\"worker\":[-1]},%s",
                             link_kinds[i].good + 1),
                  0);
        CHECK_INT(again(&link_kinds[i], buf_str(&text), &out), 0);
        CHECK_STR(buf_str(&out), link_kinds[i].good);
    }
    buf_release(&text);
    buf_release(&out);
}

struct edge {
    const char *kind, *key, *value;
    bool good;
};

static const struct edge edges[] = {
    { "hello", "version", "4294967296", false },
    { "hello", "version", "-1", false },
    { "hello", "version", "1.0", false },
    { "hello", "role", "\"supervisor\"", true },
    { "hello", "role", "\"root\"", false },
    { "hello", "worker", "256", false },
    { "hello", "generation", "4294967296", false },
    { "hello", "pid", "0", false },
    { "hello", "pid", "-1", false },
    { "hello", "pid", "2147483648", false },
    { "hello", "first", "65535", false }, /* holds 0 */
    { "hello", "last", "65536", false },
    { "hello", "last", "65534", false }, /* holds 65535 */
    { "hello", "count", "0", false },
    { "hello", "count", "65537", false },
    { "hello", "count", "65535", false },
    { "hello", "welcomed", "false", false }, /* holds shards */
    { "hello", "held", "[]", true },
    { "hello", "held", "[-1]", false },
    { "hello", "held", "[65536]", false },
    { "hello", "held", "[\"1\"]", false },
    { "welcome", "first", "31", true },
    { "welcome", "first", "32", false },
    { "welcome", "last", "63", true },
    { "welcome", "last", "64", false },
    { "welcome", "workers", "256", true },
    { "welcome", "workers", "257", false },
    { "welcome", "workers", "0", false },
    { "welcome", "handshakes", "64", true },
    { "welcome", "handshakes", "65", false },
    { "welcome", "handshakes", "0", false },
    { "welcome", "requests_per_s", "0", false },
    { "welcome", "refused_max", "0", true },
    { "welcome", "refused_max", "-1", false },
    { "welcome", "recommended", "65536", true },
    { "welcome", "recommended", "65537", false },
    { "end", "exit", "255", true },
    { "end", "exit", "256", false },
    { "end", "exit", "-1", false },
    { "end", "code", "0", true },
    { "end", "code", "1", false },
    { "end", "code", "-2147483648", true },
    { "end", "code", "-2147483649", false },
    { "shards", "shards", "[]", true },
    { "shards", "shards", "[65536]", false },
    { "shards", "shards", "[null]", false },
    { "shards", "identifies", "4294967296", false },
    { "shards", "patience_ms", "4294967296", false },
    { "moved", "shard", "65536", false },
    { "moved", "err", "1", false },
    { "moved", "open", "4294967295", true },
    { "moved", "open", "6", false }, /* 7 of them run */
    { "moved", "running", "8", false },
    { "kick", "shard", "65536", false },
    { "slot", "shard", "65536", false },
    { "slot", "ask", "4294967296", false },
    { "status", "rss_bytes", "-1", false },
    { "status", "shards", "[]", true },
    { "status", "shards", "[7]", false },
    { "status", "shards", "[[]]", false },
    { "totals", "reported", "64", true },
    { "totals", "reported", "65", false },
    { "totals", "shards", "65536", true },
    { "totals", "shards", "65537", false },
    { "text", "from", "4294967295", true },
    { "text", "text", "\"\"", true },
    { "command", "verb", "\"status\"", true },
    { "command", "verb", "\"stop\"", true },
    { "command", "verb", "\"drain\"", false },
    { "command", "worker", "255", true },
    { "command", "worker", "256", false },
    { "answer", "exit", "256", false },
};

static const struct edge row_edges[] = {
    { "status", "id", "64", false },
    { "status", "id", "0", true },
    { "status", "state", "5", true },
    { "status", "state", "6", false },
    { "status", "latency_ms", "4294967296", false },
    { "status", "events_per_s", "0", true },
    { "status", "events_per_s", "-0.0", true },
    { "status", "events_per_s", "-1.5", false },
    { "status", "events_per_s", "1e308", true },
    { "status", "events", "18446744073709551615", true },
    { "status", "queued", "4294967296", false },
    { "status", "close_code", "-1", true },
    { "status", "close_code", "2147483648", false },
};

static void check_edge(const struct edge *e, const char *good, const char *around)
{
    const struct link_kind *kind = kind_of(e->kind);
    struct json_parser *p = json_parser_new();
    struct buf text = { 0 }, changed, whole = { 0 }, out = { 0 };
    cordage_json parsed;

    CHECK(p && buf_append_z(&text, good) == 0);
    CHECK_INT(json_parse(p, buf_str(&text), &parsed), 0);
    CHECK(!json_is_absent(json_get(parsed, e->key)));
    changed = replaced(buf_str(&text), parsed, str_of(e->key), e->value);
    CHECK_INT(buf_printf(&whole, "%s%.*s%s", around, STR_FMT(buf_str(&changed)),
                         *around ? "]}" : ""),
              0);
    if (again(kind, buf_str(&whole), &out) != (e->good ? 0 : CORDAGE_EPARSE))
        fail_msg("%s %s: %s", e->kind, e->key, e->value);
    buf_release(&out);
    buf_release(&whole);
    buf_release(&changed);
    buf_release(&text);
    json_parser_free(p);
}

TEST(numbers_have_bounds)
{
    for (size_t i = 0; i < sizeof edges / sizeof *edges; i++)
        check_edge(&edges[i], kind_of(edges[i].kind)->good, "");
    for (size_t i = 0; i < sizeof row_edges / sizeof *row_edges; i++)
        check_edge(&row_edges[i], LINK_RIG_ROW,
                   "{\"rss_bytes\":1,\"cpu_ms\":2,\"log_dropped\":3,\"shards\":[");
}

TEST(texts_and_lists_have_bounds)
{
    static uint32_t ids[LIMIT_SHARDS + 1];
    static char large[3 * LIMIT_BROADCAST + 1];
    struct buf b = { 0 }, out = { 0 };

    memset(large, 'x', sizeof large);
    for (size_t more = 0; more < 2; more++) {
        struct link_text text = { .text = { large, 3 * LIMIT_BROADCAST + more } };
        struct link_shards shards = { .n = (uint32_t)(LIMIT_SHARDS + more), .ids = ids };
        struct link_welcome w = { .count = 1,
                                  .workers = 1,
                                  .handshakes = 1,
                                  .requests_per_s = 1,
                                  .gateway = { large, LIMIT_URL - 1 + more } };
        int want = more ? CORDAGE_EPARSE : 0;

        buf_clear(&b);
        CHECK_INT(link_put_text(&b, &text), 0);
        CHECK_INT(again(kind_of("text"), buf_str(&b), &out), want);
        buf_clear(&b);
        CHECK_INT(link_put_shards(&b, &shards), 0);
        CHECK_INT(again(kind_of("shards"), buf_str(&b), &out), want);
        buf_clear(&b);
        CHECK_INT(link_put_welcome(&b, &w), 0);
        CHECK_INT(again(kind_of("welcome"), buf_str(&b), &out), want);
    }
    buf_release(&b);
    buf_release(&out);
}

/* Bytes that are no UTF-8 grow on their way: the largest broadcast still arrives. */
TEST(the_largest_broadcast_arrives_whatever_is_in_it)
{
    static char bytes[LIMIT_BROADCAST];
    struct link_text m = { 1, { bytes, sizeof bytes } };
    struct buf b = { 0 }, out = { 0 };

    for (int byte = 0; byte < 256; byte += 51) {
        memset(bytes, byte, sizeof bytes);
        buf_clear(&b);
        CHECK_INT(link_put_text(&b, &m), 0);
        CHECK(b.n <= LIMIT_LINK_MESSAGE);
        CHECK_INT(again(kind_of("text"), buf_str(&b), &out), 0);
    }
    buf_release(&b);
    buf_release(&out);
}

TEST(the_status_of_the_largest_fleet_fits_a_message)
{
    struct link_row row = { .info = { .id = LIMIT_SHARDS - 1,
                                      .state = CORDAGE_SHARD_STOPPED,
                                      .guilds = SIZE_MAX,
                                      .guilds_available = SIZE_MAX,
                                      .latency_ms = UINT32_MAX,
                                      .last_event_ms = UINT64_MAX,
                                      .events_per_s = 1.2345678901234567e-300,
                                      .events = UINT64_MAX,
                                      .resumes = UINT64_MAX,
                                      .identifies = UINT64_MAX,
                                      .stalls = UINT64_MAX,
                                      .queued = UINT32_MAX,
                                      .close_code = INT_MIN },
                            .session = UINT64_MAX };
    struct link_load load = { UINT64_MAX, UINT64_MAX, UINT64_MAX, 1 };
    struct buf b = { 0 };
    size_t head;

    load.n = 0;
    CHECK_INT(link_put_status(&b, &load, NULL), 0);
    head = b.n;
    load.n = 1;
    CHECK_INT(link_put_status(&b, &load, &row), 0);
    CHECK(head + (b.n - 2 * head + 1) * LIMIT_SHARDS <= LIMIT_LINK_MESSAGE);
    buf_release(&b);
}

/* ---- Field by field: what is put into one is not read from another ---- */

static cordage_json parse(const char *good)
{
    static struct buf text;
    cordage_json body;

    buf_clear(&text);
    CHECK_INT(buf_append_z(&text, good), 0);
    CHECK_INT(json_parse(parser, buf_str(&text), &body), 0);
    return body;
}

TEST(hello_and_welcome_field_by_field)
{
    struct link_hello h;
    struct link_welcome w;

    CHECK_INT(link_get_hello(parse(kind_of("hello")->good), link_rig_room, &h), 0);
    CHECK_INT(h.version, 1);
    CHECK_INT(h.role, LINK_WORKER);
    CHECK_STR(h.release, "0.1.0");
    CHECK(h.worker == 255 && h.generation == UINT32_MAX && h.pid == 4194304);
    CHECK(h.token_print == UINT64_MAX && h.intents == 33281);
    CHECK(h.first == 0 && h.last == 65535 && h.count == 65536 && h.n_held == 3);
    CHECK(h.held == link_rig_room && h.held[1] == 17 && h.held[2] == 65535);

    CHECK_INT(link_get_hello(parse(kind_of("hello of a command")->good), link_rig_room,
                             &h),
              0);
    CHECK(h.role == LINK_CONTROL && h.worker == 0 && h.pid == 0 && h.n_held == 0);

    CHECK_INT(link_get_welcome(parse(kind_of("welcome")->good), &w), 0);
    CHECK(w.version == 1 && w.first == 16 && w.last == 31 && w.count == 64);
    CHECK(w.workers == 4 && w.handshakes == 16 && w.requests_per_s == 12);
    CHECK(w.refused_max == 2250 && w.recommended == 60);
    CHECK_STR(w.gateway, "wss://gateway.discord.gg");
}

TEST(shards_field_by_field)
{
    struct link_shards s;
    struct link_moved m;
    struct link_slot slot;
    struct link_kick k;

    CHECK_INT(link_get_shards(parse(kind_of("shards")->good), link_rig_room, &s), 0);
    CHECK(s.n == 3 && s.ids[0] == 3 && s.identifies == 2 && s.patience_ms == 30000);
    CHECK_INT(link_get_moved(parse("{\"shard\":1,\"err\":-2,\"resumes\":true,"
                                   "\"cached\":false,\"open\":4,\"running\":3}"),
                             &m),
              0);
    CHECK(m.shard == 1 && m.err == -2 && m.resumes && !m.cached && m.open == 4 &&
          m.running == 3);
    CHECK_INT(link_get_slot(parse(kind_of("slot")->good), &slot), 0);
    CHECK(slot.shard == 12 && slot.ask == UINT32_MAX);
    CHECK_INT(link_get_kick(parse(kind_of("kick")->good), &k), 0);
    CHECK(k.shard == 12 && k.identify);
}

TEST(status_field_by_field)
{
    struct link_rig_rows rows = { 0 };
    const cordage_shard_info *i = &rows.rows[1].info;
    struct link_load load;

    CHECK_INT(link_get_status(parse(kind_of("status")->good), 64, &load, link_rig_row,
                              &rows),
              0);
    CHECK(load.rss_bytes == UINT64_MAX && load.cpu_ms == 5 && load.log_dropped == 6);
    CHECK(load.n == 2 && rows.n == 2);
    CHECK(i->id == 63 && i->count == 64 && i->state == CORDAGE_SHARD_READY);
    CHECK(i->guilds == 1200 && i->guilds_available == 1199 && i->loading && !i->paused);
    CHECK(i->latency_ms == 41 && i->last_event_ms == UINT64_MAX);
    CHECK(i->events_per_s > 12.4 && i->events_per_s < 12.6);
    CHECK(i->events == 77 && i->resumes == 3 && i->identifies == 2 && i->stalls == 1);
    CHECK(i->queued == 9 && i->close_code == 4000);
    CHECK(rows.rows[1].reported && !rows.rows[1].replaying);
    CHECK(rows.rows[1].session == UINT64_MAX - 1);
    /* More rows than the fleet has shards. */
    CHECK_INT(link_get_status(parse(kind_of("status")->good), 1, &load, link_rig_row,
                              &rows),
              CORDAGE_EPARSE);
}

TEST(the_rest_field_by_field)
{
    struct link_end e;
    struct link_totals t;
    struct link_text text;
    struct link_command c;
    struct link_answer a;
    struct link_stop stop;

    CHECK_INT(link_get_end(parse(kind_of("end")->good), &e), 0);
    CHECK(e.exit == 3 && e.code == CORDAGE_EFATAL);
    CHECK_STR(e.message, "Discord said \"no\".\n");
    CHECK_INT(link_get_totals(parse(kind_of("totals")->good), &t), 0);
    CHECK(t.guilds == UINT64_MAX && t.reported == 63 && t.shards == 64);
    CHECK_INT(link_get_text(parse(kind_of("text")->good), &text), 0);
    CHECK(text.from == 3 && text.text.n == 6 && text.text.p[0] == '\0');
    CHECK_INT(link_get_stop(parse(kind_of("stop")->good), &stop), 0);
    CHECK(stop.forget);
    CHECK_INT(link_get_command(parse(kind_of("command")->good), &c), 0);
    CHECK(c.verb == LINK_VERB_RESTART && c.follow && c.one && c.worker == 3);
    CHECK(!c.self && c.forget);
    CHECK_INT(link_get_command(parse("{\"verb\":\"stop\",\"follow\":false,\"one\":false,"
                                     "\"worker\":0,\"self\":true,\"forget\":false}"),
                               &c),
              0);
    CHECK(c.verb == LINK_VERB_STOP && !c.follow && !c.one && c.self && !c.forget);
    CHECK_INT(link_get_answer(parse(kind_of("answer")->good), &a), 0);
    CHECK(a.is_last && a.exit == 255);
    CHECK_STR(a.text, "worker 3 is new");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_message_is_length_type_and_body),
        T(every_type_has_its_name_and_comes_back),
        T(byte_by_byte_the_same_messages_come),
        T(a_broken_head_is_refused_at_once),
        T(a_body_that_is_too_large_is_not_written),
        T(each_message_comes_back_as_it_was),
        T(each_field_that_is_missing_or_of_another_type_is_refused),
        T(what_is_no_object_is_refused),
        T(a_field_that_nobody_knows_is_passed_over),
        T(numbers_have_bounds),
        T(texts_and_lists_have_bounds),
        T(the_largest_broadcast_arrives_whatever_is_in_it),
        T(the_status_of_the_largest_fleet_fits_a_message),
        T(hello_and_welcome_field_by_field),
        T(shards_field_by_field),
        T(status_field_by_field),
        T(the_rest_field_by_field),
    };
    int failed;

    parser = json_parser_new();
    failed = parser ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
    json_parser_free(parser);
    return failed;
}
