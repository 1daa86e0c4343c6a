/* meter.c - see meter.h. Sorting is left to whoever asks: that is seldom, and
 * commits are often. */
#include "meter.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "log.h"

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

void meter_judge(struct meter *meter, const char *dir)
{
    enum { ENOUGH = 64, UNLIKELY_NS = 20000 };
    if (meter->is_judged || meter->count < ENOUGH)
        return;
    meter->is_judged = true;
    int64_t usual_ns = meter_percentile_ns(meter, 50);
    if (usual_ns < UNLIKELY_NS)
        log_line(LOG_WARN, "journal",
                 "%s: a sync takes %d us; this disk probably does not flush"
                 " (tmpfs?), and a power cut would lose what was acknowledged",
                 dir, (int)(usual_ns / NS_PER_US));
}
