/* What became of the faults: what didn't come, and who wasn't met, is said. */
#include <stdio.h>

#include "scenario_model.h"

/* False: there is nothing to say. */
static bool say(const struct scenario_run *r, size_t fault, char *out, size_t size)
{
    const struct fault_line *f = &r->s->faults[fault];
    const struct tally *t = &r->tallies[fault];

    if (t->missing)
        return false; /* that has failed */
    if (t->came && f->meets && !t->met)
        snprintf(out, size, "line %u: %s: it met nobody", f->line, f->text);
    else if (!t->came && r->next == r->n_occurrences)
        snprintf(out, size, "line %u: %s: it never came, as it was drawn", f->line,
                 f->text);
    else if (!t->came)
        snprintf(out, size, "line %u: %s: it was over before this came", f->line,
                 f->text);
    else
        return false;
    return true;
}

/* Faults are closer to each other than the file means them to be. */
static bool say_hurry(const struct scenario_run *r, char *out, size_t size)
{
    struct scenario_result result;
    bool held = true;

    for (size_t i = 0; held && scenario_result(r, i, 0, &result); i++)
        held = result.held;
    if (held || r->hurry <= 1)
        return false;
    snprintf(out, size,
             "at --time-scale %g faults last as long as ever but come so much closer to "
             "each other: see whether it holds with less",
             r->hurry);
    return true;
}

bool scenario_note(const struct scenario_run *r, size_t i, char *out, size_t size)
{
    if (r->begun_at == SCENARIO_NEVER)
        return false;
    if (say_hurry(r, out, size) && i-- == 0)
        return true;
    for (size_t fault = 0; fault < r->s->n_faults; fault++)
        if (say(r, fault, out, size) && i-- == 0)
            return true;
    return false;
}
