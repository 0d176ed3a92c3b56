#include "control.h"

#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

#include "cordage/version.h"
#include "error.h"
#include "fleet_bot.h"
#include "mem.h"

/* ---- What the supervisor says ---- */

static void disarm(struct control *c)
{
    struct host *host = loop_host(c->loop);

    host->disarm(host, &c->patience);
}

static void over(struct control *c)
{
    c->peer = NULL;
    disarm(c);
    loop_stop(c->loop);
}

static void on_answer(struct control *c, cordage_json body)
{
    struct link_answer answer;

    if (link_get_answer(body, &answer)) {
        error_set(&c->error, CORDAGE_EPROTO, "the supervisor's answer can't be read");
        link_hangup(c->peer);
        over(c);
        return;
    }
    disarm(c);
    c->answer(c->user, &answer);
    if (!answer.is_last || !c->peer)
        return;
    c->status = answer.exit;
    c->done = true;
    link_hangup(c->peer);
    over(c);
}

static void on_refused(struct control *c, cordage_json body)
{
    struct link_end end;

    if (link_get_end(body, &end))
        return;
    error_set(&c->error, end.code ? end.code : CORDAGE_ESTATE, "%.*s",
              STR_FMT(end.message));
    link_hangup(c->peer);
    over(c);
}

/* HELLO is passed over: whoever speaks another version refuses ours. */
static void on_message(void *user, struct link_peer *peer, enum link_type type,
                       cordage_json body)
{
    struct control *c = user;

    if (peer != c->peer)
        return;
    if (type == LINK_ANSWER)
        on_answer(c, body);
    else if (type == LINK_REFUSED)
        on_refused(c, body);
}

static void on_closed(void *user, struct link_peer *peer, const char *why)
{
    struct control *c = user;

    if (peer != c->peer)
        return;
    error_set(&c->error, CORDAGE_ECLOSED, "the supervisor has gone (%s)", why);
    over(c);
}

static const struct link_ops ops = { on_message, on_closed };

/* ---- Which fleet ---- */

/* Those that were found; the first of them is kept. */
struct search {
    struct control *c;
    FILE *err;
    unsigned n;
    cordage_error error; /* of the last that was not */
};

static void try_dir(struct search *s, const char *dir)
{
    struct control *c = s->c;
    struct link_peer *peer;
    char path[CONTROL_PATH + sizeof LINK_SOCKET + 1];

    snprintf(path, sizeof path, "%s/" LINK_SOCKET, dir);
    if (link_dial(c->loop, path, &ops, c, &peer, &s->error))
        return;
    s->n++;
    if (s->n == 1) {
        c->peer = peer;
        snprintf(c->dir, sizeof c->dir, "%s", dir);
        return;
    }
    if (s->n == 2)
        fprintf(s->err,
                "cordage %s: several fleets run; say which with --state-dir, one of\n"
                "  %s\n",
                c->command, c->dir);
    fprintf(s->err, "  %s\n", dir);
    link_hangup(peer);
}

/* Its folders with a link.sock, and of these and `levels` below. */
static void try_below(struct search *s, const char *dir, unsigned levels)
{
    DIR *d = opendir(dir);
    struct dirent *entry;
    char path[CONTROL_PATH];

    while (d && (entry = readdir(d))) {
        if (entry->d_name[0] == '.' ||
            snprintf(path, sizeof path, "%s/%s", dir, entry->d_name) >= CONTROL_PATH)
            continue;
        if (strcmp(entry->d_name, LINK_SOCKET) == 0)
            try_dir(s, dir);
        else if (levels > 0 && entry->d_type != DT_REG && entry->d_type != DT_SOCK)
            try_below(s, path, levels - 1);
    }
    if (d)
        closedir(d);
}

/* By the XDG rules, as settings_state.c has it. */
static bool usual_place(char out[CONTROL_PATH])
{
    struct env env;
    bool xdg;

    env_read(&env);
    xdg = env.state_home && env.state_home[0] == '/';
    if (!xdg && !env.home)
        return false;
    return snprintf(out, CONTROL_PATH, "%s%s/cordage", xdg ? env.state_home : env.home,
                    xdg ? "" : "/.local/state") < CONTROL_PATH;
}

static int report(struct search *s, const char *place)
{
    if (s->n == 1)
        return ARGS_GO;
    if (s->n > 1)
        return 2;
    /* That nobody listens is what we say better. */
    if (s->error.code && s->error.code != CORDAGE_ENET)
        fprintf(s->err, "cordage %s: %s\n", s->c->command, s->error.message);
    else
        fprintf(s->err,
                "cordage %s: no fleet runs in %s. `cordage run` starts one; if it keeps "
                "its state elsewhere, name that with --state-dir.\n",
                s->c->command, place);
    return 1;
}

static int find(struct search *s, const struct fleet_settings *settings)
{
    const char *named = settings->values[FLEET_STATE_DIR].text;
    char where[FLEET_WHERE], place[CONTROL_PATH] = "the usual place";
    struct settings bot;
    cordage_error error;

    if (named && *named) {
        try_dir(s, named);
        return report(s, named);
    }
    if (strcmp(fleet_bot_token_where(settings, where), "none") != 0 &&
        fleet_bot_read(settings, &bot, &error) == 0) {
        snprintf(place, sizeof place, "%s", bot.state_dir ? bot.state_dir : "");
        settings_release(&bot);
        try_below(s, place, 1); /* a part of the shards has a folder in it */
        return report(s, place);
    }
    if (usual_place(place))
        try_below(s, place, 2);
    return report(s, place);
}

/* ---- Both ends ---- */

static int say_hello(struct control *c)
{
    const struct link_hello hello = { .version = LINK_VERSION,
                                      .role = LINK_CONTROL,
                                      .release = STR(CORDAGE_VERSION),
                                      .pid = getpid() };
    struct buf body = { 0 };
    int err = link_put_hello(&body, &hello);

    if (!err)
        err = link_send(c->peer, LINK_HELLO, buf_str(&body));
    buf_release(&body);
    return err;
}

int control_open(struct control *c, const struct fleet_settings *settings, FILE *err)
{
    struct loop_options options = { .speed = 1 };
    struct search search = { .c = c, .err = err };
    int status;

    if (loop_new(&options, &c->loop, &c->error)) {
        fprintf(err, "cordage %s: %s\n", c->command, c->error.message);
        return 1;
    }
    status = find(&search, settings);
    if (status == ARGS_GO && say_hello(c)) {
        fprintf(err, "cordage %s: %s\n", c->command, cordage_strerror(CORDAGE_ENOMEM));
        return 1;
    }
    return status;
}

static void on_patience(struct timer *t)
{
    struct control *c = CONTAINER_OF(t, struct control, patience);

    error_set(&c->error, CORDAGE_ETIMEOUT,
              "the supervisor does not answer; is its process (%ld) stopped?",
              (long)link_peer_pid(c->peer));
    control_stop(c);
}

int control_order(struct control *c, const struct link_command *order)
{
    struct host *host = loop_host(c->loop);
    struct buf body = { 0 };
    int err;

    if (!c->peer)
        return CORDAGE_ECLOSED;
    c->patience.fire = on_patience;
    host->arm(host, &c->patience, host->now(host) + CONTROL_PATIENCE_MS);
    err = link_put_command(&body, order);
    if (!err)
        err = link_send(c->peer, LINK_COMMAND, buf_str(&body));
    buf_release(&body);
    return err;
}

void control_run(struct control *c)
{
    if (c->peer)
        loop_run(c->loop);
}

void control_stop(struct control *c)
{
    if (c->peer)
        link_hangup(c->peer);
    over(c);
}

void control_close(struct control *c)
{
    if (c->peer)
        link_hangup(c->peer);
    c->peer = NULL;
    if (c->loop)
        loop_free(c->loop);
    c->loop = NULL;
}
