/* envelope.h - a payload's `op`, `s` and `t`, found without parsing the rest.
 *
 * Discord writes `{"t":…,"s":…,"op":…,"d":…}`, so that the first bytes nearly
 * always tell. That order is not promised: any other shape goes to the parser. */
#ifndef PROTO_ENVELOPE_H
#define PROTO_ENVELOPE_H

#include "json.h"

struct envelope {
    int op;
    bool has_seq; /* `s` is a number */
    uint64_t seq;
    /* `t`; empty if null. Borrowed from the payload, or from the parser. */
    struct str name;
    /* Where `d` came right after the other three: from its first byte to the end of the
     * payload, so the envelope's closing brace is still behind it (and further keys, if
     * Discord ever writes some there). Else empty. */
    struct str d;
};

/* Looks at the first bytes only: `t`, `s` and `op` in any order, each once, before
 * anything else. False: some other shape, use envelope_parse; *out is undefined then.
 * True means that op, s and t are as envelope_parse would find them if the payload is
 * JSON at all; the rest is not looked at. Pure; never reads past the end. */
bool envelope_peek(struct str payload, struct envelope *out);

/* By the parser (so BUF_SLACK bytes must be readable behind the payload). CORDAGE_EPARSE
 * also when `op` is missing or no int, `s` is neither null, missing nor a non-negative
 * integer, or `t` neither null, missing nor a string. CORDAGE_ENOMEM and CORDAGE_ELIMIT
 * are json_parse's. *d gets the view of `d`, absent if there is
 * none or on failure. */
int envelope_parse(struct json_parser *p, struct str payload, struct envelope *out,
                   cordage_json *d);

#endif
