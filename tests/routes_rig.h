/* routes_rig.h - REST requests to the simulator's routes, in virtual time. */
#ifndef ROUTES_RIG_H
#define ROUTES_RIG_H

#include "routes.h"
#include "sim_rig.h"

enum { RIG_PORT = 8443 };

/* A model, its routes, and the last answer. */
struct rest {
    struct rig rig;
    struct routes *routes;
    struct sim_answer answer;
    struct json_parser *parser;
    cordage_json json; /* the answer's body */
    char token[256];   /* the Authorization header's value */
    char path[512];    /* room for path() */
};

static inline void rest_start_with(struct rest *r, const struct sim_config *config,
                                   const struct routes_config *limits)
{
    *r = (struct rest){ 0 };
    rig_start(&r->rig, config);
    CHECK_INT(routes_new(r->rig.sim, limits, &r->routes), 0);
    r->parser = json_parser_new();
    assert_non_null(r->parser);
    snprintf(r->token, sizeof r->token, "Bot %s", sim_token(r->rig.sim));
}

static inline void rest_start(struct rest *r)
{
    struct sim_config config = rig_config();
    struct routes_config limits;

    routes_config_default(&limits);
    rest_start_with(r, &config, &limits);
}

static inline void rest_stop(struct rest *r)
{
    sim_answer_release(&r->answer);
    json_parser_free(r->parser);
    routes_free(r->routes);
    rig_stop(&r->rig);
}

/* Sends it; the answer's JSON is in r->json. The status. */
static inline int rest_send(struct rest *r, const struct sim_request *request)
{
    sim_answer_release(&r->answer);
    routes_answer(r->routes, request, r->rig.now, &r->answer);
    r->json = (cordage_json){ 0 };
    if (r->answer.content_type && strstr(r->answer.content_type, "json"))
        CHECK_INT(json_parse(r->parser, buf_str(&r->answer.body), &r->json), 0);
    return r->answer.status;
}

/* A request as our bot makes it, body (JSON) and query in `target`. */
static inline struct sim_request rest_request(struct rest *r, const char *method,
                                              const char *target)
{
    size_t n = strcspn(target, "?");

    return (struct sim_request){ .method = str_of(method),
                                 .path = { target, n },
                                 .query = str_of(target[n] ? target + n + 1 : ""),
                                 .authorization = str_of(r->token),
                                 .content_type = STR("application/json"),
                                 .host = STR("127.0.0.1:8443"),
                                 .origin = STR(""),
                                 .body = STR(""),
                                 .port = RIG_PORT };
}

static inline int rest_get(struct rest *r, const char *target)
{
    struct sim_request request = rest_request(r, "GET", target);

    return rest_send(r, &request);
}

static inline int rest_post_as(struct rest *r, const char *target, const char *type,
                               struct str body)
{
    struct sim_request request = rest_request(r, "POST", target);
    struct buf copy = { 0 };
    int status;

    CHECK_INT(buf_append_str(&copy, body), 0);
    request.content_type = str_of(type);
    request.body = buf_str(&copy);
    status = rest_send(r, &request);
    buf_release(&copy);
    return status;
}

static inline int rest_post(struct rest *r, const char *target, const char *body)
{
    return rest_post_as(r, target, "application/json", str_of(body));
}

/* "/api/v10/channels/<first text channel of guild n><rest>" */
static inline const char *rest_channel(struct rest *r, uint32_t guild, const char *rest)
{
    struct world_guild *g = &sim_world(r->rig.sim)->guilds[guild];

    snprintf(r->path, sizeof r->path, "/api/v10/channels/%llu%s",
             (unsigned long long)world_channel_id(g, 1), rest);
    return r->path;
}

static inline const char *rest_guild(struct rest *r, uint32_t guild, const char *rest)
{
    snprintf(r->path, sizeof r->path, "/api/v10/guilds/%llu%s",
             (unsigned long long)sim_world(r->rig.sim)->guilds[guild].id, rest);
    return r->path;
}

/* The value behind dots: "errors.content._errors". */
static inline cordage_json rest_at(cordage_json v, const char *path)
{
    char key[64];

    while (*path) {
        size_t n = strcspn(path, ".");

        snprintf(key, sizeof key, "%.*s", (int)n, path);
        v = cordage_json_type_of(v) == CORDAGE_JSON_ARRAY
                ? cordage_json_at(v, strtoul(key, NULL, 10))
                : json_get(v, key);
        path += n + (path[n] == '.');
    }
    return v;
}

static inline struct str rest_text(struct rest *r, const char *path)
{
    cordage_str s = cordage_json_string(rest_at(r->json, path));

    return (struct str){ s.p ? s.p : "", s.n };
}

static inline int64_t rest_int(struct rest *r, const char *path)
{
    return cordage_json_int(rest_at(r->json, path), -1);
}

static inline struct str rest_header(struct rest *r, const char *name)
{
    return sim_answer_header(&r->answer, name);
}

#endif
