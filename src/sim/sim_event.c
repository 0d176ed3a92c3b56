#include "sim_model.h"

#include <stdlib.h>

struct sim_event *sim_event_new(struct sim *s, const char *name, struct str d)
{
    static const char before[] = "{\"t\":\"",
                      middle[] = "\",\"s\":", op[] = ",\"op\":0,\"d\":";
    size_t n_name = strlen(name);
    size_t n = sizeof before + n_name + sizeof middle + sizeof op + d.n + 1 - 3;
    struct sim_event *e = malloc(sizeof *e + n);
    char *p;

    if (!e)
        return NULL;
    *e = (struct sim_event){ .refs = 1, .n = n };
    p = mempcpy(e->text, before, sizeof before - 1);
    p = mempcpy(p, name, n_name);
    p = mempcpy(p, middle, sizeof middle - 1);
    e->head = (size_t)(p - e->text);
    p = mempcpy(p, op, sizeof op - 1);
    p = mempcpy(p, d.p, d.n);
    *p = '}';
    e->is_resumed = strcmp(name, "RESUMED") == 0;
    s->buffered_bytes += n;
    return e;
}

struct sim_event *sim_event_ref(struct sim_event *e)
{
    e->refs++;
    return e;
}

void sim_event_unref(struct sim *s, struct sim_event *e)
{
    if (!e || --e->refs)
        return;
    s->buffered_bytes -= e->n;
    free(e);
}
