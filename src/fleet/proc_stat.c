#include "proc_stat.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Fields of /proc/PID/stat, as proc(5) numbers them from 1. */
enum { STATE = 3, UTIME = 14, STIME = 15, START = 22, RSS = 24, N_FIELDS = 25 };

/* The fields behind the name, which may hold anything, blanks and brackets too: false if
 * there is no such process. */
static bool read_stat(pid_t pid, char *state, unsigned long long out[N_FIELDS])
{
    char path[64], text[1024], *at;
    ssize_t n;
    int fd;

    snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    n = read(fd, text, sizeof text - 1);
    close(fd);
    if (n <= 0)
        return false;
    text[n] = '\0';
    at = strrchr(text, ')');
    if (!at || at[1] != ' ')
        return false;
    *state = at[2];
    at += 3;
    for (int i = STATE + 1; i < N_FIELDS; i++)
        out[i] = strtoull(at, &at, 10);
    return true;
}

uint64_t proc_start(pid_t pid)
{
    unsigned long long fields[N_FIELDS];
    char state;

    if (!read_stat(pid, &state, fields) || state == 'Z' || state == 'X')
        return 0;
    return fields[START];
}

struct proc_use proc_use(pid_t pid)
{
    unsigned long long fields[N_FIELDS];
    struct proc_use use = { 0 };
    char state;

    if (read_stat(pid, &state, fields)) {
        use.rss_bytes = fields[RSS] * (unsigned long long)sysconf(_SC_PAGESIZE);
        use.cpu_ms = (fields[UTIME] + fields[STIME]) * 1000 /
                     (unsigned long long)sysconf(_SC_CLK_TCK);
    }
    return use;
}
