/* loop_mark.h - whether a thread may wait. One of the library's loops must not:
 * everything that it would wait for happens on it. */
#ifndef CLIENT_LOOP_MARK_H
#define CLIENT_LOOP_MARK_H

#include <stdbool.h>

/* This thread runs one of the library's loops, or does so no longer. */
void loop_mark(bool is_loop);
bool loop_is_marked(void);

#endif
