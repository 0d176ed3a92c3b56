/* What is accepted is bounded, holds nothing that could break a request line, and reads
 * the same when it is put together and taken apart again. */
#include "fuzz.h"

#include <string.h>

#include "url.h"

static void check_text(const char *text)
{
    for (; *text; text++)
        FUZZ_CHECK((unsigned char)*text > ' ' && *text != 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char again[3 * LIMIT_URL];
    struct url u, v;
    cordage_error error;
    const char *schemes[2][2] = { { "http", "https" }, { "ws", "wss" } };

    if (url_parse((struct str){ (const char *)data, size }, &u, &error) < 0) {
        FUZZ_CHECK(error.message[0] != '\0');
        return 0;
    }
    FUZZ_CHECK(u.host[0] != '\0' && u.path[0] == '/');
    check_text(u.host);
    check_text(u.path);
    check_text(u.query);
    snprintf(again, sizeof again,
             strchr(u.host, ':') ? "%s://[%s]:%u%s%s%s" : "%s://%s:%u%s%s%s",
             schemes[u.websocket][u.tls], u.host, u.port, u.path, u.query[0] ? "?" : "",
             u.query);
    if (strlen(again) >= LIMIT_URL)
        return 0; /* the port that was added made it too long */
    FUZZ_CHECK(url_parse(str_of(again), &v, &error) == 0);
    FUZZ_CHECK(strcmp(u.host, v.host) == 0 && u.port == v.port &&
               strcmp(u.path, v.path) == 0 && strcmp(u.query, v.query) == 0);
    return 0;
}
