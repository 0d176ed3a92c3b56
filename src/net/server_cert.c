/* server_cert.c - the files of a private CA, made once and kept.
 *
 * Under a lock, so that of two processes which start at once one makes the files and the
 * other finds them. Each file is written beside its place and then renamed into it, a
 * certificate after its key: a certificate that is there has its key, whenever the power
 * went. Nothing that exists but can't be used is overwritten: someone may trust it. */
#include "server_cert.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cert.h"
#include "error.h"

#define LOOPBACK_NAMES "DNS:localhost,IP:127.0.0.1,IP:::1"
#define LOOPBACK_ONLY                                                          \
    "critical,permitted;DNS:localhost,permitted;IP:127.0.0.1/255.255.255.255," \
    "permitted;IP:0:0:0:0:0:0:0:1/ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"

enum {
    DAY_S = 24 * 60 * 60,
    CA_DAYS = 3650,
    SERVER_DAYS = 397, /* the most that browsers accept */
    RENEW_DAYS = 30,
    CLOCK_SLACK_S = DAY_S /* a clock that is put right must not undo the certificate */
};

struct place {
    int dir;
    const char *path;
    cordage_error *error;
};

static int broken(const struct place *at, const char *name, const char *what)
{
    ERR_clear_error();
    return error_set(
        at->error, CORDAGE_ETLS,
        "%s/%s %s: delete ca.pem, ca.key, server.pem and server.key there, and "
        "they are made anew",
        at->path, name, what);
}

static int failed(const struct place *at, const char *name, const char *what)
{
    return error_set(at->error, CORDAGE_EIO, "cannot %s %s/%s: %s", what, at->path, name,
                     strerrordesc_np(errno));
}

static int no_memory(const struct place *at)
{
    ERR_clear_error();
    return error_set(at->error, CORDAGE_ENOMEM, "out of memory for a certificate");
}

/* --- the directory --- */

/* Makes the directory, and those above it, for this user alone. */
static int make_directories(const char *path)
{
    char part[sizeof((struct server_cert *)0)->ca_file];

    for (const char *slash = path; (slash = strchr(slash + 1, '/'));) {
        memcpy(part, path, (size_t)(slash - path));
        part[slash - path] = '\0';
        if (mkdir(part, 0700) && errno != EEXIST)
            return -1;
    }
    return mkdir(path, 0700) && errno != EEXIST ? -1 : 0;
}

static int open_directory(const char *path, cordage_error *error)
{
    struct stat st;
    int dir = -1;

    if (!make_directories(path))
        dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0 || fstat(dir, &st)) {
        error_set(error, CORDAGE_EIO, "cannot open the directory %s: %s", path,
                  strerrordesc_np(errno));
    } else if (st.st_uid != geteuid()) {
        error_set(
            error, CORDAGE_ESYSTEM,
            "the directory %s belongs to another user: take a directory of your own",
            path);
    } else if (st.st_mode & (S_IWGRP | S_IWOTH)) {
        error_set(error, CORDAGE_ESYSTEM,
                  "others can write to the directory %s: run chmod 700 '%s'", path, path);
    } else {
        return dir;
    }
    if (dir >= 0)
        close(dir);
    return -1;
}

/* Holds the lock until it is closed. */
static int lock_directory(const struct place *at)
{
    int fd = openat(at->dir, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

    while (fd >= 0 && flock(fd, LOCK_EX)) {
        if (errno != EINTR) {
            close(fd);
            fd = -1;
        }
    }
    if (fd < 0)
        failed(at, "lock", "lock");
    return fd;
}

/* --- reading --- */

/* NULL in `*out`, and 0: there is no such file. */
static int open_to_read(const struct place *at, const char *name, bool is_key, FILE **out)
{
    int fd = openat(at->dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;

    *out = NULL;
    if (fd < 0)
        return errno == ENOENT ? 0 : failed(at, name, "read");
    if (is_key && !fstat(fd, &st) && st.st_mode & (S_IRWXG | S_IRWXO)) {
        close(fd);
        return error_set(at->error, CORDAGE_ESYSTEM,
                         "others can read the key %s/%s: run chmod 600 '%s/%s'", at->path,
                         name, at->path, name);
    }
    *out = fdopen(fd, "r");
    if (!*out)
        close(fd);
    return *out ? 0 : no_memory(at);
}

static int no_passphrase(char *p, int size, int writing, void *user)
{
    (void)p, (void)size, (void)writing, (void)user;
    return -1;
}

/* Reads a certificate and its key; both NULL, and 0: there is no certificate. */
static int read_pair(const struct place *at, const char *cert_name, const char *key_name,
                     struct cert *out)
{
    FILE *f;
    int err = open_to_read(at, cert_name, false, &f);

    *out = (struct cert){ 0 };
    if (err || !f)
        return err;
    out->x509 = PEM_read_X509(f, NULL, no_passphrase, NULL);
    fclose(f);
    if (!out->x509)
        return broken(at, cert_name, "is not a certificate");
    err = open_to_read(at, key_name, true, &f);
    if (err)
        return err;
    if (f) {
        out->key = PEM_read_PrivateKey(f, NULL, no_passphrase, NULL);
        fclose(f);
    }
    if (!out->key)
        return broken(at, key_name, f ? "is not a private key" : "is missing");
    if (X509_check_private_key(out->x509, out->key) != 1)
        return broken(at, key_name, "is another certificate's key");
    return 0;
}

/* There is one, and it doesn't end soon. */
static bool is_fresh(const struct cert *c)
{
    int days, seconds;

    return c->x509 &&
           ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(c->x509)) &&
           days >= RENEW_DAYS;
}

/* --- writing --- */

static bool write_pem(FILE *f, const struct cert *cert, const struct cert *issuer,
                      bool is_key)
{
    bool ok;

    if (is_key)
        ok = PEM_write_PrivateKey(f, cert->key, NULL, NULL, 0, NULL, NULL);
    else
        ok =
            PEM_write_X509(f, cert->x509) && (!issuer || PEM_write_X509(f, issuer->x509));
    return fflush(f) == 0 && ok && fsync(fileno(f)) == 0;
}

static int write_file(const struct place *at, const char *name, const struct cert *cert,
                      const struct cert *issuer, bool is_key)
{
    char temporary[32];
    mode_t mode = is_key ? 0600 : 0644;
    bool ok;
    FILE *f;
    int fd;

    snprintf(temporary, sizeof temporary, "%s.new", name);
    unlinkat(at->dir, temporary, 0); /* left by one that was killed; we hold the lock */
    fd = openat(at->dir, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    f = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (!f) {
        if (fd >= 0)
            close(fd);
        return failed(at, name, "write");
    }
    ok = write_pem(f, cert, issuer, is_key);
    ok = fclose(f) == 0 && ok;
    if (ok && renameat(at->dir, temporary, at->dir, name) == 0)
        return 0;
    unlinkat(at->dir, temporary, 0);
    ERR_clear_error();
    return failed(at, name, "write");
}

/* The old certificate goes first, so that it is never seen beside the new key. */
static int write_pair(const struct place *at, const char *cert_name, const char *key_name,
                      const struct cert *cert, const struct cert *issuer)
{
    int err;

    if (unlinkat(at->dir, cert_name, 0) && errno != ENOENT)
        return failed(at, cert_name, "replace");
    err = write_file(at, key_name, cert, NULL, true);
    return err ? err : write_file(at, cert_name, cert, issuer, false);
}

/* --- the two certificates --- */

static int ensure_ca(const struct place *at, struct cert *ca)
{
    const struct cert_wish wish = { .name = "Cordage loopback CA",
                                    .constraints = LOOPBACK_ONLY,
                                    .is_ca = true,
                                    .from_s = -CLOCK_SLACK_S,
                                    .until_s = (long)CA_DAYS * DAY_S };
    int err = read_pair(at, "ca.pem", "ca.key", ca);

    if (err || is_fresh(ca))
        return err;
    cert_release(ca);
    if (!cert_make(&wish, NULL, ca))
        return no_memory(at);
    return write_pair(at, "ca.pem", "ca.key", ca, NULL);
}

static int ensure_server(const struct place *at, const struct cert *ca)
{
    const struct cert_wish wish = { .name = "localhost",
                                    .alt_names = LOOPBACK_NAMES,
                                    .from_s = -CLOCK_SLACK_S,
                                    .until_s = (long)SERVER_DAYS * DAY_S };
    struct cert server;
    int err = read_pair(at, "server.pem", "server.key", &server);

    /* One that an earlier CA signed goes the way of that CA. */
    if (!err && (!is_fresh(&server) ||
                 X509_verify(server.x509, X509_get0_pubkey(ca->x509)) != 1)) {
        ERR_clear_error();
        cert_release(&server);
        err = cert_make(&wish, ca, &server)
                  ? write_pair(at, "server.pem", "server.key", &server, ca)
                  : no_memory(at);
    }
    cert_release(&server);
    return err;
}

static int set_paths(const char *directory, struct server_cert *out, cordage_error *error)
{
    const size_t size = sizeof out->ca_file;

    if (strlen(directory) + sizeof "/server.pem" > size || !*directory)
        return error_set(error, CORDAGE_EINVAL,
                         "the directory name \"%.100s\" is empty or too long", directory);
    snprintf(out->ca_file, size, "%s/ca.pem", directory);
    snprintf(out->cert_file, size, "%s/server.pem", directory);
    snprintf(out->key_file, size, "%s/server.key", directory);
    return 0;
}

int server_cert_ensure(const char *directory, struct server_cert *out,
                       cordage_error *error)
{
    struct place at = { .path = directory, .error = error };
    struct cert ca = { 0 };
    int lock, err = set_paths(directory, out, error);

    if (err)
        return err;
    at.dir = open_directory(directory, error);
    if (at.dir < 0)
        return error ? error->code : CORDAGE_EIO;
    lock = lock_directory(&at);
    err = lock < 0 ? CORDAGE_EIO : ensure_ca(&at, &ca);
    if (!err)
        err = ensure_server(&at, &ca);
    cert_release(&ca);
    if (lock >= 0)
        close(lock);
    close(at.dir);
    return err;
}
