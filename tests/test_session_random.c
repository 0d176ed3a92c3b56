/* A gateway that lies, stalls, repeats itself and hangs up, played from a seed against
 * one session for virtual hours. What a session promises is checked at every action it
 * asks for; then the gateway turns honest, and the session must be live again soon. A
 * failure prints the seed: that is the whole bug report. */
#include "test.h"

#include <stdlib.h>
#include <sys/random.h>

#include "error.h"
#include "session.h"

enum {
    N_SENDS = 4096,           /* of one connection that are remembered */
    LATE_MS = 50,             /* how late our ticks are, when they are */
    CALM_MS = 10 * 60 * 1000, /* an honest gateway has it live again within this */
    INTERVAL_MIN_MS = 1000
};

/* What the gateway knows of the connection. */
struct peer {
    bool dialled, open, stalled; /* stalled: nothing comes through any more */
    bool said_hello, identified, resumed, live;
    uint64_t interval_ms;
    uint64_t replayed; /* the last sequence sent on this connection */
    unsigned acks_owed;
    uint64_t beat_at; /* when the last heartbeat came, or HELLO went */
    uint64_t sent[N_SENDS];
    size_t n_sent;
};

/* A session as it truly is. */
struct truth {
    bool exists; /* READY was read, and nobody has revoked it */
    unsigned id;
    uint64_t last;      /* the newest event there is */
    uint64_t delivered; /* the newest one the bot has seen */
};

struct world {
    uint64_t seed, now;
    struct rng rng;
    struct session s;
    struct secret token;
    struct json_parser *parser;
    struct peer peer;
    struct truth truth;
    bool honest;
    bool wants_dial, wants_slot, granted, paused;
    bool was_ready;        /* a session was live that has not been reported lost */
    bool resume_refused;   /* Discord has said that it is gone */
    uint64_t next_command; /* none below it may be sent: some are dropped, being late */
    unsigned commands_queued, commands_sent;
    struct {
        uint64_t lives, resumes, lost, closes, events;
    } n;
};

#define REQUIRE(w, condition)                                                     \
    do {                                                                          \
        if (!(condition))                                                         \
            fail_msg("seed %llu at %llu ms, state %s: %s",                        \
                     (unsigned long long)(w)->seed, (unsigned long long)(w)->now, \
                     session_state_name((w)->s.state), #condition);               \
    } while (0)

static bool chance(struct world *w, unsigned per_thousand)
{
    return rng_below(&w->rng, 1000) < per_thousand;
}

/* --- what the session asks for, and whether it may --- */

static uint64_t number_behind(const struct world *w, struct str text, const char *key)
{
    size_t at = str_find(text, str_of(key));
    uint64_t n = 0;

    REQUIRE(w, at != SIZE_MAX);
    for (at += strlen(key); at < text.n && text.p[at] >= '0' && text.p[at] <= '9'; at++)
        n = n * 10 + (uint64_t)(text.p[at] - '0');
    return n;
}

static void check_pace(struct world *w)
{
    struct peer *p = &w->peer;

    if (p->n_sent == N_SENDS) {
        memmove(p->sent, p->sent + N_SENDS / 2, sizeof p->sent / 2);
        p->n_sent = N_SENDS / 2;
    }
    p->sent[p->n_sent++] = w->now;
    /* The 121st last must be older than a window. */
    if (p->n_sent > GATEWAY_SENDS)
        REQUIRE(w, w->now - p->sent[p->n_sent - 1 - GATEWAY_SENDS] >= GATEWAY_SENDS_MS);
}

static void on_sent_resume(struct world *w, struct str bytes)
{
    REQUIRE(w, w->peer.said_hello && !w->peer.identified && !w->peer.resumed);
    REQUIRE(w, w->was_ready && !w->resume_refused);
    REQUIRE(w, number_behind(w, bytes, "\"seq\":") == w->truth.delivered);
    REQUIRE(w, number_behind(w, bytes, "\"session_id\":\"s") == w->truth.id);
    w->peer.resumed = true;
    w->peer.replayed = w->truth.delivered;
    w->n.resumes++;
}

static void on_sent_identify(struct world *w)
{
    REQUIRE(w, w->peer.said_hello && !w->peer.identified && !w->peer.resumed);
    REQUIRE(w, w->granted);
    REQUIRE(w, !w->was_ready); /* else SESSION_LOST should have come before */
    w->granted = false;
    w->peer.identified = true;
}

static void on_send(struct world *w, const struct session_action *a)
{
    uint64_t op = number_behind(w, a->bytes, "\"op\":");

    REQUIRE(w, w->peer.open);
    check_pace(w);
    REQUIRE(w, a->is_identify == (op == OP_IDENTIFY));
    switch (op) {
    case OP_HEARTBEAT:
        w->peer.beat_at = w->now;
        w->peer.acks_owed++;
        break;
    case OP_IDENTIFY:
        on_sent_identify(w);
        break;
    case OP_RESUME:
        on_sent_resume(w, a->bytes);
        break;
    default: /* a command: only when live, and in order */
        REQUIRE(w, w->s.state == SESSION_LIVE);
        REQUIRE(w, number_behind(w, a->bytes, "\"n\":") >= w->next_command);
        w->next_command = number_behind(w, a->bytes, "\"n\":") + 1;
        w->commands_sent++;
        break;
    }
}

static void on_deliver(struct world *w, const struct session_action *a)
{
    REQUIRE(w, a->seq == w->truth.delivered + 1);
    REQUIRE(w, a->seq <= w->truth.last);
    w->truth.delivered = a->seq;
    w->n.events++;
}

static void on_action(struct world *w, const struct session_action *a)
{
    switch (a->type) {
    case SESSION_WANT_DIAL:
        REQUIRE(w, !w->wants_dial && !w->peer.open && !w->peer.dialled);
        REQUIRE(w, a->resuming == w->was_ready);
        w->wants_dial = true;
        break;
    case SESSION_DIAL:
        w->peer = (struct peer){ .dialled = true };
        break;
    case SESSION_WANT_SLOT:
        REQUIRE(w, w->peer.said_hello && !w->wants_slot);
        w->wants_slot = true;
        break;
    case SESSION_DROP_SLOT:
        w->wants_slot = w->granted = false;
        break;
    case SESSION_SEND:
        on_send(w, a);
        break;
    case SESSION_CLOSE:
        REQUIRE(w, a->code != CLOSE_NORMAL && a->code != CLOSE_GOING_AWAY);
        REQUIRE(w, a->code >= 4000 && a->code < 5000);
        REQUIRE(w, w->peer.open || w->peer.dialled);
        w->peer = (struct peer){ 0 };
        w->n.closes++;
        break;
    case SESSION_DELIVER:
        on_deliver(w, a);
        break;
    case SESSION_LOST:
        REQUIRE(w, w->was_ready);
        w->was_ready = false;
        w->n.lost++;
        break;
    case SESSION_GUILDS_IN:
    case SESSION_NEW_URL:
    case SESSION_GAVE_UP:
        break;
    case SESSION_REFUSED:
        REQUIRE(w, !"a fatal code was sent");
        break;
    }
}

static void pull(struct world *w)
{
    struct session_action a;

    for (unsigned i = 0; session_next(&w->s, &a); i++) {
        REQUIRE(w, i < 1000);
        on_action(w, &a);
    }
}

/* --- what the gateway says --- */

__attribute__((format(printf, 2, 3))) static void say(struct world *w, const char *format,
                                                      ...)
{
    char text[512 + BUF_SLACK];
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(text, 512, format, args);
    va_end(args);
    CHECK(n > 0 && n < 512);
    memset(text + n, '}', BUF_SLACK);
    session_feed(&w->s, (struct str){ text, (size_t)n }, w->now);
    pull(w);
}

static void hang_up(struct world *w, int code)
{
    w->peer = (struct peer){ 0 };
    session_closed(&w->s, code, w->now);
    pull(w);
}

/* Discord revokes the session: it may not be asked for again. */
static void refuse_session(struct world *w)
{
    w->resume_refused = true;
    w->truth.exists = false;
}

static void close_with_any_code(struct world *w)
{
    static const int codes[] = { 1000, 1001, 1005, 1006, 1011, 4000, 4001, 4002,
                                 4003, 4005, 4007, 4008, 4009, 4006, 4900, 77 };
    int code = codes[rng_below(&w->rng, sizeof codes / sizeof *codes)];

    if (code == CLOSE_NOT_AUTHENTICATED || code == CLOSE_INVALID_SEQ)
        refuse_session(w);
    hang_up(w, code);
}

static void say_hello(struct world *w)
{
    struct peer *p = &w->peer;
    uint64_t interval = w->honest ? 41250 : INTERVAL_MIN_MS + rng_below(&w->rng, 60000);

    if (!w->honest && chance(w, 50)) {
        say(w, "{\"op\":10,\"d\":{\"heartbeat_interval\":%s}}",
            chance(w, 500) ? "0" : "{}");
        return;
    }
    p->said_hello = true;
    p->interval_ms = interval;
    p->beat_at = w->now;
    say(w, "{\"t\":null,\"s\":null,\"op\":10,\"d\":{\"heartbeat_interval\":%llu}}",
        (unsigned long long)interval);
}

static void say_ready(struct world *w)
{
    if (!w->honest && chance(w, 100)) {
        say(w, "{\"t\":\"READY\",\"s\":1,\"op\":0,\"d\":{\"guilds\":[]}}");
        return;
    }
    w->truth = (struct truth){ .exists = true, .id = w->truth.id + 1, .last = 1 };
    w->was_ready = true;
    w->resume_refused = false;
    w->peer.live = true;
    w->peer.replayed = 1;
    w->n.lives++;
    say(w,
        "{\"t\":\"READY\",\"s\":1,\"op\":0,\"d\":{\"session_id\":\"s%u\","
        "\"resume_gateway_url\":\"wss://r.discord.gg\",\"guilds\":[{\"id\":\"1\"}]}}",
        w->truth.id);
}

/* The next event on this connection: one missed, or a new one. */
static void say_event(struct world *w)
{
    struct peer *p = &w->peer;

    if (p->replayed == w->truth.last)
        w->truth.last++;
    p->replayed++;
    say(w, "{\"t\":\"%s\",\"s\":%llu,\"op\":0,\"d\":{\"id\":\"1\"}}",
        chance(w, 100) ? "GUILD_CREATE" : "MESSAGE_CREATE",
        (unsigned long long)p->replayed);
}

static void say_resumed(struct world *w)
{
    struct peer *p = &w->peer;

    p->live = true;
    w->truth.last++;
    p->replayed++;
    w->n.lives++;
    say(w, "{\"t\":\"RESUMED\",\"s\":%llu,\"op\":0,\"d\":{}}",
        (unsigned long long)p->replayed);
}

static void say_invalid(struct world *w, bool resumable)
{
    if (!resumable)
        refuse_session(w);
    say(w, "{\"op\":9,\"d\":%s}", resumable ? "true" : chance(w, 500) ? "false" : "null");
}

static void say_anything(struct world *w)
{
    static const char *const rubbish[] = {
        "{\"op\":10,\"d\":{\"heartbeat_interval\":5}}",
        "{\"op\":77,\"s\":999999999,\"d\":null}",
        "{\"t\":\"MESSAGE_CREATE\",\"s\":null,\"op\":0,\"d\":{}}",
        "{\"t\":\"READY\",\"s\":999999,\"op\":0,\"d\":{}}",
        "{\"op\":",
        "\x01",
        "{\"op\":11,\"s\":12345678}",
    };
    const char *text = rubbish[rng_below(&w->rng, sizeof rubbish / sizeof *rubbish)];

    /* A READY or HELLO in its time is say_ready's and say_hello's to play with. */
    if (w->s.state == SESSION_LIVE || w->s.state == SESSION_RESUME)
        say(w, "%s", text);
}

static void say_something_old(struct world *w)
{
    uint64_t seq = w->peer.replayed ? 1 + rng_below(&w->rng, w->peer.replayed) : 1;

    say(w, "{\"t\":\"MESSAGE_CREATE\",\"s\":%llu,\"op\":0,\"d\":{}}",
        (unsigned long long)(seq < w->peer.replayed ? seq : w->peer.replayed));
}

static void acknowledge(struct world *w)
{
    w->peer.acks_owed--;
    say(w, "{\"t\":null,\"s\":null,\"op\":11,\"d\":null}");
}

/* --- turns --- */

/* Whatever breaks the rules, or just the connection. */
static void make_trouble(struct world *w)
{
    switch (rng_below(&w->rng, 9)) {
    case 0:
        close_with_any_code(w);
        break;
    case 1:
        say(w, "{\"t\":null,\"s\":null,\"op\":7,\"d\":null}");
        break;
    case 2:
        say_invalid(w, chance(w, 700));
        break;
    case 3:
        w->peer.stalled = chance(w, 300);
        break;
    case 4:
        for (unsigned i = 0; i < 8 && w->peer.open; i++)
            say(w, "{\"op\":1,\"d\":null}");
        break;
    case 5:
        if (w->peer.live)
            say_something_old(w);
        break;
    case 6:
        session_broken(&w->s, w->now);
        pull(w);
        break;
    default:
        say_anything(w);
        break;
    }
}

static void connect_or_fail(struct world *w)
{
    w->peer.dialled = false;
    if (!w->honest && chance(w, 200)) {
        hang_up(w, 1006);
        return;
    }
    w->peer.open = true;
    session_opened(&w->s, w->now);
    pull(w);
}

/* What an honest gateway would do next. */
static void go_on(struct world *w)
{
    struct peer *p = &w->peer;

    if (p->dialled)
        connect_or_fail(w);
    else if (!p->open || p->stalled || w->paused)
        return;
    else if (!p->said_hello)
        say_hello(w);
    else if (p->acks_owed && (w->honest || chance(w, 700)))
        acknowledge(w);
    else if (p->live)
        say_event(w);
    else if (p->identified)
        say_ready(w);
    else if (p->resumed && !w->truth.exists)
        say_invalid(w, false);
    else if (p->resumed && p->replayed < w->truth.last)
        say_event(w);
    else if (p->resumed)
        say_resumed(w);
}

static void play_the_shard(struct world *w)
{
    if (w->wants_dial && (w->honest || chance(w, 500))) {
        w->wants_dial = false;
        session_dial(&w->s, w->now);
        pull(w);
    }
    if (w->wants_slot && (w->honest || chance(w, 500))) {
        w->wants_slot = false;
        w->granted = true;
        session_identify(&w->s, w->now);
        pull(w);
    }
    if (chance(w, 20) || (w->honest && w->paused)) {
        w->paused = !w->paused && !w->honest;
        session_paused(&w->s, w->paused, w->now);
        pull(w);
    }
    for (int i = chance(w, 30) ? 200 : 0; i > 0; i--) {
        char text[64];
        int n = snprintf(text, sizeof text, "{\"op\":8,\"d\":{\"n\":%u}}",
                         w->commands_queued);

        if (session_command(&w->s, PACE_COMMAND, 0, (struct str){ text, (size_t)n },
                            w->now))
            break;
        w->commands_queued++;
        pull(w);
    }
}

/* Time goes on, with a tick at every deadline on the way, some of them late. */
static void pass(struct world *w, uint64_t ms)
{
    uint64_t until = w->now + ms;

    for (unsigned idle = 0; session_deadline(&w->s) <= until; idle++) {
        uint64_t at = session_deadline(&w->s);

        idle = at > w->now ? 0 : idle;
        REQUIRE(w, idle < 10);
        if (!w->honest && chance(w, 100))
            at += rng_below(&w->rng, LATE_MS);
        w->now = at > w->now ? at : w->now;
        session_tick(&w->s, w->now);
        pull(w);
        /* A heartbeat never waits. */
        if (w->peer.said_hello)
            REQUIRE(w, w->now - w->peer.beat_at <= w->peer.interval_ms + LATE_MS);
    }
    w->now = until > w->now ? until : w->now;
}

static void turn(struct world *w)
{
    /* An honest gateway acknowledges at once. */
    bool quick =
        rng_below(&w->rng, 10) || (w->honest && w->peer.open && !w->peer.stalled);

    pass(w, rng_below(&w->rng, quick ? 400 : 20000));
    play_the_shard(w);
    if (!w->honest && chance(w, 30) && w->peer.open && !w->peer.stalled)
        make_trouble(w);
    else
        go_on(w);
}

static void world_init(struct world *w, uint64_t seed)
{
    struct session_config config = {
        .shard_count = 1,
        .intents = 1,
        .seed = seed,
        .gateway_url = "wss://gateway.discord.gg",
        .query = "v=10&encoding=json",
    };

    memset(w, 0, sizeof *w);
    w->seed = seed;
    w->rng = rng_seeded(seed);
    w->now = rng_below(&w->rng, 1000000);
    w->parser = json_parser_new();
    assert_non_null(w->parser);
    CHECK_INT(secret_set(&w->token, STR("t")), 0);
    config.parser = w->parser;
    config.token = &w->token;
    CHECK_INT(session_init(&w->s, &config, w->now), 0);
    pull(w);
}

static void world_release(struct world *w)
{
    session_release(&w->s);
    secret_release(&w->token);
    json_parser_free(w->parser);
}

/* Turns until the session is live and news arrives on it again. */
static void must_recover(struct world *w)
{
    uint64_t until = w->now + CALM_MS;
    uint64_t events;

    w->honest = true;
    while (w->s.state != SESSION_LIVE || !w->peer.live || w->peer.stalled) {
        turn(w);
        REQUIRE(w, w->now < until);
    }
    for (events = w->n.events; w->n.events < events + 100;) {
        turn(w);
        REQUIRE(w, w->s.state == SESSION_LIVE);
        REQUIRE(w, w->now < until + CALM_MS);
    }
    w->honest = false;
}

static void must_die(struct world *w)
{
    struct session_action a;

    session_closed(&w->s, CLOSE_AUTHENTICATION_FAILED, w->now);
    REQUIRE(w, session_next(&w->s, &a) && a.type == SESSION_REFUSED);
    REQUIRE(w, !session_next(&w->s, &a));
    REQUIRE(w, session_deadline(&w->s) == UINT64_MAX);
}

static struct world play(uint64_t seed, unsigned rounds, unsigned turns)
{
    static struct world w;

    world_init(&w, seed);
    for (unsigned i = 0; i < rounds; i++) {
        for (unsigned j = 0; j < turns; j++)
            turn(&w);
        must_recover(&w);
    }
    must_die(&w);
    world_release(&w);
    return w;
}

TEST(a_session_keeps_its_promises_whatever_the_gateway_does)
{
    struct world sum = { 0 };

    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct world w = play(seed, 8, 1500);

        sum.now += w.now;
        sum.n.lives += w.n.lives;
        sum.n.resumes += w.n.resumes;
        sum.n.lost += w.n.lost;
        sum.n.closes += w.n.closes;
        sum.n.events += w.n.events;
        sum.commands_sent += w.commands_sent;
    }
    printf("%llu h: %llu live, %llu resumes, %llu lost, %llu closes, %llu events, "
           "%u commands\n",
           (unsigned long long)(sum.now / 3600000), (unsigned long long)sum.n.lives,
           (unsigned long long)sum.n.resumes, (unsigned long long)sum.n.lost,
           (unsigned long long)sum.n.closes, (unsigned long long)sum.n.events,
           sum.commands_sent);
    /* It was a test at all: all of these happened, and often. */
    CHECK(sum.n.lives > 1000 && sum.n.resumes > 1000 && sum.n.lost > 200);
    CHECK(sum.n.closes > 1000 && sum.n.events > 20000 && sum.commands_sent > 1000);
}

TEST(and_with_a_seed_nobody_has_tried)
{
    uint64_t seed = 0;

    CHECK_INT(getrandom(&seed, sizeof seed, 0), sizeof seed);
    printf("fresh seed: %llu\n", (unsigned long long)seed);
    play(seed, 8, 1500);
}

/* CORDAGE_SEED replays one that failed. */
TEST(and_with_the_seed_asked_for)
{
    const char *seed = getenv("CORDAGE_SEED");

    if (seed)
        play(strtoull(seed, NULL, 10), 8, 1500);
}

RUN_TESTS(T(a_session_keeps_its_promises_whatever_the_gateway_does),
          T(and_with_a_seed_nobody_has_tried), T(and_with_the_seed_asked_for))
