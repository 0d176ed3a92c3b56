#include "commands.h"

#include <string.h>

#include "asks.h"
#include "notices.h"
#include "parcel.h"
#include "payload.h"

enum {
    ACTIVITY_MAX = 128, /* characters that Discord shows */
    ACTIVITY_CUSTOM = 4,
    ACTIVITY_LAST = 5
};

/* ---- Voice states ------------------------------------------------------------- */

struct voice_command {
    struct parcel parcel;
    struct voice_wish wish;
};

static void report(cordage_client *c, uint64_t guild_id, int err)
{
    client_warn(c, err, "guild=%llu a voice state was not sent: %s",
                (unsigned long long)guild_id, cordage_strerror(err));
}

static int send_voice(struct crew_shard *s, const struct voice_wish *w)
{
    struct buf payload = { 0 };
    int err = payload_voice_state(&payload, w->guild_id, w->channel_id, w->mute, w->deaf);

    if (!err)
        err = shard_command(s->shard, PACE_VOICE, w->guild_id, buf_str(&payload));
    buf_release(&payload);
    return err;
}

static void voice_arrived(struct parcel *p, int err)
{
    struct voice_command *m = CONTAINER_OF(p, struct voice_command, parcel);
    const struct voice_wish *w = &m->wish;
    struct crew_shard *s = p->shard;

    /* First written down, since it may leave at once. */
    if (!err)
        err = voice_book_wish(&s->voice, w->guild_id, w->channel_id, w->mute, w->deaf);
    if (!err)
        err = send_voice(s, w);
    if (err && s)
        voice_book_sent(&s->voice, w->guild_id, false);
    if (err && err != CORDAGE_ECLOSED && err != CORDAGE_EMOVED)
        report(p->client, w->guild_id, err);
    free(m);
}

int cordage_update_voice_state(cordage_client *c, cordage_id guild_id,
                               cordage_id channel_id, bool self_mute, bool self_deaf)
{
    struct voice_command *m;
    int err;

    if (!guild_id)
        return CORDAGE_EINVAL;
    m = mem_zero(sizeof *m);
    if (!m)
        return CORDAGE_ENOMEM;
    m->wish = (struct voice_wish){ .guild_id = guild_id,
                                   .channel_id = channel_id,
                                   .mute = self_mute,
                                   .deaf = self_deaf };
    parcel_init(&m->parcel, c, PARCEL_COMMAND, guild_id, voice_arrived);
    err = parcel_submit(&m->parcel);
    if (err)
        free(m);
    return err;
}

/* The bot is in no channel any more: it goes back to where it was. */
static void join_again(struct crew_shard *s)
{
    struct voice_wish *w = NULL;

    while ((w = voice_book_again(&s->voice, w))) {
        int err = send_voice(s, w);

        if (err)
            report(s->client, w->guild_id, err);
    }
}

static void look_at_voice(struct crew_shard *s, cordage_json d)
{
    uint64_t user_id = 0, guild_id = 0, channel_id = 0;

    json_id(json_get(d, "user_id"), &user_id);
    json_id(json_get(d, "guild_id"), &guild_id);
    json_id(json_get(d, "channel_id"), &channel_id);
    if (user_id && user_id == s->client->user_id)
        voice_book_seen(&s->voice, guild_id, channel_id);
}

/* ---- At the shard ----------------------------------------------------------------- */

void commands_init(struct crew_shard *s)
{
    asks_init(s);
    voice_book_init(&s->voice);
}

void commands_release(struct crew_shard *s)
{
    asks_release(s);
    voice_book_release(&s->voice);
}

bool commands_want(const struct crew_shard *s, cordage_event_type type)
{
    if (type == CORDAGE_EVENT_VOICE_STATE_UPDATE || type == CORDAGE_EVENT_GUILD_DELETE)
        return !voice_book_is_empty(&s->voice);
    return type == CORDAGE_EVENT_READY || asks_want(s, type);
}

bool commands_take(struct crew_shard *s, cordage_event_type type, cordage_json body,
                   struct str payload)
{
    bool unavailable = false;
    uint64_t guild_id = 0;

    switch (type) {
    case CORDAGE_EVENT_READY:
        asks_new_session(s);
        join_again(s);
        return true;
    case CORDAGE_EVENT_VOICE_STATE_UPDATE:
        look_at_voice(s, body);
        return true;
    case CORDAGE_EVENT_GUILD_DELETE:
        json_id(json_get(body, "id"), &guild_id);
        if (!json_bool(json_get(body, "unavailable"), &unavailable) || !unavailable)
            voice_book_forget(&s->voice, guild_id);
        return true;
    default:
        return asks_take(s, type, body, payload);
    }
}

void commands_sent(struct crew_shard *s, const struct outbox_label *label, bool sent)
{
    if (label->kind == PACE_COMMAND) {
        asks_sent(s, label->tag, sent);
        return;
    }
    voice_book_sent(&s->voice, label->tag, sent);
    if (!sent)
        report(s->client, label->tag, CORDAGE_ETIMEOUT);
}

void commands_end(struct crew_shard *s)
{
    asks_end(s);
}

void commands_rest(struct crew_shard *s)
{
    s->asks.ended = false;
    voice_book_release(&s->voice);
    voice_book_init(&s->voice);
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
