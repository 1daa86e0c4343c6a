/* log.h - one event, one line, to stderr.
 *
 *   2026-01-02T03:04:05.678Z warn relay influx: no answer from 127.0.0.1:8086,
 * next try in 2.0s
 *
 * Control bytes in the text are escaped (nothing that a sender wrote can forge
 * a line), a line is cut at 4 KiB, and it is written with one write. Any
 * thread.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

/* Lines below this level are not written; LOG_INFO until it is set. */
void log_set_level(enum log_level level);

/* who: the module and, where there are several, its name: "relay influx". */
void log_line(enum log_level level, const char *who, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A kind of message that could come a thousand times a second. Keep one static
 * struct at the place that logs; log_may_say is true at most once per
 * interval_ms, and *suppressed (which may be NULL) is then how often it was
 * false since. */
struct log_limit {
    _Atomic int64_t next_ns;
    _Atomic uint64_t suppressed;
};
bool log_may_say(struct log_limit *limit, int64_t interval_ms,
                 uint64_t *suppressed);
/* The same, but `burst` of them may come at once: whoever tries things out by
 * hand is to see each. */
enum { LOG_AT_ONCE = 10 };
bool log_may_say_some(struct log_limit *limit, unsigned burst,
                      int64_t interval_ms, uint64_t *suppressed);
/* " (12 more like it)", written to more; empty for 0. Returns more. */
enum { LOG_MORE_BYTES = 40 };
const char *log_more(uint64_t suppressed, char more[LOG_MORE_BYTES]);
