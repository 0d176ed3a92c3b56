/* life_rig.h - a fleet on the machine, for tests that do something to it by hand.
 *
 *     LIFE(a_worker_is_killed) { ... EXPECT(...) }
 *
 * is a test that runs in a child of this process, with whatever killed processes of the
 * machine held. */
#ifndef WORLD_LIFE_RIG_H
#define WORLD_LIFE_RIG_H

#include "programs.h"

enum { LIFE_MINUTE = 60 * 1000, LIFE_HOUR = 60 * LIFE_MINUTE, LIFE_DAY = 24 * LIFE_HOUR };

#define LIFE(name)                  \
    static void name##_lives(void); \
    TEST(name)                      \
    {                               \
        life_try(name##_lives);     \
    }                               \
    static void name##_lives(void)
#define EXPECT(condition) \
    ((condition) ? (void)0 : life_fail(__FILE__, __LINE__, "%s", #condition))
#define EXPECT_INT(got, want)                                                          \
    do {                                                                               \
        long long got_ = (long long)(got), want_ = (long long)(want);                  \
        if (got_ != want_)                                                             \
            life_fail(__FILE__, __LINE__, "%s is %lld, want %lld", #got, got_, want_); \
    } while (0)

void life_try(void (*body)(void));
void life_fail(const char *file, int line, const char *format, ...)
    __attribute__((noreturn, format(printf, 3, 4)));

struct life {
    struct world_plan plan;
    struct vprocess *supervisor;
    /* A RESUME may go to another URL, as its own was not to be reached; and what left one
     * after another may arrive at once. */
    bool bad_weather;
};

/* The machine, its disk, Discord, and a supervisor that begins. */
void life_begin(struct life *l, const struct world_plan *plan);
/* The report of the simulator is empty, and every traffic message was handled; then all
 * of it is gone. */
void life_end(struct life *l);
/* Another supervisor, after the last one has ended. */
void life_start(struct life *l);
/* For so many ms. */
void life_run(struct life *l, uint64_t ms);
/* Until all shards are live, for at most so many ms: else the test has failed. In how
 * many ms it was. */
uint64_t life_run_up(struct life *l, uint64_t most);
/* Until that one has ended: its status. */
int life_run_ended(struct life *l, struct vprocess *p, uint64_t most);
/* The `i`th process of those whose name begins so that runs; NULL: there are not so many.
 */
struct vprocess *life_find(const char *begin, size_t i);
/* IDENTIFYs that reached Discord; messages that came twice. */
uint64_t life_identifies(void);
uint64_t life_doubled(void);
uint64_t life_handled(void);
/* Lines of the log with these words in them, so far. */
unsigned life_said(const char *words);

#endif
