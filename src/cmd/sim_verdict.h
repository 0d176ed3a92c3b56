/* sim_verdict.h - how a scenario came out, for people and for machines. */
#ifndef CMD_SIM_VERDICT_H
#define CMD_SIM_VERDICT_H

#include <stdio.h>

#include "scenario.h"

/* A table: each expectation, whether it held, and what there was. 0 when all held, else
 * 1. */
int sim_verdict(const struct scenario_run *r, const char *name, const struct scenario *s,
                FILE *out);
/* One line of JSON: scenario, title, passed, and of each expectation text, line, held and
 * found. */
int sim_verdict_json(const struct scenario_run *r, const char *name,
                     const struct scenario *s, FILE *out);

#endif
