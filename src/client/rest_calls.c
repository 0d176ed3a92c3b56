/* cordage_rest, for any route, and the routes of guilds and their members. */
#include <string.h>

#include "request.h"

enum { BAN_DELETE_MAX_S = 7 * 24 * 3600 };

#define LLU(id) ((unsigned long long)(id))

/* ---- Any route -----------------------------------------------------------------------
 */

static const char *known_method(const char *method)
{
    static const char *const all[] = { "GET", "POST", "PUT", "PATCH", "DELETE" };

    for (size_t i = 0; method && i < sizeof all / sizeof *all; i++)
        if (strcmp(method, all[i]) == 0)
            return all[i];
    return NULL;
}

int cordage_rest(cordage_client *c, const char *method, const char *path,
                 const char *json, cordage_result_fn done, void *user)
{
    struct request *r;

    method = known_method(method);
    if (!method || !path)
        return answer_refuse(done, user, CORDAGE_EINVAL);
    r = request_new(c, method, done, user, "%s", path);
    if (r && json)
        r->body.err = buf_append_z(&r->answer.body, json);
    return request_send(r);
}

char *cordage_json_quote(const char *text)
{
    struct buf quoted = { 0 };
    struct json_writer w;

    json_begin(&w, &quoted);
    json_put_z(&w, text ? text : "");
    if (json_end(&w) == 0 && buf_zero_end(&quoted))
        return quoted.p;
    buf_release(&quoted);
    return NULL;
}

/* ---- Guilds and channels
 * ---------------------------------------------------------------
 */

int cordage_get_guild(cordage_client *c, cordage_id guild_id, cordage_result_fn done,
                      void *user)
{
    if (!guild_id)
        return answer_refuse(done, user, CORDAGE_EINVAL);
    return request_send(request_new(c, "GET", done, user, "/guilds/%llu?with_counts=true",
                                    LLU(guild_id)));
}

int cordage_get_channel(cordage_client *c, cordage_id channel_id, cordage_result_fn done,
                        void *user)
{
    if (!channel_id)
        return answer_refuse(done, user, CORDAGE_EINVAL);
    return request_send(
        request_new(c, "GET", done, user, "/channels/%llu", LLU(channel_id)));
}

/* ---- Members
 * ----------------------------------------------------------------------------
 */

/* A request without a body about one user of a guild: /guilds/{guild}/{what}/{user}. */
static int about_user(cordage_client *c, const char *method, cordage_id guild_id,
                      const char *what, cordage_id user_id, cordage_result_fn done,
                      void *user)
{
    if (!guild_id || !user_id)
        return answer_refuse(done, user, CORDAGE_EINVAL);
    return request_send(request_new(c, method, done, user, "/guilds/%llu/%s/%llu",
                                    LLU(guild_id), what, LLU(user_id)));
}

int cordage_get_member(cordage_client *c, cordage_id guild_id, cordage_id user_id,
                       cordage_result_fn done, void *user)
{
    return about_user(c, "GET", guild_id, "members", user_id, done, user);
}

int cordage_kick_member(cordage_client *c, cordage_id guild_id, cordage_id user_id,
                        cordage_result_fn done, void *user)
{
    return about_user(c, "DELETE", guild_id, "members", user_id, done, user);
}

int cordage_unban_user(cordage_client *c, cordage_id guild_id, cordage_id user_id,
                       cordage_result_fn done, void *user)
{
    return about_user(c, "DELETE", guild_id, "bans", user_id, done, user);
}

int cordage_ban_user(cordage_client *c, cordage_id guild_id, cordage_id user_id,
                     uint32_t delete_message_seconds, cordage_result_fn done, void *user)
{
    struct request *r;

    if (!guild_id || !user_id || delete_message_seconds > BAN_DELETE_MAX_S)
        return answer_refuse(done, user, CORDAGE_EINVAL);
    r = request_new(c, "PUT", done, user, "/guilds/%llu/bans/%llu", LLU(guild_id),
                    LLU(user_id));
    if (!r)
        return CORDAGE_ENOMEM;
    request_open(r);
    json_key(&r->body, "delete_message_seconds");
    json_put_u64(&r->body, delete_message_seconds);
    request_shut(r);
    return request_send(r);
}

static int change_role(cordage_client *c, const char *method, cordage_id guild_id,
                       cordage_id user_id, cordage_id role_id, cordage_result_fn done,
                       void *user)
{
    if (!guild_id || !user_id || !role_id)
        return answer_refuse(done, user, CORDAGE_EINVAL);
    return request_send(request_new(c, method, done, user,
                                    "/guilds/%llu/members/%llu/roles/%llu", LLU(guild_id),
                                    LLU(user_id), LLU(role_id)));
}

int cordage_add_role(cordage_client *c, cordage_id guild_id, cordage_id user_id,
                     cordage_id role_id, cordage_result_fn done, void *user)
{
    return change_role(c, "PUT", guild_id, user_id, role_id, done, user);
}

int cordage_remove_role(cordage_client *c, cordage_id guild_id, cordage_id user_id,
                        cordage_id role_id, cordage_result_fn done, void *user)
{
    return change_role(c, "DELETE", guild_id, user_id, role_id, done, user);
}

/* ---- Application commands -------------------------------------------------------------
 */

int cordage_set_commands(cordage_client *c, cordage_id application_id, const char *json,
                         cordage_result_fn done, void *user)
{
    struct request *r;

    if (!application_id || !json || *json != '[')
        return answer_refuse(done, user, CORDAGE_EINVAL);
    r = request_new(c, "PUT", done, user, "/applications/%llu/commands",
                    LLU(application_id));
    if (r)
        r->body.err = buf_append_z(&r->answer.body, json);
    return request_send(r);
}
