#include "loop_mark.h"

static _Thread_local bool marked;

void loop_mark(bool is_loop)
{
    marked = is_loop;
}

bool loop_is_marked(void)
{
    return marked;
}
