/* recording.h - a shard's stream in a file: what the gateway sent, and when.
 *
 * A head, then blocks, each compressed (zstd) with a checksum of its own, so that a file
 * that was cut or damaged is good up to the block before, and the place is known. A block
 * ends after a number of bytes or of seconds, whichever comes first, and is on the disk
 * then: a killed recorder loses at most that.
 *
 * No secret is in it: the token is only ever sent to Discord and never by it; session
 * ids, resume URLs, voice tokens, interaction and webhook tokens are replaced by the
 * recorder (recording_clean) before a byte is written. What people said is in it: the
 * file is 0600. */
#ifndef RECORD_RECORDING_H
#define RECORD_RECORDING_H

#include "buf.h"
#include "error.h"
#include "json.h"

enum { RECORDING_VERSION = 1, RECORDING_PAYLOAD_MAX = 64 * 1024 * 1024 };

struct recording_head {
    uint32_t shard_id, shard_count, intents;
    uint64_t started_at; /* Unix ms */
};

/* ---- Writing ---- */

struct recorder;
/* Makes the file (0600), which must not be there; on failure none is left. CORDAGE_EIO
 * with a sentence, _ENOMEM. */
int recorder_open(const char *path, const struct recording_head *head,
                  struct recorder **out, cordage_error *error);
/* A dispatch's whole envelope, `ms` after the start, with BUF_SLACK readable bytes behind
 * it; cleaned here. CORDAGE_EIO (a full disk: what was written before stays readable),
 * CORDAGE_ENOMEM, CORDAGE_EPARSE (not a payload; it is left out). */
int recorder_add(struct recorder *r, uint64_t ms, struct str payload,
                 cordage_error *error);
/* What waits is written now, if it has waited for long enough. */
int recorder_flush(struct recorder *r, uint64_t ms, cordage_error *error);
/* Writes the rest, and the mark that it is whole; what is written is then told. NULL is
 * fine. */
int recorder_end(struct recorder *r, cordage_error *error);
/* What is in the file by now: how many events, and the time of the last. */
void recorder_written(const struct recorder *r, uint64_t *events, uint64_t *ms);
/* Ends it, unless that was done, and gives it back. NULL is fine. */
int recorder_close(struct recorder *r, cordage_error *error);

/* Appends the payload (BUF_SLACK readable bytes behind it) to `out` without its secrets;
 * every other byte stays as it is. docs/recording.md lists them. CORDAGE_EPARSE,
 * CORDAGE_ENOMEM; nothing was appended then. */
int recording_clean(struct json_parser *parser, struct str payload, struct buf *out);

/* ---- Reading ---- */

struct recording;
struct recording_event {
    uint64_t ms;
    struct str payload; /* until the next call; BUF_SLACK bytes behind it are readable */
};
/* CORDAGE_EPARSE: no recording, or of a newer version; CORDAGE_EIO, _ENOMEM; with a
 * sentence. */
int recording_open(const char *path, struct recording **out, cordage_error *error);
void recording_close(struct recording *r);
const struct recording_head *recording_head(const struct recording *r);
/* 0 and the next event; CORDAGE_ENOTFOUND: that was all of it; CORDAGE_EPARSE with "FILE
 * is damaged (or was cut) at byte N: M events before it are good". */
int recording_next(struct recording *r, struct recording_event *out,
                   cordage_error *error);
/* To the first event again. */
int recording_rewind(struct recording *r, cordage_error *error);
/* Reads all of it: how many events, how long, and 0, or what recording_next says. */
int recording_measure(struct recording *r, uint64_t *events, uint64_t *ms,
                      cordage_error *error);

#endif
