/* meter.c - see meter.h. Sorting is left to whoever asks: that is seldom, and
 * commits are often. */
#include "meter.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

void meter_add(struct meter *meter, int64_t time_ns)
{
    meter->times_ns[meter->count++ % METER_TIMES] = time_ns;
}

static int compare(const void *left, const void *right)
{
    const int64_t *a = left, *b = right;
    return *a < *b ? -1 : *a > *b;
}

int64_t meter_percentile_ns(const struct meter *meter, unsigned percent)
{
    int64_t times[METER_TIMES];
    size_t count = meter->count < METER_TIMES ? meter->count : METER_TIMES;
    if (count == 0)
        return 0;
    memcpy(times, meter->times_ns, sizeof times);
    qsort(times, count, sizeof times[0], compare);
    return times[(count - 1) * percent / 100];
}
