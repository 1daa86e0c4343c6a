/* stage.h - a whole gateway in the test's own process: a journal in a folder
 * of its own, routes for native writes, the senders' door on a free port. The
 * committer is not started unless a test says so: then requests stay parked
 * until the test commits, and nothing has to be waited for by the clock.
 */
#pragma once

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <netinet/in.h>

#include "buf.h"
#include "clock.h"
#include "error.h"
#include "file.h"
#include "journal.h"
#include "log.h"
#include "route.h"
#include "sender.h"
#include "server.h"
#include "unit.h"
#include "verify.h"

struct stage {
    char dir[64];
    struct file_system fs; /* a test may break it */
    struct route_table *routes;
    struct journal *journal;
    struct server *server;
    struct deadlines deadlines;
    unsigned workers;
    bool commits; /* by a committer thread */
    char *const *trusted_proxies;
};

static char stage_output[] = "influx";

static inline struct route *stage_route(struct stage *stage,
                                        const char *pattern)
{
    struct error err;
    struct route *route = xcalloc(1, sizeof *route);
    *route = (struct route){.pattern = xstrdup(pattern),
                            .methods = METHOD_POST | METHOD_PUT,
                            .script = -1,
                            .line_protocol = true,
                            .outputs = 1,
                            .reply_status = 204,
                            .limits = LIMITS_DEFAULT};
    if (!route_table_add(stage->routes, route, &err))
        fail_msg("%s", err.text);
    return route;
}

static inline struct verify *stage_verify(struct verify_options options)
{
    struct error err;
    struct verify *verify = verify_new(&options, &err);
    if (!verify)
        fail_msg("%s", err.text);
    return verify;
}

static inline void stage_init(struct stage *stage)
{
    static const char *const secrets[] = {"s3cret", NULL};
    static const char *const allow[] = {"10.0.0.0/8", NULL};
    *stage = (struct stage){.fs = file_real,
                            .routes = route_table_new(),
                            .deadlines = DEADLINES_DEFAULT,
                            .workers = 1};
    log_set_level(LOG_ERROR);
    snprintf(stage->dir, sizeof stage->dir, "/tmp/moonline-test-XXXXXX");
    assert_non_null(mkdtemp(stage->dir));
    stage_route(stage, "/write");
    stage_route(stage, "/api/v2/write");
    stage_route(stage, "/small")->limits.body_bytes = 1000;
    struct route *secret = stage_route(stage, "/secret");
    secret->verify = stage_verify(
        (struct verify_options){.scheme = VERIFY_BEARER, .secrets = secrets});
    stage_route(stage, "/inside")->verify =
        stage_verify((struct verify_options){.allow = allow});
}

static inline bool stage_try_start(struct stage *stage, const char *listen,
                                   struct error *err)
{
    static const char *const outputs[] = {stage_output};
    static char *names[] = {stage_output};
    char *addresses[] = {(char *)(uintptr_t)listen, NULL};
    struct journal_options journal = {.dir = stage->dir,
                                      .outputs = outputs,
                                      .output_count = 1,
                                      .max_bytes = 1 << 30,
                                      .fs = &stage->fs};
    if (!stage->journal && !(stage->journal = journal_open(&journal, err)))
        return false;
    if (stage->commits && !journal_start(stage->journal, err))
        return false;
    struct server_options options = {.listen = addresses,
                                     .workers = stage->workers,
                                     .ingest = {.routes = stage->routes,
                                                .outputs = {names, 1},
                                                .journal = stage->journal},
                                     .journal = stage->journal,
                                     .trusted_proxies = stage->trusted_proxies,
                                     .deadlines = &stage->deadlines};
    stage->server = server_start(&options, err);
    return stage->server != NULL;
}

static inline void stage_start(struct stage *stage)
{
    struct error err;
    if (!stage_try_start(stage, "127.0.0.1:0", &err))
        fail_msg("%s", err.text);
}

static inline void stage_deinit(struct stage *stage)
{
    char command[128];
    server_stop(stage->server);
    journal_close(stage->journal);
    route_table_free(stage->routes);
    snprintf(command, sizeof command, "rm -rf %s", stage->dir);
    assert_int_equal(system(command), 0);
}

static inline uint64_t stage_appended(const struct stage *stage)
{
    struct journal_status status;
    journal_status(stage->journal, &status);
    return status.appended_points;
}

/* Turns until so many points were ever appended; ten seconds at most. */
static inline void stage_wait_appended(const struct stage *stage, uint64_t n)
{
    int64_t until_ns = clock_mono_ns() + 10 * NS_PER_S;
    while (stage_appended(stage) < n) {
        if (clock_mono_ns() > until_ns)
            fail_msg("only %llu of %llu points were appended",
                     (unsigned long long)stage_appended(stage),
                     (unsigned long long)n);
        sched_yield();
    }
}

static inline void stage_commit(struct stage *stage)
{
    struct error err;
    if (!journal_commit(stage->journal, &err))
        fail_msg("%s", err.text);
}

/* ---------------------------------------------------------- a sender ---- */

static inline int call_port(unsigned port)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval patience = {.tv_sec = 20};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (connect(fd, (struct sockaddr *)&at, sizeof at) == 0)
        return fd;
    close(fd);
    return -1;
}

static inline int call(const struct stage *stage)
{
    int fd = call_port(server_port(stage->server));
    assert_true(fd >= 0);
    return fd;
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
            fail_msg("no answer in 20 s after \"%s\"", heard.text);
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
