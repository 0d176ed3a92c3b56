#include "sim_bundle.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Where systems keep theirs: Debian and its kin, Fedora and its kin, Alpine. */
static const char *const of_systems[] = { "/etc/ssl/certs/ca-certificates.crt",
                                          "/etc/pki/tls/certs/ca-bundle.crt",
                                          "/etc/ssl/cert.pem", NULL };

static FILE *open_trusted(void)
{
    const char *set = getenv("SSL_CERT_FILE");
    FILE *in = NULL;

    if (set && *set)
        return fopen(set, "r");
    for (const char *const *path = of_systems; *path && !in; path++)
        in = fopen(*path, "r");
    return in;
}

/* Closes `in`; NULL is an empty one. */
static void append(FILE *out, FILE *in)
{
    char bytes[16 * 1024];
    size_t n;

    if (!in)
        return;
    while ((n = fread(bytes, 1, sizeof bytes, in)) > 0)
        fwrite(bytes, 1, n, out);
    fclose(in);
}

static int fail(const char *path, cordage_error *error)
{
    return error_set(error, CORDAGE_EIO,
                     "cannot write %s: %s; set CORDAGE_STATE_DIR to a directory of yours "
                     "with room in it",
                     path, strerror(errno));
}

int sim_bundle(const char *dir, const char *ca_file, char out[SIM_DIR_SIZE + 32],
               cordage_error *error)
{
    char fresh[SIM_DIR_SIZE + 32];
    FILE *ca = fopen(ca_file, "r"), *to;
    int fd, broken;

    snprintf(out, SIM_DIR_SIZE + 32, "%s/bundle.pem", dir);
    snprintf(fresh, sizeof fresh, "%s/bundle-XXXXXX", dir);
    if (!ca)
        return fail(ca_file, error);
    /* Others may read the old one just now. */
    fd = mkstemp(fresh);
    to = fd < 0 ? NULL : fdopen(fd, "w");
    if (!to) {
        fclose(ca);
        return fail(fresh, error);
    }
    append(to, open_trusted());
    fputc('\n', to);
    append(to, ca);
    broken = ferror(to);
    if (fclose(to) || broken || rename(fresh, out) < 0) {
        unlink(fresh);
        return fail(out, error);
    }
    return 0;
}
