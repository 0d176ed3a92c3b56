/* Settings: every source of each, and every way to get them wrong. */
#include "settings.h"

#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "buf.h"
#include "test.h"

#define TOKEN "MTIzNDU2Nzg5MDEyMzQ1Njc4.Gabcde.abcdefghijklmnopqrstuvwxyz0123456789AB"

static struct settings made(const cordage_options *o, const struct env *env)
{
    struct settings s;
    cordage_error error = { 0 };

    if (settings_make(o, env, &s, &error) < 0)
        fail_msg("%s", error.message);
    return s;
}

/* The sentence of what must fail. */
static cordage_error refused(const cordage_options *o, const struct env *env)
{
    struct settings s;
    cordage_error error = { 0 };

    CHECK_INT(settings_make(o, env, &s, &error), CORDAGE_EINVAL);
    CHECK_INT(error.code, CORDAGE_EINVAL);
    CHECK(s.token.p == NULL && s.api == NULL);
    return error;
}

static void check_says(const cordage_error *error, const char *what)
{
    if (!strstr(error->message, what))
        fail_msg("\"%s\" does not say \"%s\"", error->message, what);
}

TEST(a_token_alone_is_enough)
{
    cordage_options o = CORDAGE_OPTIONS_INIT;
    struct env env = { .token = TOKEN };
    struct settings s = made(&o, &env);

    CHECK_STR(secret_reveal(&s.token), TOKEN);
    CHECK(s.shards_auto && s.shard_count == 0 && s.shard_last == CORDAGE_SHARD_LAST);
    CHECK_INT(s.compression, COMPRESS_ZLIB);
    CHECK(s.loop_threads >= 1 && s.loop_threads <= 4 && s.handler_threads >= 1);
    CHECK_INT(s.event_queue, 4096);
    assert_string_equal(s.api, "https://discord.com/api/v10");
    CHECK(!s.ca_file && !s.proxy && !s.activity && !s.allow_plaintext &&
          s.handle_signals);
    CHECK_INT(s.log_level, LOG_WARN);
    CHECK(s.speed == 1.0);
    settings_release(&s);
}

TEST(options_go_before_the_environment)
{
    cordage_options o = CORDAGE_OPTIONS_INIT;
    struct env env = { .token = "other",
                       .api = "https://other.example/api",
                       .log = "debug" };
    struct settings s;

    o.token = "Bot " TOKEN "\n";
    o.api = "https://localhost:8443/api/v10/";
    o.shard_count = 16;
    o.shard_first = 4;
    o.shard_last = 7;
    o.handler_threads = 0;
    o.loop_threads = 2;
    o.proxy = "http://10.0.0.1:3128";
    o.activity = "with 16 shards";
    s = made(&o, &env);
    CHECK_STR(secret_reveal(&s.token), TOKEN);
    assert_string_equal(s.api, "https://localhost:8443/api/v10");
    CHECK(!s.shards_auto && s.shard_count == 16 && s.shard_first == 4 &&
          s.shard_last == 7);
    CHECK(s.handler_threads == 0 && s.loop_threads == 2);
    assert_string_equal(s.proxy, "http://10.0.0.1:3128");
    assert_string_equal(s.activity, "with 16 shards");
    CHECK_INT(s.log_level, LOG_DEBUG);
    settings_release(&s);
}

TEST(all_that_is_wrong_is_told_in_one_error)
{
    cordage_options o = CORDAGE_OPTIONS_INIT;
    struct env env = { .log = "loud", .allow_plaintext = "yes", .test_speed = "fast" };
    cordage_error error;

    o.intents = 1u << 30;
    o.shard_count = 4;
    o.shard_last = 4;
    o.large_threshold = 10;
    o.loop_threads = 1000;
    o.handler_threads = -2;
    o.api = "https://localhost/api?x=1";
    o.proxy = "socks5://localhost";
    o.ca_file = "/nonexistent/ca.pem";
    error = refused(&o, &env);
    check_says(&error,
               "12 settings are wrong:\n- token: there is none. Set DISCORD_TOKEN");
    check_says(&error, "shard_last: 4, but the last of 4 shards is 3");
    check_says(&error, "no intent 0x40000000");
    check_says(&error, "large_threshold: 10");
    check_says(&error, "loop_threads: 1000");
    check_says(&error, "handler_threads: -2");
    check_says(&error, "CORDAGE_ALLOW_PLAINTEXT: \"yes\"");
    check_says(&error, "options.api: ");
    check_says(&error, "ca_file: cannot read /nonexistent/ca.pem");
}

TEST(each_wrong_option_is_named)
{
    static const struct {
        const char *says;
        cordage_options o;
    } table[] = {
        { "shard_count: 70000", { .shard_count = 70000, .shard_last = UINT32_MAX } },
        { "shard_first: 9",
          { .shard_count = 4, .shard_first = 9, .shard_last = UINT32_MAX } },
        { "is behind shard_last",
          { .shard_count = 4, .shard_first = 2, .shard_last = 1 } },
        { "their total in shard_count", { .shard_first = 2, .shard_last = UINT32_MAX } },
        { "compression: 9",
          { .shard_last = UINT32_MAX, .compression = (cordage_compression)9 } },
        { "large_threshold: 251", { .shard_last = UINT32_MAX, .large_threshold = 251 } },
        { "event_queue: 4000000000",
          { .shard_last = UINT32_MAX, .event_queue = 4000000000u } },
        { "options.token: this is no token",
          { .shard_last = UINT32_MAX, .token = "a b" } },
        { "options.token: this is no token",
          { .shard_last = UINT32_MAX, .token = "Bot  " } },
        { "options.token: this is no token",
          { .shard_last = UINT32_MAX, .token = "a\r\nX-Evil: 1" } },
        { "proxy: \"https://a:1\"",
          { .shard_last = UINT32_MAX, .proxy = "https://a:1" } },
        { "proxy: ", { .shard_last = UINT32_MAX, .proxy = "nonsense" } },
        { "options.api: ",
          { .shard_last = UINT32_MAX, .api = "wss://gateway.discord.gg" } },
        { "CORDAGE_ALLOW_PLAINTEXT",
          { .shard_last = UINT32_MAX, .api = "http://10.1.2.3/" } },
    };

    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        cordage_options o = table[i].o;
        struct env env = { .token = TOKEN };
        cordage_error error;

        o.size = sizeof o;
        error = refused(&o, &env);
        check_says(&error, table[i].says);
        CHECK(strstr(error.message, "settings are wrong") == NULL);
    }
}

TEST(a_long_activity_is_counted_in_characters)
{
    cordage_options o = CORDAGE_OPTIONS_INIT;
    struct env env = { .token = TOKEN };
    char text[2 * 129 + 1] = "";
    struct settings s;
    cordage_error error;

    for (int i = 0; i < 128; i++)
        strcat(text, "\xc3\xa9");
    o.activity = text;
    s = made(&o, &env);
    settings_release(&s);
    strcat(text, "\xc3\xa9");
    error = refused(&o, &env);
    check_says(&error, "activity: longer than the 128");
}

TEST(plaintext_is_for_loopback_or_the_asking)
{
    cordage_options o = CORDAGE_OPTIONS_INIT;
    struct env env = { .token = TOKEN, .api = "http://127.0.0.1:9000/api/v10" };
    struct settings s = made(&o, &env);

    settings_release(&s);
    env.api = "http://10.1.2.3/api/v10";
    refused(&o, &env);
    env.allow_plaintext = "1";
    s = made(&o, &env);
    CHECK(s.allow_plaintext);
    settings_release(&s);
}

TEST(an_older_and_a_newer_options_struct_are_understood)
{
    struct {
        cordage_options o;
        char more[16];
    } newer = { .o = CORDAGE_OPTIONS_INIT };
    cordage_options older = CORDAGE_OPTIONS_INIT;
    struct env env = { .token = TOKEN };
    struct settings s;
    cordage_error error;

    newer.o.size = sizeof newer;
    s = made(&newer.o, &env);
    settings_release(&s);
    newer.more[3] = 1;
    error = refused(&newer.o, &env);
    check_says(&error, "newer than the " CORDAGE_VERSION);

    older.size = offsetof(cordage_options, compression);
    older.handle_signals = 0; /* behind its end: not looked at */
    s = made(&older, &env);
    CHECK(s.handle_signals);
    settings_release(&s);
    older.size = 0;
    error = refused(&older, &env);
    check_says(&error, "CORDAGE_OPTIONS_INIT");
}

/* A file with this mode and content, whose name is put into `path`. */
static void write_file(char *path, const char *content, mode_t mode)
{
    int fd;

    strcpy(path, "/tmp/cordage-token-XXXXXX");
    fd = mkstemp(path);
    CHECK(fd >= 0);
    CHECK_INT(write(fd, content, strlen(content)), strlen(content));
    CHECK_INT(fchmod(fd, mode), 0);
    close(fd);
}

TEST(a_token_file_is_read_if_only_its_owner_can)
{
    cordage_options o = CORDAGE_OPTIONS_INIT;
    char path[64], fix[128];
    struct env env = { .token_file = path };
    struct settings s;
    cordage_error error;

    write_file(path, "  Bot " TOKEN "\r\n", 0600);
    s = made(&o, &env);
    CHECK_STR(secret_reveal(&s.token), TOKEN);
    settings_release(&s);

    CHECK_INT(chmod(path, 0640), 0);
    error = refused(&o, &env);
    snprintf(fix, sizeof fix, "chmod 600 %s", path);
    check_says(&error, fix);
    CHECK(strstr(error.message, "MTIz") == NULL);
    unlink(path);
    error = refused(&o, &env);
    check_says(&error, "cannot open");
}

/* In a process of its own, which isn't root. */
static int read_as(uid_t uid, gid_t gid, const char *path)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        struct secret token = { 0 };
        cordage_error error;

        if (setgroups(0, NULL) || setgid(gid) || setuid(uid))
            _exit(99);
        _exit(-env_token_file(path, &token, &error));
    }
    CHECK_INT(waitpid(pid, &status, 0), pid);
    CHECK(WIFEXITED(status));
    return -WEXITSTATUS(status);
}

TEST(a_token_that_root_gives_to_our_group_is_read)
{
    enum { US = 54321, OUR_GROUP = 54322, THEIRS = 54323 };
    char path[64];

    if (geteuid() != 0)
        skip();
    write_file(path, TOKEN, 0440);
    CHECK_INT(chown(path, 0, OUR_GROUP), 0);
    CHECK_INT(read_as(US, OUR_GROUP, path), 0);
    CHECK_INT(read_as(US, THEIRS, path), CORDAGE_EINVAL); /* can't be read */
    CHECK_INT(read_as(0, 0, path), CORDAGE_EINVAL);       /* root's own should be 0600 */
    CHECK_INT(chmod(path, 0444), 0);
    CHECK_INT(read_as(US, OUR_GROUP, path), CORDAGE_EINVAL);
    CHECK_INT(chmod(path, 0440), 0);
    CHECK_INT(chown(path, THEIRS, OUR_GROUP), 0); /* of another user, not root */
    CHECK_INT(read_as(US, OUR_GROUP, path), CORDAGE_EINVAL);
    unlink(path);
}

TEST(an_empty_or_a_giant_token_file_is_refused)
{
    cordage_options o = CORDAGE_OPTIONS_INIT;
    static char giant[5000];
    char path[64];
    struct env env = { .token_file = path };
    cordage_error error;

    write_file(path, " \n", 0600);
    error = refused(&o, &env);
    check_says(&error, "is empty");
    unlink(path);
    memset(giant, 'a', sizeof giant - 1);
    write_file(path, giant, 0600);
    error = refused(&o, &env);
    check_says(&error, "too long to be a token");
    unlink(path);
}

TEST(the_token_is_never_in_an_error)
{
    cordage_options o = CORDAGE_OPTIONS_INIT;
    struct env env = { .token = TOKEN " " TOKEN, .log = "x" };
    cordage_error error = refused(&o, &env);

    CHECK(strstr(error.message, "MTIz") == NULL);
}

static void gather(cordage_log_level level, const char *line, void *user)
{
    buf_printf(user, "%d %s\n", (int)level, line);
}

TEST(log_lines_reach_the_callback_up_to_its_level)
{
    cordage_options o = CORDAGE_OPTIONS_INIT;
    struct env env = { .token = TOKEN, .log = "nonsense that nobody reads" };
    struct buf lines = { 0 };
    struct settings s;
    struct log log;

    o.log = gather;
    o.log_user = &lines;
    o.log_level = CORDAGE_LOG_INFO;
    s = made(&o, &env);
    log = settings_log(&s);
    log_line(&log, LOG_INFO, "shard=%d", 1);
    log_line(&log, LOG_DEBUG, "shard=%d", 2);
    CHECK_STR(buf_str(&lines), "2 shard=1\n");
    buf_release(&lines);
    settings_release(&s);
}

TEST(the_environment_is_read_and_empty_is_unset)
{
    struct env env;

    setenv("DISCORD_TOKEN", TOKEN, 1);
    setenv("CORDAGE_API", "", 1);
    setenv("CORDAGE_CA_FILE", "/ca.pem", 1);
    unsetenv("CORDAGE_LOG");
    env_read(&env);
    assert_string_equal(env.token, TOKEN);
    CHECK(env.api == NULL && env.log == NULL);
    assert_string_equal(env.ca_file, "/ca.pem");
}

static void check_state_dir(const cordage_options *o, const struct env *env,
                            const char *want)
{
    struct settings s = made(o, env);

    if (want)
        assert_string_equal(s.state_dir, want);
    else
        CHECK(!s.state_dir);
    settings_release(&s);
}

TEST(the_state_has_a_place_for_each_application)
{
    cordage_options o = CORDAGE_OPTIONS_INIT;
    struct env env = { .token = TOKEN, .home = "/home/me" };
    struct settings s;
    char here[4096], want[4200];

    check_state_dir(&o, &env, "/home/me/.local/state/cordage/123456789012345678");
    env.state_home = "relative"; /* which the XDG rules forbid */
    check_state_dir(&o, &env, "/home/me/.local/state/cordage/123456789012345678");
    env.state_home = "/var/state";
    check_state_dir(&o, &env, "/var/state/cordage/123456789012345678");
    o.shard_count = 8;
    check_state_dir(&o, &env, "/var/state/cordage/123456789012345678");
    o.shard_first = 4;
    check_state_dir(&o, &env, "/var/state/cordage/123456789012345678/shards-4-7-of-8");
    env.state_dir = "/srv/bot";
    check_state_dir(&o, &env, "/srv/bot");
    o.state_dir = "/srv/other";
    check_state_dir(&o, &env, "/srv/other");
    o.state_dir = "beside";
    assert_non_null(getcwd(here, sizeof here));
    snprintf(want, sizeof want, "%s/beside", here);
    check_state_dir(&o, &env, want);
    o.state_dir = "";
    check_state_dir(&o, &env, NULL);
    o.state_dir = NULL;
    env.state_dir = "";
    check_state_dir(&o, &env, NULL);
    env = (struct env){ .token = TOKEN };
    check_state_dir(&o, &env, NULL); /* nobody is at home */
    env.token = "no.such-token";
    env.home = "/h";
    s = made(&o, &env);
    CHECK(str_starts(str_of(s.state_dir), STR("/h/.local/state/cordage/")));
    CHECK(!strstr(s.state_dir, "no"));
    settings_release(&s);
}

TEST(tokens_have_different_fingerprints)
{
    cordage_options o = CORDAGE_OPTIONS_INIT;
    struct env env = { .token = TOKEN };
    struct settings a = made(&o, &env), b = made(&o, &env), c;

    env.token = TOKEN "x";
    c = made(&o, &env);
    CHECK(a.token_print == b.token_print);
    CHECK(a.token_print != c.token_print);
    settings_release(&a);
    settings_release(&b);
    settings_release(&c);
}

TEST(each_kind_has_its_policy)
{
    cordage_options o = CORDAGE_OPTIONS_INIT;
    struct env env = { .token = TOKEN };
    struct settings s;
    cordage_error error;

    o.cache[CORDAGE_KIND_MEMBERS] = CORDAGE_FOREVER;
    o.cache[CORDAGE_KIND_PRESENCES] = CORDAGE_TTL(60);
    s = made(&o, &env);
    CHECK_INT(s.cache[CORDAGE_KIND_GUILDS].keep, CORDAGE_KEEP_FOREVER);
    CHECK_INT(s.cache[CORDAGE_KIND_EMOJIS].keep, CORDAGE_KEEP_NEVER);
    CHECK_INT(s.cache[CORDAGE_KIND_USERS].keep, CORDAGE_KEEP_LRU);
    CHECK_INT(s.cache[CORDAGE_KIND_USERS].n, 10000);
    CHECK_INT(s.cache[CORDAGE_KIND_MEMBERS].keep, CORDAGE_KEEP_FOREVER);
    CHECK_INT(s.cache[CORDAGE_KIND_PRESENCES].n, 60);
    settings_release(&s);
    o.cache[CORDAGE_KIND_MEMBERS] = CORDAGE_LRU(0);
    o.cache[CORDAGE_KIND_SOUNDS] = CORDAGE_POLICY((cordage_keep)9, 1);
    error = refused(&o, &env);
    check_says(&error, "cache[members]: CORDAGE_LRU(0) keeps nothing");
    check_says(&error, "cache[soundboard_sounds]: this is none of CORDAGE_KEEP_*");
}

static struct env worker_env(void)
{
    return (struct env){ .token = TOKEN,
                         .link = "/state/link.sock",
                         .worker = "3",
                         .generation = "12",
                         .state_dir = "/state" };
}

TEST(in_a_worker_shards_and_state_are_the_fleets)
{
    cordage_options o = CORDAGE_OPTIONS_INIT;
    struct env env = worker_env();
    struct settings s = made(&o, &env);

    assert_string_equal(s.link, "/state/link.sock");
    CHECK_INT(s.worker, 3);
    CHECK_INT(s.generation, 12);
    assert_string_equal(s.state_dir, "/state");
    CHECK(!s.other_state && !s.other_shards && s.shards_auto);
    settings_release(&s);
    o.shard_count = 4;
    o.shard_first = 9; /* wrong, but it doesn't count */
    o.state_dir = "";
    s = made(&o, &env);
    assert_string_equal(s.state_dir, "/state");
    CHECK(s.other_state && s.other_shards && s.shards_auto && !s.no_state);
    CHECK_INT(s.shard_first, 0);
    CHECK_INT(s.shard_last, CORDAGE_SHARD_LAST);
    settings_release(&s);
}

TEST(half_a_workers_environment_is_refused)
{
    static const struct {
        const char *worker, *generation, *state;
    } rows[] = {
        { NULL, "1", "/state" }, { "x", "1", "/state" },  { "256", "1", "/state" },
        { "1", NULL, "/state" }, { "1", "-1", "/state" }, { "1", "4294967296", "/state" },
        { "1", "1", NULL },      { "1", "1", "" },
    };
    cordage_options o = CORDAGE_OPTIONS_INIT;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct env env = worker_env();
        cordage_error error;

        env.worker = rows[i].worker;
        env.generation = rows[i].generation;
        env.state_dir = rows[i].state;
        error = refused(&o, &env);
        check_says(&error, "CORDAGE_LINK: it is set by `cordage run`");
    }
}

/* The supervisor's way to hand the token over: a memfd that has no name. */
TEST(in_a_worker_the_token_comes_from_a_descriptor_that_no_child_inherits)
{
    cordage_options o = CORDAGE_OPTIONS_INIT;
    int fd = memfd_create("token", 0);
    struct env env = worker_env();
    cordage_error error;
    struct settings s;
    char path[64];

    CHECK(fd >= 0 && fchmod(fd, 0600) == 0);
    CHECK_INT(write(fd, TOKEN "\n", sizeof TOKEN), sizeof TOKEN);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    env.token = "in-the-variable";
    env.token_file = path;
    for (int i = 0; i < 2; i++) { /* a second client reads it again */
        s = made(&o, &env);
        CHECK_STR(secret_reveal(&s.token), TOKEN);
        CHECK_INT(fcntl(fd, F_GETFD), FD_CLOEXEC);
        settings_release(&s);
    }
    o.token = "of-the-options";
    s = made(&o, &env);
    CHECK_STR(secret_reveal(&s.token), "of-the-options");
    settings_release(&s);
    o.token = NULL;
    close(fd);
    error = refused(&o, &env); /* a program that the worker started */
    check_says(&error, "to the worker alone");
}

RUN_TESTS(T(in_a_worker_shards_and_state_are_the_fleets),
          T(half_a_workers_environment_is_refused),
          T(in_a_worker_the_token_comes_from_a_descriptor_that_no_child_inherits),
          T(a_token_alone_is_enough), T(options_go_before_the_environment),
          T(all_that_is_wrong_is_told_in_one_error), T(each_wrong_option_is_named),
          T(a_long_activity_is_counted_in_characters),
          T(plaintext_is_for_loopback_or_the_asking),
          T(an_older_and_a_newer_options_struct_are_understood),
          T(a_token_file_is_read_if_only_its_owner_can),
          T(a_token_that_root_gives_to_our_group_is_read),
          T(an_empty_or_a_giant_token_file_is_refused), T(the_token_is_never_in_an_error),
          T(log_lines_reach_the_callback_up_to_its_level),
          T(the_environment_is_read_and_empty_is_unset),
          T(the_state_has_a_place_for_each_application),
          T(tokens_have_different_fingerprints), T(each_kind_has_its_policy))
