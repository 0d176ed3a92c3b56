#include "control_page.h"

#include <string.h>

#include "authority.h"

static struct str header(const struct httpd_request *r, const char *name)
{
    const char *value = httpd_header(r, name);

    return value ? str_of(value) : STR("");
}

static void put(struct httpd_answer *out, unsigned status, const char *type,
                struct str body)
{
    out->status = status;
    httpd_add_header(out, "Content-Type", type);
    httpd_add_header(out, "Content-Security-Policy",
                     "default-src 'none'; script-src 'self'; style-src 'self'; "
                     "img-src 'self'; connect-src 'self'; base-uri 'none'; "
                     "form-action 'none'; frame-ancestors 'none'");
    httpd_add_header(out, "X-Content-Type-Options", "nosniff");
    httpd_add_header(out, "Referrer-Policy", "no-referrer");
    httpd_add_header(out, "Cross-Origin-Resource-Policy", "same-origin");
    httpd_add_header(out, "Cache-Control", "no-store");
    if (buf_append_str(&out->body, body))
        out->status = 500;
}

static const struct page_file *find(struct str path)
{
    if (str_is(path, "/_sim/"))
        path.n--;
    for (const struct page_file *f = control_page_files; f->path; f++)
        if (str_is(path, f->path))
            return f;
    return NULL;
}

bool control_page_answer(const struct httpd_request *r, uint16_t port,
                         struct httpd_answer *out)
{
    const struct page_file *f = find(httpd_path(r));
    const char *method = httpd_method(r);

    if (!f || (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0))
        return false;
    if (authority_is_own(header(r, "Host"), header(r, "Origin"), port))
        put(out, 200, f->type, (struct str){ (const char *)f->bytes, f->n });
    else
        put(out, 403, "text/plain; charset=utf-8",
            STR("This simulator answers to localhost, 127.0.0.1 and [::1] with its own "
                "port alone.\n"));
    return true;
}
