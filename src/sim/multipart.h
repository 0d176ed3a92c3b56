/* multipart.h - taking a multipart/form-data body apart, in place.
 *
 *     struct multipart m;
 *     struct multipart_part part;
 *     if (multipart_begin(&m, content_type, body))
 *         while (multipart_next(&m, &part))
 *             ...
 *     if (!m.complete) -> malformed
 *
 * Pure; allocates nothing; everything is borrowed from the body and the header. */
#ifndef SIM_MULTIPART_H
#define SIM_MULTIPART_H

#include "str.h"

struct multipart {
    struct str rest;   /* begins at a boundary */
    char boundary[72]; /* with "--" in front; the standard allows 70 behind it */
    size_t boundary_n;
    bool complete; /* the closing boundary was reached */
};

struct multipart_part {
    struct str name, filename; /* without quotes; filename empty: not a file */
    struct str content_type;   /* or empty */
    struct str body;
};

/* False when the header has no usable boundary, or the body doesn't begin with it. */
bool multipart_begin(struct multipart *m, struct str content_type, struct str body);
/* False at the end, or where the body is malformed: `complete` tells. */
bool multipart_next(struct multipart *m, struct multipart_part *out);

#endif
