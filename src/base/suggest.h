/* suggest.h - what a misspelt word was likely meant to be. */
#ifndef BASE_SUGGEST_H
#define BASE_SUGGEST_H

enum { SUGGEST_WORD_MAX = 32 }; /* longer words get no suggestion */

/* Which of `names` (NULL-terminated), within two edits; NULL: none of them. */
const char *suggest(const char *word, const char *const *names);

#endif
