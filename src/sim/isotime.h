/* isotime.h - a moment as Discord writes it: 2017-07-11T17:27:07.299000+00:00. */
#ifndef SIM_ISOTIME_H
#define SIM_ISOTIME_H

#include "json_write.h"

void json_put_time(struct json_writer *w, uint64_t unix_ms);

#endif
