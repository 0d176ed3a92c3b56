/* interaction.h - what people ask of the bot: commands, components, modals.
 *
 * Each is INTERACTION_CREATE to the shard of its guild (in a DM to shard 0), and is kept
 * for a while: its first answer must come within 3 s, and its token is good for 15
 * minutes. Internal to the model and to the routes that answer (routes_interaction.c). */
#ifndef SIM_INTERACTION_H
#define SIM_INTERACTION_H

#include "list.h"
#include "map.h"
#include "sim.h"

enum {
    INTERACTION_COMMAND = 2,
    INTERACTION_COMPONENT = 3,
    INTERACTION_AUTOCOMPLETE = 4,
    INTERACTION_MODAL = 5,

    INTERACTION_ANSWER_MS = 3000,          /* the first answer within this */
    INTERACTION_TOKEN_MS = 15 * 60 * 1000, /* follow-ups within this */
    INTERACTION_MAX = 10000,               /* kept; the oldest go first */
    INTERACTION_SENT_MAX = 64,             /* messages that are remembered as its own */
};

struct interaction {
    struct link link; /* in interactions.newest_last while it lives */
    uint64_t id, application_id;
    char token[80];
    int type, command_type;
    struct world_guild *guild; /* NULL: in a DM */
    uint64_t channel_id, user_id;
    uint64_t message_id; /* whose component it was; 0: no component's */
    char *name;          /* owned: the command's name, or the custom_id */
    char *metadata;      /* owned: a message's interaction_metadata, JSON */
    uint64_t made_at;
    /* What became of it. */
    uint64_t answered_at; /* 0: not yet */
    int answer;           /* the callback's type */
    char *data;           /* owned: the callback's data, JSON; NULL: none, or much */
    uint64_t original_id; /* the message that @original is; 0: none */
    bool is_loading;      /* deferred, and not yet said */
    bool is_ephemeral;    /* of a deferred answer */
    uint64_t sent[INTERACTION_SENT_MAX]; /* follow-ups */
    uint32_t n_sent;
};

struct interactions {
    struct link newest_last;
    struct map by_id;
    size_t n;
};

void interactions_init(struct interactions *all);
void interactions_release(struct interactions *all);
/* NULL: none, or not any more. */
struct interaction *interaction_find(const struct interactions *all, uint64_t id);
/* The same by its token. */
struct interaction *interaction_by_token(const struct interactions *all,
                                         struct str token);

/* What is asked. */
struct interaction_request {
    const struct sim_app *app; /* who is asked; NULL: the first */
    struct world_guild *guild; /* NULL: in a DM */
    uint64_t channel_id, user_id;
    int type, command_type;
    struct str name;     /* the command's, or the custom_id */
    struct str data;     /* JSON: its `data` */
    struct str message;  /* JSON: the message whose component it is, or empty */
    uint64_t message_id; /* its id */
    uint64_t target_id;  /* of a user or message command */
    struct str metadata; /* JSON: of what opened the modal, or empty */
    const char *locale;  /* NULL: "en-US" */
};
/* Makes it and tells the bot. *out is borrowed as from interaction_find. CORDAGE_ENOMEM.
 */
int sim_interact(struct sim *s, const struct interaction_request *request, uint64_t now,
                 struct interaction **out);
struct interactions *sim_interactions(struct sim *s);

#endif
