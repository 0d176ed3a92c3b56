/* What a client sends to the simulator: each line of the input is one message on a
 * connection that has a session, after which time goes on a little. A line that begins
 * with '!' is a fault request, '~' a new connection, '#' a binary message. */
#include <string.h>

#include "fuzz.h"
#include "sim.h"

static void on_send(void *user, struct str payload)
{
    (void)user;
    FUZZ_CHECK(payload.n > 2 && payload.p[0] == '{' && payload.p[payload.n - 1] == '}');
}

static void on_close(void *user, int code, const char *reason)
{
    (void)user;
    FUZZ_CHECK(code >= 1000 && code <= 4999 && reason);
}

static void on_nothing(void *user)
{
    (void)user;
}

static void on_split(void *user, uint64_t seed, bool messages)
{
    (void)user;
    (void)seed;
    (void)messages;
}

static const struct sim_conn_ops ops = { on_send,    on_close, on_nothing,
                                         on_nothing, on_split, NULL };

static struct sim_conn *connect_new(struct sim *s, struct sim_conn *old, uint64_t now)
{
    if (old)
        sim_disconnected(old, 1006, now);
    return sim_connect(s, "v=10&encoding=json", true, &ops, NULL, now);
}

static void say(struct sim *s, struct sim_conn **c, struct str line, uint64_t now)
{
    struct str rest = { line.p + 1, line.n ? line.n - 1 : 0 };
    cordage_error error;
    size_t n;

    if (line.n && line.p[0] == '!')
        sim_fault(s, rest, now, &n, &error);
    else if (line.n && line.p[0] == '~')
        *c = connect_new(s, *c, now);
    else if (line.n && line.p[0] == '#')
        sim_receive(*c, rest, true, now);
    else
        sim_receive(*c, line, false, now);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sim_config config;
    struct sim_conn *c;
    struct sim *s;
    const char *p = (const char *)data, *end = p + size;
    uint64_t now = 1000;

    sim_config_default(&config);
    config.token = "t";
    config.guilds = 2;
    config.traffic = 5;
    if (sim_new(&config, now, 0, &s, NULL) < 0)
        return 0;
    c = connect_new(s, NULL, now);
    while (p < end && c) {
        const char *newline = memchr(p, '\n', (size_t)(end - p));
        const char *stop = newline ? newline : end;

        say(s, &c, (struct str){ p, (size_t)(stop - p) }, now);
        now += 700;
        sim_tick(s, now);
        p = newline ? newline + 1 : end;
    }
    if (c)
        sim_disconnected(c, 1000, now);
    sim_free(s);
    return 0;
}
