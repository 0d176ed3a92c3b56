/* The socket's file: who may listen on it, who may connect, and what is left of it. */
#include "link_net_rig.h"

#include <sys/resource.h>
#include <sys/wait.h>

static bool has_come(struct rig *r)
{
    return r->n_accepted > 0;
}

static int listen_second(struct rig *r, cordage_error *error)
{
    struct link_door *door;
    int err = link_listen(r->loop, r->path, &ear_ops, rig_accepted, r, &door, error);

    CHECK((err == 0) == (door != NULL));
    link_door_free(door);
    return err;
}

/* A socket that nobody listens on any more, as a process leaves it that is killed. */
static void leave_stale(const char *path)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    CHECK(strlen(path) < sizeof at.sun_path);
    strcpy(at.sun_path, path);
    CHECK_INT(bind(fd, (const struct sockaddr *)&at, sizeof at), 0);
    CHECK_INT(listen(fd, 1), 0);
    close(fd);
}

static int dial(struct rig *r, cordage_error *error)
{
    struct link_peer *p;
    int err = link_dial(r->loop, r->path, &ear_ops, r, &p, error);

    CHECK((err == 0) == (p != NULL));
    if (p)
        link_hangup(p);
    return err;
}

TEST(the_file_is_ours_alone_and_goes_with_the_door)
{
    mode_t before = umask(0);
    struct rig *r = rig_new();

    umask(before);
    CHECK_INT(tmpdir_mode(r->path), 0600);
    rig_shut(r);
    CHECK_INT(access(r->path, F_OK), -1);
    rig_free(r);
}

TEST(a_second_listener_is_refused_and_the_first_goes_on)
{
    struct rig *r = rig_new();
    struct ear near = { 0 };
    cordage_error error;

    CHECK_INT(listen_second(r, &error), CORDAGE_EBUSY);
    CHECK(strstr(error.message, r->path));
    rig_dial(r, &near);
    rig_until(r, has_come);
    ear_hangup(&near);
    rig_free(r);
}

TEST(a_file_that_a_dead_process_left_is_replaced)
{
    struct rig *r = rig_new_at(LINK_SOCKET);
    struct ear near = { 0 };
    cordage_error error;

    leave_stale(r->path);
    CHECK_INT(dial(r, &error), CORDAGE_ENET);
    CHECK(strstr(error.message, r->path));
    CHECK_INT(rig_listen(r, &error), 0);
    CHECK_INT(tmpdir_mode(r->path), 0600);
    rig_dial(r, &near);
    rig_until(r, has_come);
    ear_hangup(&near);
    rig_free(r);
}

static bool two_have_come(struct rig *r)
{
    return r->n_accepted > 1;
}

TEST(a_file_that_somebody_removed_comes_back)
{
    struct rig *r = rig_new();
    cordage_error error = { 0 };

    CHECK_INT(dial(r, &error), 0);
    rig_until(r, has_come);
    CHECK_INT(link_door_look(r->door, &error), 0); /* all is well: nothing happens */
    CHECK_INT(unlink(r->path), 0);
    CHECK_INT(dial(r, &error), CORDAGE_ENET);
    CHECK_INT(link_door_look(r->door, &error), 0);
    CHECK_INT(tmpdir_mode(r->path), 0600);
    CHECK_INT(dial(r, &error), 0);
    rig_until(r, two_have_come);
    rig_shut(r);
    CHECK_INT(access(r->path, F_OK), -1);
    rig_free(r);
}

TEST(what_is_no_socket_is_not_replaced)
{
    struct rig *r = rig_new_at(LINK_SOCKET);
    cordage_error error;

    tmpdir_write(r->path, "x", 1);
    CHECK_INT(listen_second(r, &error), CORDAGE_EIO);
    CHECK(strstr(error.message, r->path) && strstr(error.message, "Remove it"));
    CHECK_INT(access(r->path, F_OK), 0);
    CHECK_INT(dial(r, &error), CORDAGE_ENET);
    rig_free(r);
}

TEST(a_successors_file_is_not_removed)
{
    struct rig *r = rig_new();

    CHECK_INT(unlink(r->path), 0);
    leave_stale(r->path);
    rig_shut(r);
    CHECK_INT(access(r->path, F_OK), 0);
    rig_free(r);
}

TEST(nobody_there_is_said_with_the_path)
{
    struct rig *r = rig_new_at(LINK_SOCKET);
    cordage_error error;

    CHECK_INT(dial(r, &error), CORDAGE_ENET);
    CHECK(strstr(error.message, r->path) && strstr(error.message, "cordage run"));
    rig_free(r);
}

TEST(a_directory_that_is_not_there_is_said)
{
    for (int is_long = 0; is_long < 2; is_long++) {
        struct rig *r = rig_new_at("none/" LINK_SOCKET);
        cordage_error error;

        if (is_long) {
            memset(strstr(r->path, "none"), 'n', 100);
            strcpy(strstr(r->path, "nnnn") + 100, "/" LINK_SOCKET);
        }
        CHECK_INT(dial(r, &error), CORDAGE_ENET);
        CHECK_INT(listen_second(r, &error), CORDAGE_EIO);
        CHECK(strstr(error.message, is_long ? "nnnn: No such" : r->path));
        rig_free(r);
    }
}

/* A path has 107 bytes in a socket's address. */
TEST(a_long_path_does_as_well)
{
    static const size_t lengths[] = { 100, 107, 108, 109, 200, 250 };

    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        struct rig *r = rig_new_at("");
        struct ear near = { 0 };
        cordage_error error;
        size_t at = strlen(r->path), n = lengths[i] - strlen("/" LINK_SOCKET);

        CHECK(n > at);
        memset(r->path + at, 'd', n - at);
        r->path[n] = '\0';
        CHECK_INT(mkdir(r->path, 0700), 0);
        strcat(r->path, "/" LINK_SOCKET);
        CHECK_INT(strlen(r->path), lengths[i]);
        for (int again = 0; again < 2; again++) {
            if (rig_listen(r, &error))
                fail_msg("%zu: %s", lengths[i], error.message);
            CHECK_INT(tmpdir_mode(r->path), 0600);
            CHECK_INT(listen_second(r, &error), CORDAGE_EBUSY);
            rig_dial(r, &near);
            rig_until(r, has_come);
            ear_hangup(&near);
            rig_shut(r);
            CHECK_INT(access(r->path, F_OK), -1);
        }
        rig_free(r);
    }
}

TEST(a_long_name_does_not)
{
    char name[120];
    cordage_error error;
    struct rig *r;

    memset(name, 'n', sizeof name);
    name[sizeof name - 1] = '\0';
    r = rig_new_at(name);
    CHECK_INT(dial(r, &error), CORDAGE_EINVAL);
    CHECK_INT(listen_second(r, &error), CORDAGE_EINVAL);
    memset(r->path, 'n', 200); /* not even a slash */
    r->path[200] = '\0';
    CHECK_INT(dial(r, &error), CORDAGE_EINVAL);
    rig_free(r);
}

/* ---- Who may come ---- */

enum { NOBODY = 65534 };

/* As another user: 0 if it finds what it should. */
static int be_another(struct rig *r)
{
    cordage_error error;
    char byte;
    int fd;

    if (setgid(NOBODY) || setuid(NOBODY))
        return 1;
    fd = raw_dial(r);
    if (recv(fd, &byte, 1, 0) > 0)
        return 2;
    close(fd);
    if (dial(r, &error) != CORDAGE_EAUTH || !strstr(error.message, "another user"))
        return 3;
    return 0;
}

static bool is_child_gone(struct rig *r)
{
    int *status = r->user;

    return waitpid(-1, status, WNOHANG) > 0;
}

/* Even where the file's mode would let it. */
TEST(another_user_is_refused_by_both_sides)
{
    struct rig *r;
    int status = -1;
    pid_t child;

    if (geteuid() != 0) {
        skip();
        return;
    }
    r = rig_new();
    CHECK(chmod(r->dir.dir, 0755) == 0 && chmod(r->path, 0666) == 0);
    child = fork();
    CHECK(child >= 0);
    if (child == 0)
        _exit(be_another(r));
    r->user = &status;
    rig_until(r, is_child_gone);
    CHECK(WIFEXITED(status));
    CHECK_INT(WEXITSTATUS(status), 0);
    CHECK_INT(r->n_accepted, 0);
    CHECK(strstr(r->log, "of user 65534 is refused"));
    rig_free(r);
}

/* The mode alone keeps it out, too. */
TEST(another_user_does_not_get_past_the_files_mode)
{
    struct rig *r;
    int status = -1;
    pid_t child;

    if (geteuid() != 0) {
        skip();
        return;
    }
    r = rig_new();
    CHECK_INT(chmod(r->dir.dir, 0755), 0);
    child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        cordage_error error;

        if (setgid(NOBODY) || setuid(NOBODY))
            _exit(1);
        _exit(dial(r, &error) == CORDAGE_EAUTH ? 0 : 2);
    }
    CHECK_INT(waitpid(child, &status, 0), child);
    CHECK(WIFEXITED(status));
    CHECK_INT(WEXITSTATUS(status), 0);
    rig_free(r);
}

/* ---- How many ---- */

static bool have_enough_come(struct rig *r)
{
    return r->n_accepted >= LIMIT_LINK_PEERS;
}

static bool has_one_more_come(struct rig *r)
{
    return r->n_accepted > LIMIT_LINK_PEERS;
}

TEST(one_peer_too_many_is_closed_until_another_leaves)
{
    static int fds[LIMIT_LINK_PEERS];
    struct rlimit before, more;
    struct rig *r;
    char byte;
    int extra;

    CHECK_INT(getrlimit(RLIMIT_NOFILE, &before), 0);
    more = before;
    more.rlim_cur = 2 * LIMIT_LINK_PEERS + 256;
    if (setrlimit(RLIMIT_NOFILE, &more)) {
        skip();
        return;
    }
    r = rig_new();
    for (int i = 0; i < LIMIT_LINK_PEERS; i++) {
        fds[i] = raw_dial(r);
        while (r->n_accepted <= (uint32_t)i)
            uv_run(loop_uv(r->loop), UV_RUN_ONCE);
    }
    CHECK(have_enough_come(r));
    extra = raw_dial(r);
    CHECK_INT(fcntl(extra, F_SETFL, O_NONBLOCK), 0);
    while (recv(extra, &byte, 1, 0) != 0)
        uv_run(loop_uv(r->loop), UV_RUN_ONCE);
    CHECK_INT(r->n_accepted, LIMIT_LINK_PEERS);
    close(extra);
    close(fds[0]);
    while (!r->ears[0]->n_closed)
        uv_run(loop_uv(r->loop), UV_RUN_ONCE);
    fds[0] = raw_dial(r);
    rig_until(r, has_one_more_come);
    for (int i = 0; i < LIMIT_LINK_PEERS; i++)
        close(fds[i]);
    rig_free(r);
    CHECK_INT(setrlimit(RLIMIT_NOFILE, &before), 0);
}

static bool has_been_said(struct rig *r)
{
    return r->n_lines > 0;
}

TEST(without_descriptors_it_waits_and_then_accepts)
{
    struct rlimit before, less;
    struct rig *r = rig_new();
    int fd = raw_dial(r);

    CHECK_INT(getrlimit(RLIMIT_NOFILE, &before), 0);
    less = before;
    less.rlim_cur = (rlim_t)fd + 1;
    CHECK_INT(setrlimit(RLIMIT_NOFILE, &less), 0);
    rig_until(r, has_been_said);
    CHECK(strstr(r->log, "too many open files"));
    CHECK_INT(setrlimit(RLIMIT_NOFILE, &before), 0);
    CHECK_INT(r->n_accepted, 0);
    rig_until(r, has_come);
    CHECK_INT(r->n_lines, 1);
    close(fd);
    rig_free(r);
}

RUN_TESTS(T(the_file_is_ours_alone_and_goes_with_the_door),
          T(a_second_listener_is_refused_and_the_first_goes_on),
          T(a_file_that_a_dead_process_left_is_replaced),
          T(a_file_that_somebody_removed_comes_back),
          T(what_is_no_socket_is_not_replaced), T(a_successors_file_is_not_removed),
          T(nobody_there_is_said_with_the_path), T(a_directory_that_is_not_there_is_said),
          T(a_long_path_does_as_well), T(a_long_name_does_not),
          T(another_user_is_refused_by_both_sides),
          T(another_user_does_not_get_past_the_files_mode),
          T(one_peer_too_many_is_closed_until_another_leaves),
          T(without_descriptors_it_waits_and_then_accepts))
