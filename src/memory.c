/* memory.c - see memory.h. A buf or an arena without memory looks to its user
 * like one that is full, and that is mostly told as "too large": a sender that
 * hears so never sends again. Whoever answers compares the count with the one
 * at the request's beginning. */
#include "memory.h"

static _Thread_local uint64_t refusals;

void memory_was_refused(void)
{
    refusals++;
}

uint64_t memory_refusals(void)
{
    return refusals;
}
