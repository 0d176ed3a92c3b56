/* parcel.h - something to be done on the loop of the shard that has a guild.
 *
 * A parcel goes by mail to that loop. Before it is known which shards run here, it waits
 * on the control loop; parcels of one thread arrive in the order they were submitted. */
#ifndef CLIENT_PARCEL_H
#define CLIENT_PARCEL_H

#include "client.h"

enum parcel_kind {
    PARCEL_COMMAND, /* to the shard's outbox, whose room it takes from now on */
    PARCEL_ASK      /* to the shard's gathers: see crew_shard.n_asks */
};

/* Embedded in whatever it is about. */
struct parcel {
    struct mail mail; /* to the control loop, then to the shard's */
    struct link link; /* on client.early */
    cordage_client *client;
    uint64_t guild_id; /* says which shard, once the count is known */
    enum parcel_kind kind;
    struct crew_shard *shard;
    /* Once, on the shard's loop: it has arrived, and err is 0. Or it never will: err says
     * why, and `shard` is NULL where that is not known; on the control loop, or wherever
     * the client is freed. It may free the parcel. */
    void (*arrived)(struct parcel *p, int err);
};

void parcel_init(struct parcel *p, cordage_client *c, enum parcel_kind kind,
                 uint64_t guild_id, void (*arrived)(struct parcel *p, int err));
/* 0: `arrived` will come. CORDAGE_ENOTFOUND: that shard does not run here; CORDAGE_EFULL,
 * CORDAGE_ECLOSED: it will not. [any thread] */
int parcel_submit(struct parcel *p);

/* The crew stands: parcels that waited go to their shards. [control] */
void parcels_send_early(cordage_client *c);
/* There will be no crew: they do not arrive. [control] */
void parcels_drop_early(cordage_client *c);

#endif
