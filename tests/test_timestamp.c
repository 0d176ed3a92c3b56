#include "timestamp.h"

#include <time.h>

#include "test.h"

static int64_t ms_of(const char *text)
{
    int64_t ms = -1;

    if (!timestamp_parse(str_of(text), &ms))
        fail_msg("%s could not be read", text);
    return ms;
}

TEST(a_timestamp_is_read_to_the_millisecond)
{
    CHECK_INT(ms_of("1970-01-01T00:00:00+00:00"), 0);
    CHECK_INT(ms_of("2026-08-05T19:28:40.512000+00:00"), 1785958120512);
    CHECK_INT(ms_of("2026-08-05T19:28:40.512999+00:00"), 1785958120512);
    CHECK_INT(ms_of("2026-08-05T19:28:40.5+00:00"), 1785958120500);
    CHECK_INT(ms_of("2026-08-05T19:28:40+00:00"), 1785958120000);
    CHECK_INT(ms_of("2026-08-05T19:28:40Z"), 1785958120000);
    CHECK_INT(ms_of("2026-08-05 19:28:40"), 1785958120000);
    CHECK_INT(ms_of("1969-12-31T23:59:59.999+00:00"), -1);
}

TEST(an_offset_is_taken_off)
{
    CHECK_INT(ms_of("2026-08-05T21:28:40+02:00"), 1785958120000);
    CHECK_INT(ms_of("2026-08-05T13:58:40-05:30"), 1785958120000);
}

TEST(every_day_is_where_the_system_has_it)
{
    for (time_t day = -719000; day < 2932000; day += 97) {
        time_t seconds = day * 86400;
        struct tm tm;
        char text[64];

        gmtime_r(&seconds, &tm);
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm);
        if (str_find(str_of(text), STR("T")) == 4 + 6)
            CHECK_INT(ms_of(text), (int64_t)seconds * 1000);
    }
    CHECK_INT(ms_of("2024-02-29T00:00:00Z") - ms_of("2024-02-28T00:00:00Z"), 86400000);
}

TEST(what_is_none_is_refused)
{
    static const char *const bad[] = { "",
                                       "soon",
                                       "2026-08-05",
                                       "2026-08-05T19:28:40.",
                                       "2026-08-05T19:28:40.+00:00",
                                       "2026-08-05T19:28:40+0000",
                                       "2026-08-05T19:28:40+24:00",
                                       "2026-08-05T19:28:40Zx",
                                       "2026-13-05T19:28:40Z",
                                       "2026-00-05T19:28:40Z",
                                       "2026-08-32T19:28:40Z",
                                       "2026-02-29T19:28:40Z",
                                       "2026-08-05T24:28:40Z",
                                       "2026-08-05T19:60:40Z",
                                       "2026-08-05T19:28:61Z",
                                       "2026-8-5T19:28:40Z",
                                       "-026-08-05T19:28:40Z" };
    int64_t ms = 7;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (timestamp_parse(str_of(bad[i]), &ms))
            fail_msg("%s was read", bad[i]);
    CHECK(!timestamp_parse((struct str){ "2026\0008-05T19:28:40Z", 20 }, &ms));
    CHECK_INT(ms, 7);
}

RUN_TESTS(T(a_timestamp_is_read_to_the_millisecond), T(an_offset_is_taken_off),
          T(every_day_is_where_the_system_has_it), T(what_is_none_is_refused))
