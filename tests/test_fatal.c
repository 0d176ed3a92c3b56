#include "fatal.h"

#include "test.h"

static const struct fatal_facts facts = {
    .shard_id = 0, .shard_count = 1, .intents = 513, .recommended = 4
};

static bool says(const cordage_error *error, const char *part)
{
    return str_find(str_of(error->message), str_of(part)) != SIZE_MAX;
}

#define CHECK_SAYS(error, part)                                            \
    do {                                                                   \
        if (!says(&(error), part))                                         \
            fail_msg("\"%s\" does not say \"%s\"", (error).message, part); \
    } while (0)

TEST(the_codes_that_end_a_bot_are_those_that_discord_says_not_to_retry)
{
    static const int fatal[] = { 4004, 4010, 4011, 4012, 4013, 4014 };
    unsigned n = 0;

    for (int code = 0; code < 6000; code++)
        n += fatal_is(code);
    CHECK_INT(n, 6);
    for (size_t i = 0; i < 6; i++)
        CHECK(fatal_is(fatal[i]));
}

TEST(a_bot_that_must_be_sharded_is_told_so_and_how)
{
    cordage_error error;

    CHECK_INT(fatal_close(4011, &facts, &error), CORDAGE_EFATAL);
    CHECK_INT(cordage_exit_status(error.code), 3);
    CHECK_SAYS(error, "4011");
    CHECK_SAYS(error, "this bot must be sharded");
    CHECK_SAYS(error, "recommends 4 shards");
    CHECK_SAYS(error, "options.shard_count");
    CHECK_SAYS(error, "CORDAGE_SHARDS_AUTO or 4");
    CHECK_SAYS(error, "--shards 4");
}

TEST(a_sharded_bot_is_told_that_it_needs_more_shards)
{
    struct fatal_facts f = { .shard_id = 2, .shard_count = 4, .recommended = 4 };
    cordage_error error;

    fatal_close(4011, &f, &error);
    CHECK_SAYS(error, "shard 2 of 4");
    CHECK_SAYS(error, "over more shards than now");
    /* Discord's own recommendation has just failed: it isn't what is proposed. */
    CHECK_SAYS(error, "or to more than 4");
    f.recommended = 0;
    fatal_close(4011, &f, &error);
    CHECK(!says(&error, "recommends"));
}

TEST(a_refused_token_names_every_place_where_it_can_be)
{
    cordage_error error;

    for (int i = 0; i < 2; i++) {
        CHECK_INT(i ? fatal_unauthorized(&error) : fatal_close(4004, &facts, &error),
                  CORDAGE_EAUTH);
        CHECK_INT(cordage_exit_status(error.code), 3);
        CHECK_SAYS(error, i ? "401" : "4004");
        CHECK_SAYS(error, "DISCORD_TOKEN,");
        CHECK_SAYS(error, "DISCORD_TOKEN_FILE");
        CHECK_SAYS(error, "options.token");
        CHECK_SAYS(error, "https://discord.com/developers/applications");
    }
}

TEST(undefined_intents_are_named_bit_by_bit)
{
    struct fatal_facts f = { .shard_count = 1, .intents = 1u | 1u << 17 | 1u << 31 };
    cordage_error error;

    CHECK_INT(fatal_close(4013, &f, &error), CORDAGE_EFATAL);
    CHECK_SAYS(error, "1 << 17 (131072)");
    CHECK_SAYS(error, "1 << 31 (2147483648)");
    CHECK(!says(&error, "1 << 0 "));
    f.intents = 513;
    fatal_close(4013, &f, &error);
    CHECK_SAYS(error, "513");
    CHECK_SAYS(error, "upgrade");
}

TEST(disallowed_intents_name_the_privileged_ones_and_their_switches)
{
    struct fatal_facts f = { .shard_count = 1, .intents = 1u << 1 | 1u << 9 | 1u << 15 };
    cordage_error error;

    CHECK_INT(fatal_close(4014, &f, &error), CORDAGE_EFATAL);
    CHECK_SAYS(error, "GUILD_MEMBERS, MESSAGE_CONTENT");
    CHECK_SAYS(error, "Server Members Intent, Message Content Intent");
    CHECK(!says(&error, "PRESENCES"));
    CHECK_SAYS(error, "Privileged Gateway Intents");
    f.intents = 1u << 9;
    fatal_close(4014, &f, &error);
    CHECK_SAYS(error, "none that is known to be privileged");
}

TEST(every_fatal_code_has_a_sentence_with_its_number)
{
    char number[8];
    cordage_error error;

    for (int code = 4000; code < 4020; code++) {
        fatal_close(code, &facts, &error);
        snprintf(number, sizeof number, "%d", code);
        CHECK_SAYS(error, number);
        CHECK_INT(cordage_exit_status(error.code), 3);
        /* A sentence that was cut would end in the middle of a word. */
        CHECK_INT(error.message[strlen(error.message) - 1], '.');
    }
}

TEST(the_longest_sentence_is_not_cut)
{
    struct fatal_facts f = { UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX };
    cordage_error error;

    for (int code = 4010; code <= 4014; code++) {
        fatal_close(code, &f, &error);
        CHECK_INT(error.message[strlen(error.message) - 1], '.');
    }
}

TEST(a_missing_budget_says_when_there_is_one_again)
{
    const uint64_t noon = 1772193600000; /* 2026-02-27 12:00:00 UTC */
    struct ledger ledger;
    cordage_error error;

    ledger_init(&ledger, 4);
    ledger_limits(&ledger, 1000, 103, (3 * 60 + 4) * 60000 + 1, noon);
    CHECK_INT(fatal_over_budget(4, &ledger, noon, &error), CORDAGE_EBUDGET);
    ledger_release(&ledger);
    CHECK_INT(cordage_exit_status(error.code), 4);
    CHECK_SAYS(error, "Starting 4 shards");
    CHECK_SAYS(error, "only 3 are left: of 1000 a day, 100 are kept in reserve");
    CHECK_SAYS(error, "at 2026-02-27 15:05 ");
    CHECK_SAYS(error, ", in 3 h 5 min");
}

TEST(a_budget_that_never_suffices_says_so)
{
    struct ledger ledger;
    cordage_error error;

    ledger_init(&ledger, 4);
    ledger_limits(&ledger, 3, 2, 60000, 0);
    fatal_over_budget(4, &ledger, 0, &error);
    ledger_release(&ledger);
    CHECK_SAYS(error, "only 1 is left: of 3 a day");
    CHECK_SAYS(error, "There will never be enough: start fewer shards");
    CHECK(!says(&error, "There are enough"));
}

TEST(an_untrusted_certificate_says_where_to_put_its_authority)
{
    cordage_error error;

    CHECK_INT(fatal_untrusted("GET / failed: self-signed.", &error), CORDAGE_ETLS);
    CHECK_SAYS(error, "GET / failed: self-signed. ");
    CHECK_SAYS(error, "CORDAGE_CA_FILE or options.ca_file");
}

RUN_TESTS(T(the_codes_that_end_a_bot_are_those_that_discord_says_not_to_retry),
          T(a_bot_that_must_be_sharded_is_told_so_and_how),
          T(a_sharded_bot_is_told_that_it_needs_more_shards),
          T(a_refused_token_names_every_place_where_it_can_be),
          T(undefined_intents_are_named_bit_by_bit),
          T(disallowed_intents_name_the_privileged_ones_and_their_switches),
          T(every_fatal_code_has_a_sentence_with_its_number),
          T(the_longest_sentence_is_not_cut),
          T(a_missing_budget_says_when_there_is_one_again),
          T(a_budget_that_never_suffices_says_so),
          T(an_untrusted_certificate_says_where_to_put_its_authority))
