#include "test.h"

#include <stdlib.h>

#include "rng.h"
#include "shelf.h"

/* ---- A model: an array of all ids, with the length of each one's record -------------
 */

enum { IDS = 700 };

struct model {
    struct shelf shelf;
    uint32_t size[IDS]; /* 0: it isn't there; else the record's length and 1 */
    uint32_t n;
};

/* Ids are spread, so that ids between them are asked for, too. */
static uint64_t id_of(unsigned i)
{
    return 10 + (uint64_t)i * 1000003;
}

/* What a record of that id and length holds: bytes that no other has. */
static struct str bytes_of(unsigned i, uint32_t length, char *room)
{
    for (uint32_t at = 0; at < length; at++)
        room[at] = (char)(i * 31 + at * 7 + length);
    return (struct str){ room, length };
}

static char room[8192];

static void check_one(const struct model *m, unsigned i)
{
    struct str record;

    if (!m->size[i]) {
        CHECK(!shelf_get(&m->shelf, id_of(i), &record));
        return;
    }
    CHECK(shelf_get(&m->shelf, id_of(i), &record));
    CHECK(str_eq(record, bytes_of(i, m->size[i] - 1, room)));
}

static void check_all(const struct model *m)
{
    struct str record;
    uint64_t id = 0;
    unsigned seen = 0;

    CHECK_INT(shelf_count(&m->shelf), m->n);
    for (unsigned i = 0; i < IDS; i++) {
        check_one(m, i);
        CHECK(!shelf_get(&m->shelf, id_of(i) + 1, &record));
    }
    for (unsigned i = 0; i < IDS; i++) {
        if (!m->size[i])
            continue;
        CHECK(shelf_next(&m->shelf, id, &id, &record));
        CHECK_INT(id, id_of(i));
        CHECK(str_eq(record, bytes_of(i, m->size[i] - 1, room)));
        seen++;
    }
    CHECK(!shelf_next(&m->shelf, id, &id, &record));
    CHECK_INT(seen, m->n);
    CHECK((shelf_bytes(&m->shelf) == 0) == (m->n == 0));
}

static void put(struct model *m, unsigned i, uint32_t length)
{
    CHECK_INT(shelf_put(&m->shelf, id_of(i), bytes_of(i, length, room)), 0);
    m->n += !m->size[i];
    m->size[i] = length + 1;
}

static void drop(struct model *m, unsigned i)
{
    CHECK_INT(shelf_remove(&m->shelf, id_of(i)), m->size[i] != 0);
    m->n -= m->size[i] != 0;
    m->size[i] = 0;
}

static uint32_t below(struct rng *rng, uint32_t n)
{
    return (uint32_t)rng_below(rng, n);
}

/* Mostly small ones, some empty, few larger than a page. */
static uint32_t some_length(struct rng *rng)
{
    uint32_t kind = below(rng, 100);

    return kind < 90 ? below(rng, 120) : kind < 99 ? below(rng, 900) : below(rng, 6000);
}

/* ---- Tests ------------------------------------------------------------------------ */

TEST(an_empty_shelf_has_nothing)
{
    struct shelf s = { 0 };
    struct str record;
    uint64_t id;

    CHECK_INT(shelf_count(&s), 0);
    CHECK_INT(shelf_bytes(&s), 0);
    CHECK(!shelf_get(&s, 1, &record));
    CHECK(!shelf_remove(&s, 1));
    CHECK(!shelf_next(&s, 0, &id, &record));
    shelf_release(&s);
}

TEST(whatever_is_put_and_removed_it_is_as_a_simple_model_is)
{
    struct model m = { .n = 0 };
    struct rng rng = rng_seeded(7);

    for (unsigned phase = 0; phase < 8; phase++) {
        /* The phases fill it and empty it again in turn. */
        uint32_t puts = phase % 2 ? 25 : 75;

        for (unsigned step = 0; step < 2500; step++) {
            unsigned i = below(&rng, IDS);

            if (below(&rng, 100) < puts)
                put(&m, i, some_length(&rng));
            else
                drop(&m, i);
            check_one(&m, i);
        }
        check_all(&m);
    }
    for (unsigned i = 0; i < IDS; i++)
        drop(&m, i);
    check_all(&m);
    shelf_release(&m.shelf);
}

TEST(filled_at_once_it_has_the_same_and_takes_less)
{
    static struct shelf_item items[IDS];
    struct model one = { .n = 0 }, all = { .n = 0 };

    for (unsigned n = 0; n <= IDS; n += n < 3 ? 1 : 97) {
        char *bytes = malloc((size_t)n * 100 + 1);

        CHECK(bytes != NULL);
        memset(&all, 0, sizeof all);
        for (unsigned i = 0; i < n; i++) {
            items[i].id = id_of(i);
            items[i].record = bytes_of(i, i % 100, bytes + (size_t)i * 100);
            all.size[i] = i % 100 + 1;
        }
        all.n = n;
        CHECK_INT(shelf_fill(&all.shelf, items, n), 0);
        check_all(&all);
        free(bytes);
        /* What is filled can be changed, like any other. */
        if (n > 2) {
            put(&all, 1, 5000);
            drop(&all, 0);
            check_all(&all);
        }
        shelf_release(&all.shelf);
    }
    for (unsigned i = IDS; i-- > 0;)
        put(&one, i, 60);
    for (unsigned i = 0; i < IDS; i++)
        items[i] = (struct shelf_item){ id_of(i), { room, 60 } };
    CHECK_INT(shelf_fill(&all.shelf, items, IDS), 0);
    CHECK(shelf_bytes(&all.shelf) < shelf_bytes(&one.shelf));
    shelf_release(&all.shelf);
    shelf_release(&one.shelf);
}

TEST(a_small_shelf_takes_little_more_than_its_records)
{
    struct shelf s = { 0 };

    memset(room, 'x', 40);
    for (uint64_t id = 1; id <= 20; id++)
        CHECK_INT(shelf_put(&s, id << 40, (struct str){ room, 40 }), 0);
    /* An id and a byte for the length each; the page's head and malloc's. */
    CHECK(shelf_bytes(&s) <= 20 * (40 + 8 + 1) + 8 + 8 + 16);
    shelf_release(&s);
}

TEST(the_highest_id_is_an_id_like_others)
{
    struct shelf s = { 0 };
    struct str record;
    uint64_t id;

    CHECK_INT(shelf_put(&s, UINT64_MAX, STR("last")), 0);
    CHECK_INT(shelf_put(&s, 1, STR("first")), 0);
    CHECK(shelf_next(&s, 0, &id, &record));
    CHECK_STR(record, "first");
    shelf_write_over(record, STR("other"));
    CHECK(shelf_get(&s, 1, &record));
    CHECK_STR(record, "other");
    CHECK(shelf_next(&s, id, &id, &record));
    CHECK_STR(record, "last");
    CHECK(!shelf_next(&s, id, &id, &record));
    CHECK(shelf_remove(&s, UINT64_MAX));
    CHECK_INT(shelf_count(&s), 1);
    shelf_release(&s);
}

RUN_TESTS(T(an_empty_shelf_has_nothing),
          T(whatever_is_put_and_removed_it_is_as_a_simple_model_is),
          T(filled_at_once_it_has_the_same_and_takes_less),
          T(a_small_shelf_takes_little_more_than_its_records),
          T(the_highest_id_is_an_id_like_others))
