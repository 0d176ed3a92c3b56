#include "sim_lines.h"

#include <stdlib.h>
#include <string.h>

#include "mem.h"

enum { LINE_BYTES = 16 * 1024 };

struct pipe {
    struct link link; /* on sim_lines.pipes, until it is closed */
    struct sim_lines *lines;
    uv_pipe_t handle;
    size_t n;
    char text[LINE_BYTES];
};

void sim_lines_init(struct sim_lines *l, uv_loop_t *loop)
{
    l->loop = loop;
    list_init(&l->pipes);
}

uv_stream_t *sim_lines_pipe(struct sim_lines *l)
{
    struct pipe *p = mem_zero(sizeof *p);

    if (!p)
        return NULL;
    p->lines = l;
    p->handle.data = p;
    uv_pipe_init(l->loop, &p->handle, 0);
    list_insert(&l->pipes, &p->link);
    return (uv_stream_t *)&p->handle;
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void drop(struct pipe *p)
{
    if (p->n)
        p->lines->line(p->lines->user, (struct str){ p->text, p->n });
    p->n = 0;
    list_remove(&p->link);
    uv_close((uv_handle_t *)&p->handle, on_closed);
}

void sim_lines_drop(uv_stream_t *pipe)
{
    drop(pipe->data);
}

static void on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
    struct pipe *p = handle->data;

    (void)suggested;
    *out = uv_buf_init(p->text + p->n, (unsigned)(LINE_BYTES - p->n));
}

/* Passes on the whole lines, and what fills all the room. */
static void take_lines(struct pipe *p)
{
    size_t at = 0;
    char *end;

    while ((end = memchr(p->text + at, '\n', p->n - at))) {
        p->lines->line(p->lines->user,
                       (struct str){ p->text + at, (size_t)(end - p->text) - at });
        at = (size_t)(end - p->text) + 1;
    }
    if (at == 0 && p->n == LINE_BYTES) {
        p->lines->line(p->lines->user, (struct str){ p->text, p->n });
        at = p->n;
    }
    memmove(p->text, p->text + at, p->n - at);
    p->n -= at;
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct pipe *p = stream->data;

    (void)buf;
    if (n < 0) {
        drop(p);
        return;
    }
    p->n += (size_t)n;
    take_lines(p);
}

void sim_lines_read(uv_stream_t *pipe)
{
    if (uv_read_start(pipe, on_room, on_read))
        drop(pipe->data);
}

bool sim_lines_are_open(const struct sim_lines *l)
{
    return !list_is_empty(&l->pipes);
}

void sim_lines_close(struct sim_lines *l)
{
    while (!list_is_empty(&l->pipes))
        drop(CONTAINER_OF(l->pipes.next, struct pipe, link));
}
