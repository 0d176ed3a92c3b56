#include "sim_play.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim_verdict.h"
#include "suggest.h"

enum {
    STOP_MS = 40000, /* real ones: for a command to end after SIGTERM */
    DRAIN_MS = 2000, /* for what it has started to let go of its output */
    NAMES_MAX = 32,
};

static const struct {
    const char *name;
    int number;
} signals[] = {
    { "HUP", SIGHUP }, { "USR1", SIGUSR1 }, { "USR2", SIGUSR2 }, { "INT", SIGINT }
};

/* ---- Reading ------------------------------------------------------------------------
 */

/* Something with a slash or an ending is a file. */
static bool is_file(const char *name)
{
    return strchr(name, '/') || strchr(name, '.');
}

static int refuse_name(const char *name)
{
    const char *names[NAMES_MAX + 1] = { NULL };
    const char *meant;

    for (size_t i = 0; i < NAMES_MAX && scenario_shipped_name(i); i++)
        names[i] = scenario_shipped_name(i);
    meant = suggest(name, names);
    fprintf(stderr,
            "cordage sim: there is no scenario '%.60s'%s%s%s (`cordage sim --scenario "
            "list` lists them; a file's name has a '.' or a '/')\n",
            name, meant ? "; did you mean '" : "", meant ? meant : "", meant ? "'?" : "");
    return 2;
}

enum { SCENARIO_FILE_READ = 1024 * 1024 };

static int read_file(const char *name, struct buf *out, cordage_error *error)
{
    FILE *in = fopen(name, "re");
    int err = 0;

    if (!in)
        return error_set(error, CORDAGE_EINVAL, "%s: %s", name, strerror(errno));
    /* More than is allowed is told by what reads it. */
    while (!err && !feof(in) && !ferror(in) && out->n < SCENARIO_FILE_READ) {
        err = buf_reserve(out, BUFSIZ);
        if (!err)
            out->n += fread(out->p + out->n, 1, BUFSIZ, in);
    }
    if (err == CORDAGE_ENOMEM)
        error_set(error, err, "%s", cordage_strerror(err));
    else if (ferror(in))
        err = error_set(error, CORDAGE_EINVAL, "%s: %s", name, strerror(errno));
    fclose(in);
    return err ? CORDAGE_EINVAL : 0;
}

static int read_scenario(struct sim_play *p)
{
    const char *name = p->options.scenario;
    struct str shipped = scenario_shipped(name);
    struct buf text = { 0 };
    cordage_error error = { 0 };
    int err = 0;

    if (!shipped.n && !is_file(name))
        return refuse_name(name);
    snprintf(p->name, sizeof p->name, "%s", name);
    if (!shipped.n) {
        err = read_file(name, &text, &error);
        shipped = buf_str(&text);
    }
    if (!err)
        err = scenario_read(name, shipped, &p->scenario, &error);
    buf_release(&text);
    if (!err)
        return 0;
    fprintf(stderr, "cordage sim: %s\n", error.message);
    return err == CORDAGE_ENOMEM ? 1 : 2;
}

static int deploy_signal(const char *name)
{
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        if (strcmp(name, signals[i].name) == 0)
            return signals[i].number;
    return 0;
}

/* Options that would do nothing. */
static int refuse_without(const struct sim_play_options *o)
{
    const char *name = o->log                                   ? "--log"
                       : o->output                              ? "--output"
                       : o->deploy                              ? "--deploy-signal"
                       : o->time_scale < 1 || o->time_scale > 1 ? "--time-scale"
                                                                : NULL;

    if (name)
        fprintf(stderr, "cordage sim: %s is for a scenario: --scenario FILE|NAME\n",
                name);
    return name ? 2 : 0;
}

/* It is read at the end: a mistake in its name would cost the whole run. */
static int check_log(const char *path)
{
    const char *slash = strrchr(path, '/');
    char dir[4096] = ".";
    struct stat st;
    int err = 0;

    if (slash)
        snprintf(dir, sizeof dir, "%.*s", (int)(slash - path) + 1, path);
    if (stat(path, &st) == 0)
        err = S_ISDIR(st.st_mode) ? EISDIR : access(path, R_OK) ? errno : 0;
    else if (errno != ENOENT || access(dir, X_OK))
        err = errno;
    if (err)
        fprintf(stderr,
                "cordage sim: --log %s: %s; the bot may make the file, but its folder "
                "must be there\n",
                path, strerror(err));
    return err ? 2 : 0;
}

int sim_play_load(struct sim_play *p)
{
    if (!p->options.scenario)
        return refuse_without(&p->options);
    if (p->options.deploy && !deploy_signal(p->options.deploy)) {
        fprintf(
            stderr,
            "cordage sim: --deploy-signal takes HUP, USR1, USR2 or INT, not '%.20s'\n",
            p->options.deploy);
        return 2;
    }
    if (p->options.log && check_log(p->options.log))
        return 2;
    return read_scenario(p);
}

/* ---- What is said meanwhile ---------------------------------------------------------
 */

static uint64_t now_of(const struct sim_play *p)
{
    struct host *host = loop_host(p->loop);

    return host->now(host);
}

static void put_time(uint64_t ms, char out[16])
{
    unsigned s = (unsigned)(ms / 1000);

    if (s >= 3600)
        snprintf(out, 16, "%u:%02u:%02u", s / 3600, s / 60 % 60, s % 60);
    else
        snprintf(out, 16, "%02u:%02u", s / 60, s % 60);
}

void sim_play_clear(struct sim_play *p)
{
    if (p->line_is_drawn)
        fputs("\r\033[K", stderr);
    p->line_is_drawn = false;
}

void sim_play_draw(struct sim_play *p)
{
    struct scenario_progress now;
    char done[16], total[16];

    if (!p->on_terminal || !p->run || p->state == PLAY_OVER)
        return;
    scenario_progress(p->run, now_of(p), &now);
    put_time(now.done_ms, done);
    put_time(now.total_ms, total);
    sim_play_clear(p);
    fprintf(stderr, "%s of %s  %u of %u shards live  %s%.40s", done, total, now.live,
            now.shards, now.n_failing ? "not yet as expected  " : "", now.now);
    fflush(stderr);
    p->line_is_drawn = true;
}

static void on_told(void *user, const char *what)
{
    struct sim_play *p = user;
    struct scenario_progress now;
    char done[16];

    scenario_progress(p->run, now_of(p), &now);
    put_time(now.done_ms, done);
    sim_play_clear(p);
    fprintf(stderr, "%s  %s\n", done, what);
    sim_play_draw(p);
}

/* ---- The log ------------------------------------------------------------------------
 */

static void keep_line(struct sim_play *p, struct str line)
{
    snprintf(p->last[p->n_last++ % PLAY_LAST_LINES], PLAY_LINE, "%.*s", STR_FMT(line));
}

static void take_log_line(struct sim_play *p, struct str line)
{
    cordage_error error = { 0 };
    int err = scenario_log_line(p->run, line, &error);

    if (err && !p->log_err) {
        p->log_err = err;
        snprintf(p->log_wrong, sizeof p->log_wrong, "%.290s", error.message);
    }
}

static void on_line(void *user, struct str line)
{
    struct sim_play *p = user;

    if (p->output)
        fprintf(p->output, "%.*s\n", STR_FMT(line));
    if (p->options.verbose) {
        sim_play_clear(p);
        fprintf(stderr, "%.*s\n", STR_FMT(line));
    }
    keep_line(p, line);
    if (!p->options.log)
        take_log_line(p, line);
}

/* ---- The command --------------------------------------------------------------------
 */

static void finish(struct sim_play *p)
{
    p->state = PLAY_OVER;
    loop_stop(p->loop);
}

static void on_patience_ends(uv_timer_t *timer)
{
    struct sim_play *p = timer->data;

    if (p->state == PLAY_DRAINING)
        finish(p);
}

static void drain(struct sim_play *p)
{
    if (!sim_lines_are_open(&p->lines)) {
        finish(p);
        return;
    }
    p->state = PLAY_DRAINING;
    uv_timer_start(&p->patience, on_patience_ends, DRAIN_MS, 0);
}

static void stop(struct sim_play *p)
{
    scenario_finish(p->run, now_of(p));
    if (!p->child || !p->child->running) {
        drain(p);
        return;
    }
    p->state = PLAY_STOPPING;
    sim_child_end(p->child, STOP_MS);
}

static void on_process_closed(uv_handle_t *handle)
{
    struct sim_child *child = handle->data;
    struct sim_play *p = child->user;
    cordage_error error = { 0 };

    if (p->start_command(p->user, &error)) {
        sim_play_clear(p);
        fprintf(stderr, "cordage sim: %s\n", error.message);
        scenario_command_ended(p->run, child->status, true, now_of(p));
        drain(p);
        return;
    }
    p->state = PLAY_RUNNING;
    scenario_deployed(p->run, now_of(p));
}

static void deploy(struct sim_play *p)
{
    if (!p->child || !p->child->running) {
        scenario_deployed(p->run, now_of(p));
    } else if (p->options.deploy) {
        uv_process_kill(&p->child->process, deploy_signal(p->options.deploy));
        scenario_deployed(p->run, now_of(p));
    } else {
        p->state = PLAY_DEPLOYING;
        sim_child_end(p->child, STOP_MS);
    }
}

void sim_play_ended(struct sim_play *p)
{
    enum play_state was = p->state;

    uv_timer_stop(&p->patience);
    if (p->child && p->child->signalled) {
        p->interrupted = true;
        drain(p);
    } else if (!p->child || !p->child->process.loop) {
        p->interrupted = true;
        finish(p);
    } else if (was == PLAY_DEPLOYING) {
        uv_close((uv_handle_t *)&p->child->process, on_process_closed);
    } else {
        scenario_command_ended(p->run, p->child->status, was == PLAY_RUNNING, now_of(p));
        drain(p);
    }
}

/* ---- The clock ----------------------------------------------------------------------
 */

static void on_tick(struct timer *timer)
{
    struct sim_play *p = CONTAINER_OF(timer, struct sim_play, tick);
    struct host *host = loop_host(p->loop);
    uint64_t now = host->now(host);

    scenario_tick(p->run, now);
    door_gateway_kick(p->server->gateway);
    if (p->state == PLAY_RUNNING && scenario_wants_deploy(p->run))
        deploy(p);
    if (p->state == PLAY_RUNNING && scenario_is_over(p->run, now))
        stop(p);
    if (scenario_deadline(p->run) != UINT64_MAX)
        host->arm(host, timer, scenario_deadline(p->run));
}

int sim_play_open(struct sim_play *p, struct loop *loop, struct server *server,
                  struct sim_child *child, cordage_error *error)
{
    p->loop = loop;
    p->server = server;
    p->child = child;
    p->on_terminal = isatty(STDERR_FILENO) && !p->options.verbose;
    p->tick.fire = on_tick;
    p->lines.line = on_line;
    p->lines.user = p;
    sim_lines_init(&p->lines, loop_uv(loop));
    uv_timer_init(loop_uv(loop), &p->patience);
    p->patience.data = p;
    p->has_timer = true;
    if (child) {
        child->lines = &p->lines;
        child->user = p;
    }
    if (!p->options.output)
        return 0;
    p->output = fopen(p->options.output, "we");
    return p->output ? 0
                     : error_set(error, CORDAGE_EIO, "%s: %s", p->options.output,
                                 strerror(errno));
}

int sim_play_begin(struct sim_play *p, cordage_error *error)
{
    struct host *host = loop_host(p->loop);
    int err = scenario_run_new(p->scenario, p->server->sim, p->options.time_scale,
                               host->now(host), &p->run);

    if (err)
        return error_set(error, err, "%s", cordage_strerror(err));
    scenario_run_watch(p->run, on_told, p);
    host->arm(host, &p->tick, host->now(host));
    return 0;
}

/* ---- The end ------------------------------------------------------------------------
 */

/* The file that the bot has written. */
static int read_log(struct sim_play *p)
{
    FILE *in;
    char *line = NULL;
    size_t size = 0;
    ssize_t n;

    if (!p->options.log)
        return 0;
    in = fopen(p->options.log, "re");
    if (!in) {
        fprintf(stderr, "cordage sim: %s: %s\n", p->options.log, strerror(errno));
        return 1;
    }
    while ((n = getline(&line, &size, in)) >= 0) {
        if (n > 0 && line[n - 1] == '\n')
            n--;
        take_log_line(p, (struct str){ line, (size_t)n });
    }
    free(line);
    fclose(in);
    return 0;
}

/* What it said last, when it should not have ended. */
static void show_last(const struct sim_play *p)
{
    size_t n = p->n_last < PLAY_LAST_LINES ? p->n_last : PLAY_LAST_LINES;

    if (n)
        fputs("What the command printed last:\n", stderr);
    for (size_t i = p->n_last - n; i < p->n_last; i++)
        fprintf(stderr, "  | %s\n", p->last[i % PLAY_LAST_LINES]);
}

int sim_play_judge(struct sim_play *p)
{
    int status;

    sim_play_clear(p);
    if (p->interrupted) {
        fputs("cordage sim: interrupted, so nothing is judged\n", stderr);
        return p->child && p->child->status ? p->child->status : 1;
    }
    if (read_log(p) || scenario_log_end(p->run))
        return 1;
    if (p->log_err)
        fprintf(stderr, "cordage sim: in the bot's log %s\n", p->log_wrong);
    status = p->options.json ? sim_verdict_json(p->run, p->name, p->scenario, stdout)
                             : sim_verdict(p->run, p->name, p->scenario, stdout);
    if (status && !p->options.verbose)
        show_last(p);
    return status;
}

void sim_play_close(struct sim_play *p)
{
    struct host *host;

    if (!p->has_timer)
        return;
    host = loop_host(p->loop);
    host->disarm(host, &p->tick);
    uv_close((uv_handle_t *)&p->patience, NULL);
    sim_lines_close(&p->lines);
    p->has_timer = false;
}

void sim_play_release(struct sim_play *p)
{
    if (p->output)
        fclose(p->output);
    scenario_run_free(p->run);
    scenario_free(p->scenario);
}
