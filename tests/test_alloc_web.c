/* The metrics, each allocation failing in turn. */
#include "alloc.h"

#include "fake_view.h"
#include "web.h"

static int write_metrics(void *user)
{
    struct buf out = { 0 };
    int err = web_metrics(user, &out);

    if (!err)
        CHECK(str_ends(buf_str(&out), STR("\n")));
    buf_release(&out);
    return err;
}

TEST(metrics_without_memory_say_so)
{
    struct view *v = fake_view(64, 1700000000000);

    CHECK(alloc_each(write_metrics, v) > 5);
    view_free(v);
}

RUN_TESTS(T(metrics_without_memory_say_so))
