/* wait.c - a question, and the answer of the one who was asked.
 *
 *     DISCORD_TOKEN=... build/examples/wait
 *
 *     !quiz   asks, and waits half a minute for your answer in this channel */
#include <cordage/cordage.h>

#include <stdlib.h>

/* Who was asked, and where. */
struct question {
    cordage_id channel_id, user_id;
};

/* Runs on one of the library's loops: it only looks. */
static bool is_answer(const cordage_event *event, void *user)
{
    const struct question *q = user;
    cordage_json author = cordage_json_get(event->data, "author");

    return cordage_json_id(cordage_json_get(event->data, "channel_id")) ==
               q->channel_id &&
           cordage_json_id(cordage_json_get(author, "id")) == q->user_id;
}

/* The answer, or why there is none: called once, whatever happens. */
static void on_answer(cordage_client *c, const cordage_event *event, int err, void *user)
{
    struct question *q = user;
    const char *reply = "Too late.";

    if (!err) {
        cordage_message m;

        cordage_read_message(event->data, &m);
        reply = cordage_str_is(m.content, "42") ? "Right!" : "No, it is 42.";
    }
    if (err != CORDAGE_ECLOSED) /* else the bot is about to stop */
        cordage_create_message(c, q->channel_id, reply, NULL, NULL);
    free(q);
}

static void on_message(cordage_client *c, const cordage_message *m, void *user)
{
    struct question *q;

    (void)user;
    if (m->author_is_bot || !cordage_str_is(m->content, "!quiz"))
        return;
    q = malloc(sizeof *q);
    if (!q)
        return;
    *q = (struct question){ m->channel_id, m->author_id };
    if (cordage_wait_for(c, CORDAGE_EVENT_MESSAGE_CREATE, is_answer, q, 30 * 1000,
                         on_answer, q) < 0) {
        free(q); /* on_answer will not be called */
        return;
    }
    cordage_create_message(c, m->channel_id, "What is 6 times 7?", NULL, NULL);
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
