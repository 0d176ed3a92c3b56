/* cert.h - making certificates: a key on P-256 and an X.509 certificate for it. */
#ifndef NET_CERT_H
#define NET_CERT_H

#include <openssl/x509.h>
#include <stdbool.h>

/* Zeroed is valid and holds nothing. */
struct cert {
    X509 *x509;
    EVP_PKEY *key;
};

struct cert_wish {
    const char *name;        /* the subject's common name */
    const char *alt_names;   /* "DNS:localhost,IP:127.0.0.1"; NULL: none */
    const char *constraints; /* a CA's: "permitted;DNS:localhost"; NULL: none */
    bool is_ca;              /* it signs servers' certificates, and no other CA's */
    long from_s, until_s;    /* from now; may be negative */
};

/* Signed by `issuer`, or by itself if that is NULL. False: OpenSSL could not, which means
 * no memory. */
bool cert_make(const struct cert_wish *wish, const struct cert *issuer, struct cert *out);
void cert_release(struct cert *c);

#endif
