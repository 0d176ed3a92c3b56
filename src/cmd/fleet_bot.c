#include "fleet_bot.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mem.h"

/* The flag goes before DISCORD_TOKEN, that before a file in environment or cordage.yaml.
 */
static bool token_is_in_environment(const struct fleet_settings *s, const struct env *env)
{
    return env->token && s->values[FLEET_TOKEN_FILE].from != FLEET_FROM_FLAG;
}

const char *fleet_bot_token_where(const struct fleet_settings *s, char out[FLEET_WHERE])
{
    struct env env;

    env_read(&env);
    if (token_is_in_environment(s, &env))
        snprintf(out, FLEET_WHERE, "DISCORD_TOKEN");
    else if (s->values[FLEET_TOKEN_FILE].text)
        fleet_settings_where(s, FLEET_TOKEN_FILE, out);
    else
        snprintf(out, FLEET_WHERE, "none");
    return out;
}

int fleet_bot_make(const struct fleet_settings *s, cordage_options *options,
                   struct settings *out, cordage_error *error)
{
    struct env env;

    env_read(&env);
    if (!token_is_in_environment(s, &env)) {
        env.token = NULL;
        env.token_file = s->values[FLEET_TOKEN_FILE].text;
    }
    env.api = s->values[FLEET_API].text;
    env.ca_file = s->values[FLEET_CA_FILE].text;
    env.state_dir = s->values[FLEET_STATE_DIR].text;
    env.link = NULL; /* in somebody's worker, too, a fleet is our own */
    env.log = s->values[FLEET_LOG].text;
    options->proxy = s->values[FLEET_PROXY].text;
    return settings_make(options, &env, out, error);
}

int fleet_bot_read(const struct fleet_settings *s, struct settings *out,
                   cordage_error *error)
{
    cordage_options options = CORDAGE_OPTIONS_INIT;

    options.shard_count = s->wish.shards;
    options.shard_first = s->wish.first;
    options.shard_last = s->wish.last;
    return fleet_bot_make(s, &options, out, error);
}

/* ---- Out of sight -------------------------------------------------------------------
 */

void fleet_bot_hide_token(void)
{
    char *token = getenv("DISCORD_TOKEN");

    if (token) {
        mem_wipe(token, strlen(token)); /* the kernel shows these very bytes */
        unsetenv("DISCORD_TOKEN");
    }
}

int fleet_bot_hand_on(const struct settings *bot, cordage_error *error)
{
    struct str token = secret_reveal(&bot->token);
    /* Not closed on exec: that is what it is for. */
    int fd = memfd_create("token", 0);
    char path[64];

    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (fd >= 0 && fchmod(fd, 0600) == 0 &&
        write(fd, token.p, token.n) == (ssize_t)token.n &&
        setenv("DISCORD_TOKEN_FILE", path, 1) == 0)
        return 0;
    error_set(error, CORDAGE_ESYSTEM, "cannot hand the token on: %s", strerror(errno));
    if (fd >= 0)
        close(fd);
    return CORDAGE_ESYSTEM;
}
