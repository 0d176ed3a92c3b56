/* Free places are kept in two lists of their numbers, linked by `next`: one that the loop
 * takes from, and one that any thread puts back on, which the loop takes over as a whole
 * when its own is empty. So there is one taker, and no place can come back while another
 * thread looks at it. The last one put back is the first one used again: a shard with few
 * open events touches few pages. */
#include "progress.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buf.h"
#include "error.h"
#include "limits.h"
#include "mem.h"
#include "progress_file.h"
#include "store_dir.h"

enum { NO_PLACE = UINT32_MAX };

/* Stores are releases and loads acquires, so that memory changes in the order that is
 * written here, for other threads as for whoever finds the file. */
#define GET(member)        atomic_load_explicit(&(member), memory_order_acquire)
#define SET(member, value) atomic_store_explicit(&(member), value, memory_order_release)

struct progress {
    struct progress_head *head; /* mapped, with the places behind it */
    _Atomic uint64_t *places;
    size_t bytes;
    int fd; /* holds the lock; -1: in memory, or abandoned */
    uint32_t room;
    uint32_t *next;          /* of a free place */
    uint32_t free;           /* the loop's list */
    _Atomic uint32_t freed;  /* every thread's */
    _Atomic uint32_t change; /* odd while progress_begin is at work */
    /* Of the process before. Without it `past.last` is progress_begin's sequence. */
    struct progress_past past;
};

/* ---- The file -------------------------------------------------------------------------
 */

static void path_of(char path[STORE_PATH_SIZE], const char *dir, uint32_t shard_id,
                    uint32_t shard_count)
{
    snprintf(path, STORE_PATH_SIZE, "%s/progress-%u-%u", dir, shard_id, shard_count);
}

/* CORDAGE_EPARSE: it ends before. */
static int read_more(int fd, struct buf *b, size_t n)
{
    int err = buf_reserve(b, n);

    while (!err && n > 0) {
        ssize_t got = pread(fd, b->p + b->n, n, (off_t)b->n);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got < 0 ? CORDAGE_EIO : CORDAGE_EPARSE;
        b->n += (size_t)got;
        n -= (size_t)got;
    }
    return err;
}

/* What the file says is in `past`; without a sound one it is empty, and so is the file.
 * Any other failure leaves the file as it is. */
static int read_past(int fd, const struct progress_head *expected,
                     struct progress_past *past)
{
    struct buf b = { 0 };
    size_t n;
    int err = read_more(fd, &b, PROGRESS_HEAD_BYTES);

    if (!err) {
        n = progress_file_bytes(b.p, expected);
        err = n == 0 ? CORDAGE_EPARSE : read_more(fd, &b, n - PROGRESS_HEAD_BYTES);
    }
    if (!err)
        err = progress_file_read(buf_str(&b), expected, past);
    buf_release(&b);
    if (err == CORDAGE_EPARSE)
        err = ftruncate(fd, 0) < 0 ? CORDAGE_EIO : 0;
    return err;
}

/* All of the file gets its blocks now: a full disk must not be found out by a store to
 * memory, which would kill the process. */
static int map_file(struct progress *p, int fd)
{
    int err;

    if (ftruncate(fd, (off_t)p->bytes) < 0)
        return errno;
    err = posix_fallocate(fd, 0, (off_t)p->bytes);
    if (err)
        return err;
    p->head = mmap(NULL, p->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (p->head == MAP_FAILED)
        return errno;
    madvise(p->head, p->bytes, MADV_RANDOM); /* one page is enough for most */
    return 0;
}

/* The shard's own lock. A file that was removed before it was locked is nobody's. */
static int lock_file(int fd)
{
    struct stat st;

    if (flock(fd, LOCK_EX | LOCK_NB) < 0)
        return errno == EWOULDBLOCK ? CORDAGE_EBUSY : CORDAGE_EIO;
    if (fstat(fd, &st) < 0)
        return CORDAGE_EIO;
    return st.st_nlink > 0 ? 0 : CORDAGE_ENOTFOUND;
}

/* The lock is the open file's, which forked children share: closing alone would leave it
 * to them. */
static void let_go(int fd)
{
    flock(fd, LOCK_UN);
    close(fd);
}

static int say_busy(int fd, const char *path, const struct progress_head *expected,
                    cordage_error *error)
{
    struct progress_head head;
    char who[32] = "another process";

    if (pread(fd, &head, sizeof head, 0) == (ssize_t)sizeof head && head.holder)
        snprintf(who, sizeof who, "process %u", head.holder);
    close(fd);
    return error_set(error, CORDAGE_EBUSY,
                     "shard %u of %u is run by %s, which has %s locked: stop it first",
                     expected->shard_id, expected->shard_count, who, path);
}

static int lock_at(const char *path, const struct progress_head *expected, int *out,
                   cordage_error *error)
{
    int err = CORDAGE_ENOTFOUND, fd = -1, why;

    for (int i = 0; i < 10 && err == CORDAGE_ENOTFOUND; i++) {
        if (fd >= 0)
            let_go(fd);
        fd = store_file_open(path);
        err = fd < 0 ? CORDAGE_EIO : lock_file(fd);
    }
    *out = fd;
    if (!err)
        return 0;
    if (err == CORDAGE_EBUSY)
        return say_busy(fd, path, expected, error);
    why = errno;
    if (fd >= 0)
        close(fd);
    return error_set(error, CORDAGE_ESYSTEM,
                     "cannot write %s: %s; mend that, or set CORDAGE_STATE_DIR to "
                     "another directory",
                     path, strerror(why));
}

static int open_file(struct progress *p, const char *path, uint32_t room,
                     const struct progress_head *expected, cordage_error *error)
{
    int fd, why, err = lock_at(path, expected, &fd, error);

    if (err)
        return err;
    err = read_past(fd, expected, &p->past);
    if (err == CORDAGE_ENOMEM) {
        let_go(fd);
        return error_set(error, err, "out of memory for %s", path);
    }
    why = errno;
    if (!err) {
        p->room = p->past.reach > room ? p->past.reach : room;
        p->bytes = PROGRESS_HEAD_BYTES + p->room * sizeof *p->places;
        why = map_file(p, fd);
    }
    if (!err && !why) {
        p->head->holder = (uint32_t)getpid();
        p->fd = fd;
        return 0;
    }
    let_go(fd);
    p->head = NULL;
    return error_set(error, CORDAGE_EIO,
                     "cannot read %s or make it %zu bytes large: %s; make room, or set "
                     "CORDAGE_STATE_DIR to a directory on another disk",
                     path, p->bytes, strerror(why));
}

static int open_memory(struct progress *p, uint32_t room, cordage_error *error)
{
    p->room = room;
    p->bytes = PROGRESS_HEAD_BYTES + room * sizeof *p->places;
    p->head =
        mmap(NULL, p->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p->head != MAP_FAILED)
        return 0;
    p->head = NULL;
    return error_set(error, CORDAGE_ENOMEM, "out of memory for %u open events", room);
}

/* ---- Opening --------------------------------------------------------------------------
 */

static void put_free(struct progress *p, uint32_t place)
{
    p->next[place] = p->free;
    p->free = place;
}

/* Goes on from the past: what it left open keeps its place. */
static void go_on(struct progress *p, const struct progress_head *expected)
{
    struct progress_head *head = p->head;
    uint32_t reach = atomic_load(&head->reach), i;

    if (atomic_load(&head->mark) == 0) { /* the file is new: all zero */
        memcpy(head->magic, expected->magic, sizeof head->magic);
        head->shard_id = expected->shard_id;
        head->shard_count = expected->shard_count;
        memcpy(head->boot, expected->boot, sizeof head->boot);
        atomic_store(&head->mark, expected->mark);
        return;
    }
    /* One that was being taken may lie behind the last of the others, too. Each place is
     * brought up to date by one store: a death in between is not counted twice. */
    for (i = 0; i < reach; i++) {
        uint64_t value = progress_after_death(atomic_load(&p->places[i]));

        atomic_store(&p->places[i],
                     (value & PROGRESS_SEQUENCE) > p->past.last ? 0 : value);
    }
    atomic_store(&head->reach, p->past.reach);
    for (i = p->past.reach; i-- > 0;)
        if (atomic_load(&p->places[i]) == 0)
            put_free(p, i);
}

int progress_open(const char *dir, uint32_t shard_id, uint32_t shard_count, uint32_t room,
                  uint64_t mark, struct progress **out, cordage_error *error)
{
    struct progress_head expected;
    char path[STORE_PATH_SIZE];
    struct progress *p;
    int err;

    *out = NULL;
    if (room == 0 || room > LIMIT_OPEN_EVENTS)
        return error_set(error, CORDAGE_EINVAL,
                         "%u events cannot be open at one time: choose 1 to %d", room,
                         LIMIT_OPEN_EVENTS);
    p = mem_zero(sizeof *p);
    if (!p)
        return error_set(error, CORDAGE_ENOMEM, "out of memory for a shard's progress");
    p->fd = -1;
    p->free = NO_PLACE;
    atomic_init(&p->freed, NO_PLACE);
    progress_head_init(&expected, shard_id, shard_count);
    atomic_init(&expected.mark, mark);
    if (dir)
        path_of(path, dir, shard_id, shard_count);
    err = dir ? open_file(p, path, room, &expected, error) : open_memory(p, room, error);
    if (err)
        goto fail;
    p->next = malloc(p->room * sizeof *p->next); /* not cleared: most is never touched */
    if (!p->next) {
        err = error_set(error, CORDAGE_ENOMEM, "out of memory for %u open events", room);
        goto fail;
    }
    p->places = (_Atomic uint64_t *)((char *)p->head + PROGRESS_HEAD_BYTES);
    go_on(p, &expected);
    *out = p;
    return 0;
fail:
    progress_close(p);
    return err;
}

/* A process that ends like this has not died. */
static void forget_deaths(struct progress *p)
{
    uint32_t reach = GET(p->head->reach), i;

    for (i = 0; i < reach; i++) {
        uint64_t value = GET(p->places[i]);

        if (value & PROGRESS_IN_HANDLER)
            SET(p->places[i], value & PROGRESS_SEQUENCE);
    }
}

void progress_close(struct progress *p)
{
    if (!p)
        return;
    if (p->places)
        forget_deaths(p);
    if (p->head)
        munmap(p->head, p->bytes);
    if (p->fd >= 0)
        let_go(p->fd);
    progress_past_release(&p->past);
    free(p->next);
    free(p);
}

/* Handlers mark their events while this runs: a place that they empty stays empty. */
static void forget_begun(struct progress *p)
{
    uint32_t reach = GET(p->head->reach), i;

    for (i = 0; i < reach; i++)
        atomic_fetch_and_explicit(&p->places[i], ~PROGRESS_BEGUN, memory_order_acq_rel);
}

/* The file is taken from under whoever writes, in one step: each store reaches the file
 * before, or memory of our own after it. */
void progress_abandon(struct progress *p)
{
    void *own;

    if (p->fd < 0)
        return;
    forget_begun(p);
    own = mmap(p->head, p->bytes, PROT_READ | PROT_WRITE,
               MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    /* Without memory for a mapping there is one way left to keep off the file, and that
     * is to keep its lock: the shard can't be taken until we end. */
    if (own == MAP_FAILED)
        return;
    let_go(p->fd);
    p->fd = -1;
}

uint32_t progress_open_events(const struct progress *p, uint32_t *running)
{
    uint32_t reach = GET(p->head->reach), n = 0, i;

    *running = 0;
    for (i = 0; i < reach; i++) {
        uint64_t value = GET(p->places[i]);

        n += value != 0;
        *running += (value & PROGRESS_BEGUN) != 0;
    }
    return n;
}

void progress_remove(const char *dir, uint32_t shard_id, uint32_t shard_count)
{
    char path[STORE_PATH_SIZE];

    path_of(path, dir, shard_id, shard_count);
    unlink(path);
}

/* ---- Events ---------------------------------------------------------------------------
 */

void progress_begin(struct progress *p, uint64_t mark, uint64_t seq)
{
    uint32_t reach = GET(p->head->reach), i;

    SET(p->change, GET(p->change) + 1);
    SET(p->head->mark, 0); /* from here to the end the file claims nothing */
    /* Handlers of the old session may still run: their places are free when they are
     * done, and not before. Nobody runs for what an earlier process left open. */
    for (i = 0; i < reach; i++)
        SET(p->places[i], 0);
    for (i = 0; i < p->past.n_left; i++)
        if (!p->past.left[i].taken)
            put_free(p, p->past.left[i].place);
    progress_past_release(&p->past);
    p->past.last = seq;
    SET(p->head->unplaced_first, 0);
    SET(p->head->unplaced_last, 0);
    SET(p->head->last, seq);
    SET(p->head->mark, mark);
    SET(p->change, GET(p->change) + 1);
}

static void advance(struct progress *p, uint64_t seq)
{
    if (seq > GET(p->head->last))
        SET(p->head->last, seq);
}

void progress_pass(struct progress *p, uint64_t seq)
{
    struct progress_left *left = progress_past_find(&p->past, seq);

    if (left && !left->taken) {
        left->taken = true;
        SET(p->places[left->place], 0);
        put_free(p, left->place);
    }
    advance(p, seq);
}

static uint32_t find_place(struct progress *p)
{
    uint32_t place;

    if (p->free == NO_PLACE)
        p->free = atomic_exchange_explicit(&p->freed, NO_PLACE, memory_order_acquire);
    place = p->free;
    if (place != NO_PLACE) {
        p->free = p->next[place];
        return place;
    }
    place = GET(p->head->reach);
    if (place == p->room)
        return NO_PLACE;
    SET(p->head->reach, place + 1);
    return place;
}

static void note_unplaced(struct progress *p, uint64_t seq)
{
    uint64_t first = GET(p->head->unplaced_first);

    /* The last one first: a range must never end before it begins. */
    if (seq > GET(p->head->unplaced_last))
        SET(p->head->unplaced_last, seq);
    if (first == 0 || seq < first)
        SET(p->head->unplaced_first, seq);
}

uint32_t progress_take(struct progress *p, uint64_t seq)
{
    struct progress_left *left = progress_past_find(&p->past, seq);
    uint32_t place;

    if (left && !left->taken) {
        left->taken = true;
        return left->place;
    }
    /* Discord's sequences are far below; a larger one would be read as something else. */
    place = seq <= PROGRESS_SEQUENCE ? find_place(p) : NO_PLACE;
    if (place != NO_PLACE)
        SET(p->places[place], seq);
    else
        note_unplaced(p, seq);
    advance(p, seq);
    return place;
}

/* The place may be emptied by progress_begin meanwhile, and has to stay empty then. */
void progress_begin_event(struct progress *p, uint32_t place)
{
    uint64_t value;

    if (place == NO_PLACE)
        return;
    assert(place < p->room);
    value = GET(p->places[place]);
    if (value)
        atomic_compare_exchange_strong_explicit(&p->places[place], &value,
                                                value | PROGRESS_BEGUN,
                                                memory_order_release,
                                                memory_order_relaxed);
}

void progress_done(struct progress *p, uint32_t place)
{
    uint32_t top;

    if (place == NO_PLACE)
        return;
    assert(place < p->room);
    SET(p->places[place], 0);
    top = atomic_load_explicit(&p->freed, memory_order_relaxed);
    do
        p->next[place] = top;
    while (!atomic_compare_exchange_weak_explicit(&p->freed, &top, place,
                                                  memory_order_release,
                                                  memory_order_relaxed));
}

/* What was taken is read before what is open: an event that is taken meanwhile is missed
 * in both. */
static uint64_t low_now(const struct progress *p)
{
    uint64_t low = GET(p->head->last), seq = GET(p->head->unplaced_first);
    uint32_t reach = GET(p->head->reach), i;

    if (seq > 0 && seq - 1 < low)
        low = seq - 1;
    for (i = 0; i < reach; i++) {
        seq = GET(p->places[i]) & PROGRESS_SEQUENCE;
        if (seq > 0 && seq - 1 < low)
            low = seq - 1;
    }
    return low;
}

uint64_t progress_low(const struct progress *p)
{
    uint32_t change;
    uint64_t low;

    do { /* again if a session began meanwhile: the answer would be of neither */
        change = GET(p->change);
        low = low_now(p);
    } while ((change & 1) || GET(p->change) != change);
    return low;
}

bool progress_was_done(const struct progress *p, uint64_t seq)
{
    if (seq > p->past.last)
        return false;
    if (seq >= p->past.unplaced_first && seq <= p->past.unplaced_last)
        return false;
    return !progress_past_find(&p->past, seq);
}

uint32_t progress_deaths(const struct progress *p, uint64_t seq)
{
    const struct progress_left *left = progress_past_find(&p->past, seq);

    return left && !left->taken ? left->deaths : 0;
}

uint64_t progress_mark(const struct progress *p)
{
    return GET(p->head->mark);
}
