#include "fleet_settings.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <unistd.h>

#include "limits.h"
#include "settings.h"
#include "str.h"
#include "url.h"

/* ---- What the texts mean --------------------------------------------------------------
 */

static bool number_up_to(const char *text, uint64_t least, uint64_t most, uint32_t *out)
{
    uint64_t n;

    if (!str_u64(str_of(text), &n) || n < least || n > most)
        return false;
    *out = (uint32_t)n;
    return true;
}

static bool take_shards(struct fleet_settings *s, const char *text)
{
    s->wish.shards = 0;
    return strcmp(text, "auto") == 0 ||
           number_up_to(text, 1, LIMIT_SHARDS, &s->wish.shards);
}

static bool take_workers(struct fleet_settings *s, const char *text)
{
    s->wish.workers = 0;
    return strcmp(text, "auto") == 0 ||
           number_up_to(text, 1, LIMIT_WORKERS, &s->wish.workers);
}

static bool take_shards_per_worker(struct fleet_settings *s, const char *text)
{
    return number_up_to(text, 1, LIMIT_SHARDS, &s->wish.shards_per_worker);
}

static bool take_range(struct fleet_settings *s, const char *text)
{
    size_t first = strcspn(text, "-");
    char number[12];

    if (text[first] != '-' || first >= sizeof number)
        return false;
    memcpy(number, text, first);
    number[first] = '\0';
    return number_up_to(number, 0, LIMIT_SHARDS - 1, &s->wish.first) &&
           number_up_to(text + first + 1, s->wish.first, LIMIT_SHARDS - 1, &s->wish.last);
}

static bool is_yes(const char *text, bool *out)
{
    *out =
        strcmp(text, "yes") == 0 || strcmp(text, "true") == 0 || strcmp(text, "1") == 0;
    return *out || strcmp(text, "no") == 0 || strcmp(text, "false") == 0 ||
           strcmp(text, "0") == 0;
}

static bool take_foreign(struct fleet_settings *s, const char *text)
{
    return is_yes(text, &s->foreign);
}

static bool take_behind_proxy(struct fleet_settings *s, const char *text)
{
    return is_yes(text, &s->behind_proxy);
}

static bool take_log(struct fleet_settings *s, const char *text)
{
    int level = log_level_from(text);

    s->log_level = level < 0 ? LOG_INFO : (enum log_level)level;
    return level >= 0;
}

/* "off", "7430", "0.0.0.0:7430", "[::1]:7430" */
static bool take_http(struct fleet_settings *s, const char *text)
{
    const char *colon = strrchr(text, ':');
    struct str address = { text, colon ? (size_t)(colon - text) : 0 };
    unsigned char bytes[sizeof(struct in6_addr)];
    int family = AF_INET;
    uint32_t port;

    s->http_off = strcmp(text, "off") == 0;
    if (s->http_off)
        return true;
    if (!number_up_to(colon ? colon + 1 : text, 0, UINT16_MAX, &port))
        return false;
    if (str_starts(address, STR("[")) && str_ends(address, STR("]"))) {
        address = (struct str){ address.p + 1, address.n - 2 };
        family = AF_INET6;
    }
    if (!colon || str_is(address, "localhost"))
        address = STR("127.0.0.1");
    if (address.n >= sizeof s->http_address)
        return false;
    s->http_port = (uint16_t)port;
    memcpy(s->http_address, address.p, address.n);
    s->http_address[address.n] = '\0';
    return inet_pton(family, s->http_address, bytes) == 1;
}

static bool take_text(struct fleet_settings *s, const char *text)
{
    (void)s;
    return *text != '\0';
}

/* Empty in the environment: a lone bot keeps nothing then. Whether that will do is for
 * whoever needs it. */
static bool take_state_dir(struct fleet_settings *s, const char *text)
{
    return *text || s->values[FLEET_STATE_DIR].from == FLEET_FROM_ENVIRONMENT;
}

static bool take_readable(struct fleet_settings *s, const char *text)
{
    (void)s;
    return *text && access(text, R_OK) == 0;
}

static bool take_api(struct fleet_settings *s, const char *text)
{
    struct url url;

    (void)s;
    return url_parse(str_of(text), &url, NULL) == 0 && !url.websocket && !url.query[0];
}

static bool take_proxy(struct fleet_settings *s, const char *text)
{
    struct url url;

    (void)s;
    return url_parse(str_of(text), &url, NULL) == 0 && !url.websocket && !url.tls &&
           strcmp(url.path, "/") == 0 && !url.query[0];
}

/* ---- The table ------------------------------------------------------------------------
 */

static const struct row {
    const char *flag, *env;
    const char *value; /* what --help calls it; NULL: yes or no */
    const char *fallback;
    const char *help;
    const char *takes; /* in the sentence about a wrong value */
    bool (*take)(struct fleet_settings *s, const char *text);
} rows[N_FLEET_SETTINGS] = {
    [FLEET_SHARDS] = { "shards", "CORDAGE_SHARDS", "N", "auto",
                       "how many in all; auto: as Discord recommends",
                       "auto or a number from 1 to 65536", take_shards },
    [FLEET_WORKERS] = { "workers", "CORDAGE_WORKERS", "N", "auto",
                        "how many processes; auto: one per 16 shards,\n"
                        "at most one per core",
                        "auto or a number from 1 to 256", take_workers },
    [FLEET_SHARDS_PER_WORKER] = { "shards-per-worker", "CORDAGE_SHARDS_PER_WORKER", "N",
                                  NULL, "as many workers as that takes, instead",
                                  "a number from 1 to 65536", take_shards_per_worker },
    [FLEET_SHARD_RANGE] = { "shard-range", "CORDAGE_SHARD_RANGE", "A-B", NULL,
                            "only these of --shards N: other machines have the others",
                            "two numbers like 0-15, the smaller one first", take_range },
    [FLEET_FOREIGN] = { "foreign", "CORDAGE_FOREIGN", NULL, "no",
                        "COMMAND isn't built with libcordage: it gets its shards in\n"
                        "its environment (docs/fleet.md)",
                        "yes or no", take_foreign },
    [FLEET_STATE_DIR] = { "state-dir", "CORDAGE_STATE_DIR", "DIR", NULL,
                          "where sessions outlive a restart; else below\n"
                          "$XDG_STATE_HOME/cordage or ~/.local/state/cordage",
                          "a directory", take_state_dir },
    [FLEET_TOKEN_FILE] = { "token-file", "DISCORD_TOKEN_FILE", "FILE", NULL,
                           "holds the token; only you may read it", "a file", take_text },
    [FLEET_API] = { "api", "CORDAGE_API", "URL", SETTINGS_API, "Discord, or another",
                    "an address like " SETTINGS_API, take_api },
    [FLEET_CA_FILE] = { "ca-file", "CORDAGE_CA_FILE", "FILE", NULL,
                        "trusted besides the system's authorities",
                        "a file that can be read", take_readable },
    [FLEET_PROXY] = { "proxy", "CORDAGE_PROXY", "URL", NULL,
                      "http://host:port, for the supervisor's own requests",
                      "an address of the form http://host:port", take_proxy },
    [FLEET_LOG] = { "log", "CORDAGE_LOG", "LEVEL", "info",
                    "error, warn, info, debug or trace",
                    "error, warn, info, debug or trace", take_log },
    [FLEET_HTTP] = { "http", "CORDAGE_HTTP", "[ADDRESS:]PORT", "127.0.0.1:7430",
                     "the page and metrics; if it is taken the next\n"
                     "of ten ports; or off",
                     "off, or a port, or an address and a port like 127.0.0.1:7430",
                     take_http },
    [FLEET_HTTP_SECRET_FILE] = { "http-secret-file", "CORDAGE_HTTP_SECRET_FILE", "FILE",
                                 NULL, "holds what a browser must know, beyond loopback",
                                 "a file", take_text },
    [FLEET_HTTP_HOST] = { "http-host", "CORDAGE_HTTP_HOST", "NAME", NULL,
                          "further names of this machine, with commas between", "a name",
                          take_text },
    [FLEET_HTTP_CERT_FILE] = { "http-cert-file", "CORDAGE_HTTP_CERT_FILE", "FILE", NULL,
                               "PEM, its chain; with --http-key-file: https",
                               "a file that can be read", take_readable },
    [FLEET_HTTP_KEY_FILE] = { "http-key-file", "CORDAGE_HTTP_KEY_FILE", "FILE", NULL,
                              "PEM, the certificate's key", "a file that can be read",
                              take_readable },
    [FLEET_BEHIND_PROXY] = { "behind-proxy", "CORDAGE_BEHIND_PROXY", NULL, "no",
                             "plain http beyond loopback: a proxy before it does TLS",
                             "yes or no", take_behind_proxy },
};
_Static_assert((int)N_FLEET_SETTINGS <= (int)FLEET_FILE_KEYS, "all fit into the file");

struct arg fleet_settings_arg(enum fleet_setting which, struct fleet_flags *flags)
{
    const struct row *row = &rows[which];
    struct arg arg = { .name = row->flag, .value = row->value, .help = row->help };

    if (row->value)
        arg.text = &flags->text[which];
    else
        arg.flag = &flags->on[which];
    arg.fallback = row->value ? row->fallback : NULL;
    return arg;
}

struct arg fleet_settings_file_arg(struct fleet_flags *flags)
{
    return (struct arg){ .name = "config",
                         .value = "FILE",
                         .help = "settings, else in ./" FLEET_FILE ", if it is there",
                         .text = &flags->file };
}

void fleet_settings_key(enum fleet_setting which, char out[FLEET_FILE_KEY])
{
    size_t n = strlen(rows[which].flag);

    memcpy(out, rows[which].flag, n + 1);
    for (size_t i = 0; i < n; i++)
        if (out[i] == '-')
            out[i] = '_';
}

const char *fleet_settings_variable(enum fleet_setting which)
{
    return rows[which].env;
}

const char *fleet_source_name(enum fleet_source from)
{
    static const char *const names[] = { "default", "file", "environment", "flag" };

    return names[from];
}

const char *fleet_settings_where(const struct fleet_settings *s, enum fleet_setting which,
                                 char out[FLEET_WHERE])
{
    switch (s->values[which].from) {
    case FLEET_FROM_FLAG:
        snprintf(out, FLEET_WHERE, "--%s", rows[which].flag);
        break;
    case FLEET_FROM_ENVIRONMENT:
        snprintf(out, FLEET_WHERE, "%s", rows[which].env);
        break;
    case FLEET_FROM_FILE:
        if (s->file.line[which])
            snprintf(out, FLEET_WHERE, "%s:%u", s->file_path, s->file.line[which]);
        else
            snprintf(out, FLEET_WHERE, "%s", s->file_path);
        break;
    default:
        snprintf(out, FLEET_WHERE, "default");
    }
    return out;
}

/* ---- Reading ---- */

static int read_file(struct fleet_settings *s, const char *path, bool named,
                     cordage_error *error)
{
    char names[N_FLEET_SETTINGS][FLEET_FILE_KEY];
    const char *keys[N_FLEET_SETTINGS + 1] = { NULL };
    struct buf bytes = { 0 };
    int err = fleet_file_read(path, named, &bytes, error);

    if (err == CORDAGE_ENOTFOUND && !named)
        return 0;
    for (int i = 0; i < N_FLEET_SETTINGS; i++) {
        fleet_settings_key((enum fleet_setting)i, names[i]);
        keys[i] = names[i];
    }
    if (!err) {
        snprintf(s->file_path, sizeof s->file_path, "%s", path);
        err = fleet_file_parse(buf_str(&bytes), path, keys, &s->file, error);
    }
    buf_release(&bytes);
    return err;
}

static const char *from_environment(enum fleet_setting which)
{
    const char *value = getenv(rows[which].env);

    if (value && !*value && which != FLEET_STATE_DIR)
        return NULL;
    return value;
}

static struct fleet_value choose(const struct fleet_settings *s,
                                 const struct fleet_flags *flags,
                                 enum fleet_setting which)
{
    const char *text = flags->on[which] ? "yes" : flags->text[which];

    if (text)
        return (struct fleet_value){ text, FLEET_FROM_FLAG };
    text = from_environment(which);
    if (text)
        return (struct fleet_value){ text, FLEET_FROM_ENVIRONMENT };
    if (s->file.text[which])
        return (struct fleet_value){ s->file.text[which], FLEET_FROM_FILE };
    return (struct fleet_value){ rows[which].fallback, FLEET_FROM_DEFAULT };
}

/* Number of mistakes. */
static int complain(const char *command, const char *where, FILE *err, const char *what)
{
    fprintf(err, "cordage %s: %s%s%s\n", command, where, *where ? ": " : "", what);
    return 1;
}

static int check_value(const char *command, struct fleet_settings *s,
                       enum fleet_setting which, FILE *err)
{
    char key[FLEET_FILE_KEY], where[FLEET_WHERE], value[128], text[512];
    const struct fleet_value *v = &s->values[which];
    bool in_file = v->from == FLEET_FROM_FILE;

    if (!v->text || rows[which].take(s, v->text))
        return 0;
    fleet_settings_key(which, key);
    snprintf(value, sizeof value, "%.100s", v->text);
    str_make_printable(value, strlen(value));
    snprintf(text, sizeof text, "%s%stakes %s, not '%s'", in_file ? key : "",
             in_file ? " " : "", rows[which].takes, value);
    return complain(command, fleet_settings_where(s, which, where), err, text);
}

/* What two settings say together. */
static int check_pairs(const char *command, struct fleet_settings *s, FILE *err)
{
    char where[FLEET_WHERE], text[256];
    bool workers = strcmp(s->values[FLEET_WORKERS].text, "auto") != 0;
    int n = 0;

    if (s->values[FLEET_SHARD_RANGE].text && !s->wish.shards)
        n += complain(command, fleet_settings_where(s, FLEET_SHARD_RANGE, where), err,
                      "a part of the shards needs their total: --shards N, the same on "
                      "each machine");
    else if (s->values[FLEET_SHARD_RANGE].text && s->wish.last >= s->wish.shards) {
        snprintf(text, sizeof text, "the last of %u shards is %u", s->wish.shards,
                 s->wish.shards - 1);
        n += complain(command, fleet_settings_where(s, FLEET_SHARD_RANGE, where), err,
                      text);
    }
    if (s->values[FLEET_SHARDS_PER_WORKER].text && workers)
        n += complain(command, fleet_settings_where(s, FLEET_SHARDS_PER_WORKER, where),
                      err, "give either this or the number of workers, not both");
    if (!s->values[FLEET_HTTP_CERT_FILE].text != !s->values[FLEET_HTTP_KEY_FILE].text)
        n += complain(command, "", err,
                      "https needs both --http-cert-file and --http-key-file");
    return n;
}

/* Two that exclude each other: what was said nearer to us goes before the other. */
static void choose_one(struct fleet_settings *s, enum fleet_setting a,
                       enum fleet_setting b)
{
    enum fleet_setting loser = s->values[a].from < s->values[b].from ? a : b;

    if (s->values[a].from != s->values[b].from)
        s->values[loser] =
            (struct fleet_value){ rows[loser].fallback, FLEET_FROM_DEFAULT };
}

int fleet_settings_read(const char *command, const struct fleet_flags *flags,
                        struct fleet_settings *out, FILE *err)
{
    const char *named = flags->file ? flags->file : getenv("CORDAGE_CONFIG");
    cordage_error error = { 0 };
    int n = 0;

    *out = (struct fleet_settings){ .wish.last = CORDAGE_SHARD_LAST };
    if (named && !*named)
        named = NULL;
    if (read_file(out, named ? named : FLEET_FILE, named != NULL, &error)) {
        complain(command, "", err, error.message);
        return 2;
    }
    for (int i = 0; i < N_FLEET_SETTINGS; i++)
        out->values[i] = choose(out, flags, (enum fleet_setting)i);
    choose_one(out, FLEET_WORKERS, FLEET_SHARDS_PER_WORKER);
    for (int i = 0; i < N_FLEET_SETTINGS; i++)
        n += check_value(command, out, (enum fleet_setting)i, err);
    out->http_any = out->values[FLEET_HTTP].from == FLEET_FROM_DEFAULT;
    if (n == 0)
        n = check_pairs(command, out, err);
    return n ? 2 : 0;
}

void fleet_settings_release(struct fleet_settings *s)
{
    fleet_file_release(&s->file);
}
