/* stage.h - a whole gateway in the test's own process: a journal in a folder
 * of its own, routes for native writes, the senders' door on a free port. The
 * committer is not started unless a test says so: then requests stay parked
 * until the test commits, and nothing has to be waited for by the clock.
 */
#pragma once

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "buf.h"
#include "caller.h"
#include "clock.h"
#include "error.h"
#include "file.h"
#include "journal.h"
#include "log.h"
#include "patient.h"
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
    const struct script_source *script; /* routes with script 0; or NULL */
    struct progress *progress;   /* the test's own, and outlives it; or NULL */
    struct journal_sink letters; /* where kept requests go; or zeroed */
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
                                      .sinks = &stage->letters,
                                      .sink_count =
                                          stage->letters.write ? 1 : 0,
                                      .max_bytes = 1 << 30,
                                      .min_free_bytes = 1,
                                      .fs = &stage->fs};
    if (!stage->journal && !(stage->journal = journal_open(&journal, err)))
        return false;
    if (stage->commits && !journal_start(stage->journal, err))
        return false;
    struct server_options options = {
        .listen = addresses,
        .workers = stage->workers,
        .progress = stage->progress,
        .reading = {.ingest = {.routes = stage->routes,
                               .scripts = stage->script,
                               .script_count = stage->script ? 1 : 0,
                               .outputs = {names, 1},
                               .has_letters = stage->letters.write != NULL,
                               .journal = stage->journal},
                    .trusted_proxies = stage->trusted_proxies},
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

/* Turns until so many points were ever appended; a minute at most. */
static inline void stage_wait_appended(const struct stage *stage, uint64_t n)
{
    int64_t until_ns = patient_ns() + 60 * NS_PER_S;
    while (stage_appended(stage) < n) {
        if (patient_ns() > until_ns)
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

static inline int call(const struct stage *stage)
{
    int fd = call_port(server_port(stage->server));
    assert_true(fd >= 0);
    return fd;
}
