/* The bots: their tokens, and how often they may identify. */
#include "sim_model.h"

#include <stdio.h>
#include <stdlib.h>

#include "mem.h"

/* ---- Tokens --------------------------------------------------------------------- */

static void base64(struct str in, char *out)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    unsigned bits = 0, n = 0;

    for (size_t i = 0; i < in.n; i++) {
        bits = bits << 8 | (unsigned char)in.p[i];
        for (n += 8; n >= 6; n -= 6)
            *out++ = digits[bits >> (n - 6) & 63];
    }
    if (n)
        *out++ = digits[bits << (6 - n) & 63];
    *out = '\0';
}

/* Like Discord's: the bot's id in base64, and two parts more. Some libraries look. */
static char *make_token(struct sim *s, uint64_t bot_id)
{
    char id[24], head[40], text[128];
    int n = snprintf(id, sizeof id, "%llu", (unsigned long long)bot_id);

    base64((struct str){ id, (size_t)n }, head);
    n = snprintf(text, sizeof text, "%s.%06llx.%016llx%016llx", head,
                 (unsigned long long)rng_next(&s->rng) & 0xffffff,
                 (unsigned long long)rng_next(&s->rng),
                 (unsigned long long)rng_next(&s->rng));
    return mem_copy(text, (size_t)n);
}

static struct str without_bot(struct str token)
{
    if (str_starts(token, STR("Bot ")))
        token = (struct str){ token.p + 4, token.n - 4 };
    return token;
}

void sim_reset_token(struct sim *s, struct sim_app *app, uint64_t now)
{
    char *token = make_token(s, app->id);

    /* Without memory for a new one no token is right. */
    if (token) {
        free(app->token);
        app->token = token;
    } else {
        memset(app->token, 0, 1);
    }
    for (struct link *l = s->sessions.next, *next; l != &s->sessions; l = next) {
        struct sim_session *ss = CONTAINER_OF(l, struct sim_session, link);

        next = l->next;
        if (ss->app != app)
            continue;
        if (ss->conn)
            sim_conn_close(ss->conn, CLOSE_AUTHENTICATION_FAILED,
                           "Authentication failed.", now);
        else
            sim_session_end(ss, SIM_END_FATAL);
    }
}

/* ---- Which there are ------------------------------------------------------------ */

/* What Discord gives a large bot unless the configuration says otherwise. */
static void make_large(struct sim *s, struct sim_app *app)
{
    app->is_large = true;
    if (app->max_concurrency == SIM_DEFAULT_CONCURRENCY)
        app->max_concurrency = s->config.shard_multiple;
}

static uint32_t session_limit(const struct sim *s, const struct sim_app *app)
{
    uint32_t by_guilds = s->config.guilds / 1000 * 5;

    if (!app->is_large || s->config.session_limit != SIM_DEFAULT_SESSION_LIMIT)
        return s->config.session_limit;
    return by_guilds > 2000 ? by_guilds : 2000;
}

int sim_apps_init(struct sim *s)
{
    const struct sim_config *c = &s->config;

    s->apps = calloc(c->bots, sizeof *s->apps);
    if (!s->apps)
        return CORDAGE_ENOMEM;
    for (uint32_t i = 0; i < c->bots; i++) {
        struct sim_app *app = &s->apps[i];

        *app = (struct sim_app){ .index = i,
                                 .id = s->world.bots[i],
                                 .allowed_intents = c->allowed_intents,
                                 .max_concurrency = c->max_concurrency,
                                 .budget_resets_at = NEVER };
        if (c->guilds > c->large_bot_guilds)
            make_large(s, app);
        app->key_free_at = calloc(app->max_concurrency, sizeof *app->key_free_at);
        app->key_stolen_until =
            calloc(app->max_concurrency, sizeof *app->key_stolen_until);
        if (i == 0 && c->token) {
            struct str token = without_bot(str_of(c->token));

            app->token = mem_copy(token.p, token.n);
        } else {
            app->token = make_token(s, app->id);
        }
        if (!app->key_free_at || !app->key_stolen_until || !app->token)
            return CORDAGE_ENOMEM;
    }
    return 0;
}

void sim_apps_release(struct sim *s)
{
    for (uint32_t i = 0; s->apps && i < s->config.bots; i++) {
        free(s->apps[i].key_free_at);
        free(s->apps[i].key_stolen_until);
        free(s->apps[i].token);
    }
    free(s->apps);
}

struct sim_app *sim_app(const struct sim *s, uint32_t index)
{
    return index < s->config.bots ? &s->apps[index] : NULL;
}

struct sim_app *sim_app_of_token(const struct sim *s, struct str token)
{
    token = without_bot(token);
    for (uint32_t i = 0; token.n && i < s->config.bots; i++)
        if (str_is(token, s->apps[i].token))
            return &s->apps[i];
    return NULL;
}

struct sim_app *sim_app_of_id(const struct sim *s, uint64_t id)
{
    uint32_t i = world_find_bot(&s->world, id);

    return i == WORLD_BOTS_MAX ? NULL : &s->apps[i];
}

const char *sim_token(const struct sim *s)
{
    return s->apps[0].token;
}

/* Discord, "Application", "Application Flags": GATEWAY_PRESENCE_LIMITED,
 * GATEWAY_GUILD_MEMBERS_LIMITED and GATEWAY_MESSAGE_CONTENT_LIMITED. */
uint64_t sim_application_flags(const struct sim_app *app)
{
    uint32_t allowed = app->allowed_intents;

    return (allowed & INTENT_GUILD_PRESENCES ? 1u << 13 : 0) |
           (allowed & INTENT_GUILD_MEMBERS ? 1u << 15 : 0) |
           (allowed & INTENT_MESSAGE_CONTENT ? 1u << 19 : 0);
}

bool sim_app_is_in(const struct sim *s, const struct sim_app *app,
                   const struct world_guild *g)
{
    return !world_stay(&s->world, g, app->index)->is_gone;
}

/* ---- Budget --------------------------------------------------------------------- */

static void roll_budget(struct sim_app *app, uint64_t now)
{
    if (now >= app->budget_resets_at) {
        app->identifies_used = 0;
        app->budget_resets_at = NEVER;
    }
}

bool sim_has_budget(struct sim *s, struct sim_app *app, uint64_t now)
{
    roll_budget(app, now);
    return app->identifies_used < session_limit(s, app);
}

void sim_charge_identify(struct sim *s, struct sim_app *app, uint64_t now)
{
    (void)s;
    roll_budget(app, now);
    if (app->budget_resets_at == NEVER)
        app->budget_resets_at = now + SIM_BUDGET_WINDOW_MS;
    app->identifies_used++;
}

void sim_set_remaining(struct sim *s, struct sim_app *app, uint32_t n, uint64_t now)
{
    uint32_t total = session_limit(s, app);

    roll_budget(app, now);
    app->identifies_used = n < total ? total - n : 0;
    if (app->budget_resets_at == NEVER && app->identifies_used)
        app->budget_resets_at = now + SIM_BUDGET_WINDOW_MS;
}

void sim_steal_keys(struct sim_app *app, uint64_t key, uint64_t now)
{
    for (uint32_t i = 0; i < app->max_concurrency; i++)
        if (key == UINT64_MAX || key == i)
            app->key_stolen_until[i] = now + SIM_IDENTIFY_WINDOW_MS;
}

void sim_budget(struct sim *s, struct sim_app *app, uint64_t now, struct sim_budget *out)
{
    const struct sim_config *c = &s->config;
    uint32_t advised =
        c->recommended_shards ? c->recommended_shards : (c->guilds + 999) / 1000;
    uint32_t total = session_limit(s, app);

    advised = advised ? advised : 1;
    if (app->is_large)
        advised =
            (advised + c->shard_multiple - 1) / c->shard_multiple * c->shard_multiple;
    roll_budget(app, now);
    *out = (struct sim_budget){
        .shards = advised,
        .total = total,
        .remaining = app->identifies_used < total ? total - app->identifies_used : 0,
        .max_concurrency = app->max_concurrency,
    };
    if (app->budget_resets_at != NEVER)
        out->reset_after_ms = app->budget_resets_at - now;
}
