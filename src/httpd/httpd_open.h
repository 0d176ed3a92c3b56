/* httpd_open.h - what an HTTP server takes from the system before it opens: a listening
 * socket, and the text of its certificate files. */
#ifndef HTTPD_OPEN_H
#define HTTPD_OPEN_H

#include <stdint.h>

#include "error.h"

/* A socket that listens on a numeric address, or CORDAGE_ENET or _EINVAL with a sentence
 * that names address and port. Port 0 takes a free one; *got_port is which. */
int httpd_open_socket(const char *address, uint16_t port, uint16_t *got_port,
                      cordage_error *error);

/* A PEM file, NUL-terminated. NULL: *error has a sentence that names it. */
char *httpd_read_pem(const char *file, cordage_error *error);
/* Overwrites and frees it: it may be a key. NULL is fine. */
void httpd_wipe_pem(char *text);

#endif
