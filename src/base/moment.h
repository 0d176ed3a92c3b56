/* moment.h - a time in the words of whoever reads the log. Pure, but for the time zone.
 */
#ifndef BASE_MOMENT_H
#define BASE_MOMENT_H

#include <stdint.h>

/* "2026-11-22 15:05 CET, in 2 h 10 min": `at` and `now` are Unix times in ms, local time,
 * rounded up to the minute, so that at that minute it has come. */
enum { MOMENT_TEXT = 96 };
void moment_text(char out[MOMENT_TEXT], uint64_t at, uint64_t now);

#endif
