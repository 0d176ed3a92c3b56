/* Where a fleet's settings come from, and what is said of bad ones. */
#include "test.h"

#include "fleet_bot.h"
#include "fleet_print.h"
#include "fleet_settings.h"
#include "tmpdir.h"

/* A folder to be in, and an environment without what the tests' user has set. */
struct rig {
    struct tmpdir dir;
    char before[512];
    struct fleet_flags flags;
    struct fleet_settings s;
    int status;
    char *said;
};

static const char *const variables[] = {
    "CORDAGE_SHARDS",     "CORDAGE_WORKERS",     "CORDAGE_SHARDS_PER_WORKER",
    "CORDAGE_HTTP",       "CORDAGE_SHARD_RANGE", "CORDAGE_STATE_DIR",
    "DISCORD_TOKEN_FILE", "DISCORD_TOKEN",       "CORDAGE_API",
    "CORDAGE_CA_FILE",    "CORDAGE_LOG",         "CORDAGE_CONFIG",
};

static struct rig rig_new(const char *file)
{
    struct rig r = { .dir = tmpdir_new() };

    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
        unsetenv(variables[i]);
    CHECK(getcwd(r.before, sizeof r.before) != NULL);
    CHECK_INT(chdir(r.dir.dir), 0);
    if (file)
        tmpdir_write(FLEET_FILE, file, strlen(file));
    return r;
}

static void rig_read(struct rig *r)
{
    size_t n;
    FILE *err = open_memstream(&r->said, &n);

    r->status = fleet_settings_read("run", &r->flags, &r->s, err);
    fclose(err);
}

static void rig_free(struct rig *r)
{
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
        unsetenv(variables[i]);
    fleet_settings_release(&r->s);
    free(r->said);
    CHECK_INT(chdir(r->before), 0);
    tmpdir_free(&r->dir);
}

static const char *where(struct rig *r, enum fleet_setting which)
{
    static char text[FLEET_WHERE];

    return fleet_settings_where(&r->s, which, text);
}

/* ---- Where a value comes from --------------------------------------------------------
 */

TEST(a_flag_goes_before_the_environment_before_the_file_before_the_default)
{
    struct rig r = rig_new("shards: 4\nworkers: 2\nhttp: off\n");

    setenv("CORDAGE_SHARDS", "8", 1);
    setenv("CORDAGE_WORKERS", "4", 1);
    r.flags.text[FLEET_SHARDS] = "16";
    rig_read(&r);
    CHECK_INT(r.status, 0);
    CHECK_INT(r.s.wish.shards, 16);
    CHECK_STR(str_of(where(&r, FLEET_SHARDS)), "--shards");
    CHECK_INT(r.s.wish.workers, 4);
    CHECK_STR(str_of(where(&r, FLEET_WORKERS)), "CORDAGE_WORKERS");
    CHECK(r.s.http_off);
    CHECK_STR(str_of(where(&r, FLEET_HTTP)), "cordage.yaml:3");
    CHECK_INT(r.s.log_level, LOG_INFO);
    CHECK_STR(str_of(where(&r, FLEET_LOG)), "default");
    rig_free(&r);
}

TEST(without_anything_there_are_defaults)
{
    struct rig r = rig_new(NULL);

    rig_read(&r);
    CHECK_INT(r.status, 0);
    CHECK_INT(r.s.wish.shards, 0);
    CHECK_INT(r.s.wish.workers, 0);
    CHECK_INT(r.s.wish.shards_per_worker, 0);
    CHECK_INT(r.s.wish.first, 0);
    CHECK_INT(r.s.wish.last, CORDAGE_SHARD_LAST);
    CHECK(!r.s.foreign && !r.s.behind_proxy && !r.s.http_off && r.s.http_any);
    CHECK_STR(str_of(r.s.http_address), "127.0.0.1");
    CHECK_INT(r.s.http_port, 7430);
    rig_free(&r);
}

TEST(an_empty_variable_is_none)
{
    struct rig r = rig_new("shards: 4\n");

    setenv("CORDAGE_SHARDS", "", 1);
    rig_read(&r);
    CHECK_INT(r.status, 0);
    CHECK_INT(r.s.wish.shards, 4);
    rig_free(&r);
}

TEST(of_workers_and_shards_per_worker_the_nearer_one_counts)
{
    struct rig r = rig_new("workers: 3\n");

    r.flags.text[FLEET_SHARDS_PER_WORKER] = "8";
    rig_read(&r);
    CHECK_INT(r.status, 0);
    CHECK_INT(r.s.wish.workers, 0);
    CHECK_INT(r.s.wish.shards_per_worker, 8);
    CHECK_STR(str_of(where(&r, FLEET_WORKERS)), "default");
    rig_free(&r);
}

TEST(another_file_is_named_by_flag_or_variable_and_must_be_there)
{
    struct rig r = rig_new("shards: 4\n");

    tmpdir_write("other.yaml", "shards: 5\n", 10);
    setenv("CORDAGE_CONFIG", "other.yaml", 1);
    rig_read(&r);
    CHECK_INT(r.s.wish.shards, 5);
    CHECK_STR(str_of(where(&r, FLEET_SHARDS)), "other.yaml:1");
    fleet_settings_release(&r.s);
    free(r.said);
    r.flags.file = "none.yaml";
    rig_read(&r);
    CHECK_INT(r.status, 2);
    CHECK(strstr(r.said, "none.yaml: cannot be read") != NULL);
    rig_free(&r);
}

/* ---- What texts mean ---- */

TEST(addresses_of_the_page)
{
    static const struct {
        const char *text, *address;
        int port;
    } good[] = {
        { "80", "127.0.0.1", 80 },
        { "0.0.0.0:8080", "0.0.0.0", 8080 },
        { "[::1]:7430", "::1", 7430 },
        { "localhost:1", "127.0.0.1", 1 },
    };
    static const char *const bad[] = { "",         "x",   "1.2.3.4", "65536",
                                       ":80",      "::1", "[]:80",   "0x10",
                                       "1.2.3.4:", "-1",  "[::1",    "on" };

    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct rig r = rig_new(NULL);

        r.flags.text[FLEET_HTTP] = good[i].text;
        rig_read(&r);
        CHECK_INT(r.status, 0);
        CHECK_STR(str_of(r.s.http_address), good[i].address);
        CHECK_INT(r.s.http_port, good[i].port);
        CHECK(!r.s.http_any && !r.s.http_off);
        rig_free(&r);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct rig r = rig_new(NULL);

        r.flags.text[FLEET_HTTP] = bad[i];
        rig_read(&r);
        if (r.status != 2)
            fail_msg("\"%s\" was taken", bad[i]);
        rig_free(&r);
    }
}

TEST(a_part_of_the_shards)
{
    struct rig r = rig_new("shards: 32\nshard_range: 16-31\n");

    rig_read(&r);
    CHECK_INT(r.status, 0);
    CHECK_INT(r.s.wish.first, 16);
    CHECK_INT(r.s.wish.last, 31);
    rig_free(&r);
}

/* ---- Mistakes ---- */

static const struct {
    const char *file, *said;
} mistakes[] = {
    { "shards: 0x10\n", "cordage.yaml:1: shards takes auto or a number from 1 to 65536, "
                        "not '0x10'" },
    { "# the fleet\n\nshards: 4\nwokers: 3\n",
      "cordage.yaml:4: there is no setting 'wokers'; did you mean 'workers'?" },
    { "color: red\n", "cordage.yaml:1: there is no setting 'color'; there are shards, "
                      "workers, shards_per_worker, " },
    { "shards: 4\n\"wokers\" : 3\n", "cordage.yaml:2: there is no setting 'wokers'" },
    { "{shards: 4,\n wokers: 3}\n", "cordage.yaml:2: there is no setting 'wokers'" },
    { "shards: 4\ntoken: MTIz.x.y\n", "cordage.yaml:2: token: the token itself must not "
                                      "be in this file" },
    { "shards: 4\nhttp: off\nshards: 5\n", "cordage.yaml:3: shards stands here a second "
                                           "time" },
    { "shards: -1\n", "not '-1'" },
    { "shards: 65537\n", "from 1 to 65536, not '65537'" },
    { "shards: 4.0\n", "not '4.0'" },
    { "shards:\n", "shards takes auto or a number from 1 to 65536, not ''" },
    { "shards: ~\n", "not '~'" },
    { "workers: 257\n", "from 1 to 256, not '257'" },
    { "shards: [1, 2]\n", "cordage.yaml:1: each line has the form `key: value`" },
    { "shards: {a: 1}\n", "cordage.yaml:1: each line has the form `key: value`" },
    { "- shards\n", "cordage.yaml: each line has the form `key: value`" },
    { "shards 4\n", "cordage.yaml: each line has the form `key: value`" },
    { "shards: &n 4\nworkers: *n\n", "cordage.yaml:2: each line has the form" },
    { "? [a, b]\n: 3\n", "each line has the form `key: value`" },
    { "shards: 4\n\tworkers: 3\n", "cordage.yaml: this is no YAML, at line 1 or below" },
    { "shards: \"4\n", "this is no YAML" },
    { "shards: 4\n---\nshards: 5\n", "second document" },
    { "shards: 4\nlog: \001\n", "cordage.yaml:2: there is a byte that" },
    { "\xff\xfe", "cordage.yaml:1: there is a byte that" },
    { "shards: 4\nhttp: \xc3(\n", "this is no YAML" },
    { "foreign: maybe\n", "foreign takes yes or no, not 'maybe'" },
    { "log: loud\n", "log takes error, warn, info, debug or trace, not 'loud'" },
    { "api: discord.com\n", "api takes an address like https://discord.com/api/v10" },
    { "api: wss://x/\n", "api takes an address like" },
    { "proxy: https://x:1/a\n", "proxy takes an address of the form" },
    { "ca_file: none.pem\n", "ca_file takes a file that can be read, not 'none.pem'" },
    { "state_dir: \"\"\n", "state_dir takes a directory, not ''" },
    { "shard_range: 0-3\n", "cordage.yaml:1: a part of the shards needs their total" },
    { "shards: 4\nshard_range: 0-4\n", "cordage.yaml:2: the last of 4 shards is 3" },
    { "shards: 4\nshard_range: 3-2\n", "two numbers like 0-15" },
    { "shards: 4\nshard_range: -2\n", "two numbers like 0-15" },
    { "workers: 2\nshards_per_worker: 2\n", "cordage.yaml:2: give either this or" },
    { "http_cert_file: cordage.yaml\n", "needs both --http-cert-file and" },
};

TEST(mistakes_in_the_file_are_named_with_their_place)
{
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        struct rig r = rig_new(mistakes[i].file);

        rig_read(&r);
        if (r.status != 2 || !strstr(r.said, mistakes[i].said))
            fail_msg("of \"%s\" it says (%d) \"%s\", without \"%s\"", mistakes[i].file,
                     r.status, r.said, mistakes[i].said);
        rig_free(&r);
    }
}

TEST(every_mistake_is_named_at_once)
{
    struct rig r = rig_new("shards: x\nlog: y\n");

    setenv("CORDAGE_HTTP", "z", 1);
    r.flags.text[FLEET_WORKERS] = "w";
    rig_read(&r);
    CHECK_INT(r.status, 2);
    CHECK(strstr(r.said, "cordage run: cordage.yaml:1: shards takes") != NULL);
    CHECK(strstr(r.said, "cordage run: cordage.yaml:2: log takes") != NULL);
    CHECK(strstr(r.said, "cordage run: CORDAGE_HTTP: takes off, or a port") != NULL);
    CHECK(strstr(r.said, "cordage run: --workers: takes auto or") != NULL);
    rig_free(&r);
}

TEST(nothing_and_comments_and_every_style_are_files)
{
    static const char *const files[] = {
        "",
        "# nothing\n",
        "---\nshards: 4\n",
        "{shards: 4}",
        "shards: '4'\r\n",
        "? shards\n: 4\n",
        "\"shards\": \"4\"",
        "shards: 4 # four",
        "\xef\xbb\xbfshards: 4",
    };

    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct rig r = rig_new(files[i]);

        rig_read(&r);
        if (r.status != 0 || r.s.wish.shards != (i < 2 ? 0 : 4))
            fail_msg("\"%s\": %d, %u shards, \"%s\"", files[i], r.status, r.s.wish.shards,
                     r.said);
        rig_free(&r);
    }
}

TEST(a_file_that_others_may_write_is_refused)
{
    struct rig r = rig_new("shards: 4\n");

    CHECK_INT(chmod(FLEET_FILE, 0666), 0);
    rig_read(&r);
    CHECK_INT(r.status, 2);
    CHECK(strstr(r.said, "everybody may write it") != NULL);
    rig_free(&r);
}

TEST(a_file_of_another_user_is_taken_only_when_it_is_named)
{
    struct rig r = rig_new("shards: 4\n");

    if (chown(FLEET_FILE, 12345, (gid_t)-1) < 0) { /* only root can set it up */
        rig_free(&r);
        skip();
    }
    rig_read(&r);
    CHECK_INT(r.status, 2);
    CHECK(strstr(r.said, "belongs to another user") != NULL);
    free(r.said);
    r.flags.file = FLEET_FILE;
    rig_read(&r);
    CHECK_INT(r.status, 0);
    rig_free(&r);
}

TEST(what_is_far_too_large_is_not_read)
{
    size_t n = FLEET_FILE_SIZE + 1;
    char *file = malloc(n + 1);
    struct rig r;

    memset(file, '#', n);
    file[n] = '\0';
    r = rig_new(file);
    rig_read(&r);
    CHECK_INT(r.status, 2);
    CHECK(strstr(r.said, "larger than 65536 bytes") != NULL);
    rig_free(&r);
    free(file);
}

TEST(every_setting_is_in_the_documents)
{
    struct fleet_flags flags;
    struct buf text = { 0 };
    cordage_error error;
    char row[200];

    CHECK_INT(fleet_file_read(SOURCE_ROOT "/docs/fleet.md", true, &text, &error), 0);
    for (int i = 0; i < N_FLEET_SETTINGS; i++) {
        enum fleet_setting which = (enum fleet_setting)i;
        struct arg arg = fleet_settings_arg(which, &flags);

        snprintf(row, sizeof row, "| `--%s` | `%s` | ", arg.name,
                 fleet_settings_variable(which));
        if (str_find(buf_str(&text), str_of(row)) == SIZE_MAX)
            fail_msg("docs/fleet.md has no \"%s\"", row);
    }
    buf_release(&text);
}

/* ---- The token and what is shown ---- */

#define TOKEN "MTIzNDU2Nzg5MDEyMzQ1Njc4.made.up"

static char *printed(struct rig *r, bool json, const char *state_dir)
{
    char at[FLEET_WHERE], *text;
    size_t n;
    FILE *out = open_memstream(&text, &n);

    CHECK_INT(fleet_print(&r->s, state_dir, fleet_bot_token_where(&r->s, at), json, out),
              0);
    fclose(out);
    return text;
}

TEST(the_token_is_never_shown_but_where_it_is_from)
{
    struct rig r = rig_new("token_file: secret\n");
    struct settings bot;
    cordage_error error;
    char *text;

    tmpdir_write("secret", TOKEN "\n", strlen(TOKEN) + 1);
    rig_read(&r);
    CHECK_INT(fleet_bot_read(&r.s, &bot, &error), 0);
    CHECK_STR(secret_reveal(&bot.token), TOKEN);
    settings_release(&bot);
    text = printed(&r, false, NULL);
    CHECK(strstr(text, "***") != NULL && strstr(text, "cordage.yaml:1") != NULL);
    CHECK(strstr(text, "made") == NULL);
    free(text);
    setenv("DISCORD_TOKEN", TOKEN "2", 1); /* goes before a file, but not before a flag */
    CHECK_INT(fleet_bot_read(&r.s, &bot, &error), 0);
    CHECK_STR(secret_reveal(&bot.token), TOKEN "2");
    settings_release(&bot);
    text = printed(&r, true, "/x");
    CHECK(strstr(text, "\"token\":{\"value\":\"***\",\"from\":\"environment\",\"where\":"
                       "\"DISCORD_TOKEN\"}") != NULL);
    CHECK(strstr(text, "\"state_dir\":{\"value\":\"/x\"") != NULL);
    CHECK(strstr(text, "made") == NULL);
    free(text);
    fleet_settings_release(&r.s);
    free(r.said);
    r.flags.text[FLEET_TOKEN_FILE] = "secret";
    rig_read(&r);
    CHECK_INT(fleet_bot_read(&r.s, &bot, &error), 0);
    CHECK_STR(secret_reveal(&bot.token), TOKEN);
    settings_release(&bot);
    rig_free(&r);
}

TEST(a_fleet_keeps_its_state_where_a_lone_bot_does)
{
    struct rig r = rig_new("shards: 4\n");
    char *home = strdup(getenv("XDG_STATE_HOME") ? getenv("XDG_STATE_HOME") : "");
    struct settings bot;
    cordage_error error;

    setenv("XDG_STATE_HOME", "/home/x", 1);
    setenv("DISCORD_TOKEN", TOKEN, 1);
    rig_read(&r);
    CHECK_INT(fleet_bot_read(&r.s, &bot, &error), 0);
    CHECK_STR(str_of(bot.state_dir), "/home/x/cordage/123456789012345678");
    settings_release(&bot);
    if (*home)
        setenv("XDG_STATE_HOME", home, 1);
    else
        unsetenv("XDG_STATE_HOME");
    free(home);
    rig_free(&r);
}

/* What the kernel shows of it is the memory that the variable had at the start: here, as
 * a stand-in, that of the string. */
TEST(the_token_leaves_the_environment)
{
    struct rig r = rig_new(NULL);
    const char *value;

    setenv("DISCORD_TOKEN", TOKEN, 1);
    value = getenv("DISCORD_TOKEN");
    fleet_bot_hide_token();
    CHECK(getenv("DISCORD_TOKEN") == NULL);
    CHECK_INT(value[0], '\0');
    rig_free(&r);
}

TEST(the_token_is_handed_on_in_memory)
{
    struct rig r = rig_new(NULL);
    struct settings bot, next;
    cordage_error error;
    int fd;

    setenv("DISCORD_TOKEN", TOKEN, 1);
    rig_read(&r);
    CHECK_INT(fleet_bot_read(&r.s, &bot, &error), 0);
    fleet_bot_hide_token();
    CHECK_INT(fleet_bot_hand_on(&bot, &error), 0);
    CHECK_INT(sscanf(getenv("DISCORD_TOKEN_FILE"), "/proc/self/fd/%d", &fd), 1);
    CHECK_INT(fcntl(fd, F_GETFD), 0);
    fleet_settings_release(&r.s);
    free(r.said);
    rig_read(&r);
    CHECK_INT(r.status, 0);
    CHECK_INT(fleet_bot_read(&r.s, &next, &error), 0);
    CHECK_STR(secret_reveal(&next.token), TOKEN);
    CHECK_INT(fcntl(fd, F_GETFD), FD_CLOEXEC); /* children must not have it */
    close(fd);
    settings_release(&bot);
    settings_release(&next);
    rig_free(&r);
}

RUN_TESTS(T(a_flag_goes_before_the_environment_before_the_file_before_the_default),
          T(without_anything_there_are_defaults), T(an_empty_variable_is_none),
          T(of_workers_and_shards_per_worker_the_nearer_one_counts),
          T(another_file_is_named_by_flag_or_variable_and_must_be_there),
          T(addresses_of_the_page), T(a_part_of_the_shards),
          T(mistakes_in_the_file_are_named_with_their_place),
          T(every_mistake_is_named_at_once),
          T(nothing_and_comments_and_every_style_are_files),
          T(a_file_that_others_may_write_is_refused),
          T(a_file_of_another_user_is_taken_only_when_it_is_named),
          T(what_is_far_too_large_is_not_read), T(every_setting_is_in_the_documents),
          T(the_token_is_never_shown_but_where_it_is_from),
          T(a_fleet_keeps_its_state_where_a_lone_bot_does),
          T(the_token_leaves_the_environment), T(the_token_is_handed_on_in_memory))
