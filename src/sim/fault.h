/* fault.h - faults on request: which there are, and how one is asked for. Internal to
 * sim_fault.c, which has what they do, and fault_read.c. */
#ifndef SIM_FAULT_H
#define SIM_FAULT_H

#include "sim_model.h"

/* A fault as it was asked for. */
struct fault {
    bool all; /* else one shard */
    uint32_t shard_id, shard_count;
    struct sim_app *app; /* NULL: of every bot */
    struct str kind;
    bool resumable, messages, down, on, gap, cloudflare, behind;
    int scope;
    uint64_t status, code, for_ms, by_ms, count, remaining, key, bytes, per_second;
};

/* `on_conn` meets the connections that are meant; `on_sim` is of no connection. */
struct fault_kind {
    const char *name;
    void (*on_conn)(struct sim_conn *c, const struct fault *f, uint64_t now);
    void (*on_sim)(struct sim *s, const struct fault *f, uint64_t now);
    const char *takes; /* fields beside kind, and shard and bot of a connection */
    uint64_t code;     /* its default; 0: none */
    uint64_t by_most;  /* of by_ms; 0: the usual */
};
extern const struct fault_kind sim_fault_kinds[]; /* ended by a NULL name */

/* f->kind is borrowed until the next. CORDAGE_EINVAL with a sentence; CORDAGE_ENOMEM. */
int sim_fault_read(struct sim *s, struct str json, struct fault *f,
                   const struct fault_kind **kind, cordage_error *error);

#endif
