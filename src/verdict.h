/* verdict.h - what an upstream's answer means, and its reason in one line.
 *
 * InfluxDB 1, 2 and 3 and VictoriaMetrics answer in ways of their own; here is
 * the one table that is right for all of them. Reentrant.
 */
#pragma once

#include <stddef.h>

#include "text.h"

/* What is to be done with the lines that were sent. Whoever sends a line again
 * that was written changes nothing, so what is in doubt is not written. */
enum verdict {
    /* 204, or 200 with an empty body: all are written. */
    VERDICT_ACCEPTED,
    /* All are written but those that are named, and if unnamed is not 0 others
     * too: then those that are not named go out again, in parts; what they are
     * refused for is in the answers to these. */
    VERDICT_PARTLY,
    /* Nothing is known to be written, for the sake of those that are named: the
     * others go out again without them. None named: in parts. A line that is
     * refused alone is refused for good. */
    VERDICT_REFUSED,
    /* Nothing is written: in parts. A single line is refused for good. */
    VERDICT_TOO_LARGE,
    /* The same bytes after retry_after_ns, which is not 0. */
    VERDICT_WAIT,
    /* No answer, 502, 503, 504, 429: the same bytes, later. */
    VERDICT_RETRY,
    /* 500, which may pass or not: the same bytes some times more, while an
     * empty write is taken; then in parts, as if refused. */
    VERDICT_RETRY_BOUNDED,
    /* 401, 403, 404 and the like: kept, the operator must act. */
    VERDICT_HOLD
};

/* status 0: there was no answer. *advice: what the operator can do, "" if
 * nothing is known; NULL is fine. */
enum verdict verdict_of(int status, struct text reply, const char **advice);

/* Writes "<status> from <where>: <what the reply says> (<advice>)" as one line
 * of ASCII, cut to size. With status 0 reply is why there was none. */
void verdict_reason(int status, struct text where, struct text reply,
                    char *reason, size_t size);

/* Puts stars in place of a secret, which may be NULL. To be done before a reply
 * is cut, so that no half of one remains. */
void verdict_blank(char *bytes, size_t len, const char *secret);
