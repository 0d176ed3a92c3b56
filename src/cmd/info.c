/* info.c - `cordage info`: what Discord says about this bot's start, and how long it will
 * take. Costs no IDENTIFY. */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "args.h"
#include "cordage/cordage.h"
#include "subcommands.h"
#include "fatal.h"
#include "json_write.h"
#include "ledger.h"
#include "shards.h"
#include "text.h"

enum { DAY_MS = 24 * 3600 * 1000 };

struct start {
    uint32_t shards;
    uint32_t now;      /* of these: what the budget lets start before it is whole again */
    uint64_t takes_ms; /* until all have started, at the least; UINT64_MAX: never */
};

/* What the budget, less the reserve, does not cover today begins when it is whole again,
 * and what it does not cover then a day later, and so on. A budget of which nothing was
 * used yet is renewed a day after its first use. */
static struct start plan_start(uint32_t shards, const cordage_gateway_bot *g,
                               struct ledger *ledger, uint64_t now)
{
    uint64_t allowed = ledger_allowed(ledger, now);
    uint64_t a_day = g->total - ledger_reserve(ledger);
    uint32_t first = shards < allowed ? shards : (uint32_t)allowed;
    struct start s = { .shards = shards, .now = first };
    uint32_t left = shards - first;

    if (left > 0 && a_day == 0) {
        s.takes_ms = UINT64_MAX;
        return s;
    }
    if (left > 0)
        s.takes_ms = g->reset_after_ms ? g->reset_after_ms : DAY_MS;
    for (; left > a_day; left -= (uint32_t)a_day)
        s.takes_ms += DAY_MS;
    s.takes_ms += shards_start_ms(left ? left : first, g->max_concurrency);
    return s;
}

static int print_text(const cordage_gateway_bot *g, const struct start *s,
                      uint64_t reserve)
{
    char duration[TEXT_DURATION];

    printf("Gateway      %s\n", g->url);
    printf("Shards       %" PRIu32 " recommended\n", g->shards);
    printf("Identifies   %" PRIu32 " of %" PRIu32 " left", g->remaining, g->total);
    if (g->reset_after_ms)
        printf(", all again in %s", text_duration(g->reset_after_ms, duration));
    printf("\nReserve      %" PRIu64 " of them, never used", reserve);
    printf("\nConcurrency  %" PRIu32 " identif%s every 5 s\n", g->max_concurrency,
           g->max_concurrency == 1 ? "y" : "ies");
    if (s->now == s->shards)
        printf("Start        %" PRIu32 " shard%s: %s\n", s->shards,
               s->shards == 1 ? "" : "s",
               s->takes_ms ? text_duration(s->takes_ms, duration) : "at once");
    else
        printf("Start        %" PRIu32 " shards: %" PRIu32 " now, the last %s%s\n",
               s->shards, s->now, s->takes_ms == UINT64_MAX ? "never" : "in ",
               s->takes_ms == UINT64_MAX ? "" : text_duration(s->takes_ms, duration));
    return 0;
}

static int print_json(const cordage_gateway_bot *g, const struct start *s,
                      uint64_t reserve, const cordage_error *error)
{
    struct buf out = { 0 };
    struct json_writer w;
    int err;

    json_begin(&w, &out);
    json_open(&w, '{');
    if (g) {
        json_key(&w, "url");
        json_put_z(&w, g->url);
        json_key(&w, "shards");
        json_put_u64(&w, g->shards);
        json_key(&w, "session_start_limit");
        json_open(&w, '{');
        json_key(&w, "total");
        json_put_u64(&w, g->total);
        json_key(&w, "remaining");
        json_put_u64(&w, g->remaining);
        json_key(&w, "reset_after");
        json_put_u64(&w, g->reset_after_ms);
        json_key(&w, "max_concurrency");
        json_put_u64(&w, g->max_concurrency);
        json_shut(&w, '}');
        json_key(&w, "reserve");
        json_put_u64(&w, reserve);
        json_key(&w, "start");
        json_open(&w, '{');
        json_key(&w, "shards");
        json_put_u64(&w, s->shards);
        json_key(&w, "shards_now");
        json_put_u64(&w, s->now);
        json_key(&w, "takes_ms");
        json_put_u64(&w, s->takes_ms);
        json_shut(&w, '}');
    }
    json_key(&w, "error");
    json_put_z(&w, error->code ? error->message : NULL);
    json_shut(&w, '}');
    err = json_end(&w);
    if (!err)
        printf("%.*s\n", STR_FMT(buf_str(&out)));
    buf_release(&out);
    return err ? 1 : 0;
}

static int complain(const cordage_error *error)
{
    fprintf(stderr, "cordage info: %s\n", error->message);
    return cordage_exit_status(error->code);
}

static uint64_t wall_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000;
}

int command_info(int argc, char **argv)
{
    const char *shards = "auto";
    bool json = false;
    const struct arg list[] = {
        { .name = "shards",
          .value = "N",
          .help = "how many shards to start: a number,\nor auto: as many as recommended",
          .text = &shards },
        { 0 },
    };
    const struct args args = {
        .command = "info",
        .usage = "[OPTION]...",
        .about =
            "Asks Discord how many shards it recommends, how many identifies are left\n"
            "today, and says how long a start will take. Starts nothing.",
        .after =
            "The token comes from DISCORD_TOKEN, or the file that DISCORD_TOKEN_FILE\n"
            "names. Exit status 4: the identifies left do not cover the shards.",
        .list = list,
        .json = &json,
    };
    cordage_options options = CORDAGE_OPTIONS_INIT;
    cordage_gateway_bot g;
    cordage_error error = { 0 };
    struct ledger ledger;
    uint32_t shard_count;
    uint64_t now;
    struct start start;
    char **operands;
    int n, status = args_parse(&args, argc, argv, &operands, &n, stdout, stderr);

    if (status != ARGS_GO)
        return status;
    if (text_shards("info", shards, &options.shard_count) < 0)
        return 2;
    if (cordage_get_gateway_bot(&options, &g, &error) < 0) {
        if (json)
            print_json(NULL, NULL, 0, &error);
        return complain(&error);
    }
    shard_count = options.shard_count ? options.shard_count : g.shards;
    now = wall_ms();
    ledger_init(&ledger, shard_count);
    ledger_limits(&ledger, g.total, g.remaining, g.reset_after_ms, now);
    start = plan_start(shard_count, &g, &ledger, now);
    if (start.now < start.shards)
        fatal_over_budget(start.shards, &ledger, now, &error);
    if (json)
        status = print_json(&g, &start, ledger_reserve(&ledger), &error);
    else
        status = print_text(&g, &start, ledger_reserve(&ledger));
    ledger_release(&ledger);
    return error.code ? complain(&error) : status;
}
