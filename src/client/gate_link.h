/* gate_link.h - the gate of a worker: who may identify is the supervisor's to say.
 *
 * Resumes are decided here, by a gate of this process with its share of the handshakes.
 * Each fresh start is an ask with a number of its own: ASK, MAY_DIAL, READY (only behind
 * MAY_DIAL), MAY_IDENTIFY, SENT, and CANCEL in anywhere. What is answered to a number
 * that is not asked any more is passed over.
 *
 * When the link is lost nobody is told anything until it stands again, and then all who
 * wait are asked for anew, in their old order. A slot that was granted and has not been
 * used is taken back: the shard, which still waits with its connection open, is ready
 * again. So no IDENTIFY leaves without a grant of the present link.
 *
 * gate_free cancels what is asked, so that no other worker waits for it.
 *
 * It knows no link: what it has to say leaves by `send`. [control] */
#ifndef CLIENT_GATE_LINK_H
#define CLIENT_GATE_LINK_H

#include "gate.h"
#include "message.h"

struct gate_mouth {
    /* Called only while the link stands; must not call the gate. */
    void (*send)(void *user, enum link_type type, const struct link_slot *slot);
    void *user;
};

/* The link does not stand yet. CORDAGE_ENOMEM. gate_free frees it. */
int gate_link_new(struct host *host, const struct gate_mouth *mouth, struct gate **out);

/* The functions below take no other gate. */

/* The link stands, and the supervisor has said how many resumes may dial at one time. */
void gate_link_up(struct gate *g, uint32_t handshakes);
void gate_link_down(struct gate *g);
/* MAY_DIAL or MAY_IDENTIFY came. The place is told from inside this call. */
void gate_link_answer(struct gate *g, enum link_type type, const struct link_slot *slot);

#endif
