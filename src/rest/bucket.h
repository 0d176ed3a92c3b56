/* bucket.h - one rate-limit bucket, as Discord describes it in its headers. Pure.
 *
 * Until the first answer one request at a time goes; then as many as `remaining`
 * says, until the window resets. A 429 waits as long as it says. */
#ifndef REST_BUCKET_H
#define REST_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

struct bucket {
    bool known;           /* headers have been seen */
    uint32_t limit, remaining;
    uint64_t reset_at;    /* ms; when remaining becomes limit again */
    uint64_t blocked_until;
    uint32_t under_way;
};

struct bucket_headers {
    bool present;         /* X-RateLimit-Remaining and -Reset-After were there */
    uint32_t limit, remaining;
    double reset_after_s;
};

/* Takes a place at `now` if one is free. */
bool bucket_take(struct bucket *b, uint64_t now);
/* When bucket_take is worth trying again; UINT64_MAX: after an answer. */
uint64_t bucket_free_at(const struct bucket *b, uint64_t now);
/* The answer to a request that was taken. */
void bucket_answer(struct bucket *b, const struct bucket_headers *headers, uint64_t now);
/* 429: nothing goes for `retry_after_s`. */
void bucket_limited(struct bucket *b, double retry_after_s, uint64_t now);

#endif
