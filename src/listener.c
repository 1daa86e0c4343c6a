/* listener.c - see listener.h. */
#include "listener.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "error.h"
#include "text.h"

enum { HOST_BYTES = 256 };

static bool is_port(const char *text)
{
    unsigned port = 0;
    for (const char *c = text; *c; c++) {
        if (*c < '0' || *c > '9' || port > UINT16_MAX)
            return false;
        port = port * 10 + (unsigned)(*c - '0');
    }
    return *text && port <= UINT16_MAX;
}

/* Takes "host:port" apart; the brackets of an IPv6 address go. */
static bool split(const char *address, char host[HOST_BYTES], const char **port,
                  struct error *err)
{
    const char *colon = strrchr(address, ':');
    struct text name = {address, colon ? (size_t)(colon - address) : 0};
    if (name.len > 2 && name.at[0] == '[' && name.at[name.len - 1] == ']')
        name = (struct text){name.at + 1, name.len - 2};
    else if (name.len > 0 && memchr(name.at, ':', name.len))
        name.len = 0;
    if (name.len == 0 || name.len >= HOST_BYTES || !is_port(colon + 1))
        return fail(err, ERR_CONFIG,
                    "\"%s\" is no address to listen on: 127.0.0.1:8580 or"
                    " [::1]:8580 would be",
                    address);
    memcpy(host, name.at, name.len);
    host[name.len] = '\0';
    *port = colon + 1;
    return true;
}

static bool resolve(const char *address, struct sockaddr_storage *out,
                    socklen_t *out_len, struct error *err)
{
    char host[HOST_BYTES];
    const char *port = NULL;
    struct addrinfo *found = NULL;
    const struct addrinfo hints = {.ai_family = AF_UNSPEC,
                                   .ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    if (!split(address, host, &port, err))
        return false;
    int code = getaddrinfo(host, port, &hints, &found);
    if (code != 0)
        return fail(err, ERR_CONFIG, "listen \"%s\": %s", address,
                    gai_strerror(code));
    memcpy(out, found->ai_addr, found->ai_addrlen);
    *out_len = found->ai_addrlen;
    freeaddrinfo(found);
    return true;
}

static int bind_one(const struct sockaddr_storage *at, socklen_t len,
                    bool shares_port)
{
    int yes = 1;
    const void *address = at;
    int fd =
        socket(at->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    bool bound =
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0
        && (!shares_port
            || setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &yes, sizeof yes) == 0)
        && (at->ss_family != AF_INET6
            || setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes) == 0)
        && bind(fd, address, len) == 0 && listen(fd, SOMAXCONN) == 0;
    if (bound)
        return fd;
    int code = errno;
    close(fd);
    errno = code;
    return -1;
}

/* Whoever was bound to port 0 has one now; the others must take the same. */
static void learn_port(int fd, struct sockaddr_storage *at)
{
    socklen_t len = sizeof *at;
    void *address = at;
    getsockname(fd, address, &len);
}

static bool bind_all(struct sockaddr_storage *at, socklen_t len, int *fds,
                     unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        fds[i] = bind_one(at, len, count > 1);
        if (fds[i] >= 0) {
            learn_port(fds[i], at);
            continue;
        }
        int code = errno;
        while (i > 0)
            close(fds[--i]);
        errno = code;
        return false;
    }
    return true;
}

static bool fail_listen(struct error *err, const char *address)
{
    if (errno != EADDRINUSE)
        return fail_errno(err, "cannot listen on %s", address);
    return fail(err, ERR_IO,
                "cannot listen on %s: another process does, maybe a gateway: "
                "stop it, or choose another address",
                address);
}

bool listener_open(const char *address, int *fds, unsigned count,
                   struct error *err)
{
    struct sockaddr_storage at;
    socklen_t len = 0;
    if (!resolve(address, &at, &len, err))
        return false;
    int probe = bind_one(&at, len, false);
    if (probe < 0)
        return fail_listen(err, address);
    if (count == 1) {
        fds[0] = probe;
        return true;
    }
    learn_port(probe, &at);
    close(probe);
    return bind_all(&at, len, fds, count) || fail_listen(err, address);
}

unsigned listener_port(int fd)
{
    struct sockaddr_storage at = {.ss_family = AF_UNSPEC};
    learn_port(fd, &at);
    const void *address = &at;
    const struct sockaddr_in *v4 = address;
    const struct sockaddr_in6 *v6 = address;
    return ntohs(at.ss_family == AF_INET6 ? v6->sin6_port : v4->sin_port);
}

bool listener_connect(const char *address, int *fd, struct error *err)
{
    struct sockaddr_storage to;
    const void *address_of = &to;
    socklen_t len;
    *fd = -1;
    if (!resolve(address, &to, &len, err))
        return false;
    *fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (*fd >= 0 && connect(*fd, address_of, len) == 0)
        return true;
    fail_errno(err, "connecting to %s", address);
    if (*fd >= 0)
        close(*fd);
    return false;
}
