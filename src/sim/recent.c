#include "recent.h"

#include "error.h"
#include "mem.h"

void recent_init(struct recent *r)
{
    *r = (struct recent){ 0 };
    list_init(&r->newest_last);
}

/* FNV-1a over channel, author and nonce. Two that collide hide the older, which only
 * costs its deduplication: recent_by_nonce compares. */
static uint64_t nonce_key(uint64_t channel_id, uint64_t author_id, struct str nonce)
{
    uint64_t h = (0xcbf29ce484222325ULL ^ channel_id) * 0x100000001b3ULL ^ author_id;

    for (size_t i = 0; i < nonce.n; i++)
        h = (h ^ (unsigned char)nonce.p[i]) * 0x100000001b3ULL;
    return h;
}

static uint64_t key_of(const struct recent_message *m)
{
    return nonce_key(m->channel_id, m->author_id, str_of(m->nonce));
}

static void forget(struct recent *r, struct recent_message *m)
{
    list_remove(&m->link);
    map_remove(&r->by_id, m->id);
    if (*m->nonce && map_get(&r->by_nonce, key_of(m)) == m)
        map_remove(&r->by_nonce, key_of(m));
    r->n--;
    r->bytes -= m->n;
    for (uint32_t i = 0; i < m->n_reactions; i++)
        free(m->reactions[i].users);
    free(m->reactions);
    free(m->body);
    free(m);
}

void recent_remove(struct recent *r, struct recent_message *m)
{
    forget(r, m);
}

static char *copy_body(struct str body)
{
    char *copy = malloc(body.n + BUF_SLACK);

    if (copy) {
        memcpy(copy, body.p, body.n);
        memset(copy + body.n, 0, BUF_SLACK);
    }
    return copy;
}

int recent_rewrite(struct recent *r, struct recent_message *m, struct str body)
{
    char *copy = copy_body(body);

    if (!copy)
        return CORDAGE_ENOMEM;
    free(m->body);
    m->body = copy;
    r->bytes += body.n - m->n;
    m->n = body.n;
    return 0;
}

static struct recent_message *oldest(struct recent *r)
{
    return CONTAINER_OF(r->newest_last.next, struct recent_message, link);
}

void recent_release(struct recent *r)
{
    while (!list_is_empty(&r->newest_last))
        forget(r, oldest(r));
    map_release(&r->by_id);
    map_release(&r->by_nonce);
}

int recent_add(struct recent *r, uint64_t id, uint64_t channel_id, uint64_t author_id,
               struct str nonce, struct str body, uint64_t now)
{
    struct recent_message *m;

    while (r->n && (r->n == RECENT_MAX || r->bytes + body.n > RECENT_BYTES))
        forget(r, oldest(r));
    m = mem_zero(sizeof *m);
    if (!m)
        return CORDAGE_ENOMEM;
    m->body = copy_body(body);
    m->id = id;
    m->channel_id = channel_id;
    m->author_id = author_id;
    m->at = now;
    m->n = body.n;
    if (nonce.n && nonce.n < sizeof m->nonce)
        memcpy(m->nonce, nonce.p, nonce.n);
    if (!m->body || map_put(&r->by_id, id, m)) {
        free(m->body);
        free(m);
        return CORDAGE_ENOMEM;
    }
    list_init(&m->link);
    list_insert(&r->newest_last, &m->link);
    r->n++;
    r->bytes += m->n;
    if (*m->nonce && map_put(&r->by_nonce, key_of(m), m)) {
        forget(r, m);
        return CORDAGE_ENOMEM;
    }
    return 0;
}

struct recent_message *recent_find(const struct recent *r, uint64_t id)
{
    return map_get(&r->by_id, id);
}

const struct recent_message *recent_by_nonce(const struct recent *r, uint64_t channel_id,
                                             uint64_t author_id, struct str nonce,
                                             uint64_t now)
{
    const struct recent_message *m =
        map_get(&r->by_nonce, nonce_key(channel_id, author_id, nonce));

    if (!m || m->channel_id != channel_id || m->author_id != author_id ||
        !str_is(nonce, m->nonce) || now - m->at >= RECENT_NONCE_MS)
        return NULL;
    return m;
}

const struct recent_message *recent_older(const struct recent *r, uint64_t channel_id,
                                          const struct recent_message *m)
{
    const struct link *at = m ? m->link.prev : r->newest_last.prev;

    for (; at != &r->newest_last; at = at->prev) {
        const struct recent_message *older =
            CONTAINER_OF(at, const struct recent_message, link);

        if (older->channel_id == channel_id)
            return older;
    }
    return NULL;
}
