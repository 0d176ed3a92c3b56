#include "certs.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DAY = 24 * 3600 };

static void need(int ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "certs: %s failed\n", what);
        exit(99);
    }
}

static void extend(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509_EXTENSION *extension;

    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    need(extension && X509_add_ext(cert, extension, -1), "extension");
    X509_EXTENSION_free(extension);
}

/* `names` NULL: an authority, which signs itself. */
static X509 *make(EVP_PKEY *key, X509 *issuer, const char *cn, const char *names,
                  long days)
{
    static long serial = 1000;
    X509 *cert = X509_new();
    X509_NAME *name;

    need(cert != NULL, "X509_new");
    X509_set_version(cert, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(cert), -30L * DAY);
    X509_gmtime_adj(X509_getm_notAfter(cert), days * DAY);
    name = X509_get_subject_name(cert);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)cn, -1,
                               -1, 0);
    X509_set_issuer_name(cert, issuer ? X509_get_subject_name(issuer) : name);
    X509_set_pubkey(cert, key);
    extend(cert, issuer ? issuer : cert, NID_basic_constraints,
           names ? "critical,CA:FALSE" : "critical,CA:TRUE");
    if (names)
        extend(cert, issuer, NID_subject_alt_name, names);
    need(X509_sign(cert, key, EVP_sha256()), "X509_sign");
    return cert;
}

static void save(const char *path, X509 *cert, EVP_PKEY *key)
{
    FILE *f = fopen(path, "w");

    need(f != NULL, path);
    need(cert ? PEM_write_X509(f, cert)
              : PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL),
         path);
    fclose(f);
    X509_free(cert);
}

void certs_make(struct certs *c)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *ca;

    strcpy(c->dir, "/tmp/cordage-certs-XXXXXX");
    need(key && mkdtemp(c->dir), "mkdtemp");
    snprintf(c->ca, sizeof c->ca, "%s/ca.pem", c->dir);
    snprintf(c->good, sizeof c->good, "%s/good.pem", c->dir);
    snprintf(c->wrong, sizeof c->wrong, "%s/wrong.pem", c->dir);
    snprintf(c->expired, sizeof c->expired, "%s/expired.pem", c->dir);
    snprintf(c->other_ca, sizeof c->other_ca, "%s/other_ca.pem", c->dir);
    snprintf(c->key, sizeof c->key, "%s/key.pem", c->dir);
    ca = make(key, NULL, "Test authority", NULL, 30);
    save(c->good, make(key, ca, "good", "DNS:localhost,IP:127.0.0.1", 30), NULL);
    save(c->wrong, make(key, ca, "wrong", "DNS:other.example", 30), NULL);
    save(c->expired, make(key, ca, "expired", "DNS:localhost,IP:127.0.0.1", -1), NULL);
    save(c->other_ca, make(key, NULL, "Another authority", NULL, 30), NULL);
    save(c->ca, ca, NULL);
    save(c->key, NULL, key);
    EVP_PKEY_free(key);
}

void certs_remove(struct certs *c)
{
    const char *const files[] = { c->ca,      c->good,     c->wrong,
                                  c->expired, c->other_ca, c->key };

    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        unlink(files[i]);
    rmdir(c->dir);
}
