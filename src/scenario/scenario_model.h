/* scenario_model.h - what a scenario is made of; only the files of this folder include
 * it. */
#ifndef SCENARIO_SCENARIO_MODEL_H
#define SCENARIO_SCENARIO_MODEL_H

#include "check.h"
#include "read.h"
#include "scenario.h"

enum {
    SCENARIO_POINTS_MAX = 500, /* of a curve */
    SCENARIO_BURSTS_MAX = 100,
    SCENARIO_FAULTS_MAX = 500,  /* lines of faults */
    SCENARIO_OFTEN_MAX = 10000, /* times that one line happens */
    SCENARIO_RULES_MAX = 64,    /* that are allowed */
    SCENARIO_PHRASE = 120,
};
#define SCENARIO_NEVER UINT64_MAX

/* ---- Traffic ------------------------------------------------------------------------
 */

struct curve_point {
    uint64_t at;
    double factor;
};

struct burst {
    unsigned line;
    uint64_t at, every, for_ms; /* every 0: once */
    double times;
};

struct traffic {
    double rate;
    uint64_t day;       /* how long a day takes; 0: points are times of the scenario */
    uint64_t starts_at; /* in the day */
    struct curve_point *points; /* owned; in order of time */
    size_t n_points;
    struct burst *bursts; /* owned */
    size_t n_bursts;
};
int traffic_read(const struct reader *r, const struct node *v, uint64_t duration,
                 struct traffic *out);
void traffic_release(struct traffic *t);
/* Messages a second at `at`, a time of the scenario. */
double traffic_rate(const struct traffic *t, uint64_t at);

/* ---- Faults -------------------------------------------------------------------------
 */

enum when_kind { WHEN_AT, WHEN_EVERY, WHEN_PER_HOUR };

struct when {
    enum when_kind kind;
    uint64_t at, every, jitter, from, until; /* until SCENARIO_NEVER: the end */
    double per_hour;
};

enum who_kind { WHO_ALL, WHO_SHARE, WHO_NUMBER, WHO_LIST };

/* Which shards or guilds. */
struct who {
    enum who_kind kind;
    double share;
    uint32_t n;
    uint32_t *ids; /* owned; n of them */
};

enum deed {
    DEED_FAULT,  /* the simulator's */
    DEED_OUTAGE, /* guilds are unavailable */
    DEED_KICK,   /* the bot is thrown out of guilds, and comes back */
    DEED_DEPLOY  /* the command is started anew */
};

struct fault_line {
    unsigned line;
    struct when when;
    enum deed deed;
    struct who who;
    uint64_t for_ms;            /* 0: at once over, or for good */
    bool meets;                 /* connections or guilds; else it is of none */
    char *json;                 /* of the simulator's, without "shard" and '}'. Owned */
    char text[SCENARIO_PHRASE]; /* "close code 4000" */
};
/* `guilds`: of the world, where the file says it; else UINT64_MAX. */
int fault_read(const struct reader *r, const struct node *v, struct sim *judge,
               uint64_t guilds, struct fault_line *out);
void fault_release(struct fault_line *f);
int who_read(const struct reader *r, const struct node *v, struct who *out);

/* When what happens: all of it, in order of time. */
struct occurrence {
    uint64_t at; /* of the scenario */
    uint32_t fault, which;
};
/* Frees nothing on failure but what it made. CORDAGE_ENOMEM. */
int timetable_make(const struct scenario *s, struct occurrence **out, size_t *n);
/* How often a line can happen. */
double when_often(const struct when *w, uint64_t duration);
/* Refuses what comes, or with its jitter may come, after the end. */
int when_check_end(const struct reader *r, const struct fault_line *f, uint64_t duration);

/* ---- Expectations -------------------------------------------------------------------
 */

enum expect_kind {
    EXPECT_LOST,
    EXPECT_DOUBLED,
    EXPECT_OUT_OF_ORDER,
    EXPECT_SEEN,
    EXPECT_RULES_BROKEN,
    EXPECT_IDENTIFIES,
    EXPECT_RESUMES,
    EXPECT_RESUMED,
    EXPECT_CONNECTIONS,
    EXPECT_SHARDS_LIVE,
    EXPECT_RECOVERS_WITHIN,
    EXPECT_READY_WITHIN,
    EXPECT_COMMAND,
    EXPECT_EXIT_STATUS,
    EXPECT_N
};

enum bound { BOUND_EXACTLY, BOUND_AT_MOST, BOUND_AT_LEAST, BOUND_NOT };

struct expectation {
    enum expect_kind kind;
    unsigned line;
    enum bound bound;
    double value;   /* a count, a share or ms */
    bool per_shard; /* so many for each shard */
    bool ends;      /* EXPECT_COMMAND: it ends by itself */
    char text[SCENARIO_PHRASE];
};

struct expectations {
    struct expectation list[EXPECT_N];
    size_t n;
    bool allowed[SCENARIO_RULES_MAX]; /* by enum sim_rule: these may be broken */
};
int expectations_read(const struct reader *r, const struct node *v,
                      struct expectations *out);

/* ---- The whole ----------------------------------------------------------------------
 */

enum begin { BEGIN_ALL_READY, BEGIN_FIRST_READY, BEGIN_AT_ONCE };

struct scenario {
    char *name;        /* of the file */
    struct node *tree; /* owned: texts and settings stay in it */
    const char *title;
    uint64_t seed, duration, settle, begin_within;
    enum begin begin;
    const struct node *world, *limits;
    struct traffic traffic;
    struct fault_line *faults; /* owned */
    size_t n_faults;
    struct expectations expect;
};

/* ---- A run --------------------------------------------------------------------------
 */

/* What a fault has taken away and gives back. */
struct undo {
    uint64_t at; /* on the caller's clock */
    uint32_t fault, which;
};

/* What the model has seen, at the moment of judging. */
struct sight {
    uint64_t identifies, resumes, resumed, connections, said;
    size_t n_broken; /* but for those that are allowed */
    char broken[80]; /* one of them */
    uint32_t shards, live;
    uint64_t recovered_ms; /* after the last fault; SCENARIO_NEVER: not yet */
    uint64_t ready_ms;     /* from the start; SCENARIO_NEVER: never */
    bool began;
    double hurry; /* 1: none */
};

/* What became of a line of faults. */
struct tally {
    uint32_t came;
    bool met;     /* somebody, at least once */
    bool missing; /* the list names what there is not: `absent` of `of` */
    uint32_t absent, of;
};

struct scenario_run {
    const struct scenario *s;
    struct sim *sim;
    double hurry;
    uint64_t created_at, begun_at; /* SCENARIO_NEVER: not yet */
    struct occurrence *timetable;  /* owned */
    size_t n_occurrences, next;
    struct undo *undos; /* owned; in no order */
    size_t n_undos, undos_size;
    struct tally *tallies; /* owned; one for each line of faults */
    double rate;           /* the traffic's, as it is set */

    uint64_t look_at;      /* when the sessions are looked at next */
    uint32_t shards, live; /* as last seen; shards: of the largest count ever */
    uint32_t *seen;        /* owned; per shard: in which look it was live */
    uint32_t seen_size, looks;
    uint64_t ready_at;       /* all live for the first time; or NEVER */
    uint64_t all_live_since; /* NEVER: they are not */
    uint64_t last_fault_at;  /* when the last one was over */

    unsigned deploys_wanted, deploys_open;
    bool has_ended, by_itself; /* the command */
    int status;
    struct check check;
    bool log_ended;
    bool finished;
    struct sight sight; /* once finished */
    char now[SCENARIO_PHRASE + 60];
    void (*tell)(void *user, const char *what);
    void *user;
};

/* How it is now. */
void sight_take(const struct scenario_run *r, uint64_t now, struct sight *out);
/* Does what an occurrence says, or takes it back. */
void deed_do(struct scenario_run *r, const struct occurrence *o, uint64_t now);
void deed_undo(struct scenario_run *r, const struct undo *u, uint64_t now);
/* `now` becomes this, and who watches is told. */
void run_tell(struct scenario_run *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
