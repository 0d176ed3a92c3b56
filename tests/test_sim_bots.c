/* Several bots in one world: each is an application of its own, and all meet. */
#include "mirror_truth.h"
#include "routes_rig.h"

enum {
    ALL_INTENTS = (1 << 26) - 1 - (7 << 17) - (3 << 22),
    NO_CONTENT = RIG_GUILDS | RIG_MESSAGES,
};

static void start_with(struct rest *r, struct sim_config *config)
{
    struct routes_config limits;

    routes_config_default(&limits);
    config->bots = 2;
    rest_start_with(r, config, &limits);
}

static void start(struct rest *r)
{
    struct sim_config config = rig_config();

    start_with(r, &config);
}

/* From now on requests are made by this bot. */
static void speak_as(struct rest *r, uint32_t bot)
{
    snprintf(r->token, sizeof r->token, "Bot %s", sim_app(r->rig.sim, bot)->token);
}

static uint64_t id_at(cordage_json v, const char *key)
{
    uint64_t id = 0;

    CHECK(json_id(json_get(v, key), &id));
    return id;
}

static void live_as(struct rest *r, struct client *c, uint32_t bot, unsigned intents)
{
    client_ready_as(&r->rig, c, bot, 0, 1, intents);
    rig_wait(&r->rig, 1000);
    client_count(c, "");
}

static void stop(struct rest *r, struct client *a, struct client *b)
{
    client_release(a);
    client_release(b);
    rest_stop(r);
}

static void kick(struct rest *r, uint32_t bot, bool back)
{
    struct world_guild *g = &sim_world(r->rig.sim)->guilds[0];
    struct sim_app *app = sim_app(r->rig.sim, bot);

    if (back)
        sim_add_bot(r->rig.sim, app, g, r->rig.now);
    else
        sim_kick_bot(r->rig.sim, app, g, r->rig.now);
}

TEST(the_first_bot_and_its_world_are_the_same_however_many_there_are)
{
    struct sim_config config = rig_config();
    struct rig one, three;

    rig_start(&one, &config);
    config.bots = 3;
    rig_start(&three, &config);
    CHECK(strcmp(sim_token(one.sim), sim_token(three.sim)) == 0);
    for (uint32_t i = 0; i < config.guilds; i++) {
        const struct world *w = sim_world(one.sim), *v = sim_world(three.sim);
        const struct world_guild *g = &w->guilds[i], *h = &v->guilds[i];

        CHECK(g->id == h->id);
        CHECK_INT(h->n_members, g->n_members + 2);
        for (uint32_t j = 0; j < g->n_members; j++)
            CHECK(world_member(w, g, j).user_id == world_member(v, h, j).user_id);
        for (uint32_t bot = 1; bot < 3; bot++) {
            struct world_member m;

            CHECK(world_find_member(v, h, v->bots[bot], &m));
            CHECK_INT(m.index, g->n_members + bot - 1);
            CHECK(world_member(v, h, m.index).user_id == v->bots[bot]);
        }
    }
    rig_stop(&one);
    rig_stop(&three);
}

TEST(each_is_an_application_of_its_own)
{
    struct client c;
    struct rest r;

    start(&r);
    for (uint32_t bot = 0; bot < 2; bot++) {
        const struct sim_app *app = sim_app(r.rig.sim, bot);

        client_ready_as(&r.rig, &c, bot, 0, 1, RIG_USUAL);
        CHECK(id_at(json_get(c.d, "user"), "id") == app->id);
        CHECK(id_at(json_get(c.d, "application"), "id") == app->id);
        CHECK_INT(json_count(json_get(c.d, "guilds")), 8);
        speak_as(&r, bot);
        CHECK_INT(rest_get(&r, "/api/v10/users/@me"), 200);
        CHECK(id_at(r.json, "id") == app->id);
        CHECK_INT(rest_get(&r, "/api/v10/applications/@me"), 200);
        CHECK(id_at(r.json, "id") == app->id);
        client_release(&c);
    }
    CHECK(strcmp(sim_app(r.rig.sim, 0)->token, sim_app(r.rig.sim, 1)->token) != 0);
    CHECK(!sim_app(r.rig.sim, 2));
    rig_is_clean(&r.rig);
    rest_stop(&r);
}

/* Both ask for the same key at once. */
TEST(keys_and_budgets_are_separate)
{
    struct sim_config config = rig_config();
    struct sim_budget budget;
    struct client a, b, c;
    struct rest r;
    char old[256];

    config.session_limit = 1;
    start_with(&r, &config);
    snprintf(old, sizeof old, "%s", sim_app(r.rig.sim, 1)->token);
    client_ready_as(&r.rig, &a, 0, 0, 1, RIG_USUAL);
    client_ready_as(&r.rig, &b, 1, 0, 1, RIG_USUAL);
    rig_is_clean(&r.rig);
    sim_budget(r.rig.sim, sim_app(r.rig.sim, 0), r.rig.now, &budget);
    CHECK_INT(budget.remaining, 0);
    rig_wait(&r.rig, 6000);
    client_connect(&r.rig, &c);
    client_identify_as(&c, 0, 0, 1, RIG_USUAL);
    CHECK_INT(c.close_code, 4004);
    CHECK_INT(a.close_code, 4004);
    CHECK_INT(b.close_code, 0);
    CHECK(strcmp(sim_app(r.rig.sim, 1)->token, old) == 0);
    rig_broke(&r.rig, RULE_BUDGET_EXCEEDED);
    CHECK(sim_report(r.rig.sim)->entries[0].bot == sim_app(r.rig.sim, 0)->id);
    client_release(&c);
    stop(&r, &a, &b);
}

TEST(each_may_be_allowed_other_intents)
{
    struct client a, b;
    struct rest r;

    start(&r);
    sim_app(r.rig.sim, 1)->allowed_intents &= ~(uint32_t)RIG_CONTENT;
    client_ready_as(&r.rig, &a, 0, 0, 1, RIG_USUAL);
    client_connect(&r.rig, &b);
    client_identify_as(&b, 1, 0, 1, RIG_USUAL);
    CHECK_INT(b.close_code, 4014);
    stop(&r, &a, &b);
}

TEST(no_bot_gets_the_session_of_another)
{
    struct client a, b;
    struct rest r;

    start(&r);
    live_as(&r, &a, 0, RIG_USUAL);
    client_connect_to(&r.rig, &b, RIG_QUERY, true);
    client_gets_op(&b, 10);
    client_say(&b, "{\"op\":6,\"d\":{\"token\":\"%s\",\"session_id\":\"%s\",\"seq\":1}}",
               sim_app(r.rig.sim, 1)->token, a.session_id);
    client_gets_op(&b, 9);
    CHECK_INT(a.close_code, 0);
    rig_is_clean(&r.rig);
    stop(&r, &a, &b);
}

/* ---- What they see of each other ------------------------------------------------ */

static void check_message(struct client *c, const char *content, uint64_t author)
{
    struct str text;

    client_gets(c, "MESSAGE_CREATE");
    CHECK(json_str(json_get(c->d, "content"), &text));
    CHECK(str_is(text, content));
    CHECK(id_at(json_get(c->d, "author"), "id") == author);
}

TEST(content_is_for_who_may_read_who_wrote_and_who_is_meant)
{
    char text[100];
    struct client a, b;
    struct rest r;

    start(&r);
    live_as(&r, &a, 0, NO_CONTENT);
    live_as(&r, &b, 1, NO_CONTENT);
    speak_as(&r, 1);
    CHECK_INT(rest_post(&r, rest_channel(&r, 0, "/messages"), "{\"content\":\"hi\"}"),
              200);
    check_message(&a, "", sim_app(r.rig.sim, 1)->id);
    check_message(&b, "hi", sim_app(r.rig.sim, 1)->id);
    snprintf(text, sizeof text, "{\"content\":\"<@%llu>\"}",
             (unsigned long long)sim_app(r.rig.sim, 0)->id);
    CHECK_INT(rest_post(&r, rest_channel(&r, 0, "/messages"), text), 200);
    client_gets(&a, "MESSAGE_CREATE");
    CHECK(json_count(json_get(a.d, "mentions")) == 1);
    CHECK(cordage_json_string(json_get(a.d, "content")).n > 5);
    rig_is_clean(&r.rig);
    stop(&r, &a, &b);
}

TEST(a_bot_is_told_of_itself_without_the_intent_and_others_are_not)
{
    struct client a, b;
    struct rest r;

    start(&r);
    live_as(&r, &a, 0, RIG_GUILDS);
    live_as(&r, &b, 1, RIG_GUILDS);
    speak_as(&r, 1);
    {
        struct sim_request request =
            rest_request(&r, "PATCH", rest_guild(&r, 0, "/members/@me"));
        struct buf body = { 0 };

        CHECK_INT(buf_append_z(&body, "{\"nick\":\"Mate\"}"), 0);
        request.body = buf_str(&body);
        CHECK_INT(rest_send(&r, &request), 200);
        buf_release(&body);
    }
    client_gets(&b, "GUILD_MEMBER_UPDATE");
    CHECK(!client_has_more(&a));
    stop(&r, &a, &b);
}

TEST(one_is_kicked_and_the_other_sees_a_member_go)
{
    struct client a, b;
    struct rest r;

    start(&r);
    live_as(&r, &a, 0, RIG_USUAL | RIG_MEMBERS);
    live_as(&r, &b, 1, RIG_USUAL | RIG_MEMBERS);
    for (uint32_t bot = 0; bot < 2; bot++) {
        struct client *gone = bot ? &b : &a, *stays = bot ? &a : &b;
        uint64_t id = sim_app(r.rig.sim, bot)->id;

        kick(&r, bot, false);
        client_gets(gone, "GUILD_DELETE");
        CHECK(json_is_absent(json_get(gone->d, "unavailable")));
        client_gets(stays, "GUILD_MEMBER_REMOVE");
        CHECK(id_at(json_get(stays->d, "user"), "id") == id);
        speak_as(&r, bot);
        CHECK_INT(rest_get(&r, rest_guild(&r, 0, "")), 404);
        CHECK_INT(rest_get(&r, rest_channel(&r, 0, "")), 404);
        speak_as(&r, 1 - bot);
        CHECK_INT(rest_post(&r, rest_channel(&r, 0, "/messages"), "{\"content\":\"x\"}"),
                  200);
        client_gets(stays, "MESSAGE_CREATE");
        CHECK(!client_has_more(gone));
        kick(&r, bot, true);
        client_gets(gone, "GUILD_CREATE");
        CHECK(json_is_absent(json_get(gone->d, "unavailable")));
        client_gets(stays, "GUILD_MEMBER_ADD");
        CHECK(id_at(json_get(stays->d, "user"), "id") == id);
        CHECK(!client_has_more(gone) && !client_has_more(stays));
    }
    rig_is_clean(&r.rig);
    stop(&r, &a, &b);
}

static void join_voice(struct rest *r, struct client *c)
{
    const struct world_guild *g = &sim_world(r->rig.sim)->guilds[0];

    client_say(c,
               "{\"op\":4,\"d\":{\"guild_id\":\"%llu\",\"channel_id\":\"%llu\","
               "\"self_mute\":false,\"self_deaf\":false}}",
               (unsigned long long)g->id,
               (unsigned long long)world_channel_id(g, world_voice_channel(g)));
}

TEST(both_are_in_voice_and_ask_for_members_on_their_own)
{
    uint64_t guild;
    struct client a, b;
    struct rest r;

    start(&r);
    guild = sim_world(r.rig.sim)->guilds[0].id;
    live_as(&r, &a, 0, RIG_USUAL | RIG_VOICE | RIG_MEMBERS);
    live_as(&r, &b, 1, RIG_USUAL | RIG_VOICE | RIG_MEMBERS);
    join_voice(&r, &a);
    join_voice(&r, &b);
    client_gets(&a, "VOICE_STATE_UPDATE");
    CHECK(id_at(a.d, "user_id") == sim_app(r.rig.sim, 0)->id);
    client_gets(&a, "VOICE_SERVER_UPDATE");
    client_gets(&a, "VOICE_STATE_UPDATE");
    CHECK(id_at(a.d, "user_id") == sim_app(r.rig.sim, 1)->id);
    client_count(&b, "");
    for (uint32_t bot = 0; bot < 2; bot++) {
        struct client *c = bot ? &b : &a;

        client_say(c,
                   "{\"op\":8,\"d\":{\"guild_id\":\"%llu\",\"query\":\"\",\"limit\":0}}",
                   (unsigned long long)guild);
        client_gets(c, "GUILD_MEMBERS_CHUNK");
    }
    CHECK(!client_has_more(&a));
    rig_is_clean(&r.rig);
    stop(&r, &a, &b);
}

static void set_presence(struct client *c, const char *status)
{
    client_say(c,
               "{\"op\":3,\"d\":{\"since\":null,\"status\":\"%s\",\"afk\":false,"
               "\"activities\":[{\"name\":\"knots\",\"type\":2,\"secret\":1}]}}",
               status);
}

TEST(a_presence_is_seen_by_all_who_ask_for_presences)
{
    struct client a, b;
    struct rest r;
    struct str text;

    start(&r);
    live_as(&r, &a, 0, RIG_GUILDS | RIG_PRESENCES);
    live_as(&r, &b, 1, RIG_GUILDS);
    set_presence(&b, "idle");
    for (int i = 0; i < 8; i++) {
        cordage_json activity;

        client_gets(&a, "PRESENCE_UPDATE");
        CHECK(id_at(json_get(a.d, "user"), "id") == sim_app(r.rig.sim, 1)->id);
        CHECK(json_str(json_get(a.d, "status"), &text) && str_is(text, "idle"));
        activity = cordage_json_at(json_get(a.d, "activities"), 0);
        CHECK(json_str(json_get(activity, "name"), &text) && str_is(text, "knots"));
        CHECK(json_is_absent(json_get(activity, "secret")));
    }
    set_presence(&b, "idle"); /* as it is already */
    CHECK(!client_has_more(&a) && !client_has_more(&b));
    set_presence(&b, "invisible");
    client_gets(&a, "PRESENCE_UPDATE");
    CHECK(json_str(json_get(a.d, "status"), &text) && str_is(text, "offline"));
    CHECK_INT(json_count(json_get(a.d, "activities")), 0);
    rig_is_clean(&r.rig);
    stop(&r, &a, &b);
}

TEST(limits_of_rest_are_each_bots_own)
{
    struct rest r;

    start(&r);
    for (int i = 0; i < 6; i++)
        rest_post(&r, rest_channel(&r, 0, "/messages"), "{\"content\":\"x\"}");
    CHECK_INT(r.answer.status, 429);
    CHECK(sim_report(r.rig.sim)->entries[0].bot == sim_app(r.rig.sim, 0)->id);
    speak_as(&r, 1);
    CHECK_INT(rest_post(&r, rest_channel(&r, 0, "/messages"), "{\"content\":\"x\"}"),
              200);
    rest_stop(&r);
}

TEST(each_knows_the_truth_while_the_world_changes)
{
    struct sim_config config = rig_config();
    struct client clients[2];
    struct mirror mirrors[2];
    const struct world *w;
    struct rest r;

    config.guilds = 4;
    config.members = 20;
    config.seed = 5;
    start_with(&r, &config);
    w = sim_world(r.rig.sim);
    for (uint32_t bot = 0; bot < 2; bot++) {
        client_ready_as(&r.rig, &clients[bot], bot, 0, 1, ALL_INTENTS);
        mirror_init(&mirrors[bot]);
    }
    rig_wait(&r.rig, 1000);
    sim_live(r.rig.sim, 20, UINT64_MAX, r.rig.now);
    for (int second = 0; second < 60; second++) {
        rig_wait(&r.rig, 1000);
        for (uint32_t bot = 0; bot < 2; bot++) {
            const struct sim_app *app = sim_app(r.rig.sim, bot);

            while (client_next(&clients[bot]))
                if (clients[bot].op == 0)
                    mirror_apply(&mirrors[bot], clients[bot].name, app->id,
                                 clients[bot].d);
            for (uint32_t i = 0; i < w->n_guilds; i++)
                if (sim_app_is_in(r.rig.sim, app, &w->guilds[i]) &&
                    !w->guilds[i].unavailable)
                    mirror_check_for(&mirrors[bot], r.rig.sim, app, w->guilds[i].id);
        }
    }
    rig_is_clean(&r.rig);
    mirror_release(&mirrors[0]);
    mirror_release(&mirrors[1]);
    stop(&r, &clients[0], &clients[1]);
}

TEST(the_control_requests_name_the_bot)
{
    struct client a, b;
    struct rest r;
    char text[160];

    start(&r);
    live_as(&r, &a, 0, RIG_USUAL);
    live_as(&r, &b, 1, RIG_USUAL);
    CHECK_INT(rest_get(&r, "/_sim/token"), 200);
    CHECK_INT(json_count(json_get(r.json, "bots")), 2);
    CHECK_INT(rest_get(&r, "/_sim/report"), 200);
    CHECK(id_at(cordage_json_at(json_get(r.json, "session_list"), 1), "bot") ==
          sim_app(r.rig.sim, 1)->id);
    snprintf(text, sizeof text,
             "{\"guild_id\":\"%llu\",\"happens\":\"kicked\",\"bot\":\"%llu\"}",
             (unsigned long long)sim_world(r.rig.sim)->guilds[0].id,
             (unsigned long long)sim_app(r.rig.sim, 1)->id);
    CHECK_INT(rest_post(&r, "/_sim/guild", text), 204);
    client_gets(&b, "GUILD_DELETE");
    CHECK(!client_has_more(&a));
    stop(&r, &a, &b);
}

TEST(there_is_a_most_of_them)
{
    struct sim_config config = rig_config();
    cordage_error error;
    struct sim *s;

    config.bots = WORLD_BOTS_MAX + 1;
    CHECK_INT(sim_new(&config, 0, 0, &s, &error), CORDAGE_EINVAL);
    config.bots = 0;
    CHECK_INT(sim_new(&config, 0, 0, &s, &error), CORDAGE_EINVAL);
    config.bots = WORLD_BOTS_MAX;
    CHECK_INT(sim_new(&config, 0, 0, &s, &error), 0);
    sim_free(s);
}

RUN_TESTS(T(the_first_bot_and_its_world_are_the_same_however_many_there_are),
          T(each_is_an_application_of_its_own), T(keys_and_budgets_are_separate),
          T(each_may_be_allowed_other_intents), T(no_bot_gets_the_session_of_another),
          T(content_is_for_who_may_read_who_wrote_and_who_is_meant),
          T(a_bot_is_told_of_itself_without_the_intent_and_others_are_not),
          T(one_is_kicked_and_the_other_sees_a_member_go),
          T(both_are_in_voice_and_ask_for_members_on_their_own),
          T(a_presence_is_seen_by_all_who_ask_for_presences),
          T(limits_of_rest_are_each_bots_own),
          T(each_knows_the_truth_while_the_world_changes),
          T(the_control_requests_name_the_bot), T(there_is_a_most_of_them))
