/* answer.h - what a sender is told, as a response of libmicrohttpd.
 *
 * One status per kind of error, one shape of error per API spoken. Reentrant.
 */
#pragma once

#include <stdbool.h>

#include "text.h"

struct MHD_Connection;
struct arena;
struct error;

/* The texts must live until the request is completed. */
struct answer {
    unsigned status;
    struct text body;
    struct text type;      /* of the body, may be empty */
    const char *id;        /* X-Request-Id */
    const char *challenge; /* WWW-Authenticate, or NULL */
    unsigned allowed;      /* methods for Allow, or 0 */
    bool is_influx;        /* X-Influxdb-Version and -Build, for /ping */
    bool closes;           /* the connection ends with it */
};

/* The status that an error is answered with: its own, or its kind's. */
unsigned answer_status(const struct error *err);

/* status, body and type of *answer from an error, in the shape of the v2 API,
 * or of v1 for those who write to /write. The body lives in arena. */
void answer_from_error(struct answer *answer, const struct error *err,
                       bool is_v1, struct arena *arena);

/* False: the connection has to be dropped. A 503 gets its Retry-After. */
bool answer_queue(struct MHD_Connection *connection,
                  const struct answer *answer);

/* The version of libmicrohttpd in use. */
const char *answer_library(void);
