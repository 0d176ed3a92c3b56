#include "fleet_file.h"

#include <cyaml/cyaml.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "suggest.h"

/* ---- The text --------------------------------------------------------------------- */

/* NULs end a string early, 0xfe and 0xff begin UTF-16 and are in no UTF-8; what else is
 * wrong with that libyaml says. */
static unsigned bad_byte_line(struct str s)
{
    unsigned line = 1;

    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];

        if (c == '\n')
            line++;
        else if ((c < ' ' && c != '\t' && c != '\r') || c == 0x7f || c >= 0xfe)
            return line;
    }
    return 0;
}

/* Whether `key` and its colon stand here, with or without quotes. */
static bool stands_here(struct str s, struct str key)
{
    char quote = s.n && (s.p[0] == '"' || s.p[0] == '\'') ? s.p[0] : '\0';

    if (quote)
        s = (struct str){ s.p + 1, s.n - 1 };
    if (!str_starts(s, key))
        return false;
    s = (struct str){ s.p + key.n, s.n - key.n };
    if (quote && (!s.n || s.p[0] != quote))
        return false;
    if (quote)
        s = (struct str){ s.p + 1, s.n - 1 };
    while (s.n && (s.p[0] == ' ' || s.p[0] == '\t'))
        s = (struct str){ s.p + 1, s.n - 1 };
    return s.n && s.p[0] == ':';
}

/* The line in which `key` stands at a beginning; the last of several, since that is the
 * one too many. 0: none. */
static unsigned find_line(struct str s, struct str key)
{
    unsigned line = 1, found = 0;
    bool fresh = true; /* only blanks since the line's beginning, or behind '{' or ',' */

    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];

        if (fresh && stands_here((struct str){ s.p + i, s.n - i }, key))
            found = line;
        line += c == '\n';
        fresh = c == '\n' || c == '{' || c == ',' || c == '?' ||
                (fresh && (c == ' ' || c == '\t'));
    }
    return found;
}

/* ---- libcyaml ---------------------------------------------------------------------- */

/* What it has said of a mistake: the first line is what, another one may hold where. */
struct said {
    char what[160];
    unsigned line;
    bool several; /* documents */
};

__attribute__((format(printf, 3, 0))) static void hear(cyaml_log_t level, void *user,
                                                       const char *format, va_list args)
{
    struct said *said = user;
    char text[512];
    const char *at;

    vsnprintf(text, sizeof text, format, args);
    text[strcspn(text, "\n")] = '\0';
    if (level == CYAML_LOG_WARNING)
        said->several = said->several || strstr(text, "documents");
    else if (!said->what[0] && strncmp(text, "Load: Backtrace", 15) != 0)
        snprintf(said->what, sizeof said->what, "%.150s",
                 strncmp(text, "Load: ", 6) == 0 ? text + 6 : text);
    at = strstr(text, "(line: ");
    if (at && !said->line)
        said->line = (unsigned)strtoul(at + 7, NULL, 10);
}

/* The part of `text` behind `start`, or NULL. */
static const char *behind(const char *text, const char *start)
{
    size_t n = strlen(start);

    return strncmp(text, start, n) == 0 ? text + n : NULL;
}

static int refuse_key(const char *key, struct str bytes, const char *name,
                      const char *const *keys, cordage_error *error)
{
    const char *meant = suggest(key, keys);
    unsigned line = find_line(bytes, str_of(key));
    char where[32] = "", list[600] = "";
    size_t n = 0;

    if (line)
        snprintf(where, sizeof where, ":%u", line);
    if (strcmp(key, "token") == 0)
        return error_set(error, CORDAGE_EINVAL,
                         "%s%s: token: the token itself must not be in this file, which "
                         "is copied and committed too easily: put it into a file that "
                         "only you can read, and name that with token_file",
                         name, where);
    if (meant)
        return error_set(error, CORDAGE_EINVAL,
                         "%s%s: there is no setting '%s'; did you mean '%s'?", name,
                         where, key, meant);
    for (; *keys && n < sizeof list; keys++)
        n += (size_t)snprintf(list + n, sizeof list - n, "%s%s", n ? ", " : "", *keys);
    return error_set(error, CORDAGE_EINVAL,
                     "%s%s: there is no setting '%s'; there are %s", name, where, key,
                     list);
}

/* As its own words: "in mapping field 'shards'". */
static int refuse(const struct said *said, struct str bytes, const char *name,
                  const char *const *keys, cordage_error *error)
{
    const char *key = behind(said->what, "Unexpected key: "), *what;
    unsigned line;

    if (key)
        return refuse_key(key, bytes, name, keys, error);
    key = behind(said->what, "Mapping field already seen: ");
    if (key) {
        line = find_line(bytes, str_of(key));
        return error_set(error, CORDAGE_EINVAL, "%s:%u: %s stands here a second time",
                         name, line ? line : said->line, key);
    }
    what = behind(said->what, "libyaml: ");
    if (what) /* it names what stands before the mistake */
        return error_set(error, CORDAGE_EINVAL,
                         "%s: this is no YAML, at line %u or below it: %s", name,
                         said->line ? said->line : 1, what);
    if (said->line)
        return error_set(error, CORDAGE_EINVAL,
                         "%s:%u: each line has the form `key: value`, with one plain "
                         "value",
                         name, said->line);
    return error_set(error, CORDAGE_EINVAL,
                     "%s: each line has the form `key: value`, like `shards: 16`", name);
}

static void fill_schema(const char *const *keys, size_t n,
                        cyaml_schema_field_t fields[FLEET_FILE_KEYS + 1])
{
    for (size_t i = 0; i < n; i++)
        fields[i] = (cyaml_schema_field_t){
            .key = keys[i],
            .data_offset =
                (uint32_t)(offsetof(struct fleet_file, text) + i * sizeof(char *)),
            .value = { .type = CYAML_STRING,
                       .flags = CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
                       .data_size = sizeof(char),
                       .string = { .min = 0, .max = FLEET_FILE_SIZE } },
        };
    fields[n] = (cyaml_schema_field_t){ 0 };
}

static int load(struct str bytes, const char *name, const char *const *keys,
                struct fleet_file *out, cordage_error *error)
{
    cyaml_schema_field_t fields[FLEET_FILE_KEYS + 1];
    cyaml_schema_value_t top = { .type = CYAML_MAPPING,
                                 .flags = CYAML_FLAG_POINTER,
                                 .data_size = sizeof(struct fleet_file),
                                 .mapping = { .fields = fields } };
    struct said said = { 0 };
    cyaml_config_t config = { .log_fn = hear,
                              .log_ctx = &said,
                              .log_level = CYAML_LOG_WARNING,
                              .mem_fn = cyaml_mem,
                              .flags = CYAML_CFG_NO_ALIAS };
    struct fleet_file *got = NULL;
    size_t n = 0;
    cyaml_err_t err;

    while (keys[n])
        n++;
    fill_schema(keys, n, fields);
    err = cyaml_load_data((const uint8_t *)bytes.p, bytes.n, &config, &top,
                          (cyaml_data_t **)&got, NULL);
    if (err == CYAML_ERR_OOM)
        return error_set(error, CORDAGE_ENOMEM, "Out of memory.");
    if (err != CYAML_OK)
        return refuse(&said, bytes, name, keys, error);
    if (got) { /* nothing at all is NULL */
        memcpy(out->text, got->text, sizeof out->text);
        cyaml_mem(NULL, got, 0);
    }
    if (said.several) {
        fleet_file_release(out);
        return error_set(error, CORDAGE_EINVAL,
                         "%s: there is a second document behind a line `---`, which "
                         "would not be read: make it one",
                         name);
    }
    return 0;
}

int fleet_file_parse(struct str bytes, const char *name, const char *const *keys,
                     struct fleet_file *out, cordage_error *error)
{
    unsigned line;
    int err;

    memset(out, 0, sizeof *out);
    if (bytes.n > FLEET_FILE_SIZE)
        return error_set(error, CORDAGE_EINVAL,
                         "%s: it is larger than %d bytes: is it the right file?", name,
                         FLEET_FILE_SIZE);
    line = bad_byte_line(bytes);
    if (line)
        return error_set(error, CORDAGE_EINVAL,
                         "%s:%u: there is a byte that no text in UTF-8 has", name, line);
    err = load(bytes, name, keys, out, error);
    for (size_t i = 0; !err && keys[i]; i++)
        if (out->text[i])
            out->line[i] = find_line(bytes, str_of(keys[i]));
    return err;
}

void fleet_file_release(struct fleet_file *f)
{
    for (size_t i = 0; i < FLEET_FILE_KEYS; i++)
        free(f->text[i]); /* cyaml_mem is realloc */
    memset(f, 0, sizeof *f);
}

/* ---- The file ---------------------------------------------------------------------- */

static int check_owner(int fd, const char *path, bool others, cordage_error *error)
{
    struct stat st;

    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        return error_set(error, CORDAGE_EINVAL, "%s is not a plain file", path);
    if (st.st_mode & S_IWOTH)
        return error_set(error, CORDAGE_EINVAL,
                         "%s: everybody may write it, and so send the token elsewhere: "
                         "chmod o-w %s",
                         path, path);
    if (!others && st.st_uid != geteuid() && st.st_uid != 0)
        return error_set(error, CORDAGE_EINVAL,
                         "%s in this directory belongs to another user; if it is to be "
                         "trusted, say so: --config %s",
                         path, path);
    return 0;
}

int fleet_file_read(const char *path, bool others, struct buf *out, cordage_error *error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    int err;
    ssize_t n = 1;

    if (fd < 0)
        return error_set(error, errno == ENOENT ? CORDAGE_ENOTFOUND : CORDAGE_EINVAL,
                         "%s: cannot be read: %s", path, strerror(errno));
    err = check_owner(fd, path, others, error);
    while (!err && n > 0 && out->n <= FLEET_FILE_SIZE) {
        err = buf_reserve(out, 4096);
        if (err)
            error_set(error, err, "Out of memory.");
        else if ((n = read(fd, out->p + out->n, 4096)) > 0)
            out->n += (size_t)n;
        else if (n < 0)
            err = error_set(error, CORDAGE_EINVAL, "%s: cannot be read: %s", path,
                            strerror(errno));
    }
    close(fd);
    return err;
}
