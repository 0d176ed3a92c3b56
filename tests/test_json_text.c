#include "json_text.h"

#include <stdlib.h>

#include "test.h"

TEST(a_members_text_is_found_as_it_stands)
{
    struct str text = STR(" {\"a\" : 1.50,\"b\":[ {\"c\":\"]}\"} ,2 ],\"s\":\"x\\\"y\", "
                          "\"o\":{\"a\":2},\"e\":[]} ");

    CHECK_STR(json_text(text, "a"), "1.50");
    CHECK_STR(json_text(text, "b"), "[ {\"c\":\"]}\"} ,2 ]");
    CHECK_STR(json_text(text, "s"), "\"x\\\"y\"");
    CHECK_STR(json_text(json_text(text, "o"), "a"), "2");
    CHECK_STR(json_text(text, "c"), ""); /* deeper does not count */
    CHECK_STR(json_text(text, "e"), "[]");
    CHECK_STR(json_text_inside(json_text(text, "b")), "{\"c\":\"]}\"} ,2");
    CHECK_STR(json_text_inside(json_text(text, "e")), "");
    CHECK_STR(json_text_inside(json_text(text, "a")), "");
}

TEST(what_is_no_object_has_no_members)
{
    static const char *const texts[] = { "",       "{",      "{}",     "[\"a\",1]",
                                         "\"a\"",  "{\"a",   "{\"a\"", "{\"a\":",
                                         "{\"a\\", "{\"a\"}" };

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        CHECK_STR(json_text(str_of(texts[i]), "a"), "");
}

TEST(a_text_that_is_cut_off_is_not_left)
{
    const char *whole = "{\"t\":\"X\",\"d\":{\"members\":[{\"a\":\"\\\\\"}]}}";
    size_t n = strlen(whole);

    for (size_t i = 0; i <= n; i++) {
        /* Of exactly its size, so that reading on is caught. */
        char *cut = malloc(i ? i : 1);
        struct str found;

        assert_non_null(cut);
        memcpy(cut, whole, i);
        found = json_text((struct str){ cut, i }, "d");
        CHECK(found.n == 0 || (found.p >= cut && found.p + found.n <= cut + i));
        json_text(found, "members");
        free(cut);
    }
}

RUN_TESTS(T(a_members_text_is_found_as_it_stands), T(what_is_no_object_has_no_members),
          T(a_text_that_is_cut_off_is_not_left))
