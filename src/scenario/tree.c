#include "tree.h"

#include <stdlib.h>
#include <yaml.h>

#include "mem.h"

struct builder {
    const char *name;
    cordage_error *error;
    yaml_parser_t yaml;
    struct node *open[TREE_DEPTH_MAX]; /* from the root to where we are */
    size_t depth, n_nodes;
    struct node *root;
    char *key; /* read, and its value is still to come; owned */
    unsigned key_line;
};

/* ---- The tree -----------------------------------------------------------------------
 */

void tree_free(struct node *node)
{
    struct node *next;

    while (node) {
        tree_free(node->first);
        next = node->next;
        free(node->text);
        free(node->key);
        free(node);
        node = next;
    }
}

static char same(char c)
{
    return c == ' ' || c == '-' ? '_' : c;
}

bool tree_key_is(const char *key, const char *name)
{
    while (*key && same(*key) == same(*name))
        key++, name++;
    return !*key && !*name;
}

const struct node *tree_get(const struct node *map, const char *key)
{
    for (const struct node *n = map->first; n; n = n->next)
        if (tree_key_is(n->key, key))
            return n;
    return NULL;
}

const char *tree_kind_name(enum tree_kind kind)
{
    return kind == TREE_VALUE  ? "one value"
           : kind == TREE_LIST ? "a list"
                               : "lines of the form `key: value`";
}

/* ---- Building it --------------------------------------------------------------------
 */

static int refuse(struct builder *b, unsigned line, const char *what)
{
    return error_set(b->error, CORDAGE_EINVAL, "%s:%u: %s", b->name, line, what);
}

static int out_of_memory(struct builder *b)
{
    return error_set(b->error, CORDAGE_ENOMEM, "%s", cordage_strerror(CORDAGE_ENOMEM));
}

static int check_key(struct builder *b, const struct node *map)
{
    const struct node *other = tree_get(map, b->key);

    if (other)
        return error_set(b->error, CORDAGE_EINVAL,
                         "%s:%u: '%.60s' stands here a second time, after line %u",
                         b->name, b->key_line, b->key, other->key_line);
    return 0;
}

/* Hangs `node` where we are; it owns it from then on, also when it fails. */
static int hang(struct builder *b, struct node *node)
{
    struct node *parent = b->depth ? b->open[b->depth - 1] : NULL;

    if (!parent) {
        b->root = node;
        return 0;
    }
    node->key = b->key;
    node->key_line = b->key_line;
    b->key = NULL;
    if (parent->last)
        parent->last->next = node;
    else
        parent->first = node;
    parent->last = node;
    parent->n++;
    return 0;
}

static int add(struct builder *b, enum tree_kind kind, unsigned line, struct node **out)
{
    struct node *node;

    if (++b->n_nodes > TREE_NODES_MAX)
        return refuse(b, line, "there is more in this file than any scenario needs");
    node = mem_zero(sizeof *node);
    if (!node)
        return out_of_memory(b);
    node->kind = kind;
    node->line = line;
    *out = node;
    return hang(b, node);
}

static int open_node(struct builder *b, enum tree_kind kind, unsigned line)
{
    struct node *node;
    int err;

    if (b->depth == TREE_DEPTH_MAX)
        return refuse(b, line, "this stands deeper than anything in a scenario does");
    err = add(b, kind, line, &node);
    if (!err)
        b->open[b->depth++] = node;
    return err;
}

static bool wants_key(const struct builder *b)
{
    return b->depth && b->open[b->depth - 1]->kind == TREE_MAP && !b->key;
}

static int take_scalar(struct builder *b, const yaml_event_t *event, unsigned line)
{
    const char *p = (const char *)event->data.scalar.value;
    struct str text = { p, event->data.scalar.length };
    struct node *node;
    int err;

    if (memchr(p, 0, text.n))
        return refuse(b, line, "there is a NUL in this");
    if (wants_key(b)) {
        b->key = mem_copy(text.p, text.n);
        b->key_line = line;
        return b->key ? check_key(b, b->open[b->depth - 1]) : out_of_memory(b);
    }
    err = add(b, TREE_VALUE, line, &node);
    if (err)
        return err;
    node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    node->text = mem_copy(text.p, text.n);
    return node->text ? 0 : out_of_memory(b);
}

/* What a file may not have. NULL: it may. */
static const char *check_event(const struct builder *b, const yaml_event_t *e)
{
    bool opens =
        e->type == YAML_MAPPING_START_EVENT || e->type == YAML_SEQUENCE_START_EVENT;

    if (e->type == YAML_ALIAS_EVENT)
        return "a scenario has no aliases (*name): write it out";
    if ((e->type == YAML_SCALAR_EVENT && e->data.scalar.anchor) ||
        (e->type == YAML_MAPPING_START_EVENT && e->data.mapping_start.anchor) ||
        (e->type == YAML_SEQUENCE_START_EVENT && e->data.sequence_start.anchor))
        return "a scenario has no anchors (&name)";
    if ((e->type == YAML_SCALAR_EVENT && e->data.scalar.tag) ||
        (e->type == YAML_MAPPING_START_EVENT && e->data.mapping_start.tag) ||
        (e->type == YAML_SEQUENCE_START_EVENT && e->data.sequence_start.tag))
        return "a scenario has no tags (!name)";
    if (opens && wants_key(b))
        return "a key is one word or a few, as in `duration: 10m`";
    if (e->type == YAML_DOCUMENT_START_EVENT && b->root)
        return "a second document begins here, which would not be read: make it one";
    return NULL;
}

static int take_event(struct builder *b, const yaml_event_t *e)
{
    unsigned line = (unsigned)e->start_mark.line + 1;
    const char *wrong = check_event(b, e);

    if (wrong)
        return refuse(b, line, wrong);
    switch (e->type) {
    case YAML_SCALAR_EVENT:
        return take_scalar(b, e, line);
    case YAML_MAPPING_START_EVENT:
        return open_node(b, TREE_MAP, line);
    case YAML_SEQUENCE_START_EVENT:
        return open_node(b, TREE_LIST, line);
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
        b->depth--;
        return 0;
    default:
        return 0;
    }
}

/* In the words of libyaml. Of a bad byte it knows the place, not the line. */
static int refuse_yaml(struct builder *b, struct str text)
{
    const yaml_parser_t *y = &b->yaml;
    unsigned line = (unsigned)y->problem_mark.line + 1;

    if (y->error == YAML_MEMORY_ERROR)
        return out_of_memory(b);
    if (y->error == YAML_READER_ERROR) {
        line = 1;
        for (size_t i = 0; i < text.n && i < y->problem_offset; i++)
            line += text.p[i] == '\n';
    }
    return error_set(b->error, CORDAGE_EINVAL, "%s:%u: this is no YAML: %s%s%s", b->name,
                     line, y->problem ? y->problem : "it cannot be read",
                     y->context ? ", " : "", y->context ? y->context : "");
}

static int build(struct builder *b, struct str text)
{
    int err = 0;

    for (bool done = false; !err && !done;) {
        yaml_event_t event;

        if (!yaml_parser_parse(&b->yaml, &event))
            return refuse_yaml(b, text);
        done = event.type == YAML_STREAM_END_EVENT;
        err = take_event(b, &event);
        yaml_event_delete(&event);
    }
    if (!err && !b->root)
        err = add(b, TREE_MAP, 1, &b->root);
    return err;
}

int tree_read(const char *name, struct str text, struct node **out, cordage_error *error)
{
    struct builder b = { .name = name, .error = error };
    int err;

    *out = NULL;
    if (text.n > TREE_BYTES_MAX)
        return error_set(error, CORDAGE_EINVAL,
                         "%s:1: a scenario has at most %d bytes: is it the right file?",
                         name, TREE_BYTES_MAX);
    if (text.n >= 3 && memcmp(text.p, "\xef\xbb\xbf", 3) == 0)
        text = (struct str){ text.p + 3, text.n - 3 }; /* a byte order mark */
    if (!yaml_parser_initialize(&b.yaml))
        return out_of_memory(&b);
    yaml_parser_set_encoding(&b.yaml, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&b.yaml, (const unsigned char *)text.p, text.n);
    err = build(&b, text);
    yaml_parser_delete(&b.yaml);
    free(b.key);
    if (err)
        tree_free(b.root);
    else
        *out = b.root;
    return err;
}
