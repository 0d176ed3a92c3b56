/* What clients do at their ends of connections: sends and heartbeats (promise 4), the
 * token (10), one session for each shard (7), and, after a refusal, nothing (9). */
#include "judge_private.h"

#include <stdio.h>
#include <stdlib.h>

#include "machine.h"
#include "net.h"

enum {
    BEAT_SLACK_MS = 1500, /* a loop that has much to do */
    REFUSED_GRACE_MS = 60 * 1000,
};

static struct conn_book *find_conn(uint64_t conn)
{
    return map_get(&the_judge.conns, conn);
}

static void on_dialled(struct vprocess *p, uint64_t conn)
{
    struct conn_book *c = calloc(1, sizeof *c);

    judge_note_number(conn);
    judge_note_number(judge_time());
    *c = (struct conn_book){ .conn = conn,
                             .pid = vprocess_pid(p),
                             .opened_at = machine_now() };
    (void)judge_life(c->pid);
    if (map_put(&the_judge.conns, conn, c) < 0)
        abort();
    if (the_judge.refused && judge_time() > the_judge.refused_at + REFUSED_GRACE_MS)
        judge_accuse(PROMISE_RECOVERS,
                     "it connects again, though it was refused for good");
}

static void on_closed(struct vprocess *p, uint64_t conn)
{
    struct conn_book *c = find_conn(conn);

    (void)p;
    judge_note_number(conn);
    if (!c)
        return;
    c->is_closed = true;
    if (!c->has_session) {
        the_judge.dial_failed = true;
        the_judge.dial_failed_at = judge_time();
    }
}

void wire_died(int pid)
{
    struct conn_book *c;
    size_t at = 0;

    while ((c = map_next(&the_judge.conns, &at, NULL)))
        if (c->pid == pid)
            c->is_closed = true;
}

/* ---- Promise 4 -----------------------------------------------------------------------
 */

static void count_send(struct conn_book *c, uint64_t left)
{
    uint64_t *oldest = &c->sends[c->n_sends % SENDS];

    if (c->n_sends >= SENDS && left - *oldest < SENDS_MS)
        judge_accuse(PROMISE_SEND_LIMIT, "connection %llu: %d payloads within %llu ms",
                     (unsigned long long)c->conn, SENDS + 1,
                     (unsigned long long)(left - *oldest));
    *oldest = left;
    c->n_sends++;
}

/* One interval after the other. The first may come at any time of it, behind HELLO, of
 * which nobody tells us. */
static void check_beat(struct conn_book *c, uint64_t left)
{
    uint64_t interval = sim_config(net_sim())->heartbeat_ms;
    uint64_t slept = the_judge.began_at + the_judge.suspended_until;

    if (c->beat_at && c->beat_at > slept && left > c->beat_at &&
        left - c->beat_at > interval + BEAT_SLACK_MS)
        judge_accuse(PROMISE_SEND_LIMIT,
                     "connection %llu of shard %u: %llu ms without a heartbeat",
                     (unsigned long long)c->conn, c->shard,
                     (unsigned long long)(left - c->beat_at));
}

/* ---- Payloads ------------------------------------------------------------------------
 */

static void on_heartbeat(struct conn_book *c, cordage_json d, uint64_t left)
{
    uint64_t seq;
    struct shard_book *b;

    check_beat(c, left);
    c->beat_at = left;
    if (!c->has_session || !json_u64(d, &seq))
        return;
    b = &the_judge.shards[c->shard];
    if (b->pid != c->pid)
        return;
    b->is_known = true;
    if (seq > saved_safe(b) && !judge_life(c->pid)->keeps_nothing)
        judge_accuse(PROMISE_SAVED_BEHIND,
                     "shard %u: a heartbeat acknowledges %llu, and only %llu is saved",
                     c->shard, (unsigned long long)seq,
                     (unsigned long long)saved_safe(b));
}

/* Its session is alive at the client's end of another connection. */
static void check_alone(const struct conn_book *c)
{
    const struct conn_book *other;
    size_t at = 0;

    while ((other = map_next(&the_judge.conns, &at, NULL)))
        if (other != c && !other->is_closed && other->has_session &&
            other->shard == c->shard)
            judge_accuse(
                PROMISE_ONE_SESSION,
                "shard %u is alive on connections %llu (pid %d) and %llu (pid %d)",
                c->shard, (unsigned long long)other->conn, other->pid,
                (unsigned long long)c->conn, c->pid);
}

static void on_identify(struct conn_book *c, cordage_json d, uint64_t left)
{
    uint64_t shard = 0, count = 0;
    cordage_json pair = json_get(d, "shard");

    if (!json_u64(cordage_json_at(pair, 0), &shard) ||
        !json_u64(cordage_json_at(pair, 1), &count) || shard >= the_judge.plan.shards ||
        count != the_judge.plan.shards) {
        judge_accuse(PROMISE_NO_RULE, "an IDENTIFY for shard [%llu,%llu]",
                     (unsigned long long)shard, (unsigned long long)count);
        return;
    }
    c->shard = (uint32_t)shard;
    c->has_session = c->has_asked = true;
    check_alone(c);
    identify_seen(c, c->shard, left);
}

/* A process that could keep nothing had a later one; this one goes on with the last that
 * was kept. */
static void take_up_older(const struct sim_session *ss)
{
    struct shard_book *b = &the_judge.shards[ss->wants.shard_id];

    memcpy(b->session, ss->id, sizeof b->session);
    b->began_at = judge_time() + 1; /* the later one stays behind */
    b->row_saved = b->snapshot_saved = !the_judge.disk_fails;
    b->row_done = b->snapshot_seq = UINT64_MAX; /* nobody told us */
    b->checked_to = 0;
    b->may_be_given_up = false;
}

static void on_resume(struct conn_book *c, cordage_json d)
{
    struct judge *j = &the_judge;
    struct str id = { "", 0 };
    uint32_t shard;
    const struct sim_session *ss;

    c->has_asked = true;
    json_str(json_get(d, "session_id"), &id);
    ss = sim_session_find(net_sim(), id);
    if (ss && !shard_of_session(ss->id, &shard) && ss->wants.shard_id < j->plan.shards)
        take_up_older(ss);
    for (uint32_t i = 0; i < j->plan.shards; i++) {
        if (!str_is(id, j->shards[i].session))
            continue;
        c->shard = i;
        c->has_session = true;
        check_alone(c);
        resume_seen(c);
    }
}

static void on_payload(struct conn_book *c, struct str payload, uint64_t left)
{
    struct judge *j = &the_judge;
    cordage_json root, d;
    int64_t op = -1;

    buf_clear(&j->in);
    if (buf_append_str(&j->in, payload) < 0 ||
        json_parse(j->parser, buf_str(&j->in), &root) < 0 ||
        !json_i64(json_get(root, "op"), &op)) {
        judge_accuse(PROMISE_NO_RULE, "a payload that is none");
        return;
    }
    d = json_get(root, "d");
    if (op != OP_IDENTIFY && op != OP_RESUME)
        judge_no_token(payload, "a payload that needs none");
    count_send(c, left);
    if (!c->has_asked && op != OP_IDENTIFY && op != OP_RESUME && op != OP_HEARTBEAT)
        judge_accuse(PROMISE_NO_RULE, "op %d before IDENTIFY or RESUME", (int)op);
    if (op == OP_HEARTBEAT)
        on_heartbeat(c, d, left);
    else if (op == OP_IDENTIFY)
        on_identify(c, d, left);
    else if (op == OP_RESUME)
        on_resume(c, d);
    c->sent_at = left;
}

static void on_sent(struct vprocess *p, uint64_t conn, uint64_t left, struct str payload)
{
    struct conn_book *c = find_conn(conn);

    (void)p;
    judge_look();
    judge_note_number(conn);
    judge_note_number(left);
    judge_note(payload.p, payload.n);
    if (c)
        on_payload(c, payload, left);
}

static void on_answered(struct vprocess *p, struct str path, int status, struct str body)
{
    (void)p;
    judge_note_number((uint64_t)status);
    judge_no_token(path, "a request's path");
    if (status == 200 && str_ends(path, STR("/gateway/bot")))
        identify_answered(body);
}

const struct net_watch *judge_net(void)
{
    static const struct net_watch watch = { on_dialled, on_sent, on_closed, on_answered };

    return &watch;
}

/* ---- Settled -------------------------------------------------------------------------
 */

/* Discord has a session of it whose connection is open at both ends, and which has been
 * sent everything. */
static bool is_live(uint32_t shard, char *why, size_t size)
{
    struct sim *s = net_sim();
    unsigned n = 0;

    for (struct link *l = s->sessions.next; l != &s->sessions; l = l->next) {
        const struct sim_session *ss = CONTAINER_OF(l, struct sim_session, link);

        n += ss->wants.shard_id == shard && ss->conn && !ss->conn->is_frozen &&
             ss->sent == ss->seq && !sim_session_is_loading(ss);
    }
    if (n != 1)
        snprintf(why, size, "shard %u has %u live sessions", shard, n);
    return n == 1;
}

bool wire_is_settled(char *why, size_t size)
{
    for (uint32_t i = 0; i < the_judge.plan.shards; i++)
        if (!is_live(i, why, size))
            return false;
    return true;
}
