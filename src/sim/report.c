#include "report.h"

#include <stdio.h>

#include "field.h"
#include "isotime.h"
#include "mem.h"

const char *sim_rule_name(enum sim_rule rule)
{
    switch (rule) {
#define NAME(name, text) \
    case RULE_##name:    \
        return #name;
        SIM_RULES(NAME)
#undef NAME
    }
    return "UNKNOWN";
}

const char *sim_rule_text(enum sim_rule rule)
{
    switch (rule) {
#define TEXT(name, text) \
    case RULE_##name:    \
        return text;
        SIM_RULES(TEXT)
#undef TEXT
    }
    return "";
}

void report_release(struct report *r)
{
    free(r->entries);
    *r = (struct report){ 0 };
}

/* The entries double up to REPORT_RULES_MAX. NULL: full, or no memory. */
static struct report_entry *new_entry(struct report *r)
{
    bool is_at_power = (r->n_entries & (r->n_entries - 1)) == 0;

    if (r->n_entries == REPORT_RULES_MAX)
        return NULL;
    if (is_at_power) {
        size_t size = r->n_entries ? r->n_entries * 2 : 1;
        struct report_entry *bigger = realloc(r->entries, size * sizeof *bigger);

        if (!bigger)
            return NULL;
        r->entries = bigger;
    }
    return &r->entries[r->n_entries++];
}

void report_break(struct report *r, enum sim_rule rule, uint64_t wall_ms, uint64_t bot,
                  uint32_t shard_id, uint32_t shard_count, const char *detail)
{
    struct report_entry *e = new_entry(r);

    r->n_broken++;
    r->n_of[rule]++;
    if (!e)
        return;
    e->rule = rule;
    e->wall_ms = wall_ms;
    e->bot = bot;
    e->shard_id = shard_id;
    e->shard_count = shard_count;
    snprintf(e->detail, sizeof e->detail, "%s", detail ? detail : "");
}

bool report_has(const struct report *r, enum sim_rule rule)
{
    return r->n_of[rule] > 0;
}

static void write_entry(const struct report_entry *e, struct json_writer *w)
{
    json_open(w, '{');
    field_z(w, "rule", sim_rule_name(e->rule));
    field_z(w, "text", sim_rule_text(e->rule));
    json_key(w, "time");
    json_put_time(w, e->wall_ms);
    if (e->bot)
        field_id(w, "bot", e->bot);
    else
        field_null(w, "bot");
    json_key(w, "shard");
    if (e->shard_id == REPORT_NO_SHARD) {
        json_put_null(w);
    } else {
        json_open(w, '[');
        json_put_u64(w, e->shard_id);
        json_put_u64(w, e->shard_count);
        json_shut(w, ']');
    }
    field_z(w, "detail", e->detail);
    json_shut(w, '}');
}

void report_write(const struct report *r, struct json_writer *w)
{
    field_open(w, "rules_broken", '[');
    for (size_t i = 0; i < r->n_entries; i++)
        write_entry(&r->entries[i], w);
    json_shut(w, ']');
    field_u64(w, "n_rules_broken", r->n_broken);
    field_u64(w, "identifies", r->identifies);
    field_u64(w, "resumes", r->resumes);
    field_u64(w, "ready", r->ready);
    field_u64(w, "resumed", r->resumed);
    field_u64(w, "connections", r->connections);
    field_u64(w, "dispatched", r->dispatched);
    field_u64(w, "messages_created", r->messages_created);
    field_u64(w, "heartbeats", r->heartbeats);
    field_u64(w, "faults", r->faults);
}
