/* limits.h - every size that a peer or a user can grow, and why it ends there.
 *
 * Included as "limits.h" with quotes; the system's header is <limits.h>. */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

enum {
    /* A payload after inflation: the largest guilds seen have GUILD_CREATEs of
     * some 5 MB; ten times that is nobody's honest payload. */
    LIMIT_PAYLOAD = 64 * 1024 * 1024,
    /* A websocket message as received, and the sum of its fragments. */
    LIMIT_MESSAGE = 64 * 1024 * 1024,
    /* What Discord accepts from a client (protocol: close 4002 beyond). */
    LIMIT_COMMAND = 4096,
    /* The HTTP head of a websocket upgrade, either way. */
    LIMIT_UPGRADE_HEAD = 16 * 1024,
    /* Bytes waiting to be written to one connection. */
    LIMIT_WRITE_QUEUE = 1024 * 1024,
    /* Commands waiting for a shard's send budget: ten minutes of it. */
    LIMIT_OUTBOX = 1024,
    /* Questions that a shard has open, and of these, that wait in its outbox: the rest of
     * that is for others. */
    LIMIT_GATHERS = 4096,
    LIMIT_GATHERS_LEAVING = 16,
    /* The gathered answer to one of them: some 80,000 members. Parsed it takes ten times
     * as much. */
    LIMIT_GATHER = 32 * 1024 * 1024,
    /* Chunks of one: Discord's largest guilds have some 20,000. */
    LIMIT_CHUNKS = 65536,
    /* Events waiting for handlers, per shard (default; an option). */
    LIMIT_EVENT_QUEUE = 4096,
    /* The largest value that option may have: so many events can be open at one time. */
    LIMIT_OPEN_EVENTS = 1024 * 1024,
    /* Bytes of a fleet's plan in the store: some 60 for each of many workers. */
    LIMIT_PLAN = 1024 * 1024,
    /* Processes that die in a row while an event's handlers run, before it is passed
     * over: once may be anybody's kill -9, three times is the event. */
    LIMIT_DEATHS = 3,
    /* Guilds remembered per shard: Discord refuses a session beyond 2,500. */
    LIMIT_GUILDS = 65536,
    /* Answers to op 1 in one heartbeat interval: a peer that asks for more gets none. */
    LIMIT_HEARTBEAT_REQUESTS = 5,
    /* A URL, a session id, a host name. */
    LIMIT_URL = 512,
    LIMIT_SESSION_ID = 256,
    /* JSON deeper than this is refused (simdjson's own bound). */
    LIMIT_JSON_DEPTH = 1024,
    /* Resumes being dialled at one time in one process. */
    LIMIT_HANDSHAKES = 64,
    /* Shards in one plan: Discord's largest bots use a few thousand. */
    LIMIT_SHARDS = 65536,
    /* IDENTIFYs that the ledger remembers: three times what Discord grants the largest
     * bot in a window. */
    LIMIT_IDENTIFIES = 1024 * 1024,
    /* The body of a REST answer. */
    LIMIT_HTTP_BODY = 32 * 1024 * 1024,
    /* The simulator's HTTP side: a message with files (Discord's own bound), a control
     * request, and all bodies that are under way together. */
    LIMIT_SIM_MESSAGE_BODY = 25 * 1024 * 1024,
    LIMIT_SIM_CONTROL_BODY = 64 * 1024,
    LIMIT_SIM_BODIES = 256 * 1024 * 1024,
    /* Its connections: a fleet's worth of processes with a few each. */
    LIMIT_SIM_CONNECTIONS = 1024,
    /* Errors that wait for the bot's own handler: what is beyond is only logged. */
    LIMIT_NOTICES = 256,
    /* A message between supervisor and worker (the rows of 65,536 shards), what waits to
     * be written to one of them, and how many of them there are. */
    LIMIT_LINK_MESSAGE = 32 * 1024 * 1024,
    LIMIT_LINK_QUEUE = 64 * 1024 * 1024,
    LIMIT_LINK_PEERS = 1024,
    /* A message to the bot in every worker. */
    LIMIT_BROADCAST = 256 * 1024,
    /* Of these, that wait to be sent, or for the bot's handlers, in one process. */
    LIMIT_BROADCASTS = 256,
    /* Workers on one machine. */
    LIMIT_WORKERS = 256,
    /* REST requests waiting or under way: minutes of the global limit. */
    LIMIT_REST_QUEUE = 10000,
};

#endif
