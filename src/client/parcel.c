#include "parcel.h"

void parcel_init(struct parcel *p, cordage_client *c, enum parcel_kind kind,
                 uint64_t guild_id, void (*arrived)(struct parcel *p, int err))
{
    *p = (struct parcel){
        .client = c, .guild_id = guild_id, .kind = kind, .arrived = arrived
    };
    list_init(&p->mail.link);
    list_init(&p->link);
}

/* ---- To the shard ---------------------------------------------------------------- */

static int why_not(const struct crew_shard *s)
{
    return s->client->stopping ? CORDAGE_ECLOSED : CORDAGE_EMOVED;
}

/* On the shard's loop. */
static void run_at_shard(struct mail *mail)
{
    struct parcel *p = CONTAINER_OF(mail, struct parcel, mail);
    struct crew_shard *s = p->shard;
    bool in_transit = p->kind == PARCEL_COMMAND;

    p->arrived(p, s->on ? 0 : why_not(s));
    if (!in_transit)
        return;
    if (s->on)
        crew_shard_note(s);
    /* In this order, so that the sum of both is never less than there are. */
    pthread_mutex_lock(&s->lock);
    s->in_transit--;
    pthread_mutex_unlock(&s->lock);
}

/* Takes a place at the shard. */
static int admit(struct crew_shard *s, enum parcel_kind kind)
{
    int err = 0;

    pthread_mutex_lock(&s->lock);
    if (kind == PARCEL_ASK)
        err = s->n_asks >= LIMIT_GATHERS ? CORDAGE_EFULL : 0;
    else if (s->in_transit + s->in_outbox >= LIMIT_OUTBOX)
        err = CORDAGE_EFULL;
    if (!err && kind == PARCEL_ASK)
        s->n_asks++;
    else if (!err)
        s->in_transit++;
    pthread_mutex_unlock(&s->lock);
    return err;
}

/* With the client's lock held, and the crew up. On success it is under way. */
static int post_to_shard(struct parcel *p)
{
    struct crew *crew = &p->client->crew;
    struct crew_shard *s =
        crew_find(crew, shard_for_guild(p->guild_id, crew->range.count));
    int err;

    if (!s || !s->on)
        return CORDAGE_ENOTFOUND;
    err = admit(s, p->kind);
    if (err)
        return err;
    p->shard = s;
    p->mail.run = run_at_shard;
    s->loop->host->post(s->loop->host, &p->mail);
    return 0;
}

/* ---- Before there are shards ------------------------------------------------------- */

/* Whether the guild's shard may run here, as far as it is known yet. */
static bool may_run_here(const cordage_client *c, uint64_t guild_id)
{
    const struct settings *s = &c->settings;
    uint32_t id;

    if (c->crew_up)
        return crew_find(&c->crew, shard_for_guild(guild_id, c->crew.range.count));
    if (s->shards_auto)
        return true;
    id = shard_for_guild(guild_id, s->shard_count);
    return id >= s->shard_first && id <= s->shard_last;
}

static void send_early(struct parcel *p)
{
    cordage_client *c = p->client;
    int err;

    pthread_mutex_lock(&c->lock);
    c->n_early--;
    err = post_to_shard(p);
    pthread_mutex_unlock(&c->lock);
    if (err)
        p->arrived(p, err);
}

/* On the control loop. */
static void run_early(struct mail *mail)
{
    struct parcel *p = CONTAINER_OF(mail, struct parcel, mail);
    cordage_client *c = p->client;

    if (c->phase == CLIENT_RUNNING)
        send_early(p);
    else if (c->phase == CLIENT_ASKING)
        list_insert(&c->early, &p->link);
    else
        p->arrived(p, CORDAGE_ECLOSED);
}

void parcels_send_early(cordage_client *c)
{
    struct link *link;

    while ((link = list_pop(&c->early)))
        send_early(CONTAINER_OF(link, struct parcel, link));
}

void parcels_drop_early(cordage_client *c)
{
    struct link *link;

    while ((link = list_pop(&c->early))) {
        struct parcel *p = CONTAINER_OF(link, struct parcel, link);

        p->arrived(p, CORDAGE_ECLOSED);
    }
}

int parcel_submit(struct parcel *p)
{
    cordage_client *c = p->client;
    int err = 0;

    pthread_mutex_lock(&c->lock);
    if (c->phase >= CLIENT_STOPPING) {
        err = CORDAGE_ECLOSED;
    } else if (c->crew_up && c->n_early == 0) {
        err = post_to_shard(p);
    } else if (!may_run_here(c, p->guild_id)) {
        err = CORDAGE_ENOTFOUND;
    } else if (c->n_early >= LIMIT_OUTBOX) {
        err = CORDAGE_EFULL;
    } else {
        /* Also behind those that were early, until the last has gone: in order. */
        c->n_early++;
        p->mail.run = run_early;
        c->host->post(c->host, &p->mail);
    }
    pthread_mutex_unlock(&c->lock);
    return err;
}
