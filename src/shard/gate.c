#include "gate.h"

void gate_free(struct gate *g)
{
    if (g)
        g->ops->free(g);
}

void gate_proven(struct gate *g)
{
    g->ops->proven(g);
}

void gate_ask(struct gate *g, struct gate_place *p, uint32_t shard_id,
              uint32_t shard_count, bool resuming)
{
    g->ops->ask(g, p, shard_id, shard_count, resuming);
}

void gate_dialled(struct gate *g, struct gate_place *p)
{
    g->ops->dialled(g, p);
}

void gate_ready(struct gate *g, struct gate_place *p)
{
    g->ops->ready(g, p);
}

void gate_sent(struct gate *g, struct gate_place *p)
{
    g->ops->sent(g, p);
}

void gate_cancel(struct gate *g, struct gate_place *p)
{
    g->ops->cancel(g, p);
}
