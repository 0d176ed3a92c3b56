#include "asks.h"

#include <stdio.h>

#include "json_text.h"
#include "notices.h"

enum { FULL_OUTBOX_MS = 1000 /* until it is worth trying again */ };

static uint64_t now_of(const struct crew_shard *s)
{
    return s->loop->host->now(s->loop->host);
}

static struct ask *ask_of(struct gather *g)
{
    return CONTAINER_OF(g, struct ask, gather);
}

/* ---- One of them --------------------------------------------------------------- */

void ask_free(struct ask *a)
{
    gather_release(&a->gather);
    buf_release(&a->answer.body);
    free(a);
}

static void release_answer(struct answer *answer)
{
    ask_free(CONTAINER_OF(answer, struct ask, answer));
}

/* What most of them do when they are over. */
static void give_answer(struct ask *a, struct crew_shard *s)
{
    struct gather *g = &a->gather;
    int err = gather_result(g, &a->answer.body);

    if (g->err)
        answer_fail(&a->answer, g->err, g->why);
    else if (err)
        answer_fail(&a->answer, err, "There is no memory for the answer.");
    if (err)
        buf_release(&a->answer.body);
    /* That the client has stopped is no news. */
    if (g->err && g->err != CORDAGE_ECLOSED && !a->answer.done)
        client_warn(a->answer.client, g->err, "guild=%llu a request failed: %s",
                    (unsigned long long)g->guild_id, g->why);
    answer_give(&a->answer, s ? &s->lanes : NULL);
}

static void arrived(struct parcel *p, int err);

void ask_init(struct ask *a, cordage_client *c, uint64_t guild_id, cordage_result_fn done,
              void *user)
{
    parcel_init(&a->parcel, c, PARCEL_ASK, guild_id, arrived);
    answer_init(&a->answer, c, done, user, guild_id, release_answer);
    a->over = give_answer;
}

static int submit(struct answer *answer)
{
    return parcel_submit(&CONTAINER_OF(answer, struct ask, answer)->parcel);
}

int ask_submit(struct ask *a)
{
    return answer_ask(&a->answer, submit);
}

static void is_over(struct ask *a, struct crew_shard *s)
{
    if (s) {
        pthread_mutex_lock(&s->lock);
        s->n_asks--;
        pthread_mutex_unlock(&s->lock);
    }
    a->over(a, s);
}

/* ---- At the shard ----------------------------------------------------------------- */

/* Sends what may go. A question may be sent from inside shard_command, or wait. */
static void send_questions(struct crew_shard *s)
{
    struct gather_book *b = &s->asks.book;
    struct buf payload = { 0 };
    struct gather *g;

    while ((g = gather_next(b, now_of(s)))) {
        int err;

        buf_clear(&payload);
        err = gather_write(g, &payload);
        if (!err)
            err = shard_command(s->shard, PACE_COMMAND, g->nonce, buf_str(&payload));
        if (err == CORDAGE_EFULL)
            gather_hold(b, g, now_of(s) + FULL_OUTBOX_MS);
        else if (err)
            gather_fail(b, g, err, cordage_strerror(err));
    }
    buf_release(&payload);
}

static void tell_over(struct crew_shard *s)
{
    struct gather *g;

    while ((g = gather_pop_over(&s->asks.book)))
        is_over(ask_of(g), s);
}

/* After whatever has happened to the book. */
static void work(struct crew_shard *s)
{
    struct host *host = s->loop->host;
    uint64_t at;

    if (!s->asks.ended)
        send_questions(s);
    tell_over(s);
    at = gather_deadline(&s->asks.book, now_of(s));
    if (at == UINT64_MAX)
        host->disarm(host, &s->asks.timer);
    else
        host->arm(host, &s->asks.timer, at);
}

static const char *sentence_of(int err)
{
    switch (err) {
    case CORDAGE_ECLOSED:
        return "The client has stopped.";
    case CORDAGE_EMOVED:
        return "The guild's shard has moved to another process.";
    default:
        return cordage_strerror(err);
    }
}

static int why_ended(const struct crew_shard *s)
{
    return s->client->stopping ? CORDAGE_ECLOSED : CORDAGE_EMOVED;
}

static void arrived(struct parcel *p, int err)
{
    struct ask *a = CONTAINER_OF(p, struct ask, parcel);
    struct crew_shard *s = p->shard;

    if (!err && s->asks.ended)
        err = why_ended(s);
    if (err) {
        a->gather.err = err;
        snprintf(a->gather.why, sizeof a->gather.why, "%s", sentence_of(err));
        is_over(a, s);
        return;
    }
    gather_add(&s->asks.book, &a->gather);
    work(s);
}

static void on_timer(struct timer *t)
{
    struct crew_shard *s = CONTAINER_OF(t, struct crew_shard, asks.timer);
    struct shard_status now;

    shard_status(s->shard, &now);
    gather_tick(&s->asks.book, now.state == SESSION_LIVE, now_of(s));
    work(s);
}

void asks_init(struct crew_shard *s)
{
    struct host *host = s->loop->host;

    gather_book_init(&s->asks.book, host->random(host));
    s->asks.timer.fire = on_timer;
}

void asks_release(struct crew_shard *s)
{
    gather_book_release(&s->asks.book);
}

bool asks_want(const struct crew_shard *s, cordage_event_type type)
{
    return gather_wants(&s->asks.book, type);
}

/* ---- Pieces ----------------------------------------------------------------------- */

static void release_piece(struct answer *answer)
{
    buf_release(&answer->body);
    free(answer);
}

/* A chunk, on its way to the callback that gets each. */
static bool give_piece(struct crew_shard *s, struct ask *a, struct str payload)
{
    struct answer *piece;

    if (!a->each)
        return true;
    piece = malloc(sizeof *piece);
    if (piece) {
        answer_init(piece, s->client, a->each, a->answer.user, a->gather.guild_id,
                    release_piece);
        if (buf_append_str(&piece->body, json_text(payload, "d")) == 0)
            return answer_give(piece, &s->lanes);
        release_piece(piece);
    }
    gather_fail(&s->asks.book, &a->gather, CORDAGE_ENOMEM,
                "There was no memory for a chunk.");
    return true;
}

bool asks_take(struct crew_shard *s, cordage_event_type type, cordage_json body,
               struct str payload)
{
    const struct gather_event event = { .type = type, .d = body, .payload = payload };
    struct gather *g = gather_take(&s->asks.book, &event, now_of(s));
    bool has_room = true;

    if (g)
        has_room = give_piece(s, ask_of(g), payload);
    work(s);
    return has_room;
}

void asks_sent(struct crew_shard *s, uint64_t tag, bool sent)
{
    struct host *host = s->loop->host;

    gather_sent(&s->asks.book, tag, sent, now_of(s));
    /* Not here: this may come from inside shard_command. */
    host->arm(host, &s->asks.timer, now_of(s));
}

void asks_new_session(struct crew_shard *s)
{
    gather_new_session(&s->asks.book);
    work(s);
}

void asks_end(struct crew_shard *s)
{
    struct host *host = s->loop->host;

    s->asks.ended = true;
    gather_end(&s->asks.book, why_ended(s), sentence_of(why_ended(s)));
    tell_over(s);
    host->disarm(host, &s->asks.timer);
}
