/* Connections between processes: what is said arrives, in order and whole, and whatever
 * one peer does, the others notice nothing. */
#include "link_net_rig.h"

#include <sys/wait.h>

static bool has_come(struct rig *r)
{
    return r->n_accepted > 0;
}

static bool is_first_closed(struct rig *r)
{
    return r->n_accepted > 0 && r->ears[0]->n_closed > 0;
}

static bool has_first_message(struct rig *r)
{
    return r->n_accepted > 0 && r->ears[0]->n_messages > 0;
}

static bool is_ear_closed(struct rig *r)
{
    struct ear *e = r->user;

    return e->n_closed > 0;
}

/* ---- Two ends ---- */

enum { MANY = 10000 };

struct talk {
    uint32_t sent, got;
};

/* Message `i` is a text of a length of its own, up to some 70,000 bytes. */
static void say(struct ear *e)
{
    static struct buf b;
    struct talk *t = e->user;
    size_t n = t->sent % 500 == 499 ? t->sent * 7 : t->sent % 100;
    struct json_writer w;

    buf_clear(&b);
    json_begin(&w, &b);
    json_open(&w, '{');
    json_key(&w, "i");
    json_put_u64(&w, t->sent++);
    json_shut(&w, '}');
    CHECK_INT(json_end(&w), 0);
    /* Blanks are good padding. */
    CHECK_INT(buf_reserve(&b, n), 0);
    memset(b.p + b.n, ' ', n);
    b.n += n;
    e->in_call = true;
    CHECK_INT(link_send(e->peer, LINK_STATUS, buf_str(&b)), 0);
    e->in_call = false;
    if (t->sent == MANY)
        buf_release(&b);
}

static void count_one(struct ear *e, enum link_type type, cordage_json body)
{
    struct talk *t = e->user;
    uint64_t i = 0;

    CHECK_INT(type, LINK_STATUS);
    CHECK(json_u64(json_get(body, "i"), &i));
    CHECK_INT(i, t->got);
    t->got++;
}

static bool has_all_been_said(struct rig *r)
{
    struct talk *t = r->user;

    return t[0].got == MANY && t[1].got == MANY;
}

TEST(ten_thousand_messages_each_way_arrive_in_order)
{
    struct talk talks[2] = { 0 };
    struct ear near = { .on_message = count_one, .user = &talks[0] };
    struct rig *r = rig_new();

    r->model = (struct ear){ .on_message = count_one, .user = &talks[1] };
    rig_dial(r, &near);
    rig_until(r, has_come);
    CHECK_INT(link_peer_pid(near.peer), getpid());
    CHECK_INT(link_peer_pid(r->ears[0]->peer), getpid());
    for (int i = 0; i < MANY; i++) {
        say(&near);
        say(r->ears[0]);
    }
    r->user = talks;
    rig_until(r, has_all_been_said);
    ear_hangup(&near);
    rig_until(r, is_first_closed);
    CHECK_INT(near.n_closed, 0);
    CHECK(strstr(r->ears[0]->why, "has closed it"));
    rig_free(r);
}

static char *text_of(size_t n)
{
    char *text = malloc(n + 1);

    CHECK(text);
    memset(text, ' ', n);
    memcpy(text, "{}", 2);
    text[n] = '\0';
    return text;
}

TEST(the_largest_message_arrives_and_a_larger_one_is_refused)
{
    char *text = text_of(LIMIT_LINK_MESSAGE + 1);
    struct ear near = { 0 };
    struct rig *r = rig_new();

    rig_dial(r, &near);
    CHECK_INT(ear_send(&near, LINK_STATUS, text), CORDAGE_ELIMIT);
    text[LIMIT_LINK_MESSAGE] = '\0';
    CHECK_INT(ear_send(&near, LINK_STATUS, text), 0);
    rig_until(r, has_first_message);
    CHECK_INT(near.n_closed, 0);
    ear_hangup(&near);
    free(text);
    rig_free(r);
}

/* ---- Ends ---- */

/* Longer than what the kernel takes at once. */
TEST(what_was_sent_before_a_hangup_arrives)
{
    char *text = text_of(3 * 1024 * 1024);
    struct ear near = { 0 };
    struct rig *r = rig_new();

    rig_dial(r, &near);
    rig_until(r, has_come);
    for (int i = 0; i < 3; i++)
        CHECK_INT(ear_send(r->ears[0], LINK_ANSWER, text), 0);
    ear_hangup(r->ears[0]);
    r->user = &near;
    rig_until(r, is_ear_closed);
    CHECK_INT(near.n_messages, 3);
    CHECK_INT(r->ears[0]->n_closed, 0);
    free(text);
    rig_free(r);
}

/* It asks us for nothing more than a second, and the loop's end waits for that. */
TEST(a_peer_that_does_not_read_is_left_after_a_second)
{
    char *text = text_of(3 * 1024 * 1024), byte;
    struct rig *r = rig_new();
    int fd = raw_dial(r);

    rig_until(r, has_come);
    CHECK_INT(ear_send(r->ears[0], LINK_ANSWER, text), 0);
    ear_hangup(r->ears[0]);
    rig_free(r);
    while (read(fd, &byte, 1) == 1)
        ;
    close(fd);
    free(text);
}

TEST(a_peer_that_says_something_and_goes_is_heard)
{
    struct rig *r = rig_new();
    struct buf b = { 0 };
    int fd = raw_dial(r);

    rig_until(r, has_come);
    CHECK_INT(link_write(&b, LINK_FATAL, STR("{}")), 0);
    CHECK_INT(write(fd, b.p, b.n), b.n);
    close(fd);
    /* Writing finds out first. */
    CHECK_INT(ear_send(r->ears[0], LINK_STOP, "{}"), 0);
    CHECK_INT(ear_send(r->ears[0], LINK_STOP, "{}"), CORDAGE_ECLOSED);
    rig_until(r, is_first_closed);
    CHECK_INT(r->ears[0]->n_messages, 1);
    CHECK_INT(r->ears[0]->n_closed, 1);
    buf_release(&b);
    rig_free(r);
}

TEST(a_killed_peer_is_noticed)
{
    struct rig *r = rig_new();
    pid_t child = fork();

    CHECK(child >= 0);
    if (child == 0) {
        int fd = raw_dial(r);

        CHECK_INT(write(fd, "\0\0\0\5\0\1{", 7), 7);
        pause();
        _exit(0);
    }
    rig_until(r, has_come);
    CHECK_INT(link_peer_pid(r->ears[0]->peer), child);
    CHECK_INT(kill(child, SIGKILL), 0);
    CHECK_INT(waitpid(child, NULL, 0), child);
    rig_until(r, is_first_closed);
    CHECK_INT(r->ears[0]->n_messages, 0);
    rig_free(r);
}

static bool is_second_closed(struct rig *r)
{
    return r->n_accepted > 1 && r->ears[1]->n_closed > 0;
}

static bool has_ear_message(struct rig *r)
{
    struct ear *e = r->user;

    return e->n_messages > 0;
}

TEST(a_peer_that_reads_nothing_is_closed_and_others_are_served)
{
    char *text = text_of(8 * 1024 * 1024);
    struct ear near = { 0 };
    struct rig *r = rig_new();
    int fd, err;

    rig_dial(r, &near);
    rig_until(r, has_come);
    fd = raw_dial(r);
    while (r->n_accepted < 2) {
        r->user = &near;
        near.n_messages = 0;
        CHECK_INT(ear_send(r->ears[0], LINK_STATUS, "{}"), 0);
        rig_until(r, has_ear_message);
    }
    for (int i = 0; i < LIMIT_LINK_QUEUE / (8 * 1024 * 1024) - 1; i++)
        CHECK_INT(ear_send(r->ears[1], LINK_STATUS, text), 0);
    while ((err = ear_send(r->ears[1], LINK_STATUS, text)) == 0)
        ;
    CHECK_INT(err, CORDAGE_ECLOSED);
    CHECK_INT(r->ears[1]->n_closed, 0); /* not from inside the call */
    rig_until(r, is_second_closed);
    CHECK(strstr(r->ears[1]->why, "does not read"));
    near.n_messages = 0;
    CHECK_INT(ear_send(r->ears[0], LINK_STATUS, "{}"), 0);
    r->user = &near;
    rig_until(r, has_ear_message);
    CHECK(near.n_closed == 0 && r->ears[0]->n_closed == 0);
    ear_hangup(&near);
    close(fd);
    free(text);
    rig_free(r);
}

TEST(a_peer_that_talks_nonsense_is_closed)
{
    static const struct {
        const char *bytes;
        size_t n;
    } table[] = {
        { "GET / HTTP/1.1\r\n\r\n", 18 },
        { "\0\0\0\2\0\0{}", 8 },      /* no type */
        { "\0\0\0\2\1\1{}", 8 },      /* no type */
        { "\377\0\0\2\0\1{}", 8 },    /* too long */
        { "\0\0\0\0\0\1", 6 },        /* no JSON */
        { "\0\0\0\2\0\1{{", 8 },      /* no JSON */
        { "\0\0\0\2\0\1[]", 8 },      /* no object */
        { "\0\0\0\4\0\1nullxx", 10 }, /* no object */
        { "\0\0\0\2\0\1\377\377", 8 },
    };
    struct ear near = { 0 };
    struct rig *r = rig_new();

    rig_dial(r, &near);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        int fd = raw_dial(r);
        struct ear *e;
        char byte;

        CHECK_INT(write(fd, table[i].bytes, table[i].n), table[i].n);
        while (r->n_accepted < i + 2 || !r->ears[i + 1]->n_closed)
            uv_run(loop_uv(r->loop), UV_RUN_ONCE);
        e = r->ears[i + 1];
        if (!strstr(e->why, "no message") || e->n_messages != 0)
            fail_msg("row %zu: %s", i, e->why);
        CHECK(recv(fd, &byte, 1, 0) <= 0);
        close(fd);
    }
    CHECK_INT(ear_send(&near, LINK_STATUS, "{}"), 0);
    rig_until(r, has_first_message);
    CHECK_INT(near.n_closed, 0);
    ear_hangup(&near);
    rig_free(r);
}

/* ---- Freeing from inside ---- */

static void hang_up(struct ear *e, enum link_type type, cordage_json body)
{
    (void)type, (void)body;
    ear_hangup(e);
}

static void hang_up_all(struct ear *e, enum link_type type, cordage_json body)
{
    (void)type, (void)body;
    for (uint32_t i = 0; i < e->rig->n_accepted; i++)
        if (e->rig->ears[i]->peer)
            ear_hangup(e->rig->ears[i]);
}

static void free_the_door(struct ear *e, enum link_type type, cordage_json body)
{
    (void)type, (void)body;
    link_door_free(e->rig->door);
    e->rig->door = NULL;
    for (uint32_t i = 0; i < e->rig->n_accepted; i++)
        e->rig->ears[i]->peer = NULL;
}

static void answer_and_hang_up(struct ear *e, enum link_type type, cordage_json body)
{
    (void)body;
    CHECK_INT(ear_send(e, type, "{}"), 0);
    ear_hangup(e);
}

static bool are_both_closed(struct rig *r)
{
    struct ear *e = r->user;

    return e[0].n_closed && e[1].n_closed;
}

static bool have_two_come(struct rig *r)
{
    return r->n_accepted == 2;
}

TEST(anything_may_be_ended_inside_a_message)
{
    static void (*const table[])(struct ear * e, enum link_type type,
                                 cordage_json body) = { hang_up, hang_up_all,
                                                        free_the_door,
                                                        answer_and_hang_up };

    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct ear near[2] = { 0 };
        struct rig *r = rig_new();

        r->model.on_message = table[i];
        rig_dial(r, &near[0]);
        rig_dial(r, &near[1]);
        rig_until(r, have_two_come);
        for (int k = 0; k < 3; k++) { /* two of them are never heard */
            CHECK_INT(ear_send(&near[0], LINK_STATUS, "{}"), 0);
            CHECK_INT(ear_send(&near[1], LINK_STATUS, "{}"), 0);
        }
        r->user = near;
        rig_until(r, are_both_closed);
        CHECK(r->ears[0]->n_closed == 0 && r->ears[1]->n_closed == 0);
        CHECK(r->ears[0]->n_messages <= 1 && r->ears[1]->n_messages <= 1);
        CHECK_INT(near[0].n_messages, i == 3);
        rig_free(r);
    }
}

static void free_the_door_then(struct ear *e)
{
    free_the_door(e, LINK_STATUS, (cordage_json){ 0 });
}

static void hang_up_then(struct ear *e)
{
    CHECK_INT(ear_send(e, LINK_STATUS, "{}"), CORDAGE_ECLOSED);
    ear_hangup(e);
}

TEST(anything_may_be_ended_inside_closed)
{
    static void (*const table[])(struct ear * e) = { free_the_door_then, hang_up_then };

    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct ear near[2] = { 0 };
        struct rig *r = rig_new();

        r->model.on_closed = table[i];
        rig_dial(r, &near[0]);
        rig_dial(r, &near[1]);
        rig_until(r, have_two_come);
        ear_hangup(&near[0]);
        rig_until(r, is_first_closed);
        if (i == 0) {
            r->user = &near[1];
            rig_until(r, is_ear_closed);
        } else {
            ear_hangup(&near[1]);
        }
        rig_free(r);
    }
}

static void free_the_door_at_once(struct ear *e)
{
    free_the_door_then(e);
}

static void hang_up_at_once(struct ear *e)
{
    ear_hangup(e);
}

TEST(anything_may_be_ended_inside_accepted)
{
    static void (*const table[])(struct ear * e) = { free_the_door_at_once,
                                                     hang_up_at_once };

    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct ear near[2] = { 0 };
        struct rig *r = rig_new();

        r->on_accepted = table[i];
        rig_dial(r, &near[0]);
        rig_dial(r, &near[1]);
        r->user = near;
        rig_until(r, are_both_closed);
        rig_free(r);
    }
}

RUN_TESTS(T(ten_thousand_messages_each_way_arrive_in_order),
          T(the_largest_message_arrives_and_a_larger_one_is_refused),
          T(what_was_sent_before_a_hangup_arrives),
          T(a_peer_that_does_not_read_is_left_after_a_second),
          T(a_peer_that_says_something_and_goes_is_heard), T(a_killed_peer_is_noticed),
          T(a_peer_that_reads_nothing_is_closed_and_others_are_served),
          T(a_peer_that_talks_nonsense_is_closed),
          T(anything_may_be_ended_inside_a_message),
          T(anything_may_be_ended_inside_closed),
          T(anything_may_be_ended_inside_accepted))
