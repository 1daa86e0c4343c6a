/* caller.h - a sender over a real socket, for tests: says bytes as they are and
 * hears one answer at a time. Twenty seconds of silence fail the test.
 */
#pragma once

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <netinet/in.h>

#include "unit.h"

enum { PATIENCE_S = 300 }; /* also of a machine that stood still */

static inline int call_port(unsigned port)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval patience = {.tv_sec = PATIENCE_S};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (connect(fd, (struct sockaddr *)&at, sizeof at) == 0)
        return fd;
    close(fd);
    return -1;
}

static inline void say(int fd, const char *text)
{
    size_t len = strlen(text);
    assert_int_equal(send(fd, text, len, MSG_NOSIGNAL), (ssize_t)len);
}

static inline void say_write(int fd, const char *path, const char *headers,
                             const char *body)
{
    char request[4096];
    snprintf(request, sizeof request,
             "POST %s HTTP/1.1\r\nHost: x\r\n%sContent-Length: %zu\r\n\r\n%s",
             path, headers, strlen(body), body);
    say(fd, request);
}

/* What was heard last: one answer, head and body. */
struct heard {
    char text[16384];
    size_t len;
    const char *body;
    int status;
};

static inline size_t body_length(const char *head)
{
    const char *length = strcasestr(head, "content-length:");
    return length ? strtoul(length + 15, NULL, 10) : 0;
}

/* One answer. Status 0: the connection ended first. */
static inline struct heard *hear(int fd)
{
    static struct heard heard;
    heard = (struct heard){.len = 0};
    const char *end = NULL;
    while (heard.len + 1 < sizeof heard.text) {
        ssize_t got = recv(fd, heard.text + heard.len, 1, 0);
        if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            fail_msg("no answer in %d s after \"%s\"", PATIENCE_S, heard.text);
        if (got <= 0)
            return &heard;
        heard.len += (size_t)got;
        if (!end && heard.len >= 4
            && memcmp(heard.text + heard.len - 4, "\r\n\r\n", 4) == 0)
            end = heard.text + heard.len;
        if (end && heard.text + heard.len == end + body_length(heard.text))
            break;
    }
    heard.body = end;
    heard.status = (int)strtol(heard.text + 9, NULL, 10);
    return &heard;
}

static inline bool says(const struct heard *heard, const char *part)
{
    return strcasestr(heard->text, part) != NULL;
}

/* Nothing more comes: the other side has closed. */
static inline bool has_ended(int fd)
{
    char byte;
    ssize_t got = recv(fd, &byte, 1, 0);
    return got == 0 || (got < 0 && errno == ECONNRESET);
}

static inline bool is_silent(int fd)
{
    char byte;
    return recv(fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK) < 0
           && (errno == EAGAIN || errno == EWOULDBLOCK);
}
