/* fleet_bot.h - the bot that a fleet runs: its token, its API, its state directory.
 *
 * Made by the same rules as a lone bot's (client/settings.h), so that both find the same
 * sessions. */
#ifndef CMD_FLEET_BOT_H
#define CMD_FLEET_BOT_H

#include "fleet_settings.h"
#include "settings.h"

/* 0, and *out is to be released. CORDAGE_EINVAL with sentences, CORDAGE_ENOMEM. */
int fleet_bot_read(const struct fleet_settings *s, struct settings *out,
                   cordage_error *error);
/* The same with options: shards, intents, token. */
int fleet_bot_make(const struct fleet_settings *s, cordage_options *options,
                   struct settings *out, cordage_error *error);
/* "DISCORD_TOKEN", "--token-file", "cordage.yaml:2"; "none". */
const char *fleet_bot_token_where(const struct fleet_settings *s, char out[FLEET_WHERE]);

/* Takes DISCORD_TOKEN out of this process's environment, its memory too: what
 * /proc/PID/environ shows. */
void fleet_bot_hide_token(void);
/* Puts the token into the environment of a program that is to be executed in this
 * process: DISCORD_TOKEN_FILE names a file in memory. CORDAGE_ESYSTEM, _ENOMEM. */
int fleet_bot_hand_on(const struct settings *bot, cordage_error *error);

#endif
