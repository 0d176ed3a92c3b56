/* Bots and fleets in virtual time, from scripts.
 *
 *     test_world              the cases, and 200 shard-days of scripts from seeds
 *     test_world FILE...      these scripts
 *
 * CORDAGE_TEST_SCALE        times as many shard-days
 * CORDAGE_TEST_SEED         the fresh seed
 * CORDAGE_WORLD_KIND        only "alone", or only "fleet"
 * CORDAGE_WORLD_RUNS        so many, all from fixed seeds
 * CORDAGE_WORLD_ENDLESS     fresh seeds until something breaks
 * CORDAGE_WORLD_CASES       0: not the cases
 * CORDAGE_WORLD_TRIES       runs that shrinking may take (150)
 *
 * The first promise that breaks ends it: the seed, what broke, and a short script that
 * breaks it again, to be put into tests/world/cases. */
#include <glob.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "trial.h"
#include "world.h"

enum {
    AT_ONCE_MAX = 16,
    PATIENCE_S = 300,
    TRIES = 150,
};
static const double shard_days_each = 5, shard_days_all = 205;

/* A run that is under way. */
struct running {
    struct trial trial;
    struct world_script script;
    char name[200]; /* "seed 7 alone", a file */
};

static struct world_verdict total;
static unsigned n_runs;

static uint64_t number_of(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    char *end;
    uint64_t n = text ? strtoull(text, &end, 10) : otherwise;

    return text && *end ? otherwise : n;
}

static double scale(void)
{
    const char *text = getenv("CORDAGE_TEST_SCALE");
    double n = text ? atof(text) : 1;

    return n > 0 ? n : 1;
}

/* ---- One that broke ------------------------------------------------------------------
 */

static void print_verdict(const char *name, const struct world_verdict *v)
{
    printf("%s: %s broke after %.3f s: %s\n", name, promise_name(v->broken),
           (double)v->at / 1000, v->what);
}

static void print_script(const struct world_script *s)
{
    struct buf text = { 0 };

    if (world_script_write(s, &text) == 0)
        printf("%.*s", STR_FMT(buf_str(&text)));
    buf_release(&text);
}

static void explain(struct running *r, const struct world_verdict *v)
{
    unsigned tries = (unsigned)number_of("CORDAGE_WORLD_TRIES", TRIES);
    struct world_verdict again;

    print_verdict(r->name, v);
    world_try(&r->script, PATIENCE_S, &again);
    if (again.broken != v->broken || again.hash != v->hash)
        printf("... and not so when it was run again: %s\n", promise_name(again.broken));
    else if (tries)
        world_shrink(&r->script, v, tries);
    world_try(&r->script, PATIENCE_S, &again);
    printf("---- tests/world/cases/NAME.world\n");
    print_script(&r->script);
    printf("----\n");
    print_verdict("shrunk", &again);
}

/* ---- Some at a time -------------------------------------------------------------------
 */

/* The next script; false: there are no more. */
typedef bool (*next_fn)(void *user, struct running *r);

static void print_totals(void)
{
    printf("%u runs: %.1f shard-days, %llu kills, %llu faults, %llu identifies, %llu "
           "resumes, %llu handled, %llu doubled\n",
           n_runs, total.shard_days, (unsigned long long)total.kills,
           (unsigned long long)total.faults, (unsigned long long)total.identifies,
           (unsigned long long)total.resumes, (unsigned long long)total.handled,
           (unsigned long long)total.doubled);
}

static void add(const struct running *r, const struct world_verdict *v)
{
    n_runs++;
    total.shard_days += v->shard_days;
    total.handled += v->handled;
    total.doubled += v->doubled;
    total.identifies += v->identifies;
    total.resumes += v->resumes;
    total.kills += v->kills;
    total.faults += v->faults;
    if (n_runs % 100 == 0)
        print_totals();
    if (getenv("CORDAGE_WORLD_VERBOSE"))
        printf("%s: %.1f shard-days, %llu kills, %llu identifies, %llu resumes, %llu "
               "handled, %llu doubled, hash %016llx\n",
               r->name, v->shard_days, (unsigned long long)v->kills,
               (unsigned long long)v->identifies, (unsigned long long)v->resumes,
               (unsigned long long)v->handled, (unsigned long long)v->doubled,
               (unsigned long long)v->hash);
}

static size_t wait_for_one(struct running *running, size_t n)
{
    struct pollfd fds[AT_ONCE_MAX];

    for (size_t i = 0; i < n; i++)
        fds[i] = (struct pollfd){ .fd = running[i].trial.out, .events = POLLIN };
    poll(fds, n, PATIENCE_S * 1000);
    for (size_t i = 0; i < n; i++)
        if (fds[i].revents)
            return i;
    return 0;
}

/* False: a promise broke. */
static bool run_all(next_fn next, void *user)
{
    struct running running[AT_ONCE_MAX];
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    size_t most = cpus < 1 ? 1 : cpus > AT_ONCE_MAX ? AT_ONCE_MAX : (size_t)cpus;
    size_t n = 0;
    bool held = true;

    for (;;) {
        struct world_verdict v;
        size_t i;

        while (held && n < most && next(user, &running[n])) {
            trial_start(&running[n].trial, &running[n].script, PATIENCE_S);
            n++;
        }
        if (n == 0)
            return held;
        i = wait_for_one(running, n);
        trial_end(&running[i].trial, &v);
        add(&running[i], &v);
        if (v.broken && held)
            explain(&running[i], &v);
        held &= !v.broken;
        world_script_release(&running[i].script);
        running[i] = running[--n];
    }
}

/* ---- Which scripts
 * --------------------------------------------------------------------- */

struct files {
    char **names;
    size_t n, at;
    bool failed;
};

static bool read_file(const char *name, struct buf *out)
{
    FILE *f = fopen(name, "r");
    char part[4096];
    size_t n;

    if (!f)
        return false;
    while ((n = fread(part, 1, sizeof part, f)) > 0)
        if (buf_append(out, part, n))
            break;
    fclose(f);
    return true;
}

static bool next_file(void *user, struct running *r)
{
    struct files *f = user;
    struct buf text = { 0 };
    cordage_error error = { .message = "can't be read" };

    if (f->at == f->n || f->failed)
        return false;
    snprintf(r->name, sizeof r->name, "%s", f->names[f->at]);
    if (!read_file(f->names[f->at++], &text) ||
        world_script_read(buf_str(&text), &r->script, &error)) {
        printf("%s: %s\n", r->name, error.message);
        f->failed = true;
    }
    buf_release(&text);
    return !f->failed;
}

static bool run_files(char **names, size_t n)
{
    struct files f = { .names = names, .n = n };

    return run_all(next_file, &f) && !f.failed;
}

struct seeds {
    uint64_t next, fresh, n;
    bool endless, fixed;
};

static bool is_wanted(enum world_kind kind)
{
    const char *only = getenv("CORDAGE_WORLD_KIND");

    return !only || strcmp(only, kind == WORLD_FLEET ? "fleet" : "alone") == 0;
}

/* Alone and fleets in turn; every fourth is fresh. */
static bool next_seed(void *user, struct running *r)
{
    struct seeds *s = user;
    enum world_kind kind;
    uint64_t seed;

    do {
        if (!s->endless && s->next > s->n)
            return false;
        kind = s->next % 2 ? WORLD_ALONE : WORLD_FLEET;
        seed = !s->fixed && (s->endless || s->next % 4 == 3 || s->next % 8 == 4)
                   ? s->fresh + s->next
                   : s->next;
        s->next++;
    } while (!is_wanted(kind));
    snprintf(r->name, sizeof r->name, "seed %llu %s", (unsigned long long)seed,
             kind == WORLD_FLEET ? "fleet" : "alone");
    if (world_draw(seed, kind, shard_days_each, &r->script))
        abort();
    return true;
}

static bool run_cases(void)
{
    glob_t found;
    bool held = true;

    if (glob(SOURCE_ROOT "/tests/world/cases/*.world", 0, NULL, &found) == 0) {
        held = run_files(found.gl_pathv, found.gl_pathc);
        printf("%zu cases %s\n", found.gl_pathc, held ? "hold" : "FAIL");
    }
    globfree(&found);
    return held;
}

static bool run_seeds(void)
{
    struct seeds s = { .next = 1, .endless = getenv("CORDAGE_WORLD_ENDLESS") != NULL };
    bool held;

    s.n = (uint64_t)(shard_days_all / shard_days_each * scale());
    s.n = number_of("CORDAGE_WORLD_RUNS", s.n);
    s.fixed = getenv("CORDAGE_WORLD_RUNS") != NULL;
    s.fresh = number_of("CORDAGE_TEST_SEED", (uint64_t)time(NULL) * 1000);
    printf("fresh seed: CORDAGE_TEST_SEED=%llu\n", (unsigned long long)s.fresh);
    held = run_all(next_seed, &s);
    print_totals();
    return held;
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc > 1)
        return run_files(argv + 1, (size_t)argc - 1) ? 0 : 1;
    return (number_of("CORDAGE_WORLD_CASES", 1) == 0 || run_cases()) && run_seeds() ? 0
                                                                                    : 1;
}
