#include "ws_upgrade.h"

#include <assert.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdio.h>

#include "error.h"

size_t upgrade_head(struct str bytes)
{
    size_t at = str_find(bytes, STR("\r\n\r\n"));

    return at == SIZE_MAX ? 0 : at + 4;
}

void upgrade_key(const unsigned char random[16], char out[UPGRADE_KEY_SIZE])
{
    EVP_EncodeBlock((unsigned char *)out, random, 16);
}

int upgrade_accept(struct str key, char out[UPGRADE_ACCEPT_SIZE])
{
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    unsigned char text[UPGRADE_KEY_SIZE - 1 + sizeof guid - 1];
    unsigned char digest[SHA_DIGEST_LENGTH];

    assert(key.n == UPGRADE_KEY_SIZE - 1);
    memcpy(text, key.p, key.n);
    memcpy(text + key.n, guid, sizeof guid - 1);
    if (!SHA1(text, sizeof text, digest))
        return CORDAGE_ENOMEM;
    EVP_EncodeBlock((unsigned char *)out, digest, sizeof digest);
    return 0;
}

/* Neither a control character, which could end the line, nor (when `blanks` is false) a
 * blank, which could end the word. */
static bool is_clean(struct str s, bool blanks)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];

        if (c == 0x7f || (c < ' ' && !(blanks && c == '\t')) || (c == ' ' && !blanks))
            return false;
    }
    return true;
}

int upgrade_write_request(struct buf *out, const char *host, uint16_t port, bool tls,
                          const char *target, const char *user_agent, const char *key)
{
    bool v6 = strchr(host, ':') != NULL;
    char colon_port[8] = "";

    if (target[0] != '/' || !host[0] || !is_clean(str_of(target), false) ||
        !is_clean(str_of(host), false) || !is_clean(str_of(user_agent), true))
        return CORDAGE_EINVAL;
    if (port != (tls ? 443 : 80))
        snprintf(colon_port, sizeof colon_port, ":%u", (unsigned)port);
    return buf_printf(out,
                      "GET %s HTTP/1.1\r\n"
                      "Host: %s%s%s%s\r\n"
                      "Upgrade: websocket\r\n"
                      "Connection: Upgrade\r\n"
                      "Sec-WebSocket-Key: %s\r\n"
                      "Sec-WebSocket-Version: 13\r\n"
                      "%s%s%s"
                      "\r\n",
                      target, v6 ? "[" : "", host, v6 ? "]" : "", colon_port, key,
                      user_agent ? "User-Agent: " : "", user_agent ? user_agent : "",
                      user_agent ? "\r\n" : "");
}

/* The next line of `*head`, without its CR LF. */
static struct str take_line(struct str *head)
{
    size_t end = str_find(*head, STR("\r\n"));
    struct str line = { head->p, end == SIZE_MAX ? head->n : end };
    size_t gone = end == SIZE_MAX ? head->n : end + 2;

    head->p += gone;
    head->n -= gone;
    return line;
}

static bool is_token(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];

        if (c <= ' ' || c >= 0x7f || strchr("\"(),/:;<=>?@[\\]{}", c))
            return false;
    }
    return s.n > 0;
}

/* One header line taken apart; false if it is malformed. A folded line begins with a
 * blank, so its "name" is no token. */
static bool split_header(struct str line, struct str *name, struct str *value)
{
    const char *colon = line.n ? memchr(line.p, ':', line.n) : NULL;

    if (!colon)
        return false;
    *name = (struct str){ line.p, (size_t)(colon - line.p) };
    *value = (struct str){ colon + 1, line.n - name->n - 1 };
    if (!is_token(*name) || !is_clean(*value, true))
        return false;
    *value = str_trim(*value);
    return true;
}

/* Whether the comma-separated list has `token`, in either case. */
static bool list_has(struct str list, struct str token)
{
    while (list.n) {
        const char *comma = memchr(list.p, ',', list.n);
        size_t n = comma ? (size_t)(comma - list.p) : list.n;

        if (str_eq_nocase(str_trim((struct str){ list.p, n }), token))
            return true;
        n += comma != NULL;
        list.p += n;
        list.n -= n;
    }
    return false;
}

/* What either end's headers say that matters here. A field that may stand only once
 * counts how often it did. */
struct fields {
    struct str key, accept, version, host, origin;
    unsigned n_keys, n_accepts, n_versions, n_hosts;
    bool upgrade, connection, extensions, protocol;
};

static void note_once(struct str value, struct str *field, unsigned *n)
{
    *field = value;
    ++*n;
}

static void note_field(struct fields *f, struct str name, struct str value)
{
    if (str_eq_nocase(name, STR("upgrade")))
        f->upgrade |= list_has(value, STR("websocket"));
    else if (str_eq_nocase(name, STR("connection")))
        f->connection |= list_has(value, STR("upgrade"));
    else if (str_eq_nocase(name, STR("sec-websocket-accept")))
        note_once(value, &f->accept, &f->n_accepts);
    else if (str_eq_nocase(name, STR("sec-websocket-key")))
        note_once(value, &f->key, &f->n_keys);
    else if (str_eq_nocase(name, STR("sec-websocket-version")))
        note_once(value, &f->version, &f->n_versions);
    else if (str_eq_nocase(name, STR("sec-websocket-extensions")))
        f->extensions |= value.n > 0;
    else if (str_eq_nocase(name, STR("sec-websocket-protocol")))
        f->protocol = true;
    else if (str_eq_nocase(name, STR("host")))
        note_once(value, &f->host, &f->n_hosts);
    else if (str_eq_nocase(name, STR("origin")))
        f->origin = value;
}

/* The header lines up to the empty one; false if one is malformed. */
static bool read_fields(struct str lines, struct fields *out)
{
    struct str line, name, value;

    *out = (struct fields){ 0 };
    while ((line = take_line(&lines)).n) {
        if (!split_header(line, &name, &value))
            return false;
        note_field(out, name, value);
    }
    return true;
}

/* "HTTP/1.1 101 Switching Protocols": the status, and the minor version; or -1. */
static int read_status_line(struct str line, char *minor)
{
    uint64_t status;

    if (line.n < 12 || !str_starts(line, STR("HTTP/1.")) || line.p[8] != ' ' ||
        (line.n > 12 && line.p[12] != ' ') || !is_clean(line, true) ||
        !str_u64((struct str){ line.p + 9, 3 }, &status) || status < 100)
        return -1;
    *minor = line.p[7];
    return (int)status;
}

int upgrade_read_answer(struct str head, const char *accept, int *status)
{
    struct fields f;
    char minor;

    *status = read_status_line(take_line(&head), &minor);
    if (*status < 0 || !read_fields(head, &f))
        return CORDAGE_EPROTO;
    if (*status != 101)
        return 0;
    /* Section 4.1: these fail the connection; so does an extension or a subprotocol
     * that was not asked for, and we ask for none. */
    if (minor != '1' || !f.upgrade || !f.connection || f.n_accepts != 1 ||
        !str_is(f.accept, accept) || f.extensions || f.protocol)
        return CORDAGE_EPROTO;
    return 0;
}

/* "GET /target HTTP/1.1" */
static bool read_request_line(struct str line, struct str *target)
{
    static const struct str get = { "GET ", 4 }, version = { " HTTP/1.1", 9 };

    if (line.n < get.n + version.n || !str_starts(line, get) || !str_ends(line, version))
        return false;
    *target = (struct str){ line.p + get.n, line.n - get.n - version.n };
    return target->n && target->p[0] == '/' && is_clean(*target, false);
}

/* 16 bytes in base64: 22 digits and two signs of equality. */
static bool is_key(struct str key)
{
    if (key.n != UPGRADE_KEY_SIZE - 1 || !str_ends(key, STR("==")))
        return false;
    for (size_t i = 0; i < key.n - 2; i++) {
        char c = key.p[i];

        if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
              (c >= '0' && c <= '9') || c == '+' || c == '/'))
            return false;
    }
    return true;
}

int upgrade_read_request(struct str head, struct upgrade_request *out)
{
    struct fields f;

    *out = (struct upgrade_request){ 0 };
    if (!read_request_line(take_line(&head), &out->target) || !read_fields(head, &f) ||
        f.n_hosts != 1)
        return 400;
    if (!f.upgrade || !f.connection || f.n_versions != 1 || !str_is(f.version, "13"))
        return 426;
    if (f.n_keys != 1 || !is_key(f.key))
        return 400;
    out->host = f.host;
    out->origin = f.origin;
    out->key = f.key;
    return 101;
}

int upgrade_write_answer(struct buf *out, int status, const char *accept)
{
    static const char wanted[] = "Upgrade: websocket\r\n"
                                 "Connection: Upgrade\r\n"
                                 "Sec-WebSocket-Version: 13\r\n";
    const char *reason = status == 426   ? "Upgrade Required"
                         : status == 431 ? "Request Header Fields Too Large"
                                         : "Bad Request";

    if (status == 101)
        return buf_printf(out,
                          "HTTP/1.1 101 Switching Protocols\r\n"
                          "Upgrade: websocket\r\n"
                          "Connection: Upgrade\r\n"
                          "Sec-WebSocket-Accept: %s\r\n"
                          "\r\n",
                          accept);
    return buf_printf(out,
                      "HTTP/1.1 %d %s\r\n"
                      "%s"
                      "Connection: close\r\n"
                      "Content-Length: 0\r\n"
                      "\r\n",
                      status, reason, status == 426 ? wanted : "");
}
