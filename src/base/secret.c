#include "secret.h"

#include <sys/mman.h>

#include "error.h"
#include "mem.h"

enum { SECRET_PAGE = 4096 };

int secret_set(struct secret *s, struct str value)
{
    char *p;

    if (value.n > SECRET_MAX)
        return CORDAGE_ELIMIT;
    p = mmap(NULL, SECRET_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
             0);
    if (p == MAP_FAILED)
        return CORDAGE_ENOMEM;
    madvise(p, SECRET_PAGE, MADV_DONTDUMP);
    memcpy(p, value.p, value.n);
    secret_release(s);
    s->p = p;
    s->n = value.n;
    return 0;
}

void secret_release(struct secret *s)
{
    if (s->p) {
        mem_wipe(s->p, SECRET_PAGE);
        munmap(s->p, SECRET_PAGE);
    }
    s->p = NULL;
    s->n = 0;
}
