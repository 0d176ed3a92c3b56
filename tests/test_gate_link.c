#include "gate_link.h"

#include <stdio.h>
#include <string.h>

#include "gate_local.h"
#include "test.h"
#include "vhost.h"

enum { SHARDS = 12, LATEST_MS = 20 };

/* Shards that say to the worker's gate what their sessions would, a link that carries
 * their words with a delay and is cut at random, and the supervisor's gate behind it. */

struct asker {
    struct gate_place place; /* at the worker's gate */
    struct rig *rig;
    uint32_t id;
    struct timer acts; /* opens its connection, sends its IDENTIFY */
    bool dialling, connected, granted;
    unsigned n_identifies, grants_of; /* the link whose grant it has */
};

/* The supervisor's side of one ask. */
struct booth {
    struct gate_place place;
    struct rig *rig;
    uint32_t ask, shard;
};

struct word {
    struct timer timer;
    struct rig *rig;
    enum link_type type;
    struct link_slot slot;
    unsigned link; /* which it travels on */
    bool down;     /* to the worker */
    bool used;
};

struct rig {
    struct vhost v;
    struct gate *gate, *far;
    struct asker askers[SHARDS];
    struct booth booths[SHARDS];
    struct word words[1024];
    unsigned link; /* the present one's number; it stands if `up` */
    bool up;
    unsigned n_proven;
    unsigned wild;       /* IDENTIFYs without a grant of the present link */
    unsigned early;      /* IDENTIFYs within 5 s of another with the same key */
    uint64_t sent_at[4]; /* when the last IDENTIFY of each key left */
    char told[512];      /* what the worker said, when nothing carries it */
    bool writes_down;
};

static uint64_t chance(struct rig *r, uint64_t n)
{
    return rng_below(&r->v.rng, n);
}

/* ---- The link ---- */

static void at_worker(struct rig *r, const struct word *w)
{
    gate_link_answer(r->gate, w->type, &w->slot);
}

static void at_supervisor(struct rig *r, const struct word *w)
{
    struct booth *b = &r->booths[w->slot.shard];

    if (w->type == LINK_PROVEN) {
        r->n_proven++;
        gate_proven(r->far);
        return;
    }
    if (w->type == LINK_ASK) {
        CHECK(w->slot.ask != 0);
        b->ask = w->slot.ask;
        gate_ask(r->far, &b->place, b->shard, SHARDS, false);
        return;
    }
    CHECK_INT(b->ask, w->slot.ask);
    if (w->type == LINK_READY) {
        gate_dialled(r->far, &b->place);
        gate_ready(r->far, &b->place);
    } else if (w->type == LINK_SENT) {
        gate_sent(r->far, &b->place);
    } else if (w->type == LINK_CANCEL) {
        gate_cancel(r->far, &b->place);
    }
}

static void arrive(struct timer *t)
{
    struct word *w = CONTAINER_OF(t, struct word, timer);
    struct rig *r = w->rig;

    w->used = false;
    if (!r->up || w->link != r->link)
        return;
    if (w->down)
        at_worker(r, w);
    else
        at_supervisor(r, w);
}

/* Words stay in order: each takes as long as any other. */
static void carry(struct rig *r, bool down, enum link_type type,
                  const struct link_slot *slot)
{
    size_t i = 0;

    while (r->words[i].used && i < 1023)
        i++;
    CHECK(!r->words[i].used);
    r->words[i] = (struct word){ .timer = { .fire = arrive },
                                 .rig = r,
                                 .type = type,
                                 .slot = *slot,
                                 .link = r->link,
                                 .down = down,
                                 .used = true };
    r->v.host.arm(&r->v.host, &r->words[i].timer, r->v.now + 5);
}

static void say(void *user, enum link_type type, const struct link_slot *slot)
{
    struct rig *r = user;
    static const char *const names[N_LINK_TYPES] = { [LINK_ASK] = "ask",
                                                     [LINK_READY] = "ready",
                                                     [LINK_SENT] = "sent",
                                                     [LINK_CANCEL] = "cancel",
                                                     [LINK_PROVEN] = "proven" };
    char word[32];

    CHECK(r->up);
    CHECK(names[type]);
    if (!r->writes_down) {
        carry(r, false, type, slot);
        return;
    }
    snprintf(word, sizeof word, "%s %u/%u ", names[type], slot->shard, slot->ask);
    strcat(r->told, word);
}

static void far_may_dial(struct gate_place *p)
{
    struct booth *b = CONTAINER_OF(p, struct booth, place);

    carry(b->rig, true, LINK_MAY_DIAL, &(struct link_slot){ b->shard, b->ask });
}

static void far_may_identify(struct gate_place *p)
{
    struct booth *b = CONTAINER_OF(p, struct booth, place);

    carry(b->rig, true, LINK_MAY_IDENTIFY, &(struct link_slot){ b->shard, b->ask });
}

static void cut(struct rig *r)
{
    if (!r->up)
        return;
    r->up = false;
    gate_link_down(r->gate);
    for (int i = 0; i < SHARDS; i++)
        gate_cancel(r->far, &r->booths[i].place);
}

static void join(struct rig *r)
{
    if (r->up)
        return;
    r->up = true;
    r->link++;
    gate_link_up(r->gate, 2);
}

/* ---- A shard ---- */

static void on_may_dial(struct gate_place *p)
{
    struct asker *a = CONTAINER_OF(p, struct asker, place);

    CHECK(!a->dialling && !a->connected);
    a->dialling = true;
    a->rig->v.host.arm(&a->rig->v.host, &a->acts,
                       a->rig->v.now + 1 + chance(a->rig, LATEST_MS));
}

static void on_may_identify(struct gate_place *p)
{
    struct asker *a = CONTAINER_OF(p, struct asker, place);

    CHECK(a->connected && !a->granted);
    a->granted = true;
    a->grants_of = a->rig->link;
    a->rig->v.host.arm(&a->rig->v.host, &a->acts,
                       a->rig->v.now + chance(a->rig, LATEST_MS));
}

static bool on_take_back(struct gate_place *p)
{
    struct asker *a = CONTAINER_OF(p, struct asker, place);
    bool in_time = a->granted;

    a->granted = false;
    if (in_time)
        a->rig->v.host.disarm(&a->rig->v.host, &a->acts);
    return in_time;
}

static void lose_connection(struct asker *a)
{
    struct rig *r = a->rig;

    r->v.host.disarm(&r->v.host, &a->acts);
    if (a->dialling)
        gate_dialled(r->gate, &a->place);
    a->dialling = a->connected = a->granted = false;
    gate_cancel(r->gate, &a->place);
    gate_ask(r->gate, &a->place, a->id, SHARDS, false);
}

static void act(struct timer *t)
{
    struct asker *a = CONTAINER_OF(t, struct asker, acts);
    struct rig *r = a->rig;

    if (a->dialling) {
        a->dialling = false;
        a->connected = true;
        gate_dialled(r->gate, &a->place);
        gate_ready(r->gate, &a->place);
    } else if (a->granted) {
        a->granted = false;
        r->wild += !r->up || a->grants_of != r->link;
        r->early += r->sent_at[a->id % 4] && r->v.now - r->sent_at[a->id % 4] < 5000;
        r->sent_at[a->id % 4] = r->v.now;
        a->n_identifies++;
        gate_sent(r->gate, &a->place);
        gate_proven(r->gate);
    }
}

/* ---- Both ---- */

static void setup(struct rig *r, uint64_t seed, bool writes_down)
{
    const struct gate_mouth mouth = { say, r };
    const struct gate_books books = { 0 };

    memset(r, 0, sizeof *r);
    vhost_init(&r->v, seed);
    r->writes_down = writes_down;
    CHECK_INT(gate_link_new(&r->v.host, &mouth, &r->gate), 0);
    CHECK_INT(gate_new(&r->v.host, 4, &books, &r->far), 0);
    for (uint32_t i = 0; i < SHARDS; i++) {
        r->askers[i] = (struct asker){ .rig = r, .id = i, .acts.fire = act };
        r->askers[i].place.may_dial = on_may_dial;
        r->askers[i].place.may_identify = on_may_identify;
        r->askers[i].place.take_back = on_take_back;
        r->booths[i] = (struct booth){ .rig = r, .shard = i };
        r->booths[i].place.may_dial = far_may_dial;
        r->booths[i].place.may_identify = far_may_identify;
    }
}

static void teardown(struct rig *r)
{
    gate_free(r->gate);
    gate_free(r->far);
    vhost_release(&r->v);
}

static void ask(struct rig *r, uint32_t id, bool resuming)
{
    gate_ask(r->gate, &r->askers[id].place, id, SHARDS, resuming);
}

static void answer(struct rig *r, enum link_type type, uint32_t id, uint32_t number)
{
    gate_link_answer(r->gate, type, &(struct link_slot){ id, number });
}

static void expect_told(struct rig *r, const char *words)
{
    CHECK_STR(str_of(r->told), words);
    r->told[0] = '\0';
}

TEST(a_fresh_start_asks_over_the_link)
{
    struct rig r;
    struct asker *a = &r.askers[3];

    setup(&r, 1, true);
    ask(&r, 3, false);
    expect_told(&r, ""); /* there is none yet */
    join(&r);
    expect_told(&r, "ask 3/1 ");
    answer(&r, LINK_MAY_IDENTIFY, 3, 1); /* out of turn */
    answer(&r, LINK_MAY_DIAL, 3, 7);     /* of no ask of ours */
    answer(&r, LINK_MAY_DIAL, 2, 1);
    answer(&r, LINK_MAY_DIAL, 3, 0);
    CHECK(!a->dialling);
    answer(&r, LINK_MAY_DIAL, 3, 1);
    CHECK(a->dialling);
    vhost_run(&r.v, LATEST_MS);
    expect_told(&r, "ready 3/1 ");
    answer(&r, LINK_MAY_DIAL, 3, 1);
    answer(&r, LINK_MAY_IDENTIFY, 3, 1);
    vhost_run(&r.v, LATEST_MS);
    CHECK_INT(a->n_identifies, 1);
    expect_told(&r, "sent 3/1 proven 0/0 ");
    gate_proven(r.gate);
    answer(&r, LINK_MAY_IDENTIFY, 3, 1);
    expect_told(&r, "");
    teardown(&r);
}

TEST(resumes_are_decided_here_with_or_without_a_link)
{
    struct rig r;
    unsigned n = 0;

    setup(&r, 1, true);
    join(&r);
    cut(&r);
    for (uint32_t i = 0; i < 3; i++)
        ask(&r, i, true);
    vhost_turn(&r.v);
    for (int i = 0; i < 3; i++)
        n += r.askers[i].dialling;
    CHECK_INT(n, 2); /* what the supervisor said */
    vhost_run(&r.v, LATEST_MS);
    for (int i = 0; i < 3; i++)
        gate_cancel(r.gate, &r.askers[i].place);
    expect_told(&r, "");
    teardown(&r);
}

TEST(a_resume_that_became_a_fresh_start_asks_then)
{
    struct rig r;
    struct asker *a = &r.askers[0];

    setup(&r, 1, true);
    join(&r);
    ask(&r, 0, true);
    vhost_turn(&r.v);
    CHECK(a->dialling);
    vhost_run(&r.v, LATEST_MS); /* its HELLO was read: act says so */
    CHECK(a->connected);
    expect_told(&r, "ask 0/1 ");
    answer(&r, LINK_MAY_DIAL, 0, 1); /* it has dialled already */
    expect_told(&r, "ready 0/1 ");
    answer(&r, LINK_MAY_IDENTIFY, 0, 1);
    vhost_run(&r.v, LATEST_MS);
    CHECK_INT(a->n_identifies, 1);
    teardown(&r);
}

TEST(what_is_withdrawn_is_said)
{
    struct rig r;

    setup(&r, 1, true);
    join(&r);
    ask(&r, 5, false);
    gate_cancel(r.gate, &r.askers[5].place);
    gate_cancel(r.gate, &r.askers[5].place);
    expect_told(&r, "ask 5/1 cancel 5/1 ");
    answer(&r, LINK_MAY_DIAL, 5, 1);
    CHECK(!r.askers[5].dialling);
    ask(&r, 5, false);
    ask(&r, 5, false); /* again: the first is withdrawn */
    expect_told(&r, "ask 5/2 cancel 5/2 ask 5/3 ");
    ask(&r, 5, true);
    expect_told(&r, "cancel 5/3 ");
    teardown(&r);
}

TEST(after_a_loss_all_who_wait_ask_again)
{
    struct rig r;

    setup(&r, 1, true);
    join(&r);
    ask(&r, 0, false); /* will wait */
    ask(&r, 1, false); /* will be connected */
    ask(&r, 2, false); /* will have a slot */
    for (uint32_t i = 1; i < 3; i++)
        answer(&r, LINK_MAY_DIAL, i, i + 1);
    vhost_run(&r.v, LATEST_MS);
    answer(&r, LINK_MAY_IDENTIFY, 2, 3);
    CHECK(r.askers[2].granted);
    r.told[0] = '\0';
    cut(&r);
    CHECK(!r.askers[2].granted);
    vhost_run(&r.v, 60000);
    CHECK_INT(r.askers[2].n_identifies, 0);
    answer(&r, LINK_MAY_IDENTIFY, 2, 3); /* late */
    CHECK(!r.askers[2].granted);
    join(&r);
    CHECK_INT(strlen(r.told), strlen("ask 1/4 ask 2/5 ask 0/6 "));
    CHECK(strstr(r.told, "ask 0/6 ")); /* those with a connection come first */
    r.told[0] = '\0';
    answer(&r, LINK_MAY_DIAL, 2, r.askers[2].place.ask);
    CHECK(strncmp(r.told, "ready 2/", 8) == 0);
    answer(&r, LINK_MAY_IDENTIFY, 2, r.askers[2].place.ask);
    vhost_run(&r.v, LATEST_MS);
    CHECK_INT(r.askers[2].n_identifies, 1);
    teardown(&r);
}

TEST(an_identify_that_leaves_while_the_link_is_lost_is_over)
{
    struct rig r;
    struct asker *a = &r.askers[0];

    setup(&r, 1, true);
    join(&r);
    ask(&r, 0, false);
    answer(&r, LINK_MAY_DIAL, 0, 1);
    vhost_run(&r.v, LATEST_MS);
    answer(&r, LINK_MAY_IDENTIFY, 0, 1);
    a->granted = false; /* it is on its way: too late to take it back */
    cut(&r);
    r.told[0] = '\0';
    join(&r);
    gate_sent(r.gate, &a->place);
    expect_told(&r, "");
    CHECK_INT(a->place.ticket.state, TICKET_IDLE);
    ask(&r, 0, false);
    expect_told(&r, "ask 0/2 ");
    teardown(&r);
}

TEST(a_gate_may_go_while_shards_wait)
{
    struct rig r;

    setup(&r, 1, true);
    join(&r);
    for (uint32_t i = 0; i < SHARDS; i++)
        ask(&r, i, i > 1);
    answer(&r, LINK_MAY_DIAL, 0, 1);
    r.told[0] = '\0';
    gate_free(r.gate);
    expect_told(&r, "cancel 1/2 cancel 0/1 ");
    r.gate = NULL;
    for (int i = 0; i < SHARDS; i++) {
        CHECK_INT(r.askers[i].place.state, PLACE_IDLE);
        CHECK_INT(r.askers[i].place.ticket.state, TICKET_IDLE);
    }
    teardown(&r);
}

/* One life of twelve shards: the link is cut and joined, connections are lost, until in
 * the end all is calm. */
static void live(uint64_t seed)
{
    struct rig r;

    setup(&r, seed, false);
    for (uint32_t i = 0; i < SHARDS; i++)
        ask(&r, i, i % 3 == 0);
    for (int step = 0; step < 400; step++) {
        struct asker *a = &r.askers[chance(&r, SHARDS)];

        vhost_run(&r.v, chance(&r, 200));
        if (chance(&r, 8) == 0)
            cut(&r);
        else if (chance(&r, 3) == 0)
            join(&r);
        if (chance(&r, 20) == 0 && a->n_identifies == 0)
            lose_connection(a);
    }
    join(&r);
    vhost_run(&r.v, 120 * 1000);
    for (int i = 0; i < SHARDS; i++)
        if (r.askers[i].n_identifies != 1)
            printf("seed %llu: shard %d identified %u times\n", (unsigned long long)seed,
                   i, r.askers[i].n_identifies);
    for (int i = 0; i < SHARDS; i++)
        CHECK_INT(r.askers[i].n_identifies, 1);
    CHECK_INT(r.wild, 0);
    CHECK_INT(r.early, 0);
    CHECK(r.n_proven > 0);
    teardown(&r);
}

TEST(with_losses_at_random_every_shard_identifies_once_and_with_a_grant)
{
    for (uint64_t seed = 1; seed <= 300; seed++)
        live(seed);
}

RUN_TESTS(T(a_fresh_start_asks_over_the_link),
          T(resumes_are_decided_here_with_or_without_a_link),
          T(a_resume_that_became_a_fresh_start_asks_then), T(what_is_withdrawn_is_said),
          T(after_a_loss_all_who_wait_ask_again),
          T(an_identify_that_leaves_while_the_link_is_lost_is_over),
          T(a_gate_may_go_while_shards_wait),
          T(with_losses_at_random_every_shard_identifies_once_and_with_a_grant))
