/* tls_inner.h - what the contexts of tls.h are, for tls_io.c. */
#ifndef NET_TLS_INNER_H
#define NET_TLS_INNER_H

#include <openssl/ssl.h>

#include "tls.h"

/* Borrowed. */
SSL_CTX *tls_client_context(struct tls_client *t);
SSL_CTX *tls_server_context(struct tls_server *t);

#endif
