/* certs.h - certificates for tests: a private authority, and servers good and bad. */
#ifndef TESTS_CERTS_H
#define TESTS_CERTS_H

struct certs {
    char dir[64];
    char ca[96];       /* the authority that signed the three below */
    char good[96];     /* for localhost and 127.0.0.1 */
    char wrong[96];    /* for other.example */
    char expired[96];  /* for localhost, until yesterday */
    char other_ca[96]; /* another authority, which signed none of them */
    char key[96];      /* the key of all of them */
};

/* In a new directory. Exits the test program on failure. */
void certs_make(struct certs *c);
void certs_remove(struct certs *c);

#endif
