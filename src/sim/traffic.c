/* People who talk: so many messages a second, evenly due, guild after guild.
 *
 * What is late is caught up, a bounded batch at a time; beyond a minute (a machine that
 * slept) it is never said at all, which leaves no gap in the numbers. */
#include "sim_model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    BATCH = 256,
    LATEST_MS = 60 * 1000,
    PING_EVERY = 20,
    GUILDS_EVERY = 50,
};

static const char *const chatter[] = {
    "good morning",
    "did anyone see my 🔧?",
    "bis später!",
    "the \"blue\" one, not the green one",
    "日本語でもいいよ",
    "lol",
    "see you at 8\nor maybe 9",
    "naïve café façade",
    ("that's what I meant: a longer message which goes on for a while, because people "
     "have "
     "a lot to say about lathes, boats and the weather on the coast"),
    "👍🏽",
    "path is C:\\temp\\new",
    "ok",
};

/* When message `n` (from 0) is due. */
static double due_at(const struct sim *s, uint64_t n)
{
    return s->traffic_at + (double)(n + 1) * 1000 / s->config.traffic;
}

struct str sim_chat_content(const struct sim_chat *chat, char *text, size_t size)
{
    uint64_t n = chat->number;
    uint32_t index = chat->guild->index;

    /* Guilds are out of step, so that commands come evenly too. */
    if (n == 1 || (n + index * 7) % PING_EVERY == 1)
        return STR("!ping");
    if ((n + index * 11) % GUILDS_EVERY == 25)
        return STR("!guilds");
    snprintf(text, size, "#%llu %s", (unsigned long long)n, chatter[chat->which]);
    return str_of(text);
}

/* Without memory REST will not know it. */
static void remember(struct sim *s, const struct sim_chat *chat)
{
    if (!s->chats)
        s->chats = calloc(SIM_CHATS, sizeof *s->chats);
    if (s->chats)
        s->chats[s->n_chats++ % SIM_CHATS] = *chat;
}

/* In a guild that is out nobody talks, and where the bot isn't nobody hears of it. NULL:
 * all are. */
static struct world_guild *next_talker(struct sim *s)
{
    const struct world *w = &s->world;

    for (uint32_t i = 0; i < w->n_guilds; i++) {
        struct world_guild *g = &w->guilds[s->next_talker];

        s->next_talker = (s->next_talker + 1) % w->n_guilds;
        if (!g->unavailable && !g->is_gone)
            return g;
    }
    return NULL;
}

/* Without memory nobody said it. */
static void say_next(struct sim *s, uint64_t now)
{
    struct world *w = &s->world;
    struct world_guild *g = next_talker(s);
    struct world_member author;
    char text[512], nonce[32];
    struct sim_chat chat = { .guild = g, .wall_ms = sim_wall(s, now) };
    struct sim_message m = { .guild = g, .author = &author };

    if (!g)
        return;
    g->said++;
    do
        author = world_member(w, g, 1 + (uint32_t)rng_below(&s->rng, g->n_members - 1));
    while (world_is_bot(w, author.user_id));
    m.channel_id = world_channel_id(g, 1 + (uint32_t)rng_below(&s->rng, g->n_text));
    chat.which = (uint32_t)rng_below(&s->rng, sizeof chatter / sizeof *chatter);
    chat.number = g->said;
    chat.channel_id = m.channel_id;
    chat.author_id = author.user_id;
    m.content = sim_chat_content(&chat, text, sizeof text);
    snprintf(nonce, sizeof nonce, "\"%llu\"", (unsigned long long)g->said);
    m.nonce = str_of(nonce);
    if (sim_say(s, &m, now, NULL, &chat.id) < 0) {
        g->said--;
        return;
    }
    remember(s, &chat);
    if (s->traffic_left != UINT64_MAX)
        s->traffic_left--;
}

static bool is_silent(const struct sim *s)
{
    return s->config.traffic <= 0 || s->world.n_guilds == 0 || s->traffic_left == 0;
}

/* How much of the wait for the next message is over, 0 to 1: a rate that changes often
 * must not begin it anew each time. */
static double waited(const struct sim *s, uint64_t now)
{
    double part =
        ((double)now - s->traffic_at) * s->config.traffic / 1000 - (double)s->n_said;

    return is_silent(s) || part < 0 ? 0 : part > 1 ? 1 : part;
}

void sim_set_traffic(struct sim *s, double per_second, uint64_t total, uint64_t now)
{
    double part = waited(s, now);
    double back = per_second > 0 ? part * 1000 / per_second : 0;

    s->config.traffic = per_second;
    s->traffic_at = (double)now - back;
    s->traffic_left = total;
    s->n_said = 0;
}

void sim_traffic_tick(struct sim *s, uint64_t now)
{
    double latest = (double)now - LATEST_MS;

    if (is_silent(s))
        return;
    if (due_at(s, s->n_said) < latest)
        s->n_said = (uint64_t)((latest - s->traffic_at) * s->config.traffic / 1000);
    for (int i = 0; i < BATCH && !is_silent(s) && due_at(s, s->n_said) <= (double)now;
         i++) {
        s->n_said++;
        say_next(s, now);
    }
}

uint64_t sim_traffic_deadline(const struct sim *s)
{
    if (is_silent(s))
        return NEVER;
    return (uint64_t)ceil(due_at(s, s->n_said));
}
