/* caching.c - what the bot knows without asking Discord.
 *
 *     DISCORD_TOKEN=... build/examples/caching
 *
 *     !here   what is known of this channel and of you; renamed channels are told */
#include <cordage/cordage.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void set_policies(cordage_options *options)
{
    options->cache[CORDAGE_KIND_MEMBERS] = CORDAGE_LRU(50000);
    options->cache[CORDAGE_KIND_USERS] = CORDAGE_LRU(50000); /* the members' names */
    options->cache[CORDAGE_KIND_SCHEDULED_EVENTS] = CORDAGE_TTL(24 * 60 * 60);
    options->cache[CORDAGE_KIND_VOICE_STATES] = CORDAGE_NEVER;
}

static void say_here(cordage_client *c, const cordage_message *m)
{
    const cordage_channel *here = cordage_cached_channel(c, m->guild_id, m->channel_id);
    const cordage_member *you = cordage_cached_member(c, m->guild_id, m->author_id);
    char text[300] = "I don't know this place.";

    if (here && you)
        snprintf(text, sizeof text, "This is #%.*s, and you have %zu roles.",
                 (int)here->name.n, here->name.p, cordage_json_count(you->roles));
    cordage_unref(here);
    cordage_unref(you);
    cordage_create_message(c, m->channel_id, text, NULL, NULL);
}

static void on_message(cordage_client *c, const cordage_message *m, void *user)
{
    (void)user;
    if (!m->author_is_bot && cordage_str_is(m->content, "!here"))
        say_here(c, m);
}

static void on_channel_update(cordage_client *c, const cordage_channel *now, void *user)
{
    const cordage_channel *old = now->old;

    (void)c, (void)user;
    if (old && (old->name.n != now->name.n ||
                memcmp(old->name.p, now->name.p, now->name.n) != 0))
        printf("#%.*s is now #%.*s\n", (int)old->name.n, old->name.p, (int)now->name.n,
               now->name.p);
}

static void show_counts(cordage_client *c, void *user)
{
    (void)user;
    printf("cached: %" PRIu64 " guilds, %" PRIu64 " channels, %" PRIu64 " members\n",
           cordage_cached_count(c, CORDAGE_KIND_GUILDS, 0),
           cordage_cached_count(c, CORDAGE_KIND_CHANNELS, 0),
           cordage_cached_count(c, CORDAGE_KIND_MEMBERS, 0));
}

int main(void)
{
    cordage_options options = CORDAGE_OPTIONS_INIT;
    cordage_error error;
    cordage_client *c;
    int status;

    setvbuf(stdout, NULL, _IOLBF, 0);
    options.intents = CORDAGE_INTENT_GUILDS | CORDAGE_INTENT_GUILD_MESSAGES |
                      CORDAGE_INTENT_MESSAGE_CONTENT;
    set_policies(&options);
    if (cordage_client_new(&options, &c, &error) < 0)
        return cordage_error_print(&error, stderr);
    cordage_on_message_create(c, on_message, NULL);
    cordage_on_channel_update(c, on_channel_update, NULL);
    cordage_every(c, 10 * 1000, show_counts, NULL);
    status = cordage_client_run(c);
    cordage_client_free(c);
    return status;
}
