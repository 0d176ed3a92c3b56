#include "command_rules.h"

#include <stdio.h>

enum { PATH_MAX_BYTES = 160, NAME_MAX_CHARS = 32, TEXT_MAX_CHARS = 100 };

/* What is counted over a whole command. */
struct checking {
    struct call *c;
    int type; /* the command's */
    size_t characters;
};

static bool is_given(cordage_json v)
{
    return !json_is_absent(v) && !json_is_null(v);
}

static bool check_text(struct checking *k, cordage_json v, const char *path, size_t min,
                       size_t max)
{
    struct str text;
    size_t n;

    if (!is_given(v)) {
        if (min)
            call_form_error(k->c, path, "BASE_TYPE_REQUIRED", "This field is required");
        return min == 0;
    }
    if (!json_str(v, &text)) {
        call_form_error(k->c, path, "STRING_TYPE_CONVERT",
                        "Could not interpret value as string.");
        return false;
    }
    n = str_characters(text);
    k->characters += n;
    if (n >= min && n <= max)
        return true;
    call_form_error(k->c, path, "BASE_TYPE_BAD_LENGTH",
                    "Must be between %zu and %zu in length.", min, max);
    return false;
}

/* ^[-_'\p{L}\p{N}…]{1,32}$ in lower case; what isn't ASCII passes for a letter. */
static bool is_chat_name(struct str name)
{
    for (size_t i = 0; i < name.n; i++) {
        unsigned char c = (unsigned char)name.p[i];

        if (c < 0x80 && !(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-' &&
            c != '_' && c != '\'')
            return false;
    }
    return true;
}

static bool check_name(struct checking *k, cordage_json v, const char *path, bool is_chat)
{
    struct str name;

    if (!check_text(k, v, path, 1, NAME_MAX_CHARS))
        return false;
    if (!is_chat || (json_str(v, &name) && is_chat_name(name)))
        return true;
    call_form_error(k->c, path, "APPLICATION_COMMAND_INVALID_NAME",
                    "Command name is invalid");
    return false;
}

/* ---- Choices -------------------------------------------------------------- */

static bool check_choice_value(struct checking *k, cordage_json value, uint64_t type,
                               const char *path)
{
    double number;

    if (type == OPTION_STRING)
        return check_text(k, value, path, 1, TEXT_MAX_CHARS);
    if (json_double(value, &number))
        return true;
    call_form_error(k->c, path, "NUMBER_TYPE_COERCE", "Value is not a number.");
    return false;
}

static bool check_choices(struct checking *k, cordage_json option, uint64_t type,
                          const char *prefix)
{
    cordage_json choices = json_get(option, "choices");
    char path[PATH_MAX_BYTES];
    struct json_iter it;
    unsigned i = 0;

    if (!is_given(choices))
        return true;
    snprintf(path, sizeof path, "%.110schoices", prefix);
    if (json_count(choices) > COMMAND_OPTIONS_MAX) {
        call_form_error(k->c, path, "BASE_TYPE_BAD_LENGTH",
                        "Must be between 1 and 25 in length.");
        return false;
    }
    if (cordage_json_true(json_get(option, "autocomplete"), false) &&
        json_count(choices)) {
        call_form_error(k->c, path, "APPLICATION_COMMAND_OPTIONS_CHOICES_INVALID",
                        "Autocomplete options cannot have choices");
        return false;
    }
    for (bool more = json_first(choices, &it); more; more = json_next(&it), i++) {
        snprintf(path, sizeof path, "%.110schoices.%u.name", prefix, i);
        if (!check_text(k, json_get(it.value, "name"), path, 1, TEXT_MAX_CHARS))
            return false;
        snprintf(path, sizeof path, "%.110schoices.%u.value", prefix, i);
        if (!check_choice_value(k, json_get(it.value, "value"), type, path))
            return false;
    }
    return true;
}

/* ---- Options -------------------------------------------------------------- */

static bool check_options(struct checking *k, cordage_json owner, const char *prefix,
                          uint64_t owner_type);

static bool is_sub(uint64_t type)
{
    return type == OPTION_SUB_COMMAND || type == OPTION_GROUP;
}

/* A group holds sub-commands alone, a sub-command neither. */
static bool fits_below(uint64_t type, uint64_t owner_type)
{
    if (owner_type == OPTION_GROUP)
        return type == OPTION_SUB_COMMAND;
    return owner_type != OPTION_SUB_COMMAND || !is_sub(type);
}

static bool check_option(struct checking *k, cordage_json option, const char *prefix,
                         uint64_t owner_type)
{
    char path[PATH_MAX_BYTES];
    uint64_t type = 0;

    snprintf(path, sizeof path, "%.110stype", prefix);
    if (!json_u64(json_get(option, "type"), &type) || type < OPTION_SUB_COMMAND ||
        type > OPTION_ATTACHMENT) {
        call_form_error(k->c, path, "BASE_TYPE_CHOICES",
                        "Value must be one of {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}.");
        return false;
    }
    if (!fits_below(type, owner_type)) {
        call_form_error(k->c, path, "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID",
                        "Sub-command and sub-command group option types are mutually "
                        "exclusive to all other types");
        return false;
    }
    snprintf(path, sizeof path, "%.110sname", prefix);
    if (!check_name(k, json_get(option, "name"), path, true))
        return false;
    snprintf(path, sizeof path, "%.110sdescription", prefix);
    return check_text(k, json_get(option, "description"), path, 1, TEXT_MAX_CHARS) &&
           check_choices(k, option, type, prefix) &&
           check_options(k, option, prefix, type);
}

/* Names are used once among siblings, and what is required comes first. */
static bool check_siblings(struct checking *k, cordage_json options, unsigned i,
                           const char *prefix)
{
    cordage_json option = cordage_json_at(options, i);
    struct str name = STR(""), other = STR("");
    char path[PATH_MAX_BYTES];

    json_str(json_get(option, "name"), &name);
    for (unsigned j = 0; j < i; j++) {
        if (!json_str(json_get(cordage_json_at(options, j), "name"), &other) ||
            !str_eq(name, other))
            continue;
        snprintf(path, sizeof path, "%.110sname", prefix);
        call_form_error(k->c, path, "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS",
                        "Option name already exists");
        return false;
    }
    if (i && cordage_json_true(json_get(option, "required"), false) &&
        !cordage_json_true(json_get(cordage_json_at(options, i - 1), "required"),
                           false)) {
        snprintf(path, sizeof path, "%.110srequired", prefix);
        call_form_error(k->c, path, "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID",
                        "Required options must be placed before non-required options");
        return false;
    }
    return true;
}

static bool check_options(struct checking *k, cordage_json owner, const char *prefix,
                          uint64_t owner_type)
{
    cordage_json options = json_get(owner, "options");
    char path[PATH_MAX_BYTES];
    struct json_iter it;
    unsigned i = 0;

    if (!is_given(options))
        return true;
    snprintf(path, sizeof path, "%.110soptions", prefix);
    if (cordage_json_type_of(options) != CORDAGE_JSON_ARRAY) {
        call_form_error(k->c, path, "BASE_TYPE_BAD_TYPE",
                        "Only iterables may be used here.");
        return false;
    }
    if (json_count(options) > COMMAND_OPTIONS_MAX) {
        call_form_error(k->c, path, "BASE_TYPE_BAD_LENGTH",
                        "Must be between 1 and 25 in length.");
        return false;
    }
    for (bool more = json_first(options, &it); more; more = json_next(&it), i++) {
        snprintf(path, sizeof path, "%.110soptions.%u.", prefix, i);
        if (!check_option(k, it.value, path, owner_type) ||
            !check_siblings(k, options, i, path))
            return false;
    }
    return true;
}

/* ---- The command ---------------------------------------------------------- */

static bool check_description(struct checking *k, cordage_json v, const char *prefix,
                              bool is_change)
{
    char path[PATH_MAX_BYTES];
    struct str text;

    snprintf(path, sizeof path, "%.110sdescription", prefix);
    if (k->type == COMMAND_CHAT)
        return (is_change && !is_given(v)) || check_text(k, v, path, 1, TEXT_MAX_CHARS);
    if (!is_given(v) || (json_str(v, &text) && text.n == 0))
        return true;
    call_form_error(k->c, path, "APPLICATION_COMMAND_DESCRIPTION_INVALID",
                    "Context menu commands cannot have a description");
    return false;
}

bool command_check(struct call *c, cordage_json command, int type, const char *prefix,
                   bool is_change)
{
    struct checking k = { .c = c, .type = type };
    cordage_json name = json_get(command, "name");
    char path[PATH_MAX_BYTES];

    snprintf(path, sizeof path, "%.110sname", prefix);
    if (!(is_change && !is_given(name)) &&
        !check_name(&k, name, path, type == COMMAND_CHAT))
        return false;
    if (!check_description(&k, json_get(command, "description"), prefix, is_change) ||
        !check_options(&k, command, prefix, 0))
        return false;
    if (type != COMMAND_CHAT && json_count(json_get(command, "options"))) {
        snprintf(path, sizeof path, "%.110soptions", prefix);
        call_form_error(c, path, "APPLICATION_COMMAND_CONTEXT_MENU_OPTIONS_INVALID",
                        "Context menu commands cannot have options");
        return false;
    }
    if (k.characters <= COMMAND_TEXT_MAX)
        return true;
    call_form_error(c, *prefix ? prefix : "options", "APPLICATION_COMMAND_TOO_LARGE",
                    "Command exceeds maximum size (8000)");
    return false;
}
