/* ticket.h - what became of the groups that were committed.
 *
 * A ticket is the number of a group and the set of its parts (outputs first,
 * sinks above them) that a request went to. Groups end in order, first all
 * lines of a group, then what rides with them: who put in only lines need not
 * wait for the rest. Of groups that failed a short list is kept. One owner
 * writes, under its lock; tickets_state may be asked by any thread at any time.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "ceilings.h"

enum ticket_state {
    TICKET_WAITS,
    TICKET_DURABLE,
    TICKET_FAILED /* unknown whether it is on disk; answer 503 */
};

enum { TICKET_PARTS = LIMIT_OUTPUTS + LIMIT_SINKS };

/* Far more than can fail while a sender waits its 5 s. */
enum { TICKET_FAILED_GROUPS = 64 };

struct tickets {
    _Atomic uint64_t done_group;       /* and all before it */
    _Atomic uint64_t done_lines_group; /* never behind done_group */
    _Atomic uint64_t last_failed_group;
    pthread_mutex_t *lock; /* guards the rest */
    struct {
        uint64_t group;
        uint64_t parts;             /* a set of bits */
    } failed[TICKET_FAILED_GROUPS]; /* a ring */
    uint64_t failed_count;          /* ever */
};

/* Groups that are not done: the one being committed, and the open one. */
enum { TICKET_GROUPS = 2 };

uint64_t ticket_of(uint64_t group, uint64_t parts);
/* Of outputs only: it is done with the lines of its group. */
bool ticket_is_lines(uint64_t ticket);
/* The lines of a group are done; failed_parts is the set that failed so far.
 * Under the lock. */
void tickets_publish_lines(struct tickets *tickets, uint64_t group,
                           uint64_t failed_parts);
/* The whole group is; so of its lines more need not be said. Under the lock. */
void tickets_publish(struct tickets *tickets, uint64_t group,
                     uint64_t failed_parts);
/* Adds one to those of the newest groups; 0 in there: none yet. */
void ticket_add(uint64_t tickets[TICKET_GROUPS], uint64_t ticket);
enum ticket_state tickets_state(struct tickets *tickets, uint64_t ticket);
