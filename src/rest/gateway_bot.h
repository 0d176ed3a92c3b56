/* gateway_bot.h - GET /gateway/bot: where to connect, with how many shards, and how many
 * IDENTIFYs are left today.
 *
 * Source: Discord, "Gateway", "Get Gateway Bot". Not to be kept for long: all of it
 * changes as the bot is added to guilds. */
#ifndef REST_GATEWAY_BOT_H
#define REST_GATEWAY_BOT_H

#include "rest.h"
#include "url.h"

struct gateway_bot {
    char url[LIMIT_URL];
    uint32_t shards;           /* recommended */
    uint32_t total, remaining; /* IDENTIFYs a day, over all shards, and what is left */
    uint64_t
        reset_after_ms; /* until `remaining` is `total` again; 0: none was used yet */
    uint32_t max_concurrency; /* IDENTIFYs in 5 s */
};

/* Reads the answer, behind which BUF_SLACK bytes must be readable. CORDAGE_EPARSE when a
 * field is missing or out of range, or the URL may not be connected to. [any thread] */
int gateway_bot_parse(struct str body, const char *api, struct gateway_bot *out,
                      cordage_error *error);

/* Whether asking again may help: the network, Discord's own trouble, memory. */
bool gateway_bot_may_pass(const struct rest_answer *answer);
/* How long to wait before that, after so many tries: at most 1 s, 2 s, ... a minute. All
 * of it is chance, because the bots of an outage must not all come back at one moment. */
uint64_t gateway_bot_wait_ms(unsigned n_tries, uint64_t chance);

/* Whether a gateway or resume URL may be given the token, when it came from the API at
 * `api`: with Discord's own it must be wss and lie under discord.gg; else wss, or ws on
 * loopback, or ws where the API itself is plain HTTP beyond loopback (which the settings
 * allow only on request). 0, or CORDAGE_EINVAL with the sentence. `out` may be NULL. */
int gateway_url_check(struct str url, const char *api, struct url *out,
                      cordage_error *error);

/* GET /gateway/bot, waiting; the caller's thread blocks. Errors have a sentence of their
 * own: CORDAGE_EAUTH, _ENET, _ETLS, _ETIMEOUT, _EHTTP, _EPARSE. */
int gateway_bot_fetch(const struct rest_options *options, struct gateway_bot *out,
                      cordage_error *error);

#endif
