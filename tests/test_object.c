#include "object.h"

#include "buf.h"
#include "test.h"

static const void *view_of_text(enum view view, const char *json)
{
    struct buf text = { 0 };
    const void *object;

    CHECK_INT(buf_append_z(&text, json), 0);
    object = object_view(view, buf_str(&text));
    buf_wipe(&text);
    return object;
}

TEST(a_view_lives_on_its_own)
{
    const cordage_role *role =
        view_of_text(VIEW_role, "{\"id\":\"5\",\"guild_id\":\"4\",\"name\":\"Wardens\"}");

    assert_non_null(role);
    CHECK_INT(role->id, 5);
    CHECK_INT(role->guild_id, 4);
    CHECK(cordage_str_is(role->name, "Wardens"));
    CHECK(cordage_str_is(cordage_json_string(cordage_json_get(role->data, "name")),
                         "Wardens"));
    assert_null(role->event);
    assert_null(role->old);
    cordage_unref(role);
}

TEST(every_view_has_room)
{
    for (enum view view = 0; view < N_VIEWS; view++) {
        const void *object = view_of_text(view, "{\"id\":\"5\"}");

        assert_non_null(object);
        cordage_unref(object);
    }
}

TEST(what_is_no_json_is_no_object)
{
    assert_null(view_of_text(VIEW_role, "{"));
    assert_null(view_of_text(VIEW_role, ""));
    cordage_unref(NULL);
}

/* An event as a handler is given it. */
TEST(an_event_that_is_kept_has_all_of_its_own)
{
    struct buf payload = { 0 }, old = { 0 };
    struct event_text text;
    cordage_event event = { .type = CORDAGE_EVENT_CHANNEL_UPDATE,
                            .sequence = 9,
                            .shard_id = 1,
                            .guild_id = 4,
                            .origin = &text };
    const cordage_event *kept, *same;

    buf_append_z(&payload, "{\"t\":\"CHANNEL_UPDATE\",\"s\":9,\"d\":{\"name\":\"new\"}}");
    buf_append_z(&old, "{\"name\":\"old\"}");
    text = (struct event_text){ buf_str(&payload), buf_str(&old) };
    kept = cordage_event_ref(&event);
    buf_wipe(&payload);
    buf_wipe(&old);
    assert_non_null(kept);
    assert_ptr_not_equal(kept, &event);
    same = cordage_event_ref(kept);
    assert_ptr_equal(same, kept);
    cordage_unref(same);
    CHECK_INT(kept->sequence, 9);
    CHECK_INT(kept->guild_id, 4);
    CHECK(cordage_str_is(kept->name, "CHANNEL_UPDATE"));
    CHECK(
        cordage_str_is(cordage_json_string(cordage_json_get(kept->data, "name")), "new"));
    CHECK(
        cordage_str_is(cordage_json_string(cordage_json_get(kept->old, "name")), "old"));
    cordage_unref(kept);
}

RUN_TESTS(T(a_view_lives_on_its_own), T(every_view_has_room),
          T(what_is_no_json_is_no_object), T(an_event_that_is_kept_has_all_of_its_own))
