/* fake_server.h - a server on a loopback port that answers from a list.
 *
 * One thread, one connection at a time. Each request is kept whole; the answers
 * are raw bytes, taken in order, the last one again and again.
 */
#pragma once

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "buf.h"
#include "unit.h"

enum { FAKE_REQUESTS = 2000 };

/* Answers that are none. */
#define FAKE_CLOSE "close"
#define FAKE_HANG "hang"
/* In front of an answer: it is sent when the head is there, and what follows of
 * the request is not read; then the connection is reset. */
#define FAKE_EARLY "early "

#define FAKE_204 "HTTP/1.1 204 No Content\r\n\r\n"

struct fake_server {
    int listener;
    int stop; /* an eventfd */
    int port;
    pthread_t thread;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t changed;
    const char *const *answers;
    size_t answer_count;
    size_t answered;
    size_t connections;
    size_t count; /* of requests */
    struct buf requests[FAKE_REQUESTS];
};

static const char *fake_next(struct fake_server *server)
{
    pthread_mutex_lock(&server->lock);
    size_t next = server->answered;
    if (next >= server->answer_count)
        next = server->answer_count - 1;
    pthread_mutex_unlock(&server->lock);
    return server->answers[next];
}

static bool fake_is_early(const char *answer)
{
    return strncmp(answer, FAKE_EARLY, strlen(FAKE_EARLY)) == 0;
}

/* Reads one request whole: by Content-Length. False: closed, or stopped. */
static bool fake_read(struct fake_server *server, int fd, struct buf *request)
{
    bool is_early = fake_is_early(fake_next(server));
    for (size_t whole = SIZE_MAX; request->len < whole;) {
        struct pollfd fds[] = {{.fd = fd, .events = POLLIN},
                               {.fd = server->stop, .events = POLLIN}};
        poll(fds, 2, -1);
        if (fds[1].revents)
            return false;
        char *to = buf_reserve(request, 64 << 10);
        ssize_t got = recv(fd, to, 64 << 10, 0);
        if (got <= 0)
            return false;
        buf_commit(request, (size_t)got);
        const char *head = buf_string(request);
        const char *end = strstr(head, "\r\n\r\n");
        const char *length = strcasestr(head, "\r\nContent-Length: ");
        if (end)
            whole =
                (size_t)(end - head) + 4
                + (length && !is_early ? strtoul(length + 18, NULL, 10) : 0);
    }
    return true;
}

static const char *fake_keep(struct fake_server *server, struct buf *request)
{
    pthread_mutex_lock(&server->lock);
    if (server->count < FAKE_REQUESTS)
        server->requests[server->count++] = *request;
    size_t next = server->answered++;
    if (next >= server->answer_count)
        next = server->answer_count - 1;
    const char *answer = server->answers[next];
    pthread_cond_broadcast(&server->changed);
    pthread_mutex_unlock(&server->lock);
    return answer;
}

static void fake_converse(struct fake_server *server, int fd)
{
    for (;;) {
        struct buf request;
        buf_init(&request, 64 << 20);
        if (!fake_read(server, fd, &request)) {
            buf_deinit(&request);
            return;
        }
        const char *answer = fake_keep(server, &request);
        if (strcmp(answer, FAKE_CLOSE) == 0)
            return;
        if (fake_is_early(answer)) {
            answer += strlen(FAKE_EARLY);
            send(fd, answer, strlen(answer), MSG_NOSIGNAL);
            return;
        }
        if (strcmp(answer, FAKE_HANG) != 0)
            send(fd, answer, strlen(answer), MSG_NOSIGNAL);
        if (strcasestr(answer, "\r\nConnection: close"))
            return;
    }
}

static void *fake_run(void *context)
{
    struct fake_server *server = context;
    for (;;) {
        struct pollfd fds[] = {{.fd = server->listener, .events = POLLIN},
                               {.fd = server->stop, .events = POLLIN}};
        poll(fds, 2, -1);
        if (fds[1].revents)
            return NULL;
        int fd = accept(server->listener, NULL, NULL);
        pthread_mutex_lock(&server->lock);
        server->connections++;
        pthread_mutex_unlock(&server->lock);
        fake_converse(server, fd);
        close(fd);
    }
}

/* port 0: any free one. */
static inline struct fake_server *
fake_start(int port, const char *const *answers, size_t count)
{
    struct fake_server *server = xcalloc(1, sizeof *server);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof address;
    int one = 1;
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(server->listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    assert_int_equal(bind(server->listener, (struct sockaddr *)&address, len),
                     0);
    assert_int_equal(listen(server->listener, 10), 0);
    getsockname(server->listener, (struct sockaddr *)&address, &len);
    server->port = ntohs(address.sin_port);
    server->stop = eventfd(0, EFD_CLOEXEC);
    server->answers = answers;
    server->answer_count = count;
    pthread_mutex_init(&server->lock, NULL);
    pthread_cond_init(&server->changed, NULL);
    pthread_create(&server->thread, NULL, fake_run, server);
    return server;
}

static inline void fake_stop(struct fake_server *server)
{
    eventfd_write(server->stop, 1);
    pthread_join(server->thread, NULL);
    close(server->listener);
    close(server->stop);
    for (size_t i = 0; i < server->count; i++)
        buf_deinit(&server->requests[i]);
    pthread_cond_destroy(&server->changed);
    pthread_mutex_destroy(&server->lock);
    free(server);
}

/* Waits until so many requests are in; fails after a minute, of which a pause
 * of the machine takes one second at most. */
static inline void fake_wait(struct fake_server *server, size_t count)
{
    int left_s = 60;
    pthread_mutex_lock(&server->lock);
    while (server->count < count && left_s > 0) {
        struct timespec end;
        clock_gettime(CLOCK_REALTIME, &end);
        end.tv_sec++;
        left_s -=
            pthread_cond_timedwait(&server->changed, &server->lock, &end) != 0;
    }
    bool is_there = server->count >= count;
    pthread_mutex_unlock(&server->lock);
    assert_true(is_there);
}

/* How many requests there were; they may be looked at from now on. */
static inline size_t fake_count(struct fake_server *server)
{
    pthread_mutex_lock(&server->lock);
    size_t count = server->count;
    pthread_mutex_unlock(&server->lock);
    return count;
}

static inline size_t fake_connections(struct fake_server *server)
{
    pthread_mutex_lock(&server->lock);
    size_t count = server->connections;
    pthread_mutex_unlock(&server->lock);
    return count;
}

/* A request as a string, head and body; the body may hold NULs. */
static inline const char *fake_head(struct fake_server *server, size_t i)
{
    assert_true(i < fake_count(server));
    return buf_string(&server->requests[i]);
}

static inline struct text fake_body(struct fake_server *server, size_t i)
{
    const char *head = fake_head(server, i);
    size_t skip = (size_t)(strstr(head, "\r\n\r\n") - head) + 4;
    return text_skip(buf_text(&server->requests[i]), skip);
}
