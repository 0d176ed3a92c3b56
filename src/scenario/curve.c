/* How much people talk: a base rate, a curve that it follows, and bursts on top. */
#include <stdlib.h>

#include "mem.h"
#include "scenario_model.h"

enum { DAY_MS = 24 * 3600 * 1000 };

/* ---- Reading ------------------------------------------------------------------------
 */

static int read_point(const struct reader *r, const struct node *v,
                      const struct traffic *t, uint64_t duration, struct curve_point *out)
{
    static const struct read_key factor = { "a point of the curve", READ_REAL, 0, 0,
                                            1000 };
    uint64_t most = t->day ? DAY_MS : READ_TIME_MAX;

    if (!read_time(v->key, &out->at) || out->at > most)
        return read_refuse(r, v->key_line,
                           "a point of the curve begins with %s, not '%.40s'",
                           t->day ? "a time of day, 00:00 to 24:00"
                                  : "a time of the scenario, like 10m",
                           v->key);
    if (t->n_points > 0 && out->at <= out[-1].at)
        return read_refuse(
            r, v->key_line,
            "the curve's points go forward in time: '%.40s' comes too late", v->key);
    if (!t->day && out->at > duration)
        return read_refuse(r, v->key_line,
                           "this point of the curve is after the scenario's end");
    return read_value(r, v, &factor, &out->factor);
}

static int read_curve(const struct reader *r, const struct node *v, uint64_t duration,
                      struct traffic *out)
{
    int err = read_expect_kind(r, v, TREE_MAP, "`06:30: 0.5`");

    if (err)
        return err;
    if (v->n == 0 || v->n > SCENARIO_POINTS_MAX)
        return read_refuse(r, v->line, "a curve has 1 to %d points", SCENARIO_POINTS_MAX);
    out->points = calloc(v->n, sizeof *out->points);
    if (!out->points)
        return error_set(r->error, CORDAGE_ENOMEM, "%s",
                         cordage_strerror(CORDAGE_ENOMEM));
    for (const struct node *p = v->first; p; p = p->next) {
        err = read_point(r, p, out, duration, &out->points[out->n_points]);
        if (err)
            return err;
        out->n_points++;
    }
    return 0;
}

static int read_burst(const struct reader *r, const struct node *v, uint64_t duration,
                      struct burst *out)
{
    static const struct read_key keys[] = {
        { "at", READ_TIME, offsetof(struct burst, at) },
        { "every", READ_TIME, offsetof(struct burst, every), 1000 },
        { "for", READ_TIME, offsetof(struct burst, for_ms), 1 },
        { "times", READ_REAL, offsetof(struct burst, times), 0, 10000 },
        { NULL },
    };
    int err;

    *out = (struct burst){ .line = v->line, .times = -1 };
    err = read_map(r, "a burst", v, keys, out);
    if (err)
        return err;
    if (!tree_get(v, "at") == !tree_get(v, "every"))
        return read_refuse(r, v->line,
                           "a burst comes either `at` a time or `every` so often");
    if (!out->for_ms || out->times < 0)
        return read_refuse(
            r, v->line,
            "a burst says how long it lasts (`for: 20s`) and what the rate is "
            "multiplied by (`times: 5`)");
    if (out->at >= duration || out->every >= duration)
        return read_refuse(r, v->line, "this burst would come after the scenario's end");
    if (out->every && out->for_ms > out->every)
        return read_refuse(r, v->line, "the burst lasts longer than until the next one");
    return 0;
}

static int read_bursts(const struct reader *r, const struct node *v, uint64_t duration,
                       struct traffic *out)
{
    int err = read_expect_kind(r, v, TREE_LIST, "`- {at: 2m, for: 20s, times: 5}`");

    if (err)
        return err;
    if (v->n > SCENARIO_BURSTS_MAX)
        return read_refuse(r, v->line, "there are at most %d bursts",
                           SCENARIO_BURSTS_MAX);
    out->bursts = calloc(v->n + 1, sizeof *out->bursts);
    if (!out->bursts)
        return error_set(r->error, CORDAGE_ENOMEM, "%s",
                         cordage_strerror(CORDAGE_ENOMEM));
    for (const struct node *b = v->first; b && !err; b = b->next)
        err = read_burst(r, b, duration, &out->bursts[out->n_bursts++]);
    return err;
}

int traffic_read(const struct reader *r, const struct node *v, uint64_t duration,
                 struct traffic *out)
{
    struct raw {
        struct traffic t;
        const struct node *curve, *bursts;
    } raw = { .t = *out };
    static const struct read_key keys[] = {
        { "rate", READ_REAL, offsetof(struct raw, t.rate), 0, 100000 },
        { "day", READ_TIME, offsetof(struct raw, t.day), 1000 },
        { "starts_at", READ_TIME, offsetof(struct raw, t.starts_at), 0, DAY_MS },
        { "curve", READ_NODE, offsetof(struct raw, curve) },
        { "bursts", READ_NODE, offsetof(struct raw, bursts) },
        { NULL },
    };
    int err = read_map(r, "traffic", v, keys, &raw);

    *out = raw.t;
    if (!err && raw.t.starts_at && !raw.t.day)
        err = read_refuse(r, v->line,
                          "starts_at is a time of day: say how long a `day` takes");
    if (!err && raw.curve)
        err = read_curve(r, raw.curve, duration, out);
    if (!err && raw.bursts)
        err = read_bursts(r, raw.bursts, duration, out);
    if (!err && (raw.curve || raw.bursts) && !(raw.t.rate > 0))
        err = read_refuse(r, v->line,
                          "a curve and bursts multiply the `rate`, which is 0: nobody "
                          "would say anything");
    return err;
}

void traffic_release(struct traffic *t)
{
    free(t->points);
    free(t->bursts);
}

/* ---- What it comes to ---------------------------------------------------------------
 */

static double between(const struct curve_point *a, const struct curve_point *b, double at)
{
    double length = (double)b->at - (double)a->at;

    return length <= 0
               ? b->factor
               : a->factor + (b->factor - a->factor) * (at - (double)a->at) / length;
}

/* Before the first point of a day comes the last one of the day before. */
static double around_midnight(const struct traffic *t, double at)
{
    struct curve_point last = t->points[t->n_points - 1], first = t->points[0];

    if (!t->day)
        return at < (double)first.at ? first.factor : last.factor;
    if (at < (double)first.at)
        at += DAY_MS;
    first.at += DAY_MS;
    return between(&last, &first, at);
}

static double curve_at(const struct traffic *t, uint64_t at)
{
    double time = (double)at;

    if (t->n_points == 0)
        return 1;
    if (t->day)
        time =
            (double)(((uint64_t)((double)at * DAY_MS / (double)t->day) + t->starts_at) %
                     DAY_MS);
    for (size_t i = 0; i + 1 < t->n_points; i++)
        if (time >= (double)t->points[i].at && time <= (double)t->points[i + 1].at)
            return between(&t->points[i], &t->points[i + 1], time);
    return around_midnight(t, time);
}

static bool is_on(const struct burst *b, uint64_t at)
{
    if (b->every)
        return at >= b->every && at % b->every < b->for_ms;
    return at >= b->at && at - b->at < b->for_ms;
}

double traffic_rate(const struct traffic *t, uint64_t at)
{
    double rate = t->rate * curve_at(t, at);

    for (size_t i = 0; i < t->n_bursts; i++)
        if (is_on(&t->bursts[i], at))
            rate *= t->bursts[i].times;
    return rate < 1000000 ? rate : 1000000;
}
