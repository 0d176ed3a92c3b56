#include "text.h"

#include <inttypes.h>
#include <stdio.h>

#include "cordage/cordage.h"
#include "limits.h"
#include "str.h"

const char *text_duration(uint64_t ms, char out[TEXT_DURATION])
{
    uint64_t s = (ms + 999) / 1000, min = (s + 59) / 60;

    if (ms < 1000)
        snprintf(out, TEXT_DURATION, "%" PRIu64 " ms", ms);
    else if (s < 60)
        snprintf(out, TEXT_DURATION, "%" PRIu64 " s", s);
    else if (s < 3600)
        snprintf(out, TEXT_DURATION, "%" PRIu64 " min %" PRIu64 " s", s / 60, s % 60);
    else
        snprintf(out, TEXT_DURATION, "%" PRIu64 " h %" PRIu64 " min", min / 60, min % 60);
    return out;
}

int text_shards(const char *command, const char *value, uint32_t *out)
{
    uint64_t n;

    *out = CORDAGE_SHARDS_AUTO;
    if (strcmp(value, "auto") == 0)
        return 0;
    if (str_u64(str_of(value), &n) && n >= 1 && n <= LIMIT_SHARDS) {
        *out = (uint32_t)n;
        return 0;
    }
    fprintf(stderr,
            "cordage %s: --shards takes auto, or a number from 1 to %d, not '%s'\n",
            command, LIMIT_SHARDS, value);
    return -1;
}
