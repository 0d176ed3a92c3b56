/* doctor.c - `cordage doctor`: what is right with this bot's start, and what to mend.
 *
 * Looks at one thing after another, from the settings to the gateway's HELLO, and goes on
 * wherever what follows can still be told. Costs no IDENTIFY. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "args.h"
#include "subcommands.h"
#include "doctor_inner.h"
#include "fleet_bot.h"
#include "text.h"
#include "tls.h"
#include "url.h"

enum {
    SPARE_FILES = 100
}; /* besides a socket per shard: loops, REST, logs, the bot's own */

/* ---- Settings ---- */

static void check_plaintext(struct doctor *d)
{
    struct url url;

    if (url_parse(str_of(d->s.api), &url, NULL) < 0)
        return;
    if (!url.tls && !url_is_loopback(&url))
        finding_warning(
            &d->f, "api",
            "Use https, and unset CORDAGE_ALLOW_PLAINTEXT, unless the way there "
            "is safe by itself.",
            "%s gets the token in plain text.", d->s.api);
    if (!str_ends(str_of(url.path), STR("/v10")))
        finding_warning(&d->f, "api",
                        "Discord's is " SETTINGS_API
                        ": without /v10, an older API answers.",
                        "%s does not end in /v10, the version that Cordage speaks.",
                        d->s.api);
}

/* False: nothing more can be told. */
static bool check_settings(struct doctor *d, cordage_options *options)
{
    char where[FLEET_WHERE], says[FLEET_WHERE + 16];
    cordage_error error;

    d->have_token = strcmp(fleet_bot_token_where(&d->fleet, where), "none") != 0;
    if (options->shard_count == CORDAGE_SHARDS_AUTO) {
        options->shard_count = d->fleet.wish.shards;
        options->shard_first = d->fleet.wish.first;
        options->shard_last = d->fleet.wish.last;
    }
    if (!d->have_token) {
        options->token = "none"; /* so that the rest can be looked at */
        finding_wrong(
            &d->f, "token", DOCTOR_CONFIG,
            "Set DISCORD_TOKEN, or DISCORD_TOKEN_FILE to a file that only you can "
            "read. " DOCTOR_NEW_TOKEN,
            "There is none.");
    }
    if (fleet_bot_make(&d->fleet, options, &d->s, &error) < 0) {
        finding_wrong(&d->f, "settings", DOCTOR_CONFIG, "", "%s", error.message);
        return false;
    }
    snprintf(says, sizeof says, ", as %s says",
             fleet_settings_where(&d->fleet, FLEET_API, where));
    finding_ok(&d->f, "settings", "%s is asked%s.", d->s.api,
               d->fleet.values[FLEET_API].from == FLEET_FROM_DEFAULT ? "" : says);
    check_plaintext(d);
    return true;
}

/* How many of the bytes of URL-safe base64 are digits once decoded; 0: not all of them.
 */
static size_t digits_in_base64(struct str s)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                   "0123456789-_";
    uint32_t bits = 0;
    unsigned n_bits = 0;
    size_t n = 0;

    while (s.n > 0 && s.p[s.n - 1] == '=')
        s.n--;
    for (size_t i = 0; i < s.n; i++) {
        const char *at = memchr(alphabet, s.p[i], sizeof alphabet - 1);

        if (!at)
            return 0;
        bits = bits << 6 | (uint32_t)(at - alphabet);
        n_bits += 6;
        if (n_bits < 8)
            continue;
        n_bits -= 8;
        if ((bits >> n_bits & 0xff) - '0' > 9)
            return 0;
        n++;
    }
    return n;
}

/* A bot's token is three parts with dots between, the first of which is the application's
 * id in base64. Discord has not promised that, so it is no more than a hint. */
static void check_token_shape(struct doctor *d)
{
    struct str token = secret_reveal(&d->s.token), first = { token.p, 0 };
    unsigned dots = 0;
    size_t digits;

    while (first.n < token.n && token.p[first.n] != '.')
        first.n++;
    for (size_t i = 0; i < token.n; i++)
        dots += token.p[i] == '.';
    digits = digits_in_base64(first);
    if (dots == 2 && digits >= 17 && digits <= 20)
        finding_ok(&d->f, "token", "It looks like a bot's token.");
    else
        finding_warning(
            &d->f, "token",
            "The application's client secret and public key are no tokens: see "
            "Bot, Reset Token, at " DOCTOR_PORTAL ".",
            "It does not look like a bot's token, which is three parts with dots "
            "between, the first an id in base64.");
}

/* False: nobody can be asked. */
static bool check_ca_file(struct doctor *d)
{
    struct tls_client *tls;
    cordage_error error;
    int err = tls_client_new(d->s.ca_file, &tls, &error);

    if (err)
        finding_wrong(&d->f, "ca", DOCTOR_CONFIG,
                      "CORDAGE_CA_FILE must name certificates in PEM form; unset it for "
                      "Discord itself.",
                      "Nobody can be asked: %s.", error.message);
    else if (d->s.ca_file)
        finding_ok(&d->f, "ca", "The system's authorities and those in %s are trusted.",
                   d->s.ca_file);
    else
        finding_ok(&d->f, "ca", "The system's authorities are trusted.");
    tls_client_free(tls);
    return err == 0;
}

/* All of them, unless a fleet's settings divide them. */
static uint32_t shards_of_a_process(const struct doctor *d)
{
    const struct plan_wish *wish = &d->fleet.wish;

    if (wish->shards_per_worker && wish->shards_per_worker < d->shards)
        return wish->shards_per_worker;
    return wish->workers ? (d->shards + wish->workers - 1) / wish->workers : d->shards;
}

static void check_files(struct doctor *d)
{
    uint32_t shards = shards_of_a_process(d);
    uint64_t need = (uint64_t)shards + SPARE_FILES;
    struct rlimit files;
    char fix[160];

    if (getrlimit(RLIMIT_NOFILE, &files) < 0 || shards == 0)
        return;
    if (files.rlim_cur >= need) {
        finding_ok(&d->f, "files", "%" PRIu64 " may be open, some %" PRIu64 " will be.",
                   (uint64_t)files.rlim_cur, need);
        return;
    }
    snprintf(fix, sizeof fix,
             "Raise it: ulimit -n %" PRIu64 ", or LimitNOFILE=%" PRIu64
             " in the service file.",
             need, need);
    finding_wrong(&d->f, "files", DOCTOR_FAILED, fix,
                  "Only %" PRIu64 " may be open, but %" PRIu32
                  " shards need some %" PRIu64 ".",
                  (uint64_t)files.rlim_cur, shards, need);
}

static void examine(struct doctor *d, cordage_options *options)
{
    if (!doctor_file(d) || !check_settings(d, options))
        return;
    doctor_state(d);
    if (d->have_token)
        check_token_shape(d);
    if (!check_ca_file(d) || !doctor_api(d))
        return;
    if (d->have_token) {
        doctor_intents(d);
        doctor_budget(d);
    }
    if (d->shards == 0)
        d->shards = d->s.shard_count;
    check_files(d);
    doctor_gateway(d);
}

int command_doctor(int argc, char **argv)
{
    struct doctor d = { 0 };
    cordage_options options = CORDAGE_OPTIONS_INIT;
    const char *shards = "auto";
    uint64_t intents = 0;
    const struct arg list[] = {
        { .name = "shards",
          .value = "N",
          .help = "how many shards the bot starts: a number, or auto",
          .text = &shards },
        { .name = "intents",
          .value = "N",
          .help = "the intents that it asks for, as a number: are they allowed?",
          .number = &intents,
          .max = UINT32_MAX },
        { 0 },
    };
    const struct args args = {
        .command = "doctor",
        .usage = "[OPTION]...",
        .about =
            "Looks at what a start needs, one thing after another: settings "
            "and " FLEET_FILE
            ",\nstate directory, token, certificates, clock, intents, budget, file "
            "limits,\ngateway. Says what is right, and of what is not, how to mend it. "
            "Starts nothing.",
        .after =
            "Exit status: 0 nothing is wrong (there may be warnings), 3 a bad token,\n"
            "4 the identifies left do not cover the shards, 2 a wrong setting or none,\n"
            "1 anything else.",
        .list = list,
        .json = &d.f.json,
    };
    char **operands;
    int n, status = args_parse(&args, argc, argv, &operands, &n, stdout, stderr);

    if (status != ARGS_GO)
        return status;
    if (text_shards("doctor", shards, &options.shard_count) < 0)
        return 2;
    options.intents = (uint32_t)intents;
    d.f.colour = isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
    d.parser = json_parser_new();
    if (!d.parser)
        return 1;
    examine(&d, &options);
    status = findings_end(&d.f);
    json_parser_free(d.parser);
    settings_release(&d.s);
    fleet_settings_release(&d.fleet);
    return status;
}
