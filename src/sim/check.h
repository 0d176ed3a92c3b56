/* check.h - did a bot see every traffic message, each once and in order?
 *
 * The simulator numbers its traffic: each guild's messages carry 1, 2, 3… A bot
 * that logs what it was given can be judged from its log alone. A line counts when it has
 *
 *     guild=<id> … n=<number>
 *
 * in this order, each at the line's beginning or behind something that is no letter,
 * digit or '_'; other lines say nothing. What came before a guild's lowest number isn't
 * missed, unless from_start is set: the bot may have come later than the traffic.
 *
 * Pure: lines in, findings out. Memory grows with the gaps found, not with the log. */
#ifndef SIM_CHECK_H
#define SIM_CHECK_H

#include "error.h"
#include "json.h"
#include "json_write.h"
#include "map.h"

enum check_kind {
    CHECK_LOST,         /* never came */
    CHECK_DOUBLED,      /* came again */
    CHECK_OUT_OF_ORDER, /* came, once, but after a later one */
    CHECK_UNKNOWN       /* came, but the simulator's report says it never was */
};

struct check_finding {
    enum check_kind kind;
    uint64_t guild_id;
    uint64_t first, last; /* the numbers concerned; the same for one */
    uint64_t line;        /* where it showed; 0: at the log's end */
};

enum { CHECK_FINDINGS_MAX = 1000 }; /* kept; all are counted */

struct check {
    bool from_start;             /* also miss what comes before the lowest number seen */
    struct map by_id;            /* struct check_guild by id */
    struct check_guild **guilds; /* owned, in the order of first sight */
    size_t n_guilds;
    uint64_t lines;                 /* read so far */
    uint64_t messages;              /* lines that counted */
    uint64_t n[CHECK_UNKNOWN + 1];  /* how many messages of each kind */
    struct check_finding *findings; /* owned */
    size_t n_findings;
};

/* A zeroed check is valid and has read nothing. */
void check_release(struct check *c);
/* The next line, without its newline. CORDAGE_EPARSE, with a phrase for what is wrong in
 * this line, when it has the two keys but not two numbers; CORDAGE_ENOMEM. */
int check_line(struct check *c, struct str line, cordage_error *error);
/* The simulator's report (GET /_sim/report?traffic=1): how far each guild got. Call it
 * after the last line. CORDAGE_EPARSE without a usable "traffic" object. */
int check_report(struct check *c, cordage_json report, cordage_error *error);
/* After the last line (and the report): finds what never came. 0 or CORDAGE_ENOMEM. */
int check_finish(struct check *c);
/* Whether nothing was found, and there was something to look at. */
bool check_passed(const struct check *c);

/* "lost", "doubled", "out of order", "unknown". */
const char *check_kind_name(enum check_kind kind);
/* The whole verdict as one JSON object. */
void check_write(const struct check *c, struct json_writer *w);

#endif
