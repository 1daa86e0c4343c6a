/* posix_tz.h - a time zone as POSIX writes it: "CET-1CEST,M3.5.0,M10.5.0/3".
 *
 * One rule for all years, as the footer of a compiled zone file has it.
 * Reentrant.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "text.h"

/* When a change comes within a year. */
struct posix_tz_change {
    enum { POSIX_TZ_JULIAN, POSIX_TZ_DAY, POSIX_TZ_WEEKDAY } kind;
    int month;    /* 1 to 12 */
    int week;     /* 1 to 5, 5 is the last */
    int day;      /* of the week, or of the year */
    int32_t at_s; /* local time of that day, may be beyond it */
};

struct posix_tz {
    int32_t standard_s; /* to add to UTC */
    int32_t summer_s;
    bool has_summer;
    struct posix_tz_change start; /* of summer time, in standard time */
    struct posix_tz_change end;   /* of it, in summer time */
};

/* The whole text must be a rule. Dates must be given with summer time. */
bool posix_tz_parse(struct text text, struct posix_tz *tz);
/* Seconds to add to UTC at this second of UTC. */
int64_t posix_tz_offset_s(const struct posix_tz *tz, int64_t utc_s);
