#include "watchdog.h"

#include <stdio.h>

#include "cordage/error.h"
#include "mem.h"

/* Time is counted in buckets of 5 s. Events are kept as running sums at the ends of
 * buckets, so that any window is one subtraction. */
enum {
    BUCKET_S = 5,
    WINDOW_MIN = WATCHDOG_WINDOW_MIN_S / BUCKET_S,
    WINDOW_MAX = WATCHDOG_WINDOW_MAX_S / BUCKET_S,
    RING = WINDOW_MAX + 1,
    GAP_MS = 3000,          /* between seconds: ours were not all of them */
    WINDOWS_LEARNED = 10,   /* of its length, before it is judged by one */
    BURST = 4,              /* times the usual is what a bucket counts at most */
    LOST_WEIGHT_S = 5 * 60, /* how much the past counts after a guild was lost */
    LOST_SLACK = 3,         /* buckets between that loss and the silence it made */
    SELF_ENDED = 12,        /* buckets well: no reconnect ended that silence */
    OTHERS_PERCENT = 80,    /* of their usual, while it alone was silent */
    QUIET_FADES = 24 * 3600 / BUCKET_S
};

struct watched {
    uint32_t sums[RING]; /* its events, wrapping */
    uint32_t sum;
    uint64_t events;      /* of the last sample */
    size_t available;     /* guilds, of the last well sample */
    uint32_t bucket;      /* events in this bucket */
    bool unwell;          /* in this bucket */
    bool silent;          /* looks so */
    uint32_t window;      /* over so many buckets */
    uint64_t well_since;  /* the first bucket that was well throughout */
    uint64_t lost_at;     /* the bucket in which a guild was lost, + 1; 0: never */
    double usual, recent; /* events in a well bucket: of the last hour, and 10 min */
    uint32_t weight_s;    /* of the past in `usual` */
    uint32_t learned_s;   /* up to what the longest window demands */
    uint32_t quiet;       /* buckets in a row that were silent, until now */
    double usual_before;  /* that */
    double longest_quiet; /* that ended by itself, fading */
    uint64_t acted_at, resumed_at, identified_at; /* ms; 0: never */
};

struct watchdog {
    uint32_t n;
    uint64_t now, bucket_at; /* ms */
    uint64_t buckets;        /* that have ended */
    /* Of all shards that are well and known for some time: running sums. */
    double events[RING], usual[RING], events_sum, usual_sum;
    uint64_t crowd_at; /* the last bucket at whose end too many looked silent */
    uint32_t n_silent, n_shards, next; /* `next` is n when there's nothing to say */
    struct watched *shards;
};

int watchdog_new(uint32_t n, struct watchdog **out)
{
    struct watchdog *w = mem_zero(sizeof *w);

    *out = NULL;
    if (!w)
        return CORDAGE_ENOMEM;
    w->shards = calloc(n ? n : 1, sizeof *w->shards);
    if (!w->shards) {
        free(w);
        return CORDAGE_ENOMEM;
    }
    w->n = w->next = n;
    *out = w;
    return 0;
}

void watchdog_free(struct watchdog *w)
{
    if (!w)
        return;
    free(w->shards);
    free(w);
}

/* ---- What a shard usually does ------------------------------------------------ */

static void learn_anew(struct watched *s)
{
    s->usual = s->recent = 0;
    s->weight_s = s->learned_s = 0;
}

/* A mean over the last `most_s`, or over what there was. */
static void blend(double *mean, uint32_t past_s, uint32_t most_s, double now,
                  uint32_t now_s)
{
    double past = past_s < most_s ? past_s : most_s;

    *mean = (*mean * past + now * now_s) / (past + now_s);
}

static void learn(struct watched *s, double events, uint32_t n_buckets)
{
    uint32_t seconds = n_buckets * BUCKET_S;

    blend(&s->usual, s->weight_s, WATCHDOG_USUAL_S, events / n_buckets, seconds);
    blend(&s->recent, s->weight_s, WATCHDOG_RECENT_S, events / n_buckets, seconds);
    s->weight_s += seconds;
    if (s->weight_s > WATCHDOG_USUAL_S)
        s->weight_s = WATCHDOG_USUAL_S;
    s->learned_s += seconds;
    if (s->learned_s > WINDOWS_LEARNED * WATCHDOG_WINDOW_MAX_S)
        s->learned_s = WINDOWS_LEARNED * WATCHDOG_WINDOW_MAX_S;
}

static double others_ratio(const struct watchdog *w, const struct watched *s,
                           uint32_t window);

/* A silence that it had alone, that was none by chance, and that no reconnect ended. */
static bool is_its_own(const struct watchdog *w, const struct watched *s, uint32_t length)
{
    return w->buckets >= s->well_since + SELF_ENDED &&
           length * s->usual_before >= WATCHDOG_COUNTED_MIN &&
           (!w->crowd_at || w->buckets >= w->crowd_at + length) &&
           others_ratio(w, s, length) * 100 > OTHERS_PERCENT;
}

static void end_quiet(const struct watchdog *w, struct watched *s)
{
    uint32_t length = s->quiet < WINDOW_MAX ? s->quiet : WINDOW_MAX;

    if (length > s->longest_quiet && is_its_own(w, s, length))
        s->longest_quiet = length;
    learn(s, 0, s->quiet);
    s->quiet = 0;
}

static void learn_bucket(const struct watchdog *w, struct watched *s)
{
    double events = s->bucket, most = s->usual * BURST + 1;

    s->longest_quiet -= s->longest_quiet / QUIET_FADES;
    if (events * 100 <= s->usual * WATCHDOG_OBSERVED_PERCENT) {
        if (!s->quiet)
            s->usual_before = s->usual;
        if (s->quiet < UINT32_MAX / BUCKET_S / 2)
            s->quiet++;
        return;
    }
    if (s->quiet)
        end_quiet(w, s);
    if (events > most)
        events = most;
    learn(s, events, 1);
}

/* ---- Samples ------------------------------------------------------------------ */

static void take_sample(const struct watchdog *w, struct watched *s,
                        const struct watchdog_sample *sample, bool gap)
{
    uint64_t came =
        sample->events < s->events ? sample->events : sample->events - s->events;

    s->events = sample->events;
    if (gap || !sample->live || sample->paused || sample->replaying || sample->loading) {
        s->unwell = true;
        return;
    }
    s->bucket += (uint32_t)came;
    if (sample->guilds_available < s->available) {
        s->lost_at = w->buckets + 1;
        if (s->weight_s > LOST_WEIGHT_S)
            s->weight_s = LOST_WEIGHT_S;
    }
    s->available = sample->guilds_available;
}

/* Its bucket has ended; w->buckets counts it already. */
static void end_bucket(struct watchdog *w, struct watched *s)
{
    if (s->unwell) {
        s->well_since = w->buckets;
    } else {
        s->sum += s->bucket;
        if (s->learned_s >= WATCHDOG_LEARN_S / 2) {
            w->events_sum += s->bucket;
            w->usual_sum += s->usual;
        }
    }
    s->sums[w->buckets % RING] = s->sum;
}

/* ---- Judging ------------------------------------------------------------------ */

static uint32_t observed(const struct watchdog *w, const struct watched *s,
                         uint32_t window)
{
    return s->sum - s->sums[(w->buckets - window) % RING];
}

/* What the other shards did in the last buckets, as a part of what they usually do. 0 if
 * they usually do too little to tell. `s` was well in all of them. */
static double others_ratio(const struct watchdog *w, const struct watched *s,
                           uint32_t window)
{
    size_t begin = (w->buckets - window) % RING;
    double usual = w->usual_sum - w->usual[begin] - s->usual * window;
    double events = w->events_sum - w->events[begin] - observed(w, s, window);

    if (usual < WATCHDOG_EXPECTED_MIN || events <= 0)
        return 0;
    return events < usual ? events / usual : 1;
}

static bool well_for(const struct watchdog *w, const struct watched *s, uint32_t window)
{
    return w->buckets >= s->well_since + window;
}

static double base_rate(const struct watched *s)
{
    return s->usual < s->recent ? s->usual : s->recent;
}

static double expected(const struct watchdog *w, const struct watched *s, uint32_t window)
{
    return base_rate(s) * window * others_ratio(w, s, window);
}

static bool is_under(uint32_t events, double wanted, unsigned percent)
{
    return events * 100.0 < wanted * percent;
}

/* The shortest window in which enough is expected of it; 0: there's none, or it hasn't
 * been well and known for long enough. */
static uint32_t window_of(const struct watchdog *w, const struct watched *s)
{
    double enough = WATCHDOG_EXPECTED_MIN, window = WINDOW_MIN, rate = base_rate(s);

    if (s->learned_s < WATCHDOG_LEARN_S || rate * WINDOW_MAX < enough)
        return 0;
    if (window < enough / rate)
        window = enough / rate;
    if (window < 2 * s->longest_quiet)
        window = 2 * s->longest_quiet;
    while (window <= WINDOW_MAX) {
        uint32_t n = (uint32_t)window + (window > (uint32_t)window);
        double wanted;

        if (!well_for(w, s, n) || s->learned_s < WINDOWS_LEARNED * n * BUCKET_S)
            return 0;
        wanted = expected(w, s, n);
        if (wanted >= enough)
            return n;
        if (wanted <= 0)
            return 0;
        window = n * enough / wanted;
        if (window < n + 1)
            window = n + 1;
    }
    return 0;
}

/* It lost a guild when its silence began. */
static bool lost_its_guild(const struct watchdog *w, const struct watched *s)
{
    uint32_t silence = s->quiet > s->window ? s->quiet : s->window;

    return s->lost_at && (double)s->lost_at + silence + s->longest_quiet + LOST_SLACK >=
                             (double)w->buckets;
}

static void judge(const struct watchdog *w, struct watched *s)
{
    s->window = window_of(w, s);
    s->silent =
        s->window && is_under(observed(w, s, s->window), expected(w, s, s->window),
                              WATCHDOG_OBSERVED_PERCENT);
    if (s->silent && lost_its_guild(w, s)) {
        learn_anew(s);
        s->quiet = 0;
        s->silent = false;
    }
}

static bool may_act(const struct watchdog *w, const struct watched *s)
{
    return s->silent && w->buckets >= w->crowd_at + s->window &&
           (!s->acted_at || w->now - s->acted_at >= WATCHDOG_ACTION_MS);
}

/* How many shards look silent over `window`, however little is expected of them. */
static void count_silent(struct watchdog *w, uint32_t window)
{
    w->n_silent = w->n_shards = 0;
    for (uint32_t i = 0; i < w->n; i++) {
        const struct watched *s = &w->shards[i];
        double wanted = 0;
        uint32_t came = 0;

        if (!s->silent && s->learned_s >= WATCHDOG_LEARN_S && well_for(w, s, window)) {
            wanted = expected(w, s, window);
            came = observed(w, s, window);
        }
        if (!s->silent && wanted < WATCHDOG_COUNTED_MIN && came < WATCHDOG_COUNTED_MIN)
            continue;
        w->n_shards++;
        w->n_silent += s->silent || is_under(came, wanted, WATCHDOG_COUNTED_PERCENT);
    }
}

static void judge_all(struct watchdog *w)
{
    uint32_t shortest = UINT32_MAX;

    for (uint32_t i = 0; i < w->n; i++) {
        struct watched *s = &w->shards[i];

        judge(w, s);
        if (s->silent && s->window < shortest)
            shortest = s->window;
    }
    if (shortest == UINT32_MAX)
        return;
    count_silent(w, shortest);
    if (w->n_silent == 1 || w->n_silent * 100 < w->n_shards * WATCHDOG_SILENT_PERCENT)
        w->next = 0;
    else
        w->crowd_at = w->buckets;
}

void watchdog_second(struct watchdog *w, const struct watchdog_sample *samples,
                     uint64_t now_ms)
{
    bool gap = !w->now || now_ms - w->now > GAP_MS;

    w->now = now_ms;
    w->next = w->n;
    for (uint32_t i = 0; i < w->n; i++)
        take_sample(w, &w->shards[i], &samples[i], gap);
    if (gap)
        w->bucket_at = now_ms;
    if (now_ms - w->bucket_at < BUCKET_S * 1000)
        return;
    w->bucket_at = now_ms;
    w->buckets++;
    for (uint32_t i = 0; i < w->n; i++)
        end_bucket(w, &w->shards[i]);
    w->events[w->buckets % RING] = w->events_sum;
    w->usual[w->buckets % RING] = w->usual_sum;
    for (uint32_t i = 0; i < w->n; i++) {
        if (!w->shards[i].unwell)
            learn_bucket(w, &w->shards[i]);
        w->shards[i].bucket = 0;
        w->shards[i].unwell = false;
    }
    judge_all(w);
}

static void act(struct watchdog *w, struct watched *s, struct watchdog_decision *out)
{
    bool resumed = s->resumed_at && w->now - s->resumed_at < WATCHDOG_RESUMED_MS;
    bool may_identify =
        !s->identified_at || w->now - s->identified_at >= WATCHDOG_IDENTIFY_MS;

    *out = (struct watchdog_decision){
        .verdict = resumed && may_identify ? WATCHDOG_IDENTIFY : WATCHDOG_RESUME,
        .shard = (uint32_t)(s - w->shards),
        .usual_per_s = base_rate(s) / BUCKET_S,
        .siblings = others_ratio(w, s, s->window),
        .expected = expected(w, s, s->window),
        .observed = observed(w, s, s->window),
        .window_s = (uint64_t)s->window * BUCKET_S,
        .silent = w->n_silent,
        .shards = w->n_shards,
    };
    s->acted_at = w->now;
    if (out->verdict == WATCHDOG_IDENTIFY) {
        s->identified_at = w->now;
        learn_anew(s);
    } else {
        s->resumed_at = w->now;
    }
}

bool watchdog_next(struct watchdog *w, struct watchdog_decision *out)
{
    for (; w->next < w->n; w->next++) {
        struct watched *s = &w->shards[w->next];

        if (may_act(w, s)) {
            act(w, s, out);
            w->next++;
            return true;
        }
    }
    *out = (struct watchdog_decision){ .verdict = WATCHDOG_NOTHING };
    return false;
}

void watchdog_text(const struct watchdog_decision *d, uint32_t shard_id, char out[256])
{
    snprintf(
        out, 256,
        "shard %u looks silent: %llu events in %llu s, %.0f expected (usually %.2f per "
        "second, the others are at %.0f %% of theirs; silent: %u of %u shards): %s",
        shard_id, (unsigned long long)d->observed, (unsigned long long)d->window_s,
        d->expected, d->usual_per_s, d->siblings * 100, d->silent, d->shards,
        d->verdict == WATCHDOG_IDENTIFY ? "a new session, as RESUME has not helped"
                                        : "RESUME");
}
