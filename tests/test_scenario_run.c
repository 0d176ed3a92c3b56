/* What a scenario does, when, to whom, and how it judges. */
#include "scenario_rig.h"

TEST(it_begins_when_all_shards_are_ready_and_then_people_talk)
{
    struct play p;
    struct client a, b;
    struct scenario_progress progress;

    play_start(&p,
               "duration: 1m\nworld: {guilds: 4}\ntraffic: {rate: 10}\n"
               "expect: {rules_broken: 0}\n",
               1);
    client_ready(&p.rig, &a, 0, 2, RIG_USUAL);
    play_wait(&p, 5000);
    CHECK_INT(p.n_told, 0);
    CHECK_INT(client_count(&a, "MESSAGE_CREATE"), 0);
    client_ready(&p.rig, &b, 1, 2, RIG_USUAL);
    play_wait(&p, 1000);
    CHECK_INT(p.n_told, 1);
    play_wait(&p, 30000);
    scenario_progress(p.run, p.rig.now, &progress);
    CHECK(progress.done_ms > 30000 && progress.done_ms <= 31000);
    CHECK_INT(progress.total_ms, 60000);
    CHECK_INT(progress.shards, 2);
    CHECK_INT(progress.live, 2);
    play_wait(&p, 100000);
    CHECK(scenario_is_over(p.run, p.rig.now));
    CHECK_INT(client_count(&a, "MESSAGE_CREATE") + client_count(&b, "MESSAGE_CREATE"),
              599);
    client_release(&a);
    client_release(&b);
    play_stop(&p);
}

TEST(the_traffic_follows_its_curve_and_bursts)
{
    struct play p;
    size_t n[4];
    struct client a;

    play_start(&p,
               "duration: 40s\nworld: {guilds: 4}\n"
               "traffic:\n  rate: 10\n  curve: {0s: 0, 10s: 1, 20s: 1, 30s: 0.1}\n"
               "  bursts: [{at: 12s, for: 4s, times: 5}]\n"
               "expect: {rules_broken: 0}\n",
               1);
    client_ready(&p.rig, &a, 0, 1, RIG_USUAL);
    play_wait(&p, 250); /* it has begun */
    for (int i = 0; i < 4; i++) {
        play_wait(&p, 10000);
        n[i] = client_count(&a, "MESSAGE_CREATE");
    }
    CHECK(n[0] >= 45 && n[0] <= 55);   /* from none to 10 a second */
    CHECK(n[1] >= 250 && n[1] <= 270); /* 6 s of 10, 4 s of 50 */
    CHECK(n[2] >= 50 && n[2] <= 60);
    CHECK(n[3] >= 9 && n[3] <= 11);
    client_release(&a);
    play_stop(&p);
}

TEST(faults_come_at_their_time_and_the_shard_is_found_again)
{
    struct play p;
    struct client a, b, c;

    play_start(&p,
               "duration: 5m\n"
               "faults:\n"
               "  - {at: 1m, do: close, code: 4000, shards: [1]}\n"
               "  - {at: 2m, do: outage, guilds: 50%, for: 30s}\n"
               "expect:\n"
               "  shards_live: all\n"
               "  recovers_within: 5s\n"
               "  resumed: 1\n"
               "  ready_within: 1s\n",
               1);
    client_ready(&p.rig, &a, 0, 2, RIG_USUAL);
    client_ready(&p.rig, &b, 1, 2, RIG_USUAL);
    play_wait(&p, 60250);
    CHECK_INT(a.close_code, 0);
    CHECK_INT(b.close_code, 4000);
    CHECK_STR(str_of(p.told[1]), "60000 close, code 4000, 1 shard: 1 connection");
    play_finds(&p, 0, false, "1 of 2 shards are live");
    while (client_next(&b))
        ;
    client_gone(&b, 4000);
    client_resumes(&p.rig, &c, &b, b.seq);
    client_gets(&c, "RESUMED");
    play_wait(&p, 61000);
    CHECK_STR(str_of(p.told[2]), "120000 outage, 50% of the guilds, for 30s: 4 guilds");
    CHECK_INT(client_count(&a, "GUILD_DELETE") + client_count(&c, "GUILD_DELETE"), 4);
    play_wait(&p, 30000);
    CHECK_STR(str_of(p.told[3]), "150000 4 guilds back");
    CHECK(client_count(&a, "GUILD_CREATE") + client_count(&c, "GUILD_CREATE") >= 4);
    play_finds(&p, 0, true, "2 of 2 shards are live");
    play_finds(&p, 1, true, "0.0 s after the last fault");
    play_finds(&p, 2, true, "1");
    play_finds(&p, 3, true, "0.2 s after the start");
    client_release(&a);
    client_release(&b);
    client_release(&c);
    play_stop(&p);
}

/* Each client's close code, as one text. */
static void who_was_met(const char *seed, char *out)
{
    struct play p;
    struct client c[8];
    char text[300];

    snprintf(text, sizeof text,
             "duration: 5m\nseed: %s\nfaults:\n  - {at: 1m, do: close, shards: 50%%}\n"
             "expect: {rules_broken: 0}\n",
             seed);
    play_start(&p, text, 1);
    for (unsigned i = 0; i < 8; i++)
        client_ready(&p.rig, &c[i], i, 8, RIG_USUAL);
    play_wait(&p, 62000);
    for (unsigned i = 0; i < 8; i++) {
        out[i] = c[i].close_code ? 'x' : '.';
        client_release(&c[i]);
    }
    out[8] = '\0';
    play_stop(&p);
}

TEST(who_is_met_follows_from_the_seed)
{
    char a[9], b[9], other[9];
    int n = 0;

    who_was_met("3", a);
    who_was_met("3", b);
    who_was_met("4", other);
    CHECK_STR(str_of(a), b);
    CHECK(strcmp(a, other) != 0);
    for (int i = 0; i < 8; i++)
        n += a[i] == 'x';
    CHECK_INT(n, 4);
}

TEST(faults_that_come_often_come_in_their_time_and_number)
{
    struct play p;
    struct client a;

    play_start(&p,
               "duration: 10m\nseed: 5\n"
               "faults:\n"
               "  - {every: 1m, jitter: 5s, from: 2m, until: 5m, do: heartbeat}\n"
               "  - {per_hour: 60, do: split}\n"
               "expect: {rules_broken: 0}\n",
               1);
    client_ready(&p.rig, &a, 0, 1, RIG_USUAL);
    play_wait(&p, 20 * 60000);
    CHECK(scenario_is_over(p.run, p.rig.now));
    for (size_t i = 0, beats = 0; i < p.n_told; i++) {
        unsigned long long at = strtoull(p.told[i], NULL, 10);

        if (strstr(p.told[i], "heartbeat")) {
            beats++;
            CHECK(at >= (2 + beats) * 60000 && at < (2 + beats) * 60000 + 6000);
            CHECK(beats <= 3);
        }
    }
    CHECK(p.n_told > 3 + 4 && p.n_told < 3 + 20);
    client_release(&a);
    play_stop(&p);
}

TEST(in_a_hurry_the_timetable_is_faster_but_faults_last_as_long)
{
    struct play p;
    struct client a;

    play_start(&p,
               "duration: 60m\nworld: {guilds: 4}\n"
               "faults:\n  - {at: 30m, do: outage, for: 1m}\n"
               "expect: {rules_broken: 0}\n",
               60);
    client_ready(&p.rig, &a, 0, 1, RIG_USUAL);
    play_wait(&p, 99900);
    CHECK_STR(str_of(p.told[1]), "30000 outage, for 1m: 4 guilds");
    CHECK_STR(str_of(p.told[2]), "90000 4 guilds back");
    CHECK(!scenario_is_over(p.run, p.rig.now)); /* 10 s after the last fault */
    play_wait(&p, 500);
    CHECK(scenario_is_over(p.run, p.rig.now));
    client_release(&a);
    play_stop(&p);
}

TEST(in_a_hurry_a_smaller_number_is_enough)
{
    struct play p;
    struct client a;
    char note[300];

    play_start(&p,
               "duration: 100s\nworld: {guilds: 4}\n"
               "expect:\n  connections: at least 15\n  identifies: at least 21\n"
               "  resumes: at most 5\n  ready_within: 1ms\n",
               20);
    client_ready(&p.rig, &a, 0, 1, RIG_USUAL);
    play_wait(&p, 60000);
    play_finds(&p, 0, true, "1; at --time-scale 20 it takes 1");
    play_finds(&p, 1, false, "1; at --time-scale 20 it takes 2");
    play_finds(&p, 2, true, "0");
    CHECK(scenario_note(p.run, 0, note, sizeof note));
    CHECK(strstr(note, "at --time-scale 20 faults last as long as ever") == note);
    CHECK(!scenario_note(p.run, 1, note, sizeof note));
    client_release(&a);
    play_stop(&p);
}

static const char judged[] = "duration: 10s\nworld: {guilds: 2}\n"
                             "traffic: {rate: 10}\n"
                             "expect:\n"
                             "  lost_messages: 0\n"
                             "  doubled_messages: 0\n"
                             "  messages_seen: at least 1\n"
                             "  command: keeps running\n"
                             "  exit_status: 0\n";

/* Writes a log of what `c` was told, without the one at `without`; with the one at
 * `twice` two times. */
static void log_of(struct play *p, struct client *c, int without, int twice)
{
    cordage_error error;
    int n = 0;

    while (client_next(c)) {
        struct str guild, nonce;
        char line[100];

        if (strcmp(c->name, "MESSAGE_CREATE") != 0)
            continue;
        CHECK(json_str(json_get(c->d, "guild_id"), &guild) &&
              json_str(json_get(c->d, "nonce"), &nonce));
        snprintf(line, sizeof line, "said guild=%.*s n=%.*s", STR_FMT(guild),
                 STR_FMT(nonce));
        for (int i = n == without ? 1 : n == twice ? -1 : 0; i < 1; i++)
            CHECK_INT(scenario_log_line(p->run, str_of(line), &error), 0);
        n++;
    }
    CHECK_INT(scenario_log_end(p->run), 0);
}

static void play_judged(struct play *p, int without, int twice)
{
    struct client a;

    play_start(p, judged, 1);
    client_ready(&p->rig, &a, 0, 1, RIG_USUAL);
    play_wait(p, 100000);
    CHECK(scenario_is_over(p->run, p->rig.now));
    scenario_finish(p->run, p->rig.now);
    scenario_command_ended(p->run, 0, false, p->rig.now);
    log_of(p, &a, without, twice);
    client_release(&a);
}

TEST(the_log_is_compared_with_what_was_said)
{
    struct play p;

    play_judged(&p, -1, -1);
    play_finds(&p, 0, true, "0 of 99 seen");
    play_finds(&p, 1, true, "0 of 99 seen");
    play_finds(&p, 2, true, "99");
    play_finds(&p, 3, true, "it ran until it was stopped");
    play_finds(&p, 4, true, "0");
    play_stop(&p);

    play_judged(&p, 0, -1); /* the first: it was there all along */
    play_finds(&p, 0, false, "1 of 98 seen");
    play_stop(&p);

    play_judged(&p, 98, 7); /* the last, too */
    play_finds(&p, 0, false, "1 of 99 seen");
    play_finds(&p, 1, false, "1 of 99 seen");
    play_stop(&p);
}

TEST(without_a_log_nothing_is_claimed)
{
    struct play p;
    struct client a;

    play_start(&p, judged, 1);
    client_ready(&p.rig, &a, 0, 1, RIG_USUAL);
    play_wait(&p, 100000);
    scenario_finish(p.run, p.rig.now);
    CHECK_INT(scenario_log_end(p.run), 0);
    play_finds(&p, 0, false,
               "no line with guild=ID n=NUMBER was logged (examples/sharding: --log "
               "messages): it can't be told");
    play_finds(&p, 4, false, "there is no command that ended");
    client_release(&a);
    play_stop(&p);
}

TEST(when_nobody_said_anything_nothing_is_claimed)
{
    struct play p;
    struct client a;

    play_start(&p, "duration: 10s\nexpect: {lost_messages: 0}\n", 1);
    client_ready(&p.rig, &a, 0, 1, RIG_USUAL);
    play_wait(&p, 100000);
    scenario_finish(p.run, p.rig.now);
    CHECK_INT(scenario_log_end(p.run), 0);
    play_finds(&p, 0, false, "nobody said anything: it can't be told");
    client_release(&a);
    play_stop(&p);
}

static void play_notes(struct play *p, size_t i, const char *want)
{
    char note[300] = "";

    CHECK(scenario_note(p->run, i, note, sizeof note) == (want != NULL));
    if (want)
        CHECK_STR(str_of(note), want);
}

TEST(a_fault_that_met_nobody_or_never_came_is_named)
{
    struct play p;
    struct client a;
    struct scenario_result result;

    play_start(&p,
               "duration: 1m\n"
               "faults:\n"
               "  - {at: 1s, do: rest_new_buckets}\n"
               "  - {at: 2s, do: outage, guilds: [7], for: 1s}\n"
               "  - {at: 3s, do: reset}\n"
               "  - {at: 10s, do: close, code: 4000}\n"
               "  - {per_hour: 0.01, do: reset}\n"
               "expect: {rules_broken: 0}\n",
               1);
    client_ready(&p.rig, &a, 0, 1, RIG_USUAL);
    play_wait(&p, 100000);
    scenario_finish(p.run, p.rig.now);
    play_notes(&p, 0, "line 6: close, code 4000: it met nobody");
    play_notes(&p, 1, "line 7: reset: it never came, as it was drawn");
    play_notes(&p, 2, NULL);
    CHECK(!scenario_result(p.run, 1, p.rig.now, &result));
    client_release(&a);
    play_stop(&p);
}

TEST(a_shard_or_guild_that_there_is_not_fails_the_scenario)
{
    struct play p;
    struct client a;
    struct scenario_result result;

    play_start(&p,
               "duration: 1m\nfaults: [{at: 1s, do: reset, shards: [0, 77]}]\n"
               "expect: {rules_broken: 0}\n",
               1);
    client_ready(&p.rig, &a, 0, 1, RIG_USUAL);
    play_wait(&p, 100000);
    play_finds(&p, 1, false, "line 2: there is no shard 77, only 1, counted from 0");
    CHECK(!scenario_result(p.run, 2, p.rig.now, &result));
    client_release(&a);
    play_stop(&p);

    play_start(&p,
               "duration: 1m\nbegin: at once\n"
               "faults: [{at: 1s, do: kick, guilds: [99]}]\n"
               "expect: {rules_broken: 0}\n",
               1);
    play_wait(&p, 5000);
    scenario_command_ended(p.run, 3, true, p.rig.now);
    play_finds(&p, 1, false, "it ended by itself, with status 3");
    play_finds(&p, 2, false, "line 3: there is no guild 99, only 8, counted from 0");
    CHECK(!scenario_result(p.run, 3, p.rig.now, &result));
    play_stop(&p);
}

TEST(a_command_that_ends_by_itself_has_failed_unless_that_is_expected)
{
    struct play p;
    struct scenario_result result;

    play_start(&p, "duration: 1m\nbegin: at once\nexpect: {rules_broken: 0}\n", 1);
    play_wait(&p, 1000);
    scenario_command_ended(p.run, 7, true, p.rig.now);
    CHECK(scenario_is_over(p.run, p.rig.now));
    CHECK_INT(scenario_log_end(p.run), 0);
    play_finds(&p, 0, true, "0");
    play_finds(&p, 1, false, "it ended by itself, with status 7");
    CHECK(!scenario_result(p.run, 2, p.rig.now, &result));
    play_stop(&p);

    play_start(
        &p, "duration: 1m\nbegin: at once\nexpect: {command: ends, exit_status: not 0}\n",
        1);
    play_wait(&p, 1000);
    scenario_command_ended(p.run, 7, true, p.rig.now);
    play_finds(&p, 0, true, "it ended by itself, with status 7");
    play_finds(&p, 1, true, "7");
    CHECK(!scenario_result(p.run, 2, p.rig.now, &result));
    play_stop(&p);
}

TEST(what_never_begins_has_failed)
{
    struct play p;
    struct client a;

    play_start(
        &p,
        "duration: 1m\nbegin_within: 30s\nexpect: {rules_broken: 0, shards_live: all}\n",
        1);
    client_ready(&p.rig, &a, 0, 3, RIG_USUAL);
    play_wait(&p, 60000);
    CHECK(scenario_is_over(p.run, p.rig.now));
    scenario_finish(p.run, p.rig.now);
    play_finds(&p, 0, false, "the scenario never began: 1 of 3 shards were live");
    client_release(&a);
    play_stop(&p);
}

TEST(a_broken_rule_counts_unless_it_is_allowed)
{
    struct play p;

    play_start(&p,
               "duration: 1m\nbegin: at once\n"
               "expect: {rules_broken: 0, rules_allowed: [RATE_LIMIT]}\n",
               1);
    play_wait(&p, 1000);
    /* More than the report keeps, too. */
    for (int i = 0; i < REPORT_RULES_MAX + 1; i++)
        sim_broke(p.rig.sim, NULL, RULE_RATE_LIMIT, p.rig.now, "x");
    play_finds(&p, 0, true, "0");
    sim_broke(p.rig.sim, NULL, RULE_BAD_TOKEN, p.rig.now, "x");
    play_finds(&p, 0, false, "1, BAD_TOKEN");
    play_stop(&p);
}

TEST(a_deploy_is_asked_for_and_waited_for)
{
    struct play p;
    struct client a;

    play_start(&p,
               "duration: 20s\nsettle: 5s\nfaults: [{at: 10s, do: deploy}]\n"
               "expect: {rules_broken: 0}\n",
               1);
    client_ready(&p.rig, &a, 0, 1, RIG_USUAL);
    play_wait(&p, 5000);
    CHECK(!scenario_wants_deploy(p.run));
    play_wait(&p, 6000);
    CHECK(scenario_wants_deploy(p.run));
    CHECK(!scenario_wants_deploy(p.run));
    play_wait(&p, 60000);
    CHECK(!scenario_is_over(p.run, p.rig.now));
    scenario_deployed(p.run, p.rig.now);
    play_wait(&p, 5100);
    CHECK(scenario_is_over(p.run, p.rig.now));
    client_release(&a);
    play_stop(&p);
}

TEST(who_may_still_recover_is_waited_for)
{
    static const char file[] = "duration: 10s\nsettle: 1s\n"
                               "faults: [{at: 9s, do: close}]\n"
                               "expect: {recovers_within: 60s}\n";
    struct play p;
    struct client a, b;

    play_start(&p, file, 1);
    client_ready(&p.rig, &a, 0, 1, RIG_USUAL);
    play_wait(&p, 40000);
    CHECK(!scenario_is_over(p.run, p.rig.now));
    client_gone(&a, 4000);
    client_resumes(&p.rig, &b, &a, 1);
    play_wait(&p, 2000);
    CHECK(scenario_is_over(p.run, p.rig.now));
    play_finds(&p, 0, true, "31.0 s after the last fault");
    client_release(&a);
    client_release(&b);
    play_stop(&p);

    play_start(&p, file, 1);
    client_ready(&p.rig, &a, 0, 1, RIG_USUAL);
    play_wait(&p, 100000);
    CHECK(scenario_is_over(p.run, p.rig.now));
    CHECK(p.rig.now - p.began < 72000);
    play_finds(&p, 0, false, "never: 0 of 1 shards are live");
    client_release(&a);
    play_stop(&p);
}

RUN_TESTS(T(who_may_still_recover_is_waited_for),
          T(it_begins_when_all_shards_are_ready_and_then_people_talk),
          T(the_traffic_follows_its_curve_and_bursts),
          T(faults_come_at_their_time_and_the_shard_is_found_again),
          T(who_is_met_follows_from_the_seed),
          T(faults_that_come_often_come_in_their_time_and_number),
          T(in_a_hurry_the_timetable_is_faster_but_faults_last_as_long),
          T(in_a_hurry_a_smaller_number_is_enough),
          T(the_log_is_compared_with_what_was_said), T(without_a_log_nothing_is_claimed),
          T(when_nobody_said_anything_nothing_is_claimed),
          T(a_fault_that_met_nobody_or_never_came_is_named),
          T(a_shard_or_guild_that_there_is_not_fails_the_scenario),

          T(a_command_that_ends_by_itself_has_failed_unless_that_is_expected),
          T(what_never_begins_has_failed), T(a_broken_rule_counts_unless_it_is_allowed),
          T(a_deploy_is_asked_for_and_waited_for))
