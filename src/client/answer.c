#include "answer.h"

#include <stdio.h>

static struct answer *answer_of(struct job *job)
{
    return CONTAINER_OF(job, struct answer, job);
}

static void tell(struct job *job, void *parser)
{
    struct answer *a = answer_of(job);
    cordage_result result = { .err = a->err, .status = a->status, .message = a->message };

    a->told = true;
    if (a->body.n && json_parse(parser, buf_str(&a->body), &result.data) < 0)
        result.data = (cordage_json){ NULL, 0 };
    a->done(a->client, &result, a->user);
}

/* Of a shard's jobs those that have not begun are dropped when stopping takes too long,
 * which is on the control loop; but an answer was promised. */
static void told(struct job *job)
{
    struct answer *a = answer_of(job);

    if (a->told) {
        a->release(a);
        return;
    }
    buf_release(&a->body);
    answer_fail(a, CORDAGE_ECLOSED, "The client has stopped.");
    client_push(a->client, &a->job);
}

void answer_init(struct answer *a, cordage_client *c, cordage_result_fn done, void *user,
                 uint64_t key, void (*release)(struct answer *a))
{
    *a = (struct answer){
        .job = { .run = tell, .release = told, .key = key },
        .client = c,
        .done = done,
        .user = user,
        .release = release,
    };
}

void answer_fail(struct answer *a, int err, const char *why)
{
    a->err = err;
    snprintf(a->message, sizeof a->message, "%s",
             why && *why ? why : cordage_strerror(err));
}

bool answer_give(struct answer *a, struct lane_group *lanes)
{
    if (!a->done) {
        a->release(a);
        return true;
    }
    if (lanes)
        return lanes_push(lanes, &a->job);
    client_push(a->client, &a->job);
    return true;
}
