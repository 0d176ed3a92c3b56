/* dial.h - from a name and a port to a connected socket.
 *
 * Happy path: the name is looked up, its first address is connected to, and where there
 * is a proxy, that is asked to CONNECT further. An address that refuses, or that says
 * nothing for 2.5 s, is followed by the next one; the last one's fault is reported. */
#ifndef NET_DIAL_H
#define NET_DIAL_H

#include "sock.h"

struct dial;

/* Ends the dial, exactly once, unless it is cancelled; never from inside a call. On
 * success the socket becomes the callback's, watched for nothing. `why` is static. */
typedef void (*dial_done)(void *user, struct sock *connected, int err, const char *why);

/* CORDAGE_ENOMEM, CORDAGE_ESYSTEM. The endpoint is borrowed for the call. */
int dial_new(struct loop *l, const struct endpoint *to, dial_done done, void *user,
             struct dial **out);
/* Nothing will be heard of it any more; `*d` becomes NULL. NULL in it is fine. */
void dial_cancel(struct dial **d);

/* Takes "http://host:port" apart (port 80 if there is none). CORDAGE_EINVAL with a
 * sentence for all else. */
int dial_read_proxy(const char *url, struct proxy *out, cordage_error *error);

#endif
