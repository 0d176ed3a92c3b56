/* Who is silent: stories in simulated hours. */
#include "watched_fleet.h"

enum { MINUTE = 60, HOUR = 3600 };

TEST(a_silent_shard_is_resumed_within_40_seconds)
{
    struct watched_fleet f;
    uint64_t began;
    char text[256];

    fleet_begin(&f, 64, 10, 1);
    f.heals = true;
    fleet_run(&f, HOUR);
    CHECK_INT(f.actions, 0);
    began = f.second;
    f.silent[7] = true;
    fleet_run(&f, 40);
    CHECK_INT(f.resumes[7], 1);
    CHECK_INT(f.actions, 1);
    CHECK(f.acted_at[7] - began >=
          28); /* what came just before allows for some seconds */
    CHECK_INT(f.last.window_s, 30);
    CHECK_INT(f.last.silent, 1);
    CHECK_INT(f.last.shards, 64);
    CHECK(f.last.expected > 270 && f.last.expected < 310);
    CHECK(f.last.usual_per_s > 9 && f.last.usual_per_s < 11);
    CHECK(f.last.observed < 15);
    watchdog_text(&f.last, 7, text);
    CHECK(strstr(text, "shard 7 looks silent: ") == text);
    CHECK(strstr(text, "1 of 64") != NULL);
    CHECK(strstr(text, "): RESUME") != NULL);
    fleet_run(&f, 6 * HOUR);
    CHECK_INT(f.actions, 1);
    fleet_end(&f);
}

TEST(a_quiet_shard_takes_as_long_as_fifty_of_its_events)
{
    static const struct {
        double rate;
        uint64_t at_least, at_most; /* seconds */
    } rows[] = { { 5, 28, 40 }, { 1, 45, 75 }, { 0.25, 180, 270 }, { 0.08, 550, 800 } };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct watched_fleet f;
        uint64_t began;

        fleet_begin(&f, 16, 5, 2 + i);
        f.rate[3] = rows[i].rate;
        fleet_run(&f, 4 * HOUR);
        began = f.second;
        f.silent[3] = f.heals = true;
        fleet_run(&f, rows[i].at_most);
        CHECK_INT(f.resumes[3], 1);
        CHECK_INT(f.actions, 1);
        CHECK(f.acted_at[3] - began >= rows[i].at_least);
        fleet_end(&f);
    }
}

TEST(a_shard_that_usually_does_little_is_never_judged)
{
    struct watched_fleet f;

    fleet_begin(&f, 16, 5, 7);
    f.rate[3] = 0.04; /* 36 in the longest window */
    fleet_run(&f, 4 * HOUR);
    f.silent[3] = true;
    fleet_run(&f, 24 * HOUR);
    CHECK_INT(f.actions, 0);
    fleet_end(&f);
}

/* A bot without message intents hears of a few joins an hour. */
TEST(a_bot_that_hears_little_is_never_told_anything)
{
    struct watched_fleet f;

    fleet_begin(&f, 16, 0.002, 8);
    fleet_run(&f, 24 * HOUR);
    f.silent[0] = true;
    fleet_run(&f, 24 * HOUR);
    CHECK_INT(f.actions, 0);
    fleet_end(&f);
}

TEST(a_night_is_no_silence_and_hides_none)
{
    struct watched_fleet f;
    uint64_t began;

    fleet_begin(&f, 32, 4, 9);
    f.heals = true;
    fleet_run(&f, 2 * HOUR);
    for (int i = 0; i < 4 * HOUR; i++) { /* down to a tenth */
        f.level = pow(0.1, i / (4.0 * HOUR));
        fleet_second(&f);
    }
    fleet_run(&f, 2 * HOUR);
    CHECK_INT(f.actions, 0);
    f.silent[30] = true; /* 0.4 per second now */
    began = f.second;
    fleet_run(&f, 3 * MINUTE);
    CHECK_INT(f.resumes[30], 1);
    CHECK(f.acted_at[30] - began >= 60);
    for (int i = 0; i < 2 * HOUR; i++) { /* and a quick morning */
        f.level = pow(0.1, 1 - i / (2.0 * HOUR));
        fleet_second(&f);
    }
    fleet_run(&f, 2 * HOUR);
    CHECK_INT(f.actions, 1);
    fleet_end(&f);
}

/* One shard's people live elsewhere: its night is the others' day. */
TEST(a_night_that_only_one_shard_has_is_no_silence)
{
    struct watched_fleet f;

    fleet_begin(&f, 16, 5, 10);
    fleet_run(&f, 3 * HOUR);
    for (int i = 0; i < 3 * HOUR; i++) { /* to an eighth in three hours */
        f.rate[2] = 5 * pow(0.125, i / (3.0 * HOUR));
        fleet_second(&f);
    }
    fleet_run(&f, 6 * HOUR);
    CHECK_INT(f.actions, 0);
    fleet_end(&f);
}

static void mute(struct watched_fleet *f, uint32_t first, uint32_t n, bool silent)
{
    for (uint32_t i = first; i < first + n; i++)
        f->silent[i] = silent;
}

TEST(when_all_are_silent_it_is_discord)
{
    struct watched_fleet f;

    fleet_begin(&f, 64, 3, 11);
    for (uint32_t i = 0; i < 64; i++)
        f.rate[i] = 0.1 + i / 8.0;
    fleet_run(&f, 3 * HOUR);
    mute(&f, 0, 64, true);
    fleet_run(&f, 2 * HOUR);
    mute(&f, 0, 64, false);
    fleet_run(&f, 3 * HOUR);
    CHECK_INT(f.actions, 0);
    fleet_end(&f);
}

/* Their windows end one after the other, but none is alone. */
TEST(when_half_are_silent_it_is_the_network)
{
    struct watched_fleet f;

    fleet_begin(&f, 64, 0, 12);
    for (uint32_t i = 0; i < 64; i++)
        f.rate[i] = 0.2 + (i % 32) / 4.0;
    fleet_run(&f, 3 * HOUR);
    mute(&f, 0, 32, true);
    fleet_run(&f, 2 * HOUR);
    mute(&f, 0, 32, false);
    fleet_run(&f, HOUR);
    CHECK_INT(f.actions, 0);
    fleet_end(&f);
}

TEST(a_tenth_of_the_shards_is_resumed)
{
    struct watched_fleet f;

    fleet_begin(&f, 64, 5, 13);
    f.heals = true;
    fleet_run(&f, HOUR);
    mute(&f, 10, 6, true);
    fleet_run(&f, MINUTE);
    CHECK_INT(f.actions, 6);
    for (uint32_t i = 10; i < 16; i++)
        CHECK_INT(f.resumes[i], 1);
    fleet_end(&f);
}

TEST(a_giant_guild_leaves_and_nobody_cares)
{
    static const double remaining[] = { 0, 0.1, 0.5, 2 };

    for (size_t i = 0; i < sizeof remaining / sizeof *remaining; i++) {
        struct watched_fleet f;

        fleet_begin(&f, 16, 10, 14 + i);
        f.rate[5] = 50;
        fleet_run(&f, 3 * HOUR);
        f.rate[5] = remaining[i];
        f.samples[5].guilds--;
        f.samples[5].guilds_available--;
        fleet_run(&f, 12 * HOUR);
        CHECK_INT(f.actions, 0);
        fleet_end(&f);
    }
}

TEST(a_giant_guild_is_out_for_an_hour_and_nobody_cares)
{
    struct watched_fleet f;

    fleet_begin(&f, 16, 10, 20);
    fleet_run(&f, 3 * HOUR);
    f.rate[5] = 0;
    f.samples[5].guilds_available--;
    fleet_run(&f, HOUR);
    f.rate[5] = 10;
    f.samples[5].guilds_available++;
    fleet_run(&f, 4 * HOUR);
    CHECK_INT(f.actions, 0);
    f.silent[5] = f.heals = true; /* it is known again */
    fleet_run(&f, MINUTE);
    CHECK_INT(f.resumes[5], 1);
    fleet_end(&f);
}

TEST(one_broken_guild_does_not_blind_its_shard)
{
    struct watched_fleet f;

    fleet_begin(&f, 16, 10, 21);
    fleet_run(&f, HOUR);
    f.samples[5].guilds_available--; /* for weeks */
    fleet_run(&f, HOUR);
    f.silent[5] = f.heals = true;
    fleet_run(&f, MINUTE);
    CHECK_INT(f.resumes[5], 1);
    fleet_end(&f);
}

TEST(what_stays_silent_gets_a_new_session_once)
{
    struct watched_fleet f;
    uint64_t began;

    fleet_begin(&f, 16, 10, 22);
    fleet_run(&f, HOUR);
    f.silent[5] = true;
    began = f.second;
    fleet_run(&f, 10 * MINUTE);
    CHECK_INT(f.resumes[5], 1);
    fleet_run(&f, 6 * MINUTE);
    CHECK_INT(f.identifies[5], 1);
    CHECK(f.last_action[5] - f.acted_at[5] >= 15 * MINUTE);
    CHECK(f.last_action[5] - began <= 16 * MINUTE);
    fleet_run(&f, 24 * HOUR);
    CHECK_INT(f.actions, 2);
    fleet_end(&f);
}

/* It comes back each time, and falls silent again after ten minutes. */
TEST(what_falls_silent_again_and_again_stays_within_the_limits)
{
    struct watched_fleet f;
    uint64_t hours = 48;

    fleet_begin(&f, 16, 10, 23);
    f.heals = true;
    fleet_run(&f, 2 * HOUR);
    for (uint64_t i = 0; i < hours * HOUR; i++) {
        if (i % (20 * MINUTE) == 0)
            f.silent[5] = true;
        fleet_second(&f);
    }
    CHECK(f.actions <= hours * 4);
    CHECK(f.actions > hours * 2);
    CHECK(f.identifies[5] <= hours / 6);
    CHECK(f.identifies[5] >= 1);
    fleet_end(&f);
}

enum reason { PAUSED, REPLAYING, LOADING, NOT_LIVE, N_REASONS };

TEST(what_explains_a_silence_is_no_reason_to_act)
{
    for (int reason = 0; reason < N_REASONS; reason++) {
        struct watched_fleet f;

        fleet_begin(&f, 16, 10, 30 + (uint64_t)reason);
        f.heals = true;
        fleet_run(&f, HOUR);
        f.silent[5] = true;
        f.samples[5].paused = reason == PAUSED;
        f.samples[5].replaying = reason == REPLAYING;
        f.samples[5].loading = reason == LOADING;
        f.samples[5].live = reason != NOT_LIVE;
        fleet_run(&f, HOUR);
        CHECK_INT(f.actions, 0);
        f.samples[5].paused = f.samples[5].replaying = f.samples[5].loading = false;
        f.samples[5].live = true;
        fleet_run(&f, 20); /* its window begins anew */
        CHECK_INT(f.actions, 0);
        fleet_run(&f, 20);
        CHECK_INT(f.resumes[5], 1);
        fleet_end(&f);
    }
}

TEST(alone_it_never_speaks)
{
    struct watched_fleet f;

    fleet_begin(&f, 1, 100, 40);
    fleet_run(&f, 3 * HOUR);
    f.silent[0] = true;
    fleet_run(&f, 3 * HOUR);
    CHECK_INT(f.actions, 0);
    fleet_end(&f);
}

TEST(of_two_or_three_shards_one_can_be_silent_but_not_two)
{
    for (uint32_t n = 2; n <= 3; n++) {
        struct watched_fleet f;

        fleet_begin(&f, n, 10, 40 + n);
        fleet_run(&f, HOUR);
        f.silent[0] = f.silent[1] = true;
        fleet_run(&f, HOUR);
        CHECK_INT(f.actions, 0);
        f.silent[0] = f.silent[1] = false;
        fleet_run(&f, HOUR);
        f.silent[1] = f.heals = true;
        fleet_run(&f, MINUTE);
        CHECK_INT(f.resumes[1], 1);
        CHECK_INT(f.actions, 1);
        fleet_end(&f);
    }
}

/* Another bot posts ten thousand messages at the full hour. */
TEST(a_rare_burst_is_not_what_is_usual)
{
    struct watched_fleet f;

    fleet_begin(&f, 16, 5, 50);
    f.rate[4] = 0.03;
    for (uint64_t i = 0; i < 48 * HOUR; i++) {
        if (i % HOUR < 10)
            f.samples[4].events += 1000;
        fleet_second(&f);
    }
    CHECK_INT(f.actions, 0);
    fleet_end(&f);
}

/* Traffic for two minutes, then none for three. It may have to learn that once. */
TEST(traffic_with_pauses_teaches_how_long_they_are)
{
    struct watched_fleet f;

    fleet_begin(&f, 16, 5, 51);
    for (uint64_t i = 0; i < 48 * HOUR; i++) {
        f.rate[4] = i % (5 * MINUTE) < 2 * MINUTE ? 20 : 0;
        fleet_second(&f);
    }
    CHECK_INT(f.actions, 0);
    fleet_end(&f);
}

/* Twice a day it has nothing to say for twenty minutes, and RESUME doesn't change that.
 */
TEST(a_false_alarm_is_remembered_for_a_day)
{
    struct watched_fleet f;

    fleet_begin(&f, 16, 5, 52);
    for (uint64_t i = 0; i < 72 * HOUR; i++) {
        f.rate[4] = i % (12 * HOUR) < 20 * MINUTE && i > 20 * MINUTE ? 0 : 10;
        fleet_second(&f);
    }
    CHECK(f.actions <= 2);
    CHECK_INT(f.actions, f.resumes[4] + f.identifies[4]);
    fleet_end(&f);
}

TEST(counters_that_begin_anew_are_no_events)
{
    struct watched_fleet f;

    fleet_begin(&f, 16, 10, 60);
    fleet_run(&f, HOUR);
    for (int i = 0; i < 100; i++) { /* hand-overs, each taking three seconds */
        f.away[5] = 3;
        f.samples[5].events = 0;
        fleet_run(&f, 2 * MINUTE);
    }
    CHECK_INT(f.actions, 0);
    f.samples[5].events = 0; /* and one that nobody saw */
    f.silent[5] = f.heals = true;
    fleet_run(&f, MINUTE);
    CHECK_INT(f.resumes[5], 1);
    CHECK(f.last.usual_per_s > 9 && f.last.usual_per_s < 11);
    fleet_end(&f);
}

TEST(a_machine_that_slept_heard_nothing)
{
    struct watched_fleet f;

    fleet_begin(&f, 16, 10, 61);
    fleet_run(&f, HOUR);
    f.second += 8 * HOUR;
    fleet_run(&f, HOUR);
    CHECK_INT(f.actions, 0);
    fleet_end(&f);
}

TEST(a_new_shard_is_not_judged_before_it_is_known)
{
    struct watched_fleet f;

    fleet_begin(&f, 16, 10, 62);
    f.silent[5] = true;
    fleet_run(&f, HOUR);
    f.silent[5] = false;
    fleet_run(&f, 5 * MINUTE);
    f.silent[5] = true;
    fleet_run(&f, HOUR);
    CHECK_INT(f.actions, 0);
    fleet_end(&f);
}

RUN_TESTS(T(a_silent_shard_is_resumed_within_40_seconds),
          T(a_quiet_shard_takes_as_long_as_fifty_of_its_events),
          T(a_shard_that_usually_does_little_is_never_judged),
          T(a_bot_that_hears_little_is_never_told_anything),
          T(a_night_is_no_silence_and_hides_none),
          T(a_night_that_only_one_shard_has_is_no_silence),
          T(when_all_are_silent_it_is_discord), T(when_half_are_silent_it_is_the_network),
          T(a_tenth_of_the_shards_is_resumed), T(a_giant_guild_leaves_and_nobody_cares),
          T(a_giant_guild_is_out_for_an_hour_and_nobody_cares),
          T(one_broken_guild_does_not_blind_its_shard),
          T(what_stays_silent_gets_a_new_session_once),
          T(what_falls_silent_again_and_again_stays_within_the_limits),
          T(what_explains_a_silence_is_no_reason_to_act), T(alone_it_never_speaks),
          T(of_two_or_three_shards_one_can_be_silent_but_not_two),
          T(a_rare_burst_is_not_what_is_usual),
          T(traffic_with_pauses_teaches_how_long_they_are),
          T(a_false_alarm_is_remembered_for_a_day),
          T(counters_that_begin_anew_are_no_events),
          T(a_machine_that_slept_heard_nothing),
          T(a_new_shard_is_not_judged_before_it_is_known))
