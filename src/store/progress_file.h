/* progress_file.h - a shard's progress as it lies in its file, and what may be believed
 * of a file that is found.
 *
 * The head, then a place of 8 bytes for each event that is open: its sequence, whether
 * its handlers have begun, and in how many processes that died they had; or 0. The file
 * is written through memory and in no other way, so that after a loss of power parts of
 * it may be older than others. Therefore it names the boot it was written in, and counts
 * only during that one; across boots the store's rows say what was done. Numbers are in
 * the machine's own order, for the same reason. */
#ifndef STORE_PROGRESS_FILE_H
#define STORE_PROGRESS_FILE_H

#include <stdatomic.h>

#include "str.h"

enum {
    PROGRESS_MAGIC_BYTES = 8,
    PROGRESS_BOOT_BYTES = 16,
    PROGRESS_HEAD_BYTES = 128,
};

/* What is in a place. */
#define PROGRESS_BEGUN      (UINT64_C(1) << 63) /* its handlers were called */
#define PROGRESS_DEATH      (UINT64_C(1) << 61) /* two bits: LIMIT_DEATHS at most */
#define PROGRESS_SEQUENCE   (PROGRESS_DEATH - 1)
#define PROGRESS_IN_HANDLER (~PROGRESS_SEQUENCE)

struct progress_head {
    char magic[PROGRESS_MAGIC_BYTES];
    uint32_t shard_id, shard_count;
    unsigned char boot[PROGRESS_BOOT_BYTES]; /* all 0: not known, and no file counts */
    _Atomic uint64_t mark;                   /* of the session; 0: none, nothing counts */
    _Atomic uint64_t last;                   /* the last event that was taken or passed */
    /* Events that found no place: the first and the last. All between count as open. */
    _Atomic uint64_t unplaced_first, unplaced_last;
    _Atomic uint32_t reach; /* no place at or behind it was ever used: all are 0 */
    uint32_t holder; /* the pid of the process that has it locked, or had; for people */
};
_Static_assert(sizeof(struct progress_head) <= PROGRESS_HEAD_BYTES, "it has grown");

/* An event that a process left open, and where. */
struct progress_left {
    uint64_t seq;
    uint32_t place;
    uint32_t deaths; /* processes that died while its handlers ran; up to LIMIT_DEATHS */
    bool taken;      /* it came again */
};

/* What a file says. */
struct progress_past {
    uint64_t last, unplaced_first, unplaced_last;
    uint32_t reach;             /* of places that are in use */
    struct progress_left *left; /* by sequence; owned */
    uint32_t n_left;
};

/* A place as the next process has it: one that died while handlers ran counts. */
uint64_t progress_after_death(uint64_t place);
/* A head for a file of this shard, with no session and nothing in it; `boot` as the
 * system tells it. */
void progress_head_init(struct progress_head *head, uint32_t shard_id,
                        uint32_t shard_count);
/* How many bytes of a file there are to read that begins with these PROGRESS_HEAD_BYTES;
 * 0: it is of no use to one who expects this head. */
size_t progress_file_bytes(const char *bytes, const struct progress_head *expected);
/* Reads a file. CORDAGE_EPARSE: it isn't of the head's shard, boot and session, or makes
 * no sense; CORDAGE_ENOMEM. `out` is empty then. */
int progress_file_read(struct str bytes, const struct progress_head *expected,
                       struct progress_past *out);
void progress_past_release(struct progress_past *past);
/* An event that was left open, or NULL. */
struct progress_left *progress_past_find(const struct progress_past *past, uint64_t seq);

#endif
