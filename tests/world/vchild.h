/* vchild.h - the children of a supervisor on the machine: child.h, proc_stat.h and
 * executable.h, without a kernel.
 *
 * What is started is a process of the machine with the environment it is given, and
 * nothing else; a descriptor of the token is its own. Two programs can lie at the path: a
 * good one, and one that ends at once. [outside] */
#ifndef WORLD_VCHILD_H
#define WORLD_VCHILD_H

#include <stdbool.h>

/* What the good program runs, and what every process of it gets. No children; after
 * machine_boot. */
void vchild_open(int (*program)(void *arg), void *arg);
/* After the machine's processes have ended. */
void vchild_close(void);
/* What lies at the path from now on. */
void vchild_replace(bool fails);

#endif
