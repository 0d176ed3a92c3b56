/* Questions and their answers, in virtual time. */
#include "gather.h"

#include "error.h"
#include "limits.h"
#include "test.h"

struct rig {
    struct gather_book book;
    struct json_parser *parser;
    uint64_t now;
    struct buf text; /* the last event */
};

static void rig_start(struct rig *r)
{
    *r = (struct rig){ .now = 1000, .parser = json_parser_new() };
    assert_non_null(r->parser);
    gather_book_init(&r->book, 42);
}

static void rig_stop(struct rig *r)
{
    CHECK(list_is_empty(&r->book.waiting) && list_is_empty(&r->book.held));
    CHECK(list_is_empty(&r->book.asked) && list_is_empty(&r->book.over));
    CHECK_INT(r->book.n, 0);
    CHECK_INT(r->book.n_leaving, 0);
    gather_book_release(&r->book);
    json_parser_free(r->parser);
    buf_release(&r->text);
}

/* All members of a guild. */
static struct gather *want_all(struct rig *r, struct gather *g, uint64_t guild_id)
{
    *g = (struct gather){ 0 };
    CHECK_INT(gather_init_members(g, &(struct members_fields){ .guild_id = guild_id,
                                                               .query = "",
                                                               .presences = true }),
              0);
    gather_add(&r->book, g);
    return g;
}

static struct gather *want_some(struct rig *r, struct gather *g, uint64_t guild_id)
{
    const uint64_t ids[] = { 7, 8 };

    *g = (struct gather){ 0 };
    CHECK_INT(gather_init_members(g, &(struct members_fields){ .guild_id = guild_id,
                                                               .user_ids = ids,
                                                               .n_user_ids = 2 }),
              0);
    gather_add(&r->book, g);
    return g;
}

/* It is the next to be sent, and is. */
static void expect_asked(struct rig *r, struct gather *g)
{
    struct gather *next = gather_next(&r->book, r->now);

    if (next != g)
        fail_msg("the next one is %p, want %p", (void *)next, (void *)g);
    CHECK_INT(g->state, GATHER_LEAVES);
    gather_sent(&r->book, g->nonce, true, r->now);
    CHECK_INT(g->state, GATHER_ASKED);
}

static void expect_idle(struct rig *r)
{
    CHECK(gather_next(&r->book, r->now) == NULL);
    CHECK(gather_pop_over(&r->book) == NULL);
}

static struct gather *feed(struct rig *r, cordage_event_type type, const char *d)
{
    struct gather_event e = { .type = type };
    cordage_json root;

    buf_clear(&r->text);
    CHECK_INT(buf_printf(&r->text, "{\"t\":\"X\",\"s\":1,\"op\":0,\"d\":%s}", d), 0);
    CHECK_INT(json_parse(r->parser, buf_str(&r->text), &root), 0);
    e.d = json_get(root, "d");
    e.payload = buf_str(&r->text);
    return gather_take(&r->book, &e, r->now);
}

/* Chunk `index` of `count`, with one member and one presence. */
static struct gather *chunk(struct rig *r, uint64_t nonce, unsigned index, unsigned count)
{
    char d[256];

    snprintf(d, sizeof d,
             "{\"guild_id\":\"5\",\"members\":[{\"n\":%u}],\"presences\":[%u],"
             "\"chunk_index\":%u,\"chunk_count\":%u,\"nonce\":\"%016llx\"}",
             index, index, index, count, (unsigned long long)nonce);
    return feed(r, CORDAGE_EVENT_GUILD_MEMBERS_CHUNK, d);
}

/* It is over, with `err`; the result's text, until the next. */
static const char *expect_over(struct rig *r, struct gather *g, int err)
{
    static char text[1024];
    struct buf out = { 0 };

    if (gather_pop_over(&r->book) != g)
        fail_msg("it is not over");
    if (g->err != err)
        fail_msg("err is %d (%s), want %d", g->err, g->why, err);
    CHECK_INT(gather_result(g, &out), 0);
    snprintf(text, sizeof text, "%.*s", STR_FMT(buf_str(&out)));
    buf_release(&out);
    gather_release(g);
    return text;
}

TEST(chunks_in_any_order_and_twice_make_one_answer)
{
    struct gather a, b;
    struct rig r;

    rig_start(&r);
    want_all(&r, &a, 5);
    want_some(&r, &b, 5);
    expect_asked(&r, &a);
    expect_asked(&r, &b);
    expect_idle(&r);
    CHECK(gather_wants(&r.book, CORDAGE_EVENT_GUILD_MEMBERS_CHUNK));
    CHECK(!gather_wants(&r.book, CORDAGE_EVENT_MESSAGE_CREATE));
    chunk(&r, a.nonce, 2, 3);
    chunk(&r, a.nonce, 0, 3);
    chunk(&r, a.nonce, 2, 3);
    chunk(&r, 12345, 1, 3); /* somebody else's */
    expect_idle(&r);
    chunk(&r, a.nonce, 1, 3);
    CHECK_INT(a.n_members, 3);
    assert_string_equal(expect_over(&r, &a, 0),
                        "{\"guild_id\":\"5\",\"members\":[{\"n\":2},{\"n\":0},{\"n\":1}],"
                        "\"presences\":[2,0,1],\"not_found\":[]}");
    feed(&r, CORDAGE_EVENT_GUILD_MEMBERS_CHUNK, "{\"nonce\":\"nonsense\"}");
    {
        char d[256];

        snprintf(d, sizeof d,
                 "{\"members\":[],\"not_found\":[\"7\",8],\"chunk_index\":0,"
                 "\"chunk_count\":1,\"nonce\":\"%016llx\"}",
                 (unsigned long long)b.nonce);
        feed(&r, CORDAGE_EVENT_GUILD_MEMBERS_CHUNK, d);
    }
    assert_string_equal(expect_over(&r, &b, 0),
                        "{\"guild_id\":\"5\",\"members\":[],\"not_found\":[\"7\",8]}");
    CHECK(!gather_wants(&r.book, CORDAGE_EVENT_GUILD_MEMBERS_CHUNK));
    CHECK(gather_deadline(&r.book, r.now) == UINT64_MAX);
    rig_stop(&r);
}

TEST(chunks_that_make_no_sense_are_no_answer)
{
    static const char *const bad[] = {
        "\"chunk_index\":3,\"chunk_count\":3",
        "\"chunk_index\":-1,\"chunk_count\":3",
        "\"chunk_index\":0,\"chunk_count\":0",
        "\"chunk_index\":0,\"chunk_count\":4000000000",
        "\"chunk_index\":0,\"chunk_count\":65537",
        "\"chunk_index\":\"0\",\"chunk_count\":1",
        "\"chunk_count\":1",
    };
    struct gather g;
    struct rig r;

    rig_start(&r);
    expect_asked(&r, want_all(&r, &g, 5));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char d[256];

        snprintf(d, sizeof d, "{\"members\":[1],%s,\"nonce\":\"%016llx\"}", bad[i],
                 (unsigned long long)g.nonce);
        feed(&r, CORDAGE_EVENT_GUILD_MEMBERS_CHUNK, d);
    }
    CHECK_INT(g.n_seen, 0);
    chunk(&r, g.nonce, 0, 2);
    chunk(&r, g.nonce, 1, 3); /* another count */
    CHECK_INT(g.n_seen, 1);
    chunk(&r, g.nonce, 1, 2);
    expect_over(&r, &g, 0);
    rig_stop(&r);
}

TEST(each_chunk_gives_it_more_time_and_a_timeout_asks_once_more)
{
    uint64_t first;
    struct gather g;
    struct rig r;

    rig_start(&r);
    expect_asked(&r, want_some(&r, &g, 5));
    first = g.nonce;
    CHECK_INT(gather_deadline(&r.book, r.now), 1000 + GATHER_TIMEOUT_MS);
    r.now += GATHER_TIMEOUT_MS - 1;
    gather_tick(&r.book, true, r.now);
    chunk(&r, g.nonce, 0, 2);
    r.now += GATHER_TIMEOUT_MS - 1;
    gather_tick(&r.book, true, r.now);
    expect_idle(&r);
    r.now++;
    gather_tick(&r.book, true, r.now);
    CHECK_INT(gather_deadline(&r.book, r.now), r.now);
    expect_asked(&r, &g);
    CHECK(g.nonce != first);
    /* What belonged to the first try counts no more. */
    chunk(&r, first, 1, 2);
    CHECK_INT(g.n_seen, 0);
    chunk(&r, g.nonce, 0, 2);
    r.now += GATHER_TIMEOUT_MS;
    gather_tick(&r.book, true, r.now);
    expect_over(&r, &g, CORDAGE_ETIMEOUT);
    assert_string_equal(g.why, "Only 1 of 2 chunks came.");
    rig_stop(&r);
}

TEST(while_there_is_no_session_nothing_is_late)
{
    struct gather g;
    struct rig r;

    rig_start(&r);
    expect_asked(&r, want_some(&r, &g, 5));
    r.now += 10 * GATHER_TIMEOUT_MS;
    gather_tick(&r.book, false, r.now);
    expect_idle(&r);
    CHECK_INT(gather_deadline(&r.book, r.now), r.now + GATHER_TIMEOUT_MS);
    chunk(&r, g.nonce, 0, 1); /* replayed */
    expect_over(&r, &g, 0);
    rig_stop(&r);
}

TEST(a_new_session_is_asked_again_and_the_second_loss_ends_it)
{
    struct gather asked, leaving;
    struct rig r;

    rig_start(&r);
    expect_asked(&r, want_some(&r, &asked, 5));
    want_some(&r, &leaving, 5);
    CHECK(gather_next(&r.book, r.now) == &leaving);
    chunk(&r, asked.nonce, 0, 2);
    gather_new_session(&r.book);
    expect_asked(&r, &asked);
    CHECK_INT(asked.n_seen, 0);
    gather_sent(&r.book, leaving.nonce, true, r.now); /* it was still in the outbox */
    gather_new_session(&r.book);
    expect_over(&r, &asked, CORDAGE_ETIMEOUT);
    CHECK(strstr(asked.why, "twice"));
    expect_asked(&r, &leaving);
    chunk(&r, leaving.nonce, 0, 1);
    expect_over(&r, &leaving, 0);
    rig_stop(&r);
}

TEST(a_second_whole_list_of_a_guild_waits_without_asking)
{
    struct gather a, b, c, other;
    struct rig r;

    rig_start(&r);
    want_all(&r, &a, 5);
    want_all(&r, &b, 5);
    want_all(&r, &other, 6);
    want_some(&r, &c, 5); /* by id: no such rule */
    CHECK(gather_next(&r.book, r.now) == &a);
    expect_asked(&r, &other);
    expect_asked(&r, &c);
    expect_idle(&r); /* b: until a has left */
    CHECK(gather_deadline(&r.book, r.now) < UINT64_MAX);
    r.now += 5000;
    gather_sent(&r.book, a.nonce, true, r.now);
    chunk(&r, a.nonce, 0, 1);
    expect_over(&r, &a, 0);
    chunk(&r, other.nonce, 0, 1);
    expect_over(&r, &other, 0);
    chunk(&r, c.nonce, 0, 1);
    expect_over(&r, &c, 0);
    CHECK_INT(gather_deadline(&r.book, r.now), r.now + 31000);
    r.now += 30999;
    expect_idle(&r);
    r.now++;
    expect_asked(&r, &b);
    chunk(&r, b.nonce, 0, 1);
    expect_over(&r, &b, 0);
    rig_stop(&r);
}

static void limit(struct rig *r, int opcode, const char *after, uint64_t nonce)
{
    char d[256];

    snprintf(d, sizeof d,
             "{\"opcode\":%d,\"retry_after\":%s,\"meta\":{\"guild_id\":\"5\",\"nonce\":"
             "\"%016llx\"}}",
             opcode, after, (unsigned long long)nonce);
    feed(r, CORDAGE_EVENT_RATE_LIMITED, d);
}

TEST(rate_limited_is_waited_out_and_costs_no_try)
{
    struct gather g;
    struct rig r;

    rig_start(&r);
    expect_asked(&r, want_all(&r, &g, 5));
    limit(&r, 8, "12.5", g.nonce + 1); /* another's */
    limit(&r, 31, "12.5", g.nonce);
    CHECK_INT(g.state, GATHER_ASKED);
    for (int i = 0; i < GATHER_LIMITED_MAX; i++) {
        limit(&r, 8, "12.5", g.nonce);
        CHECK_INT(g.state, GATHER_WAITS);
        CHECK_INT(gather_deadline(&r.book, r.now), r.now + 12600);
        r.now += 12599;
        expect_idle(&r);
        r.now++;
        expect_asked(&r, &g);
        CHECK_INT(g.tries, 1);
    }
    limit(&r, 8, "12.5", g.nonce);
    expect_over(&r, &g, CORDAGE_ETIMEOUT);
    rig_stop(&r);
}

TEST(how_long_to_wait_is_believed_within_reason)
{
    static const struct {
        const char *after;
        uint64_t ms;
    } cases[] = { { "-5", 1000 },        { "0", 1000 },     { "1e300", 600 * 1000 },
                  { "\"soon\"", 30100 }, { "null", 30100 }, { "2", 2100 } };
    struct gather g;
    struct rig r;

    rig_start(&r);
    expect_asked(&r, want_some(&r, &g, 5));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        limit(&r, 8, cases[i].after, g.nonce);
        CHECK_INT(gather_deadline(&r.book, r.now), r.now + cases[i].ms);
        r.now += cases[i].ms;
        expect_asked(&r, &g);
    }
    gather_end(&r.book, CORDAGE_ECLOSED, "stopped");
    expect_over(&r, &g, CORDAGE_ECLOSED);
    rig_stop(&r);
}

TEST(sounds_come_guild_by_guild_and_the_missing_ones_are_named)
{
    const uint64_t guilds[] = { 1, 2, 3 };
    struct buf payload = { 0 };
    struct gather g = { 0 };
    struct rig r;

    rig_start(&r);
    CHECK_INT(gather_init_sounds(&g, guilds, 3), 0);
    gather_add(&r.book, &g);
    expect_asked(&r, &g);
    feed(&r, CORDAGE_EVENT_SOUNDBOARD_SOUNDS,
         "{\"guild_id\":\"1\",\"soundboard_sounds\":[]}");
    feed(&r, CORDAGE_EVENT_SOUNDBOARD_SOUNDS,
         "{\"guild_id\":\"9\",\"soundboard_sounds\":[]}");
    feed(&r, CORDAGE_EVENT_SOUNDBOARD_SOUNDS,
         "{\"guild_id\":\"3\",\"soundboard_sounds\":[4]}");
    expect_idle(&r);
    r.now += GATHER_TIMEOUT_MS;
    gather_tick(&r.book, true, r.now);
    CHECK_INT(gather_write(&g, &payload), 0); /* only what is missing */
    CHECK_STR(buf_str(&payload), "{\"op\":31,\"d\":{\"guild_ids\":[\"2\"]}}");
    buf_release(&payload);
    expect_asked(&r, &g);
    r.now += GATHER_TIMEOUT_MS;
    gather_tick(&r.book, true, r.now);
    assert_string_equal(expect_over(&r, &g, CORDAGE_ETIMEOUT),
                        "{\"guild_id\":\"1\",\"soundboard_sounds\":[]},"
                        "{\"guild_id\":\"3\",\"soundboard_sounds\":[4]}");
    CHECK(strstr(g.why, " 2"));
    rig_stop(&r);
}

TEST(channel_information_is_one_event)
{
    struct buf payload = { 0 };
    struct gather g = { 0 };
    struct rig r;

    rig_start(&r);
    CHECK_INT(gather_init_channels(&g, 4), 0);
    CHECK_INT(gather_write(&g, &payload), 0);
    CHECK_STR(buf_str(&payload), "{\"op\":43,\"d\":{\"guild_id\":\"4\",\"fields\":"
                                 "[\"status\",\"voice_start_time\"]}}");
    buf_release(&payload);
    gather_add(&r.book, &g);
    expect_asked(&r, &g);
    feed(&r, CORDAGE_EVENT_CHANNEL_INFO, "{\"guild_id\":\"5\",\"channels\":[1]}");
    expect_idle(&r);
    feed(&r, CORDAGE_EVENT_CHANNEL_INFO, "{\"guild_id\":\"4\",\"channels\":[2]}");
    assert_string_equal(expect_over(&r, &g, 0), "{\"guild_id\":\"4\",\"channels\":[2]}");
    rig_stop(&r);
}

TEST(chunks_may_be_handed_on_instead_of_kept)
{
    struct gather g = { 0 };
    struct rig r;

    rig_start(&r);
    want_all(&r, &g, 5);
    g.piecewise = true;
    expect_asked(&r, &g);
    CHECK(chunk(&r, g.nonce, 0, 2) == &g);
    CHECK(chunk(&r, g.nonce, 0, 2) == NULL); /* again */
    CHECK(chunk(&r, g.nonce, 1, 2) == &g);
    CHECK_INT(g.items.n, 0);
    assert_string_equal(expect_over(&r, &g, 0), "{\"guild_id\":\"5\",\"not_found\":[]}");
    CHECK_INT(g.n_members, 0);
    rig_stop(&r);
}

TEST(an_answer_that_is_too_large_says_what_to_do)
{
    struct gather g = { 0 };
    struct rig r;

    rig_start(&r);
    expect_asked(&r, want_all(&r, &g, 5));
    chunk(&r, g.nonce, 0, 3);
    CHECK_INT(buf_reserve(&g.items, LIMIT_GATHER), 0);
    memset(g.items.p + g.items.n, ' ', LIMIT_GATHER - g.items.n - 5);
    g.items.n = LIMIT_GATHER - 5;
    chunk(&r, g.nonce, 1, 3);
    assert_string_equal(expect_over(&r, &g, CORDAGE_ELIMIT), "");
    CHECK(strstr(g.why, "each"));
    rig_stop(&r);
}

TEST(a_few_leave_at_a_time_and_what_cannot_leave_waits_or_fails)
{
    enum { N = LIMIT_GATHERS_LEAVING + 2 };
    static struct gather all[N];
    struct gather *g;
    struct rig r;

    rig_start(&r);
    for (int i = 0; i < N; i++)
        want_some(&r, &all[i], 5);
    for (int i = 0; i < LIMIT_GATHERS_LEAVING; i++)
        CHECK(gather_next(&r.book, r.now) == &all[i]);
    CHECK(gather_next(&r.book, r.now) == NULL);
    CHECK(gather_deadline(&r.book, r.now) == UINT64_MAX); /* until one has left */
    gather_sent(&r.book, all[0].nonce, false, r.now);
    expect_over(&r, &all[0], CORDAGE_ETIMEOUT);
    gather_fail(&r.book, &all[1], CORDAGE_ENOMEM, "no memory");
    expect_over(&r, &all[1], CORDAGE_ENOMEM);
    gather_hold(&r.book, &all[2], r.now + 1000);
    gather_sent(&r.book, 99, true, r.now); /* of nobody */
    for (int i = 0; (g = gather_next(&r.book, r.now)); i++)
        CHECK(g == &all[LIMIT_GATHERS_LEAVING + i]);
    r.now += 1000;
    gather_sent(&r.book, all[3].nonce, true, r.now);
    CHECK(gather_next(&r.book, r.now) == &all[2]);
    gather_end(&r.book, CORDAGE_ECLOSED, "stopped");
    while ((g = gather_pop_over(&r.book))) {
        CHECK_INT(g->err, CORDAGE_ECLOSED);
        gather_release(g);
    }
    rig_stop(&r);
}

RUN_TESTS(T(chunks_in_any_order_and_twice_make_one_answer),
          T(chunks_that_make_no_sense_are_no_answer),
          T(each_chunk_gives_it_more_time_and_a_timeout_asks_once_more),
          T(while_there_is_no_session_nothing_is_late),
          T(a_new_session_is_asked_again_and_the_second_loss_ends_it),
          T(a_second_whole_list_of_a_guild_waits_without_asking),
          T(rate_limited_is_waited_out_and_costs_no_try),
          T(how_long_to_wait_is_believed_within_reason),
          T(sounds_come_guild_by_guild_and_the_missing_ones_are_named),
          T(channel_information_is_one_event), T(chunks_may_be_handed_on_instead_of_kept),
          T(an_answer_that_is_too_large_says_what_to_do),
          T(a_few_leave_at_a_time_and_what_cannot_leave_waits_or_fails))
