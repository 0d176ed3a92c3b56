/* page_server.c - serves the dashboard of a fleet that never was, for a browser.
 *
 *     page_server SHARDS
 *
 * Prints its address. Lines on standard input change the fleet, and each is answered by
 * "ok": `lose N`, `find N`, `heal`. Ends with the input. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fake_view.h"
#include "loop.h"
#include "web.h"

struct server {
    struct loop *loop;
    struct view *view;
    uv_poll_t input;
    char line[128];
    size_t n;
};

/* Time goes on, as it does for a supervisor. */
static const struct view *on_view(void *user)
{
    struct server *s = user;
    struct host *host = loop_host(s->loop);

    s->view->wall = host->wall(host);
    return s->view;
}

static void obey(struct server *s, const char *line)
{
    unsigned shard = 0;

    if (sscanf(line, "lose %u", &shard) == 1)
        fake_view_lose(s->view, shard);
    else if (sscanf(line, "find %u", &shard) == 1)
        fake_view_find(s->view, shard);
    else if (strcmp(line, "heal") == 0)
        fake_view_heal(s->view);
    else
        abort();
    puts("ok");
    fflush(stdout);
}

static void on_input(uv_poll_t *poll, int status, int events)
{
    struct server *s = poll->data;
    char byte;

    (void)status;
    (void)events;
    if (read(0, &byte, 1) != 1) {
        uv_close((uv_handle_t *)poll, NULL);
        loop_stop(s->loop);
        return;
    }
    if (byte != '\n' && s->n < sizeof s->line - 1) {
        s->line[s->n++] = byte;
        return;
    }
    s->line[s->n] = '\0';
    s->n = 0;
    obey(s, s->line);
}

int main(int argc, char **argv)
{
    struct loop_options loop_options = { .speed = 1 };
    struct web_options options = { .address = "127.0.0.1" };
    struct server s = { 0 };
    cordage_error error;
    struct host *host;
    struct web *web;

    if (loop_new(&loop_options, &s.loop, &error))
        return cordage_error_print(&error, stderr);
    host = loop_host(s.loop);
    s.view = fake_view(argc > 1 ? (uint32_t)atoi(argv[1]) : 64, host->wall(host));
    if (web_new(s.loop, &options, on_view, &s, &web, &error))
        return cordage_error_print(&error, stderr);
    s.input.data = &s;
    if (uv_poll_init(loop_uv(s.loop), &s.input, 0) ||
        uv_poll_start(&s.input, UV_READABLE, on_input)) {
        fputs("page_server: standard input must be a pipe or a terminal\n", stderr);
        return 1;
    }
    puts(web_url(web));
    fflush(stdout);
    loop_run(s.loop);
    web_free(web);
    loop_free(s.loop);
    view_free(s.view);
    return 0;
}
