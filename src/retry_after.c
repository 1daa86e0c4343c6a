/* retry_after.c - see retry_after.h. */
#include "retry_after.h"

#include <stddef.h>

#include "clock.h"
#include "number.h"
#include "scan.h"
#include "timeformat.h"

#define MOST_NS (600 * NS_PER_S)

/* The one that is written today, and the two that must be read too. */
static const char *const dates[] = {
    "%a, %d %b %Y %H:%M:%S GMT",
    "%A, %d-%b-%y %H:%M:%S GMT",
    "%a %b %e %H:%M:%S %Y",
};

int64_t retry_after_ns(struct text value, int64_t now_wall_ns)
{
    double seconds;
    int64_t at_ns;
    value = scan_trim(value);
    if (number_read(value, &seconds)) {
        if (!(seconds > 0))
            return 0;
        return seconds < (double)MOST_NS / NS_PER_S
                   ? (int64_t)(seconds * NS_PER_S)
                   : MOST_NS;
    }
    for (size_t i = 0; i < sizeof dates / sizeof *dates; i++) {
        if (!timeformat_read(value, text_of(dates[i]), TEXT(""), &at_ns, NULL))
            continue;
        int64_t wait_ns = at_ns - now_wall_ns;
        return wait_ns <= 0 ? 0 : wait_ns < MOST_NS ? wait_ns : MOST_NS;
    }
    return 0;
}
