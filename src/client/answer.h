/* answer.h - how whoever asked for something is told what came of it: exactly once.
 *
 * The callback is called on a handler's thread, as an event's handlers are; a thread that
 * waits is woken by the loop, so that handlers may wait although no other is free.
 * Embedded in whatever was asked for. */
#ifndef CLIENT_ANSWER_H
#define CLIENT_ANSWER_H

#include "client.h"

struct await;

struct answer {
    struct job job;
    cordage_client *client;
    cordage_result_fn done; /* NULL: nobody asks */
    void *user;
    void (*release)(struct answer *a); /* the last; frees what it is embedded in */
    struct buf body;                   /* JSON, or empty */
    int err;
    long status; /* HTTP's */
    char message[512];
    struct await *await; /* the thread that waits for it; NULL: none */
    bool told;
};

/* `key`: the lane in which the callback runs. */
void answer_init(struct answer *a, cordage_client *c, cordage_result_fn done, void *user,
                 uint64_t key, void (*release)(struct answer *a));
/* What went wrong; `why` NULL or empty: the code's own text. */
void answer_fail(struct answer *a, int err, const char *why);
/* It is not even asked: returns `err`, and leaves no result to one that would wait. */
int answer_refuse(cordage_result_fn done, void *user, int err);
/* Asks: `submit` takes it over, or fails. Where `done` is cordage_await this waits until
 * the answer is given, puts it into the cordage_result that `user` points at, and returns
 * its error. Whatever comes of it, `a` is taken. [any thread] */
int answer_ask(struct answer *a, int (*submit)(struct answer *a));
/* Hands it over, and with it whatever it is embedded in: `release` follows when it has
 * been told. False: the lanes are full now. To a shard's lanes on that shard's loop;
 * `lanes` NULL: to the client's own, as client_push. */
bool answer_give(struct answer *a, struct lane_group *lanes);

#endif
