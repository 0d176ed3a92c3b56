#include "findings.h"

#include <stdarg.h>
#include <stdio.h>

#include "json_write.h"

static const struct {
    const char *name, *colour;
} kinds[] = {
    [FINDING_OK] = { "ok", "\033[32m" },
    [FINDING_WARNING] = { "warning", "\033[33m" },
    [FINDING_WRONG] = { "wrong", "\033[1;31m" },
};

/* Text of several lines goes on under its first one. Some of it came from a peer: nothing
 * in it shall steer the terminal. */
static void print_lines(const char *text)
{
    for (; *text; text++) {
        putchar((unsigned char)*text < ' ' && *text != '\n' ? '?' : *text);
        if (*text == '\n')
            fputs("                     ", stdout);
    }
    putchar('\n');
}

static void print(const struct findings *f, const struct finding *finding)
{
    const char *colour = f->colour ? kinds[finding->kind].colour : "";

    printf("%s%-7s%s  %-10s  ", colour, kinds[finding->kind].name,
           f->colour ? "\033[0m" : "", finding->name);
    print_lines(finding->text);
    if (finding->fix[0]) {
        fputs("                     ", stdout);
        print_lines(finding->fix);
    }
    fflush(stdout); /* the next check may take a while */
}

__attribute__((format(printf, 5, 0))) static void add(struct findings *f,
                                                      enum finding_kind kind,
                                                      const char *name, const char *fix,
                                                      const char *format, va_list args)
{
    struct finding *finding = &f->list[f->n];

    if (f->n == FINDINGS_MAX)
        return;
    f->n++;
    finding->kind = kind;
    finding->name = name;
    vsnprintf(finding->text, sizeof finding->text, format, args);
    snprintf(finding->fix, sizeof finding->fix, "%s", fix);
    f->n_warnings += kind == FINDING_WARNING;
    f->n_wrong += kind == FINDING_WRONG;
    if (!f->json)
        print(f, finding);
}

void finding_ok(struct findings *f, const char *name, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add(f, FINDING_OK, name, "", format, args);
    va_end(args);
}

void finding_warning(struct findings *f, const char *name, const char *fix,
                     const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add(f, FINDING_WARNING, name, fix, format, args);
    va_end(args);
}

/* A bad token before an empty budget before a wrong setting before all else. */
static int rank(int status)
{
    static const int ranks[] = { [1] = 1, [2] = 2, [4] = 3, [3] = 4 };

    return ranks[status];
}

void finding_wrong(struct findings *f, const char *name, int status, const char *fix,
                   const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add(f, FINDING_WRONG, name, fix, format, args);
    va_end(args);
    if (rank(status) > rank(f->status))
        f->status = status;
}

static int print_json(const struct findings *f)
{
    struct buf out = { 0 };
    struct json_writer w;
    int err;

    json_begin(&w, &out);
    json_open(&w, '{');
    json_key(&w, "findings");
    json_open(&w, '[');
    for (unsigned i = 0; i < f->n; i++) {
        json_open(&w, '{');
        json_key(&w, "kind");
        json_put_z(&w, kinds[f->list[i].kind].name);
        json_key(&w, "name");
        json_put_z(&w, f->list[i].name);
        json_key(&w, "text");
        json_put_z(&w, f->list[i].text);
        json_key(&w, "fix");
        json_put_z(&w, f->list[i].fix[0] ? f->list[i].fix : NULL);
        json_shut(&w, '}');
    }
    json_shut(&w, ']');
    json_key(&w, "wrong");
    json_put_u64(&w, f->n_wrong);
    json_key(&w, "warnings");
    json_put_u64(&w, f->n_warnings);
    json_shut(&w, '}');
    err = json_end(&w);
    if (!err)
        printf("%.*s\n", STR_FMT(buf_str(&out)));
    buf_release(&out);
    return err ? 1 : 0;
}

int findings_end(struct findings *f)
{
    if (f->json)
        return print_json(f) ? 1 : f->status;
    if (f->n_wrong == 0 && f->n_warnings == 0)
        puts("Nothing is wrong.");
    else
        printf("%u wrong, %u warning%s.\n", f->n_wrong, f->n_warnings,
               f->n_warnings == 1 ? "" : "s");
    return f->status;
}
