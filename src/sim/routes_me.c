/* routes_me.c - where the gateway is, and who the bot is. */
#include <inttypes.h>
#include <stdio.h>

#include "call.h"
#include "field.h"

static void get_gateway(struct call *c)
{
    json_open(&c->out, '{');
    field_z(&c->out, "url", sim_gateway_url(c->routes->sim));
    json_shut(&c->out, '}');
}

static void get_gateway_bot(struct call *c)
{
    struct json_writer *w = &c->out;
    struct sim_budget budget;

    sim_budget(c->routes->sim, c->app, c->now, &budget);
    json_open(w, '{');
    field_z(w, "url", sim_gateway_url(c->routes->sim));
    field_u64(w, "shards", budget.shards);
    field_open(w, "session_start_limit", '{');
    field_u64(w, "total", budget.total);
    field_u64(w, "remaining", budget.remaining);
    field_u64(w, "reset_after", budget.reset_after_ms);
    field_u64(w, "max_concurrency", budget.max_concurrency);
    json_shut(w, '}');
    json_shut(w, '}');
}

static void get_me(struct call *c)
{
    world_write_self(call_world(c), c->app->index, &c->out);
}

/* The application has the bot's id and name. */
static void get_application(struct call *c)
{
    const struct world *world = call_world(c);
    struct json_writer *w = &c->out;
    uint64_t flags = sim_application_flags(c->app);
    char name[64], flags_new[24];

    snprintf(flags_new, sizeof flags_new, "%" PRIu64, flags);
    json_open(w, '{');
    field_id(w, "id", c->app->id);
    field_str(w, "name", world_username(world, c->app->id, name));
    field_null(w, "icon");
    field_z(w, "description", "");
    field_null(w, "type");
    field_bool(w, "bot_public", true);
    field_bool(w, "bot_require_code_grant", false);
    field_bool(w, "is_monetized", false);
    field_z(w, "verify_key",
            "0000000000000000000000000000000000000000000000000000000000000000");
    field_u64(w, "flags", flags);
    field_z(w, "flags_new", flags_new);
    field_null(w, "team");
    json_key(w, "owner");
    world_write_user(world, world_person_id(world, 0), w);
    field_u64(w, "approximate_guild_count", world->n_guilds);
    field_open(w, "bot", '{');
    field_id(w, "id", c->app->id);
    field_str(w, "username", world_username(world, c->app->id, name));
    field_bool(w, "bot", true);
    json_shut(w, '}');
    json_shut(w, '}');
}

const struct route routes_me[] = {
    { "GET", "gateway", get_gateway, BUCKET_NONE, .open = true },
    { "GET", "gateway/bot", get_gateway_bot, BUCKET_NONE },
    { "GET", "users/@me", get_me, BUCKET_READ },
    { "GET", "applications/@me", get_application, BUCKET_READ },
    { "GET", "oauth2/applications/@me", get_application, BUCKET_READ },
    { NULL },
};
