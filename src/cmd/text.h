/* text.h - how the commands write what several of them show. */
#ifndef CMD_TEXT_H
#define CMD_TEXT_H

#include <stdbool.h>
#include <stdint.h>

enum { TEXT_DURATION = 48 };

/* "850 ms", "55 s", "2 min 5 s", "14 h 13 min": rounded up to what is shown. */
const char *text_duration(uint64_t ms, char out[TEXT_DURATION]);

/* "90", "90s", "5m", "2h", "1d" in ms; false: none of these, or 0. */
bool text_read_duration(const char *value, uint64_t *ms);

/* The value of --shards: "auto" gives CORDAGE_SHARDS_AUTO. 0, or -1 after a sentence
 * about it went to stderr. */
int text_shards(const char *command, const char *value, uint32_t *out);

#endif
