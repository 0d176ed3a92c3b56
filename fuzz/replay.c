/* replay.c - a fuzz target without a fuzzer: feeds it every file of a folder, and every
 * prefix of each file, up to 4 KiB of them. Each input lies in memory of exactly its
 * size, so that a sanitizer sees a byte read too far. */
#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "fuzz.h"

enum { PREFIXES_MAX = 4096 };

static void feed(const uint8_t *bytes, size_t n)
{
    uint8_t *exact = malloc(n ? n : 1);

    if (!exact)
        abort();
    memcpy(exact, bytes, n);
    LLVMFuzzerTestOneInput(exact, n);
    free(exact);
}

/* The file's bytes, which the caller frees, or NULL. */
static uint8_t *read_file(const char *path, size_t *n)
{
    FILE *f = fopen(path, "rb");
    uint8_t *bytes = NULL;
    long size;

    if (!f)
        return NULL;
    if (fseek(f, 0, SEEK_END) == 0 && (size = ftell(f)) >= 0) {
        rewind(f);
        bytes = malloc((size_t)size + 1);
        if (bytes)
            *n = fread(bytes, 1, (size_t)size, f);
    }
    fclose(f);
    return bytes;
}

static int replay(const char *path)
{
    size_t n = 0, i;
    uint8_t *bytes = read_file(path, &n);

    if (!bytes) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return -1;
    }
    for (i = 0; i < n && i < PREFIXES_MAX; i++)
        feed(bytes, i);
    feed(bytes, n);
    free(bytes);
    return 0;
}

int main(int argc, char **argv)
{
    struct dirent *entry;
    char path[4096];
    unsigned files = 0, failed = 0;
    DIR *folder;

    folder = argc == 2 ? opendir(argv[1]) : NULL;
    if (!folder) {
        fprintf(stderr, "usage: %s FOLDER (%s)\n", argv[0], strerror(errno));
        return 2;
    }
    while ((entry = readdir(folder))) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", argv[1], entry->d_name);
        if (replay(path) < 0)
            failed++;
        files++;
    }
    closedir(folder);
    printf("%u files replayed, %u unreadable\n", files, failed);
    return files > 0 && failed == 0 ? 0 : 1;
}
