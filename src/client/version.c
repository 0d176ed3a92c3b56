#include "cordage/version.h"

const char *cordage_version(void)
{
    return CORDAGE_VERSION;
}
