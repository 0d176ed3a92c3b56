/* ping.cc - ping.c in C++17: a lambda without captures is a handler.
 *
 *     DISCORD_TOKEN=... build/examples/ping-cc [--shards N|auto] */
#include <cordage/cordage.h>

#include <charconv>
#include <cstdio>
#include <string_view>

/* [--shards N|auto]; without it, as many as Discord recommends. */
static bool read_arguments(int argc, char **argv, uint32_t &shards)
{
    if (argc == 1)
        return true;
    if (argc != 3 || argv[1] != std::string_view("--shards"))
        return false;
    std::string_view value = argv[2];
    if (value == "auto")
        return true;
    auto [end, err] = std::from_chars(value.begin(), value.end(), shards);
    return err == std::errc() && end == value.end() && shards > 0;
}

int main(int argc, char **argv)
{
    cordage_options options = CORDAGE_OPTIONS_INIT;
    cordage_error error;
    cordage_client *c;

    if (!read_arguments(argc, argv, options.shard_count)) {
        std::fprintf(stderr, "usage: %s [--shards N|auto]\n", argv[0]);
        return 2;
    }
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
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
