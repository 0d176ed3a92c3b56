/* What the owner asks of a shard. Each call ends with shard_leave_call. */
#include "shard_inner.h"

int shard_restore(struct shard *s, const struct session_legacy *legacy)
{
    int err = session_restore(&s->session, legacy, shard_now(s));

    shard_leave_call(s);
    return err;
}

int shard_restore_guild(struct shard *s, uint64_t id, enum guild_state state)
{
    return session_restore_guild(&s->session, id, state);
}

void shard_start(struct shard *s)
{
    s->started = true;
    shard_leave_call(s);
}

void shard_dial(struct shard *s)
{
    s->handshaking = true;
    if (!s->asked) {
        shard_note_dialled(s); /* the permit came too late, and is given back */
    } else {
        s->asked = false;
        s->dial_waits = true;
        if (s->line.state == LINE_IDLE)
            shard_dial_now(s);
    }
    shard_leave_call(s);
}

void shard_identify(struct shard *s)
{
    session_identify(&s->session, shard_now(s));
    shard_leave_call(s);
}

void shard_go_on(struct shard *s)
{
    s->go_on = s->full;
    shard_leave_call(s);
}

void shard_undeliver(struct shard *s)
{
    s->events--;
    session_undeliver(&s->session, shard_now(s));
    shard_leave_call(s);
}

void shard_kick(struct shard *s, bool identify)
{
    if (s->stopping)
        return;
    if (identify && s->dial_waits)
        shard_note_dialled(s); /* the permit was for a resume, and is given back */
    session_kick(&s->session, identify, shard_now(s));
    shard_leave_call(s);
}

const struct session_kept *shard_kept(const struct shard *s)
{
    return &s->session.kept;
}

void shard_set_safe(struct shard *s, uint64_t seq)
{
    session_set_safe(&s->session, seq);
}

int shard_command(struct shard *s, enum pace_kind kind, uint64_t tag, struct str payload)
{
    int err = session_command(&s->session, kind, tag, payload, shard_now(s));

    shard_leave_call(s);
    return err;
}

int shard_set_presence(struct shard *s, struct str presence)
{
    int err = session_set_presence(&s->session, presence);

    shard_leave_call(s);
    return err;
}

int shard_set_gateway(struct shard *s, const char *url)
{
    int err = session_set_gateway(&s->session, url);

    shard_leave_call(s);
    return err;
}

void shard_stop(struct shard *s, bool keep)
{
    if (s->stopping)
        return;
    s->started = s->stopping = true;
    shard_note_dialled(s);
    if (s->asked || s->dial_waits)
        shard_note_drop(s);
    session_stop(&s->session, keep, shard_now(s));
    shard_leave_call(s);
}

void shard_status(const struct shard *s, struct shard_status *out)
{
    const struct guilds *guilds = &s->session.guilds;

    *out = (struct shard_status){
        .state = s->session.state,
        .stats = s->session.stats,
        .guilds = guilds_count(guilds),
        .guilds_available = guilds->n_available,
        .guilds_loading = guilds_loading(guilds),
        .paused = s->full,
        .commands = s->session.outbox.n,
        .events = s->events,
        .stalls = s->stalls,
    };
}

uint32_t shard_id(const struct shard *s)
{
    return s->session.config.shard_id;
}

uint32_t shard_count(const struct shard *s)
{
    return s->session.config.shard_count;
}
