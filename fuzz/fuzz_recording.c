/* The first byte says how the rest is read: as a file; as the data of a block that is
 * whole, for a fuzzer does not guess checksums; or as a payload to be cleaned. Whatever
 * is accepted is in the order of time, lies in memory, and what was cleaned is still a
 * payload of which nothing more is to be cleaned. */
#include "fuzz.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <zstd.h>

#include "format.h"

static void read_all(struct str bytes)
{
    int fd = memfd_create("recording", MFD_CLOEXEC);
    struct recording_event e;
    struct recording *r;
    uint64_t last = 0, n = 0, measured, ms;
    char path[64];
    int err;

    FUZZ_CHECK(fd >= 0 && write(fd, bytes.p, bytes.n) == (ssize_t)bytes.n);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (recording_open(path, &r, NULL) == 0) {
        while ((err = recording_next(r, &e, NULL)) == 0) {
            uint64_t sum = 0;

            FUZZ_CHECK(e.ms >= last && e.payload.n <= FORMAT_DATA_MAX);
            for (size_t i = 0; i < e.payload.n + BUF_SLACK; i++)
                sum += (unsigned char)e.payload.p[i] & 1;
            FUZZ_CHECK(sum <= e.payload.n + BUF_SLACK);
            last = e.ms;
            n++;
        }
        FUZZ_CHECK(err == CORDAGE_ENOTFOUND || err == CORDAGE_EPARSE);
        FUZZ_CHECK(recording_measure(r, &measured, &ms, NULL) ==
                   (err == CORDAGE_ENOTFOUND ? 0 : err));
        FUZZ_CHECK(measured == n && ms == last);
        recording_close(r);
    }
    close(fd);
}

static void read_as_data(struct str data)
{
    static const struct recording_head head = { 0, 1, 0, 0 };
    struct format_block b = { FORMAT_EVENTS, 0, (uint32_t)data.n, 1, 0 };
    struct buf file = { 0 };
    size_t n;

    if (data.n < 1)
        return;
    b.n = (unsigned char)data.p[0];
    data.p++;
    b.size = (uint32_t)--data.n;
    FUZZ_CHECK(
        buf_reserve(&file, FORMAT_HEAD + FORMAT_BLOCK + ZSTD_compressBound(data.n)) == 0);
    n = ZSTD_compress(file.p + FORMAT_HEAD + FORMAT_BLOCK, ZSTD_compressBound(data.n),
                      data.p, data.n, 1);
    FUZZ_CHECK(!ZSTD_isError(n));
    b.stored = (uint32_t)n;
    format_put_head(&head, file.p);
    format_put_block(&b, FORMAT_HEAD,
                     (struct str){ file.p + FORMAT_HEAD + FORMAT_BLOCK, n },
                     file.p + FORMAT_HEAD);
    file.n = FORMAT_HEAD + FORMAT_BLOCK + n;
    read_all(buf_str(&file));
    buf_release(&file);
}

static void clean(struct str payload)
{
    struct json_parser *parser = json_parser_new();
    struct buf in = { 0 }, once = { 0 }, twice = { 0 };

    FUZZ_CHECK(parser && buf_reserve(&in, payload.n + 1) == 0);
    buf_append_str(&in, payload);
    if (recording_clean(parser, buf_str(&in), &once) == 0) {
        FUZZ_CHECK(recording_clean(parser, buf_str(&once), &twice) == 0);
        FUZZ_CHECK(str_eq(buf_str(&once), buf_str(&twice)));
    } else {
        FUZZ_CHECK(once.n == 0);
    }
    buf_release(&in);
    buf_release(&once);
    buf_release(&twice);
    json_parser_free(parser);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str rest = { (const char *)data + 1, size - 1 };

    if (size == 0)
        return 0;
    if (data[0] == 'F')
        read_all(rest);
    else if (data[0] == 'D')
        read_as_data(rest);
    else
        clean(rest);
    return 0;
}
