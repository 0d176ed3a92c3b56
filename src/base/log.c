#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "str.h"

static const char *const names[] = { "error", "warn", "info", "debug", "trace" };

void log_line(const struct log *log, enum log_level level, const char *format, ...)
{
    char line[1024];
    va_list args;

    if (!log || !log->write || level > log->level)
        return;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    /* A peer's words may be in it. */
    str_make_printable(line, strlen(line));
    log->write(log->user, level, line);
}

const char *log_level_name(enum log_level level)
{
    return names[level];
}

int log_level_from(const char *name)
{
    for (int i = 0; i < (int)(sizeof names / sizeof *names); i++)
        if (strcmp(names[i], name) == 0)
            return i;
    return -1;
}
