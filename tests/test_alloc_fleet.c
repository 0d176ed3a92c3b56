/* A fleet's processes, their output and their plan, each allocation failing in turn. */
#include "alloc.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "notify.h"
#include "plan.h"
#include "relay.h"
#include "tmpdir.h"
#include "view.h"
#include "watchdog.h"

struct rig {
    struct loop *loop;
    struct tmpdir dir;
    int null;
};

static struct rig rig_new(void)
{
    struct loop_options options = { .speed = 1 };
    struct rig r = { .dir = tmpdir_new(), .null = open("/dev/null", O_RDWR | O_CLOEXEC) };

    CHECK_INT(loop_new(&options, &r.loop, NULL), 0);
    return r;
}

static void rig_release(struct rig *r)
{
    loop_free(r->loop);
    close(r->null);
    tmpdir_free(&r->dir);
}

/* What was let go is freed in the loop's next turn. */
static void turn(struct loop *l)
{
    alloc_held = true;
    uv_run(loop_uv(l), UV_RUN_NOWAIT);
    alloc_held = false;
}

static void on_ended(void *user, int status)
{
    (void)status;
    loop_stop(user);
}

static int start_one(void *user)
{
    struct rig *r = user;
    const char *const argv[] = { "/bin/true", NULL };
    struct child_plan plan = {
        .file = argv[0], .argv = (char *const *)argv, .output = r->null, .token = -1
    };
    cordage_error error = { 0 };
    struct child *c;
    int err = child_start(r->loop, &plan, on_ended, r->loop, &c, &error);

    CHECK((err == 0) == (c != NULL));
    if (err) {
        CHECK(strstr(error.message, "memory") != NULL);
        CHECK_INT(waitpid(-1, NULL, WNOHANG), -1); /* nothing runs unwatched */
        return err;
    }
    alloc_held = true;
    loop_run(r->loop);
    alloc_held = false;
    turn(r->loop);
    return 0;
}

TEST(a_worker_without_memory_does_not_start_and_that_is_said)
{
    struct rig r = rig_new();

    CHECK(alloc_each(start_one, &r) >= 2);
    rig_release(&r);
}

static int relay_some(void *user)
{
    struct rig *r = user;
    struct output *out;
    struct relay *relay = NULL;
    cordage_error error = { 0 };
    int err = output_new(r->loop, r->null, &out, &error);

    if (!err)
        err = relay_new(r->loop, tmpdir_path(&r->dir, "out"), "1", out, &relay, &error);
    if (err)
        CHECK(strstr(error.message, "memory") != NULL);
    if (relay && write(relay_fd(relay), "one\ntwo", 7) == 7)
        relay_flush(relay); /* a line that there is no memory for is dropped */
    relay_free(relay, true);
    output_free(out);
    turn(r->loop);
    return err;
}

TEST(an_output_without_memory_says_so_or_drops_lines)
{
    struct rig r = rig_new();

    CHECK(alloc_each(relay_some, &r) >= 3);
    rig_release(&r);
}

static int notify_one(void *user)
{
    struct rig *r = user;
    struct notify *n;
    int err = notify_new(r->loop, "/no/such/socket", "1000000", NULL, &n);

    notify_state(n, "READY=1", "all shards");
    notify_free(n);
    turn(r->loop);
    return err;
}

TEST(a_manager_is_not_told_without_memory)
{
    struct rig r = rig_new();

    CHECK(alloc_each(notify_one, &r) >= 1);
    rig_release(&r);
}

static int write_plan(void *user)
{
    const struct plan p = { { 0, 63, 64 }, 4 };
    struct buf out = { 0 };
    int err = plan_write(&p, &out);

    (void)user;
    buf_release(&out);
    return err;
}

TEST(a_plan_without_memory_is_not_written)
{
    CHECK(alloc_each(write_plan, NULL) >= 1);
}

static int show(void *user)
{
    struct buf out = { 0 };
    struct view *v;
    int err = view_new(&v);

    (void)user;
    if (err)
        return err;
    err = view_set_shards(v, 8, 0, 7);
    if (!err)
        err = view_set_workers(v, 2);
    CHECK(err || v->n_workers == 2);
    if (!err)
        err = view_json(v, &out);
    CHECK_INT(out.n > 0, !err);
    buf_release(&out);
    view_free(v);
    return err;
}

TEST(a_view_without_memory_is_as_it_was)
{
    CHECK(alloc_each(show, NULL) >= 5);
}

static int watch(void *user)
{
    struct watchdog *w;
    int err = watchdog_new(4, &w);

    (void)user;
    watchdog_free(w);
    return err;
}

TEST(a_watchdog_without_memory_is_none)
{
    CHECK(alloc_each(watch, NULL) >= 2);
}

RUN_TESTS(T(a_worker_without_memory_does_not_start_and_that_is_said),
          T(an_output_without_memory_says_so_or_drops_lines),
          T(a_manager_is_not_told_without_memory),
          T(a_plan_without_memory_is_not_written), T(a_view_without_memory_is_as_it_was),
          T(a_watchdog_without_memory_is_none))
