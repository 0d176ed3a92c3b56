#include <assert.h>

#include "cordage/cordage.h"
#include "fatal.h"
#include "gateway_bot.h"
#include "loop_mark.h"
#include "settings.h"

int cordage_get_gateway_bot(const cordage_options *options, cordage_gateway_bot *out,
                            cordage_error *error)
{
    struct gateway_bot found;
    struct settings settings;
    int err;

    memset(out, 0, sizeof *out);
    if (loop_is_marked())
        return error_set(error, CORDAGE_EDEADLOCK,
                         "cordage_get_gateway_bot waits, and was called on one of the "
                         "library's loops: call it on a thread of your own, or set "
                         "options.handler_threads.");
    err = settings_from(options, &settings, error);
    if (err)
        return err;
    err = gateway_bot_fetch(&(struct rest_options){ .api = settings.api,
                                                    .token = &settings.token,
                                                    .http = { .ca_file = settings.ca_file,
                                                              .proxy = settings.proxy } },
                            &found, error);
    settings_release(&settings);
    if (err == CORDAGE_EAUTH)
        return fatal_unauthorized(error);
    if (err)
        return err;
    static_assert(sizeof out->url >= sizeof found.url, "the public URL holds ours");
    memcpy(out->url, found.url, sizeof found.url);
    out->shards = found.shards;
    out->total = found.total;
    out->remaining = found.remaining;
    out->reset_after_ms = found.reset_after_ms;
    out->max_concurrency = found.max_concurrency;
    return 0;
}
