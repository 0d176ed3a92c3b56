#include "tls_io.h"

#include <arpa/inet.h>
#include <assert.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "tls_inner.h"

/* Every call into OpenSSL begins with an empty error queue: SSL_get_error looks at it,
 * and an error that another connection left there would make our "wants more" fatal. */

static void forget_errors(void)
{
    if (ERR_peek_error()) /* clearing an empty queue costs more than looking */
        ERR_clear_error();
}

static int bio_read(BIO *b, char *p, int size)
{
    const struct tls_io *io = BIO_get_data(b);
    struct tls_feed *feed = io->feed;
    size_t n = (size_t)size;

    BIO_clear_retry_flags(b);
    if (feed->owner != io || feed->n == 0) {
        BIO_set_retry_read(b);
        return -1;
    }
    if (n > feed->n)
        n = feed->n;
    memcpy(p, feed->p, n);
    feed->p += n;
    feed->n -= n;
    return (int)n;
}

static int bio_write(BIO *b, const char *p, int n)
{
    const struct tls_io *io = BIO_get_data(b);

    BIO_clear_retry_flags(b);
    return buf_append(io->out, p, (size_t)n) ? -1 : n;
}

static long bio_ctrl(BIO *b, int what, long number, void *pointer)
{
    (void)b, (void)number, (void)pointer;
    return what == BIO_CTRL_FLUSH; /* 1: done; all else is not supported */
}

BIO_METHOD *tls_io_method(void)
{
    BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "cordage");

    if (!method)
        return NULL;
    BIO_meth_set_read(method, bio_read);
    BIO_meth_set_write(method, bio_write);
    BIO_meth_set_ctrl(method, bio_ctrl);
    return method;
}

static int attach(struct tls_io *io, SSL_CTX *ctx, BIO_METHOD *method)
{
    BIO *bio = BIO_new(method);

    io->ssl = SSL_new(ctx);
    if (!io->ssl || !bio) {
        BIO_free(bio);
        tls_io_release(io);
        return CORDAGE_ENOMEM;
    }
    BIO_set_data(bio, io);
    BIO_set_init(bio, 1);
    SSL_set_bio(io->ssl, bio, bio); /* takes it */
    return 0;
}

static bool is_address(const char *host)
{
    unsigned char address[sizeof(struct in6_addr)];

    return inet_pton(AF_INET, host, address) == 1 ||
           inet_pton(AF_INET6, host, address) == 1;
}

int tls_io_connect(struct tls_io *io, struct tls_client *t, const char *host,
                   BIO_METHOD *method)
{
    X509_VERIFY_PARAM *verify;
    int err = attach(io, tls_client_context(t), method);
    int ok;

    if (err)
        return err;
    verify = SSL_get0_param(io->ssl);
    if (is_address(host)) {
        ok = X509_VERIFY_PARAM_set1_ip_asc(verify, host);
    } else {
        X509_VERIFY_PARAM_set_hostflags(verify, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        ok = X509_VERIFY_PARAM_set1_host(verify, host, 0) &&
             SSL_set_tlsext_host_name(io->ssl, host);
    }
    if (!ok) {
        tls_io_release(io);
        return CORDAGE_ENOMEM;
    }
    SSL_set_connect_state(io->ssl);
    return 0;
}

int tls_io_accept(struct tls_io *io, struct tls_server *t, BIO_METHOD *method)
{
    int err = attach(io, tls_server_context(t), method);

    if (!err)
        SSL_set_accept_state(io->ssl);
    return err;
}

void tls_io_release(struct tls_io *io)
{
    SSL_free(io->ssl);
    io->ssl = NULL;
}

static enum tls_result result_of(struct tls_io *io, int returned)
{
    switch (SSL_get_error(io->ssl, returned)) {
    case SSL_ERROR_WANT_READ:
        return TLS_MORE;
    case SSL_ERROR_ZERO_RETURN:
        return TLS_END;
    default:
        return TLS_FAILED;
    }
}

enum tls_result tls_io_handshake(struct tls_io *io)
{
    int returned;

    forget_errors();
    returned = SSL_do_handshake(io->ssl);
    return returned == 1 ? TLS_OK : result_of(io, returned);
}

enum tls_result tls_io_read(struct tls_io *io, char *p, size_t size, size_t *n)
{
    *n = 0;
    forget_errors();
    return SSL_read_ex(io->ssl, p, size, n) ? TLS_OK : result_of(io, 0);
}

bool tls_io_write(struct tls_io *io, struct str bytes)
{
    size_t n;

    assert(bytes.n > 0);
    forget_errors();
    return SSL_write_ex(io->ssl, bytes.p, bytes.n, &n);
}

void tls_io_bye(struct tls_io *io)
{
    forget_errors();
    SSL_shutdown(io->ssl);
    forget_errors();
}

static const char *why_unverified(long verdict)
{
    switch (verdict) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return "certificate has expired";
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return "certificate is not valid yet (is this machine's clock right?)";
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return "the certificate is for another name";
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        return "self-signed certificate";
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        return "self-signed certificate in chain";
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        return "the certificate's issuer is not trusted";
    case X509_V_ERR_PERMITTED_VIOLATION:
    case X509_V_ERR_EXCLUDED_VIOLATION:
        return "the certificate's issuer may not vouch for this name";
    default:
        return X509_verify_cert_error_string(verdict);
    }
}

const char *tls_io_why(const struct tls_io *io)
{
    unsigned long error = ERR_peek_error();
    const char *text;

    switch (ERR_GET_REASON(error)) {
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
        return why_unverified(SSL_get_verify_result(io->ssl));
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_PACKET_LENGTH_TOO_LONG:
    case SSL_R_HTTP_REQUEST:
        return "the peer does not speak TLS";
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
    case SSL_R_VERSION_TOO_LOW:
        return "no version of TLS in common (1.2 at least)";
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
        return "the peer does not trust our certificate's issuer";
    case SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC:
        return "a TLS record was tampered with";
    default:
        text = ERR_reason_error_string(error);
        return text ? text : "TLS failed";
    }
}
