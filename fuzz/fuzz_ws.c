/* Both ends of a websocket: whole, byte by byte and in pieces, the same must come of it.
 *
 * The first byte says how: bit 0, a server (else a client); bit 1, the upgrade is behind.
 */
#include "fuzz.h"

#include "ws_rig.h"

enum { AS_SERVER = 1, UPGRADED = 2, MESSAGE_LIMIT = 64 * 1024 };

static struct buf run(unsigned how, struct str bytes, size_t most)
{
    struct buf log = { 0 };
    struct ws ws;

    ws_init(&ws, how & AS_SERVER ? WS_SERVER : WS_CLIENT, 7);
    if (how & UPGRADED)
        ws.state = WS_STREAMING;
    else if (ws.role == WS_CLIENT)
        FUZZ_CHECK(ws_request(&ws, "h", 443, true, "/", NULL) == 0);
    ws.message_limit = MESSAGE_LIMIT;
    rig_run(&ws, bytes, most, &log);
    FUZZ_CHECK(ws.kept.n <= bytes.n && ws.fragments.n <= MESSAGE_LIMIT);
    FUZZ_CHECK(ws.out.n <= 3 * bytes.n + 512);
    ws_release(&ws);
    return log;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const size_t pieces[] = { 1, 7, 300 };
    struct str bytes;
    struct buf whole;

    if (size == 0)
        return 0;
    bytes = (struct str){ (const char *)data + 1, size - 1 };
    whole = run(data[0], bytes, 0);
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        struct buf log = run(data[0], bytes, pieces[i]);

        FUZZ_CHECK(str_eq(buf_str(&whole), buf_str(&log)));
        buf_release(&log);
    }
    buf_release(&whole);
    return 0;
}
