#include "supervisor.h"

#include "error.h"

int supervisor_new(struct loop *loop, const struct supervisor_options *options,
                   struct supervisor **out, cordage_error *error)
{
    (void)loop;
    (void)options;
    *out = NULL;
    return error_set(error, CORDAGE_ESTATE, "The supervisor isn't built yet.");
}

void supervisor_stop(struct supervisor *s, bool forget)
{
    (void)s;
    (void)forget;
}

int supervisor_restart(struct supervisor *s)
{
    (void)s;
    return CORDAGE_ESTATE;
}

const struct view *supervisor_view(const struct supervisor *s)
{
    (void)s;
    return NULL;
}

int supervisor_exit(const struct supervisor *s, bool *again)
{
    (void)s;
    *again = false;
    return 1;
}

void supervisor_free(struct supervisor *s)
{
    (void)s;
}
