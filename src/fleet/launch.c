/* What a worker is given: its place in the fleet, in the environment; the token, in
 * memory that has no name (a process list and its environment don't show it); its output.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <fcntl.h>
#include <unistd.h>

#include "error.h"
#include "supervisor_inner.h"

enum { ENV_MAX = 16 };

struct given {
    struct buf text; /* the variables, one behind another, each with a NUL */
    size_t at[ENV_MAX];
    size_t n;
    int err;
};

__attribute__((format(printf, 3, 4))) static void give(struct given *g, const char *name,
                                                       const char *format, ...)
{
    char value[4096 + SECRET_MAX];
    va_list args;

    va_start(args, format);
    vsnprintf(value, sizeof value, format, args);
    va_end(args);
    g->at[g->n++] = g->text.n;
    if (!g->err)
        g->err = buf_printf(&g->text, "%s=%s", name, value);
    if (!g->err)
        g->err = buf_append(&g->text, "", 1);
    mem_wipe(value, sizeof value);
}

/* Read by bots that know nothing of Cordage: a launcher's usual names. */
static void give_shards(struct given *g, const struct shard_range *part)
{
    struct buf list = { 0 };

    g->err = buf_append_z(&list, "[");
    for (uint32_t id = part->first; id <= part->last && !g->err; id++)
        g->err = buf_printf(&list, id == part->first ? "%u" : ",%u", id);
    if (!g->err)
        g->err = buf_append_z(&list, "]");
    g->at[g->n++] = g->text.n;
    if (!g->err)
        g->err = buf_printf(&g->text, "SHARDS=%.*s", STR_FMT(buf_str(&list)));
    if (!g->err)
        g->err = buf_append(&g->text, "", 1);
    buf_release(&list);
    give(g, "SHARD_COUNT", "%u", part->count);
    give(g, "CORDAGE_SHARD_FIRST", "%u", part->first);
    give(g, "CORDAGE_SHARD_LAST", "%u", part->last);
    give(g, "CORDAGE_SHARD_COUNT", "%u", part->count);
}

static void give_all(struct given *g, const struct process *p)
{
    const struct supervisor_options *o = &p->s->options;

    give(g, "CORDAGE_API", "%s", o->api);
    give(g, "CORDAGE_WORKER", "%u", p->index);
    if (o->ca_file)
        give(g, "CORDAGE_CA_FILE", "%s", o->ca_file);
    if (o->allow_plaintext)
        give(g, "CORDAGE_ALLOW_PLAINTEXT", "1");
    if (o->foreign) {
        give(g, "DISCORD_TOKEN", "%.*s", STR_FMT(secret_reveal(o->token)));
        give_shards(g, &p->part);
        return;
    }
    give(g, "CORDAGE_LINK", "%s", p->s->link_path);
    give(g, "CORDAGE_GENERATION", "%u", p->generation);
    give(g, "CORDAGE_STATE_DIR", "%s", o->state_dir);
    give(g, "DISCORD_TOKEN_FILE", "/proc/self/fd/3");
}

int launch(struct process *p, const char *file, void (*ended)(void *user, int status),
           cordage_error *error)
{
    /* What is ours alone; a foreign bot gets its token by the name that we replace. */
    static const char *const ours[] = { "NOTIFY_SOCKET",      "WATCHDOG_USEC",
                                        "WATCHDOG_PID",       "LISTEN_FDS",
                                        "LISTEN_PID",         "CORDAGE_LINK",
                                        "DISCORD_TOKEN_FILE", NULL };
    static const char *const ours_and_token[] = { "NOTIFY_SOCKET",
                                                  "WATCHDOG_USEC",
                                                  "WATCHDOG_PID",
                                                  "LISTEN_FDS",
                                                  "LISTEN_PID",
                                                  "DISCORD_TOKEN",
                                                  NULL };
    bool foreign = p->s->options.foreign;
    const char *env[ENV_MAX + 1] = { NULL };
    struct given g = { 0 };
    struct child_plan plan = {
        .file = file,
        .argv = p->s->options.command,
        .env = env,
        .without = foreign ? ours : ours_and_token,
        .output = relay_fd(p->relay),
        .token = foreign ? -1 : p->s->token,
    };
    int err;

    give_all(&g, p);
    for (size_t i = 0; i < g.n && !g.err; i++)
        env[i] = g.text.p + g.at[i];
    err = g.err ? error_set(error, g.err, "Out of memory.")
                : child_start(p->s->loop, &plan, ended, p, &p->child, error);
    buf_wipe(&g.text);
    return err;
}

int launch_token(const struct secret *token, int *out, cordage_error *error)
{
    struct str bytes = secret_reveal(token);
    int fd = memfd_create("token", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    *out = -1;
    if (fd < 0 || fchmod(fd, 0600) < 0 ||
        write(fd, bytes.p, bytes.n) != (ssize_t)bytes.n ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) <
            0) {
        if (fd >= 0)
            close(fd);
        return error_set(error, CORDAGE_ESYSTEM,
                         "The token cannot be kept in memory for the workers: %m.");
    }
    *out = fd;
    return 0;
}
