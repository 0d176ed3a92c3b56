#include "multipart.h"

static void advance(struct str *s, size_t n)
{
    s->p += n;
    s->n -= n;
}

/* Takes the next parameter off a header ("form-data; name=\"x\""), its value without
 * quotes. */
static bool next_parameter(struct str *header, struct str *name, struct str *value)
{
    size_t at = str_find(*header, STR(";"));
    size_t n;

    if (at == SIZE_MAX)
        return false;
    advance(header, at + 1);
    n = str_find(*header, STR("="));
    if (n == SIZE_MAX)
        return false;
    *name = str_trim((struct str){ header->p, n });
    advance(header, n + 1);
    if (str_starts(*header, STR("\""))) {
        advance(header, 1);
        n = str_find(*header, STR("\""));
    } else {
        n = str_find(*header, STR(";"));
    }
    *value = (struct str){ header->p, n < header->n ? n : header->n };
    advance(header, value->n);
    return true;
}

static bool parameter(struct str header, const char *key, struct str *out)
{
    struct str name, value;

    while (next_parameter(&header, &name, &value)) {
        if (str_eq_nocase(name, str_of(key))) {
            *out = value;
            return true;
        }
    }
    return false;
}

/* "--" and the boundary. */
static struct str mark(const struct multipart *m)
{
    return (struct str){ m->boundary, m->boundary_n };
}

bool multipart_begin(struct multipart *m, struct str content_type, struct str body)
{
    struct str boundary;

    *m = (struct multipart){ 0 };
    if (!parameter(content_type, "boundary", &boundary) || boundary.n == 0 ||
        boundary.n > 70)
        return false;
    memcpy(m->boundary, "--", 2);
    memcpy(m->boundary + 2, boundary.p, boundary.n);
    m->boundary_n = boundary.n + 2;
    m->rest = body;
    return str_starts(body, mark(m));
}

/* Reads one header line of the part; false when it is the empty line that ends them.
 * A line that doesn't end leaves *malformed set. */
static bool next_header(struct str *rest, struct str *name, struct str *value,
                        bool *malformed)
{
    size_t end = str_find(*rest, STR("\r\n"));
    struct str line = { rest->p, end };
    size_t colon;

    *malformed = end == SIZE_MAX;
    if (*malformed)
        return false;
    advance(rest, end + 2);
    if (line.n == 0)
        return false;
    colon = str_find(line, STR(":"));
    if (colon == SIZE_MAX)
        colon = line.n;
    *name = str_trim((struct str){ line.p, colon });
    *value = colon < line.n
                 ? str_trim((struct str){ line.p + colon + 1, line.n - colon - 1 })
                 : (struct str){ "", 0 };
    return true;
}

static bool read_headers(struct str *rest, struct multipart_part *part)
{
    struct str name, value;
    bool malformed;

    while (next_header(rest, &name, &value, &malformed)) {
        if (str_eq_nocase(name, STR("Content-Disposition"))) {
            parameter(value, "name", &part->name);
            parameter(value, "filename", &part->filename);
        } else if (str_eq_nocase(name, STR("Content-Type"))) {
            part->content_type = value;
        }
    }
    return !malformed;
}

/* Where the body of a part ends: at CR LF and the boundary. */
static size_t body_end(const struct multipart *m, struct str rest)
{
    size_t from = 0;

    for (;;) {
        size_t at = str_find((struct str){ rest.p + from, rest.n - from }, STR("\r\n--"));

        if (at == SIZE_MAX)
            return SIZE_MAX;
        from += at + 2;
        if (str_starts((struct str){ rest.p + from, rest.n - from }, mark(m)))
            return from - 2;
    }
}

bool multipart_next(struct multipart *m, struct multipart_part *out)
{
    struct str rest = m->rest;
    size_t end;

    *out = (struct multipart_part){
        .name = STR(""), .filename = STR(""), .content_type = STR(""), .body = STR("")
    };
    if (m->complete || rest.n == 0)
        return false;
    advance(&rest, m->boundary_n);
    if (str_starts(rest, STR("--"))) {
        m->complete = true;
        return false;
    }
    m->rest = STR(""); /* whatever fails from here on ends it */
    if (!str_starts(rest, STR("\r\n")))
        return false;
    advance(&rest, 2);
    if (!read_headers(&rest, out))
        return false;
    /* An empty body follows its headers at once: the CR LF before its boundary is theirs.
     */
    if (str_starts(rest, mark(m))) {
        m->rest = rest;
        return true;
    }
    end = body_end(m, rest);
    if (end == SIZE_MAX)
        return false;
    out->body = (struct str){ rest.p, end };
    advance(&rest, end + 2);
    m->rest = rest;
    return true;
}
