/* What the watchdog's verdict does in each state. */
#include "session_rig.h"

static void kick(struct rig *r, bool identify)
{
    session_kick(&r->s, identify, r->now);
    rig_pull(r);
}

/* A session in `state`, its actions looked at. Those that have none to keep are new. */
static struct rig *rig_in(enum session_state state, bool has_session)
{
    struct rig *r = has_session ? rig_live() : rig_new();

    if (state == SESSION_LIVE)
        return r;
    if (has_session)
        rig_closed(r, 1006);
    if (state == SESSION_IDLE)
        return r;
    if (!r->n)
        rig_wait(r);
    expect_want_dial(r, has_session);
    rig_dial(r);
    expect(r, SESSION_DIAL);
    if (state == SESSION_CONNECT)
        return r;
    rig_opened(r);
    if (state == SESSION_HELLO)
        return r;
    rig_hello(r);
    if (state == SESSION_RESUME) {
        expect_send(r, RESUME);
        return r;
    }
    expect(r, SESSION_WANT_SLOT);
    if (state == SESSION_QUEUED)
        return r;
    session_identify(&r->s, r->now);
    rig_pull(r);
    expect_send(r, IDENTIFY);
    return r;
}

static const struct {
    enum session_state state;
    bool has_session, has_ticket;
} rows[] = {
    { SESSION_CONNECT, true, false }, { SESSION_HELLO, true, false },
    { SESSION_RESUME, true, false },  { SESSION_LIVE, true, false },
    { SESSION_CONNECT, false, true }, { SESSION_HELLO, false, true },
    { SESSION_QUEUED, false, true },  { SESSION_IDENTIFY, false, false },
};

TEST(a_connection_is_closed_and_the_session_resumed)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rig *r = rig_in(rows[i].state, rows[i].has_session);

        expect_state(r, rows[i].state);
        kick(r, false);
        expect_close(r, 4000);
        if (rows[i].has_ticket)
            expect(r, SESSION_DROP_SLOT);
        expect_nothing(r);
        expect_state(r, SESSION_IDLE);
        rig_connect(r, rows[i].has_session);
        rig_free(r);
    }
}

TEST(a_session_is_ended_and_another_begins)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rig *r = rig_in(rows[i].state, rows[i].has_session);

        kick(r, true);
        expect_close(r, 1000);
        if (rows[i].has_ticket)
            expect(r, SESSION_DROP_SLOT);
        if (rows[i].has_session)
            expect(r, SESSION_LOST);
        expect_nothing(r);
        rig_become_live(r, 1);
        rig_free(r);
    }
}

TEST(it_comes_back_within_a_second)
{
    struct rig *r = rig_live();

    kick(r, false);
    expect_close(r, 4000);
    expect_between(rig_wait_of(r), 0, 1000);
    expect_want_dial(r, true);
    rig_free(r);
}

TEST(without_a_connection_only_the_session_can_end)
{
    struct rig *r = rig_in(SESSION_IDLE, true);

    kick(r, false); /* it waits to come back anyway */
    expect_nothing(r);
    kick(r, true);
    expect(r, SESSION_LOST);
    kick(r, true);
    expect_nothing(r);
    rig_become_live(r, 1);
    rig_free(r);

    r = rig_in(SESSION_IDLE, true);
    rig_wait(r);
    expect_want_dial(r, true); /* it waits for its turn to dial */
    kick(r, true);
    expect(r, SESSION_LOST);
    expect(r, SESSION_DROP_SLOT);
    rig_become_live(r, 1);
    rig_free(r);
}

TEST(one_that_is_refused_stays_so)
{
    struct rig *r = rig_live();

    rig_closed(r, 4004);
    expect(r, SESSION_REFUSED);
    kick(r, false);
    kick(r, true);
    expect_state(r, SESSION_DEAD);
    rig_free(r);
}

RUN_TESTS(T(a_connection_is_closed_and_the_session_resumed),
          T(a_session_is_ended_and_another_begins), T(it_comes_back_within_a_second),
          T(without_a_connection_only_the_session_can_end),
          T(one_that_is_refused_stays_so))
