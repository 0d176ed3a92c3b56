/* Messages and what goes with them: reactions, typing, answers to interactions. */
#include <stdio.h>
#include <string.h>

#include "request.h"

enum {
    CONTENT_MAX = 2000, /* characters */
    BULK_MAX = 100,
    EMOJI_MAX = 100, /* bytes: "name:id", or a long sequence of code points */
    FLAG_EPHEMERAL = 1 << 6
};

#define LLU(id) ((unsigned long long)(id))

/* ---- Creating -------------------------------------------------------------------- */

static bool is_content(const char *content)
{
    return content && *content && str_characters(str_of(content)) <= CONTENT_MAX;
}

static void put_z(struct request *r, const char *key, const char *value)
{
    json_key(&r->body, key);
    json_put_z(&r->body, value);
}

/* `answered` 0: it answers none. */
static int create(cordage_client *c, cordage_id channel_id, cordage_id answered,
                  const char *content, cordage_result_fn done, void *user)
{
    char nonce[REQUEST_NONCE_SIZE];
    struct request *r;

    if (!channel_id || !is_content(content))
        return answer_refuse(done, user, CORDAGE_EINVAL);
    request_nonce(c, nonce);
    r = request_new(c, "POST", done, user, "/channels/%llu/messages", LLU(channel_id));
    if (!r)
        return CORDAGE_ENOMEM;
    /* Safe to repeat: Discord creates one message for a nonce that is enforced. */
    r->retry_safe = true;
    request_open(r);
    put_z(r, "content", content);
    put_z(r, "nonce", nonce);
    json_key(&r->body, "enforce_nonce");
    json_put_bool(&r->body, true);
    if (answered) {
        json_key(&r->body, "message_reference");
        json_open(&r->body, '{');
        json_key(&r->body, "message_id");
        json_put_id(&r->body, answered);
        json_shut(&r->body, '}');
    }
    request_shut(r);
    return request_send(r);
}

int cordage_create_message(cordage_client *c, cordage_id channel_id, const char *content,
                           cordage_result_fn done, void *user)
{
    return create(c, channel_id, 0, content, done, user);
}

int cordage_reply(cordage_client *c, cordage_id channel_id, cordage_id message_id,
                  const char *content, cordage_result_fn done, void *user)
{
    if (!message_id)
        return answer_refuse(done, user, CORDAGE_EINVAL);
    return create(c, channel_id, message_id, content, done, user);
}

/* ---- Changing --------------------------------------------------------------------- */

int cordage_edit_message(cordage_client *c, cordage_id channel_id, cordage_id message_id,
                         const char *content, cordage_result_fn done, void *user)
{
    struct request *r;

    if (!channel_id || !message_id || !is_content(content))
        return answer_refuse(done, user, CORDAGE_EINVAL);
    r = request_new(c, "PATCH", done, user, "/channels/%llu/messages/%llu",
                    LLU(channel_id), LLU(message_id));
    if (!r)
        return CORDAGE_ENOMEM;
    r->retry_safe = true; /* the same content twice is the same */
    request_open(r);
    put_z(r, "content", content);
    request_shut(r);
    return request_send(r);
}

int cordage_delete_message(cordage_client *c, cordage_id channel_id,
                           cordage_id message_id, cordage_result_fn done, void *user)
{
    if (!channel_id || !message_id)
        return answer_refuse(done, user, CORDAGE_EINVAL);
    return request_send(request_new(c, "DELETE", done, user,
                                    "/channels/%llu/messages/%llu", LLU(channel_id),
                                    LLU(message_id)));
}

int cordage_bulk_delete_messages(cordage_client *c, cordage_id channel_id,
                                 const cordage_id *message_ids, size_t n,
                                 cordage_result_fn done, void *user)
{
    struct request *r;

    if (!channel_id || !message_ids || n < 2 || n > BULK_MAX)
        return answer_refuse(done, user, CORDAGE_EINVAL);
    r = request_new(c, "POST", done, user, "/channels/%llu/messages/bulk-delete",
                    LLU(channel_id));
    if (!r)
        return CORDAGE_ENOMEM;
    request_open(r);
    json_key(&r->body, "messages");
    json_open(&r->body, '[');
    for (size_t i = 0; i < n; i++)
        json_put_id(&r->body, message_ids[i]);
    json_shut(&r->body, ']');
    request_shut(r);
    return request_send(r);
}

/* Everything but letters, digits and what a custom emoji's "name:id" has. */
static bool encode_emoji(const char *emoji, char *out, size_t size)
{
    size_t n = 0;

    for (; *emoji; emoji++) {
        unsigned char b = (unsigned char)*emoji;
        bool plain = (b >= '0' && b <= '9') || (b >= 'A' && b <= 'Z') ||
                     (b >= 'a' && b <= 'z') || b == '_' || b == ':';

        if (n + 4 > size)
            return false;
        n += (size_t)snprintf(out + n, size - n, plain ? "%c" : "%%%02X", b);
    }
    return n > 0;
}

int cordage_add_reaction(cordage_client *c, cordage_id channel_id, cordage_id message_id,
                         const char *emoji, cordage_result_fn done, void *user)
{
    char encoded[3 * EMOJI_MAX + 1];

    if (!channel_id || !message_id || !emoji ||
        !encode_emoji(emoji, encoded, sizeof encoded))
        return answer_refuse(done, user, CORDAGE_EINVAL);
    return request_send(request_new(c, "PUT", done, user,
                                    "/channels/%llu/messages/%llu/reactions/%s/@me",
                                    LLU(channel_id), LLU(message_id), encoded));
}

int cordage_trigger_typing(cordage_client *c, cordage_id channel_id,
                           cordage_result_fn done, void *user)
{
    if (!channel_id)
        return answer_refuse(done, user, CORDAGE_EINVAL);
    return request_send(
        request_new(c, "POST", done, user, "/channels/%llu/typing", LLU(channel_id)));
}

/* ---- Interactions -------------------------------------------------------------------
 */

/* It becomes part of a path. */
static bool is_token(cordage_str token)
{
    for (size_t i = 0; i < token.n; i++) {
        char b = token.p[i];

        if (!((b >= '0' && b <= '9') || (b >= 'A' && b <= 'Z') ||
              (b >= 'a' && b <= 'z') || b == '_' || b == '-' || b == '.' || b == '='))
            return false;
    }
    return token.n > 0 && token.n <= LIMIT_URL;
}

static void put_message(struct request *r, const char *content, bool ephemeral)
{
    if (content)
        put_z(r, "content", content);
    if (ephemeral) {
        json_key(&r->body, "flags");
        json_put_u64(&r->body, FLAG_EPHEMERAL);
    }
}

int cordage_respond(cordage_client *c, cordage_id interaction_id, cordage_str token,
                    cordage_response_type type, const char *content, bool ephemeral,
                    cordage_result_fn done, void *user)
{
    bool says = type == CORDAGE_RESPOND_MESSAGE || type == CORDAGE_RESPOND_UPDATE;
    bool defers = type == CORDAGE_RESPOND_LATER || type == CORDAGE_RESPOND_UPDATE_LATER;
    struct request *r;

    if (!interaction_id || !is_token(token) || (!says && !defers) ||
        (says && !is_content(content)) || (defers && content))
        return answer_refuse(done, user, CORDAGE_EINVAL);
    r = request_new(c, "POST", done, user, "/interactions/%llu/%.*s/callback",
                    LLU(interaction_id), (int)token.n, token.p);
    if (!r)
        return CORDAGE_ENOMEM;
    request_open(r);
    json_key(&r->body, "type");
    json_put_i64(&r->body, type);
    json_key(&r->body, "data");
    json_open(&r->body, '{');
    put_message(r, content, ephemeral);
    json_shut(&r->body, '}');
    request_shut(r);
    return request_send(r);
}

int cordage_follow_up(cordage_client *c, cordage_id application_id, cordage_str token,
                      const char *content, bool ephemeral, cordage_result_fn done,
                      void *user)
{
    struct request *r;

    if (!application_id || !is_token(token) || !is_content(content))
        return answer_refuse(done, user, CORDAGE_EINVAL);
    r = request_new(c, "POST", done, user, "/webhooks/%llu/%.*s", LLU(application_id),
                    (int)token.n, token.p);
    if (!r)
        return CORDAGE_ENOMEM;
    request_open(r);
    put_message(r, content, ephemeral);
    request_shut(r);
    return request_send(r);
}
