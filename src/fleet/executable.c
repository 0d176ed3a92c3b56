#include "executable.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"

static bool is_program(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

/* Looks through the directories of `search`. An empty one is the current directory. */
static bool find(const char *name, const char *search, char out[EXECUTABLE_PATH])
{
    while (*search) {
        size_t n = strcspn(search, ":");
        int got = snprintf(out, EXECUTABLE_PATH, "%.*s%s%s", (int)n, search,
                           n ? "/" : "./", name);

        if (got < EXECUTABLE_PATH && is_program(out))
            return true;
        search += n;
        search += *search == ':';
    }
    return false;
}

/* The worker may be started from elsewhere than the path was meant: makes it whole,
 * without following a link at its end, which a deployment may turn to a newer file. */
static int make_whole(char path[EXECUTABLE_PATH])
{
    char here[EXECUTABLE_PATH], relative[EXECUTABLE_PATH];

    if (path[0] == '/')
        return 0;
    memcpy(relative, path, sizeof relative);
    if (!getcwd(here, sizeof here) ||
        snprintf(path, EXECUTABLE_PATH, "%s/%s", here, relative) >= EXECUTABLE_PATH)
        return CORDAGE_EINVAL;
    return 0;
}

static int open_program(const char *path, cordage_error *error)
{
    int fd = is_program(path) ? open(path, O_PATH | O_CLOEXEC) : -1;

    if (fd < 0)
        error_set(error, CORDAGE_EINVAL,
                  "%s cannot be executed: it must be a file that you may execute "
                  "(chmod +x).",
                  path);
    return fd;
}

int executable_open(struct executable *e, const char *name, const char *search,
                    cordage_error *error)
{
    e->good = e->candidate = -1;
    if (strlen(name) >= sizeof e->path)
        return error_set(error, CORDAGE_EINVAL, "The name of the program is too long.");
    if (strchr(name, '/'))
        strcpy(e->path, name);
    else if (!find(name, search ? search : "", e->path))
        return error_set(
            error, CORDAGE_EINVAL,
            "%s: there is no such program in PATH. If it lies in the current "
            "directory, say ./%s.",
            name, name);
    if (make_whole(e->path))
        return error_set(error, CORDAGE_EINVAL, "The path of %s is too long.", name);
    if (access(e->path, F_OK) < 0)
        return error_set(error, CORDAGE_EINVAL, "%s: there is no such file.", e->path);
    e->good = open_program(e->path, error);
    return e->good < 0 ? CORDAGE_EINVAL : 0;
}

static void shut(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void executable_release(struct executable *e)
{
    shut(&e->good);
    shut(&e->candidate);
}

int executable_try(struct executable *e, cordage_error *error)
{
    shut(&e->candidate);
    e->candidate = open_program(e->path, error);
    return e->candidate < 0 ? CORDAGE_EINVAL : 0;
}

void executable_accept(struct executable *e)
{
    if (e->candidate < 0)
        return;
    shut(&e->good);
    e->good = e->candidate;
    e->candidate = -1;
}

void executable_reject(struct executable *e)
{
    shut(&e->candidate);
}

static bool is_same_file(const char *path, int fd)
{
    struct stat a, b;

    return stat(path, &a) == 0 && fstat(fd, &b) == 0 && a.st_dev == b.st_dev &&
           a.st_ino == b.st_ino;
}

/* A descriptor by O_PATH can't be read: it is opened again by its name in /proc. */
static bool is_script(int fd)
{
    char name[32], head[2] = "";
    int readable;
    bool is;

    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    readable = open(name, O_RDONLY | O_CLOEXEC);
    if (readable < 0)
        return false;
    is = read(readable, head, 2) == 2 && memcmp(head, "#!", 2) == 0;
    close(readable);
    return is;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* What the kernel calls the file of a process; one that was removed has a word behind. */
static bool read_exe(pid_t pid, char name[32], char out[EXECUTABLE_PATH])
{
    static const char removed[] = " (deleted)";
    size_t n, more = sizeof removed - 1;
    ssize_t got;

    snprintf(name, 32, "/proc/%d/exe", (int)pid);
    got = readlink(name, out, EXECUTABLE_PATH - 1);
    if (got <= 0)
        return false;
    n = (size_t)got;
    out[n] = '\0';
    if (n > more && strcmp(out + n - more, removed) == 0)
        out[n - more] = '\0';
    return true;
}

void executable_adopt(struct executable *e, pid_t pid)
{
    char name[32], path[EXECUTABLE_PATH];
    int fd;

    if (is_script(e->good) || !read_exe(pid, name, path) ||
        strcmp(base_name(path), base_name(e->path)) != 0)
        return;
    fd = open(name, O_PATH | O_CLOEXEC);
    if (fd < 0)
        return;
    shut(&e->good);
    e->good = fd;
}

void executable_renew(struct executable *e)
{
    cordage_error error;
    int fd = open_program(e->path, &error);

    if (fd < 0)
        return;
    shut(&e->good);
    e->good = fd;
}

const char *executable_file(struct executable *e, bool candidate)
{
    int fd = candidate && e->candidate >= 0 ? e->candidate : e->good;

    if (is_same_file(e->path, fd) || is_script(fd))
        return e->path;
    snprintf(e->by_fd, sizeof e->by_fd, "/proc/self/fd/%d", fd);
    return e->by_fd;
}
