/* list.h - a doubly linked list threaded through its members.
 *
 * The head is a link of its own, pointing at itself when the list is empty. A
 * member that has been removed points at itself, so removing twice is safe, and
 * so is asking whether it is on a list. */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <stdbool.h>

#include "mem.h"

struct link {
    struct link *next, *prev;
};

static inline void list_init(struct link *head)
{
    head->next = head->prev = head;
}

static inline bool list_is_empty(const struct link *head)
{
    return head->next == head;
}

static inline void list_remove(struct link *member)
{
    member->prev->next = member->next;
    member->next->prev = member->prev;
    list_init(member);
}

/* Puts `member`, which is on no list, in front of `at` (the head: at the end). */
static inline void list_insert(struct link *at, struct link *member)
{
    member->next = at;
    member->prev = at->prev;
    at->prev->next = member;
    at->prev = member;
}

/* Takes the first member off, or returns NULL. */
static inline struct link *list_pop(struct link *head)
{
    struct link *first = head->next;

    if (first == head)
        return NULL;
    list_remove(first);
    return first;
}

/* Moves all members of `from` to the end of `to`. */
static inline void list_join(struct link *to, struct link *from)
{
    if (list_is_empty(from))
        return;
    from->next->prev = to->prev;
    to->prev->next = from->next;
    from->prev->next = to;
    to->prev = from->prev;
    list_init(from);
}

#endif
