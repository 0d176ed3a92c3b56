#include "gateway_bot.h"

#include "json.h"
#include "user_agent.h"

enum { WAIT_FIRST_MS = 1000, WAIT_MAX_MS = 60 * 1000 };

enum {
    IDENTIFIES_MAX = INT32_MAX, /* Discord's schema says 32 bits */
    CONCURRENCY_MAX = LIMIT_SHARDS,
    RESET_MAX_MS = 7 * 24 * 3600 * 1000, /* it is a day */
};

static bool is_discords_own(const struct url *api)
{
    return url_is_under(api, "discord.com") || url_is_under(api, "discordapp.com");
}

bool gateway_bot_may_pass(const struct rest_answer *answer)
{
    switch (answer->err) {
    case CORDAGE_ENET:
    case CORDAGE_ETIMEOUT:
    case CORDAGE_ENOMEM:
    case CORDAGE_EFULL:
        return true;
    case CORDAGE_EHTTP:
        return answer->status >= 500 || answer->status == 429;
    default:
        return false;
    }
}

uint64_t gateway_bot_wait_ms(unsigned n_tries, uint64_t chance)
{
    uint64_t most = WAIT_FIRST_MS;

    for (unsigned i = 1; i < n_tries && most < WAIT_MAX_MS; i++)
        most *= 2;
    return chance % (most < WAIT_MAX_MS ? most : WAIT_MAX_MS) + 1;
}

int gateway_url_check(struct str text, const char *api, struct url *out,
                      cordage_error *error)
{
    struct url url, from;
    int err = url_parse(str_of(api), &from, error);

    if (!err)
        err = url_parse(text, &url, error);
    if (err)
        return err;
    if (out)
        *out = url;
    if (!url.websocket)
        return error_set(error, CORDAGE_EINVAL,
                         "The gateway's URL, \"%.*s\", is neither wss nor ws.",
                         STR_FMT(text));
    if (is_discords_own(&from) && (!url.tls || !url_is_under(&url, "discord.gg")))
        return error_set(
            error, CORDAGE_EINVAL,
            "The gateway's URL, \"%.*s\", is not one of Discord's: it does not "
            "get the token.",
            STR_FMT(text));
    return url_check_plaintext(&url, !from.tls && !url_is_loopback(&from), error);
}

/* The member `name`, from `min` to `max`. */
static bool number(cordage_json object, const char *name, uint64_t min, uint64_t max,
                   uint64_t *out, cordage_error *error)
{
    if (json_u64(json_get(object, name), out) && *out >= min && *out <= max)
        return true;
    error_set(
        error, CORDAGE_EPARSE,
        "The answer to GET /gateway/bot has no good \"%s\". Is CORDAGE_API the address "
        "of Discord's API, version 10?",
        name);
    return false;
}

static int parse(cordage_json root, const char *api, struct gateway_bot *out,
                 cordage_error *error)
{
    cordage_json limit = json_get(root, "session_start_limit");
    uint64_t shards, total, remaining, reset_after, max_concurrency;
    struct str url;

    if (!json_str(json_get(root, "url"), &url) || url.n == 0 || url.n >= sizeof out->url)
        return error_set(
            error, CORDAGE_EPARSE,
            "The answer to GET /gateway/bot has no good \"url\". Is CORDAGE_API "
            "the address of Discord's API, version 10?");
    if (!number(root, "shards", 1, LIMIT_SHARDS, &shards, error) ||
        !number(limit, "total", 0, IDENTIFIES_MAX, &total, error) ||
        !number(limit, "remaining", 0, IDENTIFIES_MAX, &remaining, error) ||
        !number(limit, "reset_after", 0, RESET_MAX_MS, &reset_after, error) ||
        !number(limit, "max_concurrency", 1, CONCURRENCY_MAX, &max_concurrency, error))
        return CORDAGE_EPARSE;
    if (gateway_url_check(url, api, NULL, error)) {
        if (error)
            error->code = CORDAGE_EPARSE;
        return CORDAGE_EPARSE;
    }
    memcpy(out->url, url.p, url.n);
    out->shards = (uint32_t)shards;
    out->total = (uint32_t)total;
    out->remaining = (uint32_t)remaining;
    out->reset_after_ms = reset_after;
    out->max_concurrency = (uint32_t)max_concurrency;
    return 0;
}

int gateway_bot_parse(struct str body, const char *api, struct gateway_bot *out,
                      cordage_error *error)
{
    struct json_parser *parser = json_parser_new();
    cordage_json root;
    int err;

    memset(out, 0, sizeof *out);
    if (!parser)
        return error_set(error, CORDAGE_ENOMEM, "Out of memory.");
    err = json_parse(parser, body, &root);
    if (err == CORDAGE_ENOMEM)
        error_set(error, err, "Out of memory.");
    else if (err)
        err = error_set(error, CORDAGE_EPARSE,
                        "The answer to GET /gateway/bot is not JSON. Is CORDAGE_API the "
                        "address of Discord's API, version 10?");
    else
        err = parse(root, api, out, error);
    json_parser_free(parser);
    return err;
}

/* The sentence for a request that got no answer. `phrase` is what http.c said. */
static int no_answer(int err, const char *api, const char *phrase, cordage_error *error)
{
    switch (err) {
    case CORDAGE_ETLS:
        return error_set(
            error, err,
            "%s has shown no certificate that can be trusted: %s. If it is not "
            "Discord itself, CORDAGE_CA_FILE must name the file of its "
            "authority.",
            api, phrase);
    case CORDAGE_ETIMEOUT:
        return error_set(error, err, "%s did not answer in time: %s.", api, phrase);
    case CORDAGE_ENET:
        return error_set(error, err,
                         "%s cannot be reached: %s. Check the network, the proxy, and "
                         "CORDAGE_API.",
                         api, phrase);
    default:
        return error_set(error, err, "GET /gateway/bot at %s: %s", api, phrase);
    }
}

int gateway_bot_fetch(const struct rest_options *options, struct gateway_bot *out,
                      cordage_error *error)
{
    struct http_options http = options->http;
    struct http_request request = { .method = "GET", .token = options->token };
    struct http_got got = { 0 };
    char url[LIMIT_URL + 32];
    cordage_error phrase;
    int err;

    memset(out, 0, sizeof *out);
    snprintf(url, sizeof url, "%s/gateway/bot", options->api);
    request.url = url;
    if (!http.user_agent)
        http.user_agent = USER_AGENT;
    err = http_fetch(&http, &request, &got, &phrase);
    if (err)
        err = no_answer(err, options->api, phrase.message, error);
    else if (got.status == 401)
        err = error_set(
            error, CORDAGE_EAUTH,
            "Discord answered 401 Unauthorized: the token is wrong, or it has been "
            "reset.");
    else if (got.status != 200)
        err =
            error_set(error, CORDAGE_EHTTP, "%s answered GET /gateway/bot with HTTP %ld.",
                      options->api, got.status);
    else
        err = gateway_bot_parse(buf_str(&got.body), options->api, out, error);
    http_got_release(&got);
    return err;
}
