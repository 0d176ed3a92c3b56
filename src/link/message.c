#include "message.h"

#include <assert.h>

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

int link_write(struct buf *out, enum link_type type, struct str body)
{
    uint32_t n = (uint32_t)body.n;
    unsigned t = (unsigned)type;
    unsigned char head[LINK_HEAD] = {
        (unsigned char)(n >> 24), (unsigned char)(n >> 16), (unsigned char)(n >> 8),
        (unsigned char)n,         (unsigned char)(t >> 8),  (unsigned char)t,
    };
    int err;

    assert(t >= 1 && t < N_LINK_TYPES);
    if (body.n > LIMIT_LINK_MESSAGE)
        return CORDAGE_ELIMIT;
    err = buf_reserve(out, LINK_HEAD + body.n);
    if (err)
        return err;
    buf_append(out, head, sizeof head);
    buf_append_str(out, body);
    return 0;
}

int link_read(struct str bytes, enum link_type *type, struct str *body, size_t *n)
{
    const unsigned char *p = (const unsigned char *)bytes.p;
    uint32_t length, t;

    *n = 0;
    if (bytes.n < LINK_HEAD)
        return 0;
    length = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
    t = (uint32_t)p[4] << 8 | p[5];
    if (length > LIMIT_LINK_MESSAGE || t == 0 || t >= N_LINK_TYPES)
        return CORDAGE_EPARSE;
    if (bytes.n - LINK_HEAD < length)
        return 0;
    *type = (enum link_type)t;
    *body = (struct str){ bytes.p + LINK_HEAD, length };
    *n = LINK_HEAD + length;
    return 0;
}
