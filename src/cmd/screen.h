/* screen.h - a terminal's other screen, drawn anew each second, and left however we end.
 *
 * SIGINT, SIGTERM, SIGHUP and SIGQUIT end it; ^Z gives the terminal back until we go on.
 */
#ifndef CMD_SCREEN_H
#define CMD_SCREEN_H

#include <stdbool.h>
#include <uv.h>

#include "str.h"

enum { SCREEN_SIGNALS = 6 };

struct screen {
    int fd; /* the terminal */
    bool on;
    void (*ended)(struct screen *s); /* a signal says so: leave the loop */
    void (*resized)(struct screen *s);
    int number; /* of that signal; 0: none */
    uv_signal_t signals[SCREEN_SIGNALS];
};

/* Its size in characters; 80 x 24 when it doesn't say. */
void screen_size(const struct screen *s, unsigned *width, unsigned *height);
void screen_enter(struct screen *s, uv_loop_t *loop);
/* Lines with newlines, in place of those before. */
void screen_draw(struct screen *s, struct str lines);
/* Gives handles back to the loop, which must turn once more. */
void screen_leave(struct screen *s);

#endif
