#include "test.h"

#include "multipart.h"

#define TYPE STR("multipart/form-data; boundary=----x42")

TEST(parts_are_taken_off_one_by_one)
{
    struct str body =
        STR("------x42\r\n"
            "Content-Disposition: form-data; name=\"payload_json\"\r\n"
            "Content-Type: application/json\r\n"
            "\r\n"
            "{\"content\":\"a\r\n--b\"}\r\n"
            "------x42\r\n"
            "content-disposition: form-data; filename=\"a;b.txt\"; name=\"files[0]\"\r\n"
            "\r\n"
            "\r\n"
            "------x42--\r\n");
    struct multipart m;
    struct multipart_part part;

    CHECK(multipart_begin(&m, TYPE, body));
    CHECK(multipart_next(&m, &part));
    CHECK_STR(part.name, "payload_json");
    CHECK_STR(part.filename, "");
    CHECK_STR(part.content_type, "application/json");
    CHECK_STR(part.body, "{\"content\":\"a\r\n--b\"}");
    CHECK(multipart_next(&m, &part));
    CHECK_STR(part.name, "files[0]");
    CHECK_STR(part.filename, "a;b.txt");
    CHECK_STR(part.body, "");
    CHECK(!multipart_next(&m, &part));
    CHECK(m.complete);
    CHECK(!multipart_next(&m, &part));
}

TEST(a_boundary_may_be_quoted)
{
    struct multipart m;

    CHECK(multipart_begin(&m, STR("multipart/form-data; charset=x; Boundary=\"a b\""),
                          STR("--a b--")));
    CHECK(!multipart_begin(&m, STR("multipart/form-data"), STR("--a")));
    CHECK(!multipart_begin(&m, STR("multipart/form-data; boundary="), STR("--")));
    CHECK(!multipart_begin(&m, TYPE, STR("junk------x42")));
    CHECK(!multipart_begin(&m,
                           STR("multipart/form-data; boundary="
                               "12345678901234567890123456789012345678901234567890"
                               "123456789012345678901"),
                           STR("--1")));
}

/* How many parts a cut body yields, and whether it passes for whole. */
static int count(struct str body, bool *complete)
{
    struct multipart m;
    struct multipart_part part;
    int n = 0;

    if (multipart_begin(&m, TYPE, body))
        while (multipart_next(&m, &part))
            n++;
    *complete = m.complete;
    return n;
}

TEST(a_body_cut_anywhere_is_not_whole)
{
    struct str body = STR("------x42\r\n"
                          "Content-Disposition: form-data; name=a\r\n"
                          "\r\n"
                          "1\r\n"
                          "------x42\r\n"
                          "\r\n"
                          "2\r\n"
                          "------x42--");
    bool complete;

    CHECK_INT(count(body, &complete), 2);
    CHECK(complete);
    for (size_t n = 0; n < body.n; n++) {
        CHECK(count((struct str){ body.p, n }, &complete) <= 2);
        CHECK(!complete);
    }
}

TEST(lines_without_an_end_or_a_colon_do_no_harm)
{
    bool complete;

    CHECK_INT(count(STR("------x42\r\nnonsense\r\n\r\nb\r\n------x42--"), &complete), 1);
    CHECK(complete);
    CHECK_INT(count(STR("------x42\r\nnonsense"), &complete), 0);
    CHECK(!complete);
    CHECK_INT(count(STR("------x42junk\r\n\r\nb\r\n------x42--"), &complete), 0);
    CHECK(!complete);
}

RUN_TESTS(T(parts_are_taken_off_one_by_one), T(a_boundary_may_be_quoted),
          T(a_body_cut_anywhere_is_not_whole),
          T(lines_without_an_end_or_a_colon_do_no_harm))
