/* The judge, and what is around a run: every promise that is broken by hand is seen, and
 * what is right is not accused. The machine, the network and the disk are stood in for;
 * Discord's model is the real one. */
#include "sim_rig.h"

#include "judge.h"
#include "machine.h"
#include "net.h"
#include "shrink.h"
#include "store.h"
#include "vdisk.h"

/* ---- Who stands in ------------------------------------------------------------------
 */

static struct rig rig;
static bool disk_has_token;

uint64_t machine_now(void)
{
    return rig.now;
}

void machine_pause(void)
{
}

struct sim *net_sim(void)
{
    return rig.sim;
}

int vprocess_pid(const struct vprocess *p)
{
    return (int)(intptr_t)p;
}

bool vdisk_contains(struct str needle)
{
    (void)needle;
    return disk_has_token;
}

/* ---- The court -----------------------------------------------------------------------
 */

enum { SHARDS = 2, GUILDS = 4 };

struct wire_rig {
    struct client client;
    struct vprocess *process;
    uint64_t number;
    uint32_t shard;
};

static uint64_t connections;

static struct vprocess *process(int pid)
{
    return (struct vprocess *)(intptr_t)pid;
}

static void begin(const struct sim_config *config, bool caches)
{
    const struct world_plan plan = { .shards = SHARDS,
                                     .guilds = config->guilds,
                                     .max_concurrency = config->max_concurrency,
                                     .session_limit = config->session_limit,
                                     .caches = caches };

    rig_start(&rig, config);
    disk_has_token = false;
    connections = 0;
    judge_begin(&plan);
}

static void begin_usual(void)
{
    struct sim_config config = rig_config();

    config.guilds = GUILDS;
    begin(&config, false);
}

static struct world_verdict end(void)
{
    struct world_verdict v;

    judge_end(&v);
    rig_stop(&rig);
    return v;
}

static void expect(enum promise p)
{
    struct world_verdict v = end();

    if (v.broken != p)
        fail_msg("the verdict is %s: %s", promise_name(v.broken), v.what);
}

static void dial(struct wire_rig *w, int pid, bool resume_door)
{
    *w = (struct wire_rig){ .process = process(pid), .number = ++connections };
    judge_net()->dialled(w->process, w->number);
    client_connect_to(&rig, &w->client, RIG_QUERY, resume_door);
    client_gets_op(&w->client, 10);
}

/* Says it as the judge hears it, then to Discord. */
static void say(struct wire_rig *w, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void say(struct wire_rig *w, const char *format, ...)
{
    char text[1024];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    judge_net()->sent(w->process, w->number, rig.now, str_of(text));
    client_say(&w->client, "%s", text);
}

static void identify_unbooked(struct wire_rig *w, uint32_t shard)
{
    w->shard = shard;
    say(w,
        "{\"op\":2,\"d\":{\"token\":\"%s\",\"properties\":{},\"intents\":%u,"
        "\"shard\":[%u,%u]}}",
        sim_token(rig.sim), RIG_USUAL, shard, SHARDS);
    client_gets(&w->client, "READY");
    client_note_session(&w->client);
}

static void identify(struct wire_rig *w, uint32_t shard)
{
    judge_booked(shard, true);
    identify_unbooked(w, shard);
}

static void beat(struct wire_rig *w, uint64_t seq)
{
    say(w, "{\"op\":1,\"d\":%llu}", (unsigned long long)seq);
}

static void hang_up(struct wire_rig *w, int code)
{
    judge_net()->closed(w->process, w->number);
    client_gone(&w->client, code);
}

static void resume(struct wire_rig *w, int pid, const struct wire_rig *old, uint64_t seq)
{
    dial(w, pid, true);
    w->shard = old->shard;
    say(w, "{\"op\":6,\"d\":{\"token\":\"%s\",\"session_id\":\"%s\",\"seq\":%llu}}",
        sim_token(rig.sim), old->client.session_id, (unsigned long long)seq);
    memcpy(w->client.session_id, old->client.session_id, sizeof w->client.session_id);
}

/* Both shards are live, in the process 10. */
static void go_live(struct wire_rig *a, struct wire_rig *b)
{
    dial(a, 10, false);
    identify(a, 0);
    rig_wait(&rig, 5300);
    dial(b, 10, false);
    identify(b, 1);
    rig_wait(&rig, 1000);
}

static uint64_t guild_id(uint32_t i)
{
    return sim_world(rig.sim)->guilds[i].id;
}

/* Everybody says `n` things. */
static void talk(unsigned n)
{
    sim_set_traffic(rig.sim, 100, (uint64_t)n * GUILDS, rig.now);
    rig_wait(&rig, (uint64_t)n * GUILDS * 10 + 10);
}

static void begins(int pid, uint32_t guild, uint64_t n)
{
    judge_begun(process(pid), guild % SHARDS, guild_id(guild), n);
}

static void handles(int pid, uint32_t guild, uint64_t n)
{
    begins(pid, guild, n);
    judge_handled(process(pid), guild % SHARDS, guild_id(guild), n);
}

static void handle_all(int pid, unsigned from, unsigned to)
{
    for (unsigned n = from; n <= to; n++)
        for (uint32_t g = 0; g < GUILDS; g++)
            handles(pid, g, n);
}

static void save(int pid, const struct wire_rig *w, uint64_t done)
{
    const struct store_session row = { .shard_id = w->shard,
                                       .shard_count = SHARDS,
                                       .session_id = str_of(w->client.session_id),
                                       .done = done };

    judge_saved(process(pid), &row, 1);
}

static uint64_t seq_of(const struct wire_rig *w)
{
    struct json_writer j;
    struct buf text = { 0 };
    struct json_parser *parser = json_parser_new();
    cordage_json root, list, one;
    struct str id;
    uint64_t seq = 0;

    json_begin(&j, &text);
    sim_write_report(rig.sim, &j, false, rig.now);
    CHECK_INT(json_end(&j), 0);
    CHECK_INT(json_parse(parser, buf_str(&text), &root), 0);
    list = json_get(root, "session_list");
    for (size_t i = 0; i < json_count(list); i++) {
        one = cordage_json_at(list, i);
        if (json_str(json_get(one, "session_id"), &id) &&
            str_is(id, w->client.session_id))
            CHECK(json_u64(json_get(one, "seq"), &seq));
    }
    buf_release(&text);
    json_parser_free(parser);
    return seq;
}

static void release(struct wire_rig *a, struct wire_rig *b)
{
    client_release(&a->client);
    if (b)
        client_release(&b->client);
}

/* ---- What is right --------------------------------------------------------------------
 */

TEST(a_right_life_is_not_accused)
{
    struct wire_rig a, b, c;
    enum promise p;
    char why[200] = "";

    begin_usual();
    go_live(&a, &b);
    talk(3);
    handle_all(10, 1, 3);
    save(10, &a, seq_of(&a));
    save(10, &b, seq_of(&b));
    beat(&a, seq_of(&a));
    hang_up(&a, 4000);
    rig_wait(&rig, 2000);
    resume(&c, 10, &a, seq_of(&a));
    talk(2);
    handle_all(10, 4, 5);
    if (!judge_is_settled(&p, why, sizeof why))
        fail_msg("%s", why);
    release(&a, &b);
    client_release(&c.client);
    expect(PROMISE_NONE);
}

TEST(what_was_running_at_a_kill_may_come_again)
{
    struct wire_rig a, b, c;

    begin_usual();
    go_live(&a, &b);
    talk(2);
    handles(10, 0, 1);
    begins(10, 0, 2);
    save(10, &a, 1);
    hang_up(&a, 1006);
    judge_died(process(10));
    resume(&c, 11, &a, 1);
    handles(11, 0, 2);
    release(&a, &b);
    client_release(&c.client);
    expect(PROMISE_NONE);
}

TEST(after_a_loss_of_power_all_may_come_again)
{
    struct wire_rig a, b;

    begin_usual();
    go_live(&a, &b);
    talk(2);
    handle_all(10, 1, 2);
    judge_power_fails();
    judge_died(process(10));
    handle_all(11, 1, 2);
    release(&a, &b);
    expect(PROMISE_NONE);
}

TEST(what_was_lost_with_a_session_need_not_come)
{
    struct wire_rig a, b, c;

    begin_usual();
    go_live(&a, &b);
    talk(2);
    sim_receive(a.client.conn, STR("{\"op\":99}"), false, rig.now); /* 4001 */
    hang_up(&a, 1006);
    rig_wait(&rig, 181 * 1000);
    dial(&c, 10, false);
    identify(&c, 0);
    talk(1);
    handles(10, 0, 3);
    handles(10, 1, 1);
    handles(10, 1, 2);
    release(&a, &b);
    client_release(&c.client);
    judge_look(); /* opcode 99 was ours */
    expect(PROMISE_NO_RULE);
}

/* ---- What is not ----------------------------------------------------------------------
 */

TEST(two_identifies_within_5_s_are_seen)
{
    struct wire_rig a, b;

    begin_usual();
    dial(&a, 10, false);
    identify(&a, 0);
    rig_wait(&rig, 4999);
    dial(&b, 11, false);
    judge_booked(1, true);
    say(&b,
        "{\"op\":2,\"d\":{\"token\":\"%s\",\"properties\":{},\"intents\":1,"
        "\"shard\":[1,2]}}",
        sim_token(rig.sim));
    release(&a, &b);
    expect(PROMISE_IDENTIFY_APART);
}

TEST(an_identify_that_is_not_booked_is_seen)
{
    struct wire_rig a;

    begin_usual();
    dial(&a, 10, false);
    identify_unbooked(&a, 0);
    release(&a, NULL);
    expect(PROMISE_BUDGET);
}

TEST(an_identify_of_the_reserve_is_seen)
{
    struct sim_config config = rig_config();
    struct wire_rig a[3];

    config.guilds = GUILDS;
    config.session_limit = 3; /* of which one is the reserve */
    config.session_ttl_ms = 1000;
    begin(&config, false);
    for (int i = 0; i < 2; i++) {
        dial(&a[i], 10, false);
        identify(&a[i], (uint32_t)i);
        rig_wait(&rig, 6000);
    }
    hang_up(&a[0], 1006);
    rig_wait(&rig, 2000);
    dial(&a[2], 10, false);
    identify(&a[2], 0);
    release(&a[0], &a[1]);
    client_release(&a[2].client);
    expect(PROMISE_BUDGET);
}

TEST(more_than_discord_said_was_left_is_seen)
{
    struct wire_rig a;

    begin_usual();
    judge_net()->answered(process(10), STR("/api/v10/gateway/bot"), 200,
                          STR("{\"session_start_limit\":{\"total\":1000,"
                              "\"remaining\":100,\"reset_after\":1000}}"));
    dial(&a, 10, false);
    identify(&a, 0);
    release(&a, NULL);
    expect(PROMISE_BUDGET);
}

TEST(a_session_closed_with_1000_is_seen)
{
    struct wire_rig a, b;

    begin_usual();
    go_live(&a, &b);
    beat(&a, 1);
    hang_up(&a, 1000);
    release(&a, &b);
    expect(PROMISE_NOT_CLOSED);
}

TEST(a_session_given_up_for_nothing_is_seen)
{
    struct wire_rig a, b, c;

    begin_usual();
    go_live(&a, &b);
    beat(&a, 1);
    hang_up(&a, 4000);
    rig_wait(&rig, 6000);
    dial(&c, 10, false);
    identify(&c, 0);
    release(&a, &b);
    client_release(&c.client);
    expect(PROMISE_NOT_CLOSED);
}

TEST(a_saved_session_given_up_by_the_next_process_is_seen)
{
    struct wire_rig a, b, c;

    begin_usual();
    go_live(&a, &b);
    save(10, &a, 1);
    hang_up(&a, 1006);
    judge_died(process(10));
    rig_wait(&rig, 6000);
    dial(&c, 11, false);
    identify(&c, 0);
    release(&a, &b);
    client_release(&c.client);
    expect(PROMISE_NOT_CLOSED);
}

TEST(a_session_whose_row_was_lost_may_be_given_up)
{
    struct wire_rig a, b, c;

    begin_usual();
    go_live(&a, &b);
    save(10, &a, 1);
    judge_power_fails();
    hang_up(&a, 1006);
    judge_died(process(10));
    rig_wait(&rig, 6000);
    dial(&c, 11, false);
    identify(&c, 0);
    release(&a, &b);
    client_release(&c.client);
    expect(PROMISE_NONE);
}

TEST(the_121st_send_is_seen)
{
    struct wire_rig a, b;

    begin_usual();
    go_live(&a, &b);
    for (int i = 0; i < 121; i++) {
        rig_wait(&rig, 10);
        beat(&a, 1);
    }
    release(&a, &b);
    expect(PROMISE_SEND_LIMIT);
}

TEST(a_late_heartbeat_is_seen)
{
    struct wire_rig a, b;

    begin_usual();
    go_live(&a, &b);
    beat(&a, 1);
    rig_wait(&rig, 50 * 1000);
    beat(&a, 1);
    release(&a, &b);
    expect(PROMISE_SEND_LIMIT);
}

TEST(two_messages_of_a_guild_at_once_are_seen)
{
    struct wire_rig a, b;

    begin_usual();
    go_live(&a, &b);
    talk(2);
    begins(10, 0, 1);
    begins(10, 0, 2);
    release(&a, &b);
    expect(PROMISE_ORDER);
}

TEST(a_message_out_of_order_is_seen)
{
    struct wire_rig a, b;

    begin_usual();
    go_live(&a, &b);
    talk(2);
    handles(10, 0, 2);
    release(&a, &b);
    expect(PROMISE_ORDER);
}

TEST(a_message_handled_again_is_seen)
{
    struct wire_rig a, b;

    begin_usual();
    go_live(&a, &b);
    talk(1);
    handle_all(10, 1, 1);
    judge_died(process(10));
    handles(11, 0, 1);
    release(&a, &b);
    expect(PROMISE_ORDER);
}

TEST(a_message_that_was_never_said_is_seen)
{
    struct wire_rig a, b;

    begin_usual();
    go_live(&a, &b);
    handles(10, 0, 1);
    release(&a, &b);
    expect(PROMISE_ORDER);
}

TEST(a_message_that_never_came_is_seen_in_the_end)
{
    struct wire_rig a, b;
    enum promise p;
    char why[200];

    begin_usual();
    go_live(&a, &b);
    talk(1);
    handles(10, 0, 1);
    CHECK(!judge_is_settled(&p, why, sizeof why));
    CHECK_INT(p, PROMISE_ORDER);
    release(&a, &b);
    expect(PROMISE_NONE);
}

TEST(a_row_ahead_of_what_is_done_is_seen)
{
    struct wire_rig a, b;

    begin_usual();
    go_live(&a, &b);
    talk(1);
    begins(10, 0, 1);
    save(10, &a, seq_of(&a));
    release(&a, &b);
    expect(PROMISE_SAVED_BEHIND);
}

TEST(a_heartbeat_ahead_of_what_is_saved_is_seen)
{
    struct wire_rig a, b;

    begin_usual();
    go_live(&a, &b);
    talk(1);
    handle_all(10, 1, 1);
    save(10, &a, seq_of(&a) - 1);
    beat(&a, seq_of(&a));
    release(&a, &b);
    expect(PROMISE_SAVED_BEHIND);
}

TEST(a_heartbeat_ahead_of_the_snapshot_is_seen)
{
    struct sim_config config = rig_config();
    struct store_snapshot head = { .shard_id = 0, .shard_count = SHARDS, .seq = 2 };
    struct wire_rig a, b;

    config.guilds = GUILDS;
    begin(&config, true);
    go_live(&a, &b);
    save(10, &a, seq_of(&a));
    head.session_mark = store_mark(str_of(a.client.session_id));
    judge_saved_snapshot(&head);
    beat(&a, 2);
    CHECK(!judge_has_spoken());
    beat(&a, 3);
    release(&a, &b);
    expect(PROMISE_SAVED_BEHIND);
}

TEST(without_a_snapshot_the_rows_alone_are_the_bound)
{
    struct sim_config config = rig_config();
    struct store_snapshot head = { .shard_id = 0, .shard_count = SHARDS, .seq = 2 };
    struct wire_rig a, b;

    config.guilds = GUILDS;
    begin(&config, true);
    go_live(&a, &b);
    save(10, &a, seq_of(&a));
    head.session_mark = store_mark(str_of(a.client.session_id));
    judge_saved_snapshot(&head);
    judge_has_no_snapshot(&head);
    beat(&a, 3);
    CHECK(!judge_has_spoken());
    beat(&a, seq_of(&a) + 1);
    release(&a, &b);
    expect(PROMISE_SAVED_BEHIND);
}

TEST(a_shard_that_is_alive_twice_is_seen)
{
    struct wire_rig a, b, c;

    begin_usual();
    go_live(&a, &b);
    resume(&c, 11, &a, 1);
    release(&a, &b);
    client_release(&c.client);
    expect(PROMISE_ONE_SESSION);
}

TEST(a_shard_that_stays_away_is_seen_in_the_end)
{
    struct wire_rig a, b;
    enum promise p;
    char why[200];

    begin_usual();
    go_live(&a, &b);
    hang_up(&a, 4000);
    CHECK(!judge_is_settled(&p, why, sizeof why));
    CHECK_INT(p, PROMISE_RECOVERS);
    release(&a, &b);
    expect(PROMISE_NONE);
}

TEST(a_bot_that_comes_back_after_a_refusal_is_seen)
{
    struct wire_rig a, b, c;

    begin_usual();
    go_live(&a, &b);
    judge_refused();
    hang_up(&a, 1006);
    hang_up(&b, 1006);
    rig_wait(&rig, 120 * 1000);
    dial(&c, 10, false);
    release(&a, &b);
    client_release(&c.client);
    expect(PROMISE_RECOVERS);
}

TEST(the_token_in_the_log_is_seen)
{
    char line[200];

    begin_usual();
    snprintf(line, sizeof line, "bot: token=%s", sim_token(rig.sim));
    judge_logged(process(10), line);
    expect(PROMISE_SECRET);
}

TEST(the_token_on_the_disk_is_seen)
{
    begin_usual();
    disk_has_token = true;
    expect(PROMISE_SECRET);
}

TEST(the_token_in_another_payload_is_seen)
{
    struct wire_rig a, b;

    begin_usual();
    go_live(&a, &b);
    say(&a,
        "{\"op\":3,\"d\":{\"since\":null,\"activities\":[{\"name\":\"%s\",\"type\":0}],"
        "\"status\":\"online\",\"afk\":false}}",
        sim_token(rig.sim));
    release(&a, &b);
    expect(PROMISE_SECRET);
}

TEST(a_queue_without_end_is_seen)
{
    begin_usual();
    judge_queued(process(10), 0, WORLD_EVENT_QUEUE);
    CHECK(!judge_has_spoken());
    judge_queued(process(10), 0, 10000);
    expect(PROMISE_BOUNDED);
}

TEST(a_cache_that_differs_is_seen)
{
    struct buf text = { 0 };
    struct json_writer w;
    size_t at;

    begin_usual();
    json_begin(&w, &text);
    CHECK_INT(sim_write_truth(rig.sim, guild_id(0), &w), 0);
    CHECK_INT(json_end(&w), 0);
    judge_remembers(0, guild_id(0), buf_str(&text));
    CHECK(!judge_has_spoken());
    at = str_find(buf_str(&text), STR("\"name\":\""));
    CHECK(at != SIZE_MAX);
    text.p[at + 8] ^= 1;
    judge_remembers(0, guild_id(0), buf_str(&text));
    buf_release(&text);
    expect(PROMISE_CACHE);
}

TEST(a_guild_that_is_forgotten_is_seen)
{
    begin_usual();
    judge_memories_end();
    expect(PROMISE_CACHE);
}

/* ---- Scripts --------------------------------------------------------------------------
 */

TEST(a_script_is_the_same_again_from_its_text)
{
    for (uint64_t seed = 1; seed < 50; seed++) {
        enum world_kind kind = seed % 2 ? WORLD_FLEET : WORLD_ALONE;
        struct world_script s, t;
        struct buf text = { 0 }, again = { 0 };
        cordage_error error;

        CHECK_INT(world_draw(seed, kind, 2, &s), 0);
        CHECK_INT(world_script_write(&s, &text), 0);
        if (world_script_read(buf_str(&text), &t, &error))
            fail_msg("%s", error.message);
        CHECK_INT(world_script_write(&t, &again), 0);
        CHECK(str_eq(buf_str(&text), buf_str(&again)));
        CHECK_INT(t.n, s.n);
        buf_release(&text);
        buf_release(&again);
        world_script_release(&s);
        world_script_release(&t);
    }
}

TEST(a_script_that_makes_no_sense_is_refused_with_its_line)
{
    static const char *const wrong[] = {
        "kind alone\nshards 0\n",        "kind alone\nat 5 nothing 0 0\n",
        "seed 1\nat 5 kill 0\n",         "seed 1\nworkers 1000\n",
        "at 5 kill 0 0\nat 4 cut 0 0\n", "seed 2\nhello 3\n",
        "seed 1\ntraffic -1\n",
    };
    struct world_script s;
    cordage_error error;

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        CHECK_INT(world_script_read(str_of(wrong[i]), &s, &error), CORDAGE_EPARSE);
        CHECK(strncmp(error.message, "line 2: ", 8) == 0);
    }
}

/* Each act comes, and in a life of days not all the time. */
TEST(every_act_is_drawn)
{
    unsigned seen[WORLD_N_ACTS] = { 0 };
    uint64_t n = 0;
    double days = 0;

    for (uint64_t seed = 1; seed < 100; seed++) {
        struct world_script s;

        CHECK_INT(world_draw(seed, seed % 2 ? WORLD_FLEET : WORLD_ALONE, 4, &s), 0);
        for (size_t i = 0; i < s.n; i++)
            seen[s.steps[i].act]++;
        n += s.n;
        days += (double)s.plan.duration_ms / 86400e3;
        world_script_release(&s);
    }
    for (int i = 0; i < WORLD_N_ACTS; i++)
        CHECK(seen[i] > 0);
    CHECK((double)n / days > 20);
    CHECK((double)n / days < 2000);
}

/* A bug that needs a kill after a cut, in a script of hundreds of steps. */
static unsigned n_runs;

static void run_fake(const struct world_script *s, unsigned patience_s,
                     struct world_verdict *v)
{
    bool cut = false;

    (void)patience_s;
    n_runs++;
    *v = (struct world_verdict){ 0 };
    for (size_t i = 0; i < s->n && !v->broken; i++) {
        cut |= s->steps[i].act == ACT_CUT && s->plan.shards >= 2;
        if (cut && s->steps[i].act == ACT_KILL) {
            v->broken = PROMISE_ORDER;
            v->at = s->steps[i].at + 500;
        }
    }
}

TEST(a_script_is_shrunk_to_what_matters)
{
    struct world_script s;
    struct world_verdict v;

    CHECK_INT(world_draw(7, WORLD_ALONE, 40, &s), 0);
    s.plan.shards = 8;
    run_fake(&s, 1, &v);
    CHECK_INT(v.broken, PROMISE_ORDER);
    CHECK(s.n > 20);
    n_runs = 0;
    world_shrink_by(&s, &v, 400, run_fake);
    CHECK_INT(s.n, 2);
    CHECK_INT(s.steps[0].act, ACT_CUT);
    CHECK_INT(s.steps[1].act, ACT_KILL);
    CHECK_INT(s.plan.shards, 2);
    CHECK_INT(s.plan.guilds, 1);
    CHECK(!s.plan.caches && s.plan.traffic == 0);
    CHECK(s.plan.duration_ms <= s.steps[1].at + 2000);
    CHECK(n_runs <= 400);
    world_script_release(&s);
}

TEST(shrinking_ends_after_so_many_tries)
{
    struct world_script s;
    struct world_verdict v;

    CHECK_INT(world_draw(7, WORLD_ALONE, 40, &s), 0);
    s.plan.shards = 8;
    run_fake(&s, 1, &v);
    n_runs = 0;
    world_shrink_by(&s, &v, 5, run_fake);
    CHECK_INT(n_runs, 5);
    run_fake(&s, 1, &v);
    CHECK_INT(v.broken, PROMISE_ORDER);
    world_script_release(&s);
}

RUN_TESTS(
    T(a_right_life_is_not_accused), T(what_was_running_at_a_kill_may_come_again),
    T(after_a_loss_of_power_all_may_come_again),
    T(what_was_lost_with_a_session_need_not_come), T(two_identifies_within_5_s_are_seen),
    T(an_identify_that_is_not_booked_is_seen), T(an_identify_of_the_reserve_is_seen),
    T(more_than_discord_said_was_left_is_seen), T(a_session_closed_with_1000_is_seen),
    T(a_session_given_up_for_nothing_is_seen),
    T(a_saved_session_given_up_by_the_next_process_is_seen),
    T(a_session_whose_row_was_lost_may_be_given_up), T(the_121st_send_is_seen),
    T(a_late_heartbeat_is_seen), T(two_messages_of_a_guild_at_once_are_seen),
    T(a_message_out_of_order_is_seen), T(a_message_handled_again_is_seen),
    T(a_message_that_was_never_said_is_seen),
    T(a_message_that_never_came_is_seen_in_the_end),
    T(a_row_ahead_of_what_is_done_is_seen), T(a_heartbeat_ahead_of_what_is_saved_is_seen),
    T(a_heartbeat_ahead_of_the_snapshot_is_seen),
    T(without_a_snapshot_the_rows_alone_are_the_bound),
    T(a_shard_that_is_alive_twice_is_seen), T(a_shard_that_stays_away_is_seen_in_the_end),
    T(a_bot_that_comes_back_after_a_refusal_is_seen), T(the_token_in_the_log_is_seen),
    T(the_token_on_the_disk_is_seen), T(the_token_in_another_payload_is_seen),
    T(a_queue_without_end_is_seen), T(a_cache_that_differs_is_seen),
    T(a_guild_that_is_forgotten_is_seen), T(a_script_is_the_same_again_from_its_text),
    T(a_script_that_makes_no_sense_is_refused_with_its_line), T(every_act_is_drawn),
    T(a_script_is_shrunk_to_what_matters), T(shrinking_ends_after_so_many_tries))
