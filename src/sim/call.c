#include "call.h"

#include <stdarg.h>
#include <stdio.h>

static const struct {
    int status;
    const char *text;
} status_texts[] = {
    { 400, "Bad Request" },
    { 401, "Unauthorized" },
    { 403, "Forbidden" },
    { 404, "Not Found" },
    { 405, "Method Not Allowed" },
    { 413, "Request Entity Too Large" },
    { 500, "Internal Server Error" },
};

void call_restart(struct call *c, int status)
{
    buf_clear(&c->answer->body);
    json_begin(&c->out, &c->answer->body);
    c->answer->status = status;
    c->answer->content_type = "application/json";
}

void call_no_content(struct call *c)
{
    call_restart(c, 204);
    c->answer->content_type = NULL;
}

void call_header(struct call *c, const char *name, const char *format, ...)
{
    struct sim_answer *a = c->answer;
    struct sim_header *h;
    va_list args;

    if (a->n_headers == sizeof a->headers / sizeof *a->headers)
        return;
    h = &a->headers[a->n_headers++];
    h->name = name;
    va_start(args, format);
    vsnprintf(h->value, sizeof h->value, format, args);
    va_end(args);
}

static void put_error(struct call *c, int code, const char *message)
{
    json_key(&c->out, "message");
    json_put_z(&c->out, message);
    json_key(&c->out, "code");
    json_put_i64(&c->out, code);
}

void call_error(struct call *c, int status, int code, const char *message)
{
    call_restart(c, status);
    json_open(&c->out, '{');
    put_error(c, code, message);
    json_shut(&c->out, '}');
}

void call_http_error(struct call *c, int status)
{
    const char *text = "Error";
    char message[64];

    for (size_t i = 0; i < sizeof status_texts / sizeof *status_texts; i++)
        if (status_texts[i].status == status)
            text = status_texts[i].text;
    snprintf(message, sizeof message, "%d: %s", status, text);
    call_error(c, status, 0, message);
}

void call_form_error(struct call *c, const char *path, const char *code,
                     const char *format, ...)
{
    struct json_writer *w = &c->out;
    char message[200];
    unsigned depth = 0;
    va_list args;

    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    call_restart(c, 400);
    json_open(w, '{');
    put_error(c, 50035, "Invalid Form Body");
    json_key(w, "errors");
    json_open(w, '{');
    for (; *path; depth++) {
        size_t n = strcspn(path, ".");

        json_key_str(w, (struct str){ path, n });
        json_open(w, '{');
        path += n + (path[n] == '.');
    }
    json_key(w, "_errors");
    json_open(w, '[');
    json_open(w, '{');
    json_key(w, "code");
    json_put_z(w, code);
    json_key(w, "message");
    json_put_z(w, message);
    json_shut(w, '}');
    json_shut(w, ']');
    while (depth--)
        json_shut(w, '}');
    json_shut(w, '}');
    json_shut(w, '}');
}

void call_out_of_memory(struct call *c)
{
    call_http_error(c, 500);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool call_percent_decode(struct str in, char *out, size_t size)
{
    size_t n = 0;

    for (size_t i = 0; i < in.n; i++) {
        char byte = in.p[i];

        if (byte == '%' && i + 2 < in.n && hex_digit(in.p[i + 1]) >= 0 &&
            hex_digit(in.p[i + 2]) >= 0) {
            byte = (char)(hex_digit(in.p[i + 1]) * 16 + hex_digit(in.p[i + 2]));
            i += 2;
        }
        if (byte == '\0' || n + 1 >= size)
            return false;
        out[n++] = byte;
    }
    out[n] = '\0';
    return true;
}

bool call_query(const struct call *c, const char *key, char *value, size_t size)
{
    struct str rest = c->request->query;

    while (rest.n) {
        size_t n = str_find(rest, STR("&"));
        struct str pair = { rest.p, n == SIZE_MAX ? rest.n : n };
        size_t equals = str_find(pair, STR("="));
        struct str name = { pair.p, equals == SIZE_MAX ? pair.n : equals };

        if (str_is(name, key)) {
            size_t skip = equals == SIZE_MAX ? pair.n : equals + 1;

            return call_percent_decode((struct str){ pair.p + skip, pair.n - skip },
                                       value, size);
        }
        n = pair.n + (pair.n < rest.n);
        rest.p += n;
        rest.n -= n;
    }
    return false;
}

bool call_query_true(const struct call *c, const char *key)
{
    char value[8];

    return call_query(c, key, value, sizeof value) &&
           (str_eq_nocase(str_of(value), STR("true")) || str_is(str_of(value), "1"));
}

bool call_query_number(struct call *c, const char *key, uint64_t min, uint64_t max,
                       uint64_t *value)
{
    char text[32];
    uint64_t n;

    if (!call_query(c, key, text, sizeof text))
        return true;
    if (!str_u64(str_of(text), &n)) {
        call_form_error(c, key, "NUMBER_TYPE_COERCE", "Value \"%s\" is not int.", text);
        return false;
    }
    if (n < min) {
        call_form_error(c, key, "NUMBER_TYPE_MIN",
                        "int value should be greater than or equal to %llu.",
                        (unsigned long long)min);
        return false;
    }
    if (n > max) {
        call_form_error(c, key, "NUMBER_TYPE_MAX",
                        "int value should be less than or equal to %llu.",
                        (unsigned long long)max);
        return false;
    }
    *value = n;
    return true;
}

static bool is_type(struct str content_type, const char *type)
{
    size_t n = strlen(type);

    return content_type.n >= n &&
           str_eq_nocase((struct str){ content_type.p, n }, str_of(type)) &&
           (content_type.n == n || content_type.p[n] == ';' || content_type.p[n] == ' ');
}

/* The JSON of a multipart body: its payload_json, else an object of its plain fields. */
static bool find_payload(struct call *c, struct str *out)
{
    struct buf *form = &c->routes->form;
    struct multipart m;
    struct multipart_part part;
    struct json_writer w;
    struct str payload = { NULL, 0 };

    buf_clear(form);
    json_begin(&w, form);
    json_open(&w, '{');
    if (multipart_begin(&m, c->request->content_type, c->request->body)) {
        while (multipart_next(&m, &part)) {
            if (str_is(part.name, "payload_json")) {
                payload = part.body;
            } else if (part.filename.n == 0) {
                json_key_str(&w, part.name);
                json_put_str(&w, part.body);
            }
        }
    }
    json_shut(&w, '}');
    if (json_end(&w)) {
        call_out_of_memory(c);
        return false;
    }
    if (!m.complete) {
        call_error(c, 400, 50035, "Invalid Form Body: malformed multipart/form-data");
        return false;
    }
    *out = payload.p ? payload : buf_str(form);
    return true;
}

bool call_has_files(const struct call *c)
{
    struct multipart m;
    struct multipart_part part;

    if (multipart_begin(&m, c->request->content_type, c->request->body))
        while (multipart_next(&m, &part))
            if (part.filename.n)
                return true;
    return false;
}

bool call_no_thread(struct call *c)
{
    if (c->is_thread)
        call_error(c, 400, 50024, "Cannot execute action on this channel type");
    return !c->is_thread;
}

static bool parse_body(struct call *c, cordage_json_type wanted, cordage_json *out)
{
    struct str text = c->request->body;
    struct str type = str_trim(c->request->content_type);
    int err;

    if (is_type(type, "multipart/form-data")) {
        if (!find_payload(c, &text))
            return false;
    } else if (!is_type(type, "application/json")) {
        call_error(c, 400, 50035,
                   "Expected \"Content-Type\" header to be one of "
                   "{'application/json', 'multipart/form-data'}.");
        return false;
    }
    err = json_parse(c->routes->parser, text, out);
    if (err == CORDAGE_ENOMEM) {
        call_out_of_memory(c);
        return false;
    }
    if (err || cordage_json_type_of(*out) != wanted) {
        call_error(c, 400, 50109, "The request body contains invalid JSON.");
        return false;
    }
    return true;
}

bool call_json(struct call *c, cordage_json *out)
{
    return parse_body(c, CORDAGE_JSON_OBJECT, out);
}

bool call_json_array(struct call *c, cordage_json *out)
{
    return parse_body(c, CORDAGE_JSON_ARRAY, out);
}

bool call_control_json(struct call *c, cordage_json *out)
{
    int err = json_parse(c->routes->parser, c->request->body, out);

    if (!err && cordage_json_type_of(*out) == CORDAGE_JSON_OBJECT)
        return true;
    if (err == CORDAGE_ENOMEM)
        call_out_of_memory(c);
    else
        call_error(c, 400, 50109, "The request body is no JSON object.");
    return false;
}

struct world_guild *call_first_of_shard(const struct call *c, cordage_json shard)
{
    struct world *world = call_world(c);
    uint64_t id, count;

    if (!json_u64(cordage_json_at(shard, 0), &id) ||
        !json_u64(cordage_json_at(shard, 1), &count) || id >= count)
        return NULL;
    for (uint32_t i = 0; i < world->n_guilds; i++)
        if ((world->guilds[i].id >> 22) % count == id)
            return &world->guilds[i];
    return NULL;
}
