/* fake_view.h - a fleet that never was, for those who show one. */
#ifndef FAKE_VIEW_H
#define FAKE_VIEW_H

#include "view.h"

/* `shards` of them on 4 workers at Unix ms `now`: some in each state, two generations of
 * worker 3, an hour of points, decisions. The same for the same arguments. view_free it.
 */
struct view *fake_view(uint32_t shards, uint64_t now);
/* All shards ready, all workers at work. */
void fake_view_heal(struct view *v);
/* A shard loses its session, or has it back. */
void fake_view_lose(struct view *v, uint32_t shard);
void fake_view_find(struct view *v, uint32_t shard);

#endif
