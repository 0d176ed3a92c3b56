#include "httpd_open.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mem.h"

enum { PEM_MAX = 64 * 1024 };

/* False: it is no numeric address. */
static bool parse_address(const char *text, uint16_t port, struct sockaddr_storage *out,
                          socklen_t *n)
{
    struct sockaddr_in *in = (struct sockaddr_in *)out;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;

    memset(out, 0, sizeof *out);
    if (inet_pton(AF_INET, text, &in->sin_addr) == 1) {
        in->sin_family = AF_INET;
        in->sin_port = htons(port);
        *n = sizeof *in;
        return true;
    }
    in6->sin6_family = AF_INET6;
    in6->sin6_port = htons(port);
    *n = sizeof *in6;
    return inet_pton(AF_INET6, text, &in6->sin6_addr) == 1;
}

int httpd_open_socket(const char *address, uint16_t port, uint16_t *got_port,
                      cordage_error *error)
{
    struct sockaddr_storage at;
    socklen_t n;
    int fd, on = 1;

    if (!parse_address(address, port, &at, &n))
        return error_set(error, CORDAGE_EINVAL, "'%s' is not a numeric address", address);
    fd = socket(at.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
        bind(fd, (struct sockaddr *)&at, n) < 0 || listen(fd, SOMAXCONN) < 0 ||
        getsockname(fd, (struct sockaddr *)&at, &n) < 0) {
        error_set(error, CORDAGE_ENET, "cannot listen on %s port %u: %s", address, port,
                  strerror(errno));
        if (fd >= 0)
            close(fd);
        return CORDAGE_ENET;
    }
    /* The port is at the same place in both families. */
    *got_port = ntohs(((struct sockaddr_in *)&at)->sin_port);
    return fd;
}

/* How much was read, or -1 and errno. */
static ssize_t read_all(int fd, char *text, size_t size)
{
    size_t n = 0;

    while (n < size) {
        ssize_t got = read(fd, text + n, size - n);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        n += (size_t)got;
    }
    return (ssize_t)n;
}

char *httpd_read_pem(const char *file, cordage_error *error)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    char *text = NULL;

    if (fd >= 0)
        text = mem_zero(PEM_MAX + 1);
    if (fd >= 0 && !text) {
        error_set(error, CORDAGE_ENOMEM, "%s", cordage_strerror(CORDAGE_ENOMEM));
    } else if (fd < 0 || read_all(fd, text, PEM_MAX) < 0) {
        error_set(error, CORDAGE_EINVAL, "cannot read %s: %s", file, strerror(errno));
        httpd_wipe_pem(text);
        text = NULL;
    }
    if (fd >= 0)
        close(fd);
    return text;
}

void httpd_wipe_pem(char *text)
{
    if (text)
        mem_wipe(text, PEM_MAX);
    free(text);
}
