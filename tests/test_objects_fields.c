/* Every documented field of every kind: a sample in the schema's own order comes back to
 * the letter, and no field of the schema is missing in it. */
#include "objects.h"

#include "test.h"

#define USER                                                                          \
    "\"username\":\"mira.holt\",\"discriminator\":\"4821\",\"global_name\":\"Mira\"," \
    "\"avatar\":\"a_3b1f6c0e9d8247a5b0c4d2e1f7a89365\",\"public_flags\":512,"         \
    "\"avatar_decoration_data\":{\"asset\":\"a_0e4b2a96d7c84f13a5b6c7d8e9f00112\","   \
    "\"sku_id\":\"1144058844004233369\"},\"collectibles\":{\"nameplate\":{"           \
    "\"sku_id\":\"2247558840304243\",\"asset\":\"nameplates/nameplates/twilight/\","  \
    "\"label\":\"COLLECTIBLES_NAMEPLATES_TWILIGHT_A11Y\",\"palette\":\"cobalt\"}},"   \
    "\"primary_guild\":{\"identity_guild_id\":\"820588788580356099\","                \
    "\"identity_enabled\":true,\"tag\":\"TIDE\","                                     \
    "\"badge\":\"7d1734ae5a615e82bc7a4033b98fade8\"},\"bot\":true,\"flags\":64,"      \
    "\"banner\":\"0e4b2a96d7c84f13a5b6c7d8e9f00112\",\"accent_color\":16711680,"      \
    "\"system\":true,\"mfa_enabled\":true,\"locale\":\"de\",\"verified\":true,"       \
    "\"email\":\"mira@example.org\",\"premium_type\":2"
#define NESTED_USER "{\"id\":\"309029037408387149\"," USER "}"
#define CHANNEL                                                                          \
    "{\"type\":15,\"parent_id\":\"820588792774656001\",\"permission_overwrites\":["      \
    "{\"id\":\"820588788580356099\",\"type\":1,\"allow\":\"8192\",\"deny\":\"131072\"}]" \
    ","                                                                                  \
    "\"last_message_id\":\"1534320989146710047\",\"name\":\"workshop\",\"position\":3,"  \
    "\"flags\":16,\"rate_limit_per_user\":5,\"topic\":\"Builds\","                       \
    "\"last_pin_timestamp\":\"2026-07-30T08:12:44+00:00\",\"nsfw\":true,"                \
    "\"bitrate\":96000,\"user_limit\":8,\"rtc_region\":\"rotterdam\","                   \
    "\"default_auto_archive_duration\":1440,\"owner_id\":\"1205120977076355081\","       \
    "\"thread_metadata\":{\"archived\":true,\"locked\":true,"                            \
    "\"auto_archive_duration\":60,"                                                      \
    "\"archive_timestamp\":\"2026-08-05T19:41:27.905000+00:00\","                        \
    "\"create_timestamp\":\"2026-08-05T19:41:27.905000+00:00\",\"invitable\":true},"     \
    "\"message_count\":40,\"total_message_sent\":41,\"member_count\":2,\"member\":{"     \
    "\"join_timestamp\":\"2026-08-05T19:41:27.905000+00:00\",\"flags\":1},"              \
    "\"applied_tags\":[\"5\",\"6\"],\"available_tags\":[{\"id\":\"5\",\"name\":"         \
    "\"sail\","                                                                          \
    "\"moderated\":true,\"emoji_id\":\"932629582970880021\",\"emoji_name\":null}],"      \
    "\"default_reaction_emoji\":{\"emoji_id\":null,\"emoji_name\":\"\xf0\x9f\x8c\x8a\"}" \
    ","                                                                                  \
    "\"default_sort_order\":1,\"default_forum_layout\":2,"                               \
    "\"default_tag_setting\":\"match_all\",\"default_thread_rate_limit_per_user\":10,"   \
    "\"video_quality_mode\":2,\"icon\":\"0e4b2a96d7c84f13a5b6c7d8e9f00112\","            \
    "\"application_id\":\"1010090794549510149\",\"managed\":true}"

static const char *const samples[CORDAGE_N_KINDS] = {
    [CORDAGE_KIND_GUILDS] =
        "{\"owner_id\":\"309029037408387149\",\"member_count\":2,"
        "\"name\":\"Tidewater Makers\",\"icon\":\"0e4b2a96d7c84f13a5b6c7d8e9f00112\","
        "\"splash\":\"1e4b2a96d7c84f13a5b6c7d8e9f00112\","
        "\"banner\":\"a_2e4b2a96d7c84f13a5b6c7d8e9f00112\","
        "\"discovery_splash\":\"3e4b2a96d7c84f13a5b6c7d8e9f00112\","
        "\"region\":\"deprecated\",\"afk_channel_id\":\"820588801163264003\","
        "\"afk_timeout\":900,\"verification_level\":1,"
        "\"default_message_notifications\":1,\"explicit_content_filter\":2,"
        "\"features\":[\"COMMUNITY\",\"SOMETHING_NEW\"],\"mfa_level\":1,"
        "\"premium_tier\":1,\"nsfw_level\":3,\"application_id\":\"1010090794549510149\","
        "\"system_channel_id\":\"820588796968960002\",\"system_channel_flags\":4,"
        "\"rules_channel_id\":\"820588796968960002\","
        "\"public_updates_channel_id\":\"820588796968960002\","
        "\"safety_alerts_channel_id\":\"820588796968960002\",\"max_members\":500000,"
        "\"vanity_url_code\":\"tide\",\"description\":\"We build boats.\","
        "\"premium_subscription_count\":3,\"preferred_locale\":\"en-GB\","
        "\"max_video_channel_users\":26,\"max_stage_video_channel_users\":51,"
        "\"premium_progress_bar_enabled\":true,\"incidents_data\":{"
        "\"invites_disabled_until\":\"2026-08-05T19:41:27.905000+00:00\","
        "\"dms_disabled_until\":null,\"dm_spam_detected_at\":null,"
        "\"raid_detected_at\":\"2026-08-05T19:41:27.905000+00:00\"},"
        "\"joined_at\":\"2022-09-01T16:20:00.101000+00:00\",\"large\":true,"
        "\"max_presences\":40000,\"widget_enabled\":true,"
        "\"widget_channel_id\":\"820588796968960002\"}",
    [CORDAGE_KIND_CHANNELS] = CHANNEL,
    [CORDAGE_KIND_THREADS] = CHANNEL,
    [CORDAGE_KIND_ROLES] =
        "{\"permissions\":\"2252916794666178\",\"position\":2,\"name\":\"Wardens\","
        "\"color\":3447003,\"colors\":{\"primary_color\":11127295,"
        "\"secondary_color\":16759788,\"tertiary_color\":16761760},\"hoist\":true,"
        "\"icon\":\"0e4b2a96d7c84f13a5b6c7d8e9f00112\",\"unicode_emoji\":"
        "\"\xe2\x9a\x93\","
        "\"managed\":true,\"mentionable\":true,\"flags\":1,\"tags\":{"
        "\"bot_id\":\"1010090794549510149\",\"integration_id\":\"1014932648755200008\","
        "\"premium_subscriber\":null,\"subscription_listing_id\":\"7\","
        "\"available_for_purchase\":null,\"guild_connections\":null}}",
    [CORDAGE_KIND_EMOJIS] = "{\"roles\":[\"827482492108800004\"],\"name\":\"tide_ok\","
                            "\"require_colons\":false,\"managed\":true,\"animated\":true,"
                            "\"available\":false,\"user\":" NESTED_USER "}",
    [CORDAGE_KIND_STICKERS] =
        "{\"name\":\"anchor\",\"description\":\"an anchor\",\"tags\":\"anchor\","
        "\"type\":1,\"format_type\":4,\"available\":false,\"user\":" NESTED_USER
        ",\"pack_id\":\"847199849233514549\",\"sort_value\":12}",
    [CORDAGE_KIND_MEMBERS] =
        "{\"roles\":[\"827482492108800004\",\"5\"],"
        "\"communication_disabled_until\":\"2026-08-05T19:41:27.905000+00:00\","
        "\"nick\":\"M.\",\"avatar\":\"0e4b2a96d7c84f13a5b6c7d8e9f00112\","
        "\"banner\":\"1e4b2a96d7c84f13a5b6c7d8e9f00112\","
        "\"joined_at\":\"2021-03-14T09:26:53.000000+00:00\","
        "\"premium_since\":\"2025-01-09T20:14:55.120000+00:00\",\"deaf\":true,"
        "\"mute\":true,\"flags\":11,\"pending\":true,\"avatar_decoration_data\":{"
        "\"asset\":\"a_0e4b2a96d7c84f13a5b6c7d8e9f00112\",\"sku_id\":null},"
        "\"collectibles\":{\"nameplate\":{\"sku_id\":null,\"asset\":\"a\","
        "\"label\":\"b\",\"palette\":\"rainbow\"}}}",
    [CORDAGE_KIND_USERS] = "{" USER "}",
    [CORDAGE_KIND_PRESENCES] =
        "{\"status\":\"dnd\",\"activities\":[{\"name\":\"Keelwright\",\"type\":1,"
        "\"created_at\":1785958000456,\"state\":\"In a crew\",\"emoji\":{"
        "\"name\":\"tide_ok\",\"id\":\"932629582970880021\",\"animated\":true},"
        "\"details\":\"Rigging\",\"application_id\":\"1103910215352320007\","
        "\"timestamps\":{\"start\":1785957900000,\"end\":1785958900000},\"assets\":{"
        "\"large_image\":\"1113617910988800003\",\"large_text\":\"North harbour\","
        "\"small_image\":\"mp:external/x\",\"small_text\":\"12\","
        "\"large_url\":\"https://example.org/l\",\"small_url\":\"https://example.org/s\","
        "\"invite_cover_image\":\"007\"},\"flags\":48,\"party\":{\"id\":\"crew-81\","
        "\"size\":[2,4]},\"buttons\":[\"Ask to join\"],\"status_display_type\":2,"
        "\"url\":\"https://twitch.tv/tide\",\"details_url\":\"https://example.org/d\","
        "\"state_url\":\"https://example.org/t\",\"secrets\":{\"join\":\"j\","
        "\"spectate\":\"s\",\"match\":\"m\"},\"instance\":true}],\"client_status\":{"
        "\"desktop\":\"dnd\",\"mobile\":\"online\",\"web\":\"idle\",\"vr\":\"offline\"}}",
    [CORDAGE_KIND_VOICE_STATES] =
        "{\"channel_id\":\"820588801163264003\","
        "\"session_id\":\"9c2f1e7ab04d4f6e8d35a1b7c6e0f294\",\"deaf\":true,"
        "\"mute\":true,\"self_deaf\":true,\"self_mute\":true,\"self_video\":true,"
        "\"suppress\":true,"
        "\"request_to_speak_timestamp\":\"2026-08-05T19:41:27.905000+00:00\","
        "\"self_stream\":true}",
    [CORDAGE_KIND_STAGE_INSTANCES] =
        "{\"channel_id\":\"820588801163264003\",\"topic\":\"Knots\","
        "\"privacy_level\":1,\"discoverable_disabled\":true,"
        "\"guild_scheduled_event_id\":\"1534648430972899330\"}",
    [CORDAGE_KIND_SCHEDULED_EVENTS] =
        "{\"status\":2,\"user_count\":7,\"channel_id\":\"820588801163264003\","
        "\"creator_id\":\"309029037408387149\",\"name\":\"Launch\","
        "\"description\":\"Bring ropes.\","
        "\"scheduled_start_time\":\"2026-08-08T18:00:00+00:00\","
        "\"scheduled_end_time\":\"2026-08-08T20:00:00+00:00\",\"privacy_level\":1,"
        "\"entity_type\":3,\"entity_id\":\"1534648430972899330\",\"entity_metadata\":{"
        "\"location\":\"The quay\"},\"image\":\"0e4b2a96d7c84f13a5b6c7d8e9f00112\","
        "\"recurrence_rule\":{\"start\":\"2026-08-08T18:00:00+00:00\","
        "\"end\":\"2027-08-08T18:00:00+00:00\",\"frequency\":1,\"interval\":2,"
        "\"by_weekday\":[0,6],\"by_n_weekday\":[{\"n\":2,\"day\":5}],\"by_month\":[8],"
        "\"by_month_day\":[8],\"by_year_day\":[364],\"count\":10},"
        "\"creator\":" NESTED_USER "}",
    [CORDAGE_KIND_SOUNDS] = "{\"name\":\"foghorn\",\"volume\":0.9843569397926331,"
                            "\"emoji_id\":\"932629582970880021\",\"emoji_name\":\"x\","
                            "\"available\":false,\"user\":" NESTED_USER "}",
};

/* Objects in lists have a first element with everything. */
static void expect_complete(const struct schema *schema, cordage_json object)
{
    unsigned i;

    for (i = 0; i < schema->n; i++) {
        const struct field *f = &schema->fields[i];
        cordage_json value = json_get(object, f->key);

        if (json_is_absent(value))
            fail_msg("%s: the sample has no \"%s\"", schema->name, f->key);
        if (f->type == FIELD_OBJECT)
            expect_complete(f->of, value);
        if (f->type == FIELD_OBJECTS)
            expect_complete(f->of, cordage_json_at(value, 0));
    }
}

static void expect_exact(const struct schema *schema, const char *sample)
{
    struct json_parser *parser = json_parser_new();
    struct buf text = { 0 }, record = { 0 };
    struct json_writer w;
    cordage_json object;

    CHECK_INT(buf_append_z(&text, sample), 0);
    CHECK_INT(json_parse(parser, buf_str(&text), &object), 0);
    expect_complete(schema, object);
    CHECK_INT(record_write(schema, object, &record), 0);
    buf_clear(&text);
    json_begin(&w, &text);
    json_open(&w, '{');
    CHECK_INT(record_json(schema, buf_str(&record), &w), 0);
    json_shut(&w, '}');
    CHECK_INT(json_end(&w), 0);
    CHECK_STR(buf_str(&text), sample);
    buf_release(&text);
    buf_release(&record);
    json_parser_free(parser);
}

TEST(every_documented_field_comes_back)
{
    for (unsigned kind = 0; kind < CORDAGE_N_KINDS; kind++)
        expect_exact(object_schemas[kind], samples[kind]);
}

RUN_TESTS(T(every_documented_field_comes_back))
