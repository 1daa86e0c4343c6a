/* influx.h - posts a body of line protocol, and says what the answer means.
 *
 * One handle has one connection that is kept open. One thread at a time, but
 * *stopping may be set from any.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "line.h"

struct buf;
struct error;
struct influx;

enum influx_api { INFLUX_V2, INFLUX_V1, INFLUX_V3 };

/* Strings are the configuration's and outlive the handle; NULL: not given. */
struct influx_options {
    const char *url; /* "http://127.0.0.1:8086", a path in front is fine */
    enum influx_api api;
    const char *org;
    const char *bucket;
    const char *database;
    const char *retention_policy;
    const char *token; /* never logged */
    const char *user;
    const char *password;
    enum precision precision;
    bool gzip;
    int64_t timeout_ns;          /* one request, whole */
    const atomic_bool *stopping; /* set: a request under way ends at once */
};

enum verdict {
    VERDICT_ACCEPTED, /* 204, or 200 with an empty body */
    VERDICT_RETRY,    /* no answer, 5xx, 429: the same bytes again, later */
    VERDICT_HOLD      /* 401 403 404, 400 ...: kept, the operator must act */
};

struct influx_answer {
    enum verdict verdict;
    int status;             /* 0: no answer */
    int64_t retry_after_ns; /* as told and capped at 10 min; 0: not told */
    char reason[512];       /* one line, for log and /health */
};

/* ERR_CONFIG for a url that is none, or a header value with a line break. */
struct influx *influx_new(const struct influx_options *options,
                          struct error *err);
void influx_free(struct influx *influx);

/* lines: whole lines stamped in ns; the precision is applied here. Always
 * fills *answer. */
void influx_write(struct influx *influx, const struct buf *lines,
                  struct influx_answer *answer);
