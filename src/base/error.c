#include "error.h"

#include <stdarg.h>

int error_set(cordage_error *error, int code, const char *format, ...)
{
    va_list args;

    if (!error)
        return code;
    error->code = code;
    va_start(args, format);
    vsnprintf(error->message, sizeof error->message, format, args);
    va_end(args);
    return code;
}

const char *cordage_strerror(int code)
{
    switch (code) {
    case 0:
        return "success";
#define TEXT(name, value, text, status) \
    case value:                         \
        return text;
        CORDAGE_ERRORS(TEXT)
#undef TEXT
    default:
        return "unknown error";
    }
}

int cordage_exit_status(int code)
{
    switch (code) {
    case 0:
        return 0;
#define STATUS(name, value, text, status) \
    case value:                           \
        return status;
        CORDAGE_ERRORS(STATUS)
#undef STATUS
    default:
        return 1;
    }
}

int cordage_error_print(const cordage_error *error, FILE *out)
{
    fprintf(out, "%s\n",
            error->message[0] ? error->message : cordage_strerror(error->code));
    return cordage_exit_status(error->code);
}
