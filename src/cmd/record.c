/* record.c - `cordage record`: what a shard is sent, in a file. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "args.h"
#include "gateway.h"
#include "json_write.h"
#include "record_bot.h"
#include "record_client.h"
#include "subcommands.h"
#include "text.h"

#define PRIVILEGED                                                   \
    (CORDAGE_INTENT_GUILD_MEMBERS | CORDAGE_INTENT_GUILD_PRESENCES | \
     CORDAGE_INTENT_MESSAGE_CONTENT)
#define DEFAULT_INTENTS (GATEWAY_ALL_INTENTS & ~(uint64_t)PRIVILEGED)

static const char about[] =
    "Connects as one shard of the bot and writes what the gateway sends it into FILE, "
    "with\n"
    "the times. It takes one IDENTIFY of the day's, which is booked as the bot's own "
    "are.\n"
    "Losses are resumed. Ctrl-C ends it; `cordage replay` plays it to any bot.\n"
    "With a COMMAND it runs that instead, leads it by CORDAGE_API, CORDAGE_CA_FILE,\n"
    "NODE_EXTRA_CA_CERTS and SSL_CERT_FILE to a relay on this machine, and records what\n"
    "its own shards are sent: into FILE, or FILE-K-N if they are several.";

static const char after[] =
    "Token, API and CA come from DISCORD_TOKEN or DISCORD_TOKEN_FILE, CORDAGE_API and\n"
    "CORDAGE_CA_FILE. No token, session, voice key or webhook's secret is in the file; "
    "what\n"
    "people said is: it is made with mode 0600, and one that is there is left alone.\n"
    "docs/recording.md has the format and the list of what is taken out.";

struct choices {
    const char *shard, *time;
    uint64_t intents, events;
    bool json;
};

static int refuse(const char *what, const char *takes, const char *value)
{
    fprintf(stderr, "cordage record: --%s takes %s, not '%s'\n", what, takes, value);
    return 2;
}

/* "3/8". */
static bool read_shard(const char *text, uint32_t *id, uint32_t *count)
{
    size_t slash = strcspn(text, "/");
    uint64_t k, n;

    if (!text[slash] || !str_u64((struct str){ text, slash }, &k) ||
        !str_u64(str_of(text + slash + 1), &n) || n > LIMIT_SHARDS || k >= n)
        return false;
    *id = (uint32_t)k;
    *count = (uint32_t)n;
    return true;
}

static void print_json(const struct record_wish *wish, const struct record_tally *t,
                       const cordage_error *error)
{
    struct buf out = { 0 };
    struct json_writer w;

    json_begin(&w, &out);
    json_open(&w, '{');
    json_key(&w, "file");
    json_put_z(&w, wish->path);
    json_key(&w, "shard");
    json_open(&w, '[');
    json_put_u64(&w, wish->shard_id);
    json_put_u64(&w, wish->shard_count);
    json_shut(&w, ']');
    json_key(&w, "events");
    json_put_u64(&w, t->events);
    json_key(&w, "ms");
    json_put_u64(&w, t->ms);
    json_key(&w, "identifies");
    json_put_u64(&w, t->identifies);
    json_key(&w, "resumed");
    json_put_u64(&w, t->resumed);
    json_key(&w, "sessions_lost");
    json_put_u64(&w, t->lost);
    json_key(&w, "error");
    json_put_z(&w, error->code ? error->message : NULL);
    json_shut(&w, '}');
    if (json_end(&w) == 0)
        printf("%.*s\n", STR_FMT(buf_str(&out)));
    buf_release(&out);
}

static void print_text(const struct record_wish *wish, const struct record_tally *t)
{
    char since[TEXT_DURATION];

    printf("%s: %" PRIu64 " event%s in %s", wish->path, t->events,
           t->events == 1 ? "" : "s", text_duration(t->ms, since));
    if (t->resumed)
        printf(", %" PRIu64 " resume%s", t->resumed, t->resumed == 1 ? "" : "s");
    if (t->lost)
        printf(", %" PRIu64 " session%s lost: events may be missing", t->lost,
               t->lost == 1 ? "" : "s");
    putchar('\n');
}

static int run(const char *path, const struct choices *c)
{
    cordage_options options = CORDAGE_OPTIONS_INIT;
    struct record_wish wish = { .path = path, .shard_count = 1, .events = c->events };
    struct record_tally tally = { 0 };
    cordage_error error = { 0 };
    struct settings settings;

    if (c->shard && !read_shard(c->shard, &wish.shard_id, &wish.shard_count))
        return refuse("shard", "K/N, the shard and how many there are: 0/1", c->shard);
    if (c->time && !text_read_duration(c->time, &wish.ms))
        return refuse("for", "a time like 90s, 5m, 2h or 1d", c->time);
    options.intents = (uint32_t)c->intents;
    options.shard_count = wish.shard_count;
    wish.progress = isatty(STDERR_FILENO);
    wish.settings = &settings;
    if (settings_from(&options, &settings, &error) == 0) {
        record_client(&wish, &tally, &error);
        settings_release(&settings);
    }
    if (c->json)
        print_json(&wish, &tally, &error);
    else if (tally.events)
        print_text(&wish, &tally);
    if (error.code)
        fprintf(stderr, "cordage record: %s\n", error.message);
    return cordage_exit_status(error.code);
}

/* The command's own shards are recorded, until it ends. */
static bool refuse_with_command(const struct choices *c)
{
    const char *name = c->shard                        ? "shard"
                       : c->time                       ? "for"
                       : c->events                     ? "events"
                       : c->intents != DEFAULT_INTENTS ? "intents"
                                                       : NULL;

    if (name)
        fprintf(stderr,
                "cordage record: --%s cannot be used with a command: its own shards are "
                "recorded,\nuntil it ends\n",
                name);
    return name != NULL;
}

int command_record(int argc, char **argv)
{
    struct choices c = { .intents = DEFAULT_INTENTS };
    const struct arg list[] = {
        { .name = "shard",
          .value = "K/N",
          .help = "which shard, of how many",
          .text = &c.shard,
          .fallback = "0/1" },
        { .name = "intents",
          .value = "N",
          .help = "what to ask for, as a number; by default all that need\n"
                  "no permission of Discord's",
          .number = &c.intents,
          .max = UINT32_MAX },
        { .name = "for",
          .value = "TIME",
          .help = "end 90s, 5m, 2h, 1d after READY",
          .text = &c.time },
        { .name = "events",
          .value = "N",
          .help = "end after so many. 0: no end",
          .number = &c.events,
          .max = UINT64_MAX },
        { 0 },
    };
    const struct args args = { .command = "record",
                               .usage = "[OPTION]... FILE\n"
                                        "       cordage record FILE -- COMMAND "
                                        "[ARGUMENT]...",
                               .about = about,
                               .after = after,
                               .list = list,
                               .json = &c.json,
                               .min_operands = 1,
                               .max_operands = 1 };
    char **operands;
    int n, status, own = 0;

    while (own < argc && strcmp(argv[own], "--") != 0)
        own++;
    if (own < argc)
        argv[own] = NULL;
    status = args_parse(&args, own, argv, &operands, &n, stdout, stderr);
    if (status != ARGS_GO)
        return status;
    if (own + 1 >= argc)
        return run(operands[0], &c);
    if (refuse_with_command(&c))
        return 2;
    return record_bot(operands[0], argv + own + 1, c.json);
}
