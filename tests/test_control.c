/* `cordage status`, `restart` and `stop` as their users have them, against a supervisor
 * that is only played. */
#include <sys/prctl.h>
#include <sys/wait.h>

#include "control.h"
#include "program.h"
#include "tmpdir.h"
#include "view.h"

/* ---- The supervisor that is played: a child of ours -----------------------------------
 */

enum play { PLAY_WELL, PLAY_DIE, PLAY_REFUSE, PLAY_SILENCE, PLAY_NONSENSE };

struct supervisor_played {
    struct loop *loop;
    enum play play;
};

static void answer(struct link_peer *p, const char *text, bool is_last, int exit)
{
    struct link_answer m = { .text = str_of(text), .is_last = is_last, .exit = exit };
    struct buf body = { 0 };

    link_put_answer(&body, &m);
    link_send(p, LINK_ANSWER, buf_str(&body));
    buf_release(&body);
}

static void answer_status(struct link_peer *p, bool is_last)
{
    struct view_shard shards[2] = { 0 };
    struct view v = { .release = "0.1.0", .count = 2, .last = 1, .shards = shards };
    struct buf body = { 0 };

    view_json(&v, &body);
    answer(p, buf_zero_end(&body), is_last, 0);
    buf_release(&body);
}

static void on_command(struct supervisor_played *s, struct link_peer *p,
                       const struct link_command *m)
{
    if (s->play == PLAY_NONSENSE) {
        answer(p, "[]", true, 0);
    } else if (m->verb == LINK_VERB_STATUS) {
        answer_status(p, !m->follow);
        if (m->follow) {
            answer_status(p, false);
            link_hangup(p);
        }
    } else if (m->verb == LINK_VERB_RESTART && m->self) {
        answer(p, "It begins anew.", true, 0);
    } else if (m->verb == LINK_VERB_RESTART && !m->follow) {
        answer(p, "It has begun.", true, 0);
    } else if (m->verb == LINK_VERB_RESTART && m->one) {
        answer(p, "Worker 3 is on its way.", false, 0);
        answer(p, "Rolled back: it died.", true, 1);
    } else if (m->verb == LINK_VERB_RESTART) {
        answer(p, "4 of 8 shards have moved.", false, 0);
        answer(p, "Done\033[2J.", true, 0);
    } else {
        answer(p, m->forget ? "Stopped for good." : "Stopped.", true, 0);
    }
}

static void on_message(void *user, struct link_peer *p, enum link_type type,
                       cordage_json body)
{
    struct link_end end = { .exit = 1, .code = CORDAGE_EPROTO, .message = STR("No.") };
    struct supervisor_played *s = user;
    struct link_command m;
    struct buf out = { 0 };

    if (type == LINK_HELLO && s->play == PLAY_REFUSE) {
        link_put_end(&out, &end);
        link_send(p, LINK_REFUSED, buf_str(&out));
        buf_release(&out);
    }
    if (type != LINK_COMMAND || s->play == PLAY_REFUSE || s->play == PLAY_SILENCE)
        return;
    if (s->play == PLAY_DIE)
        _exit(0);
    if (link_get_command(body, &m) == 0)
        on_command(s, p, &m);
}

static void on_closed(void *user, struct link_peer *p, const char *why)
{
    (void)user, (void)p, (void)why;
}

static void on_accepted(void *user, struct link_peer *p)
{
    link_peer_set_user(p, user);
}

static void play(const char *dir, enum play what, int ready)
{
    static const struct link_ops ops = { on_message, on_closed };
    struct supervisor_played s = { .play = what };
    struct loop_options options = { .speed = 1 };
    struct link_door *door;
    char path[600];

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    snprintf(path, sizeof path, "%s/" LINK_SOCKET, dir);
    if (loop_new(&options, &s.loop, NULL) ||
        link_listen(s.loop, path, &ops, on_accepted, &s, &door, NULL) ||
        write(ready, "", 1) != 1)
        _exit(1);
    loop_run(s.loop);
    _exit(0);
}

static pid_t start(const char *dir, enum play what)
{
    int ready[2];
    char byte;
    pid_t pid;

    CHECK_INT(pipe(ready), 0);
    pid = fork();
    CHECK(pid >= 0);
    if (pid == 0)
        play(dir, what, ready[1]);
    close(ready[1]);
    CHECK_INT(read(ready[0], &byte, 1), 1); /* it listens */
    close(ready[0]);
    return pid;
}

static void end(pid_t pid)
{
    kill(pid, SIGKILL);
    CHECK_INT(waitpid(pid, NULL, 0), pid);
}

/* Runs `cordage`; all that it printed to stdout. Freed by the caller. */
static char *run(struct program *p, int status, const char *const *args)
{
    char *text, line[4096];
    size_t n;
    FILE *all = open_memstream(&text, &n);

    program_start(p, args);
    while (program_line(p, line, sizeof line))
        fprintf(all, "%s\n", line);
    fclose(all);
    if (program_end(p) != status)
        fail_msg("status %d, want %d: \"%s\" \"%s\"", p->status, status, text,
                 p->err_text);
    return text;
}

static void expect(const char *text, const char *words)
{
    if (!strstr(text, words))
        fail_msg("\"%s\" is not in \"%s\"", words, text);
}

/* ---- Answers ---- */

static const struct {
    const char *args[6];
    int status;
    const char *out, *err;
} cases[] = {
    { { "status" }, 0, "0 of 2 ready", "" },
    { { "status", "--json" }, 0, "{\"release\":\"0.1.0\"", "" },
    { { "status", "--watch" }, 1, "0 of 2 ready", "the supervisor has gone" },
    { { "restart" }, 0, "4 of 8 shards have moved.\nDone [2J.\n", "" },
    { { "restart", "--worker", "3" }, 1, "on its way", "Rolled back: it died." },
    { { "restart", "--self" }, 0, "It begins anew.", "" },
    { { "restart", "--no-wait" }, 0, "It has begun.", "" },
    { { "restart", "--self", "--worker", "1" }, 2, "", "either --worker or --self" },
    { { "restart", "--worker", "256" }, 2, "", "from 0 to 255" },
    { { "stop" }, 0, "Stopped.\n", "" },
    { { "stop", "--forget" }, 0, "Stopped for good.\n", "" },
};

TEST(orders_and_their_answers)
{
    struct tmpdir dir = tmpdir_new();
    pid_t pid = start(dir.dir, PLAY_WELL);

    setenv("CORDAGE_STATE_DIR", dir.dir, 1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct program p;
        char *out = run(&p, cases[i].status, cases[i].args);

        expect(out, cases[i].out);
        expect(p.err_text, cases[i].err);
        CHECK(strchr(out, '\033') == NULL); /* it isn't a terminal */
        free(out);
    }
    end(pid);
    tmpdir_free(&dir);
}

TEST(a_watch_without_a_terminal_prints_one_table_after_another)
{
    struct tmpdir dir = tmpdir_new();
    pid_t pid = start(dir.dir, PLAY_WELL);
    struct program p;
    char *out = run(&p, 1, ARGS("status", "--watch", "--state-dir", dir.dir));

    expect(strstr(out, "of 2 ready") + 1, "of 2 ready");
    free(out);
    end(pid);
    tmpdir_free(&dir);
}

TEST(a_supervisor_that_goes_away_refuses_or_talks_nonsense_is_said)
{
    static const struct {
        enum play play;
        const char *said;
    } bad[] = {
        { PLAY_DIE, "the supervisor has gone" },
        { PLAY_REFUSE, "No." },
        { PLAY_NONSENSE, "can't be read" },
    };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct tmpdir dir = tmpdir_new();
        pid_t pid = start(dir.dir, bad[i].play);
        struct program p;

        free(run(&p, 1, ARGS("status", "--state-dir", dir.dir)));
        expect(p.err_text, bad[i].said);
        end(pid);
        tmpdir_free(&dir);
    }
}

/* ---- Which fleet ---- */

/* A place for states, with directories in it. */
static void make(struct tmpdir *t, const char *name)
{
    CHECK_INT(mkdir(tmpdir_path(t, name), 0700), 0);
}

TEST(the_only_fleet_that_runs_is_meant)
{
    struct tmpdir home = tmpdir_new();
    char dir[800];
    struct program p;
    pid_t pid;

    unsetenv("CORDAGE_STATE_DIR");
    setenv("XDG_STATE_HOME", home.dir, 1);
    free(run(&p, 1, ARGS("status")));
    expect(p.err_text, "no fleet runs in ");
    make(&home, "cordage");
    make(&home, "cordage/1");
    make(&home, "cordage/2");
    make(&home, "cordage/2/shards-0-1-of-4");
    snprintf(dir, sizeof dir, "%s", tmpdir_path(&home, "cordage/1"));
    pid = start(dir, PLAY_WELL);
    end(pid); /* its socket is there still */
    free(run(&p, 1, ARGS("status")));
    expect(p.err_text, "no fleet runs in ");
    snprintf(dir, sizeof dir, "%s", tmpdir_path(&home, "cordage/2/shards-0-1-of-4"));
    pid = start(dir, PLAY_WELL);
    free(run(&p, 0, ARGS("status")));
    end(pid);
    unsetenv("XDG_STATE_HOME");
    tmpdir_free(&home);
}

TEST(of_several_fleets_one_is_to_be_named)
{
    struct tmpdir home = tmpdir_new();
    char dir[2][800];
    struct program p;
    pid_t pids[2];

    unsetenv("CORDAGE_STATE_DIR");
    setenv("XDG_STATE_HOME", home.dir, 1);
    make(&home, "cordage");
    for (int i = 0; i < 2; i++) {
        make(&home, i ? "cordage/2" : "cordage/1");
        snprintf(dir[i], sizeof dir[i], "%s",
                 tmpdir_path(&home, i ? "cordage/2" : "cordage/1"));
        pids[i] = start(dir[i], PLAY_WELL);
    }
    free(run(&p, 2, ARGS("stop")));
    expect(p.err_text, "several fleets run; say which with --state-dir");
    expect(p.err_text, dir[0]);
    expect(p.err_text, dir[1]);
    free(run(&p, 0, ARGS("stop", "--state-dir", dir[1])));
    /* The token says whose fleet is meant: application 1 here. */
    setenv("DISCORD_TOKEN", "MQ.made.up", 1);
    free(run(&p, 0, ARGS("stop")));
    setenv("DISCORD_TOKEN", "Mw.made.up", 1); /* 3 */
    free(run(&p, 1, ARGS("stop")));
    expect(p.err_text, "cordage/3");
    unsetenv("DISCORD_TOKEN");
    unsetenv("XDG_STATE_HOME");
    end(pids[0]);
    end(pids[1]);
    tmpdir_free(&home);
}

RUN_TESTS(T(orders_and_their_answers),
          T(a_watch_without_a_terminal_prints_one_table_after_another),
          T(a_supervisor_that_goes_away_refuses_or_talks_nonsense_is_said),
          T(the_only_fleet_that_runs_is_meant), T(of_several_fleets_one_is_to_be_named))
