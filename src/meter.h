/* meter.h - how long the last syncs took.
 *
 * One owner, or under its lock. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { METER_TIMES = 256 };

struct meter {
    int64_t times_ns[METER_TIMES]; /* a ring */
    uint64_t count;                /* ever */
    bool is_judged;                /* see meter_judge */
};

void meter_add(struct meter *meter, int64_t time_ns);
/* The time that so many percent of the kept ones do not pass; 0: none is kept.
 */
int64_t meter_percentile_ns(const struct meter *meter, unsigned percent);

/* Once, when enough are known: logs that a disk whose syncs take next to
 * nothing does not flush. By whoever adds; dir is for the text. */
void meter_judge(struct meter *meter, const char *dir);
