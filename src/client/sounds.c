/* Sounds of guilds, which may be on many shards, and information on channels.
 *
 * A request for sounds becomes one question for each shard, or a few where a shard has
 * more guilds than fit into a payload; whichever is over last gives the answer. */
#include <stdio.h>
#include <string.h>

#include "asks.h"

struct sounds {
    struct answer answer;
    struct mail mail;     /* gives the answer where no shard does */
    struct link parts;    /* that have not been submitted, by parcel.link */
    pthread_mutex_t lock; /* of what follows */
    unsigned n_left;
    struct buf bodies;
    int err;
    char why[160];
};

struct part {
    struct ask ask; /* the first member: freed with it */
    struct sounds *whole;
};

static struct part *part_of(struct link *link)
{
    return CONTAINER_OF(link, struct part, ask.parcel.link);
}

static void release_sounds(struct answer *a)
{
    struct sounds *w = CONTAINER_OF(a, struct sounds, answer);
    struct link *link;

    while ((link = list_pop(&w->parts)))
        ask_free(&part_of(link)->ask);
    buf_release(&w->answer.body);
    buf_release(&w->bodies);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

/* ---- The answer ------------------------------------------------------------------ */

static void give(struct sounds *w, struct crew_shard *s)
{
    int err = buf_printf(&w->answer.body, "[");

    if (!err)
        err = buf_append_str(&w->answer.body, buf_str(&w->bodies));
    if (!err)
        err = buf_append_z(&w->answer.body, "]");
    buf_release(&w->bodies);
    if (err)
        buf_clear(&w->answer.body);
    if (w->err || err)
        answer_fail(&w->answer, w->err ? w->err : err, w->err ? w->why : "");
    answer_give(&w->answer, s ? &s->lanes : NULL);
}

static void run_give(struct mail *mail)
{
    give(CONTAINER_OF(mail, struct sounds, mail), NULL);
}

/* True: that was the last. */
static bool take_part(struct sounds *w, struct gather *g, int err, const char *why)
{
    bool last;
    int no_memory;

    pthread_mutex_lock(&w->lock);
    no_memory = gather_result(g, &w->bodies);
    if (!err && no_memory) {
        err = no_memory;
        why = "There is no memory for the answer.";
    }
    if (err && !w->err) {
        w->err = err;
        snprintf(w->why, sizeof w->why, "%s", why);
    }
    last = --w->n_left == 0;
    pthread_mutex_unlock(&w->lock);
    return last;
}

static void part_over(struct ask *a, struct crew_shard *s)
{
    struct sounds *w = CONTAINER_OF(a, struct part, ask)->whole;
    bool last = take_part(w, &a->gather, a->gather.err, a->gather.why);

    ask_free(a);
    if (last)
        give(w, s);
}

/* ---- The question -------------------------------------------------------------------
 */

static int add_part(struct sounds *w, const uint64_t *ids, size_t n)
{
    struct part *p = mem_zero(sizeof *p);
    int err;

    if (!p)
        return CORDAGE_ENOMEM;
    ask_init(&p->ask, w->answer.client, ids[0], NULL, NULL);
    p->ask.over = part_over;
    p->whole = w;
    err = gather_init_sounds(&p->ask.gather, ids, n);
    if (err) {
        ask_free(&p->ask);
        return err;
    }
    list_insert(&w->parts, &p->ask.parcel.link);
    w->n_left++;
    return 0;
}

static int by_shard(const void *a, const void *b, void *count)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    uint32_t n = *(const uint32_t *)count;
    uint32_t x_shard = shard_for_guild(x, n), y_shard = shard_for_guild(y, n);

    if (x_shard != y_shard)
        return x_shard < y_shard ? -1 : 1;
    return x < y ? -1 : x > y;
}

/* How many of the sorted `ids`, from the first on, make one question. */
static size_t run_of(const uint64_t *ids, size_t n, uint32_t count)
{
    size_t i = 1;

    while (i < n && i < GATHER_GUILDS_MAX &&
           shard_for_guild(ids[i], count) == shard_for_guild(ids[0], count))
        i++;
    return i;
}

/* `ids` is a copy, which this sorts. */
static int add_parts(struct sounds *w, uint64_t *ids, size_t n)
{
    const struct crew *crew = &w->answer.client->crew;
    uint32_t count = crew->range.count;
    size_t n_once = 0, run;

    qsort_r(ids, n, sizeof *ids, by_shard, &count);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || ids[i] != ids[i - 1])
            ids[n_once++] = ids[i];
    for (size_t i = 0; i < n_once; i += run) {
        int err;

        run = run_of(ids + i, n_once - i, count);
        if (!crew_find(crew, shard_for_guild(ids[i], count)))
            return CORDAGE_ENOTFOUND;
        err = add_part(w, ids + i, run);
        if (err)
            return err;
    }
    return 0;
}

/* Until all are on their way the submitter is one of those that are waited for. */
static int submit(struct answer *a)
{
    struct sounds *w = CONTAINER_OF(a, struct sounds, answer);
    cordage_client *c = a->client;
    struct gather nothing = { .kind = GATHER_SOUNDS };
    unsigned n_under_way = 0;
    struct link *link;
    int err = 0;

    w->n_left++;
    while ((link = list_pop(&w->parts))) {
        struct part *p = part_of(link);

        err = parcel_submit(&p->ask.parcel);
        if (!err) {
            n_under_way++;
            continue;
        }
        take_part(w, &p->ask.gather, err, cordage_strerror(err));
        ask_free(&p->ask);
    }
    if (n_under_way == 0)
        return err;
    if (take_part(w, &nothing, 0, ""))
        c->host->post(c->host, &w->mail);
    return 0;
}

static int make(struct sounds *w, const cordage_id *guild_ids, size_t n)
{
    uint64_t *ids = malloc(n * sizeof *ids);
    int err;

    if (!ids)
        return CORDAGE_ENOMEM;
    memcpy(ids, guild_ids, n * sizeof *ids);
    err = add_parts(w, ids, n);
    free(ids);
    return err;
}

int cordage_request_soundboard_sounds(cordage_client *c, const cordage_id *guild_ids,
                                      size_t n, cordage_result_fn done, void *user)
{
    struct sounds *w;
    int err;

    if (!guild_ids || n == 0 || n > LIMIT_GUILDS)
        return answer_refuse(done, user, CORDAGE_EINVAL);
    for (size_t i = 0; i < n; i++)
        if (!guild_ids[i])
            return answer_refuse(done, user, CORDAGE_EINVAL);
    if (!c->has_crew)
        return answer_refuse(done, user, CORDAGE_ESTATE);
    w = mem_zero(sizeof *w);
    if (!w)
        return answer_refuse(done, user, CORDAGE_ENOMEM);
    answer_init(&w->answer, c, done, user, guild_ids[0], release_sounds);
    pthread_mutex_init(&w->lock, NULL);
    list_init(&w->parts);
    list_init(&w->mail.link);
    w->mail.run = run_give;
    err = make(w, guild_ids, n);
    if (!err)
        return answer_ask(&w->answer, submit);
    release_sounds(&w->answer);
    return answer_refuse(done, user, err);
}

/* ---- Channel information ----------------------------------------------------------- */

int cordage_request_channel_info(cordage_client *c, cordage_id guild_id,
                                 cordage_result_fn done, void *user)
{
    struct ask *a;
    int err;

    if (!guild_id)
        return answer_refuse(done, user, CORDAGE_EINVAL);
    a = mem_zero(sizeof *a);
    if (!a)
        return answer_refuse(done, user, CORDAGE_ENOMEM);
    ask_init(a, c, guild_id, done, user);
    err = gather_init_channels(&a->gather, guild_id);
    if (!err)
        return ask_submit(a);
    ask_free(a);
    return answer_refuse(done, user, err);
}
