/* Timestamps. A text that is one of Discord's usual shapes is a number and that shape;
 * any other is kept as it is. A number counts the shape's units since Discord's epoch. */
#include "record_private.h"

#include <stdio.h>

enum { SHAPE_TEXT, N_SHAPES = 8, SHAPE_BITS = 3 };

static const int64_t EPOCH = 1420070400; /* 2015-01-01T00:00:00Z, Unix seconds */
static const int64_t END = 253402300800; /* 10000-01-01T00:00:00Z */

/* The first that fits is taken, so the coarser stands before the finer. */
static const struct shape {
    uint64_t unit;        /* in microseconds */
    unsigned char digits; /* of the fraction */
    const char *zone;
} shapes[N_SHAPES] = {
    [1] = { 1000, 6, "+00:00" }, [2] = { 1000000, 0, "+00:00" },
    [3] = { 1000, 3, "Z" },      [4] = { 1, 6, "+00:00" },
    [5] = { 1000, 3, "+00:00" }, [6] = { 1000000, 0, "Z" },
    [7] = { 1, 6, "Z" },
};

/* What a timestamp says. */
struct stamp {
    int64_t seconds; /* Unix, as if the zone were UTC */
    unsigned micros; /* what more the fraction has is cut */
    unsigned digits; /* of the fraction, 0 to 9 */
    int offset;      /* of the zone, in minutes */
    struct str zone;
};

/* ---- The calendar ---------------------------------------------------------------------
 */

/* Days since 1970-01-01 of a date. Years begin in March here, so that a leap day is the
 * last of its year, and 400 years are always 146,097 days. */
static int64_t days_of(int year, unsigned month, unsigned day)
{
    int64_t y = month > 2 ? year : year - 1;
    int64_t days = 365 * y + y / 4 - y / 100 + y / 400;

    return days + (153 * ((month + 9) % 12) + 2) / 5 + day - 1 - 719468;
}

/* The other way round, for the years 1970 to 9999. */
static void date_of(int64_t days, int *year, unsigned *month, unsigned *day)
{
    int64_t in_era, years, in_year, era;

    days += 719468;
    era = days / 146097;
    in_era = days % 146097;
    years = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
    in_year = in_era - (365 * years + years / 4 - years / 100);
    *month = (unsigned)((5 * in_year + 2) / 153 + 2) % 12 + 1;
    *day = (unsigned)(in_year - (153 * ((*month + 9) % 12) + 2) / 5 + 1);
    *year = (int)(era * 400 + years + (*month <= 2));
}

/* ---- Text to numbers ------------------------------------------------------------------
 */

/* Takes exactly `n` digits and the byte `after` (0: none). */
static bool take(struct str *s, unsigned n, char after, unsigned *out)
{
    unsigned value = 0, i;

    if (s->n < n + (after != 0))
        return false;
    for (i = 0; i < n; i++) {
        if (s->p[i] < '0' || s->p[i] > '9')
            return false;
        value = value * 10 + (unsigned)(s->p[i] - '0');
    }
    if (after && s->p[n++] != after)
        return false;
    s->p += n;
    s->n -= n;
    *out = value;
    return true;
}

/* The date must be one of the calendar, or writing it would give another. */
static bool parse_day(struct str *s, struct stamp *out)
{
    unsigned year, month, day, hour, minute, second, back_month, back_day;
    int back_year;

    if (!take(s, 4, '-', &year) || !take(s, 2, '-', &month) || !take(s, 2, 'T', &day) ||
        !take(s, 2, ':', &hour) || !take(s, 2, ':', &minute) || !take(s, 2, 0, &second))
        return false;
    if (year < 1970 || month < 1 || month > 12 || hour > 23 || minute > 59 || second > 59)
        return false;
    out->seconds = days_of((int)year, month, day);
    date_of(out->seconds, &back_year, &back_month, &back_day);
    if (back_month != month || back_day != day)
        return false;
    out->seconds = out->seconds * 86400 + hour * 3600 + minute * 60 + second;
    return true;
}

static bool parse_fraction(struct str *s, struct stamp *out)
{
    unsigned scale = 100000;

    out->micros = out->digits = 0;
    if (s->n == 0 || s->p[0] != '.')
        return true;
    for (s->p++, s->n--; s->n > 0 && s->p[0] >= '0' && s->p[0] <= '9'; s->p++, s->n--) {
        out->micros += (unsigned)(s->p[0] - '0') * scale;
        scale /= 10;
        out->digits++;
    }
    return out->digits > 0 && out->digits <= 9;
}

static bool parse_zone(struct str s, struct stamp *out)
{
    unsigned hours, minutes;
    bool west;

    out->zone = s;
    out->offset = 0;
    if (str_is(s, "Z"))
        return true;
    if (s.n != 6 || (s.p[0] != '+' && s.p[0] != '-'))
        return false;
    west = s.p[0] == '-';
    s.p++;
    s.n--;
    if (!take(&s, 2, ':', &hours) || !take(&s, 2, 0, &minutes))
        return false;
    out->offset = (int)(hours * 60 + minutes) * (west ? -1 : 1);
    return true;
}

static bool parse(struct str text, struct stamp *out)
{
    return parse_day(&text, out) && parse_fraction(&text, out) && parse_zone(text, out);
}

int time_write(struct str text, struct buf *out)
{
    struct stamp t;
    unsigned i;

    if (parse(text, &t) && t.seconds >= EPOCH)
        for (i = 1; i < N_SHAPES; i++) {
            const struct shape *shape = &shapes[i];
            uint64_t micros = (uint64_t)(t.seconds - EPOCH) * 1000000 + t.micros;

            if (t.digits == shape->digits && str_is(t.zone, shape->zone) &&
                micros % shape->unit == 0)
                return write_varint(out, micros / shape->unit << SHAPE_BITS | i);
        }
    return text_write(text, SHAPE_TEXT, SHAPE_BITS, out);
}

/* ---- And back -------------------------------------------------------------------------
 */

/* Reads a value: a text, or a shape and microseconds since the epoch. */
static bool read_stamp(struct reader *r, const struct shape **shape, uint64_t *micros,
                       char space[TEXT_SPACE], struct str *text)
{
    uint64_t head, n;

    if (!read_varint(r, &head))
        return false;
    n = head >> SHAPE_BITS;
    *shape = NULL;
    if ((head & (N_SHAPES - 1)) == SHAPE_TEXT)
        return text_read(r, n, space, text);
    *shape = &shapes[head & (N_SHAPES - 1)];
    if (n >= (uint64_t)(END - EPOCH) * 1000000 / (*shape)->unit)
        return false;
    *micros = n * (*shape)->unit;
    return true;
}

static void put_shape(const struct shape *shape, uint64_t micros, struct json_writer *w)
{
    int64_t seconds = EPOCH + (int64_t)(micros / 1000000);
    unsigned month, day, in_day = (unsigned)(seconds % 86400);
    unsigned fraction = (unsigned)(micros % 1000000);
    char text[64];
    int year, n;

    date_of(seconds / 86400, &year, &month, &day);
    n = snprintf(text, sizeof text, "%04d-%02u-%02uT%02u:%02u:%02u", year, month, day,
                 in_day / 3600, in_day / 60 % 60, in_day % 60);
    if (shape->digits == 3)
        n += snprintf(text + n, sizeof text - (size_t)n, ".%03u", fraction / 1000);
    else if (shape->digits == 6)
        n += snprintf(text + n, sizeof text - (size_t)n, ".%06u", fraction);
    snprintf(text + n, sizeof text - (size_t)n, "%s", shape->zone);
    json_put_z(w, text);
}

bool time_read(struct reader *r, struct json_writer *w)
{
    const struct shape *shape;
    char space[TEXT_SPACE];
    uint64_t micros;
    struct str text;

    if (!read_stamp(r, &shape, &micros, space, &text))
        return false;
    if (w && shape)
        put_shape(shape, micros, w);
    else if (w)
        json_put_str(w, text);
    return true;
}

bool time_read_ms(struct reader *r, uint64_t *ms)
{
    const struct shape *shape;
    char space[TEXT_SPACE];
    uint64_t micros;
    struct str text;
    struct stamp t;

    if (!read_stamp(r, &shape, &micros, space, &text))
        return false;
    if (shape) {
        *ms = (uint64_t)EPOCH * 1000 + micros / 1000;
        return true;
    }
    if (!parse(text, &t) || t.seconds < t.offset * 60)
        return false;
    *ms = (uint64_t)(t.seconds - t.offset * 60) * 1000 + t.micros / 1000;
    return true;
}
