/* clock.h - now.
 *
 * All times are int64_t nanoseconds. Wall time counts from 1970 UTC; monotonic
 * time is for durations and deadlines only. Any thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define NS_PER_US INT64_C(1000)
#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S INT64_C(1000000000)

int64_t clock_wall_ns(void);
int64_t clock_mono_ns(void);
int64_t clock_thread_cpu_ns(void); /* CPU time that this thread has used */

/* The receipt time of a request: wall time, but strictly increasing over all
 * threads of the process, so that two requests never share a time stamp. A
 * clock set back by more than a second is followed. */
int64_t clock_stamp_ns(void);

/* A wall time as 2026-01-02T03:04:05.678Z; out holds at least 32 bytes. */
enum { CLOCK_TEXT_BYTES = 40 };
void clock_format(int64_t wall_ns, char out[CLOCK_TEXT_BYTES]);
