/* fleet_settings.h - what a fleet runs with, and where each value came from.
 *
 * One table says of each setting its flag, its environment variable, its key in
 * cordage.yaml (the flag with '_' for '-'), its default and its help. A value comes from
 * the flag, else the environment, else the file, else the default. All that is wrong is
 * told at once, each with the place, what is allowed and, for an unknown key, the one
 * that was likely meant. */
#ifndef CMD_FLEET_SETTINGS_H
#define CMD_FLEET_SETTINGS_H

#include <stdio.h>

#include "args.h"
#include "fleet_file.h"
#include "log.h"
#include "plan.h"

#define FLEET_FILE "cordage.yaml"

enum fleet_setting {
    FLEET_SHARDS,
    FLEET_WORKERS,
    FLEET_SHARDS_PER_WORKER,
    FLEET_SHARD_RANGE,
    FLEET_FOREIGN,
    FLEET_STATE_DIR,
    FLEET_TOKEN_FILE,
    FLEET_API,
    FLEET_CA_FILE,
    FLEET_PROXY,
    FLEET_LOG,
    FLEET_HTTP,
    FLEET_HTTP_SECRET_FILE,
    FLEET_HTTP_HOST,
    FLEET_HTTP_CERT_FILE,
    FLEET_HTTP_KEY_FILE,
    FLEET_BEHIND_PROXY,
    N_FLEET_SETTINGS
};

enum fleet_source {
    FLEET_FROM_DEFAULT,
    FLEET_FROM_FILE,
    FLEET_FROM_ENVIRONMENT,
    FLEET_FROM_FLAG
};

struct fleet_value {
    const char *text; /* NULL: there is none */
    enum fleet_source from;
};

/* What the command line said. Point args at it with fleet_settings_arg. */
struct fleet_flags {
    const char *text[N_FLEET_SETTINGS];
    bool on[N_FLEET_SETTINGS]; /* of those that take no value */
    const char *file;          /* --config */
};

enum { FLEET_WHERE = 320 };

/* Borrows flags and environment; owns what the file said. */
struct fleet_settings {
    struct fleet_value values[N_FLEET_SETTINGS];
    struct fleet_file file;
    char file_path[256]; /* "": none was read */
    /* What the texts mean. */
    struct plan_wish wish;
    enum log_level log_level;
    bool foreign, behind_proxy;
    bool http_off, http_any; /* any of ten ports will do */
    uint16_t http_port;
    char http_address[64];
};

/* The row of `which` for a table of args.h. */
struct arg fleet_settings_arg(enum fleet_setting which, struct fleet_flags *flags);
/* --config */
struct arg fleet_settings_file_arg(struct fleet_flags *flags);

/* Reads environment and file, and checks it all. 0, or 2 after sentences that begin with
 * "cordage COMMAND: " went to `err`; *out is to be released in both cases. */
int fleet_settings_read(const char *command, const struct fleet_flags *flags,
                        struct fleet_settings *out, FILE *err);
void fleet_settings_release(struct fleet_settings *s);

/* "shards_per_worker" */
void fleet_settings_key(enum fleet_setting which, char out[FLEET_FILE_KEY]);
/* "CORDAGE_SHARDS" */
const char *fleet_settings_variable(enum fleet_setting which);
/* "--shards", "CORDAGE_SHARDS", "cordage.yaml:3" or "default". */
const char *fleet_settings_where(const struct fleet_settings *s, enum fleet_setting which,
                                 char out[FLEET_WHERE]);
const char *fleet_source_name(enum fleet_source from);

#endif
