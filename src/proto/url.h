/* url.h - taking a URL apart, and building the gateway's.
 *
 * Knows http, https, ws and wss. Everything is bounded by LIMIT_URL. */
#ifndef PROTO_URL_H
#define PROTO_URL_H

#include "error.h"
#include "limits.h"
#include "str.h"

struct url {
    char host[256]; /* a name, an IPv4 address, or an IPv6 address without brackets */
    uint16_t port;  /* the scheme's own if none was given */
    bool tls;       /* https or wss */
    bool websocket; /* ws or wss */
    char path[LIMIT_URL];  /* begins with '/'; without query and fragment */
    char query[LIMIT_URL]; /* without '?'; may be empty */
};

enum { URL_TARGET = 2 * LIMIT_URL };

/* 0, or CORDAGE_EINVAL with a sentence that names the URL. User info, blanks, control
 * characters, anything not ASCII, and a port out of range are refused. The host comes
 * out in lower case. */
int url_parse(struct str text, struct url *out, cordage_error *error);
/* Path and query as a request line has them: "/path?query". */
void url_target(const struct url *u, char out[URL_TARGET]);
/* The whole of it but the query, to be written down and parsed again:
 * "wss://host:port/path". */
enum { URL_TEXT = 2 * LIMIT_URL };
void url_text(const struct url *u, char out[URL_TEXT]);
/* localhost, 127.0.0.0/8, ::1, each in its usual spelling: 127.1 is not recognised. */
bool url_is_loopback(const struct url *u);
/* The host is `domain` (in lower case) or lies under it. */
bool url_is_under(const struct url *u, const char *domain);
/* What may carry a token: TLS, or loopback, or `allow_plaintext`. 0, or CORDAGE_EINVAL
 * with the sentence that names the setting. */
int url_check_plaintext(const struct url *u, bool allow_plaintext, cordage_error *error);

/* The URL to connect a gateway session to: `base` (Discord's own may end in '/' or not,
 * and may carry a query, which is dropped) with `query` behind exactly one slash.
 * CORDAGE_EINVAL also when `base` is not ws or wss. */
int url_gateway(struct str base, const char *query, struct url *out,
                cordage_error *error);

#endif
