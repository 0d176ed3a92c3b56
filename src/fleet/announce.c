/* How far the start has come: a line that is rewritten on a terminal, else one each five
 * seconds; and what a service manager is told. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "supervisor_inner.h"

enum { LINE_MS = 5 * 1000, LINE_SIZE = 160 };

/* The cursor stays at the line's beginning, so that whatever comes next is written over
 * it. */
static void show(struct supervisor *s, const char *line)
{
    char text[LINE_SIZE + 16];
    int n = snprintf(text, sizeof text, "\r\033[K%s\r", line);

    s->line_shown = line[0] != '\0';
    if (write(STDERR_FILENO, text, (size_t)n) < 0)
        s->options.progress = false;
}

void announce_log(void *user, enum log_level level, const char *line)
{
    struct supervisor *s = user;

    if (s->line_shown)
        show(s, "");
    if (s->options.log.write)
        s->options.log.write(s->options.log.user, level, line);
}

static void say_progress(struct supervisor *s)
{
    uint64_t wall = fleet_wall(s), now = fleet_real(s);
    uint64_t left = s->view->done_at > wall ? s->view->done_at - wall : 0;
    char line[LINE_SIZE];

    snprintf(line, sizeof line, "cordage: %u/%u shards ready, about %llu s left",
             view_ready(s->view), fleet_n_shards(s),
             (unsigned long long)(left + 999) / 1000);
    if (s->options.progress) {
        show(s, line);
    } else if (now >= s->line_at + LINE_MS) {
        s->line_at = now;
        log_line(&s->log, LOG_INFO, "%s", line + strlen("cordage: "));
    }
    notify_status(s->notify, line + strlen("cordage: "));
}

static void say_all_up(struct supervisor *s)
{
    char line[LINE_SIZE + 256], what[64];

    if (s->options.foreign) /* their shards can't be seen from here */
        snprintf(what, sizeof what, "%u foreign workers started", s->n_workers);
    else
        snprintf(what, sizeof what, "%u shards ready", fleet_n_shards(s));
    snprintf(line, sizeof line, "%s in %.1f s, %u worker%s%s%s", what,
             (double)(fleet_real(s) - s->opened_at) / 1000, s->n_workers,
             s->n_workers == 1 ? "" : "s", s->options.page ? ", " : "",
             s->options.page ? s->options.page : "");
    s->was_up = true;
    log_line(&s->log, LOG_INFO, "%s", line);
    notify_state(s->notify, "READY=1", line);
}

void announce_second(struct supervisor *s)
{
    if (s->phase != FLEET_OPENING && s->phase != FLEET_RUNNING)
        return;
    if (!s->was_up && s->all_up)
        say_all_up(s);
    else if (!s->was_up)
        say_progress(s);
}
