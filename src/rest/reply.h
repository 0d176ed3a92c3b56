/* reply.h - what an HTTP answer of Discord's means. Pure.
 *
 * Sources: Discord, "Rate Limits" and "Error Messages". */
#ifndef REST_REPLY_H
#define REST_REPLY_H

#include "bucket.h"
#include "http.h"
#include "json.h"

enum reply_limit {
    REPLY_NOT_LIMITED,
    REPLY_LIMITED_USER,   /* this route, for this bot */
    REPLY_LIMITED_SHARED, /* this resource, for everybody: nobody's fault */
    REPLY_LIMITED_GLOBAL, /* the bot, on all routes */
    REPLY_BANNED          /* the address, by what stands in front of Discord */
};
const char *reply_limit_name(enum reply_limit limit);

struct reply {
    struct bucket_headers bucket;
    enum reply_limit limit; /* of a 429 */
    double retry_after_s;   /* with it; at least 0 */
    bool counts;            /* towards the 10,000 refused requests that ban an address */
    int code;               /* Discord's error code; 0: none */
    char text[256];         /* Discord's sentence, printable; "": none */
};

/* `answer` has a status. The parser's earlier views end here. */
void reply_read(const struct http_answer *answer, struct json_parser *parser,
                struct reply *out);

#endif
