#include "status.h"

#include <string.h>

#include "test.h"

/* ---- The rate ------------------------------------------------------------------------
 */

TEST(without_a_second_there_is_no_rate)
{
    struct rate r = { 0 };

    CHECK(rate_per_second(&r) == 0);
}

TEST(the_rate_is_over_what_there_was)
{
    struct rate r = { 0 };

    rate_second(&r, 10);
    CHECK(rate_per_second(&r) == 10);
    rate_second(&r, 10);
    CHECK(rate_per_second(&r) == 5);
    rate_second(&r, 25);
    rate_second(&r, 25);
    CHECK(rate_per_second(&r) == 6.25);
}

TEST(the_rate_forgets_what_is_over_a_minute_old)
{
    struct rate r = { 0 };

    rate_second(&r, 6000);
    for (int i = 1; i < 60; i++)
        rate_second(&r, 6000);
    CHECK(rate_per_second(&r) == 100);
    rate_second(&r, 6000);
    CHECK(rate_per_second(&r) == 0);
    for (int i = 1; i <= 600; i++)
        rate_second(&r, 6000 + 3 * (uint64_t)i);
    CHECK(rate_per_second(&r) == 3);
}

/* ---- The state
 * ------------------------------------------------------------------------- */

static cordage_shard_state state_when(enum session_state session)
{
    struct shard_status shard = { .state = session };
    cordage_shard_info info;
    struct status s;

    status_init(&s, 1, 4);
    status_note(&s, &shard, 0);
    status_read(&s, &info);
    status_release(&s);
    return info.state;
}

TEST(every_state_of_a_session_has_a_name_for_the_bot)
{
    CHECK_INT(state_when(SESSION_IDLE), CORDAGE_SHARD_WAITING);
    CHECK_INT(state_when(SESSION_CONNECT), CORDAGE_SHARD_CONNECTING);
    CHECK_INT(state_when(SESSION_HELLO), CORDAGE_SHARD_CONNECTING);
    CHECK_INT(state_when(SESSION_QUEUED), CORDAGE_SHARD_CONNECTING);
    CHECK_INT(state_when(SESSION_IDENTIFY), CORDAGE_SHARD_IDENTIFYING);
    CHECK_INT(state_when(SESSION_RESUME), CORDAGE_SHARD_RESUMING);
    CHECK_INT(state_when(SESSION_LIVE), CORDAGE_SHARD_READY);
    CHECK_INT(state_when(SESSION_DEAD), CORDAGE_SHARD_STOPPED);
    CHECK_STR(str_of(cordage_shard_state_name(CORDAGE_SHARD_READY)), "ready");
    CHECK_STR(str_of(cordage_shard_state_name(CORDAGE_SHARD_STOPPED)), "stopped");
    CHECK_STR(str_of(cordage_shard_state_name((cordage_shard_state)77)), "unknown");
}

TEST(what_is_noted_can_be_read)
{
    struct shard_status shard = {
        .state = SESSION_LIVE,
        .stats = { .identifies = 1,
                   .resumes = 2,
                   .latency_ms = 41,
                   .last_event_at = 900,
                   .last_close_code = 4009 },
        .guilds = 12,
        .guilds_available = 11,
        .guilds_loading = true,
        .paused = true,
        .events = 300,
        .stalls = 3,
    };
    cordage_shard_info info;
    struct status s;

    status_init(&s, 1, 4);
    CHECK(!status_read(&s, &info));
    CHECK_INT(info.id, 1);
    CHECK_INT(info.count, 4);
    CHECK_INT(info.state, CORDAGE_SHARD_WAITING);
    CHECK(info.last_event_ms == UINT64_MAX);
    rate_second(&s.rate, 300);
    status_note(&s, &shard, 1000);
    status_reported(&s);
    CHECK(status_read(&s, &info));
    CHECK_INT(info.guilds, 12);
    CHECK_INT(info.guilds_available, 11);
    CHECK(info.loading && info.paused);
    CHECK_INT(info.latency_ms, 41);
    CHECK_INT(info.last_event_ms, 100);
    CHECK(info.events_per_s == 300);
    CHECK_INT(info.events, 300);
    CHECK_INT(info.identifies, 1);
    CHECK_INT(info.resumes, 2);
    CHECK_INT(info.stalls, 3);
    CHECK_INT(info.close_code, 4009);
    status_stopped(&s);
    status_read(&s, &info);
    CHECK_INT(info.state, CORDAGE_SHARD_STOPPED);
    CHECK(!info.loading && !info.paused);
    CHECK_INT(info.guilds, 12);
    status_release(&s);
}

RUN_TESTS(T(without_a_second_there_is_no_rate), T(the_rate_is_over_what_there_was),
          T(the_rate_forgets_what_is_over_a_minute_old),
          T(every_state_of_a_session_has_a_name_for_the_bot),
          T(what_is_noted_can_be_read))
