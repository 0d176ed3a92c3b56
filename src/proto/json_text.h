/* json_text.h - the text of a value inside a document, as it stands there. Pure.
 *
 * A parsed document gives views, not text. Where a value is only to be passed on, its
 * bytes are taken as they are, which loses nothing and costs no allocation. */
#ifndef PROTO_JSON_TEXT_H
#define PROTO_JSON_TEXT_H

#include "str.h"

/* The text of the member `key` (plain ASCII, nothing in it that would be escaped) of the
 * object `text`, which json_parse has accepted: the first one, borrowed from `text`.
 * Empty when there is none, when `text` is no object, or the key is written with escapes.
 * Of what was not accepted it may return nonsense, but from inside `text`. */
struct str json_text(struct str text, const char *key);

/* What stands between the brackets of an array or object, without blanks around it; empty
 * for an empty one, and for anything else. */
struct str json_text_inside(struct str text);

#endif
