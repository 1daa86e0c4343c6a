/* verdict.h - what an upstream's answer means.
 *
 * InfluxDB 1, 2 and 3 and VictoriaMetrics answer in ways of their own; here is
 * the one table that is right for all of them. One thread at a time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "refusal.h"
#include "text.h"
#include "words.h"

/* What is to be done with the lines that were sent. Whoever sends a line again
 * that was written changes nothing, so what is in doubt is not written. */
enum verdict {
    /* 204, or 200 with an empty body: all are written. */
    VERDICT_ACCEPTED,
    /* All are written but those that are named, and if unnamed is not 0 others
     * too: then all that are not named go out again, in parts; why some are
     * refused is in the answers to these. */
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
    /* 500, and 400 in words that we do not know, which may pass or not: the
     * same bytes some times more, while an empty write is taken; then in parts,
     * as if refused. */
    VERDICT_RETRY_BOUNDED,
    /* 401, 403, 404 and the like: kept, the operator must act. */
    VERDICT_HOLD
};

struct verdict_reply {
    int status;        /* 0: there was no answer */
    struct text body;  /* of the answer; status 0: why there was none */
    bool is_cut;       /* there was more of it than we read */
    bool is_packed;    /* what was sent was compressed */
    bool is_untrusted; /* status 0 for the sake of a certificate */
    struct text lines; /* what was sent, before it was compressed */
};

/* Kept from answer to answer, for its memory. */
struct verdict_ruling {
    enum verdict verdict;
    const char *advice; /* what the operator can do; "": nothing is known */
    /* What is complained of may be the compression: send it once without. */
    bool blames_packing;
    struct refusals refusals; /* the lines that are named */
    size_t unnamed; /* at least so many others are refused, that is certain */
    struct words words;
};

void verdict_init(struct verdict_ruling *ruling);
void verdict_deinit(struct verdict_ruling *ruling);
/* Total: any bytes have a verdict. The texts of reply must outlive what is read
 * from the ruling. */
void verdict_read(struct verdict_ruling *ruling,
                  const struct verdict_reply *reply);
/* An empty write that got this answer says that a real one would be taken. */
bool verdict_is_alive(const struct verdict_ruling *ruling, int status);
