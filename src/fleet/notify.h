/* notify.h - what a service manager is told (systemd's NOTIFY_SOCKET protocol).
 *
 * Source: sd_notify(3). The protocol is a datagram of lines to a Unix socket whose name may
 * be abstract ('@'). Nothing happens without the variables. */
#ifndef FLEET_NOTIFY_H
#define FLEET_NOTIFY_H

#include "loop.h"

struct notify;

/* Takes NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID as given (each may be NULL);
 * pings at half the watchdog's time for as long as the loop turns. CORDAGE_ENOMEM. */
int notify_new(struct loop *loop, const char *socket, const char *watchdog_usec,
               const char *watchdog_pid, struct notify **out);
/* "READY=1", "STOPPING=1", "RELOADING=1"..., with a STATUS line (NULL: none). */
void notify_state(struct notify *n, const char *state, const char *status);
void notify_status(struct notify *n, const char *status);
/* NULL is fine, here and above. */
void notify_free(struct notify *n);

#endif
