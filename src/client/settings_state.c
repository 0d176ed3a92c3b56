#include "settings_state.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <unistd.h>

#include "mem.h"

enum { PATH_SIZE = 4096, ID_DIGITS = 20 };

/* ---- Whose state it is --------------------------------------------------------------
 */

/* A number that tells tokens apart and from which none can be guessed. */
static uint64_t fingerprint(struct str token)
{
    static const char label[] = "cordage token fingerprint 1";
    unsigned char bytes[sizeof label + SECRET_MAX], digest[EVP_MAX_MD_SIZE] = { 0 };
    uint64_t print = 0;

    memcpy(bytes, label, sizeof label);
    memcpy(bytes + sizeof label, token.p, token.n);
    EVP_Digest(bytes, sizeof label + token.n, digest, NULL, EVP_sha256(), NULL);
    mem_wipe(bytes, sizeof bytes);
    for (int i = 0; i < 8; i++)
        print = print << 8 | digest[i];
    return print;
}

static int digit_of(char c)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    const char *at = c ? strchr(digits, c) : NULL;

    if (at)
        return (int)(at - digits);
    if (c == '-' || c == '+')
        return 62;
    return c == '_' || c == '/' ? 63 : -1;
}

/* Base64 of a decimal number. False: it is none. */
static bool read_id(struct str head, char out[ID_DIGITS + 1])
{
    unsigned bits = 0, n_bits = 0;
    size_t n = 0;

    for (size_t i = 0; i < head.n && head.p[i] != '='; i++) {
        int digit = digit_of(head.p[i]);

        if (digit < 0)
            return false;
        bits = (bits << 6 | (unsigned)digit) & 0xffff;
        n_bits += 6;
        if (n_bits < 8)
            continue;
        n_bits -= 8;
        out[n] = (char)(bits >> n_bits & 0xff);
        if (out[n] < '0' || out[n] > '9' || n == ID_DIGITS)
            return false;
        n++;
    }
    out[n] = '\0';
    return n > 0;
}

/* The token's first part. */
static bool application(const struct settings *s, char id[ID_DIGITS + 1])
{
    struct str token = secret_reveal(&s->token);
    size_t dot = str_find(token, STR("."));

    return dot != SIZE_MAX && read_id((struct str){ token.p, dot }, id);
}

uint64_t settings_application_id(const struct settings *s)
{
    char id[ID_DIGITS + 1];

    return application(s, id) ? strtoull(id, NULL, 10) : 0;
}

void settings_application(const struct settings *s, char out[APPLICATION_TEXT])
{
    char id[ID_DIGITS + 1];

    if (application(s, id))
        snprintf(out, APPLICATION_TEXT, "%s", id);
    else
        snprintf(out, APPLICATION_TEXT, "%016" PRIx64, s->token_print);
}

/* ---- Where it is ---------------------------------------------------------------------
 */

/* A part of the shards has a folder of its own, so that the processes that run the others
 * don't stand in its way. */
static void write_part(const struct settings *s, char *out, size_t size)
{
    uint32_t last =
        s->shard_last == CORDAGE_SHARD_LAST ? s->shard_count - 1 : s->shard_last;

    out[0] = '\0';
    if (!s->shards_auto && (s->shard_first != 0 || last != s->shard_count - 1))
        snprintf(out, size, "/shards-%u-%u-of-%u", s->shard_first, last, s->shard_count);
}

/* By the XDG rules: a relative path in the variable is to be ignored. Empty: nowhere. */
static int write_default(const struct settings *s, const struct env *env, char *out)
{
    char application[APPLICATION_TEXT], part[64];
    bool xdg = env->state_home && env->state_home[0] == '/';
    const char *base = xdg ? env->state_home : env->home;

    out[0] = '\0';
    if (!base)
        return 0;
    settings_application(s, application);
    write_part(s, part, sizeof part);
    return snprintf(out, PATH_SIZE, "%s%s/cordage/%s%s", base, xdg ? "" : "/.local/state",
                    application, part);
}

/* Whole, so that it stays the same when the bot changes its directory. */
static int write_whole(const char *given, char *out, cordage_error *error)
{
    char here[PATH_SIZE];

    if (given[0] == '/')
        return snprintf(out, PATH_SIZE, "%s", given);
    if (!getcwd(here, sizeof here))
        return error_set(error, CORDAGE_EINVAL,
                         "state_dir: the current directory can't be told; use a path "
                         "that begins with /");
    return snprintf(out, PATH_SIZE, "%s/%s", here, given);
}

int settings_take_state(struct settings *s, const char *option, const struct env *env,
                        cordage_error *error)
{
    const char *given = option ? option : env->state_dir;
    char path[PATH_SIZE] = "";
    int n = 0;

    s->token_print = fingerprint(secret_reveal(&s->token));
    s->no_state = given && !*given;
    if (!given)
        n = write_default(s, env, path);
    else if (*given)
        n = write_whole(given, path, error);
    if (n < 0)
        return n;
    if (n >= PATH_SIZE)
        return error_set(error, CORDAGE_EINVAL, "state_dir: the path is too long");
    if (!path[0])
        return 0;
    s->state_dir = mem_copy(path, (size_t)n);
    return s->state_dir ? 0 : CORDAGE_ENOMEM;
}

/* ---- How long objects are kept --------------------------------------------------------
 */

const char *settings_kind_name(cordage_kind kind)
{
    static const char *const names[CORDAGE_N_KINDS] = {
#define KIND_NAME(NAME, name, policy) [CORDAGE_KIND_##NAME] = #name,
        CORDAGE_KINDS(KIND_NAME)
#undef KIND_NAME
    };

    return names[kind];
}

static cordage_policy default_policy(cordage_kind kind)
{
    switch (kind) {
#define KIND_POLICY(NAME, name, policy) \
    case CORDAGE_KIND_##NAME:           \
        return policy;
        CORDAGE_KINDS(KIND_POLICY)
#undef KIND_POLICY
    default:
        return CORDAGE_NEVER;
    }
}

const char *settings_take_policy(cordage_kind kind, cordage_policy given,
                                 cordage_policy *out)
{
    *out = given;
    switch (given.keep) {
    case CORDAGE_KEEP_DEFAULT:
        *out = default_policy(kind);
        return NULL;
    case CORDAGE_KEEP_NEVER:
    case CORDAGE_KEEP_FOREVER:
        return NULL;
    case CORDAGE_KEEP_LRU:
        return given.n ? NULL : "CORDAGE_LRU(0) keeps nothing: that is CORDAGE_NEVER";
    case CORDAGE_KEEP_TTL:
        return given.n ? NULL : "CORDAGE_TTL(0) keeps nothing: that is CORDAGE_NEVER";
    default:
        return "this is none of CORDAGE_KEEP_*";
    }
}
