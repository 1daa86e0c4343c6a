/* outage.c - see outage.h. What the log is told is decided by the reporting
 * thread alone and needs no lock; what others may ask for stands under one. */
#include "outage.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "log.h"

#define REMIND_NS (60 * NS_PER_S)

void outage_init(struct outage *outage, const char *who)
{
    *outage = (struct outage){.who = who};
    pthread_mutex_init(&outage->lock, NULL);
}

void outage_deinit(struct outage *outage)
{
    pthread_mutex_destroy(&outage->lock);
}

static void publish(struct outage *outage, int64_t since_ns, const char *reason)
{
    pthread_mutex_lock(&outage->lock);
    outage->since_ns = since_ns;
    snprintf(outage->reason, sizeof outage->reason, "%s", reason);
    pthread_mutex_unlock(&outage->lock);
}

void outage_report(struct outage *outage, int status, const char *reason,
                   int64_t wait_ns, uint64_t pending_points)
{
    int64_t now_ns = clock_mono_ns();
    bool is_new = outage->begin_ns == 0;
    if (is_new)
        outage->begin_ns = now_ns;
    publish(outage, is_new ? clock_wall_ns() : outage->since_ns, reason);
    if (!is_new && status == outage->told_status
        && now_ns < outage->remind_at_ns)
        return;
    outage->told_status = status;
    outage->remind_at_ns = now_ns + REMIND_NS;
    log_line(LOG_WARN, outage->who,
             "%s; nothing is lost, points waiting: %" PRIu64
             ", next try in %.2f s",
             reason, pending_points, (double)wait_ns / NS_PER_S);
}

void outage_end(struct outage *outage, uint64_t pending_points)
{
    if (outage->begin_ns == 0)
        return;
    double lasted_s = (double)(clock_mono_ns() - outage->begin_ns) / NS_PER_S;
    outage->begin_ns = 0;
    publish(outage, 0, "");
    log_line(LOG_INFO, outage->who,
             "delivers again after %.1f s; points waiting: %" PRIu64, lasted_s,
             pending_points);
}

bool outage_look(struct outage *outage, int64_t *since_ns, char *reason)
{
    pthread_mutex_lock(&outage->lock);
    *since_ns = outage->since_ns;
    if (reason)
        memcpy(reason, outage->reason, sizeof outage->reason);
    pthread_mutex_unlock(&outage->lock);
    return *since_ns != 0;
}
