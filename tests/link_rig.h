/* link_rig.h - every message of the link: a good one, and what reads and writes it again.
 *
 * For the test and the fuzz target. */
#ifndef LINK_RIG_H
#define LINK_RIG_H

#include <stdlib.h>

#include "json_write.h"
#include "message.h"

/* The shards of the fleet whose status is read. */
enum { LINK_RIG_COUNT = 64 };

static uint32_t link_rig_room[LIMIT_SHARDS];

static inline int again_hello(cordage_json body, struct buf *out)
{
    struct link_hello m;
    int err = link_get_hello(body, link_rig_room, &m);

    return err ? err : link_put_hello(out, &m);
}

static inline int again_shards(cordage_json body, struct buf *out)
{
    struct link_shards m;
    int err = link_get_shards(body, link_rig_room, &m);

    return err ? err : link_put_shards(out, &m);
}

struct link_rig_rows {
    struct link_row rows[LINK_RIG_COUNT];
    uint32_t n;
};

static inline void link_rig_row(void *user, const struct link_row *row)
{
    struct link_rig_rows *r = user;

    if (r->n == LINK_RIG_COUNT)
        abort();
    r->rows[r->n++] = *row;
}

static inline int again_status(cordage_json body, struct buf *out)
{
    struct link_rig_rows r = { 0 };
    struct link_load load;
    int err = link_get_status(body, LINK_RIG_COUNT, &load, link_rig_row, &r);

    if (!err && load.n != r.n)
        abort();
    return err ? err : link_put_status(out, &load, r.rows);
}

#define LINK_AGAIN(name)                                               \
    static inline int again_##name(cordage_json body, struct buf *out) \
    {                                                                  \
        struct link_##name m;                                          \
        int err = link_get_##name(body, &m);                           \
                                                                       \
        return err ? err : link_put_##name(out, &m);                   \
    }
LINK_AGAIN(welcome)
LINK_AGAIN(end)
LINK_AGAIN(moved)
LINK_AGAIN(kick)
LINK_AGAIN(slot)
LINK_AGAIN(totals)
LINK_AGAIN(text)
LINK_AGAIN(stop)
LINK_AGAIN(command)
LINK_AGAIN(answer)

#define LINK_RIG_ROW                                                                   \
    "{\"id\":63,\"state\":4,\"guilds\":1200,\"available\":1199,\"loading\":true,"      \
    "\"paused\":false,\"latency_ms\":41,\"last_event_ms\":18446744073709551615,"       \
    "\"events_per_s\":12.5,\"events\":77,\"resumes\":3,\"identifies\":2,\"stalls\":1," \
    "\"queued\":9,\"close_code\":4000,\"reported\":true,\"replaying\":false,"          \
    "\"session\":18446744073709551614}"

/* As it is written, so that reading and writing again gives the same bytes. */
static const struct link_kind {
    const char *name, *good;
    /* CORDAGE_EPARSE, CORDAGE_ENOMEM. */
    int (*again)(cordage_json body, struct buf *out);
} link_kinds[] = {
    { "hello",
      "{\"version\":1,\"role\":\"worker\",\"release\":\"0.1.0\",\"worker\":255,"
      "\"generation\":4294967295,\"pid\":4194304,\"token_print\":18446744073709551615,"
      "\"intents\":33281,\"welcomed\":true,\"first\":0,\"last\":65535,\"count\":65536,"
      "\"held\":[0,17,65535]}",
      again_hello },
    { "hello, before it is welcomed",
      "{\"version\":4294967295,\"role\":\"worker\",\"release\":\"\",\"worker\":0,"
      "\"generation\":0,\"pid\":1,\"token_print\":0,\"intents\":0,\"welcomed\":false,"
      "\"held\":[]}",
      again_hello },
    { "hello of a command", "{\"version\":1,\"role\":\"control\",\"release\":\"0.1.0\"}",
      again_hello },
    { "welcome",
      "{\"version\":1,\"first\":16,\"last\":31,\"count\":64,\"workers\":4,"
      "\"handshakes\":16,\"requests_per_s\":12,\"refused_max\":2250,"
      "\"recommended\":60,\"gateway\":\"wss://gateway.discord.gg\"}",
      again_welcome },
    { "end", "{\"exit\":3,\"code\":-12,\"message\":\"Discord said \\\"no\\\".\\n\"}",
      again_end },
    { "shards", "{\"shards\":[3,0,65535],\"identifies\":2,\"patience_ms\":30000}",
      again_shards },
    { "moved",
      "{\"shard\":65535,\"err\":-20,\"resumes\":true,\"cached\":false,\"open\":7,"
      "\"running\":7}",
      again_moved },
    { "kick", "{\"shard\":12,\"identify\":true}", again_kick },
    { "slot", "{\"shard\":12,\"ask\":4294967295}", again_slot },
    { "status",
      "{\"rss_bytes\":18446744073709551615,\"cpu_ms\":5,\"log_dropped\":6,"
      "\"shards\":[" LINK_RIG_ROW "," LINK_RIG_ROW "]}",
      again_status },
    { "totals", "{\"guilds\":18446744073709551615,\"reported\":63,\"shards\":64}",
      again_totals },
    { "text", "{\"from\":3,\"text\":\"\\u0000 \\\\ \xc3\xa9\"}", again_text },
    { "stop", "{\"forget\":true}", again_stop },
    { "command",
      "{\"verb\":\"restart\",\"follow\":true,\"one\":true,\"worker\":3,\"self\":false,"
      "\"forget\":true}",
      again_command },
    { "answer", "{\"text\":\"worker 3 is new\",\"is_last\":true,\"exit\":255}",
      again_answer },
};
enum { N_LINK_KINDS = sizeof link_kinds / sizeof *link_kinds };

#endif
