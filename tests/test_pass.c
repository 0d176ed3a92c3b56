#include "pass.h"

#include <string.h>

#include "test.h"

/* Two loops that run their mail when the test says so, and a gate that writes down what
 * it is told. The gate's functions here take the place of the real ones. */
struct rig {
    struct pass pass;
    struct host home, control;
    struct link home_mail, control_mail;
    struct gate *gate;
    char told[256]; /* what the gate heard, a word each */
    unsigned dials, identifies;
};

static struct rig *the_rig;

static void tell(const char *word)
{
    strcat(the_rig->told, word);
}

void gate_ask(struct gate *g, struct gate_place *p, uint32_t shard_id,
              uint32_t shard_count, bool resuming)
{
    (void)g, (void)p;
    CHECK_INT(shard_id, 3);
    CHECK_INT(shard_count, 4);
    tell(resuming ? "resume " : "fresh ");
}

void gate_dialled(struct gate *g, struct gate_place *p)
{
    (void)g, (void)p;
    tell("dialled ");
}

void gate_ready(struct gate *g, struct gate_place *p)
{
    (void)g, (void)p;
    tell("slot ");
}

void gate_sent(struct gate *g, struct gate_place *p)
{
    (void)g, (void)p;
    tell("sent ");
}

void gate_cancel(struct gate *g, struct gate_place *p)
{
    (void)g, (void)p;
    tell("cancel ");
}

void gate_proven(struct gate *g)
{
    (void)g;
    tell("proven ");
}

static void post_home(struct host *h, struct mail *mail)
{
    (void)h;
    list_insert(&the_rig->home_mail, &mail->link);
}

static void post_control(struct host *h, struct mail *mail)
{
    (void)h;
    list_insert(&the_rig->control_mail, &mail->link);
}

static void run_mail(struct link *posted)
{
    struct link *link;

    while ((link = list_pop(posted))) {
        struct mail *mail = CONTAINER_OF(link, struct mail, link);

        mail->run(mail);
    }
}

static void count_dial(struct pass *p)
{
    CONTAINER_OF(p, struct rig, pass)->dials++;
}

static void count_identify(struct pass *p)
{
    CONTAINER_OF(p, struct rig, pass)->identifies++;
}

static void rig_init(struct rig *r)
{
    memset(r, 0, sizeof *r);
    the_rig = r;
    list_init(&r->home_mail);
    list_init(&r->control_mail);
    r->home.post = post_home;
    r->control.post = post_control;
    r->gate = (struct gate *)r; /* never looked into */
    r->pass = (struct pass){ .home = &r->home,
                             .control = &r->control,
                             .gate = &r->gate,
                             .shard_id = 3,
                             .shard_count = 4,
                             .may_dial = count_dial,
                             .may_identify = count_identify };
    pass_init(&r->pass);
}

/* What the gate was told since it was last asked. */
static void expect_told(struct rig *r, const char *words)
{
    run_mail(&r->control_mail);
    CHECK_STR(str_of(r->told), words);
    r->told[0] = '\0';
}

TEST(a_fresh_start_goes_through_the_gate)
{
    struct rig r;

    rig_init(&r);
    pass_want_dial(&r.pass, false);
    expect_told(&r, "fresh ");
    r.pass.place.may_dial(&r.pass.place);
    CHECK_INT(r.dials, 0); /* not before the shard's own loop runs */
    run_mail(&r.home_mail);
    CHECK_INT(r.dials, 1);
    pass_dialled(&r.pass);
    pass_want_slot(&r.pass);
    expect_told(&r, "dialled slot ");
    r.pass.place.may_identify(&r.pass.place);
    run_mail(&r.home_mail);
    CHECK_INT(r.identifies, 1);
    pass_identified(&r.pass);
    expect_told(&r, "sent ");
    pass_release(&r.pass);
}

TEST(a_resume_says_so)
{
    struct rig r;

    rig_init(&r);
    pass_want_dial(&r.pass, true);
    expect_told(&r, "resume ");
    pass_release(&r.pass);
}

TEST(a_session_that_is_up_proves_the_bot)
{
    struct rig r;

    rig_init(&r);
    pass_identified(&r.pass);
    pass_live(&r.pass);
    expect_told(&r, "sent proven ");
    pass_release(&r.pass);
}

TEST(what_is_withdrawn_before_the_gate_looked_is_not_asked)
{
    struct rig r;

    rig_init(&r);
    pass_want_dial(&r.pass, false);
    pass_drop(&r.pass);
    expect_told(&r, "cancel ");
    pass_release(&r.pass);
}

TEST(a_withdrawal_comes_before_the_next_ask)
{
    struct rig r;

    rig_init(&r);
    pass_want_dial(&r.pass, false);
    expect_told(&r, "fresh ");
    pass_drop(&r.pass);
    pass_want_dial(&r.pass, true);
    expect_told(&r, "cancel resume ");
    pass_release(&r.pass);
}

TEST(a_lost_connection_frees_its_place_before_it_asks_again)
{
    struct rig r;

    rig_init(&r);
    pass_want_dial(&r.pass, true);
    expect_told(&r, "resume ");
    pass_dialled(&r.pass);
    pass_want_dial(&r.pass, true);
    expect_told(&r, "dialled resume ");
    pass_release(&r.pass);
}

TEST(an_answer_to_a_withdrawn_ask_is_not_passed_on)
{
    struct rig r;

    rig_init(&r);
    pass_want_dial(&r.pass, false);
    expect_told(&r, "fresh ");
    r.pass.place.may_dial(&r.pass.place); /* on its way home... */
    pass_drop(&r.pass);                   /* ...when the shard changes its mind */
    run_mail(&r.home_mail);
    CHECK_INT(r.dials, 0);
    expect_told(&r, "cancel ");
    pass_release(&r.pass);
}

TEST(the_answer_to_the_next_ask_is_passed_on_once)
{
    struct rig r;

    rig_init(&r);
    pass_want_dial(&r.pass, false);
    expect_told(&r, "fresh ");
    r.pass.place.may_dial(&r.pass.place);
    pass_drop(&r.pass);
    pass_want_dial(&r.pass, false);
    expect_told(&r, "cancel fresh ");
    r.pass.place.may_dial(&r.pass.place); /* before the first answer was read */
    run_mail(&r.home_mail);
    CHECK_INT(r.dials, 1);
    run_mail(&r.home_mail);
    CHECK_INT(r.dials, 1);
    pass_release(&r.pass);
}

TEST(an_identify_is_told_even_when_the_shard_asks_again_at_once)
{
    struct rig r;

    rig_init(&r);
    pass_want_dial(&r.pass, false);
    pass_want_slot(&r.pass);
    expect_told(&r, "fresh slot ");
    pass_identified(&r.pass);
    pass_drop(&r.pass);
    pass_want_dial(&r.pass, false);
    expect_told(&r, "sent cancel fresh ");
    pass_release(&r.pass);
}

TEST(a_slot_can_be_taken_back_until_the_shard_has_looked)
{
    struct rig r;

    rig_init(&r);
    pass_want_dial(&r.pass, false);
    pass_want_slot(&r.pass);
    expect_told(&r, "fresh slot ");
    r.pass.place.may_identify(&r.pass.place);
    CHECK(r.pass.place.take_back(&r.pass.place));
    CHECK(!r.pass.place.take_back(&r.pass.place));
    /* Granted again before the first mail was read, and once more after it. */
    r.pass.place.may_identify(&r.pass.place);
    run_mail(&r.home_mail);
    CHECK_INT(r.identifies, 1);
    r.pass.place.may_identify(&r.pass.place);
    CHECK(r.pass.place.take_back(&r.pass.place));
    run_mail(&r.home_mail);
    CHECK_INT(r.identifies, 1);
    r.pass.place.may_identify(&r.pass.place);
    run_mail(&r.home_mail);
    CHECK_INT(r.identifies, 2);
    CHECK(!r.pass.place.take_back(&r.pass.place));
    pass_release(&r.pass);
}

TEST(without_a_gate_nothing_is_told)
{
    struct rig r;

    rig_init(&r);
    r.gate = NULL;
    pass_want_dial(&r.pass, false);
    pass_drop(&r.pass);
    expect_told(&r, "");
    pass_release(&r.pass);
}

RUN_TESTS(T(a_fresh_start_goes_through_the_gate), T(a_resume_says_so),
          T(a_session_that_is_up_proves_the_bot),
          T(what_is_withdrawn_before_the_gate_looked_is_not_asked),
          T(a_withdrawal_comes_before_the_next_ask),
          T(a_lost_connection_frees_its_place_before_it_asks_again),
          T(an_answer_to_a_withdrawn_ask_is_not_passed_on),
          T(the_answer_to_the_next_ask_is_passed_on_once),
          T(an_identify_is_told_even_when_the_shard_asks_again_at_once),
          T(a_slot_can_be_taken_back_until_the_shard_has_looked),
          T(without_a_gate_nothing_is_told))
