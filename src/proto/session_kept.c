/* What a session is resumed with: from its READY, or from the process before this one. */
#include "session_private.h"

#include <string.h>

#include "error.h"

/* The token follows the resume URL: it may not lead out of TLS, nor in plain text from
 * this machine to another, nor away from Discord. */
static bool is_fit_to_resume(const struct session *s, const struct url *u)
{
    if (!u->tls &&
        (s->gateway.tls || (url_is_loopback(&s->gateway) && !url_is_loopback(u))))
        return false;
    return !url_is_under(&s->gateway, "discord.gg") || url_is_under(u, "discord.gg");
}

bool session_keep(struct session *s, struct str id, struct str url, uint64_t seq)
{
    if (id.n == 0 || id.n > LIMIT_SESSION_ID)
        return false;
    s->kept = (struct session_kept){ .n_id = id.n, .seq = seq };
    memcpy(s->kept.id, id.p, id.n);
    s->kept.has_resume_url =
        url_gateway(url, s->gateway.query, &s->kept.resume_url, NULL) == 0 &&
        is_fit_to_resume(s, &s->kept.resume_url);
    if (s->config.has_store)
        s->safe = seq;
    return true;
}

void session_forget(struct session *s)
{
    s->kept = (struct session_kept){ 0 };
    s->safe = s->config.has_store ? 0 : UINT64_MAX;
}

int session_restore(struct session *s, const struct session_legacy *legacy, uint64_t now)
{
    s->now = now;
    if (s->state != SESSION_IDLE || session_exists(s))
        return CORDAGE_ESTATE;
    if (!session_keep(s, legacy->id, legacy->resume_url, legacy->seq))
        return CORDAGE_EINVAL;
    if (s->in.idle.asked) {
        s->pending_n = 0; /* the question that session_init asked, and nothing else */
        session_ask_to_dial(s);
    }
    return 0;
}

int session_restore_guild(struct session *s, uint64_t id, enum guild_state state)
{
    int err = guilds_restore(&s->guilds, id, state);

    s->guilds_expected = guilds_loading(&s->guilds);
    return err;
}

void session_set_safe(struct session *s, uint64_t seq)
{
    if (s->config.has_store && session_exists(s) && seq > s->safe)
        s->safe = seq;
}

uint64_t session_acknowledges(const struct session *s)
{
    return s->safe < s->kept.seq ? s->safe : s->kept.seq;
}
