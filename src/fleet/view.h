/* view.h - what the supervisor knows, for those who show it: `cordage status`, the page,
 * metrics. Owned by the supervisor, read on its loop, true as of the last second. */
#ifndef FLEET_VIEW_H
#define FLEET_VIEW_H

#include "cordage/cordage.h"
#include "buf.h"
#include "limits.h"

enum {
    VIEW_HOUR = 360,     /* points of an hour, one each 10 s */
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
    uint32_t first, last; /* shards */
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
    uint64_t started_at, wall; /* Unix ms: the supervisor's start, and now */
    uint32_t count, first, last; /* shards: the fleet's total, and this machine's */
    uint32_t recommended;
    struct view_shard *shards; /* [0] is `first` */
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
    /* Ever, over all workers and their lives. */
    uint64_t events, identifies, resumes, worker_restarts, watchdog_actions, handovers;
    uint64_t supervisor_rss, supervisor_cpu_ms;
};

/* The document of `cordage status --json` and GET /api/status, appended to `out`.
 * CORDAGE_ENOMEM. Its fields are in docs/fleet.md. */
int view_json(const struct view *v, struct buf *out);

#endif
