#include "isotime.h"

#include <stdio.h>
#include <time.h>

void json_put_time(struct json_writer *w, uint64_t unix_ms)
{
    time_t seconds = (time_t)(unix_ms / 1000);
    struct tm tm;
    char text[64];
    size_t n;

    gmtime_r(&seconds, &tm);
    n = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(text + n, sizeof text - n, ".%03u000+00:00", (unsigned)(unix_ms % 1000));
    json_put_z(w, text);
}
