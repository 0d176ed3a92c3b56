/* doctor_inner.h - the examination, as the two files that carry it out share it. */
#ifndef CMD_DOCTOR_INNER_H
#define CMD_DOCTOR_INNER_H

#include "findings.h"
#include "fleet_settings.h"
#include "json.h"
#include "limits.h"
#include "settings.h"

#define DOCTOR_PORTAL "https://discord.com/developers/applications"
#define DOCTOR_NEW_TOKEN \
    "Make a new one at " DOCTOR_PORTAL " (your application, Bot, Reset Token)."

/* Exit statuses of what is wrong. */
enum { DOCTOR_FAILED = 1, DOCTOR_CONFIG = 2, DOCTOR_TOKEN = 3, DOCTOR_BUDGET = 4 };

struct doctor {
    struct findings f;
    struct fleet_settings fleet; /* cordage.yaml, and the environment */
    struct settings s;
    struct json_parser *parser;
    bool have_token;     /* there is one, and Discord has not refused it */
    uint32_t shards;     /* asked for, or recommended; 0: not known */
    char url[LIMIT_URL]; /* the gateway's; "": not known */
};

/* False: what it says can't be used. */
bool doctor_file(struct doctor *d);  /* cordage.yaml */
void doctor_state(struct doctor *d); /* the state directory */

/* Each asks Discord and adds what it finds. False: the API does not answer. */
bool doctor_api(struct doctor *d);     /* reached, trusted, token accepted, clock */
void doctor_intents(struct doctor *d); /* those asked for against those allowed */
void doctor_budget(struct doctor *d);  /* recommended shards, identifies left */
void doctor_gateway(struct doctor *d); /* HELLO */

#endif
