/* event.h - what a dispatch's name says about it: the table of cordage/events.h, asked.
 *
 * Pure. */
#ifndef PROTO_EVENT_H
#define PROTO_EVENT_H

#include "cordage/events.h"
#include "json.h"

/* What an event does to the cache (cache/apply.c). */
enum event_effect {
    EFFECT_NONE,
    EFFECT_READY,
    EFFECT_CHANNEL_PUT,
    EFFECT_CHANNEL_REMOVE,
    EFFECT_CHANNEL_PINS,
    EFFECT_THREAD_PUT,
    EFFECT_THREAD_REMOVE,
    EFFECT_THREAD_LIST,
    EFFECT_THREAD_MEMBER,
    EFFECT_THREAD_MEMBERS,
    EFFECT_GUILD_REPLACE,
    EFFECT_GUILD_MERGE,
    EFFECT_GUILD_REMOVE,
    EFFECT_EMOJIS_REPLACE,
    EFFECT_STICKERS_REPLACE,
    EFFECT_SOUND_PUT,
    EFFECT_SOUND_REMOVE,
    EFFECT_SOUNDS_PUT,
    EFFECT_SOUNDS_REPLACE,
    EFFECT_MEMBER_ADD,
    EFFECT_MEMBER_MERGE,
    EFFECT_MEMBER_REMOVE,
    EFFECT_MEMBERS_PUT,
    EFFECT_ROLE_PUT,
    EFFECT_ROLE_REMOVE,
    EFFECT_SCHEDULED_PUT,
    EFFECT_SCHEDULED_REMOVE,
    EFFECT_SCHEDULED_USER,
    EFFECT_PEOPLE, /* whoever is in it: users, members */
    EFFECT_MESSAGE,
    EFFECT_MESSAGE_GONE,
    EFFECT_PRESENCE,
    EFFECT_STAGE_PUT,
    EFFECT_STAGE_REMOVE,
    EFFECT_SELF,
    EFFECT_VOICE_STATE,
    N_EFFECTS
};

/* Of a dispatch's `t`; CORDAGE_EVENT_UNKNOWN for what is not in the table. */
cordage_event_type event_type_of(struct str name);
/* "MESSAGE_CREATE"; "UNKNOWN" for what is none. */
struct str event_name(cordage_event_type type);
/* Any one of these bits makes Discord send it; 0: it always comes. */
uint32_t event_intents(cordage_event_type type);
enum event_effect event_effect(cordage_event_type type);

/* Where an event belongs. */
struct event_route {
    cordage_id guild_id; /* 0: none */
    uint64_t lane; /* the guild, else the channel (a direct message), else 0: the shard */
};
/* From the event's `d`. Only the top level counts: embedded objects name guilds of their
 * own. An unknown event is routed by `d.guild_id`, as most are. */
struct event_route event_route_of(cordage_event_type type, cordage_json d);

#endif
