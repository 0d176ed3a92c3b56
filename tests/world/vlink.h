/* vlink.h - the links of a fleet between processes of the machine: what link.h promises,
 * without a socket.
 *
 * A message is framed by its sender and read by its receiver with the code that is
 * shipped (message.h). It takes a moment, keeps its order, and waits as long as the
 * receiver's loop has no time. When a process ends, what the kernel would have taken from
 * it (the last VLINK_KERNEL bytes' worth) still arrives, and then the end. [outside] */
#ifndef WORLD_VLINK_H
#define WORLD_VLINK_H

#include <stddef.h>
#include <stdint.h>

enum { VLINK_KERNEL = 208 * 1024, VLINK_ACCEPTS = 256 };

/* No doors, no peers; after machine_boot. */
void vlink_open(void);
/* After the machine's processes have ended. */
void vlink_close(void);
/* A message takes up to so many ms; and what may wait for a reader, in place of
 * LIMIT_LINK_QUEUE (0: that). */
void vlink_set(uint32_t latency_max, size_t queue);
/* Of all messages so far: when, between whom, and what. */
uint64_t vlink_hash(void);
uint64_t vlink_messages(void);

#endif
