#include "fatal.h"

#include <stdarg.h>
#include <stdio.h>

#include "cordage/version.h"
#include "gateway.h"
#include "moment.h"
#include "str.h"

#define PORTAL "https://discord.com/developers/applications"
#define NEW_TOKEN                                                                   \
    "Make a new one at " PORTAL " (your application, Bot, Reset Token) and put it " \
    "into DISCORD_TOKEN, the file that DISCORD_TOKEN_FILE names, or options.token."

enum { LIST_MAX = 320 };

bool fatal_is(int close_code)
{
    switch (close_code) {
    case CLOSE_AUTHENTICATION_FAILED:
    case CLOSE_INVALID_SHARD:
    case CLOSE_SHARDING_REQUIRED:
    case CLOSE_INVALID_VERSION:
    case CLOSE_INVALID_INTENTS:
    case CLOSE_DISALLOWED_INTENTS:
        return true;
    default:
        return false;
    }
}

/* "a, b, c", cut when it is too long to be read. */
__attribute__((format(printf, 2, 3))) static void list(char out[LIST_MAX],
                                                       const char *format, ...)
{
    size_t n = strlen(out);
    va_list args;

    if (n)
        n += (size_t)snprintf(out + n, LIST_MAX - n, ", ");
    if (n >= LIST_MAX)
        return;
    va_start(args, format);
    vsnprintf(out + n, LIST_MAX - n, format, args);
    va_end(args);
}

/* ---- Shards ---------------------------------------------------------------- */

/* "Discord recommends 4 shards. " or "", and the count to propose. */
static const char *recommendation(const struct fatal_facts *f, char out[LIST_MAX])
{
    out[0] = '\0';
    if (f->recommended)
        snprintf(out, LIST_MAX, "For this bot Discord recommends %u shard%s. ",
                 f->recommended, f->recommended == 1 ? "" : "s");
    return out;
}

static int sharding_required(const struct fatal_facts *f, cordage_error *error)
{
    char recommended[LIST_MAX], fix[LIST_MAX];

    /* A recommendation that is no more than what was just refused helps nobody. */
    if (f->recommended > f->shard_count)
        snprintf(fix, sizeof fix,
                 "Set options.shard_count to CORDAGE_SHARDS_AUTO or %u (or start with "
                 "--shards auto or --shards %u).",
                 f->recommended, f->recommended);
    else
        snprintf(fix, sizeof fix,
                 "Set options.shard_count to CORDAGE_SHARDS_AUTO, or to more than %u (or "
                 "start with --shards).",
                 f->shard_count);
    return error_set(
        error, CORDAGE_EFATAL,
        "Discord closed shard %u of %u with 4011, sharding required: the bot "
        "is in more guilds than one shard may hold (2,500), so this bot must "
        "be sharded%s. %s%s",
        f->shard_id, f->shard_count,
        f->shard_count > 1 ? ", over more shards than now" : "",
        recommendation(f, recommended), fix);
}

static int invalid_shard(const struct fatal_facts *f, cordage_error *error)
{
    char recommended[LIST_MAX];

    return error_set(
        error, CORDAGE_EFATAL,
        "Discord closed shard %u of %u with 4010, invalid shard: it does not "
        "accept this shard count. The count of a very large bot must be a "
        "multiple of the number that Discord gave to its owner. %sSet "
        "options.shard_count (or --shards) to CORDAGE_SHARDS_AUTO, or to a "
        "count that Discord allows.",
        f->shard_id, f->shard_count, recommendation(f, recommended));
}

/* ---- Intents ---------------------------------------------------------------- */

static int invalid_intents(const struct fatal_facts *f, cordage_error *error)
{
    char bits[LIST_MAX] = "";

    for (unsigned bit = 0; bit < 32; bit++) {
        uint32_t value = UINT32_C(1) << bit;

        if (f->intents & value & ~(uint32_t)GATEWAY_ALL_INTENTS)
            list(bits, "1 << %u (%u)", bit, value);
    }
    if (bits[0])
        return error_set(
            error, CORDAGE_EFATAL,
            "Discord closed shard %u of %u with 4013, invalid intents: "
            "options.intents is %u and has bits that Discord does not define: "
            "%s. Use only CORDAGE_INTENT_*.",
            f->shard_id, f->shard_count, f->intents, bits);
    return error_set(
        error, CORDAGE_EFATAL,
        "Discord closed shard %u of %u with 4013, invalid intents: "
        "options.intents is %u. Every bit in it was defined when Cordage %s was "
        "made: if Discord has withdrawn one since, leave it out, or upgrade.",
        f->shard_id, f->shard_count, f->intents, CORDAGE_VERSION);
}

static int disallowed_intents(const struct fatal_facts *f, cordage_error *error)
{
    static const struct {
        uint32_t bit;
        const char *name, *portal; /* what the portal calls it */
    } privileged[] = {
        { 1u << 1, "GUILD_MEMBERS", "Server Members Intent" },
        { 1u << 8, "GUILD_PRESENCES", "Presence Intent" },
        { 1u << 15, "MESSAGE_CONTENT", "Message Content Intent" },
    };
    char names[LIST_MAX] = "", switches[LIST_MAX] = "";

    for (size_t i = 0; i < sizeof privileged / sizeof *privileged; i++) {
        if (!(f->intents & privileged[i].bit))
            continue;
        list(names, "%s", privileged[i].name);
        list(switches, "%s", privileged[i].portal);
    }
    if (!names[0])
        return error_set(error, CORDAGE_EFATAL,
                         "Discord closed shard %u of %u with 4014, disallowed intents, "
                         "although options.intents (%u) has none that is known to be "
                         "privileged: see which ones the bot may use at " PORTAL
                         " (your application, Bot).",
                         f->shard_id, f->shard_count, f->intents);
    return error_set(
        error, CORDAGE_EFATAL,
        "Discord closed shard %u of %u with 4014, disallowed intents: "
        "options.intents asks for %s, and not all of these privileged intents "
        "are enabled for the bot. Enable them at " PORTAL
        " (your application, Bot, Privileged Gateway Intents: %s), or leave "
        "them out of options.intents.",
        f->shard_id, f->shard_count, names, switches);
}

/* ---- All of them ------------------------------------------------------------ */

int fatal_close(int close_code, const struct fatal_facts *f, cordage_error *error)
{
    switch (close_code) {
    case CLOSE_AUTHENTICATION_FAILED:
        return error_set(
            error, CORDAGE_EAUTH,
            "Discord closed shard %u of %u with 4004, authentication failed: "
            "the token is wrong, or it has been reset. " NEW_TOKEN,
            f->shard_id, f->shard_count);
    case CLOSE_INVALID_SHARD:
        return invalid_shard(f, error);
    case CLOSE_SHARDING_REQUIRED:
        return sharding_required(f, error);
    case CLOSE_INVALID_VERSION:
        return error_set(
            error, CORDAGE_EFATAL,
            "Discord closed shard %u of %u with 4012, invalid API version: it "
            "no longer speaks version %d of the gateway, the one that Cordage "
            "%s knows. Upgrade Cordage.",
            f->shard_id, f->shard_count, GATEWAY_VERSION, CORDAGE_VERSION);
    case CLOSE_INVALID_INTENTS:
        return invalid_intents(f, error);
    case CLOSE_DISALLOWED_INTENTS:
        return disallowed_intents(f, error);
    default:
        return error_set(
            error, CORDAGE_EFATAL,
            "Discord closed shard %u of %u with %d and does not want it back.",
            f->shard_id, f->shard_count, close_code);
    }
}

int fatal_unauthorized(cordage_error *error)
{
    return error_set(
        error, CORDAGE_EAUTH,
        "Discord answered 401 Unauthorized: the token is wrong, or it has been "
        "reset. " NEW_TOKEN);
}

int fatal_untrusted(const char *what, cordage_error *error)
{
    return error_set(
        error, CORDAGE_ETLS,
        "%s If it is not Discord itself that answers (a proxy, the simulator), "
        "CORDAGE_CA_FILE or options.ca_file must name the file of its authority.",
        what);
}

int fatal_over_budget(uint32_t needed, struct ledger *l, uint64_t now,
                      cordage_error *error)
{
    unsigned long long allowed = ledger_allowed(l, now), reserve = ledger_reserve(l);
    uint64_t when = ledger_when(l, needed, now);
    char moment[MOMENT_TEXT], fix[LIST_MAX];

    if (when == UINT64_MAX) {
        snprintf(
            fix, sizeof fix,
            "There will never be enough: start fewer shards (options.shard_count, or a "
            "part of them with shard_first and shard_last).");
    } else {
        moment_text(moment, when, now);
        snprintf(fix, sizeof fix,
                 "There are enough at %s: start then, or fewer shards now "
                 "(options.shard_first and shard_last).",
                 moment);
    }
    return error_set(
        error, CORDAGE_EBUDGET,
        "Starting %u shard%s without a session to resume takes as many identifies, and "
        "only %llu %s left: of %llu a day, %llu are kept in reserve. Discord resets the "
        "token of a bot that uses more than "
        "it has, so nothing was started. %s",
        needed, needed == 1 ? "" : "s", allowed, allowed == 1 ? "is" : "are",
        (unsigned long long)l->total, reserve, fix);
}
