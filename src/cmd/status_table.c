#include "status_table.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "cordage/error.h"
#include "limits.h"
#include "text.h"

enum {
    LINE_SIZE = 512,
    CELL = 48,
    MIB = 1024 * 1024,
    WORKERS_SHOWN = 8, /* of those that are well */
    BESIDES = 2 /* lines that a table takes besides its rows: a blank one, its head */
};

#define GREEN  "\033[32m"
#define YELLOW "\033[33m"
#define RED    "\033[1;31m"
#define BOLD   "\033[1m"

struct page {
    const struct status_look *look;
    struct buf *out;
    cordage_json document;
    unsigned lines;
    int err;
};

/* ---- Reading -------------------------------------------------------------------------
 */

/* 0 for what is null or missing. */
static uint64_t number(cordage_json v, const char *key)
{
    uint64_t n = 0;

    json_u64(json_get(v, key), &n);
    return n;
}

static double real(cordage_json v, const char *key)
{
    double d = 0;

    json_double(json_get(v, key), &d);
    return d;
}

static bool yes(cordage_json v, const char *key)
{
    bool b = false;

    json_bool(json_get(v, key), &b);
    return b;
}

/* Made harmless: some of it came over a socket. */
static const char *text(cordage_json v, const char *key, char out[CELL])
{
    struct str s = { "", 0 };

    json_str(json_get(v, key), &s);
    snprintf(out, CELL, "%.*s", s.n < CELL ? (int)s.n : CELL - 1, s.p);
    str_make_printable(out, strlen(out));
    return out;
}

/* ---- Writing ---- */

/* "1204" as "1,204". */
static const char *thousands(uint64_t n, char out[CELL])
{
    char digits[24];
    size_t all = (size_t)snprintf(digits, sizeof digits, "%" PRIu64, n), at = 0;

    for (size_t i = 0; i < all; i++) {
        if (i > 0 && (all - i) % 3 == 0)
            out[at++] = ',';
        out[at++] = digits[i];
    }
    out[at] = '\0';
    return out;
}

/* A time ago or ahead, short: "43 s", "12 min", "5 h", "3 d". */
static const char *moment(uint64_t ms, char out[CELL])
{
    uint64_t s = ms / 1000;

    if (s < 100)
        snprintf(out, CELL, "%" PRIu64 " s", s);
    else if (s < 100 * 60)
        snprintf(out, CELL, "%" PRIu64 " min", s / 60);
    else if (s < 100 * 3600)
        snprintf(out, CELL, "%" PRIu64 " h", s / 3600);
    else
        snprintf(out, CELL, "%" PRIu64 " d", s / 86400);
    return out;
}

/* One line: `head`, then `word` in colour, then the rest, cut to the width. */
static void put_line(struct page *p, const char *head, const char *colour,
                     const char *word, const char *rest)
{
    size_t room = p->look->width, n_head = strlen(head), n_word = strlen(word);
    size_t n_rest;
    bool paint = p->look->colour && *colour;

    n_head = n_head < room ? n_head : room;
    n_word = n_word < room - n_head ? n_word : room - n_head;
    room -= n_head + n_word;
    n_rest = strlen(rest) < room ? strlen(rest) : room;
    while (n_rest > 0 && rest[n_rest - 1] == ' ')
        n_rest--;
    if (!p->err)
        p->err = buf_printf(p->out, "%.*s%s%.*s%s%.*s\n", (int)n_head, head,
                            paint ? colour : "", (int)n_word, word,
                            paint ? "\033[0m" : "", (int)n_rest, rest);
    p->lines++;
}

__attribute__((format(printf, 2, 3))) static void put(struct page *p, const char *format,
                                                      ...)
{
    char line[LINE_SIZE];
    va_list args;

    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    put_line(p, line, "", "", "");
}

/* ---- The head ---- */

static void put_title(struct page *p)
{
    cordage_json d = p->document;
    char release[CELL], id[CELL], state[CELL], up[TEXT_DURATION], head[LINE_SIZE];
    uint64_t started = number(d, "started_at_ms"), now = number(d, "now_ms");
    const char *colour = GREEN;

    text(d, "state", state);
    text(d, "application_id", id);
    text_duration(now > started ? now - started : 0, up);
    if (strcmp(state, "running") != 0)
        colour = YELLOW;
    snprintf(head, sizeof head, "cordage %s%s%s, up %s, ", text(d, "release", release),
             *id ? ", application " : "", id, up);
    put_line(p, head, colour, state, "");
}

static void put_shards_total(struct page *p)
{
    cordage_json d = p->document;
    uint64_t first = number(d, "shard_first"), last = number(d, "shard_last");
    uint64_t count = number(d, "shard_count"), ready = number(d, "shards_ready");
    uint64_t here = count ? last - first + 1 : 0, done = number(d, "done_at_ms");
    uint64_t now = number(d, "now_ms");
    char word[CELL], rest[LINE_SIZE] = "", left[TEXT_DURATION];
    size_t n = 0;

    if (!count) {
        put(p, "Shards    not known yet: Discord is being asked");
        return;
    }
    snprintf(word, sizeof word, "%" PRIu64 " of %" PRIu64 " ready", ready, here);
    if (here != count)
        n += (size_t)snprintf(rest, sizeof rest,
                              " (%" PRIu64 " to %" PRIu64 " of %" PRIu64 ")", first, last,
                              count);
    if (done > now)
        n += (size_t)snprintf(rest + n, sizeof rest - n, ", the last in %s",
                              text_duration(done - now, left));
    snprintf(rest + n, sizeof rest - n, ", %.1f events/s", real(d, "events_per_s"));
    put_line(p, "Shards    ", ready == here ? GREEN : ready ? YELLOW : RED, word, rest);
}

static void put_guilds(struct page *p)
{
    cordage_json g = json_get(p->document, "guilds");
    uint64_t reported = number(g, "shards_reported"), shards = number(g, "shards");
    char total[CELL];

    thousands(number(g, "total"), total);
    if (yes(g, "complete"))
        put(p, "Guilds    %s", total);
    else
        put(p,
            "Guilds    %s so far: %" PRIu64 " of %" PRIu64 " shards have reported theirs",
            total, reported, shards);
}

static void put_budget(struct page *p)
{
    cordage_json b = json_get(p->document, "budget");
    uint64_t reset = number(b, "reset_at_ms"), now = number(p->document, "now_ms");
    char left[TEXT_DURATION], rest[CELL + TEXT_DURATION] = "";

    if (!number(b, "total"))
        return;
    if (reset > now)
        snprintf(rest, sizeof rest, ", anew in %s", text_duration(reset - now, left));
    put(p,
        "Identify  %" PRIu64 " of %" PRIu64 " left (%" PRIu64 " in reserve), %" PRIu64
        " in 24 h%s",
        number(b, "allowed"), number(b, "total"), number(b, "reserve"),
        number(b, "used_24h"), rest);
}

static void put_totals(struct page *p)
{
    cordage_json t = json_get(p->document, "totals");
    char events[CELL];

    put(p,
        "Since     %s events, %" PRIu64 " resumes, %" PRIu64 " handovers, %" PRIu64
        " crashes, watchdog %" PRIu64,
        thousands(number(t, "events"), events), number(t, "resumes"),
        number(t, "handovers"), number(t, "worker_restarts"),
        number(t, "watchdog_actions"));
}

/* ---- Workers ---- */

static bool worker_is_well(cordage_json w)
{
    char state[CELL];

    return strcmp(text(w, "state", state), "running") == 0;
}

static void put_worker(struct page *p, cordage_json w)
{
    uint64_t now = number(p->document, "now_ms"), starts = number(w, "starts_at_ms");
    char head[LINE_SIZE], rest[LINE_SIZE], state[CELL], shards[CELL], when[CELL];
    char note[2 * CELL] = "", pid[CELL] = "-";
    int64_t ended;

    snprintf(shards, sizeof shards, "%" PRIu64 "-%" PRIu64, number(w, "shard_first"),
             number(w, "shard_last"));
    if (number(w, "pid"))
        snprintf(pid, sizeof pid, "%" PRIu64, number(w, "pid"));
    if (starts > now)
        snprintf(note, sizeof note, "starts in %s", moment(starts - now + 999, when));
    else if (json_i64(json_get(w, "last_exit"), &ended) && number(w, "restarts"))
        snprintf(note, sizeof note, "last exit %" PRId64, ended);
    else if (yes(w, "foreign"))
        snprintf(note, sizeof note, "foreign");
    snprintf(head, sizeof head, "%6" PRIu64 " %4" PRIu64 " %7s  ", number(w, "worker"),
             number(w, "generation"), pid);
    snprintf(rest, sizeof rest, " %11s %5.2f %6" PRIu64 " %8" PRIu64 "  %s", shards,
             real(w, "cpu_cores"), number(w, "rss_bytes") / MIB, number(w, "restarts"),
             note);
    snprintf(when, sizeof when, "%-9s", text(w, "state", state));
    put_line(p, head, worker_is_well(w) ? GREEN : YELLOW, when, rest);
}

static void put_workers(struct page *p)
{
    cordage_json workers = json_get(p->document, "workers");
    size_t n = json_count(workers), shown = 0, well = 0;
    struct json_iter it;
    bool all = n <= WORKERS_SHOWN;

    if (n == 0)
        return;
    put(p, "%s", "");
    put(p, "WORKER  GEN     PID  STATE         SHARDS   CPU  MEM/MB CRASHES");
    for (bool more = json_first(workers, &it); more; more = json_next(&it)) {
        well += worker_is_well(it.value);
        if (!all && (worker_is_well(it.value) || shown == WORKERS_SHOWN))
            continue;
        put_worker(p, it.value);
        shown++;
    }
    if (shown < n)
        put(p, "    ... %zu of %zu run", well, n);
}

/* ---- Shards ---- */

static bool shard_is_well(cordage_json s)
{
    char state[CELL];

    return strcmp(text(s, "state", state), "ready") == 0 && !yes(s, "moving") &&
           !yes(s, "replaying") && !yes(s, "paused");
}

static void write_note(struct page *p, cordage_json s, char note[CELL])
{
    uint64_t now = number(p->document, "now_ms"), dark = number(s, "dark_since_ms");
    char when[CELL];

    note[0] = '\0';
    if (yes(s, "paused"))
        snprintf(note, CELL, "queue full");
    else if (dark && dark <= now)
        snprintf(note, CELL, "dark %.12s", moment(now - dark, when));
    else if (yes(s, "loading"))
        snprintf(note, CELL, "loading");
    if (!note[0] && number(s, "close_code") && !shard_is_well(s))
        snprintf(note, CELL, "close %" PRIu64, number(s, "close_code"));
}

static void put_shard(struct page *p, cordage_json s)
{
    char head[LINE_SIZE], rest[LINE_SIZE], state[CELL], note[CELL], word[CELL];
    char worker[CELL] = "-", latency[CELL] = "-", last[CELL] = "-";
    const char *what = yes(s, "moving")      ? "moving"
                       : yes(s, "replaying") ? "replaying"
                                             : text(s, "state", state);
    bool well = shard_is_well(s);
    uint64_t ago;

    if (!json_is_null(json_get(s, "worker")))
        snprintf(worker, sizeof worker, "%" PRIu64, number(s, "worker"));
    if (number(s, "latency_ms"))
        snprintf(latency, sizeof latency, "%" PRIu64 " ms", number(s, "latency_ms"));
    if (json_u64(json_get(s, "last_event_ago_ms"), &ago))
        moment(ago, last);
    write_note(p, s, note);
    snprintf(word, sizeof word, "%-11s", what);
    snprintf(head, sizeof head, "%5" PRIu64 " %6s  ", number(s, "shard"), worker);
    snprintf(rest, sizeof rest, " %7" PRIu64 " %8s %9.1f %7s %7" PRIu64 "  %s",
             number(s, "guilds"), latency, real(s, "events_per_s"), last,
             number(s, "resumes"), note);
    put_line(p, head,
             well                           ? GREEN
             : strcmp(what, "stopped") == 0 ? RED
                                            : YELLOW,
             word, rest);
}

/* Those that are well or not, at most `room`. */
static size_t put_some(struct page *p, cordage_json shards, bool well, size_t room)
{
    struct json_iter it;
    size_t n = 0;

    for (bool more = json_first(shards, &it); more && n < room; more = json_next(&it)) {
        if (shard_is_well(it.value) != well)
            continue;
        put_shard(p, it.value);
        n++;
    }
    return n;
}

static void put_shards(struct page *p)
{
    cordage_json shards = json_get(p->document, "shards");
    size_t n = json_count(shards), room = n, shown;

    if (n == 0)
        return;
    /* A line of the last for what isn't shown. */
    if (p->look->height && p->lines + BESIDES + n > p->look->height)
        room = p->look->height > p->lines + BESIDES + 1
                   ? p->look->height - p->lines - BESIDES - 1
                   : 0;
    put(p, "%s", "");
    put(p, "SHARD WORKER  STATE        GUILDS  LATENCY  EVENTS/S    LAST RESUMES");
    shown = put_some(p, shards, false, room);
    shown += put_some(p, shards, true, room - shown);
    if (shown < n)
        put(p, "  ... and %zu more%s", n - shown,
            p->look->whole ? " (--all shows them)" : "");
}

int status_table(cordage_json document, const struct status_look *look, struct buf *out)
{
    struct page p = { .look = look, .out = out, .document = document };

    if (json_is_absent(json_get(document, "shard_count")) ||
        json_is_absent(json_get(document, "shards")))
        return CORDAGE_EPARSE;
    put_title(&p);
    put_shards_total(&p);
    put_guilds(&p);
    put_budget(&p);
    put_totals(&p);
    put_workers(&p);
    put_shards(&p);
    return p.err;
}
