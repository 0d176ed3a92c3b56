#include "map.h"

#include <stdlib.h>

#include "error.h"
#include "mem.h"

enum { MAP_FIRST_SIZE = 16 };

/* Snowflakes differ mostly in their middle bits: mix before masking. */
static size_t home(const struct map *m, uint64_t key)
{
    key ^= key >> 33;
    key *= 0xff51afd7ed558ccdULL;
    key ^= key >> 29;
    return (size_t)key & (m->size - 1);
}

static struct map_slot *find(const struct map *m, uint64_t key)
{
    size_t i = home(m, key);

    while (m->slots[i].value && m->slots[i].key != key)
        i = (i + 1) & (m->size - 1);
    return &m->slots[i];
}

static int grow(struct map *m)
{
    struct map bigger = { .size = m->size ? m->size * 2 : MAP_FIRST_SIZE, .n = m->n };

    bigger.slots = calloc(bigger.size, sizeof *bigger.slots);
    if (!bigger.slots)
        return CORDAGE_ENOMEM;
    for (size_t i = 0; i < m->size; i++)
        if (m->slots[i].value)
            *find(&bigger, m->slots[i].key) = m->slots[i];
    free(m->slots);
    *m = bigger;
    return 0;
}

void map_release(struct map *m)
{
    free(m->slots);
    *m = (struct map){ 0 };
}

int map_put(struct map *m, uint64_t key, void *value)
{
    struct map_slot *slot;

    if (m->n + 1 > m->size / 4 * 3) {
        int err = grow(m);

        if (err)
            return err;
    }
    slot = find(m, key);
    m->n += !slot->value;
    *slot = (struct map_slot){ key, value };
    return 0;
}

void *map_get(const struct map *m, uint64_t key)
{
    return m->size ? find(m, key)->value : NULL;
}

void *map_remove(struct map *m, uint64_t key)
{
    struct map_slot *slot;
    void *value;
    size_t hole, i;

    if (!m->size)
        return NULL;
    slot = find(m, key);
    value = slot->value;
    if (!value)
        return NULL;
    /* Close the gap: whatever probed past the hole moves into it. */
    hole = (size_t)(slot - m->slots);
    for (i = (hole + 1) & (m->size - 1); m->slots[i].value; i = (i + 1) & (m->size - 1)) {
        size_t want = home(m, m->slots[i].key);

        if (((i - want) & (m->size - 1)) >= ((i - hole) & (m->size - 1))) {
            m->slots[hole] = m->slots[i];
            hole = i;
        }
    }
    m->slots[hole].value = NULL;
    m->n--;
    return value;
}

void *map_next(const struct map *m, size_t *at, uint64_t *key)
{
    while (*at < m->size) {
        const struct map_slot *slot = &m->slots[(*at)++];

        if (slot->value) {
            if (key)
                *key = slot->key;
            return slot->value;
        }
    }
    return NULL;
}
