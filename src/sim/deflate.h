/* deflate.h - the server's end of transport compression: payload to message.
 *
 * One stream a connection; each payload ends on a flush, as Discord's do. */
#ifndef SIM_DEFLATE_H
#define SIM_DEFLATE_H

#include "inflate.h"

struct deflate;
/* NULL without memory. */
struct deflate *deflate_new(enum compression kind);
void deflate_free(struct deflate *d);
/* Appends the message for one payload. COMPRESS_NONE copies it. After CORDAGE_ENOMEM (or
 * CORDAGE_ELIMIT, the buf's) the stream is of no use any more. */
int deflate_payload(struct deflate *d, struct str payload, struct buf *out);
/* The stream forgets what it has seen: what comes next refers to nothing before. Appends
 * the few bytes that say so, which belong before the next payload, within its message.
 * COMPRESS_ZLIB only. Errors as above. */
int deflate_forget(struct deflate *d, struct buf *out);
/* Deflate blocks that need no history and end on a flush: for the middle of any zlib
 * stream, at a flush. */
int deflate_piece(struct str bytes, struct buf *out);
/* One complete, independent zlib stream (IDENTIFY's `compress`). */
int deflate_whole(struct str payload, struct buf *out);

#endif
