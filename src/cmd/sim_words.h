/* sim_words.h - what `cordage sim` says: how to connect, what happens, how it went. */
#ifndef CMD_SIM_WORDS_H
#define CMD_SIM_WORDS_H

#include <stdio.h>

#include "log.h"
#include "server.h"

/* What has been said so far. Zeroed: nothing. */
struct sim_words {
    bool verbose;
    size_t n_broken;      /* broken rules told */
    struct report counts; /* as last told; without entries */
    unsigned silent;      /* how often the counters were not told since */
};

/* Log lines to stderr: all with `verbose`, else warnings and errors. */
struct log sim_words_log(bool verbose);
/* How to connect, for people. `command` NULL: for bots in another terminal. `state_dir`:
 * theirs, empty: none was made; `bundle`: sim_bundle's. 0, or 1 when it could not be
 * written. */
int sim_words_hello(const struct server *s, const char *state_dir, const char *bundle,
                    FILE *out, char *const *command);
/* The same on one line of JSON: api, gateway, resume, report, token, ca_file, ca_bundle,
 * and state_dir if there is one. Flushed. */
int sim_words_json(const struct server *s, const char *state_dir, const char *bundle,
                   FILE *out);
/* A line for each rule broken since the last call, the first ones; when verbose, also the
 * counters: when a connection or a session came or went, else now and then. */
void sim_words_news(struct sim_words *w, const struct report *r, FILE *out);
/* That a command keeps its state where the user's CORDAGE_STATE_DIR says, if it is set.
 * `name`: of our command. */
void sim_words_state(const char *name, FILE *out);
/* The closing line. */
void sim_words_summary(const struct sim_words *w, const struct report *r, FILE *out);

/* The environment variable of a bot's token: DISCORD_TOKEN, DISCORD_TOKEN_2... */
const char *sim_words_variable(uint32_t bot, char out[32]);

/* What load cost, if there was any. */
void sim_words_blast(const struct sim *s, FILE *out);

#endif
