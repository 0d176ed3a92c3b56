/* A recording comes back as it was made; one that was cut or damaged is good up to a
 * place that is named. */
#include "recording_rig.h"

#include <signal.h>
#include <sys/resource.h>

#include "format.h"

TEST(what_was_recorded_comes_back)
{
    struct tmpdir t = tmpdir_new();
    const char *path = tmpdir_path(&t, "a");
    struct recording *r;
    cordage_error error;
    uint64_t n, ms;
    int err;

    rig_record(path, 50);
    CHECK_INT(tmpdir_mode(path), 0600);
    CHECK_INT(recording_open(path, &r, &error), 0);
    CHECK_INT(recording_head(r)->shard_id, 3);
    CHECK_INT(recording_head(r)->shard_count, 8);
    CHECK_INT(recording_head(r)->intents, 513);
    CHECK_INT(recording_head(r)->started_at, 1700000000000);
    CHECK_INT(rig_count(r, &err, &error), 50);
    CHECK_INT(err, CORDAGE_ENOTFOUND);
    CHECK_INT(rig_count(r, &err, &error), 0); /* and stays at the end */
    CHECK_INT(err, CORDAGE_ENOTFOUND);
    CHECK_INT(recording_measure(r, &n, &ms, &error), 0);
    CHECK_INT(n, 50);
    CHECK_INT(ms, 49 * 700);
    CHECK_INT(recording_rewind(r, &error), 0);
    CHECK_INT(rig_count(r, &err, &error), 50);
    recording_close(r);
    tmpdir_free(&t);
}

TEST(nothing_recorded_is_a_recording)
{
    struct tmpdir t = tmpdir_new();
    const char *path = tmpdir_path(&t, "a");
    struct recording *r;
    uint64_t n, ms;

    rig_record(path, 0);
    CHECK_INT(recording_open(path, &r, NULL), 0);
    CHECK_INT(recording_measure(r, &n, &ms, NULL), 0);
    CHECK_INT(n, 0);
    recording_close(r);
    tmpdir_free(&t);
}

TEST(secrets_are_not_in_the_file)
{
    struct tmpdir t = tmpdir_new();
    const char *path = tmpdir_path(&t, "a");
    struct recording_event e;
    struct recording *r;
    struct recorder *w;
    struct buf b = { 0 };

    buf_append_z(&b, "{\"d\":{\"token\":\"qqq\"}}");
    CHECK_INT(recorder_open(path, &rig_head, &w, NULL), 0);
    CHECK_INT(recorder_add(w, 1, buf_str(&b), NULL), 0);
    CHECK_INT(recorder_close(w, NULL), 0);
    CHECK_INT(recording_open(path, &r, NULL), 0);
    CHECK_INT(recording_next(r, &e, NULL), 0);
    CHECK_STR(e.payload, "{\"d\":{\"token\":\"recorded\"}}");
    recording_close(r);
    buf_release(&b);
    tmpdir_free(&t);
}

TEST(what_is_no_payload_is_left_out)
{
    struct tmpdir t = tmpdir_new();
    const char *path = tmpdir_path(&t, "a");
    struct buf bad = { 0 };
    struct recording *r;
    struct recorder *w;
    cordage_error error;
    int err;

    buf_append_z(&bad, "{\"t\":");
    CHECK_INT(recorder_open(path, &rig_head, &w, NULL), 0);
    rig_add_n(w, 0, 0);
    CHECK_INT(recorder_add(w, 1, buf_str(&bad), &error), CORDAGE_EPARSE);
    rig_add_n(w, 700, 1);
    CHECK_INT(recorder_close(w, NULL), 0);
    CHECK_INT(recording_open(path, &r, NULL), 0);
    CHECK_INT(rig_count(r, &err, &error), 2);
    CHECK_INT(err, CORDAGE_ENOTFOUND);
    recording_close(r);
    buf_release(&bad);
    tmpdir_free(&t);
}

TEST(a_file_that_is_there_is_left_alone)
{
    struct tmpdir t = tmpdir_new();
    const char *path = tmpdir_path(&t, "a");
    struct recorder *w;
    cordage_error error;
    struct buf b;

    tmpdir_write(path, "mine", 4);
    CHECK_INT(recorder_open(path, &rig_head, &w, &error), CORDAGE_EIO);
    CHECK(w == NULL);
    CHECK(strstr(error.message, "is there already") != NULL);
    b = rig_read(path);
    CHECK_STR(buf_str(&b), "mine");
    buf_release(&b);
    tmpdir_free(&t);
}

TEST(a_clock_that_goes_back_does_not_make_the_file_bad)
{
    struct tmpdir t = tmpdir_new();
    const char *path = tmpdir_path(&t, "a");
    struct recording *r;
    struct recorder *w;
    uint64_t n, ms;

    CHECK_INT(recorder_open(path, &rig_head, &w, NULL), 0);
    rig_add_n(w, 500, 0);
    rig_add_n(w, 100, 1);
    CHECK_INT(recorder_close(w, NULL), 0);
    CHECK_INT(recording_open(path, &r, NULL), 0);
    CHECK_INT(recording_measure(r, &n, &ms, NULL), 0);
    CHECK_INT(n, 2);
    CHECK_INT(ms, 500);
    recording_close(r);
    tmpdir_free(&t);
}

/* What a recorder that is killed now would leave. */
TEST(a_killed_recorder_loses_two_seconds_at_most)
{
    struct tmpdir t = tmpdir_new();
    const char *path = tmpdir_path(&t, "a");
    struct recording *r;
    struct recorder *w;
    cordage_error error;
    int err;

    CHECK_INT(recorder_open(path, &rig_head, &w, NULL), 0);
    rig_add_n(w, 0, 0);
    CHECK_INT(recorder_flush(w, 1999, NULL), 0);
    CHECK_INT(recording_open(path, &r, NULL), 0);
    CHECK_INT(rig_count(r, &err, &error), 0);
    recording_close(r);

    CHECK_INT(recorder_flush(w, 2000, NULL), 0);
    CHECK_INT(recording_open(path, &r, NULL), 0);
    CHECK_INT(rig_count(r, &err, &error), 1);
    CHECK_INT(err, CORDAGE_EPARSE);
    CHECK(strstr(error.message, "1 event before it is good") != NULL);
    recording_close(r);
    CHECK_INT(recorder_close(w, NULL), 0);
    tmpdir_free(&t);
}

/* ---- Cut and damaged -------------------------------------------------------------- */

/* Where the blocks begin, and how many events are before each. */
struct marks {
    size_t at[32];
    unsigned events[32], n;
};

static struct marks find_marks(struct str file)
{
    struct marks m = { 0 };
    size_t at = FORMAT_HEAD;

    while (at < file.n) {
        struct format_block b;

        CHECK(format_get_block(file.p + at, &b));
        m.at[m.n] = at;
        m.events[m.n++] = (unsigned)b.before;
        at += FORMAT_BLOCK + b.stored;
    }
    CHECK_INT(at, file.n);
    return m;
}

/* Reads what is left of a file in which something is wrong at `place`. */
static void check_broken(const char *path, const struct marks *m, size_t place)
{
    struct recording *r;
    cordage_error error;
    unsigned block = 0;
    char want[200];
    int err = recording_open(path, &r, &error);

    if (place < FORMAT_HEAD) {
        CHECK_INT(err, CORDAGE_EPARSE);
        CHECK(strstr(error.message, path) != NULL);
        return;
    }
    CHECK_INT(err, 0);
    while (block + 1 < m->n && m->at[block + 1] <= place)
        block++;
    CHECK_INT(rig_count(r, &err, &error), m->events[block]);
    CHECK_INT(err, CORDAGE_EPARSE);
    snprintf(want, sizeof want, "at byte %zu: %u event%s before it", m->at[block],
             m->events[block], m->events[block] == 1 ? "" : "s");
    if (!strstr(error.message, want))
        fail_msg("broken at %zu: \"%s\", want \"%s\"", place, error.message, want);
    CHECK_INT(rig_count(r, &err, &error), 0); /* and it stays so */
    CHECK_INT(err, CORDAGE_EPARSE);
    recording_close(r);
}

TEST(a_file_cut_at_any_byte_is_good_up_to_the_block_before)
{
    struct tmpdir t = tmpdir_new();
    const char *path = tmpdir_path(&t, "a");
    struct marks m;
    struct buf file;

    rig_record(path, 10);
    file = rig_read(path);
    m = find_marks(buf_str(&file));
    CHECK(m.n >= 4);
    for (size_t n = 0; n < file.n; n++) {
        tmpdir_write(path, file.p, n);
        check_broken(path, &m, n);
    }
    buf_release(&file);
    tmpdir_free(&t);
}

TEST(a_bit_turned_at_any_byte_is_found)
{
    struct tmpdir t = tmpdir_new();
    const char *path = tmpdir_path(&t, "a");
    struct marks m;
    struct buf file;

    rig_record(path, 10);
    file = rig_read(path);
    m = find_marks(buf_str(&file));
    for (size_t i = 0; i < file.n * 8; i++) {
        file.p[i / 8] ^= (char)(1 << i % 8);
        tmpdir_write(path, file.p, file.n);
        check_broken(path, &m, i / 8);
        file.p[i / 8] ^= (char)(1 << i % 8);
    }
    buf_release(&file);
    tmpdir_free(&t);
}

TEST(blocks_that_were_swapped_or_left_out_are_found)
{
    struct tmpdir t = tmpdir_new();
    const char *path = tmpdir_path(&t, "a");
    struct buf file, other = { 0 };
    struct marks m;

    rig_record(path, 10);
    file = rig_read(path);
    m = find_marks(buf_str(&file));
    buf_append(&other, file.p, m.at[1]); /* without the second */
    buf_append(&other, file.p + m.at[2], file.n - m.at[2]);
    tmpdir_write(path, other.p, other.n);
    check_broken(path, &m, m.at[1]);
    buf_release(&other);
    buf_release(&file);
    tmpdir_free(&t);
}

TEST(what_stands_behind_the_end_is_found)
{
    struct tmpdir t = tmpdir_new();
    const char *path = tmpdir_path(&t, "a");
    struct recording *r;
    cordage_error error;
    struct buf file;
    int err;

    rig_record(path, 10);
    file = rig_read(path);
    buf_append_z(&file, "x");
    tmpdir_write(path, file.p, file.n);
    CHECK_INT(recording_open(path, &r, &error), 0);
    CHECK_INT(rig_count(r, &err, &error), 10);
    CHECK_INT(err, CORDAGE_EPARSE);
    CHECK(strstr(error.message, "10 events before it are good") != NULL);
    recording_close(r);
    buf_release(&file);
    tmpdir_free(&t);
}

TEST(other_files_and_newer_ones_are_refused)
{
    struct tmpdir t = tmpdir_new();
    const char *path = tmpdir_path(&t, "a");
    char head[FORMAT_HEAD];
    struct recording *r;
    cordage_error error;

    tmpdir_write(path, "{\"t\":\"READY\",\"s\":1,\"op\":0,\"d\":{}} and so on", 44);
    CHECK_INT(recording_open(path, &r, &error), CORDAGE_EPARSE);
    CHECK(r == NULL && strstr(error.message, "is no recording") != NULL);
    CHECK_INT(recording_open(tmpdir_path(&t, "none"), &r, &error), CORDAGE_EIO);
    CHECK_INT(recording_open(t.dir, &r, &error), CORDAGE_EIO);

    format_put_head(&rig_head, head);
    head[8] = 2;
    format_seal_head(head);
    tmpdir_write(tmpdir_path(&t, "b"), head, sizeof head);
    CHECK_INT(recording_open(t.path, &r, &error), CORDAGE_EPARSE);
    CHECK(strstr(error.message, "another version") != NULL);
    tmpdir_free(&t);
}

/* ---- A disk that is full ---------------------------------------------------------- */

TEST(a_full_disk_keeps_what_was_written)
{
    struct rlimit whole, small;
    struct tmpdir t = tmpdir_new();
    const char *path = tmpdir_path(&t, "a");
    struct recorder *w;
    struct recording *r;
    cordage_error error = { 0 };
    struct buf b = { 0 };
    unsigned n = 0;
    uint64_t written, ms;
    int err = 0;

    signal(SIGXFSZ, SIG_IGN);
    CHECK_INT(recorder_open(path, &rig_head, &w, NULL), 0);
    CHECK_INT(getrlimit(RLIMIT_FSIZE, &whole), 0);
    small = (struct rlimit){ 1000, whole.rlim_max };
    CHECK_INT(setrlimit(RLIMIT_FSIZE, &small), 0);
    while (!err && n < 1000) {
        buf_clear(&b);
        buf_printf(&b, "{\"t\":\"TEST\",\"s\":%u,\"op\":0,\"d\":{\"n\":%u}}", n, n);
        err = recorder_add(w, n * 700, buf_str(&b), &error);
        n++;
    }
    CHECK_INT(err, CORDAGE_EIO);
    CHECK(strstr(error.message, path) && strstr(error.message, "events before that"));
    CHECK_INT(recorder_add(w, n * 700, buf_str(&b), &error), CORDAGE_EIO);
    CHECK_INT(recorder_flush(w, n * 700, &error), CORDAGE_EIO);
    CHECK_INT(recorder_end(w, &error), CORDAGE_EIO);
    recorder_written(w, &written, &ms);
    CHECK_INT(recorder_close(w, &error), 0); /* it was said */
    CHECK_INT(setrlimit(RLIMIT_FSIZE, &whole), 0);

    CHECK_INT(recording_open(path, &r, &error), 0);
    n = rig_count(r, &err, &error);
    CHECK(n > 3);
    CHECK_INT(written, n);
    CHECK_INT(ms, (n - 1) * 700);
    CHECK_INT(err, CORDAGE_EPARSE); /* there is no mark that it is whole */
    recording_close(r);
    buf_release(&b);
    tmpdir_free(&t);
}

TEST(a_disk_that_is_full_from_the_start_is_left_without_a_file)
{
    struct rlimit whole, small;
    struct tmpdir t = tmpdir_new();
    const char *path = tmpdir_path(&t, "a");
    struct recorder *w;
    cordage_error error = { 0 };

    signal(SIGXFSZ, SIG_IGN);
    CHECK_INT(getrlimit(RLIMIT_FSIZE, &whole), 0);
    small = (struct rlimit){ 5, whole.rlim_max };
    CHECK_INT(setrlimit(RLIMIT_FSIZE, &small), 0);
    CHECK_INT(recorder_open(path, &rig_head, &w, &error), CORDAGE_EIO);
    CHECK_INT(setrlimit(RLIMIT_FSIZE, &whole), 0);
    CHECK(w == NULL);
    CHECK_INT(access(path, F_OK), -1);
    tmpdir_free(&t);
}

/* ---- Giants ------------------------------------------------------------------------ */

TEST(a_giant_payload_comes_back)
{
    enum { GIANT = 8 * 1024 * 1024 };
    struct tmpdir t = tmpdir_new();
    const char *path = tmpdir_path(&t, "a");
    struct recording_event e;
    struct recording *r;
    struct recorder *w;
    struct buf b = { 0 };

    buf_append_z(&b, "{\"d\":\"");
    CHECK_INT(buf_reserve(&b, GIANT), 0);
    for (size_t i = 0; i < GIANT; i++)
        b.p[b.n++] = "abcdefgh "[i * i % 9];
    buf_append_z(&b, "\"}");
    CHECK_INT(recorder_open(path, &rig_head, &w, NULL), 0);
    CHECK_INT(recorder_add(w, 0, buf_str(&b), NULL), 0);
    CHECK_INT(recorder_add(w, 1,
                           STR("{}                                       "
                               "                                         "),
                           NULL),
              0);
    CHECK_INT(recorder_close(w, NULL), 0);
    CHECK_INT(recording_open(path, &r, NULL), 0);
    CHECK_INT(recording_next(r, &e, NULL), 0);
    CHECK(str_eq(e.payload, buf_str(&b)));
    CHECK_INT(recording_next(r, &e, NULL), 0);
    CHECK(str_starts(e.payload, STR("{} ")));
    recording_close(r);
    buf_release(&b);
    tmpdir_free(&t);
}

RUN_TESTS(T(what_was_recorded_comes_back), T(nothing_recorded_is_a_recording),
          T(secrets_are_not_in_the_file), T(what_is_no_payload_is_left_out),
          T(a_file_that_is_there_is_left_alone),
          T(a_clock_that_goes_back_does_not_make_the_file_bad),
          T(a_killed_recorder_loses_two_seconds_at_most),
          T(a_file_cut_at_any_byte_is_good_up_to_the_block_before),
          T(a_bit_turned_at_any_byte_is_found),
          T(blocks_that_were_swapped_or_left_out_are_found),
          T(what_stands_behind_the_end_is_found),
          T(other_files_and_newer_ones_are_refused),
          T(a_full_disk_keeps_what_was_written),
          T(a_disk_that_is_full_from_the_start_is_left_without_a_file),
          T(a_giant_payload_comes_back))
