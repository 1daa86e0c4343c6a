/* outage.h - an output that does not accept: since when and why, and who was
 * told of it.
 *
 * The log is told when it begins, when the reason changes, once a minute, and
 * when it is over. One thread at a time reports; any may ask.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct outage {
    const char *who;  /* for the log */
    int told_status;  /* of the failure that was logged last */
    int64_t begin_ns; /* monotonic; 0: there is none */
    int64_t remind_at_ns;

    pthread_mutex_t lock; /* guards the rest */
    int64_t since_ns;     /* wall time; 0: there is none */
    char reason[512];     /* of the last failure */
};

void outage_init(struct outage *outage, const char *who);
void outage_deinit(struct outage *outage);

/* Another try failed; status tells the reasons apart. wait_ns: until the next
 * one. pending_points: how many wait. */
void outage_report(struct outage *outage, int status, const char *reason,
                   int64_t wait_ns, uint64_t pending_points);
/* It is over, if there was one. */
void outage_end(struct outage *outage, uint64_t pending_points);

/* True, and *since_ns (wall time) and *reason, while there is one; else false
 * and 0 and "". reason may be NULL, or has room for sizeof outage->reason. */
bool outage_look(struct outage *outage, int64_t *since_ns, char *reason);
