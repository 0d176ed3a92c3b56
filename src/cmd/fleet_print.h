/* fleet_print.h - `cordage run --print-config`: each setting, and where it came from. */
#ifndef CMD_FLEET_PRINT_H
#define CMD_FLEET_PRINT_H

#include "fleet_settings.h"

/* `state_dir`: as it was worked out, or NULL; `token_where`: fleet_bot_token_where's. The
 * token itself is never shown. CORDAGE_ENOMEM. */
int fleet_print(const struct fleet_settings *s, const char *state_dir,
                const char *token_where, bool json, FILE *out);

#endif
