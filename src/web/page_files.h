/* page_files.h - the dashboard's files, put into the program when it is built (embed.py).
 */
#ifndef WEB_PAGE_FILES_H
#define WEB_PAGE_FILES_H

#include <stddef.h>

struct page_file {
    const char *path, *type; /* where it is served, its Content-Type */
    const unsigned char *bytes;
    size_t n;
};

/* Ended by a NULL path. */
extern const struct page_file page_files[];

#endif
