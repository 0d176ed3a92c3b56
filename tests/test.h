/* test.h - cmocka with less ceremony.
 *
 *     TEST(a_pace_lets_110_commands_go) { ... }
 *     RUN_TESTS(T(a_pace_lets_110_commands_go))
 *
 * CHECK(condition) and the cmocka assertions fail the test they are in; use them
 * on the main thread only. */
#ifndef TEST_H
#define TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "str.h"

#define TEST(name) static void name(void **state __attribute__((unused)))

/* No bot of a test leaves anything in its user's home, however the test is started. One
 * that is a fleet's worker has the fleet's directory. */
__attribute__((constructor)) static void test_keep_no_state(void)
{
    if (!getenv("CORDAGE_LINK"))
        setenv("CORDAGE_STATE_DIR", "", 1);
}

#define CHECK(condition) assert_true(condition)
#define CHECK_INT(got, want)                                          \
    do {                                                              \
        long long got_ = (long long)(got), want_ = (long long)(want); \
        if (got_ != want_)                                            \
            fail_msg("%s is %lld, want %lld", #got, got_, want_);     \
    } while (0)
#define CHECK_STR(got, want)                                                     \
    do {                                                                         \
        struct str got_ = (got);                                                 \
        const char *want_ = (want);                                              \
        if (!str_is(got_, want_))                                                \
            fail_msg("%s is \"%.*s\", want \"%s\"", #got, STR_FMT(got_), want_); \
    } while (0)

/* One line per test; the program's exit code says how many failed. */
#define RUN_TESTS(...)                                     \
    int main(void)                                         \
    {                                                      \
        const struct CMUnitTest tests[] = { __VA_ARGS__ }; \
        return cmocka_run_group_tests(tests, NULL, NULL);  \
    }
#define T(name) cmocka_unit_test(name)

#endif
