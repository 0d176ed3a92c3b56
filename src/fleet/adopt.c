/* The plan in the store: how the shards are divided, and which processes run them, so
 * that a successor knows whom to wait for.
 *
 *     {"plan": {...}, "generations": [3, 3], "processes": [
 *         {"worker": 0, "generation": 3, "pid": 4711, "ticks": 123, "started_at": 17...,
 *          "first": 0, "last": 15, "count": 32}, ...]}
 *
 * A process is who it was if its pid began at the same tick of the kernel's clock. The
 * older of a worker's two stands first. */
#include <stdio.h>
#include <unistd.h>

#include "json_write.h"
#include "proc_stat.h"
#include "supervisor_inner.h"

/* ---- Keeping ---- */

static void put(struct json_writer *w, const char *key, uint64_t n)
{
    json_key(w, key);
    json_put_u64(w, n);
}

static void put_process(struct json_writer *w, const struct process *p)
{
    json_open(w, '{');
    put(w, "worker", p->index);
    put(w, "generation", p->generation);
    put(w, "pid", (uint64_t)child_pid(p->child));
    put(w, "ticks", p->ticks);
    put(w, "started_at", p->started_at);
    put(w, "first", p->part.first);
    put(w, "last", p->part.last);
    put(w, "count", p->part.count);
    json_shut(w, '}');
}

static int put_all(struct supervisor *s, struct str plan, struct buf *out)
{
    struct json_writer w;

    json_begin(&w, out);
    json_open(&w, '{');
    json_key(&w, "plan");
    json_put_raw(&w, plan);
    json_key(&w, "generations");
    json_open(&w, '[');
    for (uint32_t i = 0; i < s->n_workers; i++)
        json_put_u64(&w, s->workers[i].generation);
    json_shut(&w, ']');
    json_key(&w, "processes");
    json_open(&w, '[');
    for (struct link *at = s->processes.next; at != &s->processes; at = at->next)
        put_process(&w, CONTAINER_OF(at, struct process, on_fleet));
    json_shut(&w, ']');
    json_shut(&w, '}');
    return json_end(&w);
}

void plan_keep(struct supervisor *s)
{
    struct buf plan = { 0 }, all = { 0 };

    if (!plan_write(&s->plan, &plan) && !put_all(s, buf_str(&plan), &all) &&
        !store_save_plan(s->store, buf_str(&all)))
        s->is_plan_unsaved = false;
    buf_release(&plan);
    buf_release(&all);
}

/* ---- Recalling ---- */

struct past {
    uint32_t worker, generation;
    struct shard_range part;
    int64_t pid;
    uint64_t ticks, started_at;
};

static bool get(cordage_json object, const char *key, uint64_t most, uint64_t *out)
{
    return json_u64(json_get(object, key), out) && *out <= most;
}

static bool read_past(cordage_json v, struct past *out)
{
    uint64_t worker, generation, pid, first, last, count;

    if (!get(v, "worker", LIMIT_WORKERS, &worker) ||
        !get(v, "generation", UINT32_MAX, &generation) ||
        !get(v, "pid", INT32_MAX, &pid) || !get(v, "ticks", UINT64_MAX, &out->ticks) ||
        !get(v, "started_at", UINT64_MAX, &out->started_at) ||
        !get(v, "first", LIMIT_SHARDS, &first) || !get(v, "last", LIMIT_SHARDS, &last) ||
        !get(v, "count", LIMIT_SHARDS, &count))
        return false;
    out->worker = (uint32_t)worker;
    out->generation = (uint32_t)generation;
    out->pid = (int64_t)pid;
    out->part = (struct shard_range){ (uint32_t)first, (uint32_t)last, (uint32_t)count };
    return pid > 0 && shard_range_check(&out->part, NULL) == 0;
}

/* The store's text, parsed; *doc is to be freed. */
static bool load(struct supervisor *s, struct json_doc **doc, cordage_json *out)
{
    struct buf text = { 0 };
    int err = store_load_plan(s->store, &text);

    *doc = NULL;
    if (!err)
        err = json_doc_new(buf_str(&text), doc, out);
    buf_release(&text);
    return !err;
}

bool plan_recall(struct supervisor *s, struct plan *last)
{
    struct json_doc *doc;
    cordage_json root;
    bool has = load(s, &doc, &root) && plan_read(json_get(root, "plan"), last) == 0;

    json_doc_free(doc);
    return has;
}

/* Its output's FIFO is nobody's any more. */
static void sweep(struct supervisor *s, const struct past *past)
{
    char path[4096];

    snprintf(path, sizeof path, "%s/out-%u-%u", s->options.state_dir, past->worker,
             past->generation);
    unlink(path);
}

static bool is_part(const struct fleet_worker *w, const struct past *past)
{
    return w->part.first == past->part.first && w->part.last == past->part.last &&
           w->part.count == past->part.count;
}

static void adopt(struct supervisor *s, const struct past *past)
{
    struct fleet_worker *w =
        past->worker < s->n_workers ? &s->workers[past->worker] : NULL;
    struct process *p;

    if (w && w->generation < past->generation)
        w->generation = past->generation;
    if (proc_start((pid_t)past->pid) != past->ticks || !past->ticks) {
        sweep(s, past);
        return;
    }
    if (w && !is_part(w, past))
        w = NULL;
    if (process_adopt(s, w, past->worker, past->generation, &past->part, (pid_t)past->pid,
                      past->started_at, &p))
        return;
    /* Between looking and holding it the pid could have become another's. */
    if (p->ticks != past->ticks)
        process_let_go(p);
    else if (w && !w->current)
        w->current = p;
}

void plan_adopt(struct supervisor *s)
{
    struct json_doc *doc;
    struct json_iter it;
    struct past past;
    cordage_json root;
    uint64_t generation;
    uint32_t i = 0;

    if (load(s, &doc, &root)) {
        for (bool more = json_first(json_get(root, "generations"), &it);
             more && i < s->n_workers; more = json_next(&it), i++)
            if (json_u64(it.value, &generation) && generation < UINT32_MAX)
                s->workers[i].generation = (uint32_t)generation;
        for (bool more = json_first(json_get(root, "processes"), &it); more;
             more = json_next(&it))
            if (read_past(it.value, &past))
                adopt(s, &past);
    }
    json_doc_free(doc);
}
