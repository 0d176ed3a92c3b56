#include "offline.h"

#include <curl/curl.h>
#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* The value of a string member of the one flat line that the simulator prints. */
static bool member(const char *line, const char *key, char *out, size_t size)
{
    char pattern[64];
    const char *at, *end;

    snprintf(pattern, sizeof pattern, "\"%s\":\"", key);
    at = strstr(line, pattern);
    if (!at)
        return false;
    at += strlen(pattern);
    end = strchr(at, '"');
    if (!end || (size_t)(end - at) >= size)
        return false;
    memcpy(out, at, (size_t)(end - at));
    out[end - at] = '\0';
    return true;
}

/* build/demo/demo -> build/cordage */
static bool program_path(char *out, size_t size)
{
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    char *slash;

    if (n < 0)
        return false;
    self[n] = '\0';
    for (int up = 0; up < 2; up++) {
        slash = strrchr(self, '/');
        if (!slash)
            return false;
        *slash = '\0';
    }
    return (size_t)snprintf(out, size, "%s/cordage", self) < size;
}

static void become_simulator(const struct offline *o, int out)
{
    char program[PATH_MAX];

    /* It must not outlive the demo, however the demo ends; Ctrl-C is the demo's affair.
     */
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    setpgid(0, 0);
    setenv("CORDAGE_STATE_DIR", o->directory, 1);
    dup2(out, STDOUT_FILENO);
    if (program_path(program, sizeof program))
        execl(program, "cordage", "sim", "--port", "0", "--guilds", "16", "--traffic",
              "40", "--max-concurrency", "2", "--recommended-shards", "4", "--heartbeat",
              "5000", "--json", (char *)NULL);
    fprintf(stderr, "demo: cannot start %s: %s\n", program, strerror(errno));
    _exit(127);
}

int offline_start(struct offline *o)
{
    const char *temp = getenv("TMPDIR");
    char line[2048];
    int ends[2];
    FILE *f;

    memset(o, 0, sizeof *o);
    snprintf(o->directory, sizeof o->directory, "%.170s/cordage-demo-XXXXXX",
             temp && *temp ? temp : "/tmp");
    if (!mkdtemp(o->directory) || pipe(ends)) {
        fprintf(stderr, "demo: cannot make %s: %s; set TMPDIR to a directory of yours\n",
                o->directory, strerror(errno));
        o->directory[0] = '\0';
        return -1;
    }
    o->pid = fork();
    if (o->pid == 0) {
        close(ends[0]);
        become_simulator(o, ends[1]);
    }
    close(ends[1]);
    f = fdopen(ends[0], "r");
    if (o->pid < 0 || !f || !fgets(line, sizeof line, f) ||
        !member(line, "api", o->api, sizeof o->api) ||
        !member(line, "token", o->token, sizeof o->token) ||
        !member(line, "ca_file", o->ca_file, sizeof o->ca_file)) {
        fprintf(stderr, "demo: the simulator did not start\n");
        return -1;
    }
    fclose(f);
    snprintf(o->origin, sizeof o->origin, "%.*s", (int)(strstr(o->api, "/api") - o->api),
             o->api);
    return 0;
}

static int remove_entry(const char *path, const struct stat *st, int type,
                        struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

void offline_stop(struct offline *o)
{
    if (o->pid > 0) {
        kill(o->pid, SIGTERM);
        waitpid(o->pid, NULL, 0);
    }
    if (o->directory[0])
        nftw(o->directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static size_t collect(char *bytes, size_t size, size_t n, void *user)
{
    fwrite(bytes, size, n, user);
    return size * n;
}

char *offline_ask(const struct offline *o, const char *path, const char *body)
{
    struct curl_slist *headers =
        curl_slist_append(NULL, "Content-Type: application/json");
    CURL *curl = curl_easy_init();
    char url[512], *answer = NULL;
    size_t n;
    FILE *out = open_memstream(&answer, &n);
    CURLcode code;
    long status = 0;

    snprintf(url, sizeof url, "%s%s", o->origin, path);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_CAINFO, o->ca_file);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 10L);
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, collect);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, out);
    if (body) {
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
    }
    code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_cleanup(curl);
    curl_slist_free_all(headers);
    fclose(out);
    if (code == CURLE_OK && status / 100 == 2)
        return answer;
    fprintf(stderr, "demo: %s: %s (HTTP %ld) %s\n", path, curl_easy_strerror(code),
            status, answer);
    free(answer);
    return NULL;
}
