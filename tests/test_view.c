/* What the supervisor shows, and its document. */
#include "test.h"

#include "json.h"
#include "view.h"

static struct view *view_of(uint32_t count, uint32_t first, uint32_t last)
{
    struct view *v;

    CHECK_INT(view_new(&v), 0);
    CHECK_INT(view_set_shards(v, count, first, last), 0);
    return v;
}

static void set_ready(struct view *v, uint32_t i, uint32_t latency_ms,
                      double events_per_s)
{
    v->shards[i].info.state = CORDAGE_SHARD_READY;
    v->shards[i].info.latency_ms = latency_ms;
    v->shards[i].info.events_per_s = events_per_s;
}

/* The document, parsed: every test of it is also one of its form. */
struct document {
    struct buf text;
    struct json_doc *doc;
    cordage_json root;
};

static struct document document_of(const struct view *v)
{
    struct document d = { 0 };

    CHECK_INT(view_json(v, &d.text), 0);
    CHECK_INT(json_doc_new(buf_str(&d.text), &d.doc, &d.root), 0);
    return d;
}

static void document_release(struct document *d)
{
    json_doc_free(d->doc);
    buf_release(&d->text);
}

/* A path of keys and indices: "shards.0.state". */
static cordage_json at(cordage_json v, const char *path)
{
    while (*path) {
        size_t n = strcspn(path, ".");
        char key[64];
        uint64_t i;

        snprintf(key, sizeof key, "%.*s", (int)n, path);
        path += n + (path[n] == '.');
        if (str_u64(str_of(key), &i)) {
            struct json_iter it;
            bool more = json_first(v, &it);

            while (more && i--)
                more = json_next(&it);
            if (!more)
                fail_msg("no element %s", key);
            v = it.value;
        } else {
            v = json_get(v, key);
            if (json_is_absent(v))
                fail_msg("no field %s", key);
        }
    }
    return v;
}

static uint64_t number(const struct document *d, const char *path)
{
    uint64_t n = 0;

    if (!json_u64(at(d->root, path), &n))
        fail_msg("%s is no number", path);
    return n;
}

static double real(const struct document *d, const char *path)
{
    double n = 0;

    CHECK(json_double(at(d->root, path), &n));
    return n;
}

static struct str text(const struct document *d, const char *path)
{
    struct str s = { "", 0 };

    if (!json_str(at(d->root, path), &s))
        fail_msg("%s is no text", path);
    return s;
}

static bool flag(const struct document *d, const char *path)
{
    bool b = false;

    CHECK(json_bool(at(d->root, path), &b));
    return b;
}

static bool is_null(const struct document *d, const char *path)
{
    return json_is_null(at(d->root, path));
}

TEST(before_there_is_a_plan_the_document_has_no_shards)
{
    struct view *v;
    struct document d;

    CHECK_INT(view_new(&v), 0);
    d = document_of(v);
    CHECK_STR(text(&d, "state"), "starting");
    CHECK(is_null(&d, "application_id"));
    CHECK_INT(json_count(at(d.root, "shards")), 0);
    CHECK_INT(json_count(at(d.root, "workers")), 0);
    CHECK_INT(json_count(at(d.root, "decisions")), 0);
    CHECK_INT(json_count(at(d.root, "points")), 0);
    CHECK(!flag(&d, "guilds.complete"));
    document_release(&d);
    view_free(v);
}

TEST(the_head_says_what_the_fleet_is)
{
    struct view *v = view_of(64, 16, 31);
    struct document d;

    v->application_id = 1234567890123456789;
    strcpy(v->release, "1.2.3");
    v->started_at = 1700000000000;
    v->wall = 1700000060000;
    v->recommended = 60;
    v->budget = (struct view_budget){ 1000, 936, 50, 14, 16, 1700000086400 };
    v->guilds = (cordage_guild_total){ 812, 16, 16 };
    v->events = UINT64_C(1) << 60;
    v->handovers = 3;
    set_ready(v, 0, 40, 1.5);
    set_ready(v, 15, 60, 2.25);
    d = document_of(v);
    CHECK_STR(text(&d, "release"), "1.2.3");
    CHECK_STR(text(&d, "application_id"), "1234567890123456789");
    CHECK_STR(text(&d, "state"), "running");
    CHECK_INT(number(&d, "started_at_ms"), 1700000000000);
    CHECK_INT(number(&d, "now_ms"), 1700000060000);
    CHECK(is_null(&d, "done_at_ms"));
    CHECK_INT(number(&d, "shard_count"), 64);
    CHECK_INT(number(&d, "shard_first"), 16);
    CHECK_INT(number(&d, "shard_last"), 31);
    CHECK_INT(number(&d, "shards_recommended"), 60);
    CHECK_INT(number(&d, "shards_ready"), 2);
    CHECK(real(&d, "events_per_s") == 3.75);
    CHECK_INT(number(&d, "budget.total"), 1000);
    CHECK_INT(number(&d, "budget.allowed"), 936);
    CHECK_INT(number(&d, "budget.reserve"), 50);
    CHECK_INT(number(&d, "budget.used_24h"), 14);
    CHECK_INT(number(&d, "budget.max_concurrency"), 16);
    CHECK_INT(number(&d, "budget.reset_at_ms"), 1700000086400);
    CHECK_INT(number(&d, "guilds.total"), 812);
    CHECK(flag(&d, "guilds.complete"));
    CHECK_INT(number(&d, "totals.events"), UINT64_C(1) << 60);
    CHECK_INT(number(&d, "totals.handovers"), 3);
    CHECK_INT(number(&d, "totals.watchdog_actions"), 0);
    CHECK_INT(number(&d, "supervisor.rss_bytes"), 0);
    CHECK_INT(json_count(at(d.root, "shards")), 16);
    document_release(&d);
    view_free(v);
}

TEST(a_shard_shows_what_is_known_and_null_for_what_is_not)
{
    struct view *v = view_of(2, 0, 1);
    struct view_shard *s = &v->shards[1];
    struct document d;

    set_ready(v, 1, 41, (double)0.1f);
    s->info.guilds = 10;
    s->info.guilds_available = 9;
    s->info.paused = true;
    s->info.last_event_ms = 0;
    s->info.events = 77;
    s->info.close_code = 4000;
    s->reported = true;
    s->worker = 0;
    s->dark_at = 5;
    s->dark_last_ms = 120;
    d = document_of(v);
    CHECK_STR(text(&d, "shards.0.state"), "waiting");
    CHECK(is_null(&d, "shards.0.worker"));
    CHECK(is_null(&d, "shards.0.latency_ms"));
    CHECK(is_null(&d, "shards.0.last_event_ago_ms"));
    CHECK(is_null(&d, "shards.0.close_code"));
    CHECK(is_null(&d, "shards.0.dark_since_ms"));
    CHECK(!flag(&d, "shards.0.reported"));
    CHECK_INT(number(&d, "shards.1.shard"), 1);
    CHECK_INT(number(&d, "shards.1.worker"), 0);
    CHECK_STR(text(&d, "shards.1.state"), "ready");
    CHECK_INT(number(&d, "shards.1.guilds"), 10);
    CHECK_INT(number(&d, "shards.1.guilds_available"), 9);
    CHECK(flag(&d, "shards.1.reported"));
    CHECK(flag(&d, "shards.1.paused"));
    CHECK(!flag(&d, "shards.1.loading"));
    CHECK(!flag(&d, "shards.1.replaying"));
    CHECK(!flag(&d, "shards.1.moving"));
    CHECK_INT(number(&d, "shards.1.latency_ms"), 41);
    CHECK_INT(number(&d, "shards.1.last_event_ago_ms"), 0);
    CHECK(real(&d, "shards.1.events_per_s") == 0.1);
    CHECK_INT(number(&d, "shards.1.events"), 77);
    CHECK_INT(number(&d, "shards.1.close_code"), 4000);
    CHECK_INT(number(&d, "shards.1.dark_since_ms"), 5);
    CHECK_INT(number(&d, "shards.1.dark_last_ms"), 120);
    document_release(&d);
    view_free(v);
}

TEST(both_generations_of_a_worker_are_shown)
{
    struct view *v = view_of(4, 0, 3);
    struct document d;

    CHECK_INT(view_set_workers(v, 1), 0);
    v->workers[0] = (struct view_worker){ .generation = 1,
                                          .state = VIEW_WORKER_LEAVING,
                                          .pid = 100,
                                          .last = 3,
                                          .last_exit = -1,
                                          .rss_bytes = UINT64_C(5) << 30,
                                          .cpu = 0.25 };
    CHECK_INT(view_set_workers(v, 2), 0);
    v->workers[1] = (struct view_worker){ .generation = 2,
                                          .state = VIEW_WORKER_RESTING,
                                          .last = 3,
                                          .starts_at = 1700000000000,
                                          .last_exit = 1,
                                          .restarts = 2,
                                          .adopted = true };
    v->restarting = true;
    d = document_of(v);
    CHECK_STR(text(&d, "state"), "restarting");
    CHECK_INT(json_count(at(d.root, "workers")), 2);
    CHECK_STR(text(&d, "workers.0.state"), "leaving");
    CHECK_INT(number(&d, "workers.0.generation"), 1);
    CHECK_INT(number(&d, "workers.0.pid"), 100);
    CHECK_INT(number(&d, "workers.0.shard_last"), 3);
    CHECK(is_null(&d, "workers.0.last_exit"));
    CHECK(is_null(&d, "workers.0.starts_at_ms"));
    CHECK_INT(number(&d, "workers.0.rss_bytes"), UINT64_C(5) << 30);
    CHECK(real(&d, "workers.0.cpu_cores") == 0.25);
    CHECK_STR(text(&d, "workers.1.state"), "resting");
    CHECK(is_null(&d, "workers.1.pid"));
    CHECK_INT(number(&d, "workers.1.starts_at_ms"), 1700000000000);
    CHECK_INT(number(&d, "workers.1.last_exit"), 1);
    CHECK_INT(number(&d, "workers.1.restarts"), 2);
    CHECK_INT(number(&d, "workers.1.log_dropped_bytes"), 0);
    CHECK(flag(&d, "workers.1.adopted"));
    CHECK(!flag(&d, "workers.1.foreign"));
    document_release(&d);
    view_free(v);
}

TEST(the_newest_decision_is_first_and_the_oldest_gives_way)
{
    struct view *v = view_of(1, 0, 0);
    struct document d;

    for (int i = 0; i < VIEW_DECISIONS + 5; i++)
        view_decide(v, 1000 + (uint64_t)i, "decision %d", i);
    d = document_of(v);
    CHECK_INT(json_count(at(d.root, "decisions")), VIEW_DECISIONS);
    CHECK_STR(text(&d, "decisions.0.text"), "decision 104");
    CHECK_INT(number(&d, "decisions.0.at_ms"), 1104);
    CHECK_STR(text(&d, "decisions.99.text"), "decision 5");
    document_release(&d);
    view_free(v);
}

TEST(odd_text_in_a_decision_stays_text)
{
    struct view *v = view_of(1, 0, 0);
    char longer[400];
    struct document d;

    memset(longer, 'x', sizeof longer);
    longer[sizeof longer - 1] = '\0';
    view_decide(v, 1, "\"quoted\" \\ <b>\n\t\x01 \xc3\xa9 \xff");
    view_decide(v, 2, "%s", longer);
    d = document_of(v);
    CHECK_INT(text(&d, "decisions.0.text").n, 255);
    CHECK_STR(text(&d, "decisions.1.text"),
              "\"quoted\" \\ <b>\n\t\x01 \xc3\xa9 \xef\xbf\xbd");
    document_release(&d);
    view_free(v);
}

TEST(a_point_has_the_median_of_the_ready_shards_latencies)
{
    struct view *v = view_of(5, 0, 4);
    const struct view_point *p;

    set_ready(v, 0, 900, 1);
    set_ready(v, 1, 30, 2);
    set_ready(v, 2, 50, 3);
    set_ready(v, 3, 0, 4);               /* no heartbeat answered yet */
    v->shards[4].info.latency_ms = 1000; /* of its last connection */
    view_point(v, 7);
    p = view_past(v, 0);
    CHECK(p != NULL);
    CHECK_INT(p->wall, 7);
    CHECK_INT((int)p->latency_ms, 50);
    CHECK_INT((int)p->events_per_s, 10);
    CHECK_INT(p->ready, 4);
    CHECK(view_past(v, 1) == NULL);
    view_free(v);
}

TEST(an_hour_of_points_is_kept_oldest_first)
{
    struct view *v = view_of(1, 0, 0);
    struct document d;

    view_point(v, 1);
    set_ready(v, 0, 25, 1.0 / 3);
    for (uint64_t i = 2; i <= VIEW_HOUR + 3; i++)
        view_point(v, i);
    d = document_of(v);
    CHECK_INT(json_count(at(d.root, "points")), VIEW_HOUR);
    CHECK_INT(number(&d, "points.0.at_ms"), 4);
    CHECK_INT(number(&d, "points.359.at_ms"), 363);
    CHECK_INT(number(&d, "points.359.latency_ms"), 25);
    CHECK_INT(number(&d, "points.359.shards_ready"), 1);
    CHECK(real(&d, "points.359.events_per_s") == 0.333);
    document_release(&d);
    view_free(v);
}

TEST(a_fleet_says_what_it_is_at)
{
    struct view *v = view_of(1, 0, 0);

    assert_string_equal(view_state_name(v), "running");
    v->done_at = 5;
    assert_string_equal(view_state_name(v), "starting");
    v->restarting = true;
    assert_string_equal(view_state_name(v), "restarting");
    v->stopping = true;
    assert_string_equal(view_state_name(v), "stopping");
    view_free(v);
}

RUN_TESTS(T(before_there_is_a_plan_the_document_has_no_shards),
          T(the_head_says_what_the_fleet_is),
          T(a_shard_shows_what_is_known_and_null_for_what_is_not),
          T(both_generations_of_a_worker_are_shown),
          T(the_newest_decision_is_first_and_the_oldest_gives_way),
          T(odd_text_in_a_decision_stays_text),
          T(a_point_has_the_median_of_the_ready_shards_latencies),
          T(an_hour_of_points_is_kept_oldest_first), T(a_fleet_says_what_it_is_at))
