/* view.h - what the supervisor knows, for those who show it: `cordage status`, the page,
 * metrics. Owned by the supervisor, read on its loop, true as of the last second.
 *
 * The supervisor writes the fields; the functions below do the rest. */
#ifndef FLEET_VIEW_H
#define FLEET_VIEW_H

#include "cordage/cordage.h"
#include "buf.h"
#include "limits.h"

enum {
    VIEW_HOUR = 360, /* points of an hour, one each 10 s */
    VIEW_POINT_MS = 10 * 1000,
    VIEW_DECISIONS = 100 /* the last ones */
};

/* What a shard is to its operator, beyond cordage_shard_state. */
struct view_shard {
    cordage_shard_info info; /* WAITING while no worker has it */
    bool reported;           /* its guilds are known */
    bool replaying;
    bool moving;           /* between two generations */
    uint32_t worker;       /* UINT32_MAX: none */
    uint64_t dark_at;      /* Unix ms, since when it brings no events; 0: it is live */
    uint64_t dark_last_ms; /* how long that was the last time */
};

enum view_worker_state {
    VIEW_WORKER_STARTING,
    VIEW_WORKER_RUNNING,
    VIEW_WORKER_LEAVING, /* hands over, or stops */
    VIEW_WORKER_RESTING  /* died; starts again at `starts_at` */
};
const char *view_worker_state_name(enum view_worker_state state);

struct view_worker {
    uint32_t index, generation;
    enum view_worker_state state;
    int64_t pid;
    uint32_t first, last;           /* shards */
    uint64_t started_at, starts_at; /* Unix ms */
    uint32_t restarts;              /* unplanned, since the supervisor began */
    int last_exit;                  /* status; -1: none yet, or not known */
    uint64_t rss_bytes, cpu_ms, log_dropped;
    double cpu; /* cores, over the last 10 s */
    bool foreign, adopted;
};

/* IDENTIFYs. */
struct view_budget {
    uint32_t total, allowed, reserve; /* allowed: now, less the reserve */
    uint32_t used_24h;                /* by our own count */
    uint32_t max_concurrency;
    uint64_t reset_at; /* Unix ms; 0: not known */
};

struct view_decision {
    uint64_t wall; /* Unix ms */
    char text[256];
};

/* A ring of an hour: sums over all shards. The newest is at (next - 1). */
struct view_point {
    uint64_t wall;
    float events_per_s, latency_ms; /* the median of live shards; 0: none */
    uint32_t ready;                 /* shards */
};

struct view {
    uint64_t application_id; /* 0: not known */
    char release[32];
    uint64_t started_at, wall;   /* Unix ms: the supervisor's start, and now */
    uint32_t count, first, last; /* shards: the fleet's total, and this machine's */
    uint32_t recommended;
    struct view_shard *shards; /* [0] is `first`; NULL before there is a plan */
    uint32_t n_workers;
    struct view_worker *workers; /* old and new generation while one takes over */
    struct view_budget budget;
    cordage_guild_total guilds;
    bool stopping, restarting;
    uint64_t done_at; /* Unix ms: when the last shard should be up; 0: they are */
    uint32_t n_decisions, next_decision; /* a ring */
    struct view_decision decisions[VIEW_DECISIONS];
    uint32_t n_points, next_point;
    struct view_point points[VIEW_HOUR];
    /* Since the supervisor began, over all workers and their lives. */
    uint64_t events, identifies, resumes, worker_restarts, watchdog_actions, handovers;
    uint64_t supervisor_rss, supervisor_cpu_ms;
    uint32_t *latencies; /* view_point's: room for one per shard */
};

/* An empty one. CORDAGE_ENOMEM. */
int view_new(struct view **out);
void view_free(struct view *v); /* NULL is fine */
/* Room for the shards `first` to `last` of `count`, all WAITING and with no worker.
 * CORDAGE_ENOMEM: it is as it was. */
int view_set_shards(struct view *v, uint32_t count, uint32_t first, uint32_t last);
/* Room for `n` workers; those there are stay, new ones are zero. CORDAGE_ENOMEM: it is as
 * it was. */
int view_set_workers(struct view *v, uint32_t n);
/* Remembers a decision, cut to its room, in the place of the oldest. */
void view_decide(struct view *v, uint64_t wall, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Every VIEW_POINT_MS: takes the sums of all shards as they are now. */
void view_point(struct view *v, uint64_t wall);

/* Of this machine's shards. */
uint32_t view_ready(const struct view *v);
double view_events_per_s(const struct view *v);
/* The `i`th newest, from 0; NULL: there are no more. */
const struct view_decision *view_decision(const struct view *v, uint32_t i);
/* The `i`th oldest, from 0; NULL: there are no more. */
const struct view_point *view_past(const struct view *v, uint32_t i);
/* "starting", "running", "restarting" or "stopping". */
const char *view_state_name(const struct view *v);

/* The document of `cordage status --json` and GET /api/status, appended to `out`.
 * CORDAGE_ENOMEM. Its fields are in docs/fleet.md. */
int view_json(const struct view *v, struct buf *out);

#endif
