#include "permissions.h"

#include <inttypes.h>

#include "permission_world.h"
#include "test.h"

enum { NOW = 1000000, EVERYONE = GUILD };

/* The bit table as Discord publishes it: bit and value. */
TEST(each_permission_has_the_published_value)
{
    static const struct {
        const char *name;
        uint64_t value;
    } published[] = {
        { "CREATE_INSTANT_INVITE", 1 },
        { "ADMINISTRATOR", 8 },
        { "VIEW_CHANNEL", 1024 },
        { "SEND_MESSAGES", 2048 },
        { "CONNECT", 1048576 },
        { "MANAGE_ROLES", 268435456 },
        { "USE_APPLICATION_COMMANDS", 2147483648 },
        { "REQUEST_TO_SPEAK", 4294967296 },
        { "SEND_MESSAGES_IN_THREADS", 274877906944 },
        { "MODERATE_MEMBERS", 1099511627776 },
        { "SEND_VOICE_MESSAGES", 70368744177664 },
        { "SET_VOICE_CHANNEL_STATUS", 281474976710656 },
        { "BYPASS_SLOWMODE", 4503599627370496 },
    };
    uint64_t all = 0;

    for (size_t i = 0; i < sizeof published / sizeof *published; i++)
        assert_string_equal(cordage_permission_name(published[i].value),
                            published[i].name);
#define ADD(NAME, bit)                                                         \
    CHECK(CORDAGE_PERMISSION_##NAME == UINT64_C(1) << (bit));                  \
    assert_string_equal(cordage_permission_name(UINT64_C(1) << (bit)), #NAME); \
    all |= CORDAGE_PERMISSION_##NAME;
    CORDAGE_PERMISSIONS(ADD)
#undef ADD
    CHECK(all == CORDAGE_PERMISSIONS_ALL);
    CHECK(all == UINT64_C(8866461766385663));
    assert_string_equal(cordage_permission_name(UINT64_C(1) << 47), "UNKNOWN");
    assert_string_equal(cordage_permission_name(0), "UNKNOWN");
    assert_string_equal(cordage_permission_name(3), "UNKNOWN");
}

/* ---- Rule by rule ----------------------------------------------------------------- */

/* A member without a word about any channel. */
static const struct cache_standing member = { .user_id = MEMBER, .owner_id = OWNER };

#define STANDING(...)                                     \
    {                                                     \
        .user_id = MEMBER, .owner_id = OWNER, __VA_ARGS__ \
    }
#define IN(type) .channel_id = CHANNEL, .channel_type = (type)
#define SENDING  (P(VIEW_CHANNEL) | P(SEND_MESSAGES))
#define EXTRAS \
    (P(MENTION_EVERYONE) | P(SEND_TTS_MESSAGES) | P(ATTACH_FILES) | P(EMBED_LINKS))
#define SPEAKING (P(SPEAK) | P(STREAM) | P(USE_VAD) | P(MOVE_MEMBERS))

static const struct rule {
    const char *name;
    struct cache_standing standing;
    uint64_t want;
} rules[] = {
    { "roles add up", STANDING(.everyone = P(SPEAK), .roles = P(BAN_MEMBERS)),
      P(SPEAK) | P(BAN_MEMBERS) },
    { "nothing is nothing", STANDING(.everyone = 0), 0 },
    { "the owner may all",
      { .user_id = OWNER, .owner_id = OWNER },
      CORDAGE_PERMISSIONS_ALL },
    { "an administrator may all", STANDING(.roles = P(ADMINISTRATOR)),
      CORDAGE_PERMISSIONS_ALL },
    { "administrators by @everyone too", STANDING(.everyone = P(ADMINISTRATOR)),
      CORDAGE_PERMISSIONS_ALL },
    { "no overwrite stops an administrator",
      STANDING(.roles = P(ADMINISTRATOR), IN(0),
               .for_member = { 0, CORDAGE_PERMISSIONS_ALL }),
      CORDAGE_PERMISSIONS_ALL },
    { "in the guild no channel is asked",
      STANDING(.everyone = P(KICK_MEMBERS), .for_member = { 0, P(KICK_MEMBERS) }),
      P(KICK_MEMBERS) },

    { "@everyone's overwrite denies",
      STANDING(.everyone = SENDING, IN(0), .for_everyone = { 0, P(SEND_MESSAGES) }),
      P(VIEW_CHANNEL) },
    { "and allows",
      STANDING(.everyone = P(VIEW_CHANNEL), IN(0),
               .for_everyone = { P(SEND_MESSAGES), 0 }),
      SENDING },
    { "a bit both denied and allowed is allowed",
      STANDING(.everyone = SENDING, IN(0),
               .for_roles = { P(SEND_MESSAGES), P(SEND_MESSAGES) }),
      SENDING },
    { "roles go over @everyone",
      STANDING(.everyone = SENDING, IN(0), .for_everyone = { 0, P(SEND_MESSAGES) },
               .for_roles = { P(SEND_MESSAGES), 0 }),
      SENDING },
    { "the member goes over roles",
      STANDING(.everyone = SENDING, IN(0), .for_roles = { P(SEND_MESSAGES), 0 },
               .for_member = { 0, P(SEND_MESSAGES) }),
      P(VIEW_CHANNEL) },
    { "an overwrite makes nobody an administrator",
      STANDING(.everyone = SENDING, IN(0), .for_member = { P(ADMINISTRATOR), 0 }),
      SENDING | P(ADMINISTRATOR) },

    { "who can't see can nothing",
      STANDING(.everyone = P(SEND_MESSAGES) | P(MANAGE_MESSAGES), IN(0)), 0 },
    { "in the guild that does not matter", STANDING(.everyone = P(SEND_MESSAGES)),
      P(SEND_MESSAGES) },
    { "who can't send has no extras",
      STANDING(.everyone = P(VIEW_CHANNEL) | P(ADD_REACTIONS) | EXTRAS, IN(0)),
      P(VIEW_CHANNEL) | P(ADD_REACTIONS) },
    { "who can has them", STANDING(.everyone = SENDING | EXTRAS, IN(0)),
      SENDING | EXTRAS },
    { "who can't connect can't speak", STANDING(.everyone = SENDING | SPEAKING, IN(2)),
      SENDING },
    { "nor on a stage",
      STANDING(.everyone = SENDING | P(REQUEST_TO_SPEAK) | P(STREAM), IN(13)), SENDING },
    { "who can connect can", STANDING(.everyone = SENDING | SPEAKING | P(CONNECT), IN(2)),
      SENDING | SPEAKING | P(CONNECT) },
    { "a text channel asks for no connecting",
      STANDING(.everyone = SENDING | P(USE_EMBEDDED_ACTIVITIES), IN(0)),
      SENDING | P(USE_EMBEDDED_ACTIVITIES) },

    { "threads have a sending of their own",
      STANDING(.everyone = SENDING | EXTRAS, IN(11)), P(VIEW_CHANNEL) },
    { "which stands for the other",
      STANDING(.everyone = P(VIEW_CHANNEL) | P(SEND_MESSAGES_IN_THREADS) | EXTRAS,
               IN(11)),
      SENDING | P(SEND_MESSAGES_IN_THREADS) | EXTRAS },
    { "in announcement threads too",
      STANDING(.everyone = P(VIEW_CHANNEL) | P(SEND_MESSAGES_IN_THREADS), IN(10)),
      SENDING | P(SEND_MESSAGES_IN_THREADS) },
    { "a private thread is closed", STANDING(.everyone = SENDING, IN(12)), 0 },
    { "but to its members",
      STANDING(.everyone = SENDING, IN(12), .member_of_thread = true), P(VIEW_CHANNEL) },
    { "and to who manages threads",
      STANDING(.everyone = P(VIEW_CHANNEL) | P(MANAGE_THREADS), IN(12)),
      P(VIEW_CHANNEL) | P(MANAGE_THREADS) },
    { "a member of the thread still has to see the parent",
      STANDING(.everyone = P(SEND_MESSAGES), IN(12), .member_of_thread = true), 0 },

    { "a timeout leaves reading",
      STANDING(.everyone = SENDING | P(READ_MESSAGE_HISTORY) | P(SPEAK),
               .timed_out_until_ms = NOW + 1),
      P(VIEW_CHANNEL) | P(READ_MESSAGE_HISTORY) },
    { "in a channel too",
      STANDING(.everyone = SENDING | EXTRAS, IN(0), .timed_out_until_ms = NOW + 1),
      P(VIEW_CHANNEL) },
    { "it gives nothing",
      STANDING(.everyone = SENDING & ~P(VIEW_CHANNEL), IN(0),
               .timed_out_until_ms = NOW + 1),
      0 },
    { "it ends", STANDING(.everyone = SENDING, .timed_out_until_ms = NOW), SENDING },
    { "not for administrators",
      STANDING(.roles = P(ADMINISTRATOR), .timed_out_until_ms = NOW + 1),
      CORDAGE_PERMISSIONS_ALL },
    { "not for the owner",
      { .user_id = OWNER, .owner_id = OWNER, .timed_out_until_ms = NOW + 1 },
      CORDAGE_PERMISSIONS_ALL },
    { "managing threads ends with a timeout",
      STANDING(.everyone = P(VIEW_CHANNEL) | P(MANAGE_THREADS), IN(12),
               .timed_out_until_ms = NOW + 1),
      0 },
};

TEST(every_documented_rule_holds)
{
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        uint64_t got = permissions_of(&rules[i].standing, NOW);

        if (got != rules[i].want)
            fail_msg("%s: %#" PRIx64 ", want %#" PRIx64, rules[i].name, got,
                     rules[i].want);
    }
}

TEST(membership_of_a_private_thread_counts_only_where_it_decides)
{
    struct cache_standing s = member;

    s.everyone = P(VIEW_CHANNEL);
    CHECK(!permissions_need_membership(&s, NOW)); /* the guild */
    s.channel_id = CHANNEL;
    s.channel_type = 11;
    CHECK(!permissions_need_membership(&s, NOW));
    s.channel_type = 12;
    CHECK(permissions_need_membership(&s, NOW));
    s.roles = P(MANAGE_THREADS);
    CHECK(!permissions_need_membership(&s, NOW));
    s.timed_out_until_ms = NOW + 1;
    CHECK(permissions_need_membership(&s, NOW));
    s.for_everyone.deny = P(VIEW_CHANNEL);
    CHECK(!permissions_need_membership(&s, NOW));
    s.owner_id = s.user_id;
    CHECK(!permissions_need_membership(&s, NOW));
}

/* ---- Who stands above whom ----------------------------------------------------------
 */

static struct cache_standing ranked(cordage_id user, int64_t position, cordage_id role)
{
    return (struct cache_standing){ .user_id = user,
                                    .owner_id = OWNER,
                                    .top = { position, role } };
}

TEST(the_order_of_roles_decides_who_acts_on_whom)
{
    struct cache_standing owner = ranked(OWNER, 0, EVERYONE);
    struct cache_standing high = ranked(10, 5, 500), low = ranked(11, 4, 100);
    struct cache_standing twin = ranked(12, 5, 501), plain = ranked(13, 0, EVERYONE);
    struct cache_standing plain_too = ranked(14, 0, EVERYONE);

    CHECK(permissions_outrank(&high, &low));
    CHECK(!permissions_outrank(&low, &high));
    CHECK(permissions_outrank(&high, &twin)); /* equal position: the older role */
    CHECK(!permissions_outrank(&twin, &high));
    CHECK(!permissions_outrank(&plain, &plain_too));
    CHECK(!permissions_outrank(&high, &high));
    CHECK(permissions_outrank(&owner, &high)); /* whatever roles the owner has */
    CHECK(!permissions_outrank(&high, &owner));
    CHECK(!permissions_outrank(&owner, &owner));
    high.roles = P(ADMINISTRATOR);
    CHECK(!permissions_outrank(&high, &owner));
    CHECK(!permissions_outrank(&low, &high));
}

TEST(a_role_is_in_reach_below_ones_own_highest)
{
    struct cache_standing owner = ranked(OWNER, 0, EVERYONE), high = ranked(10, 5, 500);

    CHECK(permissions_outrank_role(&high, (struct standing_rank){ 4, 400 }));
    CHECK(permissions_outrank_role(&high, (struct standing_rank){ 5, 501 }));
    CHECK(!permissions_outrank_role(&high, high.top));
    CHECK(!permissions_outrank_role(&high, (struct standing_rank){ 5, 499 }));
    CHECK(!permissions_outrank_role(&high, (struct standing_rank){ 6, 600 }));
    CHECK(permissions_outrank_role(&owner, (struct standing_rank){ 6, 600 }));
}

/* ---- Against another's count --------------------------------------------------------
 */

static struct cache_standing standing_in(const struct world *w)
{
    struct cache_standing s = { .user_id = w->user,
                                .owner_id = OWNER,
                                .everyone = w->roles[0].permissions,
                                .timed_out_until_ms = w->timed_out ? NOW + 5 : 0,
                                .channel_id = CHANNEL,
                                .channel_type = w->type,
                                .member_of_thread = w->in_thread };

    for (unsigned i = 1; i < w->n_roles; i++)
        s.roles |= w->roles[i].held ? w->roles[i].permissions : 0;
    for (unsigned i = 0; i < w->n_overwrites; i++) {
        const struct world_overwrite *o = &w->overwrites[i];
        struct standing_overwrite *into = NULL;

        if (o->of_member)
            into = o->id == w->user ? &s.for_member : NULL;
        else if (o->id == GUILD)
            into = &s.for_everyone;
        else if (w->roles[o->id - 100].held)
            into = &s.for_roles;
        if (into) {
            into->allow |= o->allow;
            into->deny |= o->deny;
        }
    }
    return s;
}

TEST(a_plain_count_after_the_documentation_comes_to_the_same)
{
    struct rng rng = rng_seeded(2026);
    unsigned everything = 0, nothing = 0;

    for (unsigned i = 0; i < 50000; i++) {
        struct world w = world_random(&rng);
        struct cache_standing s = standing_in(&w);
        uint64_t got = permissions_of(&s, NOW), want = compute_channel_permissions(&w);

        if (got != want)
            fail_msg("world %u, type %d: %#" PRIx64 ", want %#" PRIx64, i, w.type, got,
                     want);
        everything += got == CORDAGE_PERMISSIONS_ALL;
        nothing += got == 0;
    }
    CHECK(everything > 1000 && nothing > 1000 && everything + nothing < 40000);
}

RUN_TESTS(T(each_permission_has_the_published_value), T(every_documented_rule_holds),
          T(membership_of_a_private_thread_counts_only_where_it_decides),
          T(the_order_of_roles_decides_who_acts_on_whom),
          T(a_role_is_in_reach_below_ones_own_highest),
          T(a_plain_count_after_the_documentation_comes_to_the_same))
