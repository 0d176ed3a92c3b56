/* session_private.h - what the session's own files know of each other.
 *
 * session.c has the calls from outside, the states and the actions; session_feed.c
 * reads payloads; session_kept.c knows what a session is resumed with; session_beat.c
 * keeps the heart beating; session_close.c knows what each way of losing a connection
 * means. */
#ifndef PROTO_SESSION_PRIVATE_H
#define PROTO_SESSION_PRIVATE_H

#include "session.h"

/* The close code of our own that keeps a session: anything but 1000 and 1001. */
enum { CLOSE_TO_RESUME = CLOSE_UNKNOWN_ERROR };

/* session.c */

/* The only place that writes s->state. */
void session_enter(struct session *s, enum session_state next, uint64_t now);
void session_push(struct session *s, enum session_action_type type, int detail);
/* The payload in `scratch` is to be sent now. */
void session_push_send(struct session *s, enum gateway_op op);
static inline bool session_exists(const struct session *s)
{
    return s->kept.n_id > 0;
}
/* A socket is open, and HELLO may be expected or has come. */
static inline bool session_is_open(const struct session *s)
{
    return s->state != SESSION_IDLE && s->state != SESSION_CONNECT &&
           s->state != SESSION_DEAD;
}
/* READY's time is past patience, if nothing more is heard, from `now` on. */
void session_be_patient(struct session *s, uint64_t more_ms, uint64_t now);
/* Asks for leave to dial: a resume if there is a session. */
void session_ask_to_dial(struct session *s);
/* A guild came, or LIVE began: waits for the others from `now` on. Says GUILDS_IN once
 * there are none to wait for. */
void session_guilds_moved(struct session *s, uint64_t now);

/* session_kept.c */

/* READY has brought a session; `url` is where to resume it. False: its id is of no use.
 */
bool session_keep(struct session *s, struct str id, struct str url, uint64_t seq);
/* There is no session any more. */
void session_forget(struct session *s);
/* The sequence that a heartbeat says. */
uint64_t session_acknowledges(const struct session *s);

/* session_beat.c */

/* HELLO was read. */
void session_beat_start(struct session *s, uint64_t interval_ms, uint64_t now);
/* Sends what is due; loses the connection if the last one was never acknowledged. */
void session_beat_tick(struct session *s, uint64_t now);
void session_beat_asked(struct session *s, uint64_t now);        /* op 1 */
void session_beat_acknowledged(struct session *s, uint64_t now); /* op 11 */
/* Whatever is missing so far is excused. */
void session_beat_excuse(struct session *s);

/* session_close.c */

/* How a connection ended. */
struct loss {
    bool close;       /* it is still open: close it, with CLOSE_TO_RESUME... */
    bool end;         /* ...or so that Discord ends the session, too */
    bool calm;        /* an orderly goodbye: come back within a second */
    bool refused;     /* the peer closed with a code: it knows what it does */
    bool forget;      /* the session is no more */
    uint64_t wait_ms; /* stay away for as long as this at least */
};
/* Any state with a connection, or on the way to one; leads to IDLE. */
void session_lose(struct session *s, struct loss how, uint64_t now);
/* How long to wait after op 9: a random 1 to 5 s. */
uint64_t session_invalid_wait_ms(struct session *s);

#endif
