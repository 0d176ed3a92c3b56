#include "story.h"

#include "buf.h"
#include "ledger.h"

#define NOW  ((uint64_t)1795341600000)
#define MARK ((uint64_t)77)

enum { TRIES = 50, GUILD_BYTES_MAX = 4000 };

static const struct store_identity who = { .token_print = 0xfedcba9876543210ULL,
                                           .intents = 513,
                                           .api_version = 10,
                                           .encoding = "json",
                                           .compression = "zlib-stream" };

static void hear(void *user, enum log_level level, const char *line)
{
    struct story *s = user;
    size_t n = strlen(s->lines);

    (void)level;
    snprintf(s->lines + n, sizeof s->lines - n, "%s\n", line);
}

/* ---- What may fail --------------------------------------------------------------------
 */

/* Whether it is to be tried again. */
static bool failed(struct life *l, const char *what, int err, unsigned tries)
{
    if (!err)
        return false;
    if (!l->story->mend || tries == TRIES)
        fail_msg("step %u: cannot %s: %d\n%s", rig_steps, what, err, l->story->lines);
    l->story->failures++;
    l->story->mend();
    return true;
}

/* The same, and then nothing has changed. */
static bool failed_to_write(struct life *l, const char *what, int err, unsigned tries)
{
    if (!failed(l, what, err, tries))
        return false;
    story_look(l, true);
    return true;
}

/* ---- Looking --------------------------------------------------------------------------
 */

/* Is `found` what may be there? Then it is what there is from now on. */
static void judge(const struct story *s, const char *what, struct saved *saved,
                  uint64_t found, bool exact)
{
    bool is_damaged = saved == &s->snapshot ? s->cache_damaged : s->state_damaged;
    uint64_t least = is_damaged ? 0 : s->after_power ? saved->safe : saved->told;
    uint64_t most = exact ? saved->told : saved->tried;

    if (found < least || found > most)
        fail_msg("step %u: the %s there is %llu, not %llu to %llu\n%s", rig_steps, what,
                 (unsigned long long)found, (unsigned long long)least,
                 (unsigned long long)most, s->lines);
    saved->told = found;
    if (!exact)
        saved->tried = found; /* else what failed may still come when this life ends */
    if (s->after_power || is_damaged)
        saved->safe = found;
}

struct sessions_seen {
    uint64_t number;
    unsigned n;
};

static void see_session(void *user, const struct store_session *row)
{
    struct sessions_seen *seen = user;
    uint64_t id = 0;
    bool unavailable;

    if (seen->n++ > 0)
        CHECK_INT(row->received, seen->number); /* they were saved as one */
    seen->number = row->received;
    CHECK_INT(row->done, row->received / 2);
    CHECK(store_guilds_at(row->guilds, 0, &id, &unavailable));
    CHECK_INT(id, row->received + 1);
}

static void look_at_sessions(struct life *l, bool exact)
{
    struct sessions_seen seen = { 0 };
    int err;

    for (unsigned i = 1;; i++) {
        seen = (struct sessions_seen){ 0 };
        err = store_load_sessions(l->store, &who, STORY_SHARDS, 0, STORY_SHARDS - 1,
                                  see_session, &seen);
        if (!failed(l, "load sessions", err, i))
            break;
    }
    CHECK(seen.n == 0 || seen.n == STORY_SHARDS || l->story->state_damaged);
    judge(l->story, "session", &l->story->session, seen.number, exact);
}

struct bookings {
    const struct story *story;
    uint64_t all[STORY_MAX];
    size_t n;
};

/* A booking and the plan have no checksum of their own: one that was damaged on the disk
 * may be taken for another. */
static void see_booking(void *user, uint64_t wall, uint32_t shard_id, uint32_t count)
{
    struct bookings *b = user;

    CHECK(b->n < STORY_MAX);
    if (!b->story->state_damaged) {
        CHECK_INT(shard_id, wall % STORY_SHARDS);
        CHECK_INT(count, STORY_SHARDS);
        CHECK(b->n == 0 || b->all[b->n - 1] < wall);
    }
    b->all[b->n++] = wall;
}

/* None is lost, not even to a loss of power. */
static void look_at_bookings(struct life *l, bool exact)
{
    struct story *s = l->story;
    static struct bookings found;
    size_t at = 0, kept = 0;
    int err;

    for (unsigned i = 1;; i++) {
        found.n = 0;
        found.story = s;
        err = store_load_identifies(l->store, NOW, see_booking, &found);
        if (!failed(l, "load bookings", err, i))
            break;
    }
    for (size_t i = 0; i < s->n_booked; i++) {
        while (at < found.n && found.all[at] < s->booked[i])
            at++;
        if (at < found.n && found.all[at] == s->booked[i])
            s->booked[kept++] = s->booked[i];
        else if (!s->state_damaged)
            fail_msg("step %u: booking %zu of %zu is lost\n%s", rig_steps, i, s->n_booked,
                     s->lines);
    }
    s->n_booked = kept;
    if (!s->state_damaged) {
        CHECK(!exact || found.n == s->n_there);
        CHECK(found.n == 0 || found.all[found.n - 1] <= s->last_booking);
    }
    s->n_there = found.n;
}

static void look_at_plan(struct life *l, bool exact)
{
    struct buf b = { 0 };
    uint64_t found = 0;
    int err;

    for (unsigned i = 1;; i++) {
        err = store_load_plan(l->store, &b);
        if (err == CORDAGE_ENOTFOUND || !failed(l, "load the plan", err, i))
            break;
    }
    if (!err &&
        (b.n < 7 || !str_u64((struct str){ b.p + 5, b.n - 6 }, &found))) /* {"n":7} */
        CHECK(l->story->state_damaged);
    buf_release(&b);
    judge(l->story, "plan", &l->story->plan, found, exact);
}

/* ---- Snapshots ------------------------------------------------------------------------
 */

static struct store_snapshot head_of(uint64_t seq, bool whole)
{
    return (struct store_snapshot){
        .shard_id = 0,
        .shard_count = STORY_SHARDS,
        .format = 1,
        .policy_mark = 5,
        .session_mark = MARK,
        .seq = seq,
        .saved_at = NOW,
        .whole = whole,
    };
}

static bool is_whole(uint64_t seq)
{
    return seq % 7 == 1;
}

/* Two guilds change with each snapshot that isn't whole. */
static bool is_in(uint64_t seq, uint64_t guild)
{
    return is_whole(seq) || guild == seq % STORY_GUILDS ||
           guild == (seq + 3) % STORY_GUILDS;
}

/* Whose bytes say which snapshot they came with. */
static struct str guild_bytes(uint64_t seq, uint64_t guild, char bytes[GUILD_BYTES_MAX])
{
    size_t n = 16 + (seq * 37 + guild * 501) % (GUILD_BYTES_MAX - 16);

    memset(bytes, (int)('a' + guild), n);
    memcpy(bytes, &seq, sizeof seq);
    return (struct str){ bytes, n };
}

struct snapshot_seen {
    uint64_t seqs[STORY_GUILDS];
    unsigned n;
};

static int see_guild(void *user, uint64_t guild, struct str bytes)
{
    struct snapshot_seen *seen = user;
    char expected[GUILD_BYTES_MAX];

    CHECK(guild >= 1 && guild <= STORY_GUILDS && bytes.n >= 16);
    memcpy(&seen->seqs[guild - 1], bytes.p, sizeof *seen->seqs);
    CHECK(str_eq(bytes, guild_bytes(seen->seqs[guild - 1], guild - 1, expected)));
    seen->n++;
    return 0;
}

/* Each guild is as of the last snapshot that it was in. */
static void check_snapshot(const struct snapshot_seen *seen, uint64_t seq)
{
    CHECK_INT(seen->n, STORY_GUILDS);
    for (uint64_t guild = 0; guild < STORY_GUILDS; guild++) {
        uint64_t last = seq;

        while (last > 0 && !is_in(last, guild))
            last--;
        CHECK_INT(seen->seqs[guild], last);
    }
}

static void look_at_snapshot(struct life *l, bool exact)
{
    struct snapshot_seen seen;
    struct store_snapshot head;
    int err;

    for (unsigned i = 1;; i++) {
        seen = (struct snapshot_seen){ 0 };
        head = head_of(0, false);
        err = store_snapshot_load(l->store, &head, see_guild, &seen);
        if (err == CORDAGE_ENOTFOUND || !failed(l, "load the snapshot", err, i))
            break;
    }
    judge(l->story, "snapshot", &l->story->snapshot, err ? 0 : head.seq, exact);
    if (!err)
        check_snapshot(&seen, head.seq);
}

static void save_snapshot(struct life *l)
{
    static char bytes[STORY_GUILDS][GUILD_BYTES_MAX];
    struct store_packed guilds[STORY_GUILDS];
    struct saved *saved = &l->story->snapshot;
    uint64_t seq = saved->told + 1;
    struct store_snapshot head = head_of(seq, is_whole(seq));
    size_t n = 0;
    int err;

    for (uint64_t guild = 0; guild < STORY_GUILDS; guild++) {
        if (!is_in(seq, guild))
            continue;
        guilds[n] = (struct store_packed){ guild + 1, guild_bytes(seq, guild, bytes[n]) };
        n++;
    }
    for (unsigned i = 1;; i++) {
        saved->tried = seq;
        err = store_snapshot_save(l->store, &head, guilds, n);
        if (err == CORDAGE_ENOTFOUND && l->story->cache_damaged) {
            saved->told = 0; /* it is said: the next one must be whole */
            return;
        }
        if (!failed_to_write(l, "save a snapshot", err, i))
            break;
    }
    saved->told = seq;
}

/* ---- Saving ---------------------------------------------------------------------------
 */

/* What DURABLE_NOW has put on the disk is there with all before it. */
static void now_safe(struct story *s)
{
    s->session.safe = s->session.told;
    s->plan.safe = s->plan.told;
}

static void save_sessions(struct life *l, bool exact)
{
    struct store_session rows[STORY_SHARDS];
    struct saved *saved = &l->story->session;
    uint64_t number = saved->told + 1;
    struct buf guilds = { 0 };
    int err;

    CHECK_INT(store_guilds_add(&guilds, number + 1, false), 0);
    for (uint32_t i = 0; i < STORY_SHARDS; i++)
        rows[i] = (struct store_session){ .shard_id = i,
                                          .shard_count = STORY_SHARDS,
                                          .session_id = STR("a session"),
                                          .resume_url = STR("wss://x"),
                                          .received = number,
                                          .done = number / 2,
                                          .saved_at = NOW,
                                          .guilds = buf_str(&guilds) };
    for (unsigned i = 1;; i++) {
        saved->tried = number;
        err = store_save_sessions(l->store, &who, rows, STORY_SHARDS, exact);
        if (!failed_to_write(l, "save sessions", err, i))
            break;
    }
    buf_release(&guilds);
    saved->told = number;
    if (exact)
        now_safe(l->story);
}

static void book(struct life *l)
{
    struct story *s = l->story;
    uint64_t wall;
    int err;

    for (unsigned i = 1;; i++) {
        wall = s->last_booking ? s->last_booking + 1 : NOW + 1;
        s->last_booking = wall;
        err = store_book_identify(l->store, wall, wall % STORY_SHARDS, STORY_SHARDS);
        if (!failed_to_write(l, "book", err, i))
            break;
    }
    CHECK(s->n_booked < STORY_MAX);
    s->booked[s->n_booked++] = wall;
    s->n_there++;
    now_safe(s);
}

static void save_plan(struct life *l)
{
    struct saved *saved = &l->story->plan;
    uint64_t number = saved->told + 1;
    char text[64];
    int err, n = snprintf(text, sizeof text, "{\"n\":%llu}", (unsigned long long)number);

    for (unsigned i = 1;; i++) {
        saved->tried = number;
        err = store_save_plan(l->store, (struct str){ text, (size_t)n });
        if (!failed_to_write(l, "save the plan", err, i))
            break;
    }
    saved->told = number;
    now_safe(l->story);
}

/* ---- Events ---------------------------------------------------------------------------
 */

static void take_events(struct life *l)
{
    for (int i = 0; i < 3; i++) {
        uint64_t seq = l->story->last_event + 1;
        uint32_t place;

        place = progress_take(l->progress, seq);
        progress_begin_event(l->progress, place);
        CHECK_INT(progress_low(l->progress), seq - 1);
        progress_done(l->progress, place);
        CHECK_INT(progress_low(l->progress), seq);
        l->story->last_event = seq;
    }
}

/* What a process knew of its events is known to the next; not after a loss of power. */
void story_open_events(struct life *l)
{
    struct story *s = l->story;
    cordage_error error;
    uint64_t low;
    int err;

    for (unsigned i = 1;; i++) {
        err = progress_open(store_dir(l->store), 0, STORY_SHARDS, 8, MARK, &l->progress,
                            &error);
        if (err)
            hear(s, LOG_WARN, error.message);
        if (!failed(l, "open a shard's progress", err, i))
            break;
    }
    low = progress_low(l->progress);
    if (low != (s->is_new_boot ? 0 : s->last_event))
        fail_msg("step %u: events are done to %llu, not %llu\n%s", rig_steps,
                 (unsigned long long)low, (unsigned long long)s->last_event, s->lines);
    if (low == 0)
        progress_begin(l->progress, MARK, s->last_event);
    s->is_new_boot = false;
}

/* ---- A life ---------------------------------------------------------------------------
 */

void story_open(struct life *l, struct story *s, enum store_use use)
{
    cordage_error error = { 0 };
    int err;

    *l = (struct life){ .story = s, .log = { hear, s, LOG_INFO } };
    for (unsigned i = 1;; i++) {
        err = store_open(STORY_DIR, use, &l->log, &l->store, &error);
        if (err)
            hear(s, LOG_WARN, error.message);
        if (!failed(l, "open the store", err, i))
            break;
    }
}

void story_look(struct life *l, bool exact)
{
    look_at_sessions(l, exact);
    look_at_bookings(l, exact);
    look_at_plan(l, exact);
    look_at_snapshot(l, exact);
    l->story->after_power = false;
}

void story_round(struct life *l)
{
    save_sessions(l, false);
    book(l);
    if (l->progress)
        take_events(l);
    save_snapshot(l);
    save_sessions(l, l->story->session.told % 3 == 0);
    save_plan(l);
}

void story_close(struct life *l)
{
    progress_close(l->progress);
    store_close(l->store);
    *l = (struct life){ 0 };
}

void story_lose_power(struct story *s, uint64_t chance)
{
    vdisk_lose_power(chance);
    s->after_power = s->is_new_boot = true;
}

static void live(struct story *s, enum store_use use)
{
    struct life l;

    story_open(&l, s, use);
    story_look(&l, false);
    story_open_events(&l);
    for (unsigned i = 0; i < s->rounds; i++)
        story_round(&l);
    story_close(&l);
}

void story_live(void *story)
{
    live(story, STORE_ALONE);
}

void story_work(void *story)
{
    live(story, STORE_SHARED);
}
