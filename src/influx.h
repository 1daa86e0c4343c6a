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
#include "text.h"
#include "verdict.h"

struct error;
struct influx;

enum influx_api { INFLUX_V2, INFLUX_V1, INFLUX_V3 };

/* Strings are the configuration's and outlive the handle; NULL: not given. */
struct influx_options {
    const char *url; /* "http://127.0.0.1:8086", a path behind it is fine */
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
    int64_t timeout_ns;          /* one request, whole; 0: 30 s */
    const atomic_bool *stopping; /* set: a request under way ends at once */
};

struct influx_answer {
    enum verdict verdict;
    int status;             /* 0: no answer */
    int64_t retry_after_ns; /* as told and capped at 10 min; 0: not told */
    char reason[512];       /* one line, for log and /health */
};

/* ERR_CONFIG for a url that is none, for a missing bucket or database, or for a
 * value with a control byte in it. Nothing is sent yet. */
struct influx *influx_new(const struct influx_options *options,
                          struct error *err);
void influx_free(struct influx *influx);

/* lines: whole lines stamped in ns; the precision is applied here. Always
 * fills *answer. */
void influx_write(struct influx *influx, struct text lines,
                  struct influx_answer *answer);

/* Writes nothing, to learn whether a write would be taken now: the server is
 * there, knows the place, and the token is good. At most 1 s. */
bool influx_probe(struct influx *influx);

/* The version of libcurl in use. */
const char *influx_library(void);
