/* ticket.c - see ticket.h. Groups hardly ever fail, so the usual question is
 * answered by two numbers and takes no lock. Failures are published before the
 * group is: whoever sees that it is done sees that it failed. */
#include "ticket.h"

#include <stdatomic.h>
#include <stddef.h>

enum { SHIFT = TICKET_PARTS }; /* below: the parts; above: the group */

uint64_t ticket_of(uint64_t group, uint64_t parts)
{
    return group << SHIFT | parts;
}

static uint64_t parts_of(uint64_t ticket)
{
    return ticket & ((UINT64_C(1) << SHIFT) - 1);
}

bool ticket_is_lines(uint64_t ticket)
{
    uint64_t parts = parts_of(ticket);
    return parts != 0 && parts >> LIMIT_OUTPUTS == 0;
}

void ticket_add(uint64_t tickets[TICKET_GROUPS], uint64_t ticket)
{
    size_t oldest = 0;
    for (size_t i = 0; i < TICKET_GROUPS; i++) {
        if (tickets[i] == 0 || tickets[i] >> SHIFT == ticket >> SHIFT) {
            tickets[i] |= ticket;
            return;
        }
        oldest = tickets[i] < tickets[oldest] ? i : oldest;
    }
    if (ticket > tickets[oldest])
        tickets[oldest] = ticket;
}

static void note_failed(struct tickets *tickets, uint64_t group, uint64_t parts)
{
    if (parts == 0)
        return;
    if (atomic_load(&tickets->last_failed_group) != group)
        tickets->failed_count++;
    uint64_t at = (tickets->failed_count - 1) % TICKET_FAILED_GROUPS;
    tickets->failed[at].group = group;
    tickets->failed[at].parts = parts;
    atomic_store(&tickets->last_failed_group, group);
}

void tickets_publish_lines(struct tickets *tickets, uint64_t group,
                           uint64_t failed_parts)
{
    note_failed(tickets, group, failed_parts);
    atomic_store(&tickets->done_lines_group, group);
}

void tickets_publish(struct tickets *tickets, uint64_t group,
                     uint64_t failed_parts)
{
    tickets_publish_lines(tickets, group, failed_parts);
    atomic_store(&tickets->done_group, group);
}

/* Under the lock. A group that fell off the list counts as failed: unknown is
 * safe to say, durable is not. */
static bool has_failed(const struct tickets *tickets, uint64_t group,
                       uint64_t parts)
{
    uint64_t count = tickets->failed_count;
    uint64_t listed =
        count < TICKET_FAILED_GROUPS ? count : TICKET_FAILED_GROUPS;
    for (uint64_t i = 0; i < listed; i++)
        if (tickets->failed[i].group == group)
            return (tickets->failed[i].parts & parts) != 0;
    return count > TICKET_FAILED_GROUPS
           && group < tickets->failed[count % TICKET_FAILED_GROUPS].group;
}

enum ticket_state tickets_state(struct tickets *tickets, uint64_t ticket)
{
    uint64_t group = ticket >> SHIFT;
    if (group > atomic_load(ticket_is_lines(ticket) ? &tickets->done_lines_group
                                                    : &tickets->done_group))
        return TICKET_WAITS;
    if (group > atomic_load(&tickets->last_failed_group))
        return TICKET_DURABLE;
    pthread_mutex_lock(tickets->lock);
    bool failed = has_failed(tickets, group, parts_of(ticket));
    pthread_mutex_unlock(tickets->lock);
    return failed ? TICKET_FAILED : TICKET_DURABLE;
}
