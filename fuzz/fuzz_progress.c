/* A progress file is believed only if it fits together, and nothing is read behind it.
 * Its own shard, boot and session are expected of it, or the fuzzer would never get past
 * them. */
#include "fuzz.h"

#include <string.h>

#include "limits.h"
#include "progress_file.h"

static void check_past(const struct progress_past *past, const struct progress_head *head)
{
    uint32_t i;

    FUZZ_CHECK(past->reach <= head->reach && past->n_left <= past->reach);
    FUZZ_CHECK(past->last == head->last);
    for (i = 0; i < past->n_left; i++) {
        const struct progress_left *left = &past->left[i];

        FUZZ_CHECK(left->seq > 0 && left->seq <= past->last && left->place < past->reach);
        FUZZ_CHECK(left->seq <= PROGRESS_SEQUENCE && left->deaths <= LIMIT_DEATHS);
        FUZZ_CHECK(i == 0 || past->left[i - 1].seq < left->seq);
        FUZZ_CHECK(progress_past_find(past, left->seq) == left);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str bytes = { (const char *)data, size };
    struct progress_head expected, found;
    struct progress_past past;

    progress_head_init(&expected, 3, 8);
    memset(expected.boot, 7, sizeof expected.boot);
    if (size >= sizeof found) {
        memcpy(&found, data, sizeof found);
        expected.mark = found.mark;
        memcpy(expected.boot, found.boot, sizeof expected.boot);
    }
    if (progress_file_read(bytes, &expected, &past) < 0) {
        FUZZ_CHECK(past.left == NULL && past.n_left == 0);
        return 0;
    }
    FUZZ_CHECK(size >= PROGRESS_HEAD_BYTES + found.reach * sizeof(uint64_t));
    check_past(&past, &found);
    progress_past_release(&past);
    return 0;
}
