#include "moment.h"

#include <stdio.h>
#include <time.h>

enum { MINUTE_MS = 60 * 1000, HOUR_MIN = 60 };

void moment_text(char out[MOMENT_TEXT], uint64_t at, uint64_t now)
{
    uint64_t whole = (at + MINUTE_MS - 1) / MINUTE_MS * MINUTE_MS;
    uint64_t minutes = whole > now ? (whole - now + MINUTE_MS - 1) / MINUTE_MS : 0;
    time_t seconds = (time_t)(whole / 1000);
    char when[48] = "";
    struct tm local;

    if (localtime_r(&seconds, &local))
        strftime(when, sizeof when, "%Y-%m-%d %H:%M %Z", &local);
    if (minutes < HOUR_MIN)
        snprintf(out, MOMENT_TEXT, "%s, in %u min", when, (unsigned)minutes);
    else
        snprintf(out, MOMENT_TEXT, "%s, in %llu h %u min", when,
                 (unsigned long long)(minutes / HOUR_MIN),
                 (unsigned)(minutes % HOUR_MIN));
}
