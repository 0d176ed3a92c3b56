/* status.c - `cordage status`: every shard of a running fleet on one screen. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "args.h"
#include "control.h"
#include "screen.h"
#include "status_table.h"
#include "subcommands.h"

enum { PLAIN_HEIGHT = 100 }; /* lines without a terminal, or --all */

struct status {
    struct fleet_flags flags;
    struct control control;
    struct screen screen;
    struct json_parser *parser;
    struct buf document; /* the last one, to be drawn again */
    bool watch, all, json, terminal, again;
    int err;
};

static int draw_json(const struct status *s)
{
    printf("%.*s\n", STR_FMT(buf_str(&s->document)));
    return 0;
}

static void look_at(const struct status *s, struct status_look *look)
{
    *look = (struct status_look){
        .width = UINT16_MAX,
        .height = s->all ? 0 : PLAIN_HEIGHT,
        .colour = s->terminal && !getenv("NO_COLOR"),
        .whole = true,
    };
    if (s->terminal) {
        unsigned height;

        screen_size(&s->screen, &look->width, &height);
        if (s->screen.on)
            look->height = height;
        look->whole = !s->screen.on;
    }
}

static int draw(struct status *s)
{
    struct buf text = { 0 };
    struct status_look look;
    cordage_json document;
    int err;

    if (s->json)
        return draw_json(s);
    look_at(s, &look);
    err = json_parse(s->parser, buf_str(&s->document), &document);
    if (!err)
        err = status_table(document, &look, &text);
    if (!err && s->screen.on)
        screen_draw(&s->screen, buf_str(&text));
    else if (!err)
        printf("%s%.*s", s->again ? "\n" : "", STR_FMT(buf_str(&text)));
    buf_release(&text);
    return err;
}

static void on_answer(void *user, const struct link_answer *answer)
{
    struct status *s = user;

    buf_clear(&s->document);
    s->err = buf_append_str(&s->document, answer->text);
    if (!s->err)
        s->err = draw(s);
    s->again = true;
    if (s->watch && fflush(stdout)) /* whoever read it has gone */
        s->err = CORDAGE_ECLOSED;
    if (s->err)
        control_stop(&s->control);
}

static void on_ended(struct screen *screen)
{
    struct status *s = CONTAINER_OF(screen, struct status, screen);

    control_stop(&s->control);
}

static void on_resized(struct screen *screen)
{
    struct status *s = CONTAINER_OF(screen, struct status, screen);

    if (s->document.n)
        s->err = draw(s);
}

static int watch_it(struct status *s)
{
    const struct link_command order = { .verb = LINK_VERB_STATUS, .follow = s->watch };
    struct control *c = &s->control;

    if (control_order(c, &order)) {
        fprintf(stderr, "cordage status: the supervisor has gone\n");
        return 1;
    }
    if (s->watch && s->terminal && !s->json)
        screen_enter(&s->screen, loop_uv(c->loop));
    control_run(c);
    screen_leave(&s->screen);
    if (s->err == CORDAGE_ECLOSED)
        return 1;
    if (s->err)
        fprintf(stderr, "cordage status: %s\n",
                s->err == CORDAGE_EPARSE ? "the supervisor's answer can't be read: it is "
                                           "of another version"
                                         : cordage_strerror(s->err));
    else if (s->screen.number)
        return 0;
    else if (!c->done)
        fprintf(stderr, "cordage status: %s\n", c->error.message);
    return c->done && !s->err ? c->status : 1;
}

static int show(struct status *s)
{
    struct fleet_settings settings;
    int status = fleet_settings_read("status", &s->flags, &settings, stderr);

    if (status == 0)
        status = control_open(&s->control, &settings, stderr);
    if (status == ARGS_GO)
        status = watch_it(s);
    control_close(&s->control);
    fleet_settings_release(&settings);
    return status;
}

int command_status(int argc, char **argv)
{
    struct status s = {
        .control = { .command = "status", .answer = on_answer },
        .screen = { .fd = STDOUT_FILENO, .ended = on_ended, .resized = on_resized }
    };
    const struct arg list[] = {
        { .name = "watch", .help = "again each second, until ^C", .flag = &s.watch },
        { .name = "all", .help = "every shard, however many there are", .flag = &s.all },
        fleet_settings_arg(FLEET_STATE_DIR, &s.flags),
        fleet_settings_file_arg(&s.flags),
        { 0 },
    };
    const struct args args = {
        .command = "status",
        .usage = "[OPTION]...",
        .about =
            "Shows a running fleet: what is up, what isn't and why, its workers and\n"
            "what is left of the day's IDENTIFYs. Shards that aren't ready come first.",
        .after =
            "The fleet is found by --state-dir, CORDAGE_STATE_DIR or " FLEET_FILE
            ", by the\ntoken's application, or because it is the only one that runs.",
        .list = list,
        .json = &s.json,
    };
    char **operands;
    int n, status;

    s.control.user = &s;
    status = args_parse(&args, argc, argv, &operands, &n, stdout, stderr);
    if (status != ARGS_GO)
        return status;
    s.terminal = isatty(STDOUT_FILENO);
    s.parser = json_parser_new();
    status = s.parser ? show(&s) : 1;
    json_parser_free(s.parser);
    buf_release(&s.document);
    return status;
}
