#include "timestamp.h"

/* Takes `n` digits off the front. */
static bool take_number(struct str *s, size_t n, int *out)
{
    int value = 0;

    if (s->n < n)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (s->p[i] < '0' || s->p[i] > '9')
            return false;
        value = value * 10 + (s->p[i] - '0');
    }
    s->p += n;
    s->n -= n;
    *out = value;
    return true;
}

static bool take_char(struct str *s, const char *any_of)
{
    if (s->n == 0 || !*s->p || !strchr(any_of, *s->p))
        return false;
    s->p++;
    s->n--;
    return true;
}

static bool is_leap(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int days_in(int year, int month)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

    return days[month - 1] + (month == 2 && is_leap(year));
}

/* Since 1 January 1970. Years begin in March here, so that the odd day comes last. */
static int64_t days_since_epoch(int year, int month, int day)
{
    int64_t y = month > 2 ? year : year - 1;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    int64_t day_of_era =
        year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return era * 146097 + day_of_era - 719468;
}

/* Milliseconds of ".512000"; true without one. */
static bool take_fraction(struct str *s, int *ms)
{
    int scale = 100, digit;

    *ms = 0;
    if (!take_char(s, "."))
        return true;
    if (!take_number(s, 1, &digit))
        return false;
    do {
        *ms += digit * scale;
        scale /= 10;
    } while (take_number(s, 1, &digit));
    return true;
}

/* Minutes of "+01:00"; true without one. */
static bool take_offset(struct str *s, int *minutes)
{
    bool is_west;
    int h, m;

    *minutes = 0;
    if (s->n == 0 || take_char(s, "Zz"))
        return true;
    is_west = *s->p == '-';
    if (!take_char(s, "+-") || !take_number(s, 2, &h) || !take_char(s, ":") ||
        !take_number(s, 2, &m) || h > 23 || m > 59)
        return false;
    *minutes = is_west ? -(h * 60 + m) : h * 60 + m;
    return true;
}

bool timestamp_parse(struct str s, int64_t *out)
{
    int year, month, day, h, m, seconds, ms, offset;
    int64_t minutes;

    if (!take_number(&s, 4, &year) || !take_char(&s, "-") ||
        !take_number(&s, 2, &month) || !take_char(&s, "-") || !take_number(&s, 2, &day) ||
        !take_char(&s, "Tt ") || !take_number(&s, 2, &h) || !take_char(&s, ":") ||
        !take_number(&s, 2, &m) || !take_char(&s, ":") || !take_number(&s, 2, &seconds) ||
        !take_fraction(&s, &ms) || !take_offset(&s, &offset) || s.n)
        return false;
    /* 60 seconds: a leap second. */
    if (month < 1 || month > 12 || day < 1 || day > days_in(year, month) || h > 23 ||
        m > 59 || seconds > 60)
        return false;
    minutes = (days_since_epoch(year, month, day) * 24 + h) * 60 + m - offset;
    *out = (minutes * 60 + seconds) * 1000 + ms;
    return true;
}
