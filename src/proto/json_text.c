#include "json_text.h"

/* Behind the string that begins at `at`; text.n if it has no end. */
static size_t skip_string(struct str text, size_t at)
{
    for (at++; at < text.n; at++) {
        if (text.p[at] == '\\')
            at++;
        else if (text.p[at] == '"')
            return at + 1;
    }
    return text.n;
}

static bool is_end(char c)
{
    return c == ',' || c == '}' || c == ']';
}

/* Behind the value that begins at `at`, or its blanks. */
static size_t skip_value(struct str text, size_t at)
{
    size_t depth = 0;

    while (at < text.n) {
        char c = text.p[at];

        if (depth == 0 && is_end(c))
            return at;
        if (c == '"') {
            at = skip_string(text, at);
            continue;
        }
        if (c == '{' || c == '[')
            depth++;
        else if (c == '}' || c == ']')
            depth--;
        at++;
    }
    return text.n;
}

/* The next key at or behind `at`, without its quotes; *at is behind its colon then. */
static bool next_key(struct str text, size_t *at, struct str *key)
{
    size_t begin = *at, end;

    while (begin < text.n && text.p[begin] != '"')
        begin++;
    end = skip_string(text, begin);
    if (begin + 2 > end)
        return false;
    *key = (struct str){ text.p + begin + 1, end - begin - 2 };
    while (end < text.n && text.p[end] != ':')
        end++;
    *at = end + 1;
    return end < text.n;
}

struct str json_text(struct str text, const char *key)
{
    struct str none = { "", 0 }, found;
    size_t at = 1, end;

    text = str_trim(text);
    if (text.n < 2 || text.p[0] != '{')
        return none;
    while (at < text.n && next_key(text, &at, &found)) {
        end = skip_value(text, at);
        if (str_is(found, key))
            return str_trim((struct str){ text.p + at, end - at });
        at = end;
    }
    return none;
}

struct str json_text_inside(struct str text)
{
    text = str_trim(text);
    if (text.n < 2 || (text.p[0] != '[' && text.p[0] != '{'))
        return (struct str){ "", 0 };
    return str_trim((struct str){ text.p + 1, text.n - 2 });
}
