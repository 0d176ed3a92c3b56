/* cordage/error.h - what can go wrong, and the sentence that says so.
 *
 * Every function that can fail and returns an int returns 0 for success (those that
 * register a handler: its id, above 0) or one of the negative codes below; one that
 * returns a pointer, NULL. Functions that take a `cordage_error *` also write a sentence
 * that names the cause and the fix. */
#ifndef CORDAGE_ERROR_H
#define CORDAGE_ERROR_H

#include <stdio.h>

#if defined(__GNUC__)
#define CORDAGE_EXPORT __attribute__((visibility("default")))
#else
#define CORDAGE_EXPORT
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* X(name, value, text, exit status of a program that ends because of it) */
#define CORDAGE_ERRORS(X)                                                 \
    X(ENOMEM, -1, "out of memory", 1)                                     \
    X(EINVAL, -2, "invalid argument", 2)                                  \
    X(ELIMIT, -3, "a size limit was exceeded", 1)                         \
    X(EPROTO, -4, "the peer broke the protocol", 1)                       \
    X(EPARSE, -5, "malformed data", 1)                                    \
    X(ENET, -6, "the network failed", 1)                                  \
    X(ETLS, -7, "TLS failed or the certificate was refused", 1)           \
    X(ETIMEOUT, -8, "timed out", 1)                                       \
    X(ECLOSED, -9, "closed", 1)                                           \
    X(EHTTP, -10, "Discord answered with an HTTP error", 1)               \
    X(EAUTH, -11, "Discord refused the token", 3)                         \
    X(EFATAL, -12, "Discord refused the bot for good", 3)                 \
    X(EBUDGET, -13, "the identify budget would be exceeded", 4)           \
    X(EDEADLOCK, -14, "a waiting call on a thread that must not wait", 1) \
    X(EFULL, -15, "a queue is full", 1)                                   \
    X(ENOTFOUND, -16, "not found", 1)                                     \
    X(ESTATE, -17, "not possible in this state", 1)                       \
    X(EIO, -18, "input or output failed", 1)                              \
    X(ESYSTEM, -19, "the operating system refused", 1)                    \
    X(EBUSY, -20, "in use by another process", 2)                         \
    X(EMOVED, -21, "the shard has moved to another process", 1)

enum cordage_error_code {
    CORDAGE_OK = 0,
#define CORDAGE_ERROR_ENUM(name, value, text, status) CORDAGE_##name = value,
    CORDAGE_ERRORS(CORDAGE_ERROR_ENUM)
#undef CORDAGE_ERROR_ENUM
};

/* The caller's: a code and one sentence or paragraph, always NUL-terminated.
 * The token never appears in it. */
typedef struct cordage_error {
    int code;           /* 0 or a CORDAGE_E* */
    char message[1024]; /* what happened, and how to mend it */
} cordage_error;

/* The short text of a code, for example "out of memory"; never NULL. [any thread] */
CORDAGE_EXPORT const char *cordage_strerror(int code);

/* The exit status a program should end with because of `code`: 0 for 0, else 1
 * failed, 2 usage or configuration, 3 refused by Discord for good, 4 identify
 * budget would be exceeded. [any thread] */
CORDAGE_EXPORT int cordage_exit_status(int code);

/* Writes the message to `out`, followed by a newline; returns the exit status of its
 * code. [any thread] */
CORDAGE_EXPORT int cordage_error_print(const cordage_error *error, FILE *out);

#ifdef __cplusplus
}
#endif
#endif
