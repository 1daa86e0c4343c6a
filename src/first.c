/* first.c - see first.h.
 *
 * An entry that store.add made has a mark until its request has a ticket, that
 * ticket until its sender is answered, and then nothing: so whoever meets it
 * knows whether to wait. What has a mark may come to nothing yet (its script
 * goes on, in another worker), and there is nothing to wait for: 503.
 *
 * What can go wrong: no memory for the names. Then nobody would forget them
 * after a failure, and a double does not wait.
 */
#include "first.h"

#include <string.h>

#include "arena.h"
#include "error.h"
#include "journal.h"
#include "request.h"
#include "script_call.h"
#include "store.h"

bool first_look(struct firsts *firsts, const struct script_call *call,
                struct journal *journal, struct error *err)
{
    for (size_t i = 0; i < TICKET_GROUPS; i++) {
        uint64_t ticket = call->first_tickets[i];
        if (ticket & STORE_MARK)
            return fail(err, ERR_FULL,
                        "another request with the same name in store.add is "
                        "under way; send it again");
        enum ticket_state state =
            ticket ? journal_ticket(journal, ticket) : TICKET_DURABLE;
        if (state == TICKET_FAILED)
            return fail(err, ERR_FULL,
                        "another request with the same name in store.add was "
                        "not stored; send it again");
        firsts->before[i] = state == TICKET_WAITS ? ticket : 0;
    }
    return true;
}

bool first_must_wait(const struct firsts *firsts)
{
    return firsts->before[0] || firsts->before[1];
}

void first_wait(struct firsts *firsts, struct script_call *call,
                struct arena *arena, uint64_t ticket)
{
    size_t bytes = call->added_count * sizeof *call->added;
    if (bytes == 0)
        return;
    struct text *names = ticket ? arena_alloc(arena, bytes) : NULL;
    firsts->ticket = names ? ticket : 0;
    for (size_t i = 0; i < call->added_count; i++)
        store_settle(call->store, call->added[i], call->request->time_ns,
                     call->mark, firsts->ticket);
    if (!names)
        return;
    memcpy(names, call->added, bytes);
    firsts->store = call->store;
    firsts->names = names;
    firsts->count = call->added_count;
    firsts->receipt_ns = call->request->time_ns;
}

enum ticket_state first_state(const struct firsts *firsts,
                              struct journal *journal, uint64_t ticket)
{
    enum ticket_state state = journal_ticket(journal, ticket);
    for (size_t i = 0; i < TICKET_GROUPS && state == TICKET_DURABLE; i++)
        if (firsts->before[i])
            state = journal_ticket(journal, firsts->before[i]);
    return state;
}

void first_settle(const struct firsts *firsts, bool is_stored)
{
    for (size_t i = 0; i < firsts->count; i++)
        if (is_stored)
            store_settle(firsts->store, firsts->names[i], firsts->receipt_ns,
                         firsts->ticket, 0);
        else
            store_delete(firsts->store, firsts->names[i], firsts->receipt_ns);
}

bool first_copy(struct firsts *firsts, struct arena *arena)
{
    struct text *names =
        arena_alloc(arena, firsts->count * sizeof *firsts->names);
    if (firsts->count > 0 && !names)
        return false;
    for (size_t i = 0; i < firsts->count; i++)
        if (!arena_copy(arena, firsts->names[i], &names[i]))
            return false;
    firsts->names = names;
    return true;
}
