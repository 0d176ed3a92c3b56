#include "test.h"

#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cert.h"
#include "server_cert.h"
#include "tls.h"

struct rig {
    char top[64]; /* removed at the end, with `directory` in it */
    char directory[96];
    struct server_cert files;
    cordage_error error;
};

static struct rig rig_new(void)
{
    struct rig r = { .top = "/tmp/cordage-test-XXXXXX" };

    CHECK(mkdtemp(r.top));
    snprintf(r.directory, sizeof r.directory, "%s/deep/certs", r.top);
    return r;
}

static void rig_free(struct rig *r)
{
    char command[128];

    snprintf(command, sizeof command, "rm -rf '%s'", r->top);
    CHECK_INT(system(command), 0);
}

static int ensure(struct rig *r)
{
    r->error.message[0] = '\0';
    return server_cert_ensure(r->directory, &r->files, &r->error);
}

static unsigned mode_of(const char *path)
{
    struct stat st;

    CHECK_INT(stat(path, &st), 0);
    return st.st_mode & 07777;
}

static X509 *read_x509(const char *path)
{
    FILE *f = fopen(path, "r");
    X509 *x;

    CHECK(f);
    x = PEM_read_X509(f, NULL, NULL, NULL);
    fclose(f);
    CHECK(x);
    return x;
}

static struct cert read_cert(const char *cert_file, const char *key_file)
{
    struct cert c = { .x509 = read_x509(cert_file) };
    FILE *f = fopen(key_file, "r");

    CHECK(f);
    c.key = PEM_read_PrivateKey(f, NULL, NULL, NULL);
    fclose(f);
    CHECK(c.key);
    return c;
}

static struct cert read_ca(const struct rig *r)
{
    char key[600];

    snprintf(key, sizeof key, "%s/ca.key", r->directory);
    return read_cert(r->files.ca_file, key);
}

static void write_cert(const struct cert *c, const char *cert_file, const char *key_file)
{
    FILE *f = fopen(cert_file, "w");

    CHECK(f && PEM_write_X509(f, c->x509));
    fclose(f);
    f = fopen(key_file, "w");
    CHECK(f && PEM_write_PrivateKey(f, c->key, NULL, NULL, 0, NULL, NULL));
    fclose(f);
}

/* What a client that trusts `ca` makes of `x` as the certificate of `host`. */
static int verdict(X509 *ca, X509 *x, const char *host)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    int result;

    X509_STORE_add_cert(store, ca);
    X509_STORE_CTX_init(ctx, store, x, NULL);
    X509_STORE_CTX_set_default(ctx, "ssl_server");
    if (!X509_VERIFY_PARAM_set1_ip_asc(X509_STORE_CTX_get0_param(ctx), host))
        X509_VERIFY_PARAM_set1_host(X509_STORE_CTX_get0_param(ctx), host, 0);
    X509_verify_cert(ctx);
    result = X509_STORE_CTX_get_error(ctx);
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    return result;
}

TEST(the_files_are_made_private_and_fit_loopback)
{
    struct rig r = rig_new();
    struct tls_server *server;
    struct tls_client *client;
    X509 *ca, *x;
    char key[600];

    CHECK_INT(ensure(&r), 0);
    snprintf(key, sizeof key, "%s/ca.key", r.directory);
    CHECK_INT(mode_of(r.directory), 0700);
    CHECK_INT(mode_of(key), 0600);
    CHECK_INT(mode_of(r.files.key_file), 0600);
    ca = read_x509(r.files.ca_file);
    x = read_x509(r.files.cert_file);
    CHECK_INT(verdict(ca, x, "localhost"), X509_V_OK);
    CHECK_INT(verdict(ca, x, "127.0.0.1"), X509_V_OK);
    CHECK_INT(verdict(ca, x, "::1"), X509_V_OK);
    CHECK_INT(verdict(ca, x, "discord.com"), X509_V_ERR_HOSTNAME_MISMATCH);
    CHECK_INT(verdict(ca, x, "127.0.0.2"), X509_V_ERR_IP_ADDRESS_MISMATCH);
    X509_free(ca);
    X509_free(x);
    CHECK_INT(tls_server_new(r.files.cert_file, r.files.key_file, &server, &r.error), 0);
    CHECK_INT(tls_client_new(r.files.ca_file, &client, &r.error), 0);
    tls_server_free(server);
    tls_client_free(client);
    rig_free(&r);
}

TEST(the_files_are_found_again)
{
    struct rig r = rig_new();
    X509 *first[2], *again[2];

    CHECK_INT(ensure(&r), 0);
    first[0] = read_x509(r.files.ca_file);
    first[1] = read_x509(r.files.cert_file);
    CHECK_INT(ensure(&r), 0);
    again[0] = read_x509(r.files.ca_file);
    again[1] = read_x509(r.files.cert_file);
    for (int i = 0; i < 2; i++) {
        CHECK_INT(X509_cmp(first[i], again[i]), 0);
        X509_free(first[i]);
        X509_free(again[i]);
    }
    rig_free(&r);
}

TEST(the_ca_can_vouch_for_loopback_alone)
{
    static const char *const foreign[] = { "DNS:discord.com", "IP:10.0.0.1",
                                           "DNS:localhost,DNS:discord.com",
                                           "IP:127.0.0.2", "IP:::2" };
    static const char *const host[] = { "discord.com", "10.0.0.1", "localhost",
                                        "127.0.0.2", "::2" };
    struct rig r = rig_new();
    struct cert ca, made, below;
    struct cert_wish wish = { .name = "x", .until_s = 3600 };

    CHECK_INT(ensure(&r), 0);
    ca = read_ca(&r);
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) {
        wish.alt_names = foreign[i];
        CHECK(cert_make(&wish, &ca, &made));
        CHECK_INT(verdict(ca.x509, made.x509, host[i]), X509_V_ERR_PERMITTED_VIOLATION);
        cert_release(&made);
    }
    wish.alt_names = NULL; /* a name in the subject alone is a name too */
    wish.name = "discord.com";
    CHECK(cert_make(&wish, &ca, &made));
    CHECK_INT(verdict(ca.x509, made.x509, "discord.com"), X509_V_ERR_PERMITTED_VIOLATION);
    cert_release(&made);

    wish = (struct cert_wish){ .name = "a CA below", .is_ca = true, .until_s = 3600 };
    CHECK(cert_make(&wish, &ca, &below));
    CHECK(verdict(ca.x509, below.x509, "localhost") != X509_V_OK);
    cert_release(&below);
    cert_release(&ca);
    rig_free(&r);
}

TEST(a_certificate_near_its_end_is_made_anew_by_the_same_ca)
{
    struct rig r = rig_new();
    struct cert_wish wish = { .name = "localhost",
                              .alt_names = "DNS:localhost",
                              .until_s = 29 * 24 * 3600 };
    struct cert ca, old;
    X509 *now;

    CHECK_INT(ensure(&r), 0);
    ca = read_ca(&r);
    CHECK(cert_make(&wish, &ca, &old));
    write_cert(&old, r.files.cert_file, r.files.key_file);
    CHECK_INT(ensure(&r), 0);
    now = read_x509(r.files.cert_file);
    CHECK(X509_cmp(now, old.x509) != 0);
    CHECK_INT(verdict(ca.x509, now, "localhost"), X509_V_OK);
    X509_free(now);
    cert_release(&old);
    cert_release(&ca);
    rig_free(&r);
}

TEST(a_ca_near_its_end_is_replaced_with_all_it_signed)
{
    struct rig r = rig_new();
    struct cert_wish wish = { .name = "old CA",
                              .is_ca = true,
                              .until_s = 29 * 24 * 3600 };
    struct cert old;
    char key[600];
    X509 *ca, *x;

    CHECK_INT(ensure(&r), 0);
    CHECK(cert_make(&wish, NULL, &old));
    snprintf(key, sizeof key, "%s/ca.key", r.directory);
    write_cert(&old, r.files.ca_file, key);
    CHECK_INT(ensure(&r), 0);
    ca = read_x509(r.files.ca_file);
    x = read_x509(r.files.cert_file);
    CHECK(X509_cmp(ca, old.x509) != 0);
    CHECK_INT(verdict(ca, x, "localhost"), X509_V_OK);
    X509_free(ca);
    X509_free(x);
    cert_release(&old);
    rig_free(&r);
}

TEST(broken_files_are_told_with_the_fix_and_left_alone)
{
    static const char *const names[] = { "ca.pem", "ca.key", "server.pem", "server.key" };

    for (size_t i = 0; i < 4; i++) {
        struct rig r = rig_new();
        char path[600], text[8] = "";
        FILE *f;

        CHECK_INT(ensure(&r), 0);
        snprintf(path, sizeof path, "%s/%s", r.directory, names[i]);
        f = fopen(path, "w");
        fputs("rubbish", f);
        fclose(f);
        CHECK_INT(ensure(&r), CORDAGE_ETLS);
        CHECK(strstr(r.error.message, names[i]) && strstr(r.error.message, "delete"));
        f = fopen(path, "r");
        CHECK(f && fgets(text, sizeof text, f));
        fclose(f);
        CHECK_STR(str_of(text), "rubbish");
        rig_free(&r);
    }
}

TEST(a_write_that_was_cut_short_is_done_over)
{
    static const char *const names[] = { "ca.pem", "server.pem" };

    for (size_t i = 0; i < 2; i++) {
        struct rig r = rig_new();
        char path[600];
        X509 *ca, *x;

        CHECK_INT(ensure(&r), 0);
        snprintf(path, sizeof path, "%s/%s", r.directory, names[i]);
        CHECK_INT(unlink(path), 0);
        snprintf(path, sizeof path, "%s/%s.new", r.directory, names[i]);
        CHECK_INT(close(open(path, O_CREAT | O_WRONLY, 0600)), 0);
        CHECK_INT(ensure(&r), 0);
        ca = read_x509(r.files.ca_file);
        x = read_x509(r.files.cert_file);
        CHECK_INT(verdict(ca, x, "localhost"), X509_V_OK);
        X509_free(ca);
        X509_free(x);
        rig_free(&r);
    }
}

TEST(what_others_can_reach_is_refused)
{
    struct rig r = rig_new();

    CHECK_INT(ensure(&r), 0);
    CHECK_INT(chmod(r.files.key_file, 0640), 0);
    CHECK_INT(ensure(&r), CORDAGE_ESYSTEM);
    CHECK(strstr(r.error.message, "chmod 600"));
    CHECK_INT(chmod(r.files.key_file, 0600), 0);
    CHECK_INT(chmod(r.directory, 0777), 0);
    CHECK_INT(ensure(&r), CORDAGE_ESYSTEM);
    CHECK(strstr(r.error.message, "chmod 700"));
    CHECK_INT(chmod(r.directory, 0700), 0);
    CHECK_INT(ensure(&r), 0);
    rig_free(&r);
}

TEST(a_directory_that_cannot_be_made_is_named)
{
    struct rig r = rig_new();

    snprintf(r.directory, sizeof r.directory, "/dev/null/certs");
    CHECK_INT(ensure(&r), CORDAGE_EIO);
    CHECK(strstr(r.error.message, "/dev/null/certs"));
    r.directory[0] = '\0';
    CHECK_INT(ensure(&r), CORDAGE_EINVAL);
    rig_free(&r);
}

TEST(processes_that_start_at_once_agree)
{
    enum { N = 4 };
    struct rig r = rig_new();
    pid_t children[N];
    X509 *ca, *x;
    int status;

    for (int i = 0; i < N; i++) {
        children[i] = fork();
        CHECK(children[i] >= 0);
        if (children[i] == 0)
            _exit(server_cert_ensure(r.directory, &r.files, NULL) != 0);
    }
    for (int i = 0; i < N; i++) {
        CHECK_INT(waitpid(children[i], &status, 0), children[i]);
        CHECK_INT(status, 0);
    }
    CHECK_INT(ensure(&r), 0);
    ca = read_x509(r.files.ca_file);
    x = read_x509(r.files.cert_file);
    CHECK_INT(verdict(ca, x, "localhost"), X509_V_OK);
    X509_free(ca);
    X509_free(x);
    rig_free(&r);
}

TEST(files_that_are_no_certificates_are_named)
{
    struct tls_client *client;
    struct tls_server *server;
    struct rig r = rig_new();

    CHECK_INT(ensure(&r), 0);
    CHECK_INT(tls_client_new("/nonexistent/ca.pem", &client, &r.error), CORDAGE_EIO);
    CHECK(strstr(r.error.message, "/nonexistent/ca.pem"));
    CHECK_INT(tls_client_new(r.files.key_file, &client, &r.error), CORDAGE_ETLS);
    CHECK(strstr(r.error.message, "server.key"));
    CHECK_INT(tls_server_new(r.files.key_file, r.files.key_file, &server, &r.error),
              CORDAGE_ETLS);
    CHECK(strstr(r.error.message, "certificate file"));
    CHECK_INT(tls_server_new(r.files.ca_file, r.files.key_file, &server, &r.error),
              CORDAGE_ETLS);
    CHECK(strstr(r.error.message, "key file"));
    rig_free(&r);
}

RUN_TESTS(T(the_files_are_made_private_and_fit_loopback), T(the_files_are_found_again),
          T(the_ca_can_vouch_for_loopback_alone),
          T(a_certificate_near_its_end_is_made_anew_by_the_same_ca),
          T(a_ca_near_its_end_is_replaced_with_all_it_signed),
          T(broken_files_are_told_with_the_fix_and_left_alone),
          T(a_write_that_was_cut_short_is_done_over), T(what_others_can_reach_is_refused),
          T(a_directory_that_cannot_be_made_is_named),
          T(processes_that_start_at_once_agree),
          T(files_that_are_no_certificates_are_named))
