/* memory.h - whether memory ran out, so that what fails for it is not taken for
 * the sender's fault.
 *
 * Reentrant; each thread has a count of its own.
 */
#pragma once

#include <stdint.h>

/* Said by whoever asked for memory and got none, and goes on. */
void memory_was_refused(void);

/* How often that was, in this thread, so far. */
uint64_t memory_refusals(void);
