/* envelope.h - a payload's `op`, `s` and `t`, found without parsing the rest.
 *
 * Discord writes `{"t":…,"s":…,"op":…,"d":…}`, so that the first bytes nearly
 * always tell. That order is not promised: any other shape goes to the parser. */
#ifndef PROTO_ENVELOPE_H
#define PROTO_ENVELOPE_H

#include "json.h"

struct envelope {
    int op;
    bool has_seq;   /* `s` is a number */
    uint64_t seq;
    struct str name; /* `t`; empty if null. Borrowed from the payload, or from the parser */
    struct str d;    /* the bytes of `d` with the closing brace behind, when the peek saw
                        them; else empty */
};

/* Looks at the first bytes only. False: some other shape, use envelope_parse. True
 * means that op, s and t are as a full parser would find them if the payload is JSON
 * at all; whether `d` is well-formed is not looked at. Pure; never reads past the end. */
bool envelope_peek(struct str payload, struct envelope *out);

/* By the parser. CORDAGE_EPARSE also when `op` is missing or not an integer, or `s` or `t`
 * are of the wrong type. *d gets the view of `d` (absent if there is none). */
int envelope_parse(struct json_parser *p, struct str payload, struct envelope *out,
                   cordage_json *d);

#endif
