/* settings_state.h - settings of what outlives the process: where it is kept, for whom,
 * and how long each kind of object is. Used by settings.c. */
#ifndef CLIENT_SETTINGS_STATE_H
#define CLIENT_SETTINGS_STATE_H

#include "settings.h"

enum { APPLICATION_TEXT = 32 };

/* The application's id, from the token's first part; if that can't be read, sixteen
 * digits of the token's fingerprint. */
void settings_application(const struct settings *s, char out[APPLICATION_TEXT]);
/* The same as a number; 0: the token doesn't tell. */
uint64_t settings_application_id(const struct settings *s);
/* Fills in token_print and state_dir; shards and token are there. `option`: as given.
 * CORDAGE_ENOMEM, CORDAGE_EINVAL (no absolute path can be made of it: *error says so). */
int settings_take_state(struct settings *s, const char *option, const struct env *env,
                        cordage_error *error);
/* Resolves one policy; the sentence's beginning of what is wrong with it, or NULL. */
const char *settings_take_policy(cordage_kind kind, cordage_policy given,
                                 cordage_policy *out);
/* "guilds" and so on. */
const char *settings_kind_name(cordage_kind kind);

#endif
