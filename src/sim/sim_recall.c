/* What people said lately, for REST: a bot reacts to it, answers it, reads it again. */
#include "sim_model.h"

#include <stdio.h>

static size_t kept_chats(const struct sim *s)
{
    return s->n_chats < SIM_CHATS ? s->n_chats : SIM_CHATS;
}

static int recall_chat(struct sim *s, const struct sim_chat *chat, struct sim_said *out,
                       struct buf *body)
{
    struct world_member author;
    struct sim_message m = { .guild = chat->guild,
                             .channel_id = chat->channel_id,
                             .author = &author };
    char text[512], nonce[32];

    if (!world_find_member(&s->world, chat->guild, chat->author_id, &author))
        author = (struct world_member){ .user_id = chat->author_id, .index = 1 };
    m.content = sim_chat_content(chat, text, sizeof text);
    snprintf(nonce, sizeof nonce, "\"%llu\"", (unsigned long long)chat->number);
    m.nonce = str_of(nonce);
    *out = (struct sim_said){ chat->id, chat->channel_id, chat->author_id };
    return sim_write_said(s, &m, chat->id, chat->wall_ms, body);
}

int sim_recall(struct sim *s, uint64_t message_id, struct sim_said *out, struct buf *body)
{
    for (size_t i = 0; i < kept_chats(s); i++)
        if (s->chats[i].id == message_id)
            return recall_chat(s, &s->chats[i], out, body);
    for (size_t i = 0; i < LIFE_MESSAGES; i++) {
        const struct life_message *m = &s->life.messages[i];

        if (!m->text || m->id != message_id)
            continue;
        *out = (struct sim_said){ m->id, m->channel_id, m->author_id };
        return buf_append_z(body, m->text);
    }
    return CORDAGE_ENOTFOUND;
}

bool sim_recall_next(const struct sim *s, uint64_t channel_id, size_t *at, uint64_t *id)
{
    size_t n = kept_chats(s);

    for (; *at < n + LIFE_MESSAGES; ++*at) {
        const struct life_message *m = *at < n ? NULL : &s->life.messages[*at - n];
        uint64_t channel = m ? m->channel_id : s->chats[*at].channel_id;

        if (channel != channel_id || (m && !m->text))
            continue;
        *id = m ? m->id : s->chats[*at].id;
        ++*at;
        return true;
    }
    return false;
}
