/* report.h - what clients did, and every rule they broke.
 *
 * The report of a correct client has no broken rules: that is the first assertion
 * of most of our tests. What each rule says, and what is done to who breaks it, is
 * in docs/simulator-rules.md. */
#ifndef SIM_REPORT_H
#define SIM_REPORT_H

#include "json_write.h"

/* What a client can do wrong. X(name, "text in the report") */
#define SIM_RULES(X)                                                                  \
    X(BAD_VERSION, "bad or missing gateway version")                                  \
    X(BAD_ENCODING, "encoding or compression that is not simulated")                  \
    X(PAYLOAD_TOO_LARGE, "payload over 4096 bytes")                                   \
    X(NOT_JSON, "payload is not JSON text")                                           \
    X(UNKNOWN_OPCODE, "unknown opcode")                                               \
    X(BAD_BODY, "wrong body for the opcode")                                          \
    X(NOT_AUTHENTICATED, "command before IDENTIFY or RESUME")                         \
    X(ALREADY_AUTHENTICATED, "second IDENTIFY or RESUME on one connection")           \
    X(TOO_MANY_SENDS, "more than 120 payloads in 60 s")                               \
    X(TOO_MANY_PRESENCES, "more than 5 presence updates in 20 s")                     \
    X(BAD_TOKEN, "wrong token")                                                       \
    X(BAD_INTENTS, "undefined or disallowed intents")                                 \
    X(BAD_SHARD, "shard out of range")                                                \
    X(SHARDS_NOT_MULTIPLE,                                                            \
      "shard count of a large bot that is no multiple of its number")                 \
    X(SHARDING_REQUIRED, "more guilds than a shard may have")                         \
    X(BUDGET_EXCEEDED, "IDENTIFY without budget left")                                \
    X(IDENTIFY_TOO_EARLY, "second IDENTIFY on one identify key within 5 s")           \
    X(IDENTIFY_ON_RESUME_URL, "IDENTIFY on the resume URL")                           \
    X(CONNECTED_WHILE_FATAL, "the same IDENTIFY or RESUME again after a fatal close") \
    X(SEQ_AHEAD, "sequence ahead of what was sent")                                   \
    X(RESUME_AFTER_NORMAL_CLOSE, "RESUME of a session it closed with 1000 or 1001")   \
    X(RESUME_AFTER_INVALID, "RESUME of a session that op 9 had ended")                \
    X(RESUME_WRONG_URL, "RESUME on the default URL while the resume URL works")       \
    X(RESUME_OTHER_QUERY, "RESUME with another version, encoding or compression")     \
    X(HEARTBEAT_MISSED, "no heartbeat for one and a half intervals")                  \
    X(HEARTBEAT_BEFORE_HELLO, "heartbeat before HELLO")                               \
    X(WRONG_SHARD, "command for a guild that this session does not have")             \
    X(MEMBERS_WITHOUT_INTENT, "whole member list without the GUILD_MEMBERS intent")   \
    X(MEMBERS_OVER_CAP, "more than 100 user_ids in one request")                      \
    X(NONCE_TOO_LONG, "nonce over 32 bytes")                                          \
    X(RATE_LIMIT, "REST request over its rate limit")                                 \
    X(UNAUTHORIZED, "REST request with a wrong token")

enum sim_rule {
#define SIM_RULE_ENUM(name, text) RULE_##name,
    SIM_RULES(SIM_RULE_ENUM)
#undef SIM_RULE_ENUM
};
#define SIM_RULE_ONE(name, text) +1
enum { SIM_RULES_COUNT = 0 SIM_RULES(SIM_RULE_ONE) };
#undef SIM_RULE_ONE
/* "IDENTIFY_TOO_EARLY"; never NULL. */
const char *sim_rule_name(enum sim_rule rule);
const char *sim_rule_text(enum sim_rule rule);

enum {
    REPORT_RULES_MAX = 1000, /* broken rules kept; all are counted */
    REPORT_DETAIL = 200
};
#define REPORT_NO_SHARD UINT32_MAX

struct report_entry {
    enum sim_rule rule;
    uint64_t bot;                   /* its id; 0: not known */
    uint32_t shard_id, shard_count; /* shard_id REPORT_NO_SHARD: none known */
    uint64_t wall_ms;
    char detail[REPORT_DETAIL];
};

struct report {
    struct report_entry *entries; /* owned; the first REPORT_RULES_MAX */
    size_t n_entries, n_broken;
    size_t n_of[SIM_RULES_COUNT]; /* n_broken by rule */
    uint64_t identifies, resumes; /* received */
    uint64_t ready, resumed;      /* of them, granted */
    uint64_t connections;         /* ever */
    uint64_t dispatched;          /* events put to sessions, replays not counted */
    uint64_t messages_created;    /* by traffic and by REST */
    uint64_t heartbeats, faults;
};

void report_release(struct report *r);
/* `detail` is copied, cut to fit; it never holds a token. Without memory only counts. */
void report_break(struct report *r, enum sim_rule rule, uint64_t wall_ms, uint64_t bot,
                  uint32_t shard_id, uint32_t shard_count, const char *detail);
/* Whether a rule is among the entries: for tests. */
bool report_has(const struct report *r, enum sim_rule rule);
/* The members of the report's JSON object: rules_broken (array of rule, text, time,
 * bot, shard, detail), n_rules_broken, and the counters above by their names. */
void report_write(const struct report *r, struct json_writer *w);

#endif
