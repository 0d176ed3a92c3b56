/* server_cert.h - a private certificate authority for loopback.
 *
 * Made on first use in a directory private to the user: ca.pem, ca.key, server.pem
 * and server.key, keys 0600. The CA is name-constrained to localhost, 127.0.0.1 and
 * ::1, so that trusting it gives nobody anything else. */
#ifndef NET_SERVER_CERT_H
#define NET_SERVER_CERT_H

#include "error.h"

struct server_cert {
    char ca_file[512];
    char cert_file[512]; /* server.pem: the certificate, and the CA behind it */
    char key_file[512];
};

/* Finds or makes it. A directory that others can write to, or broken files, are an error
 * with the fix. A certificate within 30 days of its end is made anew. Safe when two
 * processes start at once. */
int server_cert_ensure(const char *directory, struct server_cert *out,
                       cordage_error *error);

#endif
