#include "doctor_inner.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "gateway_bot.h"
#include "ledger.h"
#include "probe.h"
#include "shards.h"
#include "text.h"
#include "user_agent.h"

enum {
    CLOCK_OFF_S = 5, /* more is worth a warning */
    GUILDS_PER_SHARD = 2500,
};

/* ---- The API ---- */

static int get(struct doctor *d, const char *path, struct http_got *got,
               cordage_error *error)
{
    struct http_options http = { .ca_file = d->s.ca_file,
                                 .proxy = d->s.proxy,
                                 .user_agent = USER_AGENT };
    struct http_request request = { .method = "GET",
                                    .token = d->have_token ? &d->s.token : NULL };
    char url[LIMIT_URL + 64];

    snprintf(url, sizeof url, "%s%s", d->s.api, path);
    request.url = url;
    return http_fetch(&http, &request, got, error);
}

static void check_clock(struct doctor *d, const struct http_got *got)
{
    struct str value = http_header(buf_str(&got->head), "Date");
    struct timespec now;
    struct tm tm = { 0 };
    char text[64];
    long long off;

    clock_gettime(CLOCK_REALTIME, &now);
    snprintf(text, sizeof text, "%.*s", STR_FMT(value));
    if (!strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &tm))
        return;
    off = (long long)now.tv_sec - (long long)timegm(&tm);
    if (llabs(off) > CLOCK_OFF_S)
        finding_warning(&d->f, "clock",
                        "Let the system set it by NTP (timedatectl set-ntp true).",
                        "This machine's is %lld s %s the server's.", llabs(off),
                        off > 0 ? "ahead of" : "behind");
    else
        finding_ok(&d->f, "clock", "It agrees with the server's.");
}

static void no_answer(struct doctor *d, int err, const char *why)
{
    if (err == CORDAGE_ETLS)
        finding_wrong(
            &d->f, "tls", DOCTOR_FAILED,
            "If this is not Discord itself, CORDAGE_CA_FILE must name the file of "
            "its authority. Else somebody stands in between, or ca-certificates "
            "is too old.",
            "%s has shown no certificate that can be trusted: %s.", d->s.api, why);
    else
        finding_wrong(
            &d->f, "api", DOCTOR_FAILED,
            "Check the network, name resolution, the firewall, and CORDAGE_API.",
            "%s cannot be reached: %s.", d->s.api, why);
}

static void check_me(struct doctor *d, const struct http_got *got)
{
    struct str name = { "", 0 };
    uint64_t id = 0;
    cordage_json me;

    if (got->status == 401) {
        d->have_token = false;
        finding_wrong(&d->f, "token", DOCTOR_TOKEN, DOCTOR_NEW_TOKEN,
                      "Discord refuses it (401): it is wrong, or it has been reset.");
    } else if (got->status != 200 ||
               json_parse(d->parser, buf_str(&got->body), &me) < 0 ||
               !json_str(json_get(me, "username"), &name) ||
               !json_id(json_get(me, "id"), &id)) {
        finding_wrong(
            &d->f, "api", DOCTOR_FAILED,
            "See https://discordstatus.com, and whether CORDAGE_API is the address "
            "of Discord's API, version 10.",
            "GET /users/@me was answered with HTTP %ld%s.", got->status,
            got->status == 200 ? ", but not by a user" : "");
    } else {
        finding_ok(&d->f, "token", "Discord accepts it: the bot is %.*s (%" PRIu64 ").",
                   STR_FMT(name), id);
    }
}

/* False: the API does not answer. */
bool doctor_api(struct doctor *d)
{
    const char *path = d->have_token ? "/users/@me" : "/gateway";
    struct http_got got;
    cordage_error error;
    int err = get(d, path, &got, &error);

    if (err) {
        no_answer(d, err, error.message);
        return false;
    }
    finding_ok(&d->f, "api", "It can be reached%s.",
               str_starts(str_of(d->s.api), STR("https:"))
                   ? ", and its certificate is good"
                   : "");
    check_clock(d, &got);
    if (d->have_token)
        check_me(d, &got);
    http_got_release(&got);
    return true;
}

/* ---- Intents ---- */

static const struct {
    uint32_t intent;
    unsigned flag, limited_flag; /* of the application; limited: in under 100 guilds */
    const char *name, *portal;
} privileged[] = {
    { CORDAGE_INTENT_GUILD_PRESENCES, 12, 13, "GUILD_PRESENCES", "Presence Intent" },
    { CORDAGE_INTENT_GUILD_MEMBERS, 14, 15, "GUILD_MEMBERS", "Server Members Intent" },
    { CORDAGE_INTENT_MESSAGE_CONTENT, 18, 19, "MESSAGE_CONTENT",
      "Message Content Intent" },
};

static void check_intents(struct doctor *d, uint64_t flags)
{
    char enabled[128] = "";
    unsigned n_wrong = 0;

    for (size_t i = 0; i < sizeof privileged / sizeof *privileged; i++) {
        bool is_on =
            flags >> privileged[i].flag & 1 || flags >> privileged[i].limited_flag & 1;
        char fix[256];

        if (is_on) {
            size_t at = strlen(enabled);

            snprintf(enabled + at, sizeof enabled - at, "%s%s", at ? ", " : "",
                     privileged[i].name);
        } else if (d->s.intents & privileged[i].intent) {
            n_wrong++;
            snprintf(fix, sizeof fix,
                     "Enable \"%s\" at " DOCTOR_PORTAL
                     " (your application, Bot, Privileged "
                     "Gateway Intents), or leave the intent out.",
                     privileged[i].portal);
            finding_wrong(
                &d->f, "intents", DOCTOR_FAILED, fix,
                "%s is asked for, but not enabled: Discord will close with 4014.",
                privileged[i].name);
        }
    }
    if (n_wrong == 0)
        finding_ok(&d->f, "intents", "%s (%" PRIu32 "). Privileged ones enabled: %s.",
                   d->s.intents ? "All that are asked for are allowed" : "None was named",
                   d->s.intents, enabled[0] ? enabled : "none");
}

void doctor_intents(struct doctor *d)
{
    struct http_got got;
    cordage_error error = { 0 };
    cordage_json application;
    uint64_t flags = 0;
    int err = get(d, "/applications/@me", &got, &error);

    if (!err && got.status == 200 &&
        json_parse(d->parser, buf_str(&got.body), &application) == 0 &&
        json_u64(json_get(application, "flags"), &flags))
        check_intents(d, flags);
    else
        finding_warning(
            &d->f, "intents", "Try again later.",
            "GET /applications/@me does not tell which are allowed (%s, HTTP %ld).",
            err ? error.message : "no flags", got.status);
    http_got_release(&got);
}

/* ---- Shards and the budget ---- */

static void check_shards(struct doctor *d, const struct gateway_bot *g)
{
    char duration[TEXT_DURATION];
    uint32_t asked = d->s.shard_count;
    uint64_t takes;

    d->shards = asked ? asked : g->shards;
    takes = shards_start_ms(d->shards, g->max_concurrency);
    if (asked && asked < g->shards)
        finding_warning(
            &d->f, "shards",
            "Use --shards auto (CORDAGE_SHARDS_AUTO), or at least as many as are "
            "recommended.",
            "%" PRIu32 ", but Discord recommends %" PRIu32 "; with more than %d "
            "guilds on one, it closes with 4011.",
            asked, g->shards, GUILDS_PER_SHARD);
    else
        finding_ok(&d->f, "shards",
                   "%" PRIu32 "; Discord recommends %" PRIu32 ". A start takes %s.",
                   d->shards, g->shards,
                   takes ? text_duration(takes, duration) : "no time");
}

static void check_budget(struct doctor *d, const struct gateway_bot *g)
{
    char duration[TEXT_DURATION], fix[160];
    struct ledger ledger;
    uint64_t reserve, allowed;

    ledger_init(&ledger, d->shards);
    ledger_limits(&ledger, g->total, g->remaining, g->reset_after_ms, 0);
    reserve = ledger_reserve(&ledger);
    allowed = ledger_allowed(&ledger, 0);
    ledger_release(&ledger);
    if (g->total - reserve < d->shards)
        snprintf(fix, sizeof fix,
                 "A day's budget, less a reserve, is %" PRIu64 ": start fewer shards, or "
                 "parts of them (shard_first and shard_last) on different days.",
                 g->total - reserve);
    else
        snprintf(fix, sizeof fix,
                 "Wait: it is whole again in %s. Find out what used it up.",
                 text_duration(g->reset_after_ms, duration));
    if (allowed < d->shards)
        finding_wrong(
            &d->f, "budget", DOCTOR_BUDGET, fix,
            "%" PRIu32 " of %" PRIu32 " identifies are left today, %" PRIu64
            " are kept in reserve, and a start of %" PRIu32
            " shards takes more. Discord resets the token of a bot that goes on.",
            g->remaining, g->total, reserve, d->shards);
    else if (allowed < 2 * (uint64_t)d->shards)
        finding_warning(&d->f, "budget", fix,
                        "%" PRIu32 " of %" PRIu32
                        " identifies are left today: enough for this "
                        "start, not for many more.",
                        g->remaining, g->total);
    else
        finding_ok(&d->f, "budget",
                   "%" PRIu32 " of %" PRIu32 " identifies are left today.", g->remaining,
                   g->total);
}

void doctor_budget(struct doctor *d)
{
    struct rest_options options = { .api = d->s.api,
                                    .token = &d->s.token,
                                    .http = { .ca_file = d->s.ca_file,
                                              .proxy = d->s.proxy } };
    struct gateway_bot g;
    cordage_error error;

    if (gateway_bot_fetch(&options, &g, &error) < 0) {
        finding_wrong(&d->f, "budget", DOCTOR_FAILED, "", "%s", error.message);
        return;
    }
    snprintf(d->url, sizeof d->url, "%s", g.url);
    check_shards(d, &g);
    check_budget(d, &g);
}

/* ---- The gateway ---- */

/* Without a token only GET /gateway says where it is. */
static void find_gateway(struct doctor *d)
{
    struct http_got got;
    cordage_error error;
    cordage_json answer;
    struct str url;

    if (get(d, "/gateway", &got, &error) == 0 && got.status == 200 &&
        json_parse(d->parser, buf_str(&got.body), &answer) == 0 &&
        json_str(json_get(answer, "url"), &url) &&
        gateway_url_check(url, d->s.api, NULL, &error) == 0)
        snprintf(d->url, sizeof d->url, "%.*s", STR_FMT(url));
    http_got_release(&got);
}

void doctor_gateway(struct doctor *d)
{
    struct probe_options options = { .ca_file = d->s.ca_file, .proxy = d->s.proxy };
    struct probe_result result;
    cordage_error error;

    if (!d->url[0])
        find_gateway(d);
    if (!d->url[0])
        finding_wrong(&d->f, "gateway", DOCTOR_FAILED,
                      "Is CORDAGE_API the address of Discord's API, version 10?",
                      "The API does not say where it is.");
    else if (probe_gateway(d->url, &options, &result, &error) < 0)
        finding_wrong(
            &d->f, "gateway", DOCTOR_FAILED,
            "Check the firewall (it is another host than the API) and, with TLS, "
            "CORDAGE_CA_FILE.",
            "%s: %s.", d->url, error.message);
    else
        finding_ok(&d->f, "gateway", "%s said HELLO after %" PRIu32 " ms.", d->url,
                   result.took_ms);
}
