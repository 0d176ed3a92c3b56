/* Messages made in advance: how many come, in which order, and what is kept of them. */
#include "routes_rig.h"

static void blast(struct rig *r, uint64_t count, size_t met)
{
    struct sim_blast_wish wish = { .count = count, .all = true };
    size_t n = 99;

    CHECK_INT(sim_blast(r->sim, &wish, r->now, &n), 0);
    CHECK_INT(n, met);
}

TEST(each_session_gets_all_in_order)
{
    struct sim_config config = rig_config();
    struct client a, b;
    struct rig r;

    config.max_concurrency = 2;
    rig_start(&r, &config);
    client_live(&r, &a, 0, 2, RIG_USUAL);
    client_live(&r, &b, 1, 2, RIG_GUILDS | RIG_MESSAGES);
    blast(&r, 5000, 2);
    for (int i = 0; i < 2; i++) {
        struct client *c = i ? &b : &a;
        uint64_t seq = c->seq;

        rig_wait(&r, 1000);
        for (int n = 0; n < 5000; n++) {
            struct str content;
            uint64_t guild;

            client_gets(c, "MESSAGE_CREATE");
            CHECK(c->seq == ++seq);
            CHECK(json_str(json_get(c->d, "content"), &content));
            CHECK_INT(content.n != 0, i == 0); /* one may not read it */
            CHECK(json_id(json_get(c->d, "guild_id"), &guild));
            CHECK_INT(guild >> 22 & 1, i);
        }
        CHECK(!client_has_more(c));
    }
    rig_is_clean(&r);
    client_release(&a);
    client_release(&b);
    rig_stop(&r);
}

TEST(other_events_come_between_and_have_their_numbers)
{
    struct sim_config config = rig_config();
    size_t n = 0, others = 0;
    struct client c;
    uint64_t seq;
    struct rig r;

    config.traffic = 1000;
    rig_start(&r, &config);
    client_live(&r, &c, 0, 1, RIG_USUAL);
    seq = c.seq;
    blast(&r, 50000, 1);
    rig_wait(&r, 500);
    while (client_next(&c)) {
        CHECK(c.seq == ++seq);
        n++;
        others += !json_is_absent(json_get(c.d, "nonce"));
    }
    CHECK(others > 100);
    CHECK_INT(n - others, 50000);
    rig_is_clean(&r);
    client_release(&c);
    rig_stop(&r);
}

/* What went out by it is not kept; what came after is. */
TEST(a_resume_from_within_is_refused_and_from_its_end_is_not)
{
    for (int i = 0; i < 2; i++) {
        struct sim_config config = rig_config();
        struct client c, again;
        struct rig r;
        uint64_t end;

        rig_start(&r, &config);
        client_live(&r, &c, 0, 1, RIG_USUAL);
        blast(&r, 100, 1);
        rig_wait(&r, 100);
        client_count(&c, "");
        end = c.seq;
        CHECK_INT(sim_dispatch(r.sim, "X", 0, NULL, STR("1"), r.now), 0);
        client_gone(&c, 4000);
        client_resumes(&r, &again, &c, i ? end : end - 1);
        if (i) {
            client_gets(&again, "X");
            client_gets(&again, "RESUMED");
        } else {
            client_gets_op(&again, 9);
        }
        rig_is_clean(&r);
        client_release(&again);
        client_release(&c);
        rig_stop(&r);
    }
}

TEST(who_reads_slowly_gets_it_as_fast_as_he_reads)
{
    struct sim_config config = rig_config();
    struct client c;
    struct rig r;

    rig_start(&r, &config);
    client_live(&r, &c, 0, 1, RIG_USUAL);
    c.backlog = SIM_BACKLOG;
    blast(&r, 1000, 1);
    rig_wait(&r, 1000);
    CHECK(!client_has_more(&c));
    c.backlog = 0;
    sim_writable(c.conn, r.now);
    CHECK_INT(client_count(&c, "MESSAGE_CREATE"), 1000);
    rig_is_clean(&r);
    client_release(&c);
    rig_stop(&r);
}

TEST(it_ends_with_its_connection)
{
    struct sim_config config = rig_config();
    struct client c, again;
    struct rig r;

    rig_start(&r, &config);
    client_live(&r, &c, 0, 1, RIG_USUAL);
    c.backlog = SIM_BACKLOG;
    blast(&r, 1000, 1);
    blast(&r, 1000, 0); /* one at a time */
    client_gone(&c, 4000);
    client_resumes(&r, &again, &c, c.seq);
    client_gets(&again, "RESUMED");
    rig_wait(&r, 1000);
    CHECK(!client_has_more(&again));
    blast(&r, 10, 1);
    rig_wait(&r, 100);
    CHECK_INT(client_count(&again, "MESSAGE_CREATE"), 10);
    client_release(&again);
    client_release(&c);
    rig_stop(&r);
}

TEST(whoever_has_no_messages_gets_none)
{
    struct sim_config config = rig_config();
    struct client c;
    struct rig r;

    rig_start(&r, &config);
    client_live(&r, &c, 0, 1, RIG_GUILDS);
    blast(&r, 10, 0);
    client_release(&c);
    rig_stop(&r);
}

TEST(the_option_gives_them_to_each_session_once_its_guilds_are_in)
{
    struct sim_config config = rig_config();
    struct client c;
    struct rig r;

    config.blast = 77;
    rig_start(&r, &config);
    client_ready(&r, &c, 0, 1, RIG_USUAL);
    rig_wait(&r, 1000);
    for (int i = 0; i < 8; i++)
        client_gets(&c, "GUILD_CREATE");
    CHECK_INT(client_count(&c, "MESSAGE_CREATE"), 77);
    client_release(&c);
    rig_stop(&r);
}

TEST(it_is_asked_for_by_a_control_request)
{
    struct client c;
    struct rest r;
    uint64_t n = 0;

    rest_start(&r);
    client_live(&r.rig, &c, 0, 1, RIG_USUAL);
    CHECK_INT(rest_post(&r, "/_sim/blast", "{\"count\":9,\"shard\":[0,1]}"), 200);
    CHECK(json_u64(json_get(r.json, "sessions"), &n) && n == 1);
    rig_wait(&r.rig, 100);
    CHECK_INT(client_count(&c, "MESSAGE_CREATE"), 9);
    CHECK_INT(rest_post(&r, "/_sim/blast", "{\"count\":9,\"shard\":[1,2]}"), 200);
    CHECK(json_u64(json_get(r.json, "sessions"), &n) && n == 0);
    CHECK_INT(rest_post(&r, "/_sim/blast", "{\"count\":0}"), 400);
    CHECK_INT(rest_post(&r, "/_sim/blast", "{\"count\":1,\"shard\":[2,2]}"), 400);
    CHECK_INT(rest_post(&r, "/_sim/blast", "{\"count\":1,\"shard\":7}"), 400);
    CHECK_INT(rest_post(&r, "/_sim/blast", "{\"counts\":1}"), 400);
    CHECK_INT(rest_get(&r, "/_sim/report"), 200);
    CHECK(json_u64(json_get(json_get(r.json, "blast"), "events"), &n) && n == 9);
    client_release(&c);
    rest_stop(&r);
}

RUN_TESTS(T(each_session_gets_all_in_order),
          T(other_events_come_between_and_have_their_numbers),
          T(a_resume_from_within_is_refused_and_from_its_end_is_not),
          T(who_reads_slowly_gets_it_as_fast_as_he_reads), T(it_ends_with_its_connection),
          T(whoever_has_no_messages_gets_none),
          T(the_option_gives_them_to_each_session_once_its_guilds_are_in),
          T(it_is_asked_for_by_a_control_request))
