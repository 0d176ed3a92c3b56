#include "web_access.h"

#include <arpa/inet.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

#include "authority.h"
#include "error.h"
#include "mem.h"

/* The longest has room in the header that sets the cookie. */
enum { SECRET_SHORTEST = 16, SECRET_LONGEST = 256 };

static bool is_loopback(const char *address)
{
    struct in6_addr in6;
    struct in_addr in;

    if (inet_pton(AF_INET, address, &in) == 1)
        return ntohl(in.s_addr) >> 24 == 127;
    return inet_pton(AF_INET6, address, &in6) == 1 && IN6_IS_ADDR_LOOPBACK(&in6);
}

/* It goes into an address, a cookie and a header as it stands. */
static bool is_usable_secret(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];

        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
            !(c >= '0' && c <= '9') && c != '-' && c != '.' && c != '_' && c != '~')
            return false;
    }
    return s.n >= SECRET_SHORTEST && s.n <= SECRET_LONGEST;
}

static int judge(const struct web_options *o, bool is_remote, cordage_error *error)
{
    if (!o->cert_file != !o->key_file)
        return error_set(error, CORDAGE_EINVAL,
                         "https needs both --http-cert-file and --http-key-file");
    if (o->secret && !is_usable_secret(str_of(o->secret)))
        return error_set(
            error, CORDAGE_EINVAL,
            "the secret in --http-secret-file must have %d to %d letters, digits "
            "or any of -._~; `openssl rand -hex 24` makes one",
            SECRET_SHORTEST, SECRET_LONGEST);
    if (!is_remote)
        return 0;
    if (!o->secret)
        return error_set(error, CORDAGE_EINVAL,
                         "other machines can reach %s: give --http-secret-file (`openssl "
                         "rand -hex 24 > FILE` makes one), or listen on 127.0.0.1",
                         o->address);
    if (!o->cert_file && !o->behind_proxy)
        return error_set(error, CORDAGE_EINVAL,
                         "on %s the secret would cross the network in the open: give "
                         "--http-cert-file and --http-key-file, or --behind-proxy where "
                         "a proxy before it does TLS",
                         o->address);
    return 0;
}

int web_access_init(struct web_access *a, const struct web_options *options,
                    cordage_error *error)
{
    bool is_remote = !is_loopback(options->address);
    int err = judge(options, is_remote, error);

    *a = (struct web_access){ .is_remote = is_remote,
                              .is_secure = options->cert_file || options->behind_proxy };
    if (err)
        return err;
    if (options->hosts) {
        a->hosts = mem_copy(options->hosts, strlen(options->hosts));
        err = a->hosts ? 0 : CORDAGE_ENOMEM;
    }
    if (!err && options->secret)
        err = secret_set(&a->secret, str_of(options->secret));
    if (err) {
        web_access_release(a);
        return error_set(error, err, "%s", cordage_strerror(err));
    }
    return 0;
}

void web_access_release(struct web_access *a)
{
    free(a->hosts);
    secret_release(&a->secret);
    *a = (struct web_access){ 0 };
}

/* Takes as long for a wrong secret as for the right one. */
static bool is_secret(const struct web_access *a, struct str s)
{
    struct str want = secret_reveal(&a->secret);

    return s.n == want.n && CRYPTO_memcmp(s.p, want.p, s.n) == 0;
}

/* The value of NAME in "NAME=value; other=value", or of a query with '&'. */
static struct str find_value(struct str list, char between, const char *name)
{
    while (list.n) {
        const char *end = memchr(list.p, between, list.n);
        size_t n = end ? (size_t)(end - list.p) : list.n;
        struct str pair = str_trim((struct str){ list.p, n });
        struct str key = str_of(name);

        if (pair.n > key.n && pair.p[key.n] == '=' && str_starts(pair, key))
            return (struct str){ pair.p + key.n + 1, pair.n - key.n - 1 };
        list.p += n + (end != NULL);
        list.n -= n + (end != NULL);
    }
    return (struct str){ 0 };
}

static struct str header(const struct httpd_request *r, const char *name)
{
    const char *value = httpd_header(r, name);

    return value ? str_of(value) : STR("");
}

/* Cookies know no ports: two fleets on a machine have one each. */
static void cookie_name(uint16_t port, char name[32])
{
    snprintf(name, 32, "cordage_%u", port);
}

static bool knows_secret(const struct web_access *a, const struct httpd_request *r,
                         uint16_t port)
{
    struct str authorization = header(r, "Authorization"), bearer = STR("Bearer ");
    char name[32];

    if (authorization.n > bearer.n &&
        str_eq_nocase((struct str){ authorization.p, bearer.n }, bearer))
        return is_secret(a, str_trim((struct str){ authorization.p + bearer.n,
                                                   authorization.n - bearer.n }));
    cookie_name(port, name);
    return is_secret(a, find_value(header(r, "Cookie"), ';', name));
}

static void refuse(struct httpd_answer *out, unsigned status, const char *text)
{
    out->status = status;
    httpd_add_header(out, "Content-Type", "text/plain; charset=utf-8");
    buf_append_z(&out->body, text);
}

/* /?secret=... becomes a cookie, and leaves the address. */
static void set_cookie(const struct web_access *a, uint16_t port,
                       struct httpd_answer *out)
{
    struct str secret = secret_reveal(&a->secret);
    char name[32], value[512];

    cookie_name(port, name);
    snprintf(value, sizeof value, "%s=%.*s; Path=/; HttpOnly; SameSite=Lax%s", name,
             STR_FMT(secret), a->is_secure ? "; Secure" : "");
    out->status = 303;
    httpd_add_header(out, "Set-Cookie", value);
    httpd_add_header(out, "Location", "/");
    mem_wipe(value, sizeof value);
}

bool web_access_allows(const struct web_access *a, const struct httpd_request *r,
                       uint16_t port, struct httpd_answer *out)
{
    struct str host = header(r, "Host"), origin = header(r, "Origin");

    /* Any port: it may be the near end of a tunnel, and no page can choose its name. */
    if (!authority_is_named(host, origin, "localhost,127.0.0.1,::1", a->is_remote) &&
        !authority_is_named(host, origin, a->hosts, false)) {
        refuse(out, 403,
               "This is not a name of this server, or a page of another asked.\n"
               "--http-host gives it further names.\n");
        return false;
    }
    if (a->secret.n == 0)
        return true;
    if (str_is(httpd_path(r), "/") &&
        is_secret(a, find_value(httpd_query(r), '&', "secret"))) {
        set_cookie(a, port, out);
        return false;
    }
    if (knows_secret(a, r, port))
        return true;
    refuse(out, 401,
           "This needs the secret: open /?secret=... once in this browser, or send\n"
           "Authorization: Bearer ... with each request.\n");
    httpd_add_header(out, "WWW-Authenticate", "Bearer");
    return false;
}
