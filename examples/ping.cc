/* ping.cc - ping.c in C++17: a lambda without captures is a handler. */
#include <cordage/cordage.h>

#include <cstdio>

int main()
{
    cordage_options options = CORDAGE_OPTIONS_INIT;
    cordage_error error;
    cordage_client *c;

    options.intents = CORDAGE_INTENT_GUILDS | CORDAGE_INTENT_GUILD_MESSAGES |
                      CORDAGE_INTENT_MESSAGE_CONTENT;
    if (cordage_client_new(&options, &c, &error) < 0)
        return cordage_error_print(&error, stderr);

    cordage_on_ready(
        c,
        [](cordage_client *, const cordage_ready *ready, void *) {
            std::printf("shard %u/%u ready, %zu guilds\n", ready->shard_id,
                        ready->shard_count, ready->n_guilds);
        },
        nullptr);
    cordage_on_message_create(
        c,
        [](cordage_client *client, const cordage_message *m, void *) {
            if (!m->author_is_bot && cordage_str_is(m->content, "!ping"))
                cordage_create_message(client, m->channel_id, "Pong!", nullptr, nullptr);
        },
        nullptr);

    int status = cordage_client_run(c);
    cordage_client_free(c);
    return status;
}
