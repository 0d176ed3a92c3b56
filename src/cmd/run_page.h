/* run_page.h - the listener of `cordage run`: page, metrics, health. */
#ifndef CMD_RUN_PAGE_H
#define CMD_RUN_PAGE_H

#include "fleet_settings.h"
#include "web.h"

/* *out is NULL when it is off, or when nobody asked for it and no port of ten is free, of
 * which the log hears. CORDAGE_EINVAL, _ENET, _ENOMEM with a sentence. */
int run_page_open(struct loop *loop, const struct fleet_settings *settings,
                  const struct log *log, const struct view *(*view)(void *user),
                  void *user, struct web **out, cordage_error *error);

#endif
