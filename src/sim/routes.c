/* routes.c - from a request to its handler, and what is checked on the way. */
#include <inttypes.h>
#include <stdio.h>

#include "authority.h"
#include "call.h"
#include "limits.h"
#include "mem.h"
#include "rights.h"
#include "routes_limit.h"

enum { PATH_MAX_BYTES = 512, SEGMENTS_MAX = 10 };

/* A path's segments, decoded. */
struct path {
    char text[PATH_MAX_BYTES];
    const char *segments[SEGMENTS_MAX];
    size_t n;
};

void routes_config_default(struct routes_config *c)
{
    *c = (struct routes_config){ .message_limit = 5, .global_limit = 50 };
}

int routes_new(struct sim *sim, const struct routes_config *config, struct routes **out)
{
    struct routes *r = mem_zero(sizeof *r);

    *out = NULL;
    if (!r)
        return CORDAGE_ENOMEM;
    r->sim = sim;
    r->config = *config;
    quotas_init(&r->buckets);
    quotas_init(&r->daily);
    recent_init(&r->recent);
    app_commands_init(&r->commands);
    r->parser = json_parser_new();
    r->stored = json_parser_new();
    if (!r->parser || !r->stored) {
        routes_free(r);
        return CORDAGE_ENOMEM;
    }
    *out = r;
    return 0;
}

void routes_free(struct routes *r)
{
    if (!r)
        return;
    json_parser_free(r->parser);
    json_parser_free(r->stored);
    buf_release(&r->form);
    quotas_release(&r->buckets);
    quotas_release(&r->daily);
    recent_release(&r->recent);
    app_commands_release(&r->commands);
    map_release(&r->hooks);
    free(r->directs);
    free(r);
}

void sim_answer_release(struct sim_answer *a)
{
    buf_release(&a->body);
    *a = (struct sim_answer){ 0 };
}

struct str sim_answer_header(const struct sim_answer *a, const char *name)
{
    for (size_t i = 0; i < a->n_headers; i++)
        if (str_eq_nocase(str_of(a->headers[i].name), str_of(name)))
            return str_of(a->headers[i].value);
    return STR("");
}

static bool path_split(struct path *p, struct str raw)
{
    char *at = p->text;

    p->n = 0;
    if (!call_percent_decode(raw, p->text, sizeof p->text) || *at != '/')
        return false;
    while (at) {
        if (p->n == SEGMENTS_MAX)
            return false;
        *at++ = '\0';
        p->segments[p->n++] = at;
        at = strchr(at, '/');
    }
    return true;
}

/* ---- Which route ---------------------------------------------------------- */

/* Whether segment `segment` fits the pattern's next word, which is taken off. */
static bool word_fits(const char **pattern, const char *segment)
{
    size_t n = strcspn(*pattern, "/");
    const char *word = *pattern;

    *pattern += n + (word[n] == '/');
    /* An id never has an '@': `@me` is a word of its own. */
    if (word[0] == '{')
        return segment[0] && segment[0] != '@';
    return strlen(segment) == n && memcmp(segment, word, n) == 0;
}

static bool path_fits(const char *pattern, const char *const *segments, size_t n)
{
    size_t i = 0;

    for (; *pattern && i < n; i++)
        if (!word_fits(&pattern, segments[i]))
            return false;
    return !*pattern && i == n;
}

/* *known says whether the path exists, be it with another method. */
static const struct route *find_route(const struct route *const *tables,
                                      struct str method, const char *const *segments,
                                      size_t n, bool *known)
{
    *known = false;
    for (; *tables; tables++) {
        for (const struct route *route = *tables; route->method; route++) {
            if (!path_fits(route->path, segments, n))
                continue;
            *known = true;
            if (str_is(method, route->method))
                return route;
        }
    }
    return NULL;
}

/* ---- Who asks, and where from --------------------------------------------- */

/* A name that a foreign page made to resolve to this machine, or a request that it sent
 * from a browser here, gets nothing. */
static bool is_foreign(const struct sim_request *request)
{
    return !authority_is_own(request->host, request->origin, request->port);
}

static bool is_authorized(struct call *c)
{
    struct str value = c->request->authorization;

    if (str_starts(value, STR("Bot ")))
        c->app =
            sim_app_of_token(c->routes->sim, (struct str){ value.p + 4, value.n - 4 });
    return c->app != NULL;
}

/* ---- What the path names -------------------------------------------------- */

static bool resolve_guild(struct call *c, uint64_t id)
{
    c->guild = world_find_guild(call_world(c), id);
    if (c->guild && !sim_app_is_in(c->routes->sim, c->app, c->guild))
        c->guild = NULL;
    if (!c->guild)
        call_error(c, 404, 10004, "Unknown Guild");
    return c->guild != NULL;
}

struct direct *call_find_direct(const struct call *c, uint64_t channel_id)
{
    const struct routes *r = c->routes;

    for (size_t i = 0; i < r->n_directs; i++)
        if (r->directs[i].id == channel_id && r->directs[i].app == call_app(c))
            return &r->directs[i];
    return NULL;
}

static bool resolve_channel(struct call *c, uint64_t id)
{
    const struct direct *direct;

    c->guild = world_find_channel(call_world(c), id, &c->channel_index);
    c->channel_id = id;
    if (!c->guild) {
        c->guild = world_find_thread(call_world(c), id, &c->channel_index);
        c->is_thread = c->guild != NULL;
    }
    if (!c->guild) {
        c->guild = world_find_archived(call_world(c), id, &c->channel_index);
        c->is_thread = c->is_archived = c->guild != NULL;
    }
    if (c->guild && !sim_app_is_in(c->routes->sim, c->app, c->guild))
        c->guild = NULL;
    direct = c->guild ? NULL : call_find_direct(c, id);
    if (direct)
        c->peer_id = direct->user_id;
    if (!c->guild && !direct)
        call_error(c, 404, 10003, "Unknown Channel");
    return c->guild || direct;
}

static bool resolve_app(struct call *c, uint64_t id)
{
    if (id == call_bot_id(c))
        return true;
    call_error(c, 403, 20012,
               "You are not authorized to perform this action on this application");
    return false;
}

static bool resolve_segment(struct call *c, struct str word, const char *segment)
{
    uint64_t id;

    if (word.p[0] != '{')
        return true;
    if (str_is(word, "{text}")) {
        c->text = segment;
        return true;
    }
    if (!str_u64(str_of(segment), &id)) {
        call_form_error(c,
                        str_is(word, "{guild}")     ? "guild_id"
                        : str_is(word, "{channel}") ? "channel_id"
                                                    : "id",
                        "NUMBER_TYPE_COERCE", "Value \"%.40s\" is not snowflake.",
                        segment);
        return false;
    }
    if (str_is(word, "{guild}"))
        return resolve_guild(c, id);
    if (str_is(word, "{channel}"))
        return resolve_channel(c, id);
    if (str_is(word, "{app}"))
        return resolve_app(c, id);
    if (str_is(word, "{role}"))
        c->role_id = id;
    else if (str_is(word, "{hook}"))
        c->hook_id = id;
    else
        c->id = id;
    return true;
}

static bool resolve(struct call *c, const struct route *route,
                    const char *const *segments)
{
    const char *pattern = route->path;

    for (; *pattern; segments++) {
        size_t n = strcspn(pattern, "/");

        if (!resolve_segment(c, (struct str){ pattern, n }, *segments))
            return false;
        pattern += n + (pattern[n] == '/');
    }
    return true;
}

/* ---- What the bot may do -------------------------------------------------- */

bool call_may(struct call *c, uint64_t rights, uint64_t channel_id)
{
    uint64_t own;

    if (rights_count(call_world(c), c->guild, call_bot_id(c), channel_id, &own)) {
        call_out_of_memory(c);
        return false;
    }
    if ((own & rights) == rights)
        return true;
    if (channel_id && !(own & RIGHT_VIEW_CHANNEL))
        call_error(c, 403, 50001, "Missing Access");
    else
        call_error(c, 403, 50013, "Missing Permissions");
    return false;
}

static bool may(struct call *c, const struct route *route)
{
    uint64_t needs = route->needs;

    if (c->peer_id && !route->direct) {
        call_error(c, 400, 50024, "Cannot execute action on this channel type");
        return false;
    }
    if (c->is_archived && !route->archived) {
        call_error(c, 400, 50083, "Thread is archived");
        return false;
    }
    if (!c->guild || !needs)
        return true;
    if (c->is_thread && (needs & RIGHT_SEND_MESSAGES))
        needs = (needs & ~RIGHT_SEND_MESSAGES) | RIGHT_SEND_IN_THREADS;
    return call_may(c, needs, c->channel_id);
}

/* ---- The way through ------------------------------------------------------ */

/* Without the slash and the version in front: "/api/v10/x" is {"x"}. */
static bool is_api(const struct path *p, struct call *c)
{
    if (p->n < 3 || strcmp(p->segments[0], "api") != 0) {
        call_http_error(c, 404);
        return false;
    }
    if (strcmp(p->segments[1], "v10") == 0 || strcmp(p->segments[1], "v9") == 0)
        return true;
    /* Without a version it is v6, which is gone; so are the others. */
    call_error(c, 400, 50041, "Invalid API version");
    return false;
}

static void answer_unauthorized(struct call *c)
{
    char request[REPORT_DETAIL], detail[REPORT_DETAIL + 64];

    limit_write_request(c, request);
    snprintf(detail, sizeof detail, "%s: %s", request,
             c->request->authorization.n ? "wrong token, or not \"Bot <token>\""
                                         : "no Authorization header");
    sim_broke(c->routes->sim, NULL, RULE_UNAUTHORIZED, c->now, detail);
    call_http_error(c, 401);
}

/* Cloudflare's page, before the request got anywhere. */
static void answer_cloudflare(struct call *c, int status)
{
    buf_clear(&c->answer->body);
    c->answer->status = status;
    c->answer->content_type = "text/html; charset=UTF-8";
    if (buf_printf(&c->answer->body,
                   "<!DOCTYPE html><title>discord.com | %d</title><h1>Error %d</h1>"
                   "<p>The web server is not answering.\n",
                   status, status))
        c->answer->content_type = NULL;
}

/* What faults let nobody through: REST is down, or says that a limit is reached, which is
 * then no fault of the client. */
static bool is_faulty(struct call *c)
{
    static const char *const scopes[] = { "user", "global", "shared" };
    struct sim_rest_faults *faults = sim_rest_faults(c->routes->sim);
    int status = sim_rest_status(c->routes->sim, c->now);

    if (status && faults->as_cloudflare) {
        c->is_cloudflare = true;
        answer_cloudflare(c, status);
        return true;
    }
    if (status) {
        call_http_error(c, status);
        return true;
    }
    if (!faults->limited)
        return false;
    faults->limited--;
    limit_put(c, (double)faults->retry_ms / 1000, faults->scope == SIM_LIMITED_GLOBAL);
    call_header(c, "Retry-After", "%" PRIu64, (faults->retry_ms + 999) / 1000);
    call_header(c, "X-RateLimit-Scope", "%s", scopes[faults->scope]);
    if (faults->scope == SIM_LIMITED_GLOBAL)
        call_header(c, "X-RateLimit-Global", "true");
    return true;
}

static void answer_api(struct call *c, const struct path *p)
{
    static const struct route *const tables[] = {
        routes_me,          routes_more, /* before {id} fits */
        routes_guild,       routes_channel,
        routes_change,      routes_command,
        routes_interaction, routes_change_people,
        routes_webhook,     routes_pin, /* before {id} fits */
        routes_message,     routes_reaction,
        routes_direct,      routes_thread,
        routes_ban,         routes_invite,
        routes_parts,       NULL
    };
    const char *const *segments = p->segments + 2;
    const struct route *route;
    bool known;

    if (!is_api(p, c))
        return;
    c->answer->delay_ms = sim_rest_delay(c->routes->sim, c->now);
    if (is_faulty(c))
        return;
    route = find_route(tables, c->request->method, segments, p->n - 2, &known);
    c->route = route;
    c->segments = segments;
    if (!route)
        call_http_error(c, known ? 405 : 404);
    else if (!route->open && !is_authorized(c))
        answer_unauthorized(c);
    else if ((route->open || limit_pass_global(c)) && resolve(c, route, segments) &&
             limit_pass_bucket(c, route) && may(c, route))
        route->answer(c);
}

static void answer_control(struct call *c, const struct path *p)
{
    static const struct route *const tables[] = { routes_control, routes_interact,
                                                  routes_page, routes_rights, NULL };
    const struct route *route;
    bool known;

    route = find_route(tables, c->request->method, p->segments, p->n, &known);
    if (!route)
        call_http_error(c, known ? 405 : 404);
    else
        route->answer(c);
}

static bool is_control(struct str path)
{
    return str_starts(path, STR("/_sim/"));
}

void routes_answer(struct routes *r, const struct sim_request *request, uint64_t now,
                   struct sim_answer *answer)
{
    struct call c = { .routes = r, .request = request, .answer = answer, .now = now };
    struct path path;
    bool control = is_control(request->path);

    call_restart(&c, 200);
    if (is_foreign(request)) {
        call_error(
            &c, 403, 0,
            "This simulator answers to localhost, 127.0.0.1 and [::1] with its own port "
            "alone, and to no web page.");
    } else if (!control && limit_is_banned(&c)) {
        limit_answer_banned(&c);
        return;
    } else if (!path_split(&path, request->path)) {
        call_http_error(&c, 404);
    } else if (control) {
        answer_control(&c, &path);
    } else {
        answer_api(&c, &path);
        limit_count_invalid(&c);
        if (!c.is_cloudflare)
            call_header(&c, "Via", "1.1 cordage-sim");
    }
    if (answer->content_type && !c.is_cloudflare && json_end(&c.out)) {
        /* Without memory: an error needs no body. */
        buf_release(&answer->body);
        answer->status = 500;
        answer->content_type = NULL;
    }
}

size_t routes_body_limit(struct str path)
{
    return is_control(path) ? LIMIT_SIM_CONTROL_BODY : LIMIT_SIM_MESSAGE_BODY;
}

void routes_too_large(struct str path, struct sim_answer *answer)
{
    struct call c = { .answer = answer };

    if (is_control(path))
        call_http_error(&c, 413);
    else
        call_error(&c, 413, 40005, "Request entity too large");
    if (json_end(&c.out))
        answer->content_type = NULL;
}
