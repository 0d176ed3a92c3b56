/* How long a start takes: N shards through one gate in virtual time.
 *
 * A connection takes 80 to 400 ms (DNS, TCP, TLS, websocket, HELLO), a READY 100 to 600
 * ms, and each word between a worker and its supervisor 1 to 5 ms. The first shard goes
 * alone until its READY proves the bot. The time ends with the last READY. */
#include "test.h"

#include "gate_local.h"
#include "vhost.h"

enum { CONCURRENCY = 16 };

/* What comes next for a shard, and when. */
enum step { WAITS, TOLD_TO_DIAL, OPEN, TOLD_TO_IDENTIFY, IDENTIFIED, READY };

struct starter {
    struct gate_place place;
    struct start *start;
    enum step step;
    uint64_t at; /* of the next step; UINT64_MAX: another must act */
};

struct start {
    struct vhost v;
    struct rng rng;
    struct ledger ledger;
    struct gate *gate;
    struct starter *starters;
    uint64_t sent_at[CONCURRENCY]; /* the last IDENTIFY of each key; 0: none */
    uint32_t n, n_ready;
};

static uint64_t in_ms(struct start *s, uint64_t least, uint64_t most)
{
    return s->v.now + least + rng_below(&s->rng, most - least + 1);
}

static void on_may_dial(struct gate_place *p)
{
    struct starter *a = CONTAINER_OF(p, struct starter, place);

    a->step = TOLD_TO_DIAL;
    a->at = in_ms(a->start, 80, 400);
}

static void on_may_identify(struct gate_place *p)
{
    struct starter *a = CONTAINER_OF(p, struct starter, place);

    a->step = TOLD_TO_IDENTIFY;
    a->at = in_ms(a->start, 1, 5);
}

/* Discord's rule, whatever the gate believes. */
static void check_window(struct start *s, uint32_t key)
{
    if (s->sent_at[key] && s->v.now < s->sent_at[key] + GATEWAY_IDENTIFY_MS)
        fail_msg("key %u: an IDENTIFY %llu ms after its last", key,
                 (unsigned long long)(s->v.now - s->sent_at[key]));
    s->sent_at[key] = s->v.now;
}

/* Its next step has come. */
static void go_on(struct starter *a)
{
    struct start *s = a->start;

    switch (a->step) {
    case TOLD_TO_DIAL:
        gate_dialled(s->gate, &a->place);
        a->step = OPEN;
        a->at = in_ms(s, 1, 5);
        break;
    case OPEN:
        a->at = UINT64_MAX;
        gate_ready(s->gate, &a->place);
        break;
    case TOLD_TO_IDENTIFY:
        gate_sent(s->gate, &a->place);
        check_window(s, a->place.shard_id % CONCURRENCY);
        a->step = IDENTIFIED;
        a->at = in_ms(s, 100, 600);
        break;
    case IDENTIFIED:
        gate_proven(s->gate);
        s->n_ready++;
        a->step = READY;
        a->at = UINT64_MAX;
        break;
    case WAITS:
    case READY:
        fail();
    }
}

static void start_init(struct start *s, uint32_t n, uint64_t seed)
{
    struct gate_books books = { &s->ledger, NULL, NULL };

    *s = (struct start){ .rng = rng_seeded(seed), .n = n };
    vhost_init(&s->v, seed);
    ledger_init(&s->ledger, n);
    s->starters = calloc(n, sizeof *s->starters);
    assert_non_null(s->starters);
    CHECK_INT(gate_new(&s->v.host, CONCURRENCY, &books, &s->gate), 0);
    for (uint32_t i = 0; i < n; i++) {
        struct starter *a = &s->starters[i];

        a->place.may_dial = on_may_dial;
        a->place.may_identify = on_may_identify;
        a->start = s;
        a->at = UINT64_MAX;
        gate_ask(s->gate, &a->place, i, n, false);
    }
}

static void start_release(struct start *s)
{
    gate_free(s->gate);
    ledger_release(&s->ledger);
    vhost_release(&s->v);
    free(s->starters);
}

/* Milliseconds until the last READY. */
static uint64_t time_of(uint32_t n, uint64_t seed)
{
    struct start s;
    uint64_t took;

    start_init(&s, n, seed);
    while (s.n_ready < n) {
        for (uint32_t i = 0; i < n; i++)
            if (s.starters[i].at <= s.v.now)
                go_on(&s.starters[i]);
        vhost_run(&s.v, 1);
    }
    took = s.v.now - VHOST_EPOCH;
    start_release(&s);
    return took;
}

TEST(a_start_takes_little_more_than_its_identify_windows)
{
    static const uint32_t sizes[] = { 1, 16, 64, 256, 1024 };

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        uint32_t waves = (sizes[i] + CONCURRENCY - 1) / CONCURRENCY;
        uint64_t bound = (waves - 1) * 5500 + 2000, worst = 0;

        for (uint64_t seed = 1; seed <= 5; seed++) {
            uint64_t took = time_of(sizes[i], seed);

            worst = took > worst ? took : worst;
        }
        printf("%4u shards: %6.1f s at most, allowed %6.1f s\n", sizes[i],
               (double)worst / 1000, (double)bound / 1000);
        if (worst > bound)
            fail_msg("%u shards took %llu ms, more than %llu", sizes[i],
                     (unsigned long long)worst, (unsigned long long)bound);
    }
}

RUN_TESTS(T(a_start_takes_little_more_than_its_identify_windows))
