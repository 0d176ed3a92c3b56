#include "cert.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "mem.h"

enum { SERIAL_BYTES = 16 };

static bool set_serial(X509 *x)
{
    unsigned char bytes[SERIAL_BYTES];
    BIGNUM *n;
    bool ok;

    if (RAND_bytes(bytes, sizeof bytes) != 1)
        return false;
    bytes[0] = (bytes[0] & 0x7f) | 0x40; /* positive, and always as long */
    n = BN_bin2bn(bytes, sizeof bytes, NULL);
    ok = n && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x));
    BN_free(n);
    return ok;
}

static bool set_name(X509 *x, const char *common_name)
{
    X509_NAME *name = X509_get_subject_name(x);

    return X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC,
                                      (const unsigned char *)"Cordage", -1, -1, 0) &&
           X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                      (const unsigned char *)common_name, -1, -1, 0);
}

static bool extend(X509 *x, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509_EXTENSION *extension;
    bool ok;

    X509V3_set_ctx(&context, issuer, x, NULL, NULL, 0);
    X509V3_set_ctx_nodb(&context);
    extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    ok = extension && X509_add_ext(x, extension, -1);
    X509_EXTENSION_free(extension);
    return ok;
}

static bool extend_all(X509 *x, X509 *issuer, const struct cert_wish *w)
{
    const char *basic = w->is_ca ? "critical,CA:TRUE,pathlen:0" : "critical,CA:FALSE";
    const char *usage =
        w->is_ca ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature";

    return extend(x, issuer, NID_basic_constraints, basic) &&
           extend(x, issuer, NID_key_usage, usage) &&
           /* In a CA's certificate this says: for servers, not for mail or programs. */
           extend(x, issuer, NID_ext_key_usage, "serverAuth") &&
           extend(x, issuer, NID_subject_key_identifier, "hash") &&
           extend(x, issuer, NID_authority_key_identifier, "keyid:always") &&
           (!w->alt_names || extend(x, issuer, NID_subject_alt_name, w->alt_names)) &&
           (!w->constraints || extend(x, issuer, NID_name_constraints, w->constraints));
}

bool cert_make(const struct cert_wish *wish, const struct cert *issuer, struct cert *out)
{
    X509 *x = X509_new();
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *issuer_x = issuer ? issuer->x509 : x;

    *out = (struct cert){ .x509 = x, .key = key };
    if (x && key && X509_set_version(x, X509_VERSION_3) && set_serial(x) &&
        set_name(x, wish->name) &&
        X509_set_issuer_name(x, X509_get_subject_name(issuer_x)) &&
        X509_gmtime_adj(X509_getm_notBefore(x), wish->from_s) &&
        X509_gmtime_adj(X509_getm_notAfter(x), wish->until_s) &&
        X509_set_pubkey(x, key) && extend_all(x, issuer_x, wish) &&
        X509_sign(x, issuer ? issuer->key : key, EVP_sha256()))
        return true;
    cert_release(out);
    return false;
}

void cert_release(struct cert *c)
{
    X509_free(c->x509);
    EVP_PKEY_free(c->key);
    *c = (struct cert){ 0 };
}
