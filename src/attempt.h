/* attempt.h - one request through its route, without a server and without a
 * journal: what `try` and recorded tests have in common.
 *
 * The request as it would come over the wire is a struct attempt_request; the
 * same code as in the gateway handles it. One thread at a time.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "arena.h"
#include "buf.h"
#include "error.h"
#include "ingest.h"
#include "notes.h"
#include "request.h"
#include "route.h"

struct attempt_request {
    struct buf body;
    char *method;
    char *target; /* path and query; scheme and host are allowed before it */
    char *script; /* @script, or NULL */
    char *route;  /* @route, or NULL */
    char *remote; /* @remote, or NULL: loopback */
    char *vars;   /* @vars as JSON, or NULL */
    char *id;     /* @id, 16 hex digits, or NULL: a new one */
    bool has_time;
    int64_t time_ns; /* @time */
    struct pairs headers;
    struct arena arena; /* of the headers */
};

void attempt_request_init(struct attempt_request *request);
void attempt_request_deinit(struct attempt_request *request);
/* Copies both; false: there are too many. */
bool attempt_request_header(struct attempt_request *request, struct text name,
                            struct text value);
/* Path and query, without scheme and host; at least "/". */
struct text attempt_request_target(const struct attempt_request *request);
struct text attempt_request_path(const struct attempt_request *request);

/* What became of it. Texts live until the next attempt_run or deinit. */
struct attempt {
    struct request request;
    struct route_match match; /* route NULL: none was found */
    struct notes notes;
    struct receipt receipt;
    struct error error; /* kind ERR_NONE: it would have been stored */
    int status;
};

void attempt_init(struct attempt *attempt);
void attempt_deinit(struct attempt *attempt);

/* True if it would have been stored. */
bool attempt_run(struct attempt *attempt, struct ingest *ingest,
                 const struct route_table *routes,
                 const struct attempt_request *made);

/* The lines that it made, in their order; nothing if it was not stored. */
bool attempt_lines(const struct attempt *attempt, const struct ingest *ingest,
                   struct buf *lines, struct error *err);
