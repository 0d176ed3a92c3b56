#include "commands.h"

#include <string.h>

#include "notices.h"
#include "payload.h"

enum {
    ACTIVITY_MAX = 128, /* characters that Discord shows */
    ACTIVITY_CUSTOM = 4,
    ACTIVITY_LAST = 5
};

/* One payload on its way to one shard. */
struct command {
    struct mail mail; /* to the control loop, then to the shard's */
    struct link link; /* on client.early */
    cordage_client *client;
    uint64_t guild_id; /* says which shard, once the count is known */
    struct crew_shard *shard;
    struct buf payload;
};

static struct command *command_new(cordage_client *c, uint64_t guild_id)
{
    struct command *m = mem_zero(sizeof *m);

    if (m) {
        m->client = c;
        m->guild_id = guild_id;
        list_init(&m->mail.link);
        list_init(&m->link);
    }
    return m;
}

static void free_command(struct command *m)
{
    buf_release(&m->payload);
    free(m);
}

static void report_dropped(cordage_client *c, uint64_t guild_id, int err)
{
    client_warn(c, err, "guild=%llu a command was dropped: %s",
                (unsigned long long)guild_id, cordage_strerror(err));
}

/* ---- To the shard ------------------------------------------------------------------ */

/* On the shard's loop. */
static void run_at_shard(struct mail *mail)
{
    struct command *m = CONTAINER_OF(mail, struct command, mail);
    struct crew_shard *s = m->shard;
    int err = CORDAGE_ECLOSED;

    if (s->shard) {
        err = shard_command(s->shard, PACE_COMMAND, 0, buf_str(&m->payload));
        crew_shard_note(s);
    }
    /* In this order, so that the sum of both is never less than there are. */
    pthread_mutex_lock(&s->lock);
    s->in_transit--;
    pthread_mutex_unlock(&s->lock);
    if (err)
        report_dropped(m->client, m->guild_id, err);
    free_command(m);
}

/* With the client's lock held, and the crew up. On success the command is under way. */
static int post_to_shard(struct command *m)
{
    struct crew *crew = &m->client->crew;
    struct crew_shard *s =
        crew_find(crew, shard_for_guild(m->guild_id, crew->range.count));
    int err = 0;

    if (!s)
        return CORDAGE_ENOTFOUND;
    pthread_mutex_lock(&s->lock);
    if (s->in_transit + s->in_outbox >= LIMIT_OUTBOX)
        err = CORDAGE_EFULL;
    else
        s->in_transit++;
    pthread_mutex_unlock(&s->lock);
    if (err)
        return err;
    m->shard = s;
    m->mail.run = run_at_shard;
    s->loop->host->post(s->loop->host, &m->mail);
    return 0;
}

/* ---- Before there are shards ---------------------------------------------------------
 */

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

static void send_early(struct command *m)
{
    cordage_client *c = m->client;
    int err;

    pthread_mutex_lock(&c->lock);
    c->n_early--;
    err = post_to_shard(m);
    pthread_mutex_unlock(&c->lock);
    if (err) {
        report_dropped(c, m->guild_id, err);
        free_command(m);
    }
}

/* On the control loop. */
static void run_early(struct mail *mail)
{
    struct command *m = CONTAINER_OF(mail, struct command, mail);
    cordage_client *c = m->client;

    if (c->phase == CLIENT_RUNNING)
        send_early(m);
    else if (c->phase == CLIENT_ASKING)
        list_insert(&c->early, &m->link);
    else
        free_command(m);
}

void commands_send_early(cordage_client *c)
{
    struct link *link;

    while ((link = list_pop(&c->early)))
        send_early(CONTAINER_OF(link, struct command, link));
}

void commands_drop_early(cordage_client *c)
{
    struct link *link;

    while ((link = list_pop(&c->early)))
        free_command(CONTAINER_OF(link, struct command, link));
}

/* Takes the command over, whatever comes of it. */
static int submit(struct command *m)
{
    cordage_client *c = m->client;
    int err = 0;

    pthread_mutex_lock(&c->lock);
    if (c->phase >= CLIENT_STOPPING) {
        err = CORDAGE_ECLOSED;
    } else if (c->crew_up && c->n_early == 0) {
        err = post_to_shard(m);
    } else if (!may_run_here(c, m->guild_id)) {
        err = CORDAGE_ENOTFOUND;
    } else if (c->n_early >= LIMIT_OUTBOX) {
        err = CORDAGE_EFULL;
    } else {
        /* Also behind those that were early, until the last has gone: in order. */
        c->n_early++;
        m->mail.run = run_early;
        c->host->post(c->host, &m->mail);
    }
    pthread_mutex_unlock(&c->lock);
    if (err)
        free_command(m);
    return err;
}

/* ---- The commands
 * ---------------------------------------------------------------------- */

int cordage_update_voice_state(cordage_client *c, cordage_id guild_id,
                               cordage_id channel_id, bool self_mute, bool self_deaf)
{
    struct command *m;
    int err;

    if (!guild_id)
        return CORDAGE_EINVAL;
    m = command_new(c, guild_id);
    if (!m)
        return CORDAGE_ENOMEM;
    err = payload_voice_state(&m->payload, guild_id, channel_id, self_mute, self_deaf);
    if (err) {
        free_command(m);
        return err;
    }
    return submit(m);
}

static bool is_askable(const cordage_members_request *r)
{
    if (!r->guild_id || (r->nonce && strlen(r->nonce) > GATEWAY_NONCE_MAX))
        return false;
    if (r->query)
        return r->n_user_ids == 0 && (r->limit > 0 || r->query[0] == '\0');
    return r->user_ids && r->n_user_ids > 0 && r->n_user_ids <= GATEWAY_MEMBERS_USER_IDS;
}

int cordage_request_guild_members(cordage_client *c,
                                  const cordage_members_request *request)
{
    struct members_fields fields = {
        .guild_id = request->guild_id,
        .query = request->query,
        .limit = request->limit,
        .presences = request->presences,
        .user_ids = request->user_ids,
        .n_user_ids = request->n_user_ids,
        .nonce = request->nonce,
    };
    struct command *m;
    int err;

    if (!is_askable(request))
        return CORDAGE_EINVAL;
    m = command_new(c, request->guild_id);
    if (!m)
        return CORDAGE_ENOMEM;
    err = payload_request_members(&m->payload, &fields);
    if (err) {
        free_command(m);
        /* A query that makes the payload longer than Discord takes. */
        return err == CORDAGE_ELIMIT ? CORDAGE_EINVAL : err;
    }
    return submit(m);
}

/* ---- The presence
 * ------------------------------------------------------------------------ */

static bool is_status(const char *status)
{
    static const char *const all[] = { "online", "idle", "dnd", "invisible" };

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (strcmp(status, all[i]) == 0)
            return true;
    return false;
}

static int write_presence(struct buf *out, const char *status, int type,
                          const char *activity)
{
    struct presence_fields fields = {
        .status = status,
        .activity_type = type,
        .activity_name = activity,
    };

    /* A custom status shows its state; a name it must have all the same. */
    if (activity && type == ACTIVITY_CUSTOM) {
        fields.activity_name = "Custom Status";
        fields.activity_state = activity;
    }
    return payload_presence_object(out, &fields);
}

int commands_first_presence(cordage_client *c)
{
    if (!c->settings.activity)
        return 0;
    return write_presence(&c->presence, NULL, 0, c->settings.activity);
}

int cordage_update_presence(cordage_client *c, const char *status, int type,
                            const char *activity)
{
    struct buf presence = { 0 };
    int err = 0;

    if ((status && !is_status(status)) || type < 0 || type > ACTIVITY_LAST ||
        (activity && str_characters(str_of(activity)) > ACTIVITY_MAX))
        return CORDAGE_EINVAL;
    err = write_presence(&presence, status, type, activity);
    if (!err) {
        struct buf old;

        pthread_mutex_lock(&c->lock);
        old = c->presence;
        c->presence = presence;
        presence = old;
        if (c->phase >= CLIENT_STOPPING)
            err = CORDAGE_ECLOSED;
        else if (c->crew_up)
            crew_new_presence(c);
        pthread_mutex_unlock(&c->lock);
    }
    buf_release(&presence);
    return err;
}
