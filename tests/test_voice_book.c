#include "voice_book.h"

#include "test.h"

static unsigned again(struct voice_book *b)
{
    struct voice_wish *w = NULL;
    unsigned n = 0;

    while ((w = voice_book_again(b, w))) {
        voice_book_sent(b, w->guild_id, true);
        n++;
    }
    return n;
}

TEST(a_new_session_joins_again_where_the_bot_was)
{
    struct voice_book b;
    struct voice_wish *w;

    voice_book_init(&b);
    CHECK(voice_book_is_empty(&b));
    CHECK_INT(voice_book_wish(&b, 1, 10, true, false), 0);
    CHECK_INT(voice_book_wish(&b, 2, 20, false, true), 0);
    CHECK_INT(voice_book_wish(&b, 3, 30, false, false), 0);
    CHECK_INT(voice_book_wish(&b, 3, 0, false, false), 0);
    /* What has not left yet leaves on the new session anyway. */
    CHECK_INT(again(&b), 0);
    voice_book_sent(&b, 1, true);
    voice_book_sent(&b, 2, true);
    voice_book_sent(&b, 3, true);
    w = voice_book_again(&b, NULL);
    CHECK_INT(w->guild_id, 1);
    CHECK_INT(w->channel_id, 10);
    CHECK(w->mute && !w->deaf);
    w = voice_book_again(&b, w);
    CHECK_INT(w->guild_id, 2);
    CHECK(voice_book_again(&b, w) == NULL);
    voice_book_release(&b);
}

TEST(a_wish_ends_with_the_guild_or_when_it_cannot_be_sent)
{
    struct voice_book b;

    voice_book_init(&b);
    voice_book_wish(&b, 1, 10, false, false);
    voice_book_sent(&b, 1, false);
    CHECK(voice_book_is_empty(&b));
    voice_book_wish(&b, 1, 10, false, false);
    voice_book_forget(&b, 1);
    voice_book_forget(&b, 1);
    CHECK(voice_book_is_empty(&b));
    voice_book_release(&b);
}

TEST(whoever_moves_the_bot_or_throws_it_out_is_heeded)
{
    struct voice_book b;

    voice_book_init(&b);
    voice_book_wish(&b, 1, 10, false, false);
    voice_book_sent(&b, 1, true);
    voice_book_seen(&b, 1, 10);
    voice_book_seen(&b, 1, 11);
    CHECK_INT(voice_book_again(&b, NULL)->channel_id, 11);
    voice_book_sent(&b, 1, true);
    /* The old session's departure, seen by the new one. */
    voice_book_seen(&b, 1, 0);
    CHECK(!voice_book_is_empty(&b));
    voice_book_seen(&b, 1, 11);
    voice_book_seen(&b, 2, 0); /* elsewhere */
    voice_book_seen(&b, 1, 0);
    CHECK(voice_book_is_empty(&b));
    voice_book_release(&b);
}

TEST(a_departure_before_the_join_is_confirmed_is_an_earlier_one)
{
    struct voice_book b;

    voice_book_init(&b);
    voice_book_wish(&b, 1, 10, false, false);
    voice_book_sent(&b, 1, true);
    voice_book_seen(&b, 1, 10);
    voice_book_wish(&b, 1, 0, false, false);  /* leave, */
    voice_book_wish(&b, 1, 12, false, false); /* join elsewhere */
    voice_book_sent(&b, 1, true);
    voice_book_seen(&b, 1, 0); /* that was the leaving */
    CHECK_INT(again(&b), 1);
    voice_book_release(&b);
}

RUN_TESTS(T(a_new_session_joins_again_where_the_bot_was),
          T(a_wish_ends_with_the_guild_or_when_it_cannot_be_sent),
          T(whoever_moves_the_bot_or_throws_it_out_is_heeded),
          T(a_departure_before_the_join_is_confirmed_is_an_earlier_one))
