/* judge_private.h - the judge's books; only its own files include it. */
#ifndef WORLD_JUDGE_PRIVATE_H
#define WORLD_JUDGE_PRIVATE_H

#include "judge.h"
#include "map.h"
#include "sim_model.h"

enum {
    SESSION_ID = 33,
    SENDS = 120,
    SENDS_MS = 60 * 1000,
    HOUR_MS = 3600 * 1000,
    DAY_MS = 24 * HOUR_MS,
};

/* ---- Processes -------------------------------------------------------------------- */

/* Of one that lived: its memory may be another's by now, its pid is not. */
struct judged_life {
    int pid;
    bool is_over;
    bool disk_failed;   /* at some time while it lived */
    bool keeps_nothing; /* and so it does without */
};

/* ---- Traffic ---------------------------------------------------------------------- */

enum handling { NOT_BEGUN, BEGUN, HANDLED };

/* One message. */
struct entry {
    uint8_t state;   /* enum handling */
    bool outlasted;  /* its shard was handed over while its handler ran */
    uint8_t deaths;  /* processes that ended while its handler ran */
    int pid;         /* who began it last */
    uint32_t powers; /* how often the power had failed when it was handled */
};

struct guild_book {
    uint64_t id;
    uint32_t shard;
    struct entry *entries; /* of message n at n - 1 */
    size_t size;
    uint64_t low;     /* all below it are handled, or needn't be */
    uint64_t lost_to; /* said before the present session began: may never come */
    uint64_t running; /* the message whose handler runs; 0: none */
    int running_pid;
    bool was_remembered;
};

/* ---- Connections ------------------------------------------------------------------ */

struct conn_book {
    uint64_t conn;
    int pid;
    bool is_closed;   /* at the client's end */
    bool has_asked;   /* IDENTIFY or RESUME was seen on it */
    bool has_session; /* of the shard below */
    uint32_t shard;
    uint64_t opened_at, sent_at; /* its last payload left */
    uint64_t beat_at;            /* its last heartbeat left; 0: none yet */
    uint64_t sends[SENDS];       /* when payloads left: a ring */
    uint32_t n_sends;
};

/* ---- Shards ----------------------------------------------------------------------- */

struct shard_book {
    uint64_t identifies, booked;
    bool is_booking_on_disk;  /* the last one */
    char session[SESSION_ID]; /* the last that Discord made for it; "": none */
    uint64_t began_at;
    int asked_pid; /* whose the last IDENTIFY was; perhaps it came to nothing */
    int pid;       /* the process that has it */
    bool is_known; /* that process has shown that READY came */
    bool row_saved, snapshot_saved;
    uint64_t row_done, snapshot_seq;
    uint64_t checked_to;  /* all events up to it were looked at for W */
    bool may_be_given_up; /* Discord closed it with a code that says so */
    uint64_t silenced_at; /* 0: never */
    uint32_t resumes;     /* in a row, soon after each other */
    uint64_t resumed_at;
};

struct key_book {
    uint64_t left; /* when its last IDENTIFY left; 0: none */
    int pid;       /* whose */
    bool is_lost;  /* no other process can know of it */
};

/* A session that op 9 has ended. */
struct invalid {
    char session[SESSION_ID];
    int pid; /* whose it was */
    uint64_t at;
};
enum { INVALIDS = 64, ACTS = 64 };

/* What /gateway/bot said last. */
struct told {
    bool known;
    uint64_t total, remaining, resets_at, used;
};

struct judge {
    struct world_plan plan;
    struct world_verdict verdict;
    uint64_t began_at;         /* the machine's time */
    struct guild_book *guilds; /* by the world's index */
    uint32_t n_guilds;
    struct map guild_by_id; /* -> struct guild_book, not owned */
    struct shard_book *shards;
    struct key_book *keys;
    struct map conns; /* number -> struct conn_book, owned */
    struct map lives; /* pid -> struct judged_life, owned */
    struct told told;
    struct invalid invalids[INVALIDS]; /* rings */
    uint64_t acts[ACTS];               /* when something was done */
    size_t n_invalids, n_acts;
    uint64_t *identified; /* when IDENTIFYs left, the last day's */
    size_t n_identified, size_identified;
    struct json_parser *parser;
    struct buf in;
    size_t seen_rules, seen_memories;
    uint32_t powers; /* how often the power has failed */
    uint64_t clock_jumped_at;
    bool disk_fails, clock_jumped, refused, dial_failed;
    uint64_t dial_failed_at; /* when a connection ended before anything was said */
    uint64_t refused_at, suspended_until;
    uint64_t n_events; /* begun, ever */
    struct world_compare *compare;
    size_t heap_at_begin; /* 0: to be looked at */
    uint64_t looked_at_memory;
};
extern struct judge the_judge;

uint64_t judge_time(void);                    /* ms from the run's start */
void judge_note(const void *bytes, size_t n); /* into the hash */
void judge_note_number(uint64_t n);
struct judged_life *judge_life(int pid);
/* The token isn't in these bytes. */
void judge_no_token(struct str bytes, const char *where);

/* Whose last session this is; NULL: nobody's. */
struct shard_book *shard_of_session(const char *id, uint32_t *shard);

/* judge_traffic.c */
void traffic_begin(void);
void traffic_end(void);
void traffic_died(int pid);
/* The shard leaves this process, whose handlers may run on. */
void traffic_handed_over(uint32_t shard, int pid);
/* A new session of this shard begins: what was said before may never come. */
void traffic_session_begins(uint32_t shard);
bool traffic_is_done(uint64_t guild, uint64_t n);
bool traffic_is_settled(char *why, size_t size);
/* judge_saved.c */
void saved_session_begins(struct shard_book *b, const struct sim_session *ss);
/* How far heartbeats may acknowledge. */
uint64_t saved_safe(const struct shard_book *b);
/* judge_wire.c */
void wire_died(int pid);
bool wire_is_settled(char *why, size_t size);
/* judge_identify.c */
void identify_seen(struct conn_book *c, uint32_t shard, uint64_t left);
void resume_seen(struct conn_book *c);
void identify_answered(struct str body);
/* judge_cache.c */
void cache_begin(void);
void cache_end(void);

#endif
