/* What handlers are told, from a whole bot against the offline Discord. */
#include "discord.h"

#include <stdatomic.h>

#include "client.h"

struct bot {
    struct discord *discord;
    cordage_client *client;
    atomic_uint ready, lost, gone, after, errors, typed, plain, any, unknown;
    atomic_ullong gone_id, kept;
    uint64_t missing; /* the guild that Discord forgets */
    const cordage_event *event;
};

static int run_bot(struct bot *b, const cordage_options *options,
                   void (*prepare)(struct bot *b))
{
    cordage_error error;

    if (cordage_client_new(options, &b->client, &error) < 0)
        fail_msg("%s", error.message);
    prepare(b);
    return cordage_client_run(b->client);
}

/* ---- A session that is lost
 * -------------------------------------------------------------
 */

/* While the bot is away Discord forgets a guild. */
static void forget_a_guild(struct discord *d, uint64_t now, void *user)
{
    struct bot *b = user;
    struct world *world = sim_world(d->server.sim);
    cordage_error error;
    size_t n;

    world->n_guilds--;
    b->missing = world->guilds[world->n_guilds].id;
    sim_fault(d->server.sim, STR("{\"kind\":\"invalid_session\",\"resumable\":false}"),
              now, &n, &error);
}

static void lose_it_once(cordage_client *c, const cordage_ready *ready, void *user)
{
    struct bot *b = user;

    (void)c, (void)ready;
    /* All of this in front of the second READY. */
    if (++b->ready == 2)
        b->after = b->lost >= 1 && b->gone == 1;
}

/* When the last guild of the first READY is in. */
static void on_guild(cordage_client *c, const cordage_guild *guild, void *user)
{
    struct bot *b = user;
    cordage_guild_total total = cordage_guild_count(c);

    (void)guild;
    if (b->ready == 1 && ++b->any == total.guilds)
        discord_do(b->discord, forget_a_guild, b);
    else if (b->ready == 2 && b->missing)
        cordage_client_stop(c);
}

static void on_lost(cordage_client *c, uint32_t shard_id, void *user)
{
    struct bot *b = user;

    (void)c;
    b->lost += b->ready == 1 && shard_id == 0;
}

static void on_gone(cordage_client *c, const cordage_guild_gone *gone, void *user)
{
    struct bot *b = user;

    (void)c;
    b->gone += gone->event->sequence == 0 && !gone->unavailable &&
               gone->event->guild_id == gone->id && gone->old &&
               gone->old->id == gone->id && gone->old->name.n > 0 &&
               cordage_has(gone->data, "unavailable") == CORDAGE_ABSENT &&
               cordage_str_is(gone->event->name, "GUILD_DELETE");
    b->gone_id = gone->id;
}

static void prepare_lost(struct bot *b)
{
    CHECK_INT(cordage_on_session_lost(b->client, NULL, b), CORDAGE_EINVAL);
    cordage_on_session_lost(b->client, on_lost, b);
    cordage_on_guild_delete(b->client, on_gone, b);
    cordage_on_guild_create(b->client, on_guild, b);
    cordage_on_ready(b->client, lose_it_once, b);
}

static void lose_a_session(int handler_threads)
{
    struct discord d;
    struct bot b = { .discord = &d };
    cordage_options options;

    discord_init(&d);
    discord_start(&d);
    options = discord_options(&d);
    options.shard_count = 1;
    options.handler_threads = handler_threads;
    CHECK_INT(run_bot(&b, &options, prepare_lost), 0);
    CHECK(b.lost >= 1); /* a slow machine may lose the next one, too */
    CHECK_INT(b.gone, 1);
    CHECK_INT(b.gone_id, b.missing);
    CHECK_INT(b.after, 1);
    cordage_client_free(b.client);
    discord_stop(&d);
    sim_world(d.server.sim)->n_guilds++;
    discord_expect_no_broken_rules(&d);
    discord_release(&d);
}

TEST(a_lost_session_is_told_and_so_is_a_guild_that_went_with_it)
{
    lose_a_session(2);
}

TEST(the_same_where_handlers_run_on_the_loop)
{
    lose_a_session(0);
}

/* ---- Errors
 * ---------------------------------------------------------------------------- */

static void on_error(cordage_client *c, const cordage_error *error, void *user)
{
    struct bot *b = user;

    (void)c;
    b->errors += error->code < 0 && strlen(error->message) > 0;
}

static void prepare_error(struct bot *b)
{
    cordage_on_error(b->client, on_error, b);
}

TEST(a_bot_is_told_why_it_is_refused)
{
    struct discord d;
    struct bot b = { .discord = &d };
    cordage_options options;

    discord_init(&d);
    d.options.sim.allowed_intents = CORDAGE_INTENT_GUILDS;
    discord_start(&d);
    options = discord_options(&d);
    options.shard_count = 1;
    CHECK_INT(run_bot(&b, &options, prepare_error), 3);
    CHECK_INT(b.errors, 1);
    cordage_client_free(b.client);
    discord_stop(&d);
    discord_release(&d);
}

/* ---- Typed, plain, any
 * --------------------------------------------------------------------
 */

static void on_message(cordage_client *c, const cordage_message *m, void *user)
{
    struct bot *b = user;

    (void)c;
    b->typed += cordage_str_is(m->content, "hello") && m->timestamp > 0 &&
                m->event->type == CORDAGE_EVENT_MESSAGE_CREATE && m->event->data.doc &&
                m->event->data.doc == m->data.doc;
}

static void on_plain(cordage_client *c, const cordage_event *event, void *user)
{
    struct bot *b = user;
    cordage_json content = cordage_json_get(event->data, "content");

    (void)c;
    b->plain += event->type == CORDAGE_EVENT_MESSAGE_CREATE &&
                cordage_str_is(cordage_json_string(content), "hello");
    if (!b->event)
        b->event = cordage_event_ref(event);
}

/* Registered last, so the others have had this event when it stops. */
static void on_any(cordage_client *c, const cordage_event *event, void *user)
{
    struct bot *b = user;

    b->any++;
    if (event->type == CORDAGE_EVENT_READY)
        discord_say(b->discord, 0, "hello");
    if (event->type == CORDAGE_EVENT_MESSAGE_CREATE)
        cordage_client_stop(c);
}

static void prepare_kinds(struct bot *b)
{
    CHECK_INT(cordage_on(b->client, CORDAGE_N_EVENTS, on_plain, b), CORDAGE_EINVAL);
    CHECK_INT(cordage_on(b->client, CORDAGE_EVENT_READY, NULL, b), CORDAGE_EINVAL);
    cordage_on_message_create(b->client, on_message, b);
    cordage_on(b->client, CORDAGE_EVENT_MESSAGE_CREATE, on_plain, b);
    cordage_on_any(b->client, on_any, b);
}

static void check_kept(const cordage_event *event)
{
    const cordage_event *again = cordage_event_ref(event);
    cordage_message m;

    assert_ptr_equal(again, event);
    cordage_unref(again);
    CHECK(cordage_str_is(event->name, "MESSAGE_CREATE"));
    CHECK_INT(event->type, CORDAGE_EVENT_MESSAGE_CREATE);
    cordage_read_message(event->data, &m);
    CHECK(cordage_str_is(m.content, "hello"));
    CHECK_INT(m.guild_id, event->guild_id);
    cordage_unref(event);
    cordage_unref(NULL);
}

static void handlers_of_three_kinds(int handler_threads)
{
    struct discord d;
    struct bot b = { .discord = &d };
    cordage_options options;

    discord_init(&d);
    discord_start(&d);
    options = discord_options(&d);
    options.shard_count = 1;
    options.handler_threads = handler_threads;
    CHECK_INT(run_bot(&b, &options, prepare_kinds), 0);
    CHECK_INT(b.typed, 1);
    CHECK_INT(b.plain, 1);
    CHECK(b.any >= 2);
    cordage_client_free(b.client);
    discord_stop(&d);
    discord_expect_no_broken_rules(&d);
    discord_release(&d);
    assert_non_null(b.event);
    check_kept(b.event); /* when everything else is gone */
}

TEST(typed_plain_and_any_handlers_get_the_event_and_one_keeps_it)
{
    handlers_of_three_kinds(1);
    handlers_of_three_kinds(0);
}

/* ---- Nothing is parsed that nobody wants
 * -----------------------------------------------------
 */

static void on_words(cordage_client *c, const cordage_message *m, void *user)
{
    struct bot *b = user;

    b->typed++;
    if (cordage_str_is(m->content, "the last"))
        cordage_client_stop(c);
}

static void say_a_lot(cordage_client *c, const cordage_guild *guild, void *user)
{
    struct bot *b = user;
    char content[16];

    (void)guild;
    if (++b->any != cordage_guild_count(c).guilds)
        return;
    b->kept = c->crew.shards[0].parsed;
    for (int i = 0; i < 50; i++) {
        snprintf(content, sizeof content, "%d", i);
        discord_say(b->discord, 0, content);
    }
    b->ready = (unsigned)cordage_on_message_create(c, on_words, b);
    discord_say(b->discord, 0, "the last");
}

static void prepare_parses(struct bot *b)
{
    cordage_on_guild_create(b->client, say_a_lot, b);
}

TEST(an_event_that_nobody_wants_is_not_parsed)
{
    struct discord d;
    struct bot b = { .discord = &d };
    cordage_options options;

    discord_init(&d);
    discord_start(&d);
    options = discord_options(&d);
    options.shard_count = 1;
    options.handler_threads = 0; /* so that the fifty wait in the socket */
    CHECK_INT(run_bot(&b, &options, prepare_parses), 0);
    /* All 51 come when the handler is there; each is parsed once. */
    CHECK_INT(b.typed, 51);
    CHECK_INT(b.client->crew.shards[0].parsed - b.kept, 51);
    cordage_client_free(b.client);
    discord_stop(&d);
    discord_release(&d);
}

static void keep_nothing(cordage_options *options)
{
    for (int kind = 0; kind < CORDAGE_N_KINDS; kind++)
        options->cache[kind] = CORDAGE_NEVER;
}

static void stop_soon(cordage_client *c, void *user)
{
    struct bot *b = user;
    cordage_shard_info info;

    if (cordage_shard_status(c, 0, &info) < 0)
        return;
    if (info.guilds && info.guilds == info.guilds_available && b->plain == 0) {
        b->plain = 1;
        b->kept = c->crew.shards[0].parsed;
        for (int i = 0; i < 20; i++)
            discord_say(b->discord, 0, "to nobody");
    } else if (b->plain && info.events >= 1 + info.guilds + 20) {
        b->after = 1;
        cordage_client_stop(c);
    }
}

static void prepare_nobody(struct bot *b)
{
    cordage_every(b->client, 100, stop_soon, b);
}

TEST(messages_without_a_handler_are_not_parsed)
{
    struct discord d;
    struct bot b = { .discord = &d };
    cordage_options options;

    discord_init(&d);
    discord_start(&d);
    options = discord_options(&d);
    options.shard_count = 1;
    keep_nothing(&options);
    CHECK_INT(run_bot(&b, &options, prepare_nobody), 0);
    CHECK_INT(b.after, 1);
    CHECK_INT(b.client->crew.shards[0].parsed, b.kept);
    cordage_client_free(b.client);
    discord_stop(&d);
    discord_release(&d);
}

TEST(what_only_the_cache_wants_is_parsed_once)
{
    struct discord d;
    struct bot b = { .discord = &d };
    cordage_options options;

    discord_init(&d);
    discord_start(&d);
    options = discord_options(&d);
    options.shard_count = 1;
    CHECK_INT(run_bot(&b, &options, prepare_nobody), 0);
    CHECK_INT(b.after, 1);
    CHECK_INT(b.client->crew.shards[0].parsed - b.kept, 20);
    cordage_client_free(b.client);
    discord_stop(&d);
    discord_release(&d);
}

/* ---- What there was before
 * ---------------------------------------------------------------------
 */

/* What a bot that follows every event knows of the guilds' roles. */
struct follower {
    struct discord *discord;
    struct map names; /* role id -> hash of its name, never 0 */
    unsigned guilds, updates, deletes, wrong;
};

static void *hash_of(cordage_str s)
{
    uintptr_t h = 7;

    for (size_t i = 0; i < s.n; i++)
        h = h * 31 + (unsigned char)s.p[i];
    return (void *)(h | 1);
}

static bool learn(cordage_str key, cordage_json value, void *user)
{
    struct follower *f = user;
    cordage_role role;

    (void)key;
    cordage_read_role(value, &role);
    map_put(&f->names, role.id, hash_of(role.name));
    return true;
}

static void begin_to_live(struct discord *d, uint64_t now, void *user)
{
    (void)user;
    sim_live(d->server.sim, 400, UINT64_MAX, now);
}

static void follow_guild(cordage_client *c, const cordage_guild *guild, void *user)
{
    struct follower *f = user;

    cordage_json_each(guild->roles, learn, f);
    if (++f->guilds == cordage_guild_count(c).guilds)
        discord_do(f->discord, begin_to_live, NULL);
}

static void check_old(struct follower *f, cordage_id id, const cordage_role *old)
{
    if (!old || old->id != id || old->event || !old->guild_id ||
        map_get(&f->names, id) != hash_of(old->name))
        f->wrong++;
}

static void follow_role(cordage_client *c, const cordage_role *role, void *user)
{
    struct follower *f = user;

    (void)c;
    if (role->event->type == CORDAGE_EVENT_GUILD_ROLE_CREATE)
        f->wrong += role->old != NULL;
    else
        check_old(f, role->id, role->old);
    map_put(&f->names, role->id, hash_of(role->name));
    f->updates++;
}

static void follow_role_gone(cordage_client *c, const cordage_role_gone *gone, void *user)
{
    struct follower *f = user;

    check_old(f, gone->id, gone->old);
    map_remove(&f->names, gone->id);
    if (++f->deletes >= 3 && f->updates >= 6)
        cordage_client_stop(c);
}

static void follow_roles(int handler_threads)
{
    struct discord d;
    struct follower f = { .discord = &d };
    cordage_options options;
    cordage_client *c;
    cordage_error error;

    discord_init(&d);
    discord_start(&d);
    options = discord_options(&d);
    options.shard_count = 1;
    options.handler_threads = handler_threads; /* one or none: the map has no lock */
    options.cache[CORDAGE_KIND_GUILDS] = CORDAGE_FOREVER;
    CHECK_INT(cordage_client_new(&options, &c, &error), 0);
    cordage_on_guild_create(c, follow_guild, &f);
    cordage_on_guild_role_create(c, follow_role, &f);
    cordage_on_guild_role_update(c, follow_role, &f);
    cordage_on_guild_role_delete(c, follow_role_gone, &f);
    CHECK_INT(cordage_client_run(c), 0);
    cordage_client_free(c);
    map_release(&f.names);
    discord_stop(&d);
    discord_release(&d);
    CHECK_INT(f.wrong, 0);
}

TEST(an_update_brings_what_there_was_before)
{
    follow_roles(1);
    follow_roles(0);
}

static int set_speed(void **state)
{
    char speed[16];

    (void)state;
    snprintf(speed, sizeof speed, "%d", SPEED);
    return setenv("CORDAGE_TEST_SPEED", speed, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_lost_session_is_told_and_so_is_a_guild_that_went_with_it),
        T(the_same_where_handlers_run_on_the_loop),
        T(a_bot_is_told_why_it_is_refused),
        T(typed_plain_and_any_handlers_get_the_event_and_one_keeps_it),
        T(an_event_that_nobody_wants_is_not_parsed),
        T(messages_without_a_handler_are_not_parsed),
        T(what_only_the_cache_wants_is_parsed_once),
        T(an_update_brings_what_there_was_before),
    };

    return cmocka_run_group_tests(tests, set_speed, NULL);
}
