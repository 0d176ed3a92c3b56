/* The first line is the Content-Type, the rest the body. */
#include "fuzz.h"

#include <string.h>

#include "multipart.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    /* Exactly as large as it is, so that reading one byte too far is caught. */
    char *copy = malloc(n ? n : 1);
    struct str input = { copy, n };
    struct multipart_part part;
    struct multipart m;
    size_t line, seen = 0;

    if (n)
        memcpy(copy, bytes, n);
    line = str_find(input, STR("\n"));
    if (line != SIZE_MAX) {
        struct str body = { input.p + line + 1, n - line - 1 };

        if (multipart_begin(&m, (struct str){ input.p, line }, body)) {
            while (multipart_next(&m, &part)) {
                /* Parts follow each other and lie within the body. */
                FUZZ_CHECK(part.body.n == 0 ||
                           (part.body.p >= body.p + seen &&
                            part.body.p + part.body.n <= body.p + body.n));
                if (part.body.n)
                    seen = (size_t)(part.body.p - body.p) + part.body.n;
            }
        }
    }
    free(copy);
    return 0;
}
