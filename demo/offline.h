/* offline.h - the simulator as a child process, and what the demo asks of it. */
#ifndef DEMO_OFFLINE_H
#define DEMO_OFFLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct offline {
    pid_t pid;
    char directory[200]; /* private, for its certificate authority; removed at the end */
    char origin[128];    /* https://127.0.0.1:PORT */
    char api[160], token[256], ca_file[512];
};

/* Starts `cordage sim` (the program beside this one) and waits until it listens. 0, or -1
 * with the reason on stderr. */
int offline_start(struct offline *o);
void offline_stop(struct offline *o);
/* POST (`body` not NULL) or GET. The answer is the caller's to free; NULL with the reason
 * on stderr. */
char *offline_ask(const struct offline *o, const char *path, const char *body);

#endif
