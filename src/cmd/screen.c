#include "screen.h"

#include <errno.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* The other screen without a cursor, and back. */
#define ENTER "\033[?1049h\033[?25l\033[H\033[2J"
#define LEAVE "\033[?25h\033[?1049l"

enum { WIDTH = 80, HEIGHT = 24 };

static const int numbers[SCREEN_SIGNALS] = { SIGINT,  SIGTERM, SIGHUP,
                                             SIGQUIT, SIGTSTP, SIGWINCH };

static void put(const struct screen *s, struct str text)
{
    while (text.n) {
        ssize_t n = write(s->fd, text.p, text.n);

        if (n < 0 && errno != EINTR)
            return; /* it is gone: so are we soon */
        if (n > 0)
            text = (struct str){ text.p + n, text.n - (size_t)n };
    }
}

void screen_size(const struct screen *s, unsigned *width, unsigned *height)
{
    struct winsize size;
    bool told = ioctl(s->fd, TIOCGWINSZ, &size) == 0 && size.ws_col && size.ws_row;

    *width = told ? size.ws_col : WIDTH;
    *height = told ? size.ws_row : HEIGHT;
}

/* ^Z: the shell gets its screen; on `fg` we are here again. */
static void rest(struct screen *s)
{
    put(s, STR(LEAVE));
    raise(SIGSTOP);
    put(s, STR(ENTER));
    s->resized(s);
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct screen *s = handle->data;

    if (number == SIGWINCH) {
        s->resized(s);
    } else if (number == SIGTSTP) {
        rest(s);
    } else {
        s->number = number;
        s->ended(s);
    }
}

void screen_enter(struct screen *s, uv_loop_t *loop)
{
    for (int i = 0; i < SCREEN_SIGNALS; i++) {
        uv_signal_init(loop, &s->signals[i]);
        s->signals[i].data = s;
        uv_signal_start(&s->signals[i], on_signal, numbers[i]);
    }
    put(s, STR(ENTER));
    s->on = true;
}

/* The last line has no newline: that would scroll a full screen. */
void screen_draw(struct screen *s, struct str lines)
{
    put(s, STR("\033[H"));
    while (lines.n) {
        size_t n = str_find(lines, STR("\n"));

        put(s, (struct str){ lines.p, n == SIZE_MAX ? lines.n : n });
        put(s, STR("\033[K"));
        if (n == SIZE_MAX || n + 1 >= lines.n)
            break;
        put(s, STR("\r\n"));
        lines = (struct str){ lines.p + n + 1, lines.n - n - 1 };
    }
    put(s, STR("\033[J"));
}

void screen_leave(struct screen *s)
{
    if (!s->on)
        return;
    s->on = false;
    put(s, STR(LEAVE));
    for (int i = 0; i < SCREEN_SIGNALS; i++)
        uv_close((uv_handle_t *)&s->signals[i], NULL);
}
