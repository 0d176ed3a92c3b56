/* What of this machine a start needs: cordage.yaml, and the state directory. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "doctor_inner.h"

enum { PATH_SIZE = 4096, ROOM_MIB = 256, MIB = 1024 * 1024 };

/* ---- cordage.yaml ---- */

/* The sentences, without the command in front. */
static void tell_mistakes(struct doctor *d, char *text)
{
    static const char start[] = "cordage doctor: ";
    char *rest, *line;

    for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        if (strncmp(line, start, sizeof start - 1) == 0)
            line += sizeof start - 1;
        finding_wrong(&d->f, "settings", DOCTOR_CONFIG, "", "%s.", line);
    }
}

bool doctor_file(struct doctor *d)
{
    const struct fleet_flags none = { 0 };
    char *text = NULL;
    size_t n;
    FILE *err = open_memstream(&text, &n);
    int status = 2;

    if (err) {
        status = fleet_settings_read("doctor", &none, &d->fleet, err);
        fclose(err);
        tell_mistakes(d, text);
    }
    free(text);
    if (status == 0 && d->fleet.file_path[0])
        finding_ok(&d->f, "settings", "%s can be read.", d->fleet.file_path);
    return status == 0;
}

/* ---- The state directory ---- */

/* Where it is to be made. */
static void check_missing(struct doctor *d, const char *dir)
{
    char path[PATH_SIZE];
    char *slash;

    snprintf(path, sizeof path, "%s", dir);
    do {
        slash = strrchr(path, '/');
        if (slash)
            *slash = '\0';
    } while (slash && path[0] && access(path, F_OK) < 0);
    if (access(path[0] ? path : "/", W_OK | X_OK) == 0)
        finding_ok(&d->f, "state", "%s is not there yet; a start makes it.", dir);
    else
        finding_wrong(
            &d->f, "state", DOCTOR_FAILED,
            "Make it (mkdir -m 700), or set CORDAGE_STATE_DIR to a directory of "
            "yours.",
            "%s is not there, and cannot be made: %s.", dir, strerrordesc_np(errno));
}

/* Only a moment's look: whoever starts in it meets our lock. */
static bool is_free(const char *dir, char holder[128])
{
    char path[PATH_SIZE];
    ssize_t n;
    bool free_ = true;
    int fd;

    snprintf(path, sizeof path, "%s/lock", dir);
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return true;
    if (flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK)
        free_ = false;
    n = pread(fd, holder, 127, 0);
    holder[n > 0 ? n : 0] = '\0';
    holder[strcspn(holder, "\n")] = '\0';
    str_make_printable(holder, strlen(holder));
    close(fd);
    return free_;
}

static void check_room(struct doctor *d, const char *dir)
{
    struct statvfs room;
    uint64_t mib;

    if (statvfs(dir, &room) < 0)
        return;
    mib = (uint64_t)room.f_bavail * room.f_frsize / MIB;
    if (room.f_flag & ST_RDONLY)
        finding_wrong(&d->f, "state", DOCTOR_FAILED,
                      "Set CORDAGE_STATE_DIR to a directory that can be written.",
                      "The file system of %s is read-only.", dir);
    else if (mib < ROOM_MIB)
        finding_warning(&d->f, "state", "Make room: without any nothing is saved.",
                        "Only %" PRIu64 " MiB are free for %s.", mib, dir);
}

static void check_there(struct doctor *d, const char *dir, const struct stat *st)
{
    char holder[128] = "";

    if (!S_ISDIR(st->st_mode))
        finding_wrong(&d->f, "state", DOCTOR_FAILED,
                      "Move it away, or set CORDAGE_STATE_DIR.", "%s is no directory.",
                      dir);
    else if (access(dir, R_OK | W_OK | X_OK) < 0 ||
             (st->st_uid != geteuid() && geteuid() != 0))
        finding_wrong(&d->f, "state", DOCTOR_FAILED,
                      "Run as the user whom it belongs to, or set CORDAGE_STATE_DIR.",
                      "%s is not ours to write.", dir);
    else if (st->st_mode & 077)
        finding_warning(&d->f, "state", "chmod 700 it.",
                        "%s is open to other users (mode %03o).", dir,
                        (unsigned)st->st_mode & 0777);
    else if (is_free(dir, holder))
        finding_ok(&d->f, "state", "%s is private, and free.", dir);
    else
        finding_ok(&d->f, "state", "%s is in use by process %s: it runs already.", dir,
                   holder[0] ? holder : "?");
}

void doctor_state(struct doctor *d)
{
    const char *dir = d->s.state_dir;
    struct stat st;

    if (!d->have_token && d->fleet.values[FLEET_STATE_DIR].from == FLEET_FROM_DEFAULT)
        return; /* it is the application's, whose id is in the token */
    if (!dir) {
        finding_warning(&d->f, "state",
                        d->s.no_state ? "Unset CORDAGE_STATE_DIR, or name a directory."
                                      : "Set HOME or CORDAGE_STATE_DIR.",
                        "There is no place for it: every restart costs an IDENTIFY for "
                        "each shard, and a fleet cannot start.");
        return;
    }
    if (stat(dir, &st) < 0) {
        check_missing(d, dir);
        return;
    }
    check_there(d, dir, &st);
    check_room(d, dir);
}
