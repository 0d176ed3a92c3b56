#include "view.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static double seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

void view_init(struct view *v)
{
    memset(v, 0, sizeof *v);
    pthread_mutex_init(&v->lock, NULL);
    v->live = isatty(STDOUT_FILENO);
    v->started_at = seconds();
}

void view_say(struct view *v, const char *format, ...)
{
    char text[140];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    pthread_mutex_lock(&v->lock);
    if (v->n_lines == VIEW_LINES)
        memmove(v->lines[0], v->lines[1], sizeof v->lines - sizeof v->lines[0]);
    else
        v->n_lines++;
    snprintf(v->lines[v->n_lines - 1], sizeof v->lines[0], "%6.1f s  %s",
             seconds() - v->started_at, text);
    if (!v->live) {
        puts(v->lines[v->n_lines - 1]);
        fflush(stdout);
    }
    pthread_mutex_unlock(&v->lock);
}

/* One line of the panel, cleared to its end. */
__attribute__((format(printf, 2, 3))) static void line(struct view *v, const char *format,
                                                       ...)
{
    va_list args;

    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    fputs("\033[K\n", stdout);
    v->drawn++;
}

static const char *colour(cordage_shard_state state)
{
    switch (state) {
    case CORDAGE_SHARD_READY:
        return "\033[32m";
    case CORDAGE_SHARD_STOPPED:
        return "\033[31m";
    default:
        return "\033[33m";
    }
}

static void shard_row(struct view *v, const cordage_client *c, uint32_t id,
                      const struct view_counts *counts)
{
    cordage_shard_info info;

    if (cordage_shard_status(c, id, &info) < 0) {
        line(v, "  %-6u (not started)", id);
        return;
    }
    line(v, "  %-6u %s%-12s\033[0m %6zu %8llu %7.1f %6u ms %8llu %8llu", id,
         colour(info.state), cordage_shard_state_name(info.state), info.guilds,
         (unsigned long long)info.events, info.events_per_s, info.latency_ms,
         (unsigned long long)info.resumes,
         (unsigned long long)counts->answered_by_shard[id]);
}

void view_draw(struct view *v, const cordage_client *c, const struct view_counts *counts)
{
    if (!v->live)
        return;
    pthread_mutex_lock(&v->lock);
    if (v->drawn)
        printf("\033[%uA", v->drawn);
    v->drawn = 0;
    line(v, "\033[1mcordage\033[0m  a bot on four shards, against an offline Discord");
    line(v, "%s", "");
    line(v, "  %-6s %-12s %6s %8s %7s %9s %8s %8s", "shard", "state", "guilds", "events",
         "per s", "latency", "resumes", "Pong!s");
    for (uint32_t id = 0; id < VIEW_SHARDS; id++)
        shard_row(v, c, id, counts);
    line(v, "%s", "");
    line(v, "  %s", counts->phase);
    line(v, "%s", "");
    for (unsigned i = 0; i < VIEW_LINES; i++)
        line(v, "  %.110s", i < v->n_lines ? v->lines[i] : "");
    fflush(stdout);
    pthread_mutex_unlock(&v->lock);
}
