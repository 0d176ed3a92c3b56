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

bool text_read_duration(const char *value, uint64_t *ms)
{
    static const struct {
        char unit;
        uint64_t ms;
    } units[] = { { 's', 1000 }, { 'm', 60000 }, { 'h', 3600000 }, { 'd', 86400000 } };
    struct str number = str_of(value);
    uint64_t each = 1000, n;

    for (size_t i = 0; number.n && i < sizeof units / sizeof *units; i++)
        if (value[strlen(value) - 1] == units[i].unit) {
            each = units[i].ms;
            number.n--;
            break;
        }
    if (!str_u64(number, &n) || n == 0 || n > UINT32_MAX)
        return false;
    *ms = n * each;
    return true;
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
