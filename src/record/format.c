#include "format.h"

#include <zlib.h>

/* The last four bytes of a head are the checksum. */
enum { CHECKSUM = 4 };

static const char magic[8] = { '\x89', 'C', 'D', 'G', 'R', 'E', 'C', '\n' };
static const char *const kinds[] = { [FORMAT_EVENTS] = "EVTS", [FORMAT_END] = "DONE" };

static void put(char *out, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        out[i] = (char)(unsigned char)(value >> (8 * i));
}

static uint64_t get(const char *bytes, size_t n)
{
    uint64_t value = 0;

    for (size_t i = 0; i < n; i++)
        value |= (uint64_t)(unsigned char)bytes[i] << (8 * i);
    return value;
}

static uint32_t checksum(uint32_t sum, const char *bytes, size_t n)
{
    return (uint32_t)crc32_z(sum, (const unsigned char *)bytes, n);
}

/* ---- The file's head ------------------------------------------------------------- */

void format_seal_head(char bytes[FORMAT_HEAD])
{
    put(bytes + 32, checksum(0, bytes, FORMAT_HEAD - CHECKSUM), CHECKSUM);
}

void format_put_head(const struct recording_head *head, char out[FORMAT_HEAD])
{
    memcpy(out, magic, sizeof magic);
    put(out + 8, RECORDING_VERSION, 4);
    put(out + 12, head->shard_id, 4);
    put(out + 16, head->shard_count, 4);
    put(out + 20, head->intents, 4);
    put(out + 24, head->started_at, 8);
    format_seal_head(out);
}

enum format_verdict format_get_head(const char bytes[FORMAT_HEAD],
                                    struct recording_head *out)
{
    if (memcmp(bytes, magic, sizeof magic) != 0)
        return FORMAT_FOREIGN;
    if (get(bytes + 32, CHECKSUM) != checksum(0, bytes, FORMAT_HEAD - CHECKSUM))
        return FORMAT_DAMAGED;
    if (get(bytes + 8, 4) != RECORDING_VERSION)
        return FORMAT_NEWER;
    out->shard_id = (uint32_t)get(bytes + 12, 4);
    out->shard_count = (uint32_t)get(bytes + 16, 4);
    out->intents = (uint32_t)get(bytes + 20, 4);
    out->started_at = get(bytes + 24, 8);
    return out->shard_id < out->shard_count ? FORMAT_SOUND : FORMAT_DAMAGED;
}

/* ---- Blocks ---------------------------------------------------------------------- */

static uint32_t block_checksum(const char *head, uint64_t at, struct str stored)
{
    char place[8];
    uint32_t sum;

    put(place, at, sizeof place);
    sum = checksum(0, place, sizeof place);
    sum = checksum(sum, head, FORMAT_BLOCK - CHECKSUM);
    return checksum(sum, stored.p, stored.n);
}

void format_put_block(const struct format_block *b, uint64_t at, struct str stored,
                      char out[FORMAT_BLOCK])
{
    memcpy(out, kinds[b->kind], 4);
    put(out + 4, b->stored, 4);
    put(out + 8, b->size, 4);
    put(out + 12, b->n, 4);
    put(out + 16, b->before, 8);
    put(out + 24, block_checksum(out, at, stored), CHECKSUM);
}

bool format_get_block(const char bytes[FORMAT_BLOCK], struct format_block *out)
{
    out->kind = memcmp(bytes, kinds[FORMAT_END], 4) == 0 ? FORMAT_END : FORMAT_EVENTS;
    out->stored = (uint32_t)get(bytes + 4, 4);
    out->size = (uint32_t)get(bytes + 8, 4);
    out->n = (uint32_t)get(bytes + 12, 4);
    out->before = get(bytes + 16, 8);
    if (memcmp(bytes, kinds[out->kind], 4) != 0)
        return false;
    if (out->kind == FORMAT_END)
        return out->stored == 0 && out->size == 0 && out->n == 0;
    return out->stored > 0 && out->size <= FORMAT_DATA_MAX && out->n > 0 &&
           out->n <= out->size / FORMAT_EVENT;
}

bool format_is_whole(const char bytes[FORMAT_BLOCK], uint64_t at, struct str stored)
{
    return get(bytes + 24, CHECKSUM) == block_checksum(bytes, at, stored);
}

/* ---- Events ---------------------------------------------------------------------- */

void format_put_event(uint64_t ms, size_t n, char out[FORMAT_EVENT])
{
    put(out, ms, 8);
    put(out + 8, n, 4);
}

void format_get_event(const char bytes[FORMAT_EVENT], uint64_t *ms, size_t *n)
{
    *ms = get(bytes, 8);
    *n = get(bytes + 8, 4);
}
