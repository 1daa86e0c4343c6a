/* verdict.h - what an upstream's answer means, and its reason in one line.
 *
 * InfluxDB 1, 2 and 3 and VictoriaMetrics answer in ways of their own; here is
 * the one table that is right for all of them. Reentrant.
 */
#pragma once

#include <stddef.h>

#include "text.h"

enum verdict {
    VERDICT_ACCEPTED, /* 204, or 200 with an empty body */
    VERDICT_RETRY,    /* no answer, 5xx, 429: the same bytes again, later */
    VERDICT_HOLD      /* 401 403 404, 400 ...: kept, the operator must act */
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
