#include "test.h"

#include <stdlib.h>

#include "gate_local.h"
#include "limits.h"
#include "vhost.h"

enum { WINDOW_MS = GATEWAY_IDENTIFY_MS + IDENTIFY_MARGIN_MS };

/* One asker, which writes down when it was told what. */
struct asker {
    struct gate_place place;
    struct vhost *v;
    uint64_t may_dial_at, may_identify_at; /* 0: not yet; since the start otherwise */
    unsigned n_dials, n_slots, n_booked;
    unsigned order; /* in which it was told to dial, from 1 */
    unsigned *next_order;
};

static uint64_t since_start(const struct vhost *v)
{
    return v->now - VHOST_EPOCH;
}

static void on_may_dial(struct gate_place *p)
{
    struct asker *a = CONTAINER_OF(p, struct asker, place);

    a->may_dial_at = since_start(a->v);
    a->n_dials++;
    a->order = ++*a->next_order;
}

static void on_may_identify(struct gate_place *p)
{
    struct asker *a = CONTAINER_OF(p, struct asker, place);

    a->may_identify_at = since_start(a->v);
    a->n_slots++;
}

struct rig {
    struct vhost v;
    struct gate *gate;
    struct asker *askers;
    size_t n;
    unsigned next_order;
    struct ledger ledger;
    unsigned n_booked;
    struct gate_books books;
};

static void on_book(void *user, uint32_t shard_id, uint32_t shard_count, uint64_t wall)
{
    struct rig *r = user;

    CHECK_INT(shard_count, r->n);
    /* Each slot has one of its own, before it is granted. */
    CHECK_INT(r->askers[shard_id].n_slots, r->askers[shard_id].n_booked++);
    CHECK_INT(wall, r->v.host.wall(&r->v.host));
    r->n_booked++;
}

static void setup(struct rig *r, uint32_t max_concurrency, size_t n)
{
    size_t i;

    *r = (struct rig){ .n = n };
    vhost_init(&r->v, 1);
    r->askers = calloc(n, sizeof *r->askers);
    assert_non_null(r->askers);
    for (i = 0; i < n; i++) {
        r->askers[i].place.may_dial = on_may_dial;
        r->askers[i].place.may_identify = on_may_identify;
        r->askers[i].v = &r->v;
        r->askers[i].next_order = &r->next_order;
    }
    ledger_init(&r->ledger, (uint32_t)n);
    r->books = (struct gate_books){ &r->ledger, on_book, r };
    assert_int_equal(gate_new(&r->v.host, max_concurrency, &r->books, &r->gate), 0);
    gate_proven(r->gate);
}

static void teardown(struct rig *r)
{
    gate_free(r->gate);
    ledger_release(&r->ledger);
    vhost_release(&r->v);
    free(r->askers);
}

static void ask(struct rig *r, size_t i, bool resuming)
{
    gate_ask(r->gate, &r->askers[i].place, (uint32_t)i, (uint32_t)r->n, resuming);
}

static size_t count_dialling(const struct rig *r)
{
    size_t n = 0, i;

    for (i = 0; i < r->n; i++)
        n += r->askers[i].place.state == PLACE_DIALLING;
    return n;
}

/* Lets `ms` pass; whoever may dial is connected `handshake_ms` later, and whoever may
 * identify does so at once. */
static void live(struct rig *r, uint64_t ms, uint64_t handshake_ms)
{
    uint64_t until = r->v.now + ms;
    size_t i;

    for (; r->v.now < until; vhost_run(&r->v, 50))
        for (i = 0; i < r->n; i++) {
            struct asker *a = &r->askers[i];

            if (a->place.state == PLACE_DIALLING &&
                since_start(&r->v) >= a->may_dial_at + handshake_ms) {
                gate_dialled(r->gate, &a->place);
                if (!a->place.resuming)
                    gate_ready(r->gate, &a->place);
            }
            gate_sent(r->gate, &a->place);
        }
}

TEST(before_a_session_has_come_up_one_fresh_start_goes_alone)
{
    struct rig r;

    setup(&r, 4, 4);
    gate_free(r.gate);
    assert_int_equal(gate_new(&r.v.host, 4, &r.books, &r.gate), 0);
    for (size_t i = 0; i < 4; i++)
        ask(&r, i, false);
    vhost_run(&r.v, 1000);
    CHECK_INT(count_dialling(&r), 1);
    gate_dialled(r.gate, &r.askers[0].place);
    gate_ready(r.gate, &r.askers[0].place);
    vhost_run(&r.v, 1000);
    CHECK_INT(r.askers[0].n_slots, 1);
    gate_sent(r.gate, &r.askers[0].place);
    vhost_run(&r.v, 1000);
    CHECK_INT(r.next_order, 1);

    /* It lost its connection: another may try. */
    gate_cancel(r.gate, &r.askers[0].place);
    vhost_run(&r.v, 1000);
    CHECK_INT(r.next_order, 2);
    gate_proven(r.gate);
    vhost_run(&r.v, 1000);
    CHECK_INT(r.next_order, 4);
    teardown(&r);
}

TEST(nothing_is_granted_inside_a_call)
{
    struct rig r;

    setup(&r, 1, 2);
    ask(&r, 0, false);
    ask(&r, 1, true);
    CHECK_INT(r.next_order, 0);
    vhost_turn(&r.v);
    CHECK_INT(r.askers[0].n_dials, 1);
    CHECK_INT(r.askers[1].n_dials, 1);
    gate_dialled(r.gate, &r.askers[0].place);
    gate_ready(r.gate, &r.askers[0].place);
    CHECK_INT(r.askers[0].n_slots, 0);
    vhost_turn(&r.v);
    CHECK_INT(r.askers[0].n_slots, 1);
    CHECK_INT(r.askers[1].n_slots, 0);
    teardown(&r);
}

TEST(a_fresh_start_dials_only_when_its_slot_is_near)
{
    struct rig r;
    size_t i;

    setup(&r, 1, 8);
    for (i = 0; i < 8; i++)
        ask(&r, i, false);
    live(&r, 8 * WINDOW_MS, 100);
    for (i = 0; i < 8; i++) {
        struct asker *a = &r.askers[i];

        CHECK_INT(a->n_dials, 1);
        CHECK_INT(a->n_slots, 1);
        CHECK(a->may_dial_at + IDENTIFY_DIAL_AHEAD_MS + 500 >= a->may_identify_at);
        if (i > 0) {
            CHECK(a->may_identify_at >= r.askers[i - 1].may_identify_at + WINDOW_MS);
            CHECK(a->may_identify_at <=
                  r.askers[i - 1].may_identify_at + WINDOW_MS + 150);
        }
    }
    /* 0, 5.3 s and 10.6 s from the start: the third is beyond ten seconds. */
    CHECK_INT(r.askers[0].may_dial_at, 0);
    CHECK_INT(r.askers[1].may_dial_at, 0);
    CHECK(r.askers[2].may_dial_at > 0 && r.askers[2].may_dial_at < 1000);
    teardown(&r);
}

TEST(keys_have_their_windows_side_by_side)
{
    struct rig r;
    size_t i;

    setup(&r, 4, 12);
    for (i = 12; i-- > 0;)
        ask(&r, i, false);
    live(&r, 3 * WINDOW_MS, 0);
    for (i = 0; i < 12; i++) {
        CHECK_INT(r.askers[i].n_slots, 1);
        CHECK(r.askers[i].may_identify_at >= i / 4 * WINDOW_MS);
        CHECK(r.askers[i].may_identify_at <= i / 4 * WINDOW_MS + 300);
    }
    teardown(&r);
}

TEST(resumes_need_no_slot_but_dial_no_more_than_the_limit_at_one_time)
{
    enum { RESUMES = 3 * LIMIT_HANDSHAKES };
    struct rig r;
    size_t i, at_once = 0;

    setup(&r, 1, RESUMES);
    for (i = RESUMES; i-- > 0;)
        ask(&r, i, true);
    vhost_turn(&r.v);
    CHECK_INT(count_dialling(&r), LIMIT_HANDSHAKES);
    /* As they asked, whatever their number. */
    CHECK_INT(r.askers[RESUMES - 1].order, 1);
    CHECK_INT(r.askers[RESUMES - LIMIT_HANDSHAKES].order, LIMIT_HANDSHAKES);
    CHECK_INT(vhost_next_at(&r.v), UINT64_MAX);
    gate_dialled(r.gate, &r.askers[RESUMES - 1].place);
    gate_dialled(r.gate, &r.askers[RESUMES - 1].place); /* twice is once */
    vhost_turn(&r.v);
    CHECK_INT(r.next_order, LIMIT_HANDSHAKES + 1);
    for (i = 0; i < 100; i++) {
        live(&r, 50, 100);
        if (count_dialling(&r) > at_once)
            at_once = count_dialling(&r);
    }
    CHECK_INT(at_once, LIMIT_HANDSHAKES);
    CHECK_INT(r.next_order, RESUMES);
    CHECK_INT(count_dialling(&r), 0);
    teardown(&r);
}

TEST(resumes_do_not_wait_behind_fresh_starts)
{
    struct rig r;
    size_t i;

    setup(&r, 1, 100);
    for (i = 0; i < 99; i++)
        ask(&r, i, false);
    ask(&r, 99, true);
    vhost_turn(&r.v);
    CHECK_INT(r.askers[99].n_dials, 1);
    CHECK_INT(r.askers[2].n_dials, 0);
    teardown(&r);
}

TEST(who_withdraws_makes_room)
{
    struct rig r;
    size_t i;

    setup(&r, 1, LIMIT_HANDSHAKES + 2);
    for (i = 0; i < r.n; i++)
        ask(&r, i, true);
    vhost_turn(&r.v);
    gate_cancel(r.gate, &r.askers[LIMIT_HANDSHAKES].place); /* one that waits */
    vhost_turn(&r.v);
    CHECK_INT(r.askers[LIMIT_HANDSHAKES].n_dials, 0);
    gate_cancel(r.gate, &r.askers[0].place); /* one that dials */
    vhost_turn(&r.v);
    CHECK_INT(r.askers[LIMIT_HANDSHAKES].n_dials, 0);
    CHECK_INT(r.askers[LIMIT_HANDSHAKES + 1].n_dials, 1);
    teardown(&r);

    setup(&r, 1, 4);
    for (i = 0; i < 4; i++)
        ask(&r, i, false);
    vhost_turn(&r.v);
    CHECK_INT(r.askers[2].n_dials, 0);
    gate_cancel(r.gate, &r.askers[0].place);
    vhost_turn(&r.v);
    CHECK_INT(r.askers[2].n_dials, 1); /* it has come nearer */
    gate_cancel(r.gate, &r.askers[0].place);
    teardown(&r);
}

TEST(a_slot_that_was_granted_and_withdrawn_counts_as_used)
{
    struct rig r;

    setup(&r, 1, 2);
    ask(&r, 0, false);
    ask(&r, 1, false);
    vhost_turn(&r.v);
    gate_dialled(r.gate, &r.askers[0].place);
    gate_ready(r.gate, &r.askers[0].place);
    vhost_turn(&r.v);
    CHECK_INT(r.askers[0].n_slots, 1);
    gate_cancel(r.gate, &r.askers[0].place);
    gate_dialled(r.gate, &r.askers[1].place);
    gate_ready(r.gate, &r.askers[1].place);
    vhost_run(&r.v, WINDOW_MS - 1);
    CHECK_INT(r.askers[1].n_slots, 0);
    vhost_run(&r.v, 1);
    CHECK_INT(r.askers[1].n_slots, 1);
    teardown(&r);
}

TEST(asking_again_replaces_what_was_asked)
{
    struct rig r;

    setup(&r, 1, 1);
    ask(&r, 0, false);
    vhost_turn(&r.v);
    CHECK_INT(r.askers[0].n_dials, 1);
    ask(&r, 0, true); /* the connection failed, and there is a session after all */
    vhost_turn(&r.v);
    CHECK_INT(r.askers[0].n_dials, 2);
    gate_dialled(r.gate, &r.askers[0].place);
    CHECK_INT(vhost_next_at(&r.v), UINT64_MAX);
    ask(&r, 0, false);
    gate_cancel(r.gate, &r.askers[0].place);
    vhost_run(&r.v, 60000);
    CHECK_INT(r.askers[0].n_dials, 2);
    teardown(&r);
}

TEST(a_resume_that_became_a_fresh_start_is_given_a_slot)
{
    struct rig r;

    setup(&r, 1, 1);
    ask(&r, 0, true);
    vhost_turn(&r.v);
    gate_dialled(r.gate, &r.askers[0].place);
    gate_ready(r.gate, &r.askers[0].place);
    vhost_turn(&r.v);
    CHECK_INT(r.askers[0].n_slots, 1);
    gate_sent(r.gate, &r.askers[0].place);
    gate_sent(r.gate, &r.askers[0].place);
    CHECK_INT(vhost_next_at(&r.v), UINT64_MAX);
    teardown(&r);
}

TEST(without_budget_nobody_dials_until_it_is_whole_again)
{
    enum { HOUR_MS = 60 * 60 * 1000 };
    struct rig r;
    size_t i;

    setup(&r, 16, 3);
    ledger_limits(&r.ledger, 1000, 101, HOUR_MS, r.v.host.wall(&r.v.host));
    CHECK_INT(gate_limits(r.gate, 16), 0);
    for (i = 0; i < 3; i++)
        ask(&r, i, false);
    live(&r, 60000, 50);
    CHECK_INT(r.askers[0].n_slots, 1);
    CHECK_INT(r.askers[1].n_dials, 0);
    CHECK_INT(r.n_booked, 1);
    CHECK(str_find(buf_str(&r.v.log), STR("the reserve of 100 stays")) != SIZE_MAX);
    CHECK_INT(gate_done_at(r.gate), VHOST_EPOCH + HOUR_MS);
    live(&r, HOUR_MS, 50);
    CHECK_INT(r.askers[1].n_slots, 1);
    CHECK_INT(r.askers[2].n_slots, 1);
    CHECK(r.askers[1].may_dial_at >= HOUR_MS - IDENTIFY_DIAL_AHEAD_MS);
    CHECK(r.askers[1].may_identify_at >= HOUR_MS);
    teardown(&r);
}

TEST(what_earlier_processes_sent_counts)
{
    struct rig r;
    uint64_t wall;

    setup(&r, 4, 2);
    wall = r.v.host.wall(&r.v.host);
    for (int i = 0; i < 10; i++)
        CHECK_INT(ledger_remember(&r.ledger, wall - 1000), 0);
    ledger_limits(&r.ledger, 20, 20, 0, wall);
    CHECK_INT(ledger_allowed(&r.ledger, wall), 8); /* ten are gone, two are held back */
    gate_remember(r.gate, 0, wall - 1000);
    gate_remember(r.gate, 1, wall + 3600000); /* the clock was set back */
    gate_remember(r.gate, 2, 0);
    ask(&r, 0, false);
    ask(&r, 1, false);
    live(&r, 2 * WINDOW_MS, 50);
    CHECK(r.askers[0].may_identify_at >= WINDOW_MS - 1000);
    CHECK(r.askers[0].may_identify_at <= WINDOW_MS - 900);
    CHECK(r.askers[1].may_identify_at >= WINDOW_MS);
    CHECK(r.askers[1].may_identify_at <= WINDOW_MS + 100);
    CHECK_INT(r.n_booked, 2);
    teardown(&r);
}

TEST(more_concurrency_brings_the_far_near)
{
    struct rig r;
    size_t i;

    setup(&r, 1, 16);
    for (i = 0; i < 16; i++)
        ask(&r, i, false);
    vhost_turn(&r.v);
    CHECK_INT(r.next_order, 2);
    CHECK_INT(gate_done_at(r.gate), VHOST_EPOCH + 15 * WINDOW_MS);
    CHECK_INT(gate_limits(r.gate, 16), 0);
    vhost_turn(&r.v);
    CHECK_INT(r.next_order, 16);
    CHECK_INT(gate_done_at(r.gate), VHOST_EPOCH);
    teardown(&r);
}

TEST(the_end_of_a_start_is_foretold)
{
    struct rig r;
    uint64_t done_at;
    size_t i;

    setup(&r, 2, 9);
    CHECK_INT(gate_done_at(r.gate), r.v.now);
    for (i = 0; i < 9; i++)
        ask(&r, i, false);
    done_at = gate_done_at(r.gate);
    CHECK_INT(done_at, VHOST_EPOCH + 4 * WINDOW_MS);
    live(&r, 5 * WINDOW_MS, 0);
    CHECK(r.askers[8].may_identify_at + VHOST_EPOCH >= done_at);
    CHECK(r.askers[8].may_identify_at + VHOST_EPOCH <= done_at + 500);
    CHECK_INT(gate_done_at(r.gate), r.v.now);
    teardown(&r);
}

/* One that is told to dial and there withdraws its neighbour, who was to be told next. */
static struct gate_place *victim;
static struct gate *victims_gate;

static void dial_and_withdraw(struct gate_place *p)
{
    on_may_dial(p);
    gate_cancel(victims_gate, victim);
}

TEST(inside_may_dial_others_may_be_withdrawn)
{
    struct rig r;

    setup(&r, 4, 4);
    victims_gate = r.gate;
    victim = &r.askers[1].place;
    r.askers[0].place.may_dial = dial_and_withdraw;
    ask(&r, 0, false);
    ask(&r, 1, false);
    ask(&r, 2, false);
    vhost_turn(&r.v);
    CHECK_INT(r.askers[1].n_dials, 0);
    CHECK_INT(r.askers[2].n_dials, 1);
    ask(&r, 0, true);
    ask(&r, 1, true);
    vhost_turn(&r.v);
    CHECK_INT(r.askers[1].n_dials, 0);
    CHECK_INT(r.askers[0].n_dials, 2);
    teardown(&r);
}

TEST(a_gate_may_go_while_shards_wait)
{
    struct rig r;
    size_t i;

    setup(&r, 1, 100);
    for (i = 0; i < 100; i++)
        ask(&r, i, i % 2);
    vhost_turn(&r.v);
    gate_free(r.gate);
    for (i = 0; i < 100; i++) {
        CHECK_INT(r.askers[i].place.state, PLACE_IDLE);
        CHECK_INT(r.askers[i].place.ticket.state, TICKET_IDLE);
    }
    CHECK_INT(vhost_next_at(&r.v), UINT64_MAX);
    r.gate = NULL;
    teardown(&r);
}

RUN_TESTS(T(before_a_session_has_come_up_one_fresh_start_goes_alone),
          T(nothing_is_granted_inside_a_call),
          T(a_fresh_start_dials_only_when_its_slot_is_near),
          T(keys_have_their_windows_side_by_side),
          T(resumes_need_no_slot_but_dial_no_more_than_the_limit_at_one_time),
          T(resumes_do_not_wait_behind_fresh_starts), T(who_withdraws_makes_room),
          T(a_slot_that_was_granted_and_withdrawn_counts_as_used),
          T(asking_again_replaces_what_was_asked),
          T(a_resume_that_became_a_fresh_start_is_given_a_slot),
          T(without_budget_nobody_dials_until_it_is_whole_again),
          T(what_earlier_processes_sent_counts), T(more_concurrency_brings_the_far_near),
          T(the_end_of_a_start_is_foretold), T(inside_may_dial_others_may_be_withdrawn),
          T(a_gate_may_go_while_shards_wait))
