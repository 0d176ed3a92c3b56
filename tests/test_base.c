#include "test.h"

#include <stdlib.h>

#include "buf.h"
#include "error.h"
#include "list.h"
#include "log.h"
#include "mailbox.h"
#include "map.h"
#include "rng.h"
#include "secret.h"

TEST(numbers_are_read_whole_or_not_at_all)
{
    uint64_t n = 7;

    CHECK(str_u64(STR("0"), &n) && n == 0);
    CHECK(str_u64(STR("18446744073709551615"), &n) && n == UINT64_MAX);
    n = 7;
    CHECK(!str_u64(STR("18446744073709551616"), &n));
    CHECK(!str_u64(STR(""), &n));
    CHECK(!str_u64(STR("-1"), &n));
    CHECK(!str_u64(STR("1 "), &n));
    CHECK(!str_u64(STR("1a"), &n));
    CHECK_INT(n, 7);
}

TEST(strings_compare_and_search)
{
    CHECK(str_eq_nocase(STR("Upgrade"), STR("uPGRADE")));
    CHECK(!str_eq_nocase(STR("a"), STR("ab")));
    CHECK(str_starts(STR("wss://x"), STR("wss://")));
    CHECK(!str_starts(STR("ws"), STR("wss")));
    CHECK(str_ends(STR("file.json"), STR(".json")));
    CHECK_INT(str_find(STR("hello"), STR("llo")), 2);
    CHECK(str_find(STR("hello"), STR("x")) == SIZE_MAX);
    CHECK_STR(str_trim(STR(" \t a b\r\n")), "a b");
}

TEST(a_buf_grows_up_to_its_limit)
{
    struct buf b = { .limit = 300 };
    char many[301] = { 0 };

    CHECK_INT(buf_append(&b, many, 300), 0);
    CHECK_INT(buf_append(&b, many, 1), CORDAGE_ELIMIT);
    CHECK_INT(b.n, 300);
    buf_consume(&b, 299);
    CHECK_INT(b.n, 1);
    buf_clear(&b);
    CHECK_INT(buf_printf(&b, "%d-%s", 12, "x"), 0);
    CHECK_STR(buf_str(&b), "12-x");
    buf_release(&b);
    CHECK_INT(buf_reserve(&b, SIZE_MAX), CORDAGE_ELIMIT);
}

TEST(a_map_agrees_with_a_plain_table)
{
    enum { N = 500 };
    struct map m = { 0 };
    static char cells[N];
    void *table[N] = { 0 };
    struct rng rng = rng_seeded(1);
    size_t n = 0, at = 0, seen = 0;

    for (int i = 0; i < 20000; i++) {
        uint64_t key = rng_below(&rng, N);

        if (rng_below(&rng, 2)) {
            CHECK_INT(map_put(&m, key << 22, &cells[key]), 0);
            n += !table[key];
            table[key] = &cells[key];
        } else {
            assert_ptr_equal(map_remove(&m, key << 22), table[key]);
            n -= table[key] != NULL;
            table[key] = NULL;
        }
        CHECK_INT(m.n, n);
    }
    for (uint64_t key = 0; key < N; key++)
        assert_ptr_equal(map_get(&m, key << 22), table[key]);
    while (map_next(&m, &at, NULL))
        seen++;
    CHECK_INT(seen, n);
    map_release(&m);
}

TEST(a_member_leaves_a_list_twice_without_harm)
{
    struct link head, a, b, other;

    list_init(&head);
    list_init(&other);
    list_insert(&head, &a);
    list_insert(&head, &b);
    list_remove(&a);
    list_remove(&a);
    assert_ptr_equal(head.next, &b);
    list_join(&other, &head);
    CHECK(list_is_empty(&head));
    assert_ptr_equal(list_pop(&other), &b);
    assert_null(list_pop(&other));
}

struct note {
    struct mail mail;
    int number;
};

static int ran[4], n_ran, n_woken;

static void run_note(struct mail *mail)
{
    ran[n_ran++] = CONTAINER_OF(mail, struct note, mail)->number;
}

static void woken(void *user)
{
    (void)user;
    n_woken++;
}

TEST(mail_runs_in_order_and_wakes_once)
{
    struct mailbox m;
    struct note notes[] = { { .number = 1 }, { .number = 2 }, { .number = 3 } };

    mailbox_init(&m, woken, NULL);
    for (int i = 0; i < 3; i++) {
        notes[i].mail.run = run_note;
        mailbox_post(&m, &notes[i].mail);
    }
    CHECK_INT(n_woken, 1);
    mailbox_run(&m);
    CHECK_INT(n_ran, 3);
    CHECK(ran[0] == 1 && ran[1] == 2 && ran[2] == 3);
    mailbox_release(&m);
}

TEST(a_secret_prints_as_stars)
{
    struct secret s = { 0 };

    assert_string_equal(secret_print(&s), "(none)");
    CHECK_INT(secret_set(&s, STR("abc")), 0);
    assert_string_equal(secret_print(&s), "***");
    CHECK_STR(secret_reveal(&s), "abc");
    secret_release(&s);
    CHECK_INT(secret_reveal(&s).n, 0);
}

TEST(every_error_has_a_text_and_an_exit_status)
{
    cordage_error error;

    assert_string_equal(cordage_strerror(CORDAGE_ENOMEM), "out of memory");
    CHECK_INT(cordage_exit_status(CORDAGE_EFATAL), 3);
    CHECK_INT(cordage_exit_status(CORDAGE_EBUDGET), 4);
    CHECK_INT(cordage_exit_status(CORDAGE_EINVAL), 2);
    CHECK_INT(cordage_exit_status(-9999), 1);
    CHECK_INT(error_set(&error, CORDAGE_EIO, "%s is full", "disk"), CORDAGE_EIO);
    assert_string_equal(error.message, "disk is full");
    CHECK_INT(error_set(NULL, CORDAGE_EIO, "x"), CORDAGE_EIO);
}

TEST(log_levels_have_names)
{
    CHECK_INT(log_level_from("debug"), LOG_DEBUG);
    CHECK_INT(log_level_from("loud"), -1);
    assert_string_equal(log_level_name(LOG_WARN), "warn");
}

static void keep_line(void *user, enum log_level level, const char *line)
{
    (void)level;
    snprintf(user, 2048, "%s", line);
}

TEST(a_peers_words_cannot_forge_a_line_of_the_log_nor_steer_a_terminal)
{
    char kept[2048], long_one[2048];
    struct log log = { .write = keep_line, .user = kept, .level = LOG_INFO };

    log_line(&log, LOG_INFO, "said=\"%s\"", "x\"\r\ncordage error y\x1b[2J\x7f");
    assert_string_equal(kept, "said=\"x\"  cordage error y [2J \"");
    log_line(&log, LOG_INFO, "%s",
             "\xc3\xa9\xe2\x82\xac\xf0\x9f\x8e\x89 \xc2\x9b\xc2\xa0");
    assert_string_equal(kept, "\xc3\xa9\xe2\x82\xac\xf0\x9f\x8e\x89   \xc2\xa0");
    log_line(&log, LOG_INFO, "%s", "\x9b\xff\xc0\x80\xe2\x82 \xf0\x9f");
    assert_string_equal(kept, "?????? ??");
    memset(long_one, 'x', sizeof long_one);
    memcpy(long_one + 1022, "\xc3\xa9", 3); /* cut in its middle */
    log_line(&log, LOG_INFO, "%s", long_one);
    CHECK_INT(strlen(kept), 1023);
    CHECK_INT(kept[1022], '?');
}

RUN_TESTS(T(a_peers_words_cannot_forge_a_line_of_the_log_nor_steer_a_terminal),
          T(numbers_are_read_whole_or_not_at_all), T(strings_compare_and_search),
          T(a_buf_grows_up_to_its_limit), T(a_map_agrees_with_a_plain_table),
          T(a_member_leaves_a_list_twice_without_harm),
          T(mail_runs_in_order_and_wakes_once), T(a_secret_prints_as_stars),
          T(every_error_has_a_text_and_an_exit_status), T(log_levels_have_names))
