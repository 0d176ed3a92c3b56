/* simprog.h - `cordage sim` as a program under test: started, asked over HTTPS, ended. */
#ifndef SIMPROG_H
#define SIMPROG_H

#include <curl/curl.h>

#include "buf.h"
#include "json.h"
#include "program.h"

enum { SIMPROG_PATIENCE_S = 60 };

struct running {
    struct program program;
    char api[256], origin[256], token[256], ca_file[512];
};

static inline void copy_member(cordage_json from, const char *key, char *to, size_t size)
{
    struct str value = { "", 0 };

    CHECK(json_str(json_get(from, key), &value));
    CHECK(value.n < size);
    snprintf(to, size, "%.*s", STR_FMT(value));
}

/* Starts it with --json and --port 0 before `args`, and reads its line. */
static inline void start(struct running *r, const char *const *args)
{
    const char *all[PROGRAM_ARGS] = { "sim", "--json", "--port", "0" };
    struct json_parser *parser = json_parser_new();
    struct buf text = { 0 };
    cordage_json line;
    char bytes[4096];
    int n = 4;

    while (*args)
        all[n++] = *args++;
    all[n] = NULL;
    program_start(&r->program, all);
    if (!program_line(&r->program, bytes, sizeof bytes)) {
        program_end(&r->program);
        fail_msg("no line came; it said: %s", r->program.err_text);
    }
    CHECK_INT(buf_append_z(&text, bytes), 0);
    CHECK_INT(json_parse(parser, buf_str(&text), &line), 0);
    copy_member(line, "api", r->api, sizeof r->api);
    copy_member(line, "token", r->token, sizeof r->token);
    copy_member(line, "ca_file", r->ca_file, sizeof r->ca_file);
    CHECK(!json_is_absent(json_get(line, "gateway")));
    CHECK(!json_is_absent(json_get(line, "resume")));
    CHECK(!json_is_absent(json_get(line, "report")));
    CHECK(str_ends(str_of(r->api), STR("/api/v10")));
    snprintf(r->origin, sizeof r->origin, "%.*s", (int)strlen(r->api) - 8, r->api);
    buf_release(&text);
    json_parser_free(parser);
}

static inline int stop(struct running *r)
{
    kill(r->program.pid, SIGTERM);
    return program_end(&r->program);
}

static inline size_t on_bytes(char *p, size_t size, size_t n, void *user)
{
    return buf_append(user, p, size * n) ? 0 : size * n;
}

/* A request with our CA; `post` NULL: a GET. `header` may be NULL. The status. */
static inline long ask(struct running *r, const char *path, const char *post,
                       const char *header, struct buf *body)
{
    struct curl_slist *headers = header ? curl_slist_append(NULL, header) : NULL;
    CURL *curl = curl_easy_init();
    struct buf dropped = { 0 };
    char url[512];
    long status = 0;
    CURLcode result;

    snprintf(url, sizeof url, "%s%s", r->origin, path);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_CAINFO, r->ca_file);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)SIMPROG_PATIENCE_S);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_bytes);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, body ? body : &dropped);
    if (post)
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, post);
    result = curl_easy_perform(curl);
    if (result != CURLE_OK)
        fail_msg("%s: %s", url, curl_easy_strerror(result));
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_cleanup(curl);
    curl_slist_free_all(headers);
    buf_release(&dropped);
    return status;
}

static inline long ask_as_bot(struct running *r, const char *path, struct buf *body)
{
    char header[300];

    snprintf(header, sizeof header, "Authorization: Bot %s", r->token);
    return ask(r, path, NULL, header, body);
}

#endif
