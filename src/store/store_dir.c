#include "store_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "error.h"
#include "str.h"

enum { HOLD_MS = 10 * 1000, HOLD_TICK_MS = 5 };

#define ANOTHER "or set CORDAGE_STATE_DIR to another directory"

int store_file_open(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    struct stat st;
    int err = 0;

    if (fd < 0)
        return -1;
    if (fstat(fd, &st) < 0)
        err = errno;
    else if (!S_ISREG(st.st_mode))
        err = ELOOP;
    else if ((st.st_mode & 077) && fchmod(fd, 0600) < 0)
        err = errno;
    if (!err)
        return fd;
    close(fd);
    errno = err;
    return -1;
}

/* A new name is on the disk when its directory is. */
static void sync_parent(char *path)
{
    char *slash = strrchr(path, '/');
    int fd;

    if (!slash || slash == path)
        return;
    *slash = '\0';
    fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    *slash = '/';
    if (fd < 0)
        return;
    fsync(fd);
    close(fd);
}

static int make(char *path, unsigned levels, cordage_error *error)
{
    char *slash;
    int err;

    if (mkdir(path, 0700) == 0) {
        sync_parent(path);
        return 0;
    }
    if (errno == EEXIST)
        return 0;
    slash = strrchr(path, '/');
    if (errno == ENOENT && slash && slash != path && levels > 1) {
        *slash = '\0';
        err = make(path, levels - 1, error);
        *slash = '/';
        if (err)
            return err;
        if (mkdir(path, 0700) == 0 || errno == EEXIST) {
            sync_parent(path);
            return 0;
        }
    }
    return error_set(error, CORDAGE_EIO, "cannot make the directory %s: %s; %s, " ANOTHER,
                     path, strerror(errno),
                     errno == ENOENT ? "make the one that it is to be in"
                                     : "give this user the right to");
}

static bool is_ours(const char *name)
{
    static const char *const names[] = { ".", "..", "lock", "link.sock", "sim" };
    static const char *const starts[] = { "state.db", "cache.db", "progress-", "out-" };
    size_t i;

    for (i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    for (i = 0; i < sizeof starts / sizeof *starts; i++)
        if (strncmp(name, starts[i], strlen(starts[i])) == 0)
            return true;
    return false;
}

/* Whether it holds what no store put there: then its mode is not ours to change. */
static bool holds_others(const char *dir)
{
    DIR *d = opendir(dir);
    struct dirent *entry;
    bool others = false;

    if (!d)
        return true;
    while (!others && (entry = readdir(d)))
        others = !is_ours(entry->d_name);
    closedir(d);
    return others;
}

static int make_private(const char *dir, const struct log *log, cordage_error *error)
{
    struct stat st;

    if (stat(dir, &st) < 0)
        return error_set(error, CORDAGE_EIO, "cannot use %s: %s; mend that, " ANOTHER,
                         dir, strerror(errno));
    if (!S_ISDIR(st.st_mode))
        return error_set(error, CORDAGE_EIO,
                         "%s is not a directory; move it away, " ANOTHER, dir);
    if (!(st.st_mode & 077))
        return 0;
    if (st.st_uid != geteuid() || (st.st_mode & S_ISVTX) || holds_others(dir))
        return error_set(error, CORDAGE_EIO,
                         "%s is open to other users and not for our use alone, so its "
                         "mode was left as it is; set CORDAGE_STATE_DIR to a directory "
                         "in it, which will be made",
                         dir);
    if (chmod(dir, 0700) < 0)
        return error_set(error, CORDAGE_EIO,
                         "cannot make %s private: %s; run chmod 700, " ANOTHER, dir,
                         strerror(errno));
    log_line(log, LOG_WARN,
             "store: %s was open to other users (mode %03o); it is private now (700)",
             dir, (unsigned)st.st_mode & 0777);
    return 0;
}

int store_dir_make(const char *dir, const struct log *log, cordage_error *error)
{
    char path[STORE_DIR_SIZE];
    size_t n = strlen(dir);
    int err;

    if (n == 0 || n >= sizeof path)
        return error_set(error, CORDAGE_EINVAL,
                         "the path of the state directory is %s: set CORDAGE_STATE_DIR "
                         "to %s",
                         n ? "too long" : "empty", n ? "a shorter one" : "a directory");
    memcpy(path, dir, n + 1);
    while (n > 1 && path[n - 1] == '/')
        path[--n] = '\0';
    err = make(path, STORE_DIR_LEVELS, error);
    if (err)
        return err;
    return make_private(path, log, error);
}

/* ---- The lock -------------------------------------------------------------------------
 */

/* What a second process is told: "4711 (./bot)". */
static void write_holder(int fd)
{
    char name[128] = "?", line[200];
    int n, self = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
    ssize_t got;

    if (self >= 0) {
        /* The words are separated by NULs: the first is all that printf sees. */
        got = read(self, name, sizeof name - 1);
        name[got > 0 ? got : 0] = '\0';
        close(self);
    }
    n = snprintf(line, sizeof line, "%ld (%s)\n", (long)getpid(), name);
    /* Only a courtesy: the lock itself is what counts. */
    if (ftruncate(fd, 0) < 0 || pwrite(fd, line, (size_t)n, 0) < 0)
        return;
}

static int say_who(int fd, const char *dir, cordage_error *error)
{
    char line[200];
    ssize_t n = pread(fd, line, sizeof line - 1, 0);
    struct str holder;

    line[n > 0 ? n : 0] = '\0';
    str_make_printable(line, strlen(line));
    holder = str_trim(str_of(line));
    if (holder.n == 0)
        holder = STR("that has not said its name");
    return error_set(error, CORDAGE_EBUSY,
                     "%s is in use by process %.*s: stop it, or give this one another "
                     "CORDAGE_STATE_DIR",
                     dir, STR_FMT(holder));
}

int store_dir_lock(const char *dir, int *out, cordage_error *error)
{
    char path[STORE_PATH_SIZE];
    int fd, err;

    *out = -1;
    snprintf(path, sizeof path, "%s/lock", dir);
    fd = store_file_open(path);
    if (fd < 0)
        return error_set(error, CORDAGE_EIO,
                         "cannot write %s: %s; give this user the right to, " ANOTHER,
                         path, strerror(errno));
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
        write_holder(fd);
        *out = fd;
        return 0;
    }
    err =
        errno == EWOULDBLOCK
            ? say_who(fd, dir, error)
            : error_set(error, CORDAGE_EIO,
                        "cannot lock %s: %s; use a file system that has locks, " ANOTHER,
                        path, strerror(errno));
    close(fd);
    return err;
}

void store_dir_unlock(int fd)
{
    flock(fd, LOCK_UN);
    close(fd);
}

/* The lock is on the directory itself: there is no file to be made for it. */
int store_dir_hold(const char *dir)
{
    const struct timespec tick = { 0, HOLD_TICK_MS * 1000 * 1000 };
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    for (int i = 0; fd >= 0 && i < HOLD_MS / HOLD_TICK_MS; i++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
            return fd;
        if (errno != EWOULDBLOCK)
            break;
        nanosleep(&tick, NULL);
    }
    if (fd >= 0)
        close(fd);
    return -1;
}
