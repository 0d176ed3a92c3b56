#include "transfer.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "limits.h"
#include "mem.h"

enum {
    TIMEOUT_MS = 15000,
    CONNECT_TIMEOUT_MS = 10000,
    HEAD_MAX = 64 * 1024, /* Discord's is some 2 KB */
};

/* The system's certificates and those of `ca_file`. */
static int read_trusted(const char *ca_file, X509_STORE **out, cordage_error *error)
{
    X509_STORE *store = X509_STORE_new();

    *out = store;
    if (!store)
        return error_set(error, CORDAGE_ENOMEM, "Out of memory.");
    /* A system without certificates is no mistake where a CA file is given. */
    X509_STORE_set_default_paths(store);
    if (!ca_file || X509_STORE_load_file(store, ca_file) == 1) {
        ERR_clear_error();
        return 0;
    }
    error_set(error, CORDAGE_EINVAL, "The CA file %s cannot be used: %s.", ca_file,
              ERR_reason_error_string(ERR_peek_error())
                  ? ERR_reason_error_string(ERR_peek_error())
                  : "it holds no certificate in PEM form");
    ERR_clear_error();
    return CORDAGE_EINVAL;
}

static int keep(char **to, const char *from)
{
    *to = NULL;
    if (from && !(*to = mem_copy(from, strlen(from))))
        return CORDAGE_ENOMEM;
    return 0;
}

int transfer_config_init(struct transfer_config *c, const struct http_options *options,
                         cordage_error *error)
{
    int err;

    memset(c, 0, sizeof *c);
    /* Counted by libcurl, and safe from any thread since 7.84. */
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return error_set(error, CORDAGE_ENOMEM, "libcurl cannot start.");
    c->curl_started = true;
    if (!str_starts(str_of(curl_version_info(CURLVERSION_NOW)->ssl_version),
                    STR("OpenSSL"))) {
        /* Another TLS would not see the certificates that we trust. */
        err =
            error_set(error, CORDAGE_ESYSTEM,
                      "libcurl is not built with OpenSSL here: install libcurl4 (Debian) "
                      "in place of its other builds.");
        goto fail;
    }
    err = read_trusted(options->ca_file, &c->trusted, error);
    if (err)
        goto fail;
    if (keep(&c->proxy, options->proxy) || keep(&c->user_agent, options->user_agent)) {
        err = error_set(error, CORDAGE_ENOMEM, "Out of memory.");
        goto fail;
    }
    return 0;
fail:
    transfer_config_release(c);
    return err;
}

void transfer_config_release(struct transfer_config *c)
{
    X509_STORE_free(c->trusted);
    free(c->proxy);
    free(c->user_agent);
    if (c->curl_started)
        curl_global_cleanup();
    memset(c, 0, sizeof *c);
}

static CURLcode give_trusted(CURL *easy, void *ssl_ctx, void *user)
{
    X509_STORE *trusted = user;

    (void)easy;
    SSL_CTX_set1_cert_store(ssl_ctx, trusted);
    return CURLE_OK;
}

static size_t take_body(char *p, size_t size, size_t n, void *user)
{
    struct transfer *t = user;

    t->err = buf_append(&t->body, p, size * n);
    return t->err ? 0 : size * n;
}

static size_t take_head(char *p, size_t size, size_t n, void *user)
{
    struct transfer *t = user;
    struct str line = { p, size * n };

    if (str_starts(line, STR("HTTP/")))
        buf_clear(&t->head); /* an earlier one was a 100 Continue, or the proxy's */
    t->err = buf_append_str(&t->head, line);
    return t->err ? 0 : line.n;
}

static size_t give_upload(char *p, size_t size, size_t n, void *user)
{
    struct transfer *t = user;
    size_t left = t->upload.n - t->uploaded, take = size * n < left ? size * n : left;

    if (take > 0)
        memcpy(p, t->upload.p + t->uploaded, take);
    t->uploaded += take;
    return take;
}

/* To repeat a request libcurl rewinds its body: refusing that is how one says no. */
static int refuse_rewind(void *user, curl_off_t offset, int origin)
{
    const struct transfer *t = user;

    if (t->uploaded == 0 && offset == 0 && origin == SEEK_SET)
        return CURL_SEEKFUNC_OK;
    return CURL_SEEKFUNC_FAIL;
}

static int add_header(struct transfer *t, const char *line)
{
    struct curl_slist *more = curl_slist_append(t->headers, line);

    if (!more)
        return CORDAGE_ENOMEM;
    t->headers = more;
    return 0;
}

static int add_headers(struct transfer *t, const struct http_request *r)
{
    char line[SECRET_MAX + 64];
    int err = add_header(t, "Expect:"); /* no waiting for 100 Continue */

    if (!err && r->body.n > 0) {
        snprintf(line, sizeof line, "Content-Type: %s", r->content_type);
        err = add_header(t, line);
    } else if (!err) {
        err = add_header(t, "Content-Type:"); /* else libcurl says it is a form */
    }
    if (!err && r->token && r->token->n > 0) {
        struct str token = secret_reveal(r->token);

        snprintf(line, sizeof line, "Authorization: Bot %.*s", STR_FMT(token));
        err = add_header(t, line);
        mem_wipe(line, sizeof line);
    }
    for (const char *const *more = r->headers; more && *more && !err; more++)
        err = add_header(t, *more);
    return err;
}

/* Every option must take: an old libcurl that lacks one must not go on without it. */
#define SET(option, value) (code = code ? code : curl_easy_setopt(easy, option, value))

static CURLcode set_method(struct transfer *t, const struct http_request *r)
{
    CURL *easy = t->easy;
    CURLcode code = CURLE_OK;

    if (strcmp(r->method, "GET") == 0 && r->body.n == 0)
        return SET(CURLOPT_HTTPGET, 1L);
    if (strcmp(r->method, "DELETE") == 0 && r->body.n == 0) {
        SET(CURLOPT_HTTPGET, 1L);
        return SET(CURLOPT_CUSTOMREQUEST, "DELETE");
    }
    /* Also without a body: then it says "Content-Length: 0", which peers ask for. */
    SET(CURLOPT_POST, 1L);
    SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body.n);
    SET(CURLOPT_CUSTOMREQUEST, r->method);
    if (!r->at_most_once || r->body.n == 0)
        return SET(CURLOPT_POSTFIELDS, t->upload.p ? t->upload.p : "");
    SET(CURLOPT_READFUNCTION, give_upload);
    SET(CURLOPT_READDATA, t);
    SET(CURLOPT_SEEKFUNCTION, refuse_rewind);
    return SET(CURLOPT_SEEKDATA, t);
}

static CURLcode set_security(CURL *easy, const struct transfer_config *c)
{
    CURLcode code = CURLE_OK;

    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_CAINFO, NULL); /* CURLOPT_CAINFO would replace: give_trusted has both */
    SET(CURLOPT_CAPATH, NULL);
    SET(CURLOPT_SSL_CTX_FUNCTION, give_trusted);
    SET(CURLOPT_SSL_CTX_DATA, c->trusted);
    SET(CURLOPT_PROXY, c->proxy ? c->proxy : ""); /* "": not the environment's either */
    SET(CURLOPT_NOPROXY, "");
    /* Through a proxy always by CONNECT, and our headers only to who is behind it. */
    SET(CURLOPT_HTTPPROXYTUNNEL, 1L);
    SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    return SET(CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE);
}

static CURLcode set_rest(struct transfer *t, const struct transfer_config *c,
                         const struct http_request *r)
{
    long timeout = r->timeout_ms ? (long)r->timeout_ms : TIMEOUT_MS;
    CURL *easy = t->easy;
    CURLcode code = CURLE_OK;

    SET(CURLOPT_URL, r->url);
    SET(CURLOPT_HTTPHEADER, t->headers);
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    SET(CURLOPT_PIPEWAIT, 1L);
    SET(CURLOPT_ACCEPT_ENCODING, "gzip");
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_TIMEOUT_MS, timeout);
    SET(CURLOPT_CONNECTTIMEOUT_MS,
        timeout < CONNECT_TIMEOUT_MS ? timeout : (long)CONNECT_TIMEOUT_MS);
    SET(CURLOPT_ERRORBUFFER, t->why);
    SET(CURLOPT_WRITEFUNCTION, take_body);
    SET(CURLOPT_WRITEDATA, t);
    SET(CURLOPT_HEADERFUNCTION, take_head);
    SET(CURLOPT_HEADERDATA, t);
    SET(CURLOPT_PRIVATE, t);
    if (c->user_agent)
        SET(CURLOPT_USERAGENT, c->user_agent);
    return code;
}

int transfer_init(struct transfer *t, const struct transfer_config *c,
                  const struct http_request *request)
{
    CURLcode code = CURLE_OUT_OF_MEMORY;

    memset(t, 0, sizeof *t);
    t->body.limit = LIMIT_HTTP_BODY;
    t->head.limit = HEAD_MAX;
    t->easy = curl_easy_init();
    /* Something is reserved, so that even an empty body has its slack. */
    if (t->easy && buf_append_str(&t->upload, request->body) == 0 &&
        buf_reserve(&t->body, 512) == 0 && add_headers(t, request) == 0)
        code = set_rest(t, c, request);
    if (!code)
        code = set_security(t->easy, c);
    if (!code)
        code = set_method(t, request);
    if (!code)
        return 0;
    transfer_release(t);
    return code == CURLE_OUT_OF_MEMORY ? CORDAGE_ENOMEM : CORDAGE_ESYSTEM;
}

void transfer_release(struct transfer *t)
{
    curl_easy_cleanup(t->easy);
    /* One of them has the token. */
    for (struct curl_slist *line = t->headers; line; line = line->next)
        mem_wipe(line->data, strlen(line->data));
    curl_slist_free_all(t->headers);
    buf_release(&t->upload);
    buf_release(&t->head);
    buf_release(&t->body);
    memset(t, 0, sizeof *t);
}

static int from_curl(CURLcode code)
{
    switch (code) {
    case CURLE_OK:
        return 0;
    case CURLE_OUT_OF_MEMORY:
        return CORDAGE_ENOMEM;
    case CURLE_OPERATION_TIMEDOUT:
        return CORDAGE_ETIMEOUT;
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
        return CORDAGE_EINVAL;
    /* A handshake that broke off (CURLE_SSL_CONNECT_ERROR) is not among these: it says
     * nothing about the certificate, and may well be the network's doing. */
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
        return CORDAGE_ETLS;
    default:
        return CORDAGE_ENET;
    }
}

struct http_answer transfer_answer(const struct transfer *t, CURLcode code)
{
    struct http_answer a = { .err = t->err ? t->err : from_curl(code) };
    long sent = 0;

    if (a.err) {
        curl_easy_getinfo(t->easy, CURLINFO_REQUEST_SIZE, &sent);
        a.unsent = sent == 0;
        a.why = t->err == CORDAGE_ELIMIT ? "the answer is too large"
                : t->why[0]              ? t->why
                                         : curl_easy_strerror(code);
        return a;
    }
    a.why = "";
    curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &a.status);
    a.body = buf_str(&t->body);
    a.head = buf_str(&t->head);
    return a;
}

struct str http_header(struct str head, const char *name)
{
    struct str want = str_of(name);

    while (head.n > 0) {
        size_t end = str_find(head, STR("\n"));
        struct str line = { head.p, end == SIZE_MAX ? head.n : end + 1 };

        if (line.n > want.n && line.p[want.n] == ':' &&
            str_eq_nocase((struct str){ line.p, want.n }, want))
            return str_trim((struct str){ line.p + want.n + 1, line.n - want.n - 1 });
        head.p += line.n;
        head.n -= line.n;
    }
    return (struct str){ "", 0 };
}

void http_got_release(struct http_got *got)
{
    buf_release(&got->body);
    buf_release(&got->head);
    got->status = 0;
}

int http_fetch(const struct http_options *options, const struct http_request *request,
               struct http_got *got, cordage_error *error)
{
    struct transfer_config config;
    struct transfer t;
    struct http_answer answer;
    int err;

    memset(got, 0, sizeof *got);
    err = transfer_config_init(&config, options, error);
    if (err)
        return err;
    err = transfer_init(&t, &config, request);
    if (err) {
        error_set(error, err, "%s.", cordage_strerror(err));
    } else {
        answer = transfer_answer(&t, curl_easy_perform(t.easy));
        err = answer.err;
        if (err) {
            error_set(error, err, "%s", answer.why);
        } else {
            got->status = answer.status;
            got->body = t.body;
            got->head = t.head;
            t.body = t.head = (struct buf){ 0 };
        }
        transfer_release(&t);
    }
    transfer_config_release(&config);
    return err;
}
