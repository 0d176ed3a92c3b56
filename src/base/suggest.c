#include "suggest.h"

#include <string.h>

/* How many single-letter edits turn `a` into `b`. */
static unsigned distance(const char *a, const char *b)
{
    unsigned row[SUGGEST_WORD_MAX + 1];
    size_t n = strlen(b);

    for (size_t j = 0; j <= n; j++)
        row[j] = (unsigned)j;
    for (size_t i = 0; a[i]; i++) {
        unsigned corner = row[0]++;

        for (size_t j = 1; j <= n; j++) {
            unsigned best = corner + (a[i] != b[j - 1]);

            corner = row[j];
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[n];
}

const char *suggest(const char *word, const char *const *names)
{
    const char *best = NULL;
    unsigned best_distance = 3; /* more than two edits is another word */

    if (strlen(word) > SUGGEST_WORD_MAX)
        return NULL;
    for (; *names; names++) {
        unsigned d;

        if (strlen(*names) > SUGGEST_WORD_MAX)
            continue;
        d = distance(word, *names);
        if (d < best_distance && d < strlen(*names)) {
            best = *names;
            best_distance = d;
        }
    }
    return best;
}
