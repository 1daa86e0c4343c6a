/* line.h - points as line protocol, and a strict reader of it.
 *
 * The writer gives the form that every server reads the same way: tags sorted,
 * one space between the sections, a time stamp in nanoseconds always, valid
 * UTF-8, no raw newline, no leading '#'. The reader is a code path of its own:
 * it is the check for native writes, for `sink`, for the tests, and for
 * read(write(p)) = p. Reentrant.
 *
 * Format:
 * https://docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol/
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "text.h"

struct buf;
struct error;
struct point;
struct points;

/* Minutes and hours are InfluxDB 1's alone. */
enum precision {
    PRECISION_NS,
    PRECISION_US,
    PRECISION_MS,
    PRECISION_S,
    PRECISION_M,
    PRECISION_H
};

/* Nanoseconds in one unit. */
int64_t precision_ns(enum precision precision);
/* "ns us u n ms s m h" and v3's "nanosecond ... second"; false: no such unit.
 */
bool precision_read(struct text name, enum precision *precision);

/* Appends one line with its newline. A point without a time gets
 * default_time_ns. ERR_TOO_LARGE, and out unchanged, if the line is longer than
 * LIMIT_LINE_BYTES or out is full. */
bool line_append(struct buf *out, const struct point *point,
                 int64_t default_time_ns, struct error *err);

/* Reads one line (without its newline) as a point into points; blank lines and
 * comments are the caller's business. Error texts name the place:
 * "column 14: tag key without a value". Kind ERR_BAD_REQUEST. */
bool line_read(struct text line, enum precision precision,
               struct points *points, struct error *err);

/* Checks a line of ours before it is journalled: the same grammar as line_read,
 * nothing is built. *points is not needed and nothing is copied. */
bool line_check(struct text line, struct error *err);

/* Reads a whole body: lines end at an unquoted newline (CRLF too), blank lines
 * and comments are skipped. Stops at the first bad line; the text says which:
 * "line 3, column 14: ...". */
bool line_read_all(struct text body, enum precision precision,
                   struct points *points, struct error *err);
