/* control_page.h - the page at /_sim: files that are put into the program when it is
 * built. All it does is ask the control routes. */
#ifndef SIM_CONTROL_PAGE_H
#define SIM_CONTROL_PAGE_H

#include "httpd.h"

struct page_file {
    const char *path, *type; /* where it is served, its Content-Type */
    const unsigned char *bytes;
    size_t n;
};

/* Ended by a NULL path. */
extern const struct page_file control_page_files[];

/* Answers a GET or HEAD of one of the page's files. False: the request is for another. A
 * caller that is not our own (authority.h) gets 403. */
bool control_page_answer(const struct httpd_request *r, uint16_t port,
                         struct httpd_answer *out);

#endif
