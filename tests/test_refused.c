/* What a bot does when Discord refuses it for good: one sentence that names the fix, exit
 * status 3, at most one IDENTIFY, and no second connection. The bot is the recipe,
 * examples/sharding, as a process of its own. */
#include "test.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "buf.h"
#include "report.h"
#include "simrig.h"

struct child {
    pid_t pid;
    int out; /* its standard output and error */
};

static void put(char *out, size_t size, const char *name, const char *value)
{
    snprintf(out, size, "%s=%s", name, value);
}

static struct child start_bot(struct simrig *sim, const char *token, const char *shards)
{
    char program[512], vars[5][600];
    char *env[] = { vars[0], vars[1], vars[2], vars[3], vars[4], NULL };
    char *argv[] = { program, (char *)"--shards", (char *)shards, NULL };
    posix_spawn_file_actions_t actions;
    struct child child;
    int ends[2];

    snprintf(program, sizeof program, "%s/examples/sharding", getenv("CORDAGE_BUILD"));
    put(vars[0], sizeof vars[0], "CORDAGE_API", simrig_api(sim));
    put(vars[1], sizeof vars[1], "CORDAGE_CA_FILE", simrig_ca_file(sim));
    put(vars[2], sizeof vars[2], "DISCORD_TOKEN", token);
    put(vars[3], sizeof vars[3], "CORDAGE_TEST_SPEED", "10");
    put(vars[4], sizeof vars[4], "ASAN_OPTIONS",
        getenv("ASAN_OPTIONS") ? getenv("ASAN_OPTIONS") : "");
    CHECK_INT(pipe2(ends, O_CLOEXEC), 0);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 2);
    CHECK_INT(posix_spawn(&child.pid, program, &actions, NULL, argv, env), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    child.out = ends[0];
    return child;
}

/* Everything it printed, and its exit status. */
static int finish(struct child *child, struct buf *output)
{
    char bytes[4096];
    ssize_t n;
    int status;

    while ((n = read(child->out, bytes, sizeof bytes)) > 0)
        CHECK_INT(buf_append(output, bytes, (size_t)n), 0);
    close(child->out);
    CHECK_INT(waitpid(child->pid, &status, 0), child->pid);
    CHECK(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void copy_report(struct sim *sim, uint64_t now, void *user)
{
    (void)now;
    *(struct report *)user = *sim_report(sim);
}

static struct report counts(struct simrig *sim)
{
    struct report r;

    simrig_on_loop(sim, copy_report, &r);
    return r;
}

static void must_say(const struct buf *output, const char *const *words)
{
    for (; *words; words++)
        if (str_find(buf_str(output), str_of(*words)) == SIZE_MAX)
            fail_msg("\"%s\" is not in: %.*s", *words, STR_FMT(buf_str(output)));
}

/* The bot ends with `status`, having said all the words and never its token. */
static void must_end(struct simrig *sim, struct child *child, const char *token,
                     const char *const *words)
{
    struct buf output = { 0 };
    int status = finish(child, &output);
    struct report r = counts(sim);

    must_say(&output, words);
    CHECK(str_find(buf_str(&output), str_of(token)) == SIZE_MAX);
    CHECK_INT(status, 3);
    CHECK(r.identifies <= 1);
    CHECK(r.connections <= 1);
    buf_release(&output);
}

#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static struct simrig *start_sim(void (*adjust)(struct sim_config *c))
{
    struct sim_config config;

    sim_config_default(&config);
    config.guilds = 12;
    if (adjust)
        adjust(&config);
    return simrig_start(&config, 10);
}

static void small_shards(struct sim_config *c)
{
    c->max_guilds_per_shard = 5;
    c->recommended_shards = 3;
    c->max_concurrency = 4;
}

static void refused_from_the_start(void (*adjust)(struct sim_config *c),
                                   const char *shards, const char *const *words)
{
    struct simrig *sim = start_sim(adjust);
    struct child bot = start_bot(sim, simrig_token(sim), shards);

    must_end(sim, &bot, simrig_token(sim), words);
    simrig_stop(sim);
}

TEST(code_4011_says_to_shard_and_how_far)
{
    refused_from_the_start(small_shards, "1",
                           WORDS("4011", "must be sharded", "recommends 3", "--shards"));
}

TEST(code_4011_on_too_few_shards_spends_one_identify)
{
    refused_from_the_start(small_shards, "2", WORDS("4011", "recommends 3", "--shards"));
}

static void no_content(struct sim_config *c)
{
    c->allowed_intents &= ~(1u << 15);
}

TEST(code_4014_names_the_intent_and_where_to_enable_it)
{
    refused_from_the_start(no_content, "1",
                           WORDS("4014", "MESSAGE_CONTENT", "discord.com/developers"));
}

TEST(a_wrong_token_is_refused_by_rest)
{
    struct simrig *sim = start_sim(NULL);
    const char *token = "MTIzNDU2Nzg5MDEyMzQ1Njc4.GAbcde.wrong-wrong-wrong-wrong-wrong";
    struct child bot = start_bot(sim, token, "1");

    must_end(sim, &bot, token, WORDS("401", "token"));
    CHECK_INT(counts(sim).connections, 0);
    simrig_stop(sim);
}

/* Codes that the simulator gives only when told to: at a shard that is up. */
static void refused_later(int code, const char *const *words)
{
    struct simrig *sim = start_sim(NULL);
    struct child bot = start_bot(sim, simrig_token(sim), "1");
    char fault[80];

    for (int i = 0; i < 3000 && counts(sim).ready == 0; i++)
        simrig_wait(sim, 100);
    snprintf(fault, sizeof fault, "{\"kind\":\"close\",\"code\":%d,\"shard\":[0,1]}",
             code);
    CHECK_INT(simrig_fault(sim, fault), 1);
    must_end(sim, &bot, simrig_token(sim), words);
    simrig_stop(sim);
}

TEST(code_4004_says_that_the_token_was_reset)
{
    refused_later(4004, WORDS("4004", "token"));
}

TEST(code_4010_says_that_the_shard_is_wrong)
{
    refused_later(4010, WORDS("4010", "shard"));
}

TEST(code_4012_says_that_the_version_is_gone)
{
    refused_later(4012, WORDS("4012", "version"));
}

TEST(code_4013_says_that_intents_are_undefined)
{
    refused_later(4013, WORDS("4013", "intents"));
}

RUN_TESTS(T(code_4011_says_to_shard_and_how_far),
          T(code_4011_on_too_few_shards_spends_one_identify),
          T(code_4014_names_the_intent_and_where_to_enable_it),
          T(a_wrong_token_is_refused_by_rest), T(code_4004_says_that_the_token_was_reset),
          T(code_4010_says_that_the_shard_is_wrong),
          T(code_4012_says_that_the_version_is_gone),
          T(code_4013_says_that_intents_are_undefined))
