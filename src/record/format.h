/* format.h - the bytes of a recording; docs/recording.md draws them. Pure.
 *
 * Numbers are little-endian. A checksum (CRC-32) of a block covers the block's place in
 * the file, its head and its data, so that a block that was moved does not pass. */
#ifndef RECORD_FORMAT_H
#define RECORD_FORMAT_H

#include "recording.h"

enum {
    FORMAT_HEAD = 36,
    FORMAT_BLOCK = 28, /* a block's head */
    FORMAT_EVENT = 12, /* an event's, inside the block's data */
    /* A block ends when it has this many bytes or is this old. */
    FORMAT_BLOCK_BYTES = 256 * 1024,
    FORMAT_BLOCK_MS = 2000,
    /* So the largest holds almost that and the largest payload. */
    FORMAT_DATA_MAX = FORMAT_BLOCK_BYTES + FORMAT_EVENT + RECORDING_PAYLOAD_MAX,
};

enum format_kind { FORMAT_EVENTS, FORMAT_END };

struct format_block {
    enum format_kind kind;
    uint32_t stored; /* bytes behind the head: the data, compressed; 0 for the end */
    uint32_t size;   /* of the data */
    uint32_t n;      /* events in it */
    uint64_t before; /* events in all the blocks before it */
};

void format_put_head(const struct recording_head *head, char out[FORMAT_HEAD]);
/* Its checksum anew: for a head of another version. */
void format_seal_head(char bytes[FORMAT_HEAD]);
enum format_verdict { FORMAT_SOUND, FORMAT_FOREIGN, FORMAT_DAMAGED, FORMAT_NEWER };
enum format_verdict format_get_head(const char bytes[FORMAT_HEAD],
                                    struct recording_head *out);

/* `stored` is the data as it is stored, `at` the block's offset in the file. */
void format_put_block(const struct format_block *b, uint64_t at, struct str stored,
                      char out[FORMAT_BLOCK]);
/* false: no block that a recorder writes. The checksum is not looked at. */
bool format_get_block(const char bytes[FORMAT_BLOCK], struct format_block *out);
/* Whether the checksum is right. */
bool format_is_whole(const char bytes[FORMAT_BLOCK], uint64_t at, struct str stored);

void format_put_event(uint64_t ms, size_t n, char out[FORMAT_EVENT]);
void format_get_event(const char bytes[FORMAT_EVENT], uint64_t *ms, size_t *n);

#endif
