/* moment.h - year, month, day, hour ... as read from a text, made nanoseconds.
 *
 * Every field is checked, so that no reader of times can let 30 February or a
 * time that 64 bits of nanoseconds cannot hold go by. Reentrant.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "text.h"

struct error;

struct moment {
    int year;
    int month;
    int day;
    int hour; /* 24 only as 24:00:00, the end of the day */
    int minute;
    int second; /* 60 only in the last minute of a day of UTC: a leap second */
    int billionths;
    struct text zone; /* as zone.h reads it */
};

/* source is the text that was read, for the message. ERR_BAD_REQUEST, or
 * ERR_CONFIG for a zone that there is not. */
bool moment_to_ns(const struct moment *moment, struct text source, int64_t *ns,
                  struct error *err);

/* False, and err says: cannot read "<source>" as a time: <why>. A long source
 * is cut; bytes that are not plain ASCII show as '?'. */
bool moment_fail(struct text source, const char *why, struct error *err);
