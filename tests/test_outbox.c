#include "test.h"

#include "error.h"
#include "limits.h"
#include "outbox.h"

struct rig {
    struct outbox outbox;
    struct pace pace;
    struct buf out;
};

static struct rig *rig_new(void)
{
    static struct rig r;

    r = (struct rig){ 0 };
    outbox_init(&r.outbox);
    return &r;
}

static void rig_free(struct rig *r)
{
    outbox_release(&r->outbox);
    buf_release(&r->out);
}

static void push(struct rig *r, enum pace_kind kind, const char *payload)
{
    CHECK_INT(outbox_push(&r->outbox, kind, 0, str_of(payload), UINT64_MAX, 0), 0);
}

static void expect(struct rig *r, uint64_t now, const char *payload)
{
    bool got = outbox_next(&r->outbox, &r->pace, now, &r->out, NULL);

    CHECK_INT(got, payload != NULL);
    if (payload)
        CHECK_STR(buf_str(&r->out), payload);
}

static unsigned drain(struct rig *r, uint64_t now)
{
    unsigned n = 0;

    while (outbox_next(&r->outbox, &r->pace, now, &r->out, NULL))
        n++;
    return n;
}

TEST(commands_leave_in_the_order_they_came)
{
    struct rig *r = rig_new();

    push(r, PACE_COMMAND, "one");
    push(r, PACE_COMMAND, "two");
    CHECK_INT(outbox_at(&r->outbox, &r->pace, 7), 7);
    expect(r, 7, "one");
    expect(r, 7, "two");
    expect(r, 7, NULL);
    CHECK(outbox_at(&r->outbox, &r->pace, 7) == UINT64_MAX);
    rig_free(r);
}

TEST(what_the_budget_refuses_waits_for_it)
{
    struct rig *r = rig_new();
    uint64_t again = GATEWAY_SENDS_MS + PACE_MARGIN_MS;

    for (int i = 0; i < GATEWAY_SENDS; i++)
        push(r, PACE_COMMAND, "x");
    CHECK_INT(drain(r, 0), GATEWAY_SENDS - PACE_RESERVE);
    CHECK_INT(outbox_at(&r->outbox, &r->pace, 0), again);
    CHECK_INT(drain(r, again - 1), 0);
    CHECK_INT(drain(r, again), PACE_RESERVE);
    CHECK_INT(r->outbox.n, 0);
    rig_free(r);
}

TEST(a_presence_that_must_wait_holds_up_no_command)
{
    struct rig *r = rig_new();

    for (int i = 0; i < GATEWAY_PRESENCES; i++)
        CHECK(pace_take(&r->pace, PACE_PRESENCE, 0));
    push(r, PACE_PRESENCE, "status");
    push(r, PACE_COMMAND, "voice");
    expect(r, 0, "voice");
    expect(r, 0, NULL);
    CHECK_INT(outbox_at(&r->outbox, &r->pace, 0), GATEWAY_PRESENCES_MS + PACE_MARGIN_MS);
    expect(r, GATEWAY_PRESENCES_MS + PACE_MARGIN_MS, "status");
    rig_free(r);
}

TEST(only_the_newest_presence_waits)
{
    struct rig *r = rig_new();

    push(r, PACE_PRESENCE, "busy");
    push(r, PACE_PRESENCE, "idle");
    CHECK_INT(r->outbox.n, 1);
    expect(r, 0, "idle");
    expect(r, 0, NULL);
    rig_free(r);
}

TEST(a_command_past_its_deadline_is_dropped)
{
    struct rig *r = rig_new();

    CHECK_INT(outbox_push(&r->outbox, PACE_COMMAND, 0, STR("late"), 10, 0), 0);
    CHECK_INT(outbox_push(&r->outbox, PACE_PRESENCE, 0, STR("late too"), 10, 0), 0);
    CHECK_INT(outbox_push(&r->outbox, PACE_COMMAND, 0, STR("in time"), 11, 0), 0);
    expect(r, 10, "in time");
    expect(r, 10, NULL);
    CHECK_INT(r->outbox.n, 0);
    rig_free(r);
}

TEST(voice_states_go_before_other_commands)
{
    struct rig *r = rig_new();

    push(r, PACE_COMMAND, "members");
    push(r, PACE_VOICE, "join");
    push(r, PACE_VOICE, "leave");
    expect(r, 0, "join");
    expect(r, 0, "leave");
    expect(r, 0, "members");
    rig_free(r);
}

TEST(who_asked_is_told_what_is_late)
{
    struct rig *r = rig_new();
    struct outbox_label label = { 0 };

    CHECK(outbox_late_at(&r->outbox) == UINT64_MAX);
    outbox_push(&r->outbox, PACE_COMMAND, 1, STR("a"), 10, 0);
    outbox_push(&r->outbox, PACE_VOICE, 2, STR("b"), 20, 0);
    CHECK_INT(outbox_late_at(&r->outbox), 10);
    CHECK(!outbox_late(&r->outbox, 9, &label));
    CHECK(outbox_late(&r->outbox, 10, &label));
    CHECK_INT(label.tag, 1);
    CHECK_INT(label.kind, PACE_COMMAND);
    CHECK(outbox_next(&r->outbox, &r->pace, 10, &r->out, &label));
    CHECK_INT(label.tag, 2);
    CHECK(!outbox_late(&r->outbox, 99, &label));
    /* Also what was dropped because the outbox was full. */
    for (int i = 0; i < LIMIT_OUTBOX; i++)
        CHECK_INT(outbox_push(&r->outbox, PACE_COMMAND, 3, STR("x"), 30 + (i == 5), 11),
                  0);
    CHECK_INT(outbox_push(&r->outbox, PACE_COMMAND, 4, STR("y"), 90, 30), 0);
    CHECK_INT(r->outbox.n, 2);
    for (int i = 0; i < LIMIT_OUTBOX - 1; i++)
        CHECK(outbox_late(&r->outbox, 30, &label));
    CHECK(!outbox_late(&r->outbox, 30, &label));
    rig_free(r);
}

TEST(a_full_outbox_refuses_until_something_leaves_or_is_late)
{
    struct rig *r = rig_new();

    for (int i = 0; i < LIMIT_OUTBOX - 1; i++)
        push(r, PACE_COMMAND, "x");
    push(r, PACE_PRESENCE, "busy");
    CHECK_INT(outbox_push(&r->outbox, PACE_COMMAND, 0, STR("y"), 10, 5), CORDAGE_EFULL);
    push(r, PACE_PRESENCE, "idle"); /* replaces: needs no room */
    expect(r, 5, "x");
    CHECK_INT(outbox_push(&r->outbox, PACE_COMMAND, 0, STR("y"), 10, 5), 0);
    CHECK_INT(outbox_push(&r->outbox, PACE_COMMAND, 0, STR("z"), 20, 9), CORDAGE_EFULL);
    CHECK_INT(outbox_push(&r->outbox, PACE_COMMAND, 0, STR("z"), 20, 10), 0);
    CHECK_INT(r->outbox.n, LIMIT_OUTBOX);
    rig_free(r);
}

TEST(what_discord_would_not_take_is_refused)
{
    static char big[LIMIT_COMMAND + 1];
    struct rig *r = rig_new();

    CHECK_INT(outbox_push(&r->outbox, PACE_COMMAND, 0, (struct str){ big, sizeof big },
                          UINT64_MAX, 0),
              CORDAGE_ELIMIT);
    CHECK_INT(outbox_push(&r->outbox, PACE_COMMAND, 0, (struct str){ big, LIMIT_COMMAND },
                          UINT64_MAX, 0),
              0);
    rig_free(r);
}

TEST(a_zeroed_outbox_can_be_released)
{
    struct outbox o = { 0 };

    outbox_release(&o);
    CHECK_INT(o.n, 0);
}

RUN_TESTS(T(commands_leave_in_the_order_they_came),
          T(what_the_budget_refuses_waits_for_it),
          T(a_presence_that_must_wait_holds_up_no_command),
          T(only_the_newest_presence_waits), T(a_command_past_its_deadline_is_dropped),
          T(a_full_outbox_refuses_until_something_leaves_or_is_late),
          T(voice_states_go_before_other_commands), T(who_asked_is_told_what_is_late),
          T(what_discord_would_not_take_is_refused), T(a_zeroed_outbox_can_be_released))
