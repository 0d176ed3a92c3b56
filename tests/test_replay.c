/* `cordage record` and `cordage replay`, as their users have them: what the simulator
 * says is recorded, and replayed to a recorder; both recordings are the same. */
#include <sys/resource.h>

#include "envelope.h"
#include "json_text.h"
#include "recording_rig.h"
#include "simprog.h"

enum { EVENTS = 250 };

static void lead_to(const char *api, const char *token, const char *ca_file)
{
    setenv("CORDAGE_API", api, 1);
    setenv("DISCORD_TOKEN", token, 1);
    setenv("CORDAGE_CA_FILE", ca_file, 1);
}

/* EVENTS events of a world in which much is said and changed. */
static void record_world(const char *path)
{
    const char *const world[] = { "--guilds", "3",      "--traffic", "300", "--live",
                                  "60",       "--seed", "7",         NULL };
    const char *const args[] = { "record",   "--events", "250", "--intents",
                                 "53608447", "--json",   path,  NULL };
    struct program recorder;
    struct running sim;

    start(&sim, world);
    lead_to(sim.api, sim.token, sim.ca_file);
    program_start(&recorder, args);
    CHECK_INT(program_end(&recorder), 0);
    CHECK(strstr(recorder.err_text, "one IDENTIFY of 900") != NULL);
    CHECK_INT(stop(&sim), 0);
}

/* A replay that waits for a bot. */
struct playing {
    struct running r;
    char api[300], token[300], ca_file[500];
};

static void copy_word(const char *line, const char *label, char *to, size_t size)
{
    const char *at = strstr(line, label);

    if (at)
        snprintf(to, size, "%s", at + strlen(label));
}

static void play(struct playing *p, const char *speed, const char *path)
{
    const char *const args[] = { "replay", "--speed", speed, path, NULL };
    char line[1024];

    *p = (struct playing){ 0 };
    program_start(&p->r.program, args);
    while (program_line(&p->r.program, line, sizeof line) && !strstr(line, "Ctrl-C")) {
        copy_word(line, "  API      ", p->api, sizeof p->api);
        copy_word(line, "  token    ", p->token, sizeof p->token);
        copy_word(line, "  CA file  ", p->ca_file, sizeof p->ca_file);
    }
    if (!*p->ca_file || !*p->token || !*p->api) {
        program_end(&p->r.program);
        fail_msg("it did not say how to connect: %s", p->r.program.err_text);
    }
    lead_to(p->api, p->token, p->ca_file);
    snprintf(p->r.ca_file, sizeof p->r.ca_file, "%s", p->ca_file);
    snprintf(p->r.origin, sizeof p->r.origin, "%.*s", (int)strlen(p->api) - 8, p->api);
}

static void start_recorder(struct program *p, const char *path)
{
    const char *const args[] = { "record", path, NULL };

    program_start(p, args);
}

/* The replay has ended; the recorder is told to. */
static void finish(struct playing *p, int status, struct program *recorder)
{
    CHECK_INT(program_end(&p->r.program), status);
    kill(recorder->pid, SIGTERM);
    CHECK_INT(program_end(recorder), 0);
}

/* The events of `b` are the first of `a`. How many there are, and how long they took. */
static unsigned check_same(const char *a, const char *b, uint64_t *ms)
{
    struct recording *ra, *rb;
    struct recording_event ea, eb;
    unsigned n = 0;

    CHECK_INT(recording_open(a, &ra, NULL), 0);
    CHECK_INT(recording_open(b, &rb, NULL), 0);
    while (recording_next(rb, &eb, NULL) == 0) {
        struct envelope xa, xb;

        CHECK_INT(recording_next(ra, &ea, NULL), 0);
        CHECK(envelope_peek(ea.payload, &xa) && envelope_peek(eb.payload, &xb));
        CHECK(str_eq(xa.name, xb.name));
        if (!str_eq(json_text(ea.payload, "d"), json_text(eb.payload, "d")))
            fail_msg("event %u, %.*s, is another:\n%.*s\n%.*s", n, STR_FMT(xa.name),
                     STR_FMT(ea.payload), STR_FMT(eb.payload));
        *ms = eb.ms;
        n++;
    }
    recording_close(ra);
    recording_close(rb);
    return n;
}

static uint64_t length_of(const char *path)
{
    struct recording *r;
    uint64_t n, ms;

    CHECK_INT(recording_open(path, &r, NULL), 0);
    CHECK_INT(recording_measure(r, &n, &ms, NULL), 0);
    CHECK_INT(n, EVENTS);
    recording_close(r);
    return ms;
}

static struct tmpdir dir;
static char recorded[1024], heard[1024];

static int record_once(void **state)
{
    (void)state;
    dir = tmpdir_new();
    snprintf(recorded, sizeof recorded, "%s", tmpdir_path(&dir, "recorded"));
    record_world(recorded);
    return 0;
}

static int clean_up(void **state)
{
    (void)state;
    tmpdir_free(&dir);
    return 0;
}

static void replay_all(const char *speed)
{
    struct program recorder;
    struct playing p;

    snprintf(heard, sizeof heard, "%s", tmpdir_path(&dir, speed));
    play(&p, speed, recorded);
    start_recorder(&recorder, heard);
    finish(&p, 0, &recorder);
    CHECK(strstr(p.r.program.err_text, "no rule was broken") != NULL);
}

TEST(what_was_recorded_is_replayed_at_any_speed)
{
    uint64_t ms, length = length_of(recorded);

    CHECK_INT(tmpdir_mode(recorded), 0600);
    replay_all("max");
    CHECK_INT(check_same(recorded, heard, &ms), EVENTS);
    replay_all("4");
    CHECK_INT(check_same(recorded, heard, &ms), EVENTS);
    /* Not sooner; how much later is the machine's affair. */
    if (ms + 50 < length / 4)
        fail_msg("%llu ms at four times the speed of %llu", (unsigned long long)ms,
                 (unsigned long long)length);
}

/* How much the session was sent. */
static uint64_t sent_by(struct playing *p)
{
    struct json_parser *parser = json_parser_new();
    struct buf body = { 0 };
    cordage_json root, list;
    uint64_t sent = 0;

    CHECK_INT(ask(&p->r, "/_sim/report", NULL, NULL, &body), 200);
    CHECK_INT(buf_reserve(&body, BUF_SLACK), 0);
    CHECK_INT(json_parse(parser, buf_str(&body), &root), 0);
    list = json_get(root, "session_list");
    json_u64(json_get(cordage_json_at(list, 0), "sent"), &sent);
    json_parser_free(parser);
    buf_release(&body);
    return sent;
}

TEST(a_bot_that_loses_its_connection_resumes_the_replay)
{
    struct program recorder;
    struct playing p;
    uint64_t ms;

    snprintf(heard, sizeof heard, "%s", tmpdir_path(&dir, "resumed"));
    play(&p, "0.5", recorded);
    start_recorder(&recorder, heard);
    while (sent_by(&p) < 20)
        ;
    CHECK_INT(ask(&p.r, "/_sim/fault", "{\"kind\":\"reset\",\"shard\":\"all\"}", NULL,
                  NULL),
              200);
    finish(&p, 0, &recorder);
    CHECK(strstr(p.r.program.err_text, "1 identified, 1 resumed") != NULL);
    CHECK_INT(check_same(recorded, heard, &ms), EVENTS);
}

TEST(a_damaged_file_is_replayed_up_to_there)
{
    struct program recorder;
    struct playing p;
    char cut[1024];
    struct buf file;
    unsigned n;
    uint64_t ms;

    snprintf(cut, sizeof cut, "%s", tmpdir_path(&dir, "cut"));
    snprintf(heard, sizeof heard, "%s", tmpdir_path(&dir, "heard"));
    file = rig_read(recorded);
    tmpdir_write(cut, file.p, file.n - 30); /* the end, and of the block before a bit */
    play(&p, "max", cut);
    start_recorder(&recorder, heard);
    finish(&p, 1, &recorder);
    CHECK(strstr(p.r.program.err_text, "is damaged (or was cut) at byte ") != NULL);
    n = check_same(recorded, heard, &ms);
    if (n == 0 || n >= EVENTS)
        fail_msg("%u of %d events came", n, EVENTS);
    buf_release(&file);
}

TEST(a_command_is_ended_when_it_has_read_all)
{
    const char *out = tmpdir_path(&dir, "out");
    const char *program = getenv("CORDAGE_PROGRAM");
    const char *const args[] = { "replay", "--speed", "max", recorded, "--",
                                 program,  "record",  out,   NULL };
    struct program p;
    uint64_t ms;

    program_start(&p, args);
    CHECK_INT(program_end(&p), 0);
    CHECK_INT(check_same(recorded, out, &ms), EVENTS);
}

static void check_refused(const char *const *args, int status, const char *why)
{
    struct program p;

    program_start(&p, args);
    CHECK_INT(program_end(&p), status);
    if (!strstr(p.err_text, why))
        fail_msg("\"%s\" is not in: %s", why, p.err_text);
}

/* ---- Behind a bot: another recorder -------------------------------------------------
 */

/* Starts the recorder with a bot behind it; what the bot gets goes to `heard`. */
static void start_behind(struct program *p, const char *shard, const char *path)
{
    const char *program = getenv("CORDAGE_PROGRAM");
    const char *const args[] = { "record",   path,  "--",       program, "record",
                                 "--shard",  shard, "--events", "120",   "--intents",
                                 "53608447", heard, NULL };

    program_start(p, args);
}

TEST(a_bot_gets_what_is_recorded_in_front_of_it)
{
    const char *const world[] = { "--guilds", "3", "--traffic", "200", NULL };
    char front[1024];
    struct program p;
    struct running sim;
    uint64_t ms;

    snprintf(front, sizeof front, "%s", tmpdir_path(&dir, "front"));
    snprintf(heard, sizeof heard, "%s", tmpdir_path(&dir, "behind"));
    start(&sim, world);
    lead_to(sim.api, sim.token, sim.ca_file);
    start_behind(&p, "0/1", front);
    CHECK_INT(program_end(&p), 0);
    CHECK(strstr(p.err_text, "front: shard 0/1") != NULL);
    CHECK_INT(tmpdir_mode(front), 0600);
    CHECK_INT(check_same(front, heard, &ms), 120);
    check_refused((const char *const[]){ "record", front, "--", "true", NULL }, 1,
                  "is there already");
    CHECK_INT(stop(&sim), 0);
    CHECK(strstr(sim.program.err_text, "no rule was broken") != NULL);
}

TEST(a_bot_resumes_through_the_recorder_and_nothing_is_twice)
{
    const char *const world[] = { "--guilds", "4", "--traffic", "60", NULL };
    char front[1024], file[1100];
    struct playing p = { 0 };
    struct program bot;
    uint64_t ms;

    snprintf(front, sizeof front, "%s", tmpdir_path(&dir, "resumed-front"));
    snprintf(heard, sizeof heard, "%s", tmpdir_path(&dir, "resumed-behind"));
    start(&p.r, world);
    lead_to(p.r.api, p.r.token, p.r.ca_file);
    start_behind(&bot, "1/2", front);
    while (sent_by(&p) < 20)
        ;
    CHECK_INT(ask(&p.r, "/_sim/fault", "{\"kind\":\"reset\",\"shard\":\"all\"}", NULL,
                  NULL),
              200);
    CHECK_INT(program_end(&bot), 0);
    snprintf(file, sizeof file, "%s-1-2", front); /* of several shards */
    CHECK_INT(check_same(file, heard, &ms), 120);
    CHECK_INT(stop(&p.r), 0);
    CHECK(strstr(p.r.program.err_text, "1 identified, 1 resumed") != NULL);
    CHECK(strstr(p.r.program.err_text, "no rule was broken") != NULL);
}

TEST(a_command_that_uses_no_gateway_is_told_of)
{
    const char *const world[] = { "--guilds", "1", NULL };
    struct running sim;

    start(&sim, world);
    lead_to(sim.api, sim.token, sim.ca_file);
    check_refused((const char *const[]){ "record", tmpdir_path(&dir, "none"), "--", "sh",
                                         "-c", "exit 7", NULL },
                  7, "nothing was recorded");
    check_refused((const char *const[]){ "record", "--events", "3", "x", "--", "true",
                                         NULL },
                  2, "--events cannot be used with a command");
    CHECK_INT(stop(&sim), 0);
    check_refused((const char *const[]){ "record", tmpdir_path(&dir, "none"), "--",
                                         "true", NULL },
                  1, "/gateway: ");
}

TEST(what_cannot_be_done_is_said)
{
    struct tmpdir t = tmpdir_new();
    const char *other = tmpdir_path(&t, "other");
    char both[2100];
    struct buf file;

    snprintf(both, sizeof both, "%s and %s are of one shard", recorded, recorded);
    tmpdir_write(other, "no recording, but as long as the head of one", 44);
    check_refused((const char *const[]){ "replay", other, NULL }, 1, "is no recording");
    check_refused((const char *const[]){ "replay", recorded, recorded, NULL }, 2, both);
    file = rig_read(recorded);
    tmpdir_write(other, file.p, 60); /* the head, and of the first block too little */
    check_refused((const char *const[]){ "replay", other, "--", "/nonexistent", NULL }, 1,
                  "there is nothing to play");
    buf_release(&file);
    check_refused((const char *const[]){ "replay", "--speed", "fast", recorded, NULL }, 2,
                  "--speed takes max");
    check_refused((const char *const[]){ "replay", NULL }, 2, "argument is missing");
    check_refused((const char *const[]){ "record", "--shard", "2/2", other, NULL }, 2,
                  "--shard takes K/N");
    check_refused((const char *const[]){ "record", "--for", "soon", other, NULL }, 2,
                  "--for takes a time");
    tmpdir_free(&t);
}

TEST(a_bot_that_keeps_its_state_has_read_all_at_once)
{
    struct program p;
    char bot[1024];

    /* Its heartbeats name only what a snapshot has saved, once a minute. */
    snprintf(bot, sizeof bot, "%s/ping", getenv("CORDAGE_EXAMPLES"));
    program_start(&p, ARGS("replay", "--speed", "max", recorded, "--", bot));
    CHECK_INT(program_end(&p), 0);
}

TEST(a_command_may_trust_the_system_and_the_simulator)
{
    struct program p;

    CHECK_INT(program_run(&p, ARGS("replay", recorded, "--", "sh", "-c",
                                   "n=$(wc -c <\"$CORDAGE_CA_FILE\") && tail -c $n "
                                   "\"$SSL_CERT_FILE\" | cmp - \"$CORDAGE_CA_FILE\" && "
                                   "exit 7")),
              7);
}

/* Five seconds lie between two IDENTIFYs; `--for` counts behind them. */
TEST(a_time_counts_from_ready)
{
    const char *const world[] = { "--guilds", "1", NULL };
    struct running sim;
    struct program p;
    uint64_t n, ms;

    setenv("CORDAGE_TEST_SPEED", "10", 1);
    start(&sim, world);
    lead_to(sim.api, sim.token, sim.ca_file);
    for (int i = 0; i < 2; i++) {
        const char *path = tmpdir_path(&dir, i ? "second" : "first");
        struct recording *r;

        CHECK_INT(program_run(&p, ARGS("record", "--for", "2s", path)), 0);
        CHECK_INT(recording_open(path, &r, NULL), 0);
        CHECK_INT(recording_measure(r, &n, &ms, NULL), 0);
        CHECK(n >= 2); /* READY and a guild */
        recording_close(r);
    }
    CHECK_INT(stop(&sim), 0);
    unsetenv("CORDAGE_TEST_SPEED");
}

static bool reports(struct running *r, const char *what)
{
    struct buf body = { 0 };
    bool found;

    CHECK_INT(ask(r, "/_sim/report", NULL, NULL, &body), 200);
    found = str_find(buf_str(&body), str_of(what)) != SIZE_MAX;
    buf_release(&body);
    return found;
}

TEST(nothing_recorded_is_said_and_leaves_no_file)
{
    const char *const world[] = { "--guilds", "1", NULL };
    const char *path = tmpdir_path(&dir, "nothing");
    struct running sim;
    struct program p;

    start(&sim, world);
    lead_to(sim.api, sim.token, sim.ca_file);
    CHECK_INT(ask(&sim, "/_sim/fault", "{\"kind\":\"ready_delay\",\"by_ms\":60000}", NULL,
                  NULL),
              200);
    program_start(&p, ARGS("record", path));
    while (!reports(&sim, "\"identifies\":1"))
        ;
    kill(p.pid, SIGTERM);
    CHECK_INT(program_end(&p), 1);
    CHECK(program_said(&p, "nothing was recorded"));
    CHECK_INT(access(path, F_OK), -1);
    CHECK_INT(stop(&sim), 0);
}

/* A disk that is full: here, a limit on the size of files. */
TEST(a_full_disk_is_told_with_one_number)
{
    const char *const world[] = { "--guilds", "3", "--traffic", "2000", NULL };
    const char *path = tmpdir_path(&dir, "full");
    struct rlimit whole, small;
    char line[2000], want[64];
    struct recording *r;
    struct running sim;
    struct program p;
    uint64_t n, ms;

    start(&sim, world);
    lead_to(sim.api, sim.token, sim.ca_file);
    signal(SIGXFSZ, SIG_IGN);
    CHECK_INT(getrlimit(RLIMIT_FSIZE, &whole), 0);
    small = (struct rlimit){ 60000, whole.rlim_max };
    CHECK_INT(setrlimit(RLIMIT_FSIZE, &small), 0);
    program_start(&p, ARGS("record", "--json", path));
    CHECK_INT(setrlimit(RLIMIT_FSIZE, &whole), 0);
    CHECK(program_line(&p, line, sizeof line));
    CHECK_INT(program_end(&p), 1);
    CHECK_INT(recording_open(path, &r, NULL), 0);
    recording_measure(r, &n, &ms, NULL);
    recording_close(r);
    CHECK(n > 0);
    snprintf(want, sizeof want, "the %llu events before that", (unsigned long long)n);
    CHECK(program_said(&p, want));
    snprintf(want, sizeof want, "\"events\":%llu,", (unsigned long long)n);
    CHECK(strstr(line, want) != NULL);
    CHECK_INT(stop(&sim), 0);
}

TEST(a_file_that_is_there_costs_no_identify)
{
    const char *const world[] = { "--guilds", "1", NULL };
    struct buf report = { 0 };
    struct running sim;

    start(&sim, world);
    lead_to(sim.api, sim.token, sim.ca_file);
    check_refused((const char *const[]){ "record", recorded, NULL }, 1,
                  "is there already");
    CHECK_INT(ask(&sim, "/_sim/report", NULL, NULL, &report), 200);
    CHECK(str_find(buf_str(&report), STR("\"connections\":0")) != SIZE_MAX);
    buf_release(&report);
    CHECK_INT(stop(&sim), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(what_was_recorded_is_replayed_at_any_speed),
        T(a_bot_that_loses_its_connection_resumes_the_replay),
        T(a_damaged_file_is_replayed_up_to_there),
        T(a_command_is_ended_when_it_has_read_all),
        T(a_bot_gets_what_is_recorded_in_front_of_it),
        T(a_bot_resumes_through_the_recorder_and_nothing_is_twice),
        T(a_command_that_uses_no_gateway_is_told_of),
        T(what_cannot_be_done_is_said),
        T(a_file_that_is_there_costs_no_identify),
        T(a_command_may_trust_the_system_and_the_simulator),
        T(a_time_counts_from_ready),
        T(nothing_recorded_is_said_and_leaves_no_file),
        T(a_full_disk_is_told_with_one_number),
        T(a_bot_that_keeps_its_state_has_read_all_at_once),
    };

    return cmocka_run_group_tests(tests, record_once, clean_up);
}
