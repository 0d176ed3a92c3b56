/* The plan in state.db: one row, replaced as a whole. */
#include "sql.h"
#include "store_inner.h"

static int save_plan(sqlite3 *db, void *user)
{
    const struct str *plan = user;
    struct sql q;

    sql_open(&q, db, "INSERT OR REPLACE INTO plan VALUES (0, ?)");
    sql_put_str(&q, *plan);
    sql_row(&q);
    return sql_close(&q);
}

int dir_save_plan(struct store *s, struct str plan)
{
    return database_run(&dir_store_of(s)->state, DURABLE_NOW, save_plan, &plan);
}

struct plan_load {
    struct buf *out;
    size_t before; /* it may run twice */
};

static int load_plan(sqlite3 *db, void *user)
{
    const struct plan_load *load = user;
    int found = CORDAGE_ENOTFOUND, err;
    struct sql q;

    load->out->n = load->before;
    sql_open(&q, db, "SELECT plan FROM plan WHERE id = 0");
    if (sql_row(&q))
        found = buf_append_str(load->out, sql_get_str(&q, 0));
    err = sql_close(&q);
    return err ? err : found;
}

int dir_load_plan(struct store *s, struct buf *out)
{
    struct plan_load load = { out, out->n };
    int err = database_run(&dir_store_of(s)->state, ONLY_READS, load_plan, &load);

    if (err)
        out->n = load.before;
    return err;
}
