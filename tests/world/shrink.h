/* shrink.h - shrinking, whoever runs the scripts: its test does it without a world. */
#ifndef WORLD_SHRINK_H
#define WORLD_SHRINK_H

#include "world.h"

typedef void (*world_runner)(const struct world_script *s, unsigned patience_s,
                             struct world_verdict *v);

/* As world_shrink. */
void world_shrink_by(struct world_script *s, const struct world_verdict *v,
                     unsigned tries, world_runner run);

#endif
