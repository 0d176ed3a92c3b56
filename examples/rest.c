/* rest.c - any request to Discord: here a channel's topic.
 *
 *     DISCORD_TOKEN=... build/examples/rest
 *
 *     !topic WORDS   sets the topic of this channel, for those who may */
#include <cordage/cordage.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void on_answer(cordage_client *c, const cordage_result *result, void *user)
{
    cordage_id *channel_id = user;
    const char *text = result->err ? result->message : "Done.";

    cordage_create_message(c, *channel_id, text, NULL, NULL);
    free(channel_id);
}

static void set_topic(cordage_client *c, cordage_id channel_id, const char *topic)
{
    cordage_id *where = malloc(sizeof *where);
    char *quoted = cordage_json_quote(topic);
    char path[64], json[1024];

    if (where && quoted) {
        *where = channel_id;
        snprintf(path, sizeof path, "/channels/%" PRIu64, channel_id);
        snprintf(json, sizeof json, "{\"topic\":%s}", quoted);
        if (cordage_rest(c, "PATCH", path, json, on_answer, where) == 0)
            where = NULL; /* on_answer frees it */
    }
    free(where);
    free(quoted);
}

/* What the bot may do its users may not do through it: it asks who they are. */
static bool may_manage(cordage_client *c, const cordage_message *m)
{
    uint64_t may;

    if (cordage_permissions(c, m->guild_id, m->author_id, m->channel_id, &may, NULL) < 0)
        return false; /* something of it is not cached */
    return may & CORDAGE_PERMISSION_MANAGE_CHANNELS;
}

static void on_message(cordage_client *c, const cordage_message *m, void *user)
{
    char text[128] = "";

    (void)user;
    if (m->author_is_bot || m->content.n >= sizeof text)
        return;
    memcpy(text, m->content.p, m->content.n);
    if (strncmp(text, "!topic ", 7) == 0 && may_manage(c, m))
        set_topic(c, m->channel_id, text + 7);
}

int main(void)
{
    cordage_options options = CORDAGE_OPTIONS_INIT;
    cordage_error error;
    cordage_client *c;
    int status;

    options.intents = CORDAGE_INTENT_GUILDS | CORDAGE_INTENT_GUILD_MESSAGES |
                      CORDAGE_INTENT_MESSAGE_CONTENT;
    if (cordage_client_new(&options, &c, &error) < 0)
        return cordage_error_print(&error, stderr);
    cordage_on_message_create(c, on_message, NULL);
    status = cordage_client_run(c);
    cordage_client_free(c);
    return status;
}
