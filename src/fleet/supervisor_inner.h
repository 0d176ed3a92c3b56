/* supervisor_inner.h - what a supervisor is made of, for the files that are one.
 *
 * A worker is a number in the plan; a process is one life of it. While a rolling restart
 * has its turn a worker has two: `current` and `next`. What we asked of a process follows
 * from its messages, and from its end, never from waiting.
 *
 * Two clocks: the host's, which tests speed up, for what Discord counts (identify slots,
 * REST, statistics); and fleet_real, for what processes take. [loop] */
#ifndef FLEET_SUPERVISOR_INNER_H
#define FLEET_SUPERVISOR_INNER_H

#include "child.h"
#include "executable.h"
#include "gate_local.h"
#include "gateway_bot.h"
#include "link.h"
#include "notify.h"
#include "output.h"
#include "relay.h"
#include "rest.h"
#include "restart_delay.h"
#include "roll.h"
#include "store.h"
#include "supervisor.h"
#include "watchdog.h"

enum {
    FLEET_HELLO_MS = 30 * 1000,   /* from a worker's start */
    FLEET_ADOPT_MS = 5 * 1000,    /* for our predecessor's workers to find us */
    FLEET_LINK_MS = 75 * 1000,    /* without a link: it has ended itself by then */
    FLEET_QUIET_MS = 60 * 1000,   /* with one, and without STATUS: it hangs */
    FLEET_STOP_MS = 45 * 1000,    /* after STOP, before SIGTERM */
    FLEET_TERM_MS = 5 * 1000,     /* after SIGTERM, before SIGKILL */
    FLEET_OPENING_MS = 60 * 1000, /* for all shards to be taken, before any identifies */
    FLEET_CPU_S = 10
};

/* One shard's place at our gate, for one process. */
struct slot {
    struct gate_place place;
    struct process *process;
    uint32_t ask;
};

enum process_state {
    PROCESS_AWAITED,  /* our predecessor's: it lives, and has not said HELLO to us */
    PROCESS_STARTING, /* ours; has not said HELLO */
    PROCESS_RUNNING,  /* was welcomed; its link may be lost for a moment */
    PROCESS_LEAVING   /* was told to end */
};

struct process {
    struct supervisor *s;
    struct link on_fleet;        /* until it has ended */
    struct fleet_worker *worker; /* NULL: of a plan that is no more, it has to end */
    uint32_t index, generation;
    enum process_state state;
    struct child *child;
    struct relay *relay;   /* may be NULL: its output is nobody's */
    struct caller *caller; /* its link; NULL: none now */
    struct shard_range part;
    struct slot *slots;    /* one for each shard of its part */
    struct timer deadline; /* of its state */
    int signalled;         /* while LEAVING: the last signal it got */
    uint64_t started_at;   /* Unix ms */
    uint64_t ticks;        /* its start, by the kernel: with the pid, who it is */
    bool adopted;
    bool candidate;         /* started as a restart's new program */
    bool is_up;             /* was welcomed once */
    uint64_t heard_at;      /* real ms: its last STATUS... */
    unsigned quiet_seconds; /* ... and turns of ours since then */
    bool is_healthy;        /* all its shards were live */
    struct link_load load;
    uint64_t cpu_past[FLEET_CPU_S];
};

struct fleet_worker {
    struct supervisor *s;
    uint32_t index, generation; /* generation: the last one that was started */
    struct shard_range part;
    struct process *current, *next;
    struct restart_delay delay;
    struct timer restart; /* armed: it rests */
    uint64_t starts_at;   /* Unix ms */
    uint32_t restarts;
    int last_exit;
    bool tries_new; /* its turn in the restart is over: it runs what the restart tries */
};

enum hand {
    HAND_FREE,   /* nobody has it */
    HAND_TAKING, /* holder was told to take it */
    HAND_HELD,
    HAND_GIVING /* holder was told to give it away */
};

struct fleet_shard {
    enum hand hand;
    struct process *holder; /* unless FREE */
    struct process *home;   /* who is to have it; NULL: nobody yet */
    bool needs_identify;
    bool said_busy;
    bool handed;       /* came from another process that lived */
    uint64_t retry_at; /* real ms: not to be taken before */
    /* Of its holder's last row, for sums over lives. */
    uint64_t events, resumes, identifies;
};

/* Somebody at the other end of a link. */
struct caller {
    struct supervisor *s;
    struct link on_fleet;
    struct link_peer *peer;
    struct process *process; /* a worker's, once it was welcomed */
    struct timer hello;      /* armed until it has said who it is */
    bool is_control;
    bool wants_status, wants_restart, wants_stop; /* lines are to follow */
};

enum fleet_phase {
    FLEET_ASKING,  /* GET /gateway/bot, until there is an answer */
    FLEET_OPENING, /* workers start, shards are taken; nobody identifies yet */
    FLEET_RUNNING,
    FLEET_STOPPING,
    FLEET_ENDED
};

struct supervisor {
    struct loop *loop;
    struct host *host;
    struct supervisor_options options;
    struct log log; /* clears the progress line before it writes */
    enum fleet_phase phase;
    int exit;
    bool again, forget, killed;

    struct output *output;
    struct notify *notify;
    struct store *store;
    struct link_door *door;
    struct rest *rest;
    struct gate *gate;
    struct ledger ledger;
    struct gateway_bot bot;
    struct timer ask_timer;
    unsigned n_tries;
    bool asking;

    struct executable exe;
    bool is_proven; /* a process of the good program has come up with all its shards */
    int token;      /* a sealed memfd, or -1 */
    char *link_path;
    struct plan plan;
    bool is_plan_unsaved;
    uint32_t n_workers; /* plan.n_workers, once they are made */
    struct fleet_worker *workers;
    struct fleet_shard *shards; /* [0] is plan.range.first */
    struct link processes, callers;
    uint32_t n_misfits; /* processes without a worker: nothing is taken before they end */
    uint64_t opening_ends; /* real ms */
    uint64_t opened_at;    /* real ms */
    bool all_up, was_up;   /* all shards are live; once were */

    struct timer second;
    uint64_t n_seconds;
    cordage_guild_total totals; /* as last sent */
    struct watchdog *watchdog;
    struct watchdog_sample *samples;

    struct roll *roll; /* NULL: none is under way */
    uint32_t turn;     /* worker; UINT32_MAX: nobody's */
    bool is_stepping;
    struct timer roll_timer;

    struct timer foreign_timer; /* the next foreign worker may start */
    bool foreign_checked;       /* the budget of the first start */

    bool line_shown; /* a progress line stands on the terminal */
    uint64_t line_at;
    struct view *view;
    struct buf body; /* of the message being written */
    uint32_t *room;  /* LIMIT_SHARDS ids, of messages read and written */
};

/* ---- supervisor.c ---- */

uint64_t fleet_real(const struct supervisor *s);
uint64_t fleet_wall(const struct supervisor *s);
/* Arms `t` for `ms` real ms from now. */
void fleet_arm(struct supervisor *s, struct timer *t, uint64_t ms);
/* It can't go on: says why, once, and stops the workers. */
void fleet_fail(struct supervisor *s, int exit, const char *why);
/* Into the log and the view's ring of decisions. */
void fleet_decide(struct supervisor *s, enum log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
uint32_t fleet_n_shards(const struct supervisor *s);
/* NULL: not one of this machine's. */
struct fleet_shard *fleet_shard(struct supervisor *s, uint32_t id);
uint32_t fleet_shard_id(const struct supervisor *s, const struct fleet_shard *sh);

/* ---- bot.c: GET /gateway/bot, until it answers; opening_begin follows ---- */

void bot_ask(struct supervisor *s);

/* ---- opening.c: from the answer to the first IDENTIFY ---- */

void opening_begin(struct supervisor *s);
/* Something that it waits for may have happened. */
void opening_look(struct supervisor *s);

/* ---- workers.c: processes and their lives ---- */

/* Starts the worker's next generation: 0, or it was logged why not. */
int process_start(struct fleet_worker *w, bool candidate, struct process **out);
/* One that runs already; CORDAGE_ENOTFOUND: not any more. `w` NULL: it has to end. */
int process_adopt(struct supervisor *s, struct fleet_worker *w, uint32_t index,
                  uint32_t generation, const struct shard_range *part, pid_t pid,
                  uint64_t started_at, struct process **out);
/* It is to end, keeping its sessions or not. */
void process_stop(struct process *p, bool forget);
void process_kill(struct process *p, int number);
/* Forgets it, though it lives. */
void process_let_go(struct process *p);
struct process *process_find(struct supervisor *s, uint32_t index, uint32_t generation);
/* Its link is there, or is gone. */
void process_linked(struct process *p, struct caller *c);
void process_unlinked(struct process *p);
/* Starts workers that have no process and don't rest. */
void workers_second(struct supervisor *s);
void process_heard(struct process *p);
void workers_start(struct supervisor *s);

/* ---- launch.c: a process of the user's program ---- */

int launch(struct process *p, const char *file, void (*ended)(void *user, int status),
           cordage_error *error);
/* The token in memory that only its holders can read. */
int launch_token(const struct secret *token, int *out, cordage_error *error);

/* ---- adopt.c: the plan in the store ---- */

void plan_keep(struct supervisor *s);
/* What an earlier life left: `last` is its plan. False: nothing. */
bool plan_recall(struct supervisor *s, struct plan *last);
/* Its processes that live are made ours, and are waited for. */
void plan_adopt(struct supervisor *s);

/* ---- callers.c: the link ---- */

int callers_open(struct supervisor *s, cordage_error *error);
void callers_second(struct supervisor *s);
void callers_close(struct supervisor *s);
/* Sends s->body. */
int caller_send(struct caller *c, enum link_type type);
int process_send(struct process *p, enum link_type type);

/* ---- hands.c: who has which shard ---- */

/* Shards of this worker that have no home get its current process. */
void hands_assign(struct fleet_worker *w);
/* Tells processes to take what is theirs and free. */
void hands_settle(struct supervisor *s);
/* These run in it already. */
void hands_claim(struct process *p, const uint32_t *ids, uint32_t n);
void hands_give(struct process *p, uint32_t id);
void hands_taken(struct process *p, const struct link_moved *m);
void hands_given(struct process *p, const struct link_moved *m);
/* It has ended. */
void hands_dropped(struct process *p);

/* ---- slots.c: its places at the gate ---- */

int slots_make(struct process *p);
void slots_message(struct process *p, enum link_type type, const struct link_slot *m);
void slots_cancel(struct process *p);

/* ---- stopping.c ---- */

void stopping_begin(struct supervisor *s, bool forget);
/* A process has ended: perhaps it was the last. */
void stopping_look(struct supervisor *s);

/* ---- rolling.c ---- */

int rolling_begin(struct supervisor *s, uint32_t only);
void rolling_step(struct supervisor *s);
/* Whether this worker's shards and processes are the restart's business now. */
bool rolling_has(const struct supervisor *s, const struct fleet_worker *w);
/* Whether it is the new process of the worker whose turn it is: what is wrong with it
 * ends the restart, not the fleet. */
bool rolling_tries(const struct process *p);
/* Feeds; each is followed by rolling_step. Nothing when there is no restart. */
void rolling_hello(struct process *p);
void rolling_given(struct supervisor *s, uint32_t shard);
void rolling_taken(struct supervisor *s, uint32_t shard, bool ok);
void rolling_row(struct process *p, const struct link_row *row);
void rolling_ended(struct fleet_worker *w, bool was_next, int status);
/* It was given up: the fleet stops. */
void rolling_drop(struct supervisor *s);

/* ---- orders.c: `cordage status`, `restart`, `stop` ---- */

void orders_command(struct caller *c, const struct link_command *m);
void orders_second(struct supervisor *s);
/* A line to all who follow a restart, or a stop. */
void orders_restart_line(struct supervisor *s, bool is_last, int exit, const char *line);
void orders_stopped(struct supervisor *s);

/* ---- picture.c: the view ---- */

void picture_row(struct process *p, const struct link_row *row);
/* A shard brings events, or doesn't. */
void picture_dark(struct supervisor *s, struct fleet_shard *sh, bool dark);
void picture_second(struct supervisor *s);

/* ---- watch.c: the watchdog ---- */

void watch_second(struct supervisor *s);

/* ---- announce.c: the progress line, and the service manager ---- */

void announce_second(struct supervisor *s);
void announce_log(void *user, enum log_level level, const char *line);

/* ---- foreign.c: workers that aren't built with libcordage ---- */

/* Starts the next one that may. */
void foreign_go_on(struct supervisor *s);
bool foreign_all_up(const struct supervisor *s);

#endif
