/* loop.h - the host on Linux: one libuv loop with timers, TLS connections, a mailbox.
 *
 * A loop belongs to the thread that runs it. It owns one buffer that all its
 * connections read through. Fills base/host.h. */
#ifndef NET_LOOP_H
#define NET_LOOP_H

#include <uv.h>

#include "host.h"
#include "tls.h"

struct loop;

struct loop_options {
    struct tls_client *tls; /* for dialling; borrowed; NULL: no TLS connections */
    struct log log;
    double speed;      /* of its clock, for tests: 1, or 20 for twenty times; 0: 1.
                          The wall clock, and the deadlines of connecting and
                          closing, stay real. Loops of equal speed agree on `now`,
                          in one process or in several. */
    const char *proxy; /* "http://host:port" to CONNECT through, or NULL; copied */
};

/* Errors: CORDAGE_EINVAL for the proxy, else what the system lacks. */

int loop_new(const struct loop_options *options, struct loop **out, cordage_error *error);
/* Not while it runs. What is still connected is dropped, with `closed` called, and mail
 * that waits is run. Listeners, and all that others put on its uv loop, must be gone.
 * Waits for a lookup of a name that the system has begun. NULL is fine. */
void loop_free(struct loop *l);
struct host *loop_host(struct loop *l);
/* What may wait to be written to one connection, in place of LIMIT_WRITE_QUEUE. [loop] */
void loop_set_write_limit(struct host *h, struct wire *w, size_t limit);
/* For libraries that bring their own sockets (libcurl, libmicrohttpd). [loop] */
uv_loop_t *loop_uv(struct loop *l);
/* Runs until loop_stop. [its thread] */
int loop_run(struct loop *l);
/* [any thread] */
void loop_stop(struct loop *l);
/* Somebody else's code has run on it and may have taken long: it is later now, in this
 * turn, too. Else what is sent then would be written down as sent before. [loop] */
void loop_refresh(struct loop *l);
/* How many connections it has now, dialling and closing ones among them. [loop] */
size_t loop_wires(const struct loop *l);

#endif
