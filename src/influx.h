/* influx.h - posts a body of line protocol, and says what the answer means.
 *
 * One handle has one connection that is kept open and one request in flight;
 * who wants several takes several handles. One thread at a time, but *stopping
 * may be set from any.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "influx_options.h"
#include "refusal.h"
#include "text.h"
#include "verdict.h"

struct error;
struct influx;

/* What came of one write. refusals belong to the handle and hold until its next
 * write or probe. */
struct influx_answer {
    enum verdict verdict;
    int status;             /* 0: no answer */
    int64_t retry_after_ns; /* as told and capped at 10 min; 0: not told */
    char reason[512];       /* one line, for log, /health and dead letters */
    char request_id[64];    /* the server's, "" if it gave none */
    const struct refusal *refusals; /* by line, each line once */
    size_t refusal_count;
    size_t unnamed; /* at least so many others are refused, that is certain */
};

/* ERR_CONFIG for a url that is none, for a missing bucket or database, or for a
 * value with a control byte in it. Nothing is sent yet. */
struct influx *influx_new(const struct influx_options *options,
                          struct error *err);
void influx_free(struct influx *influx);
/* After a burst: frees what the next small write does not need. */
void influx_trim(struct influx *influx);

/* lines: whole lines stamped in ns; the precision is applied here. Always
 * fills *answer. A body whose compression is refused goes out again as it is,
 * before this returns. */
void influx_write(struct influx *influx, struct text lines,
                  struct influx_answer *answer);

/* From any thread: the token or password may be another by now. One that came
 * from a file is read again before the next write, as it is after a 401. */
void influx_secret_changed(struct influx *influx);

/* Writes nothing, to learn whether a write would be taken now: the server is
 * there, knows the place, and the token is good. At most 1 s. */
bool influx_probe(struct influx *influx);

/* The version of libcurl in use. */
const char *influx_library(void);
