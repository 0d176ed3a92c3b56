#include "reply.h"

#include <math.h>

static const char *const limit_names[] = { "none", "user", "shared", "global",
                                           "address" };

const char *reply_limit_name(enum reply_limit limit)
{
    return limit_names[limit];
}

/* A header that is a plain decimal number, and nothing else. Not read by strtod: the
 * program we live in may have set a locale, whose decimal sign is not HTTP's. */
static bool header_number(struct str head, const char *name, double *out)
{
    struct str value = http_header(head, name);
    double scale = 1;
    bool fraction = false;

    *out = 0;
    if (value.n == 0 || value.n >= 32 || value.p[0] == '.')
        return false;
    for (size_t i = 0; i < value.n; i++) {
        if (value.p[i] == '.' && !fraction) {
            fraction = true;
            continue;
        }
        if (value.p[i] < '0' || value.p[i] > '9')
            return false;
        *out = *out * 10 + (value.p[i] - '0');
        scale *= fraction ? 10 : 1;
    }
    *out /= scale;
    return true;
}

static void read_bucket(struct str head, struct bucket_headers *out)
{
    double limit, remaining, reset_after;

    /* Reset-After needs no agreement on the time of day, unlike Reset. */
    out->present = header_number(head, "X-RateLimit-Limit", &limit) &&
                   header_number(head, "X-RateLimit-Remaining", &remaining) &&
                   header_number(head, "X-RateLimit-Reset-After", &reset_after) &&
                   limit <= UINT32_MAX && remaining <= UINT32_MAX;
    if (!out->present)
        return;
    out->limit = (uint32_t)limit;
    out->remaining = (uint32_t)remaining;
    out->reset_after_s = reset_after;
}

static void read_limit(struct str head, cordage_json body, struct reply *out)
{
    struct str scope = http_header(head, "X-RateLimit-Scope");
    bool global = false, ours;

    /* The body's is a fraction, the header's is rounded up from it. */
    ours = json_double(json_get(body, "retry_after"), &out->retry_after_s) &&
           isfinite(out->retry_after_s) && out->retry_after_s >= 0;
    if (!ours && !header_number(head, "Retry-After", &out->retry_after_s))
        out->retry_after_s = out->bucket.present ? out->bucket.reset_after_s : 1;
    json_bool(json_get(body, "global"), &global);
    if (!ours)
        out->limit = REPLY_BANNED; /* Discord itself always answers in JSON */
    else if (global || str_is(scope, "global") ||
             str_eq_nocase(http_header(head, "X-RateLimit-Global"), STR("true")))
        out->limit = REPLY_LIMITED_GLOBAL;
    else
        out->limit = str_is(scope, "shared") ? REPLY_LIMITED_SHARED : REPLY_LIMITED_USER;
}

static void read_text(cordage_json body, struct reply *out)
{
    struct str text;
    int64_t code;
    size_t n;

    if (json_i64(json_get(body, "code"), &code) && code > 0 && code <= INT32_MAX)
        out->code = (int)code;
    if (!json_str(json_get(body, "message"), &text))
        return;
    n = text.n < sizeof out->text ? text.n : sizeof out->text - 1;
    while (n < text.n && n > 0 && ((unsigned char)text.p[n] & 0xc0) == 0x80)
        n--; /* not in the middle of a character */
    memcpy(out->text, text.p, n);
    str_make_printable(out->text, n);
}

void reply_read(const struct http_answer *answer, struct json_parser *parser,
                struct reply *out)
{
    cordage_json body = { 0 };

    memset(out, 0, sizeof *out);
    read_bucket(answer->head, &out->bucket);
    if (answer->status < 400)
        return;
    if (json_parse(parser, answer->body, &body) < 0)
        body = (cordage_json){ 0 };
    if (answer->status == 429)
        read_limit(answer->head, body, out);
    out->counts = answer->status == 401 || answer->status == 403 ||
                  (answer->status == 429 && out->limit != REPLY_LIMITED_SHARED);
    read_text(body, out);
}
