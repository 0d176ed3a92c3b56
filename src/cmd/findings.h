/* findings.h - what `cordage doctor` has found, told line by line or as JSON. */
#ifndef CMD_FINDINGS_H
#define CMD_FINDINGS_H

#include <stdbool.h>
#include <stdint.h>

enum finding_kind { FINDING_OK, FINDING_WARNING, FINDING_WRONG };

enum { FINDINGS_MAX = 48 };

struct finding {
    enum finding_kind kind;
    const char *name; /* "token"; a literal */
    char text[640];   /* what is so */
    char fix[640];    /* what to do about it; "" when it is fine */
};

struct findings {
    bool json; /* keep them for findings_end; else each is printed as it is found */
    bool colour;
    unsigned n, n_warnings, n_wrong;
    int status; /* the worst exit status so far */
    struct finding list[FINDINGS_MAX];
};

void finding_ok(struct findings *f, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* `fix` is a sentence of its own. */
void finding_warning(struct findings *f, const char *name, const char *fix,
                     const char *format, ...) __attribute__((format(printf, 4, 5)));
/* `status` is the exit status it leads to: 3 goes before 4, 4 before
 * 2, and 2 before 1. */
void finding_wrong(struct findings *f, const char *name, int status, const char *fix,
                   const char *format, ...) __attribute__((format(printf, 5, 6)));
/* The last line, or all of it as JSON. Returns the exit status. */
int findings_end(struct findings *f);

#endif
