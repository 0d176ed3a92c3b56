/* tls.h - OpenSSL contexts: whom a client trusts, what a server shows.
 *
 * A client verifies chain and name against the system's store, and a CA file if
 * one is added. TLS 1.2 at least. Shared by loops: OpenSSL contexts are safe to
 * share once set up. */
#ifndef NET_TLS_H
#define NET_TLS_H

#include "error.h"

struct tls_client;
struct tls_server;

/* `ca_file` NULL: the system's store alone. The error names the file. */
int tls_client_new(const char *ca_file, struct tls_client **out, cordage_error *error);
void tls_client_free(struct tls_client *t);
/* PEM files: the chain, and its key. */
int tls_server_new(const char *cert_file, const char *key_file, struct tls_server **out,
                   cordage_error *error);
void tls_server_free(struct tls_server *t);

#endif
