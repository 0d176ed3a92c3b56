/* What is accepted is within its bounds, and its URL is one that may get the token. */
#include "fuzz.h"

#include <string.h>

#include "gateway_bot.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *api = "https://discord.com/api/v10";
    char *text = calloc(1, size + BUF_SLACK);
    struct gateway_bot g;
    cordage_error error;
    struct url url;

    if (!text)
        abort();
    if (size)
        memcpy(text, data, size);
    if (gateway_bot_parse((struct str){ text, size }, api, &g, &error) == 0) {
        FUZZ_CHECK(g.shards >= 1 && g.shards <= LIMIT_SHARDS);
        FUZZ_CHECK(g.max_concurrency >= 1 && g.max_concurrency <= LIMIT_SHARDS);
        FUZZ_CHECK(gateway_url_check(str_of(g.url), api, &url, &error) == 0);
        FUZZ_CHECK(url.tls && url_is_under(&url, "discord.gg"));
    } else {
        FUZZ_CHECK(g.url[0] == '\0' && error.message[0] != '\0');
    }
    free(text);
    return 0;
}
