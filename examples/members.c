/* members.c - asks Discord for members, and reads the answer.
 *
 *     DISCORD_TOKEN=... build/examples/members
 *     !find NAME   the members whose name begins so, ten at most */
#include <cordage/cordage.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where to answer, and the names so far. */
struct answer {
    cordage_id channel_id;
    char text[2000];
    size_t n;
};

static bool add_name(cordage_str key, cordage_json member, void *user)
{
    struct answer *a = user;
    cordage_member m;

    (void)key;
    cordage_read_member(member, &m);
    a->n += (size_t)snprintf(a->text + a->n, sizeof a->text - a->n, "%s%.*s",
                             a->n ? ", " : "", (int)m.username.n, m.username.p);
    return a->n < sizeof a->text;
}

static void on_members(cordage_client *c, const cordage_result *result, void *user)
{
    struct answer *a = user;

    cordage_json_each(cordage_json_get(result->data, "members"), add_name, a);
    if (!a->n) /* the message is empty if nothing went wrong */
        snprintf(a->text, sizeof a->text, "Nobody has such a name. %s", result->message);
    cordage_create_message(c, a->channel_id, a->text, NULL, NULL);
    free(a);
}

static void find(cordage_client *c, const cordage_message *m, const char *name)
{
    cordage_members_request request = { m->guild_id, .query = name, .limit = 10 };
    struct answer *a = calloc(1, sizeof *a);

    if (!a)
        return;
    a->channel_id = m->channel_id;
    if (cordage_request_guild_members(c, &request, on_members, a) < 0)
        free(a); /* on_members will not be called */
}

static void on_message(cordage_client *c, const cordage_message *m, void *user)
{
    char text[64] = "";

    (void)user;
    if (m->author_is_bot || !m->guild_id || m->content.n >= sizeof text)
        return;
    memcpy(text, m->content.p, m->content.n);
    if (strncmp(text, "!find ", 6) == 0)
        find(c, m, text + 6);
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
