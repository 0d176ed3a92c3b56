#include "store.h"

uint64_t store_mark(struct str session_id)
{
    uint64_t mark = 0xcbf29ce484222325ULL; /* FNV-1a; 0 means "none" */

    for (size_t i = 0; i < session_id.n; i++)
        mark = (mark ^ (unsigned char)session_id.p[i]) * 0x100000001b3ULL;
    return mark ? mark : 1;
}
