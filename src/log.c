/* log.c - see log.h. The line is built on the stack and written at once, so
 * threads need no lock and a crash loses nothing that was said. */
#include "log.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"

enum { LINE_BYTES = 4096 };

static atomic_int lowest_level = LOG_INFO;

static const char *const level_names[] = {"debug", "info", "warn", "error"};

void log_set_level(enum log_level level)
{
    atomic_store(&lowest_level, (int)level);
}

/* A byte that could move a terminal or forge a line becomes \n, \t or \xNN. */
static size_t escape(char *out, size_t room, const char *text)
{
    size_t used = 0;
    for (const char *c = text; *c && used + 5 < room; c++) {
        unsigned char byte = (unsigned char)*c;
        if (byte >= 0x20 && byte != 0x7f)
            out[used++] = *c;
        else
            used += (size_t)snprintf(out + used, room - used,
                                     byte == '\n'   ? "\\n"
                                     : byte == '\t' ? "\\t"
                                                    : "\\x%02x",
                                     byte);
    }
    return used;
}

void log_line(enum log_level level, const char *who, const char *format, ...)
{
    if ((int)level < atomic_load(&lowest_level))
        return;
    char text[LINE_BYTES - 200];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);

    char line[LINE_BYTES], now[CLOCK_TEXT_BYTES];
    clock_format(clock_wall_ns(), now);
    int head = snprintf(line, sizeof line, "%s %s %.64s: ", now,
                        level_names[level], who);
    size_t used = (size_t)head;
    used += escape(line + used, sizeof line - used - 1, text);
    line[used++] = '\n';
    ssize_t ignored = write(STDERR_FILENO, line, used);
    (void)ignored;
}

bool log_may_say_some(struct log_limit *limit, unsigned burst,
                      int64_t interval_ms, uint64_t *suppressed)
{
    int64_t now = clock_mono_ns(), interval = interval_ms * NS_PER_MS;
    int64_t next = atomic_load(&limit->next_ns), after;
    do {
        if (next - now > interval * ((int64_t)burst - 1)) {
            atomic_fetch_add(&limit->suppressed, 1);
            return false;
        }
        after = (next > now ? next : now) + interval;
    } while (!atomic_compare_exchange_weak(&limit->next_ns, &next, after));
    uint64_t count = atomic_exchange(&limit->suppressed, 0);
    if (suppressed)
        *suppressed = count;
    return true;
}

bool log_may_say(struct log_limit *limit, int64_t interval_ms,
                 uint64_t *suppressed)
{
    return log_may_say_some(limit, 1, interval_ms, suppressed);
}

const char *log_more(uint64_t suppressed, char more[LOG_MORE_BYTES])
{
    more[0] = '\0';
    if (suppressed > 0)
        snprintf(more, LOG_MORE_BYTES, " (%" PRIu64 " more like it)",
                 suppressed);
    return more;
}
