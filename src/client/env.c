#include "env.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mem.h"

static const char *get(const char *name)
{
    const char *value = getenv(name);

    return value && *value ? value : NULL;
}

void env_read(struct env *e)
{
    e->token = get("DISCORD_TOKEN");
    e->token_file = get("DISCORD_TOKEN_FILE");
    e->api = get("CORDAGE_API");
    e->ca_file = get("CORDAGE_CA_FILE");
    e->log = get("CORDAGE_LOG");
    e->allow_plaintext = get("CORDAGE_ALLOW_PLAINTEXT");
    e->state_dir = getenv("CORDAGE_STATE_DIR");
    e->state_home = get("XDG_STATE_HOME");
    e->home = get("HOME");
    e->link = get("CORDAGE_LINK");
    e->worker = get("CORDAGE_WORKER");
    e->generation = get("CORDAGE_GENERATION");
    e->test_speed = get("CORDAGE_TEST_SPEED");
}

/* Reads up to `size` bytes; a short count is the end of the file. -1 and errno. */
static ssize_t read_up_to(int fd, char *p, size_t size)
{
    size_t n = 0;

    while (n < size) {
        ssize_t got = read(fd, p + n, size - n);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        n += (size_t)got;
    }
    return (ssize_t)n;
}

static int read_token(int fd, const char *path, struct secret *out, cordage_error *error)
{
    /* A byte more than a token may have, and room for the newline behind it. */
    char bytes[SECRET_MAX + 8];
    ssize_t n = read_up_to(fd, bytes, sizeof bytes);
    int err = 0;

    if (n < 0) {
        err = error_set(error, CORDAGE_EINVAL, "DISCORD_TOKEN_FILE: cannot read %s: %s.",
                        path, strerror(errno));
    } else {
        struct str token = str_trim((struct str){ bytes, (size_t)n });

        if (token.n == 0)
            err =
                error_set(error, CORDAGE_EINVAL,
                          "DISCORD_TOKEN_FILE: %s is empty: put the bot's token into it.",
                          path);
        else if ((err = secret_set(out, token)) == CORDAGE_ELIMIT)
            err = error_set(
                error, CORDAGE_EINVAL,
                "DISCORD_TOKEN_FILE: %s is too long to be a token: it must hold "
                "the token alone.",
                path);
        else if (err)
            error_set(error, err, "Out of memory.");
    }
    mem_wipe(bytes, sizeof bytes);
    return err;
}

/* What the supervisor gave us is not for the programs that the bot starts. */
static void keep_from_children(const char *path)
{
    const struct str ours = STR("/proc/self/fd/");
    struct str number = str_of(path);
    uint64_t fd;

    if (!str_starts(number, ours))
        return;
    number = (struct str){ number.p + ours.n, number.n - ours.n };
    if (str_u64(number, &fd) && fd > STDERR_FILENO && fd <= INT_MAX)
        fcntl((int)fd, F_SETFD, FD_CLOEXEC);
}

/* What root owns and lets a group read was given to us that way, by a service manager's
 * credentials (whose access list looks like a group's) or a mounted secret: we can't
 * change its mode, nor would we be able to read it otherwise. */
static bool is_open_to_others(const struct stat *st)
{
    if (st->st_mode & S_IROTH)
        return true;
    return (st->st_mode & S_IRGRP) && (st->st_uid != 0 || geteuid() == 0);
}

int env_token_file(const char *path, struct secret *out, cordage_error *error)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int err;

    if (fd < 0)
        return error_set(error, CORDAGE_EINVAL, "DISCORD_TOKEN_FILE: cannot open %s: %s.",
                         path, strerror(errno));
    /* Asked of the open file, so that nobody can exchange it in between. */
    if (fstat(fd, &st) == 0 && is_open_to_others(&st))
        err =
            error_set(error, CORDAGE_EINVAL,
                      "DISCORD_TOKEN_FILE: others can read %s: chmod 600 %s", path, path);
    else
        err = read_token(fd, path, out, error);
    close(fd);
    keep_from_children(path);
    return err;
}
