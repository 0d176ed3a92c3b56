#include "commands.h"

#include "mem.h"

void app_commands_init(struct commands *all)
{
    list_init(&all->in_order);
}

static void command_free(struct command *c)
{
    free(c->name);
    free(c->text);
    free(c);
}

void app_commands_remove(struct command *c)
{
    list_remove(&c->link);
    command_free(c);
}

void app_commands_release(struct commands *all)
{
    struct link *l;

    while (all->in_order.next && (l = list_pop(&all->in_order)))
        command_free(CONTAINER_OF(l, struct command, link));
}

struct command *app_commands_next(const struct commands *all, uint64_t application_id,
                                  uint64_t guild_id, const struct command *c)
{
    const struct link *l = c ? c->link.next : all->in_order.next;

    for (; l != &all->in_order; l = l->next) {
        struct command *next = CONTAINER_OF(l, struct command, link);

        if (next->application_id == application_id && next->guild_id == guild_id)
            return next;
    }
    return NULL;
}

struct command *app_commands_find(const struct commands *all, uint64_t application_id,
                                  uint64_t guild_id, uint64_t id)
{
    struct command *c = NULL;

    while ((c = app_commands_next(all, application_id, guild_id, c)))
        if (c->id == id)
            return c;
    return NULL;
}

struct command *app_commands_named(const struct commands *all, uint64_t application_id,
                                   uint64_t guild_id, int type, struct str name)
{
    struct command *c = NULL;

    while ((c = app_commands_next(all, application_id, guild_id, c)))
        if (c->type == type && str_is(name, c->name))
            return c;
    return NULL;
}

size_t app_commands_count(const struct commands *all, uint64_t application_id,
                          uint64_t guild_id, int type)
{
    struct command *c = NULL;
    size_t n = 0;

    while ((c = app_commands_next(all, application_id, guild_id, c)))
        n += c->type == type;
    return n;
}

struct command *app_commands_put(struct commands *all, const struct command *what,
                                 struct str name, struct str text)
{
    struct command *c = mem_zero(sizeof *c);
    struct command *old =
        app_commands_find(all, what->application_id, what->guild_id, what->id);

    if (!c)
        return NULL;
    *c = (struct command){ .id = what->id,
                           .application_id = what->application_id,
                           .guild_id = what->guild_id,
                           .type = what->type,
                           .name = mem_copy(name.p, name.n),
                           .text = mem_zero(text.n + BUF_SLACK),
                           .n = text.n };
    if (!c->name || !c->text) {
        command_free(c);
        return NULL;
    }
    memcpy(c->text, text.p, text.n);
    list_insert(old ? &old->link : &all->in_order, &c->link);
    if (old)
        app_commands_remove(old);
    return c;
}
