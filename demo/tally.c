#include "tally.h"

#include <string.h>

void tally_init(struct tally *t)
{
    memset(t, 0, sizeof *t);
    pthread_mutex_init(&t->lock, NULL);
}

/* The guild's row; made on first sight. A world larger than the table counts in the last
 * row and so shows up as repetitions, never as silence. */
static unsigned row(struct tally *t, uint64_t guild_id)
{
    unsigned i = 0;

    while (i < t->n_guilds && t->guilds[i].id != guild_id)
        i++;
    if (i == TALLY_GUILDS)
        return TALLY_GUILDS - 1;
    if (i == t->n_guilds) {
        t->guilds[i].id = guild_id;
        t->n_guilds++;
    }
    return i;
}

void tally_count(struct tally *t, uint64_t guild_id, uint64_t number)
{
    unsigned i;

    pthread_mutex_lock(&t->lock);
    i = row(t, guild_id);
    t->messages++;
    if (number <= t->guilds[i].last) {
        t->repeated++;
    } else {
        /* What was said before the shard first came up was never ours to see. */
        if (t->guilds[i].last)
            t->skipped += number - t->guilds[i].last - 1;
        t->guilds[i].last = number;
    }
    pthread_mutex_unlock(&t->lock);
}

uint64_t tally_last(struct tally *t, uint64_t guild_id)
{
    uint64_t last;

    pthread_mutex_lock(&t->lock);
    last = t->guilds[row(t, guild_id)].last;
    pthread_mutex_unlock(&t->lock);
    return last;
}
