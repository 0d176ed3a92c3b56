/* Any log is read to its end, and the findings are within their bounds. */
#include "fuzz.h"

#include <string.h>

#include "check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct check c = { .from_start = size && data[0] == '!' };
    const char *at = (const char *)data, *end = at + size;
    cordage_error error;

    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *stop = newline ? newline : end;
        int err = check_line(&c, (struct str){ at, (size_t)(stop - at) }, &error);

        FUZZ_CHECK(err == 0 || err == CORDAGE_EPARSE);
        at = stop + 1;
    }
    FUZZ_CHECK(check_finish(&c) == 0);
    FUZZ_CHECK(c.n_findings <= CHECK_FINDINGS_MAX);
    FUZZ_CHECK(c.messages <= c.lines);
    check_release(&c);
    return 0;
}
