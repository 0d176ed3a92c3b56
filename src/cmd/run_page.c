#include "run_page.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "mem.h"
#include "secret.h"

static int read_secret(const char *path, struct secret *out, cordage_error *error)
{
    char bytes[SECRET_MAX] = { 0 };
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, bytes, sizeof bytes);
    struct stat st;
    int err = 0;

    if (n < 0 || fstat(fd, &st) < 0)
        err = error_set(error, CORDAGE_EINVAL, "--http-secret-file: cannot read %s: %s",
                        path, strerror(errno));
    else if (st.st_mode & (S_IRGRP | S_IROTH))
        err =
            error_set(error, CORDAGE_EINVAL,
                      "--http-secret-file: others can read %s: chmod 600 %s", path, path);
    else
        err = secret_set(out, str_trim((struct str){ bytes, (size_t)n }));
    mem_wipe(bytes, sizeof bytes);
    if (fd >= 0)
        close(fd);
    return err;
}

int run_page_open(struct loop *loop, const struct fleet_settings *settings,
                  const struct log *log, const struct view *(*view)(void *user),
                  void *user, struct web **out, cordage_error *error)
{
    const char *secret_file = settings->values[FLEET_HTTP_SECRET_FILE].text;
    struct secret secret = { 0 };
    struct web_options options = {
        .address = settings->http_address,
        .port = settings->http_port,
        .any_port = settings->http_any,
        .hosts = settings->values[FLEET_HTTP_HOST].text,
        .behind_proxy = settings->behind_proxy,
        .cert_file = settings->values[FLEET_HTTP_CERT_FILE].text,
        .key_file = settings->values[FLEET_HTTP_KEY_FILE].text,
    };
    int err = 0;

    *out = NULL;
    if (settings->http_off)
        return 0;
    if (secret_file)
        err = read_secret(secret_file, &secret, error);
    if (secret_file)
        options.secret = secret_reveal(&secret).p;
    if (!err)
        err = web_new(loop, &options, view, user, out, error);
    secret_release(&secret);
    if (err != CORDAGE_ENET || !settings->http_any)
        return err;
    log_line(log, LOG_WARN, "there is no page and no metrics: %s (--http PORT, or off)",
             error->message);
    return 0;
}
