/* Which file a worker is started from, while its path is turned to others. */
#include "executable.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tmpdir.h"

static void put_file(const char *path, const char *text, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    CHECK(fd >= 0);
    CHECK_INT(write(fd, text, strlen(text)), strlen(text));
    CHECK_INT(fchmod(fd, mode), 0);
    close(fd);
}

/* As a deployment does it: another file takes the name. */
static void replace(struct tmpdir *t, const char *path, const char *text)
{
    char fresh[400];

    snprintf(fresh, sizeof fresh, "%s/fresh", t->dir);
    put_file(fresh, text, 0700);
    CHECK_INT(rename(fresh, path), 0);
}

static void check_starts(const char *file, const char *text)
{
    char got[64] = "";
    int fd = open(file, O_RDONLY);

    CHECK(fd >= 0);
    CHECK(read(fd, got, sizeof got - 1) >= 0);
    close(fd);
    CHECK_STR(str_of(got), text);
}

TEST(it_is_found_as_a_shell_does)
{
    struct tmpdir t = tmpdir_new();
    struct executable e;
    cordage_error error;
    char path[400], search[900];

    snprintf(path, sizeof path, "%s/bot", t.dir);
    snprintf(search, sizeof search, "/nowhere::%s", t.dir);
    CHECK_INT(executable_open(&e, "bot", search, &error), CORDAGE_EINVAL);
    CHECK(strstr(error.message, "no such program in PATH") != NULL);
    CHECK_INT(executable_open(&e, path, search, &error), CORDAGE_EINVAL);
    CHECK(strstr(error.message, "no such file") != NULL);
    put_file(path, "one", 0600);
    CHECK_INT(executable_open(&e, path, search, &error), CORDAGE_EINVAL);
    CHECK(strstr(error.message, "chmod +x") != NULL);
    CHECK_INT(chmod(path, 0700), 0);
    CHECK_INT(executable_open(&e, "bot", search, &error), 0);
    CHECK_STR(str_of(executable_file(&e, false)), path);
    executable_release(&e);
    tmpdir_free(&t);
}

TEST(the_good_one_outlives_its_name)
{
    struct tmpdir t = tmpdir_new();
    struct executable e;
    cordage_error error;
    char path[400];

    snprintf(path, sizeof path, "%s/bot", t.dir);
    put_file(path, "one", 0700);
    CHECK_INT(executable_open(&e, path, NULL, &error), 0);
    replace(&t, path, "two");
    check_starts(executable_file(&e, false), "one");
    check_starts(executable_file(&e, true), "one"); /* none is tried */

    CHECK_INT(executable_try(&e, &error), 0);
    check_starts(executable_file(&e, true), "two");
    CHECK_STR(str_of(executable_file(&e, true)), path); /* so it has its name */
    executable_reject(&e);
    check_starts(executable_file(&e, false), "one");

    CHECK_INT(executable_try(&e, &error), 0);
    executable_accept(&e);
    CHECK_STR(str_of(executable_file(&e, false)), path);
    CHECK_INT(unlink(path), 0);
    check_starts(executable_file(&e, false), "two");
    CHECK_INT(executable_try(&e, &error), CORDAGE_EINVAL);
    executable_release(&e);
    tmpdir_free(&t);
}

TEST(a_script_is_started_by_its_path)
{
    struct tmpdir t = tmpdir_new();
    struct executable e;
    cordage_error error;
    char path[400];

    snprintf(path, sizeof path, "%s/bot", t.dir);
    put_file(path, "#!/bin/sh\n", 0700);
    CHECK_INT(executable_open(&e, path, NULL, &error), 0);
    replace(&t, path, "#!/bin/bash\n");
    CHECK_STR(str_of(executable_file(&e, false)), path);
    executable_release(&e);
    tmpdir_free(&t);
}

/* /bin/sleep under the bot's name; it runs until it is killed. */
static pid_t run_copy(const char *path)
{
    char command[900];
    pid_t pid;

    snprintf(command, sizeof command, "cp /bin/sleep %s", path);
    CHECK_INT(system(command), 0);
    pid = fork();
    if (pid == 0) {
        execl(path, path, "1000", NULL);
        _exit(99);
    }
    return pid;
}

static bool is_file_of(pid_t pid, const char *file)
{
    struct stat a, b;
    char exe[32];

    snprintf(exe, sizeof exe, "/proc/%d/exe", (int)pid);
    return stat(exe, &a) == 0 && stat(file, &b) == 0 && a.st_dev == b.st_dev &&
           a.st_ino == b.st_ino;
}

TEST(a_successor_goes_on_with_what_its_worker_runs)
{
    struct tmpdir t = tmpdir_new();
    struct executable e;
    cordage_error error;
    char path[400];
    pid_t pid;

    snprintf(path, sizeof path, "%s/bot", t.dir);
    pid = run_copy(path);
    while (!is_file_of(pid, path)) /* until it has executed it */
        sched_yield();
    replace(&t, path, "bad");
    CHECK_INT(executable_open(&e, path, NULL, &error), 0);
    check_starts(executable_file(&e, false), "bad");
    executable_adopt(&e, getpid()); /* has another name: a wrapper's */
    check_starts(executable_file(&e, false), "bad");
    executable_adopt(&e, pid);
    CHECK(is_file_of(pid, executable_file(&e, false)));
    executable_renew(&e);
    check_starts(executable_file(&e, false), "bad");
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    executable_release(&e);
    tmpdir_free(&t);
}

RUN_TESTS(T(a_successor_goes_on_with_what_its_worker_runs),
          T(it_is_found_as_a_shell_does), T(the_good_one_outlives_its_name),
          T(a_script_is_started_by_its_path))
