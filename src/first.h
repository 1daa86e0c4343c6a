/* first.h - what a request was first with in store.add, from its script to its
 * answer: a second one is told that all is well once the first is on disk, and
 * is no double of what was not stored.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text.h"
#include "ticket.h"

struct arena;
struct error;
struct journal;
struct script_call;
struct store;

struct firsts {
    struct store *store;
    const struct text *names; /* in the request's arena */
    size_t count;
    int64_t receipt_ns;
    uint64_t ticket; /* what they wait for */
    /* Of others, that were before it and must be done too; 0: none. */
    uint64_t before[TICKET_GROUPS];
};

/* Notes who was before it and is not on disk yet. ERR_FULL: it cannot be told
 * what becomes of that one, so the sender has to try again. */
bool first_look(struct firsts *firsts, const struct script_call *call,
                struct journal *journal, struct error *err);
/* True: somebody was, and this one waits even with nothing to store. */
bool first_must_wait(const struct firsts *firsts);
/* What the script was first with waits for that ticket; 0: for nothing. */
void first_wait(struct firsts *firsts, struct script_call *call,
                struct arena *arena, uint64_t ticket);
/* Of its own ticket and of those before it. */
enum ticket_state first_state(const struct firsts *firsts,
                              struct journal *journal, uint64_t ticket);
/* It is on disk; or nobody knows, and its second try must not be taken for a
 * double. */
void first_settle(const struct firsts *firsts, bool is_stored);

/* False: no memory, and the names are still those of the request. */
bool first_copy(struct firsts *firsts, struct arena *arena);
