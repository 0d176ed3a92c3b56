/* report.h - what clients did, and every rule they broke.
 *
 * The report of a correct client has no broken rules: that is the first assertion
 * of most of our tests. */
#ifndef SIM_REPORT_H
#define SIM_REPORT_H

#include "json_write.h"

/* What a client can do wrong. X(name, "text in the report") */
#define SIM_RULES(X)                                                                   \
    X(IDENTIFY_TOO_EARLY, "second IDENTIFY on one identify key within 5 s")            \
    X(BUDGET_EXCEEDED, "IDENTIFY without budget left")                                 \
    X(TOO_MANY_SENDS, "more than 120 payloads in 60 s")                                \
    X(PAYLOAD_TOO_LARGE, "payload over 4096 bytes")                                    \
    X(NOT_JSON, "payload is not JSON")                                                 \
    X(UNKNOWN_OPCODE, "unknown opcode or wrong body type")                             \
    X(NOT_AUTHENTICATED, "command before IDENTIFY or RESUME")                          \
    X(ALREADY_AUTHENTICATED, "second IDENTIFY on one connection")                      \
    X(BAD_TOKEN, "wrong token")                                                        \
    X(BAD_INTENTS, "undefined or disallowed intents")                                  \
    X(BAD_SHARD, "shard out of range")                                                 \
    X(SHARDING_REQUIRED, "more guilds than a shard may have")                          \
    X(BAD_VERSION, "bad or missing gateway version")                                   \
    X(SEQ_AHEAD, "sequence ahead of what was sent")                                    \
    X(RESUME_AFTER_NORMAL_CLOSE, "RESUME of a session that the client closed with 1000 or 1001") \
    X(RESUME_WRONG_URL, "RESUME on the default URL while the resume URL works")        \
    X(IDENTIFY_ON_RESUME_URL, "IDENTIFY on the resume URL")                            \
    X(RESUME_OTHER_QUERY, "RESUME with another version, encoding or compression")      \
    X(HEARTBEAT_MISSED, "no heartbeat for one and a half intervals")                   \
    X(HEARTBEAT_BEFORE_HELLO, "heartbeat before HELLO")                                \
    X(TOO_MANY_PRESENCES, "more than 5 presence updates in 20 s")                      \
    X(CONNECTED_WHILE_FATAL, "connected again after a fatal close code")               \
    X(RATE_LIMIT, "REST request over its rate limit")                                  \
    X(UNAUTHORIZED, "REST request with a wrong token")

enum sim_rule {
#define SIM_RULE_ENUM(name, text) RULE_##name,
    SIM_RULES(SIM_RULE_ENUM)
#undef SIM_RULE_ENUM
};

enum { REPORT_RULES_MAX = 1000 }; /* broken rules kept; all are counted */

struct report {
    struct report_entry *entries; /* owned */
    size_t n_entries, n_broken;
    uint64_t identifies, resumes, ready, resumed, sessions, connections;
    uint64_t dispatched, messages_created, heartbeats, faults;
};

void report_release(struct report *r);
/* shard_id UINT32_MAX: none known. `detail` is copied, cut to 200 bytes. */
void report_break(struct report *r, enum sim_rule rule, uint64_t wall_ms, uint32_t shard_id,
                  uint32_t shard_count, const char *detail);
/* The members of the report's JSON object: rules_broken (array of rule, text, time, shard,
 * detail), n_rules_broken, and the counters. */
void report_write(const struct report *r, struct json_writer *w);

#endif
