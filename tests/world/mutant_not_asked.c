/* The mutant that every test run must see (09-handled-again-after-a-kill, without a
 * patch): nobody asks whether an event that comes again was done. */
#include "progress.h"

/* NOLINTBEGIN(bugprone-reserved-identifier): the linker's name */
bool __wrap_progress_was_done(const struct progress *p, uint64_t seq);
bool __wrap_progress_was_done(const struct progress *p, uint64_t seq)
{
    (void)p;
    (void)seq;
    return false;
}
/* NOLINTEND(bugprone-reserved-identifier) */
