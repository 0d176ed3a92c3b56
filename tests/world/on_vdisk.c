/* Linked to a test of the store, it has it run on the disk in memory: its directories are
 * there. What that disk can't show is skipped: a child that is forked would have a disk
 * of its own, and there are no files but plain ones. */
#include "test.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vdisk.h"
#include "vdisk_wrap.h"

__attribute__((constructor)) static void mount_disk(void)
{
    vdisk_mount(NULL);
    setenv("TMPDIR", VDISK_ROOT, 1);
}

WRAP(pid_t, fork, (void))
{
    skip();
    return -1;
}

WRAP(int, mkfifo, (const char *path, mode_t mode))
{
    (void)path;
    (void)mode;
    skip();
    return -1;
}

WRAP(int, symlink, (const char *target, const char *path))
{
    (void)target;
    (void)path;
    skip();
    return -1;
}

WRAP(char *, mkdtemp, (char *path))
{
    static unsigned last;

    snprintf(path + strlen(path) - 6, 7, "%06u", ++last);
    return mkdir(path, 0700) < 0 ? NULL : path;
}

/* As tmpdir.h uses it: everything goes. */
WRAP64(int, nftw, (const char *path, __nftw_func_t each, int depth, int flags))
{
    DIR *dir = opendir(path);
    struct dirent *entry;
    char inner[1024];

    while (dir && (entry = readdir(dir))) {
        snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name);
        if (entry->d_name[0] != '.' && unlink(inner) < 0)
            __wrap_nftw64(inner, each, depth, flags);
    }
    if (dir)
        closedir(dir);
    return rmdir(path);
}

WRAP64(int, truncate, (const char *path, off_t size))
{
    int fd = open(path, O_WRONLY), err;

    if (fd < 0)
        return -1;
    err = ftruncate(fd, size);
    close(fd);
    return err;
}

/* To be read: a copy elsewhere. */
WRAP64(FILE *, fopen, (const char *path, const char *mode))
{
    int fd = open(path, O_RDONLY);
    FILE *f = fd < 0 ? NULL : tmpfile();

    assert_string_equal(mode, "r");
    for (char c; f && read(fd, &c, 1) == 1;)
        fputc(c, f);
    if (f)
        rewind(f);
    if (fd >= 0)
        close(fd);
    return f;
}
