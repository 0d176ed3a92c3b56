/* routes_page.c - GET /_sim/controls: what the control page needs beside the report. */
#include "call.h"
#include "changes.h"
#include "field.h"
#include "json_text.h"
#include "seed.h"

enum { GUILDS_SHOWN = 100, GUILDS_SHOWN_MAX = 1000 };

static void put_bots(struct call *c)
{
    struct sim *s = c->routes->sim;
    struct sim_app *app;
    struct sim_budget budget;
    char name[64];

    field_open(&c->out, "bots", '[');
    for (uint32_t i = 0; (app = sim_app(s, i)); i++) {
        sim_budget(s, app, c->now, &budget);
        json_open(&c->out, '{');
        field_id(&c->out, "id", app->id);
        field_str(&c->out, "name", world_username(sim_world(s), app->id, name));
        field_u64(&c->out, "total", budget.total);
        field_u64(&c->out, "remaining", budget.remaining);
        field_u64(&c->out, "reset_after_ms", budget.reset_after_ms);
        field_u64(&c->out, "max_concurrency", budget.max_concurrency);
        json_shut(&c->out, '}');
    }
    json_shut(&c->out, ']');
}

/* Each name once, however many scopes have it. */
static void put_commands(struct call *c)
{
    const struct link *all = &c->routes->commands.in_order;

    field_open(&c->out, "commands", '[');
    for (const struct link *l = all->next; l != all; l = l->next) {
        const struct command *command = CONTAINER_OF(l, struct command, link);

        json_open(&c->out, '{');
        field_z(&c->out, "name", command->name);
        field_u64(&c->out, "type", (uint64_t)command->type);
        field_id(&c->out, "bot_id", command->application_id);
        field_id(&c->out, "guild_id", command->guild_id);
        json_shut(&c->out, '}');
    }
    json_shut(&c->out, ']');
}

/* A guild may have been renamed: its name stands in its own text. */
static void put_name(struct call *c, const struct world_guild *g, struct buf *text)
{
    struct json_writer w;

    buf_clear(text);
    json_begin(&w, text);
    json_open(&w, '{');
    if (g->changes)
        field_members(&w, str_of(g->changes->guild));
    else
        seed_put_guild(call_world(c), g, &w);
    json_shut(&w, '}');
    json_key(&c->out, "name");
    if (json_end(&w) == 0 && json_text(buf_str(text), "name").n)
        json_put_raw(&c->out, json_text(buf_str(text), "name"));
    else
        json_put_str(&c->out, STR(""));
}

static void put_guilds(struct call *c, uint64_t limit)
{
    const struct world *world = call_world(c);
    struct buf text = { 0 };

    field_u64(&c->out, "n_guilds", world->n_guilds);
    field_open(&c->out, "guilds", '[');
    for (uint32_t i = 0; i < world->n_guilds && i < limit; i++) {
        const struct world_guild *g = &world->guilds[i];

        json_open(&c->out, '{');
        field_id(&c->out, "id", g->id);
        put_name(c, g, &text);
        field_u64(&c->out, "members", g->n_members);
        field_bool(&c->out, "unavailable", g->unavailable);
        field_bool(&c->out, "gone", !sim_app_is_in(c->routes->sim, call_app(c), g));
        json_shut(&c->out, '}');
    }
    json_shut(&c->out, ']');
    buf_release(&text);
}

static uint64_t count_out(const struct world *world)
{
    uint64_t n = 0;

    for (uint32_t i = 0; i < world->n_guilds; i++)
        n += world->guilds[i].unavailable;
    return n;
}

static void get_controls(struct call *c)
{
    struct sim *s = c->routes->sim;
    uint64_t limit = GUILDS_SHOWN;

    if (!call_query_number(c, "guilds", 0, GUILDS_SHOWN_MAX, &limit))
        return;
    json_open(&c->out, '{');
    json_key(&c->out, "faults");
    sim_write_faults(&c->out);
    put_bots(c);
    put_commands(c);
    json_key(&c->out, "traffic_per_s");
    json_put_double(&c->out, sim_config(s)->traffic);
    json_key(&c->out, "life_per_s");
    json_put_double(&c->out, sim_live_rate(s));
    field_u64(&c->out, "n_unavailable", count_out(sim_world(s)));
    put_guilds(c, limit);
    json_shut(&c->out, '}');
}

const struct route routes_page[] = {
    { "GET", "_sim/controls", get_controls, BUCKET_NONE, .open = true },
    { NULL },
};
