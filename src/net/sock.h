/* sock.h - a non-blocking socket that a loop watches.
 *
 * Closing is immediate for the descriptor; libuv gets its handle's memory back later, on
 * its own. So owners come and go as they like, and a socket can be handed on. */
#ifndef NET_SOCK_H
#define NET_SOCK_H

#include "loop_inner.h"

struct sock;

/* The socket is readable, or writable, or (both true) has failed: reading tells how. */
typedef void (*sock_ready)(void *user, bool readable, bool writable);

/* Takes `fd` if it succeeds. CORDAGE_ENOMEM, CORDAGE_ESYSTEM. Watched for nothing yet. */
int sock_new(struct loop *l, int fd, sock_ready ready, void *user, struct sock **out);
/* From now on `ready` is called with `user`. */
void sock_hand_over(struct sock *s, sock_ready ready, void *user);
void sock_want(struct sock *s, bool readable, bool writable);
int sock_fd(const struct sock *s);
/* Closes it; `*s` becomes NULL. NULL in it is fine. */
void sock_close(struct sock **s);
/* As sock_close, with a reset in place of an orderly end. */
void sock_reset(struct sock **s);

/* "127.0.0.1:443", "[::1]:443". */
enum { SOCK_NAME = 64 };
void sock_peer_name(int fd, char out[SOCK_NAME]);
/* What every TCP connection of ours has: no delay, keep-alive. */
void sock_tune(int fd);
/* A phrase for an errno: "connection refused". Static. */
const char *sock_why(int errnum);

#endif
