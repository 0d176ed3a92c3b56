#include "sim_dir.h"

#include <errno.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *get(const char *name)
{
    const char *value = getenv(name);

    return value && *value ? value : NULL;
}

int sim_dir(char out[SIM_DIR_SIZE], cordage_error *error)
{
    const char *base = get("CORDAGE_STATE_DIR");
    const char *below = "/sim";
    char here[SIM_DIR_SIZE];
    int n;

    if (!base) {
        /* The XDG rules: a relative path in the variable is to be ignored. */
        base = get("XDG_STATE_HOME");
        below = "/cordage/sim";
        if (base && base[0] != '/')
            base = NULL;
    }
    if (!base) {
        base = get("HOME");
        below = "/.local/state/cordage/sim";
    }
    if (!base)
        return error_set(
            error, CORDAGE_EINVAL,
            "there is no place for the certificate: set CORDAGE_STATE_DIR (or "
            "HOME) to a directory of yours");
    /* Whole, because bots in other directories are told it. */
    if (base[0] != '/' && !getcwd(here, sizeof here))
        return error_set(error, CORDAGE_ESYSTEM,
                         "cannot tell the current directory: %s; set CORDAGE_STATE_DIR "
                         "to a path that begins with /",
                         strerror(errno));
    n = snprintf(out, SIM_DIR_SIZE, "%s%s%s%s", base[0] == '/' ? "" : here,
                 base[0] == '/' ? "" : "/", base, below);
    if (n < 0 || n >= SIM_DIR_SIZE)
        return error_set(
            error, CORDAGE_EINVAL,
            "the path of the state directory is too long: set CORDAGE_STATE_DIR "
            "to a shorter one");
    return 0;
}

int sim_dir_make(const char *dir, cordage_error *error)
{
    char path[SIM_DIR_SIZE];
    size_t n = strlen(dir);

    if (n >= sizeof path)
        return error_set(error, CORDAGE_EINVAL, "the path %.100s... is too long", dir);
    memcpy(path, dir, n + 1);
    for (size_t i = 1; i <= n; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        path[i] = '\0';
        if (mkdir(path, 0700) < 0 && errno != EEXIST)
            return error_set(error, CORDAGE_ESYSTEM,
                             "cannot make the directory %s: %s; set "
                             "CORDAGE_STATE_DIR to a directory of yours",
                             path, strerror(errno));
        path[i] = dir[i];
    }
    return 0;
}

void sim_dir_bots(char out[SIM_DIR_SIZE])
{
    const char *temp = get("TMPDIR");
    int n;

    out[0] = '\0';
    if (getenv("CORDAGE_STATE_DIR"))
        return;
    n = snprintf(out, SIM_DIR_SIZE, "%s/cordage-sim-XXXXXX", temp ? temp : "/tmp");
    if (n >= SIM_DIR_SIZE || !mkdtemp(out))
        out[0] = '\0';
}

static int remove_entry(const char *path, const struct stat *st, int type,
                        struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    remove(path);
    return 0;
}

void sim_dir_drop(const char *bots)
{
    if (bots[0])
        nftw(bots, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}
