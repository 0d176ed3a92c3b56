#include "tls.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "mem.h"
#include "tls_inner.h"
#include "tls_io.h"

struct tls_client {
    SSL_CTX *ctx;
};

struct tls_server {
    SSL_CTX *ctx;
};

/* A key with a passphrase is refused: the default would ask on the terminal. */
static int no_passphrase(char *p, int size, int writing, void *user)
{
    (void)p, (void)size, (void)writing, (void)user;
    return -1;
}

static SSL_CTX *new_context(const SSL_METHOD *method)
{
    SSL_CTX *ctx = SSL_CTX_new(method);

    if (!ctx || !SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION)) {
        SSL_CTX_free(ctx);
        return NULL;
    }
    /* An idle connection keeps no buffers, and a busy one a small one to write. */
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_max_send_fragment(ctx, TLS_FRAGMENT);
    /* Of what a wake feeds it, TLS takes as much as a record can be long, and not first a
     * head and then a body. */
    SSL_CTX_set_read_ahead(ctx, 1);
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_default_passwd_cb(ctx, no_passphrase);
    return ctx;
}

/* What is wrong with a file that OpenSSL would not take: that it can't be read, or else
 * what it should have held. */
static int file_error(cordage_error *error, const char *what, const char *file,
                      const char *should_hold)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC);

    ERR_clear_error();
    if (fd < 0)
        return error_set(error, CORDAGE_EIO, "cannot read the %s %s: %s", what, file,
                         strerrordesc_np(errno));
    close(fd);
    return error_set(error, CORDAGE_ETLS, "the %s %s does not hold %s in PEM form", what,
                     file, should_hold);
}

int tls_client_new(const char *ca_file, struct tls_client **out, cordage_error *error)
{
    struct tls_client *t = mem_zero(sizeof *t);

    *out = NULL;
    ERR_clear_error();
    if (t)
        t->ctx = new_context(TLS_client_method());
    if (!t || !t->ctx) {
        tls_client_free(t);
        return error_set(error, CORDAGE_ENOMEM, "out of memory for TLS");
    }
    SSL_CTX_set_verify(t->ctx, SSL_VERIFY_PEER, NULL);
    /* Without a system store only what the CA file vouches for will pass. */
    SSL_CTX_set_default_verify_paths(t->ctx);
    if (ca_file && !SSL_CTX_load_verify_file(t->ctx, ca_file)) {
        tls_client_free(t);
        return file_error(error, "CA file", ca_file, "a certificate");
    }
    *out = t;
    return 0;
}

void tls_client_free(struct tls_client *t)
{
    if (t)
        SSL_CTX_free(t->ctx);
    free(t);
}

int tls_server_new(const char *cert_file, const char *key_file, struct tls_server **out,
                   cordage_error *error)
{
    struct tls_server *t = mem_zero(sizeof *t);
    int err = 0;

    *out = NULL;
    ERR_clear_error();
    if (t)
        t->ctx = new_context(TLS_server_method());
    /* A server may have much to say at once. */
    if (t && t->ctx)
        SSL_CTX_set_max_send_fragment(t->ctx, TLS_RECORD);
    if (!t || !t->ctx)
        err = error_set(error, CORDAGE_ENOMEM, "out of memory for TLS");
    else if (SSL_CTX_use_certificate_chain_file(t->ctx, cert_file) != 1)
        err = file_error(error, "certificate file", cert_file, "a certificate");
    else if (SSL_CTX_use_PrivateKey_file(t->ctx, key_file, SSL_FILETYPE_PEM) != 1)
        err = file_error(error, "key file", key_file,
                         "the private key of that certificate, without a passphrase,");
    if (err) {
        tls_server_free(t);
        return err;
    }
    *out = t;
    return 0;
}

void tls_server_free(struct tls_server *t)
{
    if (t)
        SSL_CTX_free(t->ctx);
    free(t);
}

SSL_CTX *tls_client_context(struct tls_client *t)
{
    return t->ctx;
}

SSL_CTX *tls_server_context(struct tls_server *t)
{
    return t->ctx;
}
