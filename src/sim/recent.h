/* recent.h - messages that were created lately: to be read back and changed, and so that
 * a nonce used twice makes one message. Pure; bounded in number and bytes, oldest out
 * first. */
#ifndef SIM_RECENT_H
#define SIM_RECENT_H

#include "buf.h"
#include "list.h"
#include "map.h"

enum {
    RECENT_MAX = 10000,              /* messages */
    RECENT_BYTES = 16 * 1024 * 1024, /* of their JSON */
    RECENT_NONCE_MS = 180 * 1000,    /* how long a nonce is remembered */
    RECENT_NONCE = 160               /* bytes of a nonce of 25 characters, as JSON */
};

/* One emoji under a message, and who put it there. */
struct recent_reaction {
    uint64_t emoji_id; /* 0: one of Unicode */
    bool is_animated;
    char name[64];
    uint64_t *users; /* owned; in the order they came */
    uint32_t n, size;
};
enum { RECENT_REACTIONS = 20 };

struct recent_message {
    struct link link; /* in recent.newest_last while it lives */
    uint64_t id, channel_id, at;
    uint64_t author_id;       /* 0: not known */
    char nonce[RECENT_NONCE]; /* JSON; empty: none */
    size_t n;
    char *body; /* owned: JSON as REST answers it, BUF_SLACK bytes behind it readable */
    /* What is known beside the JSON, by who adds the message. */
    uint64_t webhook_id;  /* 0: of no webhook; the application's: of an interaction */
    uint64_t interaction; /* the one that it answers; 0: none */
    uint64_t pinned_at;   /* Unix ms; 0: it is not pinned */
    struct recent_reaction *reactions; /* owned: RECENT_REACTIONS; NULL: none ever */
    uint32_t n_reactions;
    bool is_ephemeral; /* seen by one person: no channel lists it */
};

struct recent {
    struct link newest_last;
    struct map by_id;    /* struct recent_message by id… */
    struct map by_nonce; /* …and the latest by a hash of place, author and nonce */
    size_t n, bytes;
};

void recent_init(struct recent *r);
void recent_release(struct recent *r);
/* Copies. CORDAGE_ENOMEM leaves it out. */
int recent_add(struct recent *r, uint64_t id, uint64_t channel_id, uint64_t author_id,
               struct str nonce, struct str body, uint64_t now);
/* NULL: not among them (any more). Borrowed until the next recent_add. */
struct recent_message *recent_find(const struct recent *r, uint64_t id);
/* It says something else now. Copies. CORDAGE_ENOMEM leaves it as it was. */
int recent_rewrite(struct recent *r, struct recent_message *m, struct str body);
void recent_remove(struct recent *r, struct recent_message *m);
const struct recent_message *recent_by_nonce(const struct recent *r, uint64_t channel_id,
                                             uint64_t author_id, struct str nonce,
                                             uint64_t now);
/* The next older message of a channel before `m` (NULL: the newest), or NULL. */
const struct recent_message *recent_older(const struct recent *r, uint64_t channel_id,
                                          const struct recent_message *m);

#endif
