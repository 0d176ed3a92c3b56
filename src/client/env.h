/* env.h - the only reader of the environment in the library.
 *
 * A variable that is set but empty counts as not set, but for CORDAGE_STATE_DIR. The
 * strings are the environment's own: read once, at the start, and copy what is kept. */
#ifndef CLIENT_ENV_H
#define CLIENT_ENV_H

#include "error.h"
#include "secret.h"

struct env {
    const char *token;      /* DISCORD_TOKEN */
    const char *token_file; /* DISCORD_TOKEN_FILE: a file that only its owner can read */
    const char *api;        /* CORDAGE_API: base URL of the REST API */
    const char *ca_file;    /* CORDAGE_CA_FILE: trusted besides the system's store */
    const char *log;        /* CORDAGE_LOG: error, warn, info, debug or trace */
    const char *allow_plaintext; /* CORDAGE_ALLOW_PLAINTEXT: 1 */
    const char *state_dir;       /* CORDAGE_STATE_DIR; empty: nothing is to be kept */
    const char *state_home;      /* XDG_STATE_HOME */
    const char *home;            /* HOME */
    const char *link;       /* CORDAGE_LINK: the supervisor's socket, in a worker... */
    const char *worker;     /* CORDAGE_WORKER: its number */
    const char *generation; /* CORDAGE_GENERATION: how often it was started */
    const char *test_speed; /* CORDAGE_TEST_SPEED: for tests, of the clock */
};

void env_read(struct env *e);

/* Reads a token from a file, without the blanks around it. A descriptor of this process
 * (/proc/self/fd/3) is kept from its children from here on, and can be read again.
 * CORDAGE_EINVAL with a sentence that names the file and the fix, also when others may
 * read it (but for the group of a file that is root's); CORDAGE_ENOMEM.
 */
int env_token_file(const char *path, struct secret *out, cordage_error *error);

#endif
