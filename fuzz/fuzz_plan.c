/* A plan that is read back covers its range, and is written as it was read. */
#include "fuzz.h"

#include <string.h>

#include "plan.h"

static void check_plan(const struct plan *p)
{
    uint32_t next = p->range.first;
    struct buf text = { 0 };
    struct json_doc *doc;
    struct plan back;
    cordage_json json;

    FUZZ_CHECK(shard_range_check(&p->range, NULL) == 0);
    FUZZ_CHECK(p->n_workers >= 1 && p->n_workers <= LIMIT_WORKERS);
    for (uint32_t i = 0; i < p->n_workers; i++) {
        struct shard_range part = plan_part(p, i);

        FUZZ_CHECK(part.first == next && part.last >= part.first);
        FUZZ_CHECK(plan_worker_of(p, part.first) == i);
        FUZZ_CHECK(plan_worker_of(p, part.last) == i);
        next = part.last + 1;
    }
    FUZZ_CHECK(next == p->range.last + 1);
    FUZZ_CHECK(plan_write(p, &text) == 0);
    FUZZ_CHECK(json_doc_new(buf_str(&text), &doc, &json) == 0);
    FUZZ_CHECK(plan_read(json, &back) == 0);
    FUZZ_CHECK(memcmp(p, &back, sizeof back) == 0);
    json_doc_free(doc);
    buf_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf text = { 0 };
    struct json_doc *doc;
    struct plan plan;
    cordage_json json;

    if (buf_append(&text, data, size) || !buf_zero_end(&text))
        abort();
    if (json_doc_new(buf_str(&text), &doc, &json) == 0) {
        if (plan_read(json, &plan) == 0)
            check_plan(&plan);
        json_doc_free(doc);
    }
    buf_release(&text);
    return 0;
}
