/* permissions.c - who may do what, counted from the cache.
 *
 *     DISCORD_TOKEN=... build/examples/permissions
 *
 *     !may          what you may do in this channel
 *     !maykick ID   whether you may kick this member */
#include <cordage/cordage.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void say_permissions(cordage_client *c, const cordage_message *m)
{
    char text[2000] = "You may nothing.";
    uint64_t permissions;
    cordage_error error;
    size_t n = 0;

    if (cordage_permissions(c, m->guild_id, m->author_id, m->channel_id, &permissions,
                            &error) < 0)
        snprintf(text, sizeof text, "%s", error.message);
    for (int bit = 0; bit < 64 && n < sizeof text; bit++)
        if (permissions >> bit & 1)
            n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", n ? ", " : "",
                                  cordage_permission_name(UINT64_C(1) << bit));
    cordage_create_message(c, m->channel_id, text, NULL, NULL);
}

/* It takes the permission, and a higher role than the other's. */
static bool may_kick(cordage_client *c, const cordage_message *m, cordage_id target)
{
    uint64_t permissions;
    bool is_above;

    if (cordage_permissions(c, m->guild_id, m->author_id, 0, &permissions, NULL) < 0 ||
        cordage_can_act_on(c, m->guild_id, m->author_id, target, &is_above, NULL) < 0)
        return false; /* something of it is not cached */
    return permissions & CORDAGE_PERMISSION_KICK_MEMBERS && is_above;
}

static void on_message(cordage_client *c, const cordage_message *m, void *user)
{
    char text[64] = "";

    (void)user;
    if (m->author_is_bot || !m->guild_id || m->content.n >= sizeof text)
        return;
    memcpy(text, m->content.p, m->content.n);
    if (strcmp(text, "!may") == 0)
        say_permissions(c, m);
    else if (strncmp(text, "!maykick ", 9) == 0)
        cordage_create_message(c, m->channel_id,
                               may_kick(c, m, strtoull(text + 9, NULL, 10))
                                   ? "You may."
                                   : "You may not.",
                               NULL, NULL);
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
