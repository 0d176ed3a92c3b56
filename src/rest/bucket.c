#include "bucket.h"

#define NO_RESET UINT64_MAX

uint64_t bucket_wait_ms(double seconds)
{
    double ms = seconds * 1000.0;

    if (!(ms > 0)) /* so that NaN ends here too */
        return BUCKET_MARGIN_MS;
    if (ms >= BUCKET_WAIT_MAX_MS)
        return BUCKET_WAIT_MAX_MS;
    return (uint64_t)ms + 1 + BUCKET_MARGIN_MS;
}

/* Begins a new window if the old one is over. What is still under way may be counted in
 * either, so it is counted in both. */
static void roll(struct bucket *b, uint64_t now)
{
    if (!b->known || now < b->reset_at)
        return;
    b->remaining = b->limit > b->under_way ? b->limit - b->under_way : 0;
    b->reset_at = NO_RESET;
}

bool bucket_take(struct bucket *b, uint64_t now)
{
    if (now < b->blocked_until)
        return false;
    roll(b, now);
    if (!b->known && b->under_way > 0)
        return false;
    if (b->known && b->remaining == 0)
        return false;
    if (b->known)
        b->remaining--;
    b->under_way++;
    return true;
}

uint64_t bucket_free_at(const struct bucket *b, uint64_t now)
{
    struct bucket then = *b;
    uint64_t at = now > b->blocked_until ? now : b->blocked_until;

    roll(&then, at);
    if (then.known ? then.remaining > 0 : then.under_way == 0)
        return at;
    if (then.known && then.reset_at != NO_RESET)
        return then.reset_at;
    return UINT64_MAX;
}

void bucket_answer(struct bucket *b, const struct bucket_headers *headers, uint64_t now)
{
    uint64_t reset_at;

    if (b->under_way > 0)
        b->under_way--;
    if (!headers->present) {
        /* A window that began with requests which were all lost has no end that an
         * answer would tell: ask again with one. */
        if (b->known && b->reset_at == NO_RESET && b->under_way == 0)
            b->known = false;
        return;
    }
    roll(b, now);
    reset_at = now + bucket_wait_ms(headers->reset_after_s);
    b->limit = headers->limit ? headers->limit : 1;
    if (!b->known) {
        b->known = true;
        b->remaining = headers->remaining;
        b->reset_at = reset_at;
        return;
    }
    if (headers->remaining < b->remaining)
        b->remaining = headers->remaining;
    /* Of two answers the later reset is the safer. */
    if (b->reset_at == NO_RESET || reset_at > b->reset_at)
        b->reset_at = reset_at;
}

void bucket_limited(struct bucket *b, double retry_after_s, uint64_t now)
{
    uint64_t until = now + bucket_wait_ms(retry_after_s);

    if (until > b->blocked_until)
        b->blocked_until = until;
}
