#include "message.h"

static const char *const names[N_LINK_TYPES] = {
    [LINK_HELLO] = "HELLO",
    [LINK_WELCOME] = "WELCOME",
    [LINK_REFUSED] = "REFUSED",
    [LINK_TAKE] = "TAKE",
    [LINK_TAKEN] = "TAKEN",
    [LINK_GIVE] = "GIVE",
    [LINK_GIVEN] = "GIVEN",
    [LINK_KICK] = "KICK",
    [LINK_STATUS] = "STATUS",
    [LINK_URL] = "URL",
    [LINK_ASK] = "ASK",
    [LINK_READY] = "READY",
    [LINK_SENT] = "SENT",
    [LINK_CANCEL] = "CANCEL",
    [LINK_PROVEN] = "PROVEN",
    [LINK_MAY_DIAL] = "MAY_DIAL",
    [LINK_MAY_IDENTIFY] = "MAY_IDENTIFY",
    [LINK_BROADCAST] = "BROADCAST",
    [LINK_TOTALS] = "TOTALS",
    [LINK_FATAL] = "FATAL",
    [LINK_STOP] = "STOP",
    [LINK_COMMAND] = "COMMAND",
    [LINK_ANSWER] = "ANSWER",
};

const char *link_type_name(enum link_type type)
{
    return (unsigned)type < N_LINK_TYPES && names[type] ? names[type] : "?";
}
