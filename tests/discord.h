/* discord.h - an offline Discord on a thread of its own, for tests of whole bots.
 *
 * It speaks TLS, and its clock and the bot's run SPEED times as fast as the world's. */
#ifndef DISCORD_H
#define DISCORD_H

#include <dirent.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cordage/cordage.h"
#include "server.h"
#include "test.h"

enum { SPEED = 10 };

struct discord {
    struct server_options options; /* set before discord_start what shall differ */
    struct server server;
    struct loop *loop;
    pthread_t thread;
    char folder[64]; /* of the certificates */
};

static inline void *discord_thread(void *user)
{
    struct discord *d = user;

    loop_run(d->loop);
    return NULL;
}

static inline void discord_init(struct discord *d)
{
    memset(d, 0, sizeof *d);
    server_options_default(&d->options);
    d->options.sim.max_concurrency = 16;
    snprintf(d->folder, sizeof d->folder, "/tmp/cordage-test-XXXXXX");
    assert_non_null(mkdtemp(d->folder));
}

static inline void discord_start(struct discord *d)
{
    struct loop_options options = { .speed = SPEED };
    cordage_error error;

    d->options.certificates = d->folder;
    CHECK_INT(loop_new(&options, &d->loop, &error), 0);
    if (server_start(&d->server, d->loop, &d->options, &error) < 0)
        fail_msg("%s", error.message);
    CHECK_INT(pthread_create(&d->thread, NULL, discord_thread, d), 0);
}

/* The model stays, to be asked what happened. */
static inline void discord_stop(struct discord *d)
{
    loop_stop(d->loop);
    pthread_join(d->thread, NULL);
    server_close(&d->server);
    loop_free(d->loop);
}

static inline void discord_release(struct discord *d)
{
    DIR *folder = opendir(d->folder);
    struct dirent *entry;
    char path[sizeof d->folder + sizeof entry->d_name + 1];

    server_release(&d->server);
    while (folder && (entry = readdir(folder))) {
        snprintf(path, sizeof path, "%s/%s", d->folder, entry->d_name);
        unlink(path);
    }
    if (folder)
        closedir(folder);
    rmdir(d->folder);
}

/* Options of a bot that connects to it. Borrows from `d`. */
static inline cordage_options discord_options(const struct discord *d)
{
    cordage_options options = CORDAGE_OPTIONS_INIT;

    options.api = d->server.api;
    options.token = sim_token(d->server.sim);
    options.ca_file = d->server.cert.ca_file;
    options.intents = CORDAGE_INTENT_GUILDS | CORDAGE_INTENT_GUILD_MESSAGES |
                      CORDAGE_INTENT_GUILD_VOICE_STATES | CORDAGE_INTENT_MESSAGE_CONTENT;
    options.handle_signals = 0;
    return options;
}

/* Something to be done on Discord's own thread, and waited for. */
struct errand {
    struct mail mail;
    struct discord *discord;
    void (*run)(struct discord *d, uint64_t now, void *user);
    void *user;
    pthread_mutex_t lock;
    pthread_cond_t is_done;
    bool done;
};

static inline void errand_run(struct mail *mail)
{
    struct errand *e = CONTAINER_OF(mail, struct errand, mail);
    struct host *host = loop_host(e->discord->loop);

    e->run(e->discord, host->now(host), e->user);
    door_gateway_kick(e->discord->server.gateway);
    pthread_mutex_lock(&e->lock);
    e->done = true;
    pthread_cond_signal(&e->is_done);
    pthread_mutex_unlock(&e->lock);
}

/* From any thread but Discord's. */
static inline void discord_do(struct discord *d,
                              void (*run)(struct discord *d, uint64_t now, void *user),
                              void *user)
{
    struct errand e = { .mail.run = errand_run,
                        .discord = d,
                        .run = run,
                        .user = user,
                        .lock = PTHREAD_MUTEX_INITIALIZER,
                        .is_done = PTHREAD_COND_INITIALIZER };

    loop_host(d->loop)->post(loop_host(d->loop), &e.mail);
    pthread_mutex_lock(&e.lock);
    while (!e.done)
        pthread_cond_wait(&e.is_done, &e.lock);
    pthread_mutex_unlock(&e.lock);
}

/* Someone says `content` in a guild's first text channel. */
struct discord_words {
    uint32_t guild; /* its index */
    const char *content;
};

static inline void discord_say_now(struct discord *d, uint64_t now, void *user)
{
    const struct discord_words *words = user;
    struct world *world = sim_world(d->server.sim);
    struct world_guild *guild = &world->guilds[words->guild];
    struct world_member author = world_member(world, guild, 1);
    struct sim_message message = { .guild = guild,
                                   .channel_id = world_channel_id(guild, 1),
                                   .author = &author,
                                   .content = str_of(words->content) };
    uint64_t id;

    sim_say(d->server.sim, &message, now, NULL, &id);
}

static inline void discord_say(struct discord *d, uint32_t guild, const char *content)
{
    struct discord_words words = { guild, content };

    discord_do(d, discord_say_now, &words);
}

static inline void discord_fault_now(struct discord *d, uint64_t now, void *user)
{
    cordage_error error;
    size_t n;

    sim_fault(d->server.sim, str_of(user), now, &n, &error);
}

static inline void discord_fault(struct discord *d, const char *json)
{
    discord_do(d, discord_fault_now, (void *)(uintptr_t)json);
}

/* Fails the test if the bot broke a rule. After discord_stop. */
static inline void discord_expect_no_broken_rules(struct discord *d)
{
    struct report *report = sim_report(d->server.sim);

    for (size_t i = 0; i < report->n_entries; i++)
        print_message("%s: %s\n", sim_rule_name(report->entries[i].rule),
                      report->entries[i].detail);
    CHECK_INT(report->n_broken, 0);
}

#endif
