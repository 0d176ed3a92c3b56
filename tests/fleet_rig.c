#include "fleet_rig.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "supervisor.h"

/* ---- The supervisor's process ---- */

static void write_log(void *user, enum log_level level, const char *line)
{
    (void)user;
    fprintf(stderr, "%s %s\n", log_level_name(level), line);
}

static void on_signal(uv_signal_t *handle, int number)
{
    (void)number;
    supervisor_stop(handle->data, false);
}

enum { QUIET_MS = 2000 }; /* with HELLO_MS given: a test of patience */

/* --supervisor STATE API CA TOKEN SHARDS WORKERS SPEED HELLO_MS FOREIGN BEHAVIOUR */
static int supervise(char **a)
{
    char self[512] = "", flag[] = "--worker";
    char *command[] = { self, flag, a[11], NULL };
    struct secret token = { 0 };
    struct supervisor_options o = {
        .token = &token,
        .state_dir = a[2],
        .api = a[3],
        .ca_file = a[4],
        .token_print = 7,
        .wish = { .shards = (uint32_t)atoi(a[6]),
                  .last = CORDAGE_SHARD_LAST,
                  .workers = (uint32_t)atoi(a[7]) },
        .command = command,
        .foreign = atoi(a[10]),
        .log = { write_log, NULL, LOG_DEBUG },
        .speed = atof(a[8]),
        .hello_ms = (uint32_t)atoi(a[9]),
        .quiet_ms = (uint32_t)atoi(a[9]) ? QUIET_MS : 0,
        .page = "http://127.0.0.1:1/",
    };
    struct loop_options lo = { .log = o.log, .speed = o.speed };
    struct loop *loop;
    struct supervisor *s;
    cordage_error error;
    uv_signal_t term;
    bool again;
    int status;

    signal(SIGPIPE, SIG_IGN);
    status = (int)readlink("/proc/self/exe", self, sizeof self - 1);
    secret_set(&token, str_of(a[5]));
    if (status <= 0 || loop_new(&lo, &loop, &error) ||
        supervisor_new(loop, &o, &s, &error))
        return cordage_error_print(&error, stderr);
    uv_signal_init(loop_uv(loop), &term);
    term.data = s;
    uv_signal_start(&term, on_signal, SIGTERM);
    loop_run(loop);
    uv_close((uv_handle_t *)&term, NULL);
    status = supervisor_exit(s, &again);
    supervisor_free(s);
    loop_free(loop);
    secret_release(&token);
    if (again) {
        execv(self, a);
        return 99;
    }
    return status;
}

bool fleet_is_part(int argc, char **argv)
{
    return argc > 1 &&
           (strcmp(argv[1], "--supervisor") == 0 || strcmp(argv[1], "--worker") == 0);
}

int fleet_part(int argc, char **argv)
{
    if (strcmp(argv[1], "--worker") == 0)
        return argc == 3 ? pretend(argv[2]) : 97;
    return argc == 12 ? supervise(argv) : 97;
}

/* ---- The rig ---- */

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    perror(what);
    exit(1);
}

void fleet_setup(struct fleet_rig *r, const struct sim_config *config, double speed)
{
    *r = (struct fleet_rig){ .shards = 4, .workers = 2, .behaviour = "well", .link = -1 };
    r->speed = speed;
    r->sim = simrig_start(config, speed);
    snprintf(r->dir, sizeof r->dir, "/tmp/cordage-fleet-XXXXXX");
    must(mkdtemp(r->dir) != NULL, "mkdtemp");
    snprintf(r->state, sizeof r->state, "%s/state", r->dir);
    r->parser = json_parser_new();
}

void fleet_start(struct fleet_rig *r)
{
    char self[512] = "", flag[] = "--supervisor", said[96], numbers[5][32];
    char *argv[] = { self,
                     flag,
                     r->state,
                     (char *)(uintptr_t)simrig_api(r->sim),
                     (char *)(uintptr_t)simrig_ca_file(r->sim),
                     (char *)(uintptr_t)simrig_token(r->sim),
                     numbers[0],
                     numbers[1],
                     numbers[2],
                     numbers[3],
                     numbers[4],
                     (char *)(uintptr_t)r->behaviour,
                     NULL };
    int fd;

    must(readlink("/proc/self/exe", self, sizeof self - 1) > 0, "readlink");
    snprintf(numbers[0], 32, "%u", r->shards);
    snprintf(numbers[1], 32, "%u", r->workers);
    snprintf(numbers[2], 32, "%g", r->speed);
    snprintf(numbers[3], 32, "%u", r->hello_ms);
    snprintf(numbers[4], 32, "%d", r->foreign);
    snprintf(said, sizeof said, "%s/said", r->dir);
    fd = open(said, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    must(fd >= 0, said);
    r->pid = fork();
    must(r->pid >= 0, "fork");
    if (r->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(fd, STDERR_FILENO);
        dup2(fd, STDOUT_FILENO);
        execv(self, argv);
        _exit(99);
    }
    close(fd);
}

static void hang_up(struct fleet_rig *r)
{
    if (r->link >= 0)
        close(r->link);
    r->link = -1;
    buf_clear(&r->in);
}

int fleet_ended(struct fleet_rig *r)
{
    int status;

    waitpid(r->pid, &status, 0);
    r->pid = 0;
    hang_up(r);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int fleet_end(struct fleet_rig *r, int number)
{
    kill(r->pid, number);
    return fleet_ended(r);
}

char *fleet_said(struct fleet_rig *r)
{
    char path[96];
    struct buf text = { 0 };
    ssize_t n;
    int fd;

    snprintf(path, sizeof path, "%s/said", r->dir);
    fd = open(path, O_RDONLY);
    do {
        buf_reserve(&text, 4096);
        n = read(fd, text.p + text.n, 4096);
        text.n += n > 0 ? (size_t)n : 0;
    } while (n > 0);
    close(fd);
    buf_zero_end(&text);
    return text.p;
}

static int remove_entry(const char *path, const struct stat *st, int type,
                        struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

/* Workers that outlived it: their supervisor's last document names them. */
static void kill_workers(struct fleet_rig *r)
{
    if (!r->in.p)
        return;
    for (unsigned i = 0; i < r->workers; i++)
        if (fleet_worker(r, i))
            kill(fleet_worker(r, i), SIGKILL);
}

void fleet_teardown(struct fleet_rig *r)
{
    if (r->pid) {
        kill_workers(r);
        fleet_end(r, SIGKILL);
    }
    kill_workers(r);
    hang_up(r);
    buf_release(&r->in);
    json_parser_free(r->parser);
    simrig_stop(r->sim);
    nftw(r->dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

/* ---- Talking to it ---- */

static uint64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void send_message(struct fleet_rig *r, enum link_type type, const struct buf *body)
{
    struct buf message = { 0 };

    link_write(&message, type, buf_str(body));
    if (send(r->link, message.p, message.n, MSG_NOSIGNAL) != (ssize_t)message.n)
        hang_up(r);
    buf_release(&message);
}

static void command(struct fleet_rig *r, const struct link_command *m)
{
    struct link_hello hello = { .version = LINK_VERSION, .role = LINK_CONTROL };
    struct buf body = { 0 };

    link_put_hello(&body, &hello);
    send_message(r, LINK_HELLO, &body);
    buf_clear(&body);
    link_put_command(&body, m);
    if (r->link >= 0)
        send_message(r, LINK_COMMAND, &body);
    buf_release(&body);
}

static bool has_ended(struct fleet_rig *r)
{
    siginfo_t info = { 0 };

    return waitid(P_PID, (id_t)r->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == r->pid;
}

/* Until it listens. */
static bool dial(struct fleet_rig *r, const struct link_command *m, uint64_t until)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };

    snprintf(to.sun_path, sizeof to.sun_path, "%s/link.sock", r->state);
    hang_up(r);
    while (now_ms() < until) {
        r->link = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (connect(r->link, (struct sockaddr *)&to, sizeof to) == 0) {
            command(r, m);
            return r->link >= 0;
        }
        hang_up(r);
        if (has_ended(r))
            return false;
        poll(NULL, 0, 10); /* until it listens there is nothing to wait on */
    }
    return false;
}

/* The next ANSWER. False: the link is lost, or nothing comes. */
static bool next_answer(struct fleet_rig *r, struct link_answer *out, uint64_t until)
{
    struct pollfd fd = { .fd = r->link, .events = POLLIN };
    enum link_type type = LINK_HELLO;
    struct str body;
    cordage_json json;
    ssize_t got;
    size_t n;

    for (;;) {
        if (link_read(buf_str(&r->in), &type, &body, &n))
            return false;
        if (n) {
            bool is = type == LINK_ANSWER && !json_parse(r->parser, body, &json) &&
                      !link_get_answer(json, out);

            buf_consume(&r->in, n);
            if (is)
                return true;
            continue;
        }
        if (now_ms() >= until || poll(&fd, 1, (int)(until - now_ms())) <= 0)
            return false;
        buf_reserve(&r->in, 65536);
        got = recv(r->link, r->in.p + r->in.n, 65536, 0);
        if (got <= 0)
            return false;
        r->in.n += (size_t)got;
    }
}

/* The document stands in the parser beside the message it came in. */
static bool next_status(struct fleet_rig *r, uint64_t until)
{
    static char text[1024 * 1024];
    struct link_answer answer;

    if (!next_answer(r, &answer, until) || answer.text.n > sizeof text - BUF_SLACK)
        return false;
    memcpy(text, answer.text.p, answer.text.n);
    return json_parse_beside(r->parser, (struct str){ text, answer.text.n },
                             &r->status) == 0;
}

bool fleet_until(struct fleet_rig *r, bool (*is_so)(struct fleet_rig *r, void *user),
                 void *user)
{
    const struct link_command follow = { .verb = LINK_VERB_STATUS, .follow = true };
    uint64_t until = now_ms() + FLEET_PATIENCE_MS;
    char *said;

    while (now_ms() < until) {
        if (r->link < 0 && !dial(r, &follow, until))
            break;
        if (!next_status(r, until))
            hang_up(r);
        else if (is_so(r, user))
            return true;
    }
    said = fleet_said(r);
    printf("it didn't come to it; the supervisor said:\n%s\n", said);
    free(said);
    return false;
}

static cordage_json element(cordage_json list, const char *key, uint64_t want)
{
    struct json_iter it;
    uint64_t got;

    for (bool more = json_first(list, &it); more; more = json_next(&it))
        if (json_u64(json_get(it.value, key), &got) && got == want)
            return it.value;
    return json_get(list, "");
}

unsigned fleet_ready(const struct fleet_rig *r)
{
    struct json_iter it;
    struct str state;
    unsigned n = 0;

    for (bool more = json_first(json_get(r->status, "shards"), &it); more;
         more = json_next(&it))
        n += json_str(json_get(it.value, "state"), &state) && str_is(state, "ready");
    return n;
}

pid_t fleet_worker(const struct fleet_rig *r, unsigned index)
{
    uint64_t pid = 0;

    json_u64(json_get(element(json_get(r->status, "workers"), "worker", index), "pid"),
             &pid);
    return (pid_t)pid;
}

unsigned fleet_restarts(const struct fleet_rig *r, unsigned index)
{
    uint64_t n = 0;

    json_u64(json_get(element(json_get(r->status, "workers"), "worker", index),
                      "restarts"),
             &n);
    return (unsigned)n;
}

static bool all_ready(struct fleet_rig *r, void *user)
{
    (void)user;
    return fleet_ready(r) == r->shards && fleet_worker(r, r->workers - 1);
}

bool fleet_up(struct fleet_rig *r)
{
    return fleet_until(r, all_ready, NULL);
}

int fleet_command(struct fleet_rig *r, const struct link_command *m)
{
    uint64_t until = now_ms() + FLEET_PATIENCE_MS;
    struct link_answer answer = { .exit = -1 };

    if (!dial(r, m, until))
        return -1;
    do {
        if (!next_answer(r, &answer, until)) {
            answer.exit = -1;
            break;
        }
    } while (!answer.is_last);
    hang_up(r);
    return answer.exit;
}
