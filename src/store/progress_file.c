#include "progress_file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "cordage/error.h"
#include "limits.h"

static const char magic[PROGRESS_MAGIC_BYTES] = "CORDPRG2";

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "0f7c0d58-2b1c-...": a number of the kernel's that each boot has anew. */
static void read_boot(unsigned char boot[PROGRESS_BOOT_BYTES])
{
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    char text[64];
    ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof text);
    unsigned digits = 0;

    memset(boot, 0, PROGRESS_BOOT_BYTES);
    for (ssize_t i = 0; i < n && digits < 2 * PROGRESS_BOOT_BYTES; i++) {
        int value = hex_value(text[i]);

        if (value < 0)
            continue;
        boot[digits / 2] = (unsigned char)(boot[digits / 2] << 4 | value);
        digits++;
    }
    if (fd >= 0)
        close(fd);
}

void progress_head_init(struct progress_head *head, uint32_t shard_id,
                        uint32_t shard_count)
{
    memset(head, 0, sizeof *head);
    memcpy(head->magic, magic, sizeof head->magic);
    head->shard_id = shard_id;
    head->shard_count = shard_count;
    read_boot(head->boot);
}

size_t progress_file_bytes(const char *bytes, const struct progress_head *expected)
{
    static const unsigned char no_boot[PROGRESS_BOOT_BYTES];
    struct progress_head head;

    memcpy(&head, bytes, sizeof head);
    if (memcmp(head.magic, expected->magic, sizeof head.magic) != 0 ||
        head.shard_id != expected->shard_id ||
        head.shard_count != expected->shard_count ||
        memcmp(head.boot, expected->boot, sizeof head.boot) != 0 ||
        memcmp(head.boot, no_boot, sizeof head.boot) == 0)
        return 0;
    if (head.mark != expected->mark || head.mark == 0 || head.reach > LIMIT_OPEN_EVENTS ||
        head.unplaced_first > head.unplaced_last)
        return 0;
    return PROGRESS_HEAD_BYTES + head.reach * sizeof(uint64_t);
}

_Static_assert(PROGRESS_BEGUN / PROGRESS_DEATH > LIMIT_DEATHS, "two bits hold it");

static uint32_t deaths_of(uint64_t place)
{
    return (uint32_t)((place & ~PROGRESS_BEGUN) / PROGRESS_DEATH);
}

uint64_t progress_after_death(uint64_t place)
{
    uint64_t next = place & ~PROGRESS_BEGUN;

    return next != place && deaths_of(place) < LIMIT_DEATHS ? next + PROGRESS_DEATH
                                                            : next;
}

static int by_seq(const void *a, const void *b)
{
    uint64_t x = ((const struct progress_left *)a)->seq;
    uint64_t y = ((const struct progress_left *)b)->seq;

    return (x > y) - (x < y);
}

static uint64_t place_at(struct str bytes, uint32_t place)
{
    uint64_t value;

    memcpy(&value, bytes.p + PROGRESS_HEAD_BYTES + place * sizeof value, sizeof value);
    return value;
}

static uint32_t count_open(struct str bytes, uint32_t reach)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < reach; i++)
        n += place_at(bytes, i) != 0;
    return n;
}

/* Fills out->left, which has room. False: no process of ours leaves that behind. */
static bool collect(struct str bytes, uint32_t reach, struct progress_past *out)
{
    bool one_too_late = false;

    for (uint32_t i = 0; i < reach; i++) {
        uint64_t value = progress_after_death(place_at(bytes, i));
        uint64_t seq = value & PROGRESS_SEQUENCE;

        if (place_at(bytes, i) == 0)
            continue;
        if (seq == 0)
            return false;
        if (seq <= out->last) {
            out->left[out->n_left++] = (struct progress_left){
                .seq = seq, .place = i, .deaths = deaths_of(value)
            };
            out->reach = i + 1;
            continue;
        }
        /* It was being taken when the process died: as if it had never come. */
        if (one_too_late || value != seq)
            return false;
        one_too_late = true;
    }
    if (out->n_left > 1)
        qsort(out->left, out->n_left, sizeof *out->left, by_seq);
    for (uint32_t i = 1; i < out->n_left; i++)
        if (out->left[i - 1].seq == out->left[i].seq)
            return false;
    return true;
}

int progress_file_read(struct str bytes, const struct progress_head *expected,
                       struct progress_past *out)
{
    struct progress_head head;
    uint32_t n_open;
    size_t needed;

    *out = (struct progress_past){ 0 };
    if (bytes.n < PROGRESS_HEAD_BYTES)
        return CORDAGE_EPARSE;
    needed = progress_file_bytes(bytes.p, expected);
    if (needed == 0 || needed > bytes.n)
        return CORDAGE_EPARSE;
    memcpy(&head, bytes.p, sizeof head);
    n_open = count_open(bytes, head.reach);
    if (n_open > 0) {
        out->left = calloc(n_open, sizeof *out->left);
        if (!out->left)
            return CORDAGE_ENOMEM;
    }
    out->last = head.last;
    out->unplaced_first = head.unplaced_first;
    /* The last is written before the first: without one the other means nothing yet. */
    out->unplaced_last = head.unplaced_first ? head.unplaced_last : 0;
    if (collect(bytes, head.reach, out))
        return 0;
    progress_past_release(out);
    return CORDAGE_EPARSE;
}

void progress_past_release(struct progress_past *past)
{
    free(past->left);
    *past = (struct progress_past){ 0 };
}

struct progress_left *progress_past_find(const struct progress_past *past, uint64_t seq)
{
    struct progress_left key = { .seq = seq };

    if (past->n_left == 0)
        return NULL;
    return bsearch(&key, past->left, past->n_left, sizeof key, by_seq);
}
