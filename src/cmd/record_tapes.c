#include "record_tapes.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "json_text.h"
#include "mem.h"

/* Only what is in the file counts; one with nothing in it goes. */
static int seal(struct tape *tape, cordage_error *error)
{
    int err;

    if (!tape->recorder)
        return 0;
    err = recorder_end(tape->recorder, error);
    recorder_written(tape->recorder, &tape->n, &tape->ms);
    recorder_close(tape->recorder, NULL);
    tape->recorder = NULL;
    if (tape->n == 0)
        unlink(tape->path);
    return err;
}

static void failed(struct tapes *t, struct tape *tape, const cordage_error *error)
{
    fprintf(stderr, "cordage record: %s\n", error->message);
    t->failed = true;
    seal(tape, NULL);
}

static int make_file(struct tapes *t, struct tape *tape, uint32_t intents,
                     cordage_error *error)
{
    const struct recording_head head = { tape->shard_id, tape->shard_count, intents,
                                         t->host->wall(t->host) };
    int n;

    if (tape->shard_count == 1)
        n = snprintf(tape->path, sizeof tape->path, "%s", t->path);
    else
        n = snprintf(tape->path, sizeof tape->path, "%s-%u-%u", t->path, tape->shard_id,
                     tape->shard_count);
    if ((size_t)n >= sizeof tape->path)
        return error_set(error, CORDAGE_EINVAL, "the file's name is too long");
    return recorder_open(tape->path, &head, &tape->recorder, error);
}

struct tape *tapes_of_shard(struct tapes *t, uint32_t shard_id, uint32_t shard_count,
                            uint32_t intents)
{
    struct tape **bigger, *tape;
    cordage_error error;

    for (size_t i = 0; i < t->n; i++)
        if (t->list[i]->shard_id == shard_id && t->list[i]->shard_count == shard_count)
            return t->list[i];
    bigger = realloc(t->list, (t->n + 1) * sizeof *bigger);
    if (!bigger)
        return NULL;
    t->list = bigger;
    tape = mem_zero(sizeof *tape);
    if (!tape)
        return NULL;
    tape->shard_id = shard_id;
    tape->shard_count = shard_count;
    t->list[t->n++] = tape;
    if (make_file(t, tape, intents, &error))
        failed(t, tape, &error);
    return tape;
}

struct tape *tapes_of_session(const struct tapes *t, struct str session_id)
{
    for (size_t i = 0; i < t->n; i++)
        if (session_id.n && str_is(session_id, t->list[i]->session))
            return t->list[i];
    return NULL;
}

static void note_session(struct tape *tape, struct str payload)
{
    struct str id = json_text(json_text(payload, "d"), "session_id");

    tape->seq = 0;
    tape->session[0] = '\0';
    if (id.n > 2 && id.n - 2 < sizeof tape->session) {
        memcpy(tape->session, id.p + 1, id.n - 2);
        tape->session[id.n - 2] = '\0';
    }
}

void tape_take(struct tapes *t, struct tape *tape, const struct envelope *e,
               struct str payload)
{
    uint64_t now = t->host->now(t->host);
    cordage_error error;
    int err;

    if (str_is(e->name, "READY"))
        note_session(tape, payload);
    if (e->has_seq && e->seq <= tape->seq)
        return;
    tape->seq = e->has_seq ? e->seq : tape->seq;
    if (!tape->recorder || str_is(e->name, "RESUMED"))
        return;
    if (tape->n == 0)
        tape->began_at = now;
    err = recorder_add(tape->recorder, now - tape->began_at, payload, &error);
    if (err == CORDAGE_EPARSE)
        return;
    if (err) {
        failed(t, tape, &error);
        return;
    }
    tape->n++;
    tape->ms = now - tape->began_at;
}

void tapes_flush(struct tapes *t)
{
    uint64_t now = t->host->now(t->host);
    cordage_error error;

    for (size_t i = 0; i < t->n; i++) {
        struct tape *tape = t->list[i];

        if (tape->recorder && tape->n &&
            recorder_flush(tape->recorder, now - tape->began_at, &error))
            failed(t, tape, &error);
    }
}

void tapes_close(struct tapes *t)
{
    cordage_error error;

    for (size_t i = 0; i < t->n; i++)
        if (seal(t->list[i], &error))
            failed(t, t->list[i], &error);
}

void tapes_release(struct tapes *t)
{
    for (size_t i = 0; i < t->n; i++)
        free(t->list[i]);
    free(t->list);
}
