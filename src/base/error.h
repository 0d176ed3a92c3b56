/* error.h - how our own code fills a cordage_error. */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include "cordage/error.h"

/* Sets `error` (which may be NULL) to `code` and the formatted sentence, cut to
 * fit. Returns `code`, so that a caller can write `return error_set(error, ...)`. */
int error_set(cordage_error *error, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
