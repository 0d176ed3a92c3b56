#include "pass.h"

/* What a shard says, in the order in which the gate is told. */
enum {
    SAID_IDENTIFIED = 1 << 0,
    SAID_DIALLED = 1 << 1,
    SAID_DROP = 1 << 2,
    SAID_DIAL = 1 << 3,
    SAID_SLOT = 1 << 4,
    SAID_LIVE = 1 << 5,
};

enum {
    GRANTED_DIAL = 1 << 0,
    GRANTED_IDENTIFY = 1 << 1,
    TAKEN_BACK = 1 << 2, /* a slot was; the mail that brought it is still under way */
};

/* ---- From the shard to the gate --------------------------------------------- */

static void run_at_gate(struct mail *mail)
{
    struct pass *p = CONTAINER_OF(mail, struct pass, to_gate);
    struct gate *gate = *p->gate;
    unsigned said;
    bool resuming;

    pthread_mutex_lock(&p->lock);
    said = p->said;
    p->said = 0;
    resuming = p->resuming;
    if (said & SAID_DIAL)
        p->place_ask = p->ask;
    pthread_mutex_unlock(&p->lock);

    if (!gate)
        return;
    if (said & SAID_IDENTIFIED)
        gate_sent(gate, &p->place);
    if (said & SAID_DIALLED)
        gate_dialled(gate, &p->place);
    if (said & SAID_DROP)
        gate_cancel(gate, &p->place);
    if (said & SAID_DIAL)
        gate_ask(gate, &p->place, p->shard_id, p->shard_count, resuming);
    if (said & SAID_SLOT)
        gate_ready(gate, &p->place);
    if (said & SAID_LIVE)
        gate_proven(gate);
}

/* With the lock held. */
static void say(struct pass *p, unsigned what)
{
    if (!p->said)
        p->control->post(p->control, &p->to_gate);
    p->said |= what;
}

void pass_want_dial(struct pass *p, bool resuming)
{
    pthread_mutex_lock(&p->lock);
    p->ask++;
    p->resuming = resuming;
    say(p, SAID_DIAL);
    pthread_mutex_unlock(&p->lock);
}

void pass_drop(struct pass *p)
{
    pthread_mutex_lock(&p->lock);
    p->ask++;
    say(p, SAID_DROP);
    p->said &= ~(unsigned)(SAID_DIAL | SAID_SLOT);
    pthread_mutex_unlock(&p->lock);
}

static void say_alone(struct pass *p, unsigned what)
{
    pthread_mutex_lock(&p->lock);
    say(p, what);
    pthread_mutex_unlock(&p->lock);
}

void pass_dialled(struct pass *p)
{
    say_alone(p, SAID_DIALLED);
}

void pass_want_slot(struct pass *p)
{
    say_alone(p, SAID_SLOT);
}

void pass_identified(struct pass *p)
{
    say_alone(p, SAID_IDENTIFIED);
}

void pass_live(struct pass *p)
{
    say_alone(p, SAID_LIVE);
}

/* ---- From the gate to the shard ---------------------------------------------- */

static void run_at_home(struct mail *mail)
{
    struct pass *p = CONTAINER_OF(mail, struct pass, to_home);
    unsigned granted;

    pthread_mutex_lock(&p->lock);
    granted = p->answered == p->ask ? p->granted : 0;
    p->granted = 0;
    pthread_mutex_unlock(&p->lock);
    if (granted & GRANTED_DIAL)
        p->may_dial(p);
    if (granted & GRANTED_IDENTIFY)
        p->may_identify(p);
}

static void grant(struct gate_place *place, unsigned what)
{
    struct pass *p = CONTAINER_OF(place, struct pass, place);

    pthread_mutex_lock(&p->lock);
    if (!p->granted)
        p->home->post(p->home, &p->to_home);
    if (p->answered != p->place_ask)
        p->granted = 0;
    p->answered = p->place_ask;
    p->granted |= what;
    pthread_mutex_unlock(&p->lock);
}

static void grant_dial(struct gate_place *place)
{
    grant(place, GRANTED_DIAL);
}

static void grant_identify(struct gate_place *place)
{
    grant(place, GRANTED_IDENTIFY);
}

/* The shard's loop decides under the lock, too: an IDENTIFY that it has not begun by now
 * it will not send. */
static bool take_back(struct gate_place *place)
{
    struct pass *p = CONTAINER_OF(place, struct pass, place);
    bool in_time;

    pthread_mutex_lock(&p->lock);
    in_time = p->granted & GRANTED_IDENTIFY;
    if (in_time)
        p->granted = (p->granted & ~(unsigned)GRANTED_IDENTIFY) | TAKEN_BACK;
    pthread_mutex_unlock(&p->lock);
    return in_time;
}

/* ---- Both -------------------------------------------------------------------- */

void pass_init(struct pass *p)
{
    pthread_mutex_init(&p->lock, NULL);
    list_init(&p->to_gate.link);
    list_init(&p->to_home.link);
    p->to_gate.run = run_at_gate;
    p->to_home.run = run_at_home;
    p->place.may_dial = grant_dial;
    p->place.may_identify = grant_identify;
    p->place.take_back = take_back;
}

void pass_release(struct pass *p)
{
    pthread_mutex_destroy(&p->lock);
}
