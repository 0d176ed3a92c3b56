/* bucket.h - one rate-limit bucket, as Discord describes it in its headers. Pure.
 *
 * Until the first answer one request at a time goes; then as many as `remaining`
 * says, until the window resets. A 429 waits as long as it says.
 *
 * There is one bucket per method, route template and major parameter. Discord lets
 * several routes share a bucket, which X-RateLimit-Bucket would tell; such routes each
 * have a bucket here, and every answer corrects each one's count downwards. The worst
 * that comes of it is a 429 now and then, which is waited out. */
#ifndef REST_BUCKET_H
#define REST_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

enum {
    BUCKET_MARGIN_MS = 50,                /* added to what Discord says, for rounding */
    BUCKET_WAIT_MAX_MS = 24 * 3600 * 1000 /* longer waits are not believed */
};

struct bucket {
    bool known;             /* headers have been seen */
    uint32_t limit;         /* requests in a window */
    uint32_t remaining;     /* that may still leave in this one */
    uint64_t reset_at;      /* ms; when remaining becomes limit again. UINT64_MAX: the
                               window began with a request that has no answer yet */
    uint64_t blocked_until; /* by a 429 */
    uint32_t under_way;
};

struct bucket_headers {
    bool present; /* X-RateLimit-Limit, -Remaining and -Reset-After were there */
    uint32_t limit, remaining;
    double reset_after_s;
};

/* Takes a place at `now` if one is free. */
bool bucket_take(struct bucket *b, uint64_t now);
/* When bucket_take is worth trying again; UINT64_MAX: after an answer. */
uint64_t bucket_free_at(const struct bucket *b, uint64_t now);
/* The answer to a request that was taken; without headers also its loss. Within a window
 * the count only falls: answers may overtake each other. */
void bucket_answer(struct bucket *b, const struct bucket_headers *headers, uint64_t now);
/* 429: nothing goes for `retry_after_s`. */
void bucket_limited(struct bucket *b, double retry_after_s, uint64_t now);

/* Seconds that a peer told us, as ms with the margin: at least 0, at most a day, also for
 * what is no number. */
uint64_t bucket_wait_ms(double seconds);

#endif
